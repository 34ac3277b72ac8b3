"""What holds for every endpoint: no unknown question, one form of mistakes, tags for what is polled."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request
from fastapi.responses import Response
from fastapi.routing import APIRoute

from scrapeq.api.problems import KNOWN, Refusal, answer
from scrapeq.api.writes import written

#: Fields that the clock alone changes: an answer that differs in nothing else is the same.
CLOCKS = {"timestamp", "checked_at", "elapsed_s", "estimated_completion", "eta_s"}

#: Parameters that may come again.
MANY = {"column", "kind"}


class Route(APIRoute):
    """An endpoint that answers what goes wrong with problem details.

    A query parameter that it does not know, or that comes twice, is 422. What it answers to GET has an
    ETag, and is 304 for whoever has it already. What it changes is in the audit log.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """See `APIRoute`."""
        handle = super().get_route_handler()
        known = _query_names(self.dependant)

        async def answered(request: Request) -> Response:
            try:
                _check_query(request, known)
                if request.method == "GET":
                    return tagged(request, await handle(request))
                return await written(request, handle, self.name)
            except KNOWN as error:
                return answer(error, request.url.path)

        return answered


def _query_names(dependant: Any) -> set[str]:
    names = {one.alias for one in dependant.query_params}
    return names.union(*(_query_names(one) for one in dependant.dependencies))


def _check_query(request: Request, known: set[str]) -> None:
    names = [name for name, _ in request.query_params.multi_items()]
    for name in names:
        if name not in known:
            takes = ", ".join(sorted(known)) or "none"
            raise Refusal(422, f"there is no parameter {name[:100]!r}", f"it takes: {takes}")
        if names.count(name) > 1 and name not in MANY:
            raise Refusal(422, f"the parameter {name!r} is there twice", "write it once")


def tagged(request: Request, response: Response) -> Response:
    """The answer with a tag, or 304 where the one who asks has just this."""
    if response.status_code != 200 or not hasattr(response, "body") or not response.body:
        return response
    tag = response.headers.get("etag") or f'"{hashlib.sha256(response.body).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    for name, value in headers.items():
        response.headers[name] = value
    given = [one.strip() for one in request.headers.get("if-none-match", "").split(",")]
    if "*" in given or tag.removeprefix("W/") in {one.removeprefix("W/") for one in given}:
        return Response(status_code=304, headers=headers)
    return response


def weak_tag(text: str) -> str:
    """The tag of an answer that two equal ones may differ from in what the clock says."""
    return f'W/"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'
