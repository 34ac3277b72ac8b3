"""What goes wrong as problem details (RFC 9457): what happened, and what to do now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi.exceptions import HTTPException, RequestValidationError
from fastapi.responses import PlainTextResponse, Response
from pydantic import BaseModel
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.requests import ClientDisconnect

from scrapeq import display
from scrapeq.errors import (
    AlreadyThere,
    ClusterFailed,
    DatabaseUnavailable,
    DiskFull,
    IllegalMove,
    MissingExtra,
    ModelFailed,
    NotFound,
    RedisEvicts,
    RedisFull,
    RedisUnavailable,
    ScrapeqError,
    WaitTimeout,
)

MEDIA_TYPE = "application/problem+json"
#: Characters of a sentence: names and URLs that strangers wrote may be in it.
MOST_WORDS = 1_000
#: Mistakes of a request that are named.
MOST_MISTAKES = 20
#: Seconds after which it is worth to ask again where Redis or the record is away.
RETRY_AFTER_S = 5


class Mistake(BaseModel):
    """One thing that is wrong in a request: where it stands, and why it cannot be met."""

    where: str
    message: str


class Problem(BaseModel):
    """What went wrong (RFC 9457), with what to do now, and the mistakes where there are several. error: the
    name of the exception that Python raises for it; "" where it has none."""

    type: str
    title: str
    status: int
    detail: str
    hint: str = ""
    error: str = ""
    mistakes: list[Mistake] = []


class Refusal(HTTPException):
    """A request that is not met: with this status, for this reason, and what to do."""

    def __init__(
        self, status: int, problem: str, hint: str = "", headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(status, problem, dict(headers or {}))
        self.hint = hint


#: The first that an error is one of counts.
_STATUS: Sequence[tuple[type[ScrapeqError], int]] = (
    (NotFound, 404),
    (IllegalMove, 409),
    (AlreadyThere, 409),
    (RedisUnavailable, 503),
    (RedisFull, 503),
    (RedisEvicts, 503),
    (DiskFull, 507),  # RFC 4918, 11.5: not worth to be sent again before somebody made room
    (DatabaseUnavailable, 503),
    (ClusterFailed, 503),
    (WaitTimeout, 504),
    (ModelFailed, 502),
    (MissingExtra, 501),
)

#: What a request may raise that is answered with a problem; anything else is a fault of ours.
KNOWN = (ScrapeqError, RequestValidationError, StarletteHTTPException, ClientDisconnect)


def problem_of(error: Exception) -> tuple[Problem, dict[str, str]]:
    """The problem and headers for one of `KNOWN`."""
    headers: dict[str, str] = {}
    match error:
        case ScrapeqError():
            status = next((status for kind, status in _STATUS if isinstance(error, kind)), 0)
            status = status or (422 if isinstance(error, ValueError) else 500)
            if status == 503:
                headers["Retry-After"] = str(RETRY_AFTER_S)
            what, hint = error.halves_elsewhere
            problem = _problem(status, what, hint or (_HINTS[422] if status == 422 else ""))
            return problem.model_copy(update={"error": type(error).__name__}), headers
        case RequestValidationError():
            return _of_mistakes(error.errors()), headers
        case StarletteHTTPException():
            hint = error.hint if isinstance(error, Refusal) else _HINTS.get(error.status_code, "")
            problem = _problem(error.status_code, _detail(error), hint)
            return problem, dict(error.headers or {})
        case ClientDisconnect():
            return _problem(400, "the request broke off before its end", "send it again"), headers
    return _problem(500, "this failed by no fault of the request", "see the server's log"), headers


_HINTS = {
    404: "see /v1/docs for what there is",
    422: "see /v1/docs for what it takes",
    405: "the header Allow says which methods there are",
}


#: What pydantic calls a body that is missing, or that is text because its header does not say JSON.
_NO_JSON = {"missing", "model_attributes_type"}
_WRITE_JSON = "send a JSON object, with the header Content-Type: application/json; see /v1/docs for what it takes"


def _detail(error: StarletteHTTPException) -> str:
    if isinstance(error, Refusal):
        return str(error.detail)
    return {
        400: "the request cannot be read",
        404: "there is nothing at this address",
        405: "this address does not take this method",
    }.get(error.status_code, str(error.detail))


def _problem(status: int, detail: str, hint: str, mistakes: Sequence[Mistake] = ()) -> Problem:
    title = HTTPStatus(status).phrase
    return Problem(
        type=f"urn:scrapeq:{title.lower().replace(' ', '-')}",
        title=title,
        status=status,
        detail=display.plain(detail, MOST_WORDS),
        hint=display.plain(hint, MOST_WORDS),
        mistakes=list(mistakes),
    )


def _of_mistakes(errors: Sequence[Any]) -> Problem:
    """Never with the values that were sent: a secret may be among them."""
    mistakes = [
        Mistake(
            where=display.plain(".".join(map(str, one["loc"])), 200),
            message=display.plain(str(one["msg"]).removeprefix("Value error, "), 500),
        )
        for one in errors[:MOST_MISTAKES]
    ]
    detail = "; ".join(f"{one.where}: {one.message}" for one in mistakes)
    is_no_json = any(tuple(one["loc"]) == ("body",) and one["type"] in _NO_JSON for one in errors)
    return _problem(422, detail, _WRITE_JSON if is_no_json else _HINTS[422], mistakes)


def answer(error: Exception, path: str = "/v1") -> Response:
    """The answer to a request that raised one of `KNOWN`; the dashboard's page shows plain words."""
    if isinstance(error, Refusal) and error.status_code == 204:
        return Response(status_code=204)
    problem, headers = problem_of(error)
    if not path.startswith("/v1"):
        words = f"{problem.detail}; {problem.hint}" if problem.hint else problem.detail
        return PlainTextResponse(f"{words}\n", problem.status, headers)
    return Response(problem.model_dump_json(), problem.status, headers, MEDIA_TYPE)
