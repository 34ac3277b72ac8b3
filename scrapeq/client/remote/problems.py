"""What a server's problem details (RFC 9457) say, as the errors of `scrapeq.errors`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapeq import display, errors
from scrapeq.errors import (
    ConfigError,
    IllegalMove,
    NotAllowed,
    NotFound,
    ScrapeqError,
    ServerUnavailable,
)

if TYPE_CHECKING:
    import httpx2

#: What a status means where the problem names no error of ours.
_BY_STATUS: dict[int, type[ScrapeqError]] = {
    400: ConfigError,
    403: NotAllowed,
    404: NotFound,
    409: IllegalMove,
    413: ConfigError,
    422: ConfigError,
}
_MEDIA_TYPE = "application/problem+json"
#: Characters of what a server says.
MOST_WORDS = 1_000


def error_of(response: httpx2.Response) -> ScrapeqError:
    """The error for an answer that is no success."""
    problem = _problem(response)
    if problem is None:
        return ServerUnavailable(
            f"{response.url.host} answers {response.status_code}, and not as a server of scrapeq does",
            hint="give the address that scrapeq serve prints, without /v1",
        )
    if response.status_code == 401:
        return NotAllowed(
            _words(problem, "detail"),
            hint="give Client a token: scrapeq token create NAME makes one",
        )
    kind = _kind(str(problem.get("error", ""))) or _BY_STATUS.get(
        response.status_code, ServerUnavailable
    )
    return kind(_words(problem, "detail"), hint=_words(problem, "hint"))


def _kind(name: str) -> type[ScrapeqError] | None:
    found = getattr(errors, name, None)
    return found if isinstance(found, type) and issubclass(found, ScrapeqError) else None


def _problem(response: httpx2.Response) -> dict[str, Any] | None:
    if not response.headers.get("content-type", "").startswith(_MEDIA_TYPE):
        return None
    try:
        problem = response.json()
    except ValueError:
        return None
    return problem if isinstance(problem, dict) else None


def _words(problem: dict[str, Any], name: str) -> str:
    return display.plain(str(problem.get(name) or ""), MOST_WORDS)
