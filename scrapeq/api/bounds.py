"""How long the body of a request may be: asked before it is read, and counted while it is."""

from __future__ import annotations

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from scrapeq.api.problems import Refusal, answer

#: Bytes of a request that submits a batch as JSON (some 300,000 URLs of 100 characters), of an uploaded
#: file, and of any other request.
MOST_BATCH, MOST_FILE, MOST_OTHER = 32_000_000, 200_000_000, 1_000_000
#: The same by path, and by the beginning of a path; the first that fits counts.
BY_PATH = {
    "/v1/batches/file": MOST_FILE,
    "/v1/batches": MOST_BATCH,
    "/v1/schedules/file": MOST_FILE,
    "/v1/schedules": MOST_BATCH,
}
#: The dashboard's own requests: it says in its words what is too long.
BY_START = {"/v1": MOST_OTHER, "/requests": 100_000_000, "/files/": MOST_FILE}


class Bounds:
    """Refuses a body that is too long with 413: before a byte of it is read where its length is named,
    else as soon as it is too long."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        most = _most(scope["path"])
        length = Request(scope).headers.get("content-length", "")
        if length.isdecimal() and int(length) > most:
            await answer(too_long(most), scope["path"])(scope, receive, send)
            return
        taken = 0

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > most:
                raise too_long(most)
            return message

        await self._app(scope, counted, send)


def _most(path: str) -> int:
    starts = (most for start, most in BY_START.items() if path.startswith(start))
    return BY_PATH.get(path) or next(starts, MOST_OTHER)


def too_long(most: int) -> Refusal:
    """For a body of more bytes than these."""
    return Refusal(
        413,
        f"the request has more than {most / 1e6:g} MB",
        "send a file (POST /v1/batches/file, /v1/schedules/file), or send it in several parts",
        {"Connection": "close"},  # the rest of it is not read
    )
