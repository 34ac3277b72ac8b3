"""What a server answered: the page before anything was read from it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from scrapeq.fetch.cookies import Cookie
from scrapeq.models import ErrorKind, Failure


@dataclass(frozen=True, slots=True)
class Response:
    """A complete answer with a status below 400; `body` is empty for 204, 304 and the like.

    url: as it was asked for. final_url: after redirects, without fragment and credentials.
    headers: of the last answer, in order, names as they came, values as safe text (no control
    characters, no lone surrogates). content_type: that header as it came, "" if there was none.
    body: with its Content-Encoding undone, at most `max_body_mb`, charset untouched.
    redirects: the addresses that led on, oldest first. fetched_at: aware, in UTC, when the last
    request was sent. elapsed_s: from the first byte sent to the last one read, without the waits
    that politeness asked for. cookies: what the servers on the way have set.
    render_reason: why a browser showed it, of a page that one has; `body` is then what it became.
    stored_as: the name of the body's content in the record, of a page that was not fetched now.
    """

    url: str
    final_url: str
    http_status: int
    headers: tuple[tuple[str, str], ...]
    content_type: str
    body: bytes
    redirects: tuple[str, ...]
    fetched_at: datetime
    elapsed_s: float
    cookies: tuple[Cookie, ...] = ()
    render_reason: str | None = None
    stored_as: str | None = None

    @property
    def asked(self) -> str:
        """The URL before redirects, without fragment and credentials."""
        return self.redirects[0] if self.redirects else self.final_url

    def failed(self, kind: ErrorKind, message: str) -> Failure:
        """Why this answer gives no page after all."""
        return Failure(kind, message, http_status=self.http_status, final_url=self.final_url)


@dataclass(frozen=True, slots=True)
class Challenged(Failure):
    """A refusal with a check against robots. page: the check, to be shown in a browser, its status 403 or
    503; None where it did not come whole, or the server asks to be left alone."""

    page: Response | None = None
