"""What a request changes: noted in the audit log, and done once for an idempotency key."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from ipaddress import ip_address
from typing import Any, cast

from fastapi import Request
from fastapi.responses import Response
from starlette.datastructures import UploadFile
from starlette.requests import HTTPConnection

from scrapeq.api.problems import KNOWN, Refusal, answer
from scrapeq.client import access
from scrapeq.database.access import Begun
from scrapeq.errors import DatabaseUnavailable
from scrapeq.models.person import Person
from scrapeq.pipeline.job_queue import JobQueue

log = logging.getLogger(__name__)

_KEY = re.compile(r"[\x21-\x7e]{1,200}")
#: Headers of an answer that are given again with it.
_KEPT_HEADERS = ("location", "content-type", "retry-after")
#: Bytes of a file that are read at once.
_PIECE = 1_000_000

Handle = Callable[[Request], Awaitable[Response]]


async def written(request: Request, handle: Handle, action: str) -> Response:
    """The answer to a request that changes something.

    It is in the audit log before anything is done. A request with the `Idempotency-Key` of an earlier one
    of the same person gets that one's answer, and does nothing; if it is another request, 422; if the
    earlier one is still under way, or its server died in it, 409. Answers are kept for a day; what failed
    by no fault of the request (5xx) is done anew.
    """
    key = request.headers.get("idempotency-key")
    if key is not None and not _KEY.fullmatch(key):
        raise Refusal(
            422,
            "Idempotency-Key is no key",
            "write 1 to 200 letters, digits and signs, like a UUID",
        )
    try:
        return await _noted(request, handle, action, key)
    finally:
        await request.close()  # the files of a form that FastAPI did not get to see


def address_of(request: HTTPConnection) -> str:
    """Where a request comes from: of whoever connects, or as a proxy says that is trusted (`Serving.behind`);
    "" where it passes on what is no address."""
    given = request.client.host if request.client else ""
    for text in (given, given.rpartition(":")[0].strip("[]")):  # some proxies write the port, too
        with suppress(ValueError):
            return str(ip_address(text))
    return ""


async def _noted(request: Request, handle: Handle, action: str, key: str | None) -> Response:
    person = cast("Person", request.state.person)
    queue = cast("JobQueue", request.app.state.service.queue)
    target = str(next(iter(request.path_params.values()), ""))[:200]
    digest = await _digest(request) if key is not None else ""
    begun = await asyncio.to_thread(
        access.begin_write,
        queue,
        person,
        action,
        target,
        key=key,
        digest=digest,
        address=address_of(request),
    )
    if begun.entry is None:
        return _again(begun, digest)
    error = None
    response = Response(status_code=500)  # what is noted of anything that nobody foresaw
    try:
        response = await handle(request)
    except KNOWN as known:
        error = known
        response = answer(known, request.url.path)
    finally:
        await _note(queue, begun.entry, target, response, error, keyed=key is not None)
    return response


async def _note(
    queue: JobQueue,
    entry: int,
    target: str,
    response: Response,
    error: Exception | None,
    *,
    keyed: bool,
) -> None:
    target = response.headers.get("location", target).rpartition("/")[2] or target
    status = response.status_code
    kept = {name: value for name, value in response.headers.items() if name in _KEPT_HEADERS}
    again = {"status": status, "body": bytes(response.body).decode(), "headers": kept}
    try:
        await asyncio.to_thread(
            access.end_write,
            queue,
            entry,
            target=target,
            status=status,
            result=json.loads(bytes(response.body))["detail"] if error is not None else "",
            answer=again if keyed and status < 500 else None,
        )
    except DatabaseUnavailable as away:  # the entry says that it began
        log.warning("the end of a request is not in the audit log: %s", away)


def _again(begun: Begun, digest: str) -> Response:
    if begun.digest != digest:
        raise Refusal(
            422,
            "this Idempotency-Key was sent with another request",
            "use a new key for each request, and the same one to send a request again",
        )
    if begun.answer is None:
        raise Refusal(
            409,
            "the request with this Idempotency-Key is under way, or its server died in it",
            "send it again in a second; if that goes on, look at GET /v1/batches for what it did, and "
            "use a new key",
            {"Retry-After": "1"},
        )
    kept: dict[str, Any] = begun.answer
    headers = {**kept["headers"], "Idempotency-Replayed": "true"}
    return Response(kept["body"], kept["status"], headers)


async def _digest(request: Request) -> str:
    """Equal for two requests that ask for the same: of a form its fields, of whatever boundary."""
    found = hashlib.sha256(f"{request.method} {request.url.path}?{request.url.query}\n".encode())
    async for piece in _pieces(request):
        found.update(piece)
    return found.hexdigest()


async def _pieces(request: Request) -> AsyncIterator[bytes]:
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        yield await request.body()
        return
    for name, value in (await request.form()).multi_items():
        yield f"\0{name}\0".encode()
        if isinstance(value, UploadFile):
            yield f"{value.filename}\0".encode()
            while piece := await value.read(_PIECE):
                yield piece
            await value.seek(0)
        else:
            yield value.encode()
