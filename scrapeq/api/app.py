"""The application: the REST API under /v1, and the dashboard's page, behind tokens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from starlette.exceptions import HTTPException as StarletteHTTPException

from scrapeq.api import (
    batch_routes,
    event_routes,
    job_routes,
    kept_routes,
    row_routes,
    schedule_routes,
    system_routes,
)
from scrapeq.api.access import Access
from scrapeq.api.bounds import Bounds
from scrapeq.api.dashboard import add_dashboard
from scrapeq.api.following import Followed
from scrapeq.api.metrics import add_metrics
from scrapeq.api.names import LOOPBACK, Names
from scrapeq.api.openapi import docs_page, document
from scrapeq.api.people import Tokens
from scrapeq.api.problems import KNOWN, answer
from scrapeq.api.route import tagged
from scrapeq.api.service import Service
from scrapeq.dashboards import Dashboard

#: Endpoints of the API; each router says its path, and takes `route.Route` as its class.
ROUTERS = (
    job_routes.router,
    row_routes.router,
    kept_routes.router,
    event_routes.router,
    batch_routes.router,  # behind those: it takes every path that is the name of a batch
    system_routes.router,
    schedule_routes.router,
)
#: Requests that one token may send in a minute.
USUAL_RATE = 3_000


def make_app(
    shown: Dashboard,
    tokens: Tokens,
    *,
    hosts: Sequence[str] = LOOPBACK,
    requests_per_minute: int = USUAL_RATE,
) -> FastAPI:
    """The application. hosts: the names in addresses that it answers to; "*" for all."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.state.service = Service(shown)
    app.state.followed = Followed()
    # The last one that is added is asked first.
    app.add_middleware(Bounds)
    app.add_middleware(Access, tokens=tokens, requests_per_minute=requests_per_minute)
    app.add_middleware(Names, names=hosts)

    def explain(request: Request, error: Exception) -> Response:
        known = error if isinstance(error, KNOWN) else Exception()
        return answer(known, request.url.path)

    for kind in (*KNOWN, StarletteHTTPException, Exception):
        app.add_exception_handler(kind, explain)
    for router in ROUTERS:
        app.include_router(router)
    _add_documents(app)
    add_metrics(app, lambda: app.state.service.queue)
    add_dashboard(app)
    return app


def _add_documents(app: FastAPI) -> None:
    def whole() -> dict[str, Any]:
        return document(app)

    app.openapi = whole  # type: ignore[method-assign] # FastAPI's own way to have another

    @app.get("/v1/openapi.json", include_in_schema=False)
    def openapi(request: Request) -> Response:
        return tagged(request, JSONResponse(document(app)))

    @app.get("/v1/docs", include_in_schema=False)
    def docs() -> HTMLResponse:
        return HTMLResponse(docs_page(app))
