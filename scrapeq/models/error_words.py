"""Kinds of error in people's words: for cards, tables and sentences."""

from __future__ import annotations

from collections.abc import Mapping

from scrapeq import display
from scrapeq.models.error_kind import ErrorKind

#: By kind: what a page was, so that "12 <words>" and "1 <words>" can both be read aloud.
WORDS: dict[str, str] = {
    ErrorKind.SCHEME: "not a URL",
    ErrorKind.ADDRESS: "blocked (private address)",
    ErrorKind.ROBOTS: "disallowed by robots.txt",
    ErrorKind.DNS: "unknown to DNS",
    ErrorKind.REFUSED: "refused (connection)",
    ErrorKind.CONNECT_TIMEOUT: "not connected in time",
    ErrorKind.TLS: "not trusted (TLS)",
    ErrorKind.RESET: "cut off (connection)",
    ErrorKind.HEADER_TIMEOUT: "not answered in time",
    ErrorKind.PROTOCOL: "not valid HTTP",
    ErrorKind.REDIRECTS: "redirected wrongly",
    ErrorKind.BODY_TIMEOUT: "too slow",
    ErrorKind.TRUNCATED: "incomplete",
    ErrorKind.DECODE: "not decodable",
    ErrorKind.TOO_LARGE: "too large",
    ErrorKind.HTTP_4XX: "not found or not allowed (4xx)",
    ErrorKind.HTTP_5XX: "failed at the server (5xx)",
    ErrorKind.RATE_LIMITED: "rate limited",
    ErrorKind.NOT_HTML: "not HTML",
    ErrorKind.NOT_ACCEPTED: "not of an accepted kind",
    ErrorKind.EMPTY: "empty",
    ErrorKind.PAGE_KIND: "of a kind that is refused",
    ErrorKind.PARSE: "unreadable",
    ErrorKind.PAGE_TIMEOUT: "too slow in the browser",
    ErrorKind.PAGE_CRASH: "crashed in the browser",
    ErrorKind.ACTION: "stopped at an action",
    ErrorKind.CANCELLED: "cancelled",
    ErrorKind.WORKER_LOST: "lost with their worker",
    ErrorKind.BREAKER_OPEN: "given up (host paused)",
    ErrorKind.AI: "failed at the language model",
    ErrorKind.INTERNAL: "failed by scrapeq's own fault",
    ErrorKind.CONFIG: "not possible on this worker",
    ErrorKind.NOT_STORED: "not stored",
}

#: What a person may do about pages that failed so, in the form of a notebook; the command line shows
#: it by `models.command_options.as_flags`.
ADVICE: dict[ErrorKind, str] = {
    ErrorKind.SCHEME: "check the column of URLs",
    ErrorKind.ADDRESS: "if they are yours, set SCRAPEQ_ALLOW_PRIVATE_ADDRESSES=true before workers start",
    ErrorKind.ROBOTS: "respect_robots=False fetches them all the same",
    ErrorKind.DNS: "check the host names and your network",
    ErrorKind.REFUSED: "the server may be down, or your network may block it",
    ErrorKind.CONNECT_TIMEOUT: "the server may be down, or your network may block it",
    ErrorKind.RESET: "ask for less at once: max_per_host=1",
    ErrorKind.HEADER_TIMEOUT: "give the servers longer: first_byte_timeout_s=60",
    ErrorKind.PROTOCOL: "check the addresses: it may be no web server that listens there",
    ErrorKind.REDIRECTS: "open one in a browser; max_redirects=30 follows more of them",
    ErrorKind.BODY_TIMEOUT: "give the servers longer: total_timeout_s=180",
    ErrorKind.TRUNCATED: "retry_failed() fetches them again",
    ErrorKind.DECODE: "retry_failed() fetches them again; if it stays so, their server is to be mended",
    ErrorKind.HTTP_5XX: "the servers fail; retry_failed() fetches them again later",
    ErrorKind.NOT_HTML: "leave out accept, and they are read",
    ErrorKind.NOT_ACCEPTED: "leave out accept, and they are read",
    ErrorKind.EMPTY: "open one in a browser: there may be nothing at this address",
    ErrorKind.PARSE: "main_text='off' reads less of them",
    ErrorKind.PAGE_TIMEOUT: "give the browser longer: total_timeout_s=180",
    ErrorKind.PAGE_CRASH: "render='never' takes what the servers send",
    ErrorKind.CANCELLED: "retry_failed() fetches them",
    ErrorKind.WORKER_LOST: "they may take more memory than there is; retry_failed() tries them again",
    ErrorKind.BREAKER_OPEN: "retry_failed() fetches them when their hosts are well",
    ErrorKind.AI: "check SCRAPEQ_AI_BASE_URL, SCRAPEQ_AI_MODEL and SCRAPEQ_AI_API_KEY",
    ErrorKind.TLS: "check the address; the certificate is not trusted",
    ErrorKind.HTTP_4XX: "check the addresses; batch.errors lists them",
    ErrorKind.RATE_LIMITED: "scrape more slowly: delay_between_requests=2",
    ErrorKind.TOO_LARGE: "raise max_body_mb",
    ErrorKind.PAGE_KIND: "batch.problems says of which kinds they are",
    ErrorKind.ACTION: "batch.errors says which action, and why",
    ErrorKind.INTERNAL: "the worker's log has the traceback",
    ErrorKind.CONFIG: "batch.errors says what to set or install",
    ErrorKind.NOT_STORED: "scrape these rows again; SCRAPEQ_STORED_PAGES_MB makes room for more pages",
}


def error_words(kind: str) -> str:
    """A kind in words; one that this version does not know is shown as it is written."""
    return WORDS.get(kind) or display.plain(kind, 40).replace("_", " ")


def errors_in_words(counts: Mapping[str, int]) -> str:
    """Counts by kind on one line: "1,203 refused (connection), 12 empty"."""
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
