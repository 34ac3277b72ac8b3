"""What observers of exchanges get: every request and what came back, robots.txt included.

For a WARC file, for captured answers, for a look at what a site really sends.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from typing import Protocol

from scrapeq import clock
from scrapeq.fetch.exchange import Headers, RawResponse, Request
from scrapeq.models import Failure

_log = logging.getLogger(__name__)

#: How much of a body that is no page (of an error, of a redirect) is read for observers.
UNWANTED_BYTES = 64 * 1024

#: What stands for a value that only the server is to see.
MASKED = "***"


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and what came back: a response, a failure, or a head and then a failure.

    url: without fragment and credentials. method: "GET". request_headers: those that we set; a
    transport adds Host, and a browser's own with `use_stealth`; values that may be secret are
    masked. sent_at: aware, in UTC. elapsed_s: from then to the end of this exchange.
    status, response_headers: of the head; None and empty if none came. body: with its
    Content-Encoding undone; of errors and redirects the first 64 KB. is_whole: whether that is all
    of it. failure: why there is no complete response.
    """

    url: str
    method: str
    request_headers: Headers
    sent_at: datetime
    elapsed_s: float
    status: int | None = None
    response_headers: Headers = ()
    body: bytes = b""
    is_whole: bool = False
    failure: Failure | None = None


class Observer(Protocol):
    """Something that wants to see every exchange."""

    def observe(self, exchange: Exchange) -> None:
        """Called on the event loop at the end of each exchange: return at once.

        What it raises is logged, the first time, and never harms the page.
        """


class Observers:
    """All observers of a process; each exchange is shown to one after the other."""

    def __init__(self, observers: Iterable[Observer] = ()) -> None:
        self._observers = tuple(observers)
        self._failing: set[int] = set()

    def __bool__(self) -> bool:
        return bool(self._observers)

    def notify(self, exchange: Exchange) -> None:
        """Show an exchange to each of them."""
        for number, one in enumerate(self._observers):
            try:
                one.observe(exchange)
            except Exception:  # an observer is not worth a page
                if number not in self._failing:
                    self._failing.add(number)
                    _log.exception("an observer of exchanges fails; this is logged once")


class Observation:
    """An exchange under way; exactly one call ends it, later ones do nothing."""

    def __init__(self, observers: Observers, request: Request, secret: frozenset[str]) -> None:
        self._observers = observers
        self._url = request.url
        self._headers = _masked(request.headers, secret)
        self._sent_at = clock.now()
        self._began_s = monotonic()
        self._status: int | None = None
        self._response_headers: Headers = ()
        self._is_open = True

    def on_head(self, status: int, headers: Headers) -> None:
        """The head of the response has come."""
        self._status, self._response_headers = status, headers

    def responded(self, response: RawResponse) -> None:
        """The response is complete."""
        self.on_head(response.status, response.headers)
        self._end(response.body, response.is_whole, None)

    def failed(self, failure: Failure) -> None:
        """There is no complete response."""
        self._end(b"", False, failure)

    def _end(self, body: bytes, is_whole: bool, failure: Failure | None) -> None:
        if not self._is_open:
            return
        self._is_open = False
        self._observers.notify(
            Exchange(
                url=self._url,
                method="GET",
                request_headers=self._headers,
                sent_at=self._sent_at,
                elapsed_s=monotonic() - self._began_s,
                status=self._status,
                response_headers=self._response_headers,
                body=body,
                is_whole=is_whole,
                failure=failure,
            )
        )


def _masked(headers: Mapping[str, str], secret: frozenset[str]) -> Headers:
    return tuple(
        (name, MASKED if name.lower() in secret else value) for name, value in headers.items()
    )
