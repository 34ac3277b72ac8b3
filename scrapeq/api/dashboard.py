"""The dashboard as a page of its own: the same parts as in a notebook, fed by server-sent events."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, PlainTextResponse, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent
from starlette.background import BackgroundTask
from starlette.requests import ClientDisconnect

from scrapeq import dashboards, display
from scrapeq.api.access import guard
from scrapeq.api.jobs import add_jobs
from scrapeq.api.metrics import add_metrics
from scrapeq.errors import InputError, ScrapeqError

_HERE = Path(__file__).parent
#: Seconds between two pictures.
REPAINT_S = 1.0
#: Bytes of a request and of an uploaded file: a million URLs of 100 characters, and twice that.
MOST_BODY, MOST_FILE = 100_000_000, 200_000_000
#: The ways to give URLs that a page has; a notebook also has its kernel's tables.
WAYS = (("urls", "Paste URLs"), ("file", "Upload a file"))


def make_app(shown: dashboards.Dashboard, token: str) -> FastAPI:
    """The application; every request needs the token."""
    app = FastAPI(title="scrapeq", docs_url=None, redoc_url=None, openapi_url=None)
    guard(app, token)
    requests = dashboards.Requests(shown)
    script = display.script(dashboards.SCRIPT, _HERE / "page.js")

    @app.exception_handler(ClientDisconnect)
    def gone(_request: Request, _error: Exception) -> Response:
        return Response(status_code=400)  # the client is gone, and it is no fault of ours

    @app.get("/")
    def page() -> HTMLResponse:
        return HTMLResponse(display.render(_HERE, "page", shell=dashboards.shell(places=WAYS)))

    @app.get("/dashboard.js")
    def module() -> Response:
        return Response(script, media_type="text/javascript")

    @app.get("/dashboard.css")
    def style() -> FileResponse:
        return FileResponse(dashboards.STYLE, media_type="text/css")

    @app.get("/page.css")
    def page_style() -> FileResponse:
        return FileResponse(_HERE / "page.css", media_type="text/css")

    @app.get("/events", response_class=EventSourceResponse)
    async def events() -> AsyncIterator[ServerSentEvent]:
        known: dict[str, str] = {}
        while True:
            if news := await asyncio.to_thread(shown.changed, known):
                yield ServerSentEvent(event="parts", data=news)
            await asyncio.sleep(REPAINT_S)

    @app.post("/requests")
    async def do(request: Request) -> Response:
        body = bytearray()
        async for piece in request.stream():
            body += piece
            if len(body) > MOST_BODY:
                return PlainTextResponse(f"more than {MOST_BODY:,} bytes", 413)
        return JSONResponse(await asyncio.to_thread(requests.answer, bytes(body)))

    @app.post("/files/{name:path}")
    async def upload(name: str, request: Request) -> dict[str, str]:
        size = 0
        try:
            with requests.upload(name) as (key, file):
                async for piece in request.stream():
                    size += len(piece)
                    if size > MOST_FILE:
                        raise InputError(
                            f"the file has more than {MOST_FILE // 10**6} MB",
                            hint="read it in Python: sq.scrape('file.csv')",
                        )
                    await asyncio.to_thread(file.write, piece)
        except ScrapeqError as error:
            return {"error": str(error)}
        return {"file": key}

    @app.get("/exports/{batch_id}/{ending}")
    def export(batch_id: str, ending: str) -> Response:
        folder = Path(tempfile.mkdtemp(dir=requests.folder))  # two at once never meet
        clear = partial(shutil.rmtree, folder, ignore_errors=True)
        try:
            path = shown.export(batch_id, ending, folder, files=False)  # one file is sent
        except ScrapeqError as error:
            clear()
            return PlainTextResponse(str(error), 404)
        return FileResponse(path, filename=path.name, background=BackgroundTask(clear))

    add_jobs(app, shown.project.queue)
    add_metrics(app, lambda: shown.project.queue)
    return app
