"""Kinds of error in people's words: for cards, tables and sentences."""

from __future__ import annotations

from collections.abc import Mapping

from scrapeq import display
from scrapeq.models.error_kind import ErrorKind

#: What happened to a page, so that "12 <words>" can be read aloud.
WORDS: dict[ErrorKind, str] = {
    ErrorKind.SCHEME: "not a web address",
    ErrorKind.ADDRESS: "private address",
    ErrorKind.ROBOTS: "disallowed by robots.txt",
    ErrorKind.DNS: "unknown host name",
    ErrorKind.REFUSED: "connection refused",
    ErrorKind.CONNECT_TIMEOUT: "no connection in time",
    ErrorKind.TLS: "certificate or TLS error",
    ErrorKind.RESET: "connection closed",
    ErrorKind.HEADER_TIMEOUT: "no answer in time",
    ErrorKind.PROTOCOL: "not valid HTTP",
    ErrorKind.REDIRECTS: "bad redirects",
    ErrorKind.BODY_TIMEOUT: "page too slow",
    ErrorKind.TRUNCATED: "page incomplete",
    ErrorKind.DECODE: "broken compression",
    ErrorKind.TOO_LARGE: "page too large",
    ErrorKind.HTTP_4XX: "not found or not allowed (4xx)",
    ErrorKind.HTTP_5XX: "server error (5xx)",
    ErrorKind.RATE_LIMITED: "too many requests (429)",
    ErrorKind.NOT_HTML: "not HTML",
    ErrorKind.EMPTY: "empty page",
    ErrorKind.PARSE: "page cannot be read",
    ErrorKind.PAGE_TIMEOUT: "browser too slow",
    ErrorKind.PAGE_CRASH: "browser crashed",
    ErrorKind.CANCELLED: "cancelled",
    ErrorKind.WORKER_LOST: "worker lost",
    ErrorKind.BREAKER_OPEN: "host paused for too long",
    ErrorKind.AI: "language model error",
}

#: What a person may do about pages that failed so, for those kinds where there is something.
ADVICE: dict[ErrorKind, str] = {
    ErrorKind.SCHEME: "check the column of URLs",
    ErrorKind.ADDRESS: "SCRAPEQ_ALLOW_PRIVATE_ADDRESSES=true permits them",
    ErrorKind.ROBOTS: "respect_robots=False fetches them all the same",
    ErrorKind.DNS: "check the host names and your network",
    ErrorKind.REFUSED: "the server may be down, or your network may block it",
    ErrorKind.TLS: "check the address; the certificate is not trusted",
    ErrorKind.HTTP_4XX: "check the addresses; batch.errors lists them",
    ErrorKind.RATE_LIMITED: "scrape more slowly: delay_between_requests=2",
    ErrorKind.TOO_LARGE: "raise max_body_mb",
}


def error_words(kind: str) -> str:
    """A kind in words; one that this version does not know is shown as it is written."""
    try:
        return WORDS.get(ErrorKind(kind)) or kind.replace("_", " ")
    except ValueError:
        return display.plain(kind, 40).replace("_", " ")


def errors_in_words(counts: Mapping[str, int]) -> str:
    """Counts by kind on one line: "1,203 connection refused, 12 empty page"."""
    return ", ".join(
        f"{display.count(number)} {error_words(kind)}" for kind, number in counts.items()
    )


def is_retryable(kind: str) -> bool:
    """Whether to try pages that failed so again, unchanged, can help. Cancelled ones were not tried."""
    try:
        known = ErrorKind(kind)
    except ValueError:
        return True
    return known.retryable or known in {ErrorKind.CANCELLED, ErrorKind.WORKER_LOST}
