"""The dashboard as a page of its own: the same parts as in a notebook, fed by server-sent events."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import cast

from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, PlainTextResponse, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent
from starlette.background import BackgroundTask

from scrapeq import dashboards, display
from scrapeq.api.people_requests import PeopleRequests
from scrapeq.api.service import Service
from scrapeq.api.writes import address_of
from scrapeq.errors import InputError, ScrapeqError
from scrapeq.models.person import Person

_HERE = Path(__file__).parent
#: Seconds between two pictures.
REPAINT_S = 1.0
#: Bytes of a request and of an uploaded file: a million URLs of 100 characters, and twice that.
MOST_BODY, MOST_FILE = 100_000_000, 200_000_000
#: The ways to give URLs that a page has; a notebook also has its kernel's tables.
WAYS = (("urls", "Paste URLs"), ("file", "Upload a file"))


def add_dashboard(app: FastAPI) -> None:
    """Let the application show its service's dashboard."""
    service = cast("Service", app.state.service)
    shown, people = service.dashboard, PeopleRequests(service)
    script = display.script(dashboards.SCRIPT, _HERE / "page.js")

    @app.get("/", include_in_schema=False)
    def page() -> HTMLResponse:
        return HTMLResponse(display.render(_HERE, "page", shell=dashboards.shell(places=WAYS)))

    @app.get("/dashboard.js", include_in_schema=False)
    def module() -> Response:
        return Response(script, media_type="text/javascript")

    @app.get("/dashboard.css", include_in_schema=False)
    def style() -> FileResponse:
        return FileResponse(dashboards.STYLE, media_type="text/css")

    @app.get("/page.css", include_in_schema=False)
    def page_style() -> FileResponse:
        return FileResponse(_HERE / "page.css", media_type="text/css")

    @app.get("/events", response_class=EventSourceResponse, include_in_schema=False)
    async def events(request: Request) -> AsyncIterator[ServerSentEvent]:
        known: dict[str, str] = {}
        while await request.state.still_known():
            if news := await asyncio.to_thread(shown.changed, known):
                yield ServerSentEvent(event="parts", data=news)
            await asyncio.sleep(REPAINT_S)

    @app.post("/requests", include_in_schema=False)
    async def do(request: Request) -> Response:
        body = bytearray()
        async for piece in request.stream():
            body += piece
            if len(body) > MOST_BODY:
                return PlainTextResponse(f"more than {MOST_BODY:,} bytes", 413)
        return JSONResponse(
            await asyncio.to_thread(
                people.answer, _person(request), bytes(body), address_of(request)
            )
        )

    @app.post("/files/{name:path}", include_in_schema=False)
    async def upload(name: str, request: Request) -> dict[str, str]:
        size = 0
        try:
            with people.of(_person(request)).upload(name) as (key, file):
                async for piece in request.stream():
                    size += len(piece)
                    if size > MOST_FILE:
                        raise InputError(
                            f"the file has more than {MOST_FILE // 10**6} MB",
                            hint="read it in Python: sq.scrape('file.csv')",
                        )
                    await asyncio.to_thread(file.write, piece)
        except ScrapeqError as error:
            return {"error": error.elsewhere}
        return {"file": key}

    @app.get("/exports/{batch_id}/{ending}", include_in_schema=False)
    def export(batch_id: str, ending: str) -> Response:
        folder = Path(tempfile.mkdtemp(dir=people.folder))  # two at once never meet
        clear = partial(shutil.rmtree, folder, ignore_errors=True)
        try:
            path = shown.export(batch_id, ending, folder, files=False)  # one file is sent
        except ScrapeqError as error:
            clear()
            return PlainTextResponse(error.elsewhere, 404)
        return FileResponse(path, filename=path.name, background=BackgroundTask(clear))


def _person(request: Request) -> Person:
    return cast("Person", request.state.person)
