"""Why a page has no result: a short, closed list of slugs, each with its meaning."""

from __future__ import annotations

from enum import StrEnum


class ErrorKind(StrEnum):
    """The value of `error_kind` in a row that failed.

    The list is closed: code and plots may rely on it. `retryable` says whether the same request
    may succeed later without anybody changing anything.
    """

    # before a connection
    SCHEME = "scheme"  # not http or https, or no URL at all
    ADDRESS = "address"  # a private, loopback or metadata address that is not allowed
    ROBOTS = "robots"  # robots.txt disallows it (or could not be had)
    DNS = "dns"  # the name has no address
    # connecting
    REFUSED = "refused"
    CONNECT_TIMEOUT = "connect_timeout"
    TLS = "tls"
    RESET = "reset"  # the other side closed or reset the connection
    # the head
    HEADER_TIMEOUT = "header_timeout"
    PROTOCOL = "protocol"  # what came is not HTTP as RFC 9112 has it
    REDIRECTS = "redirects"  # a loop, too many, or to nowhere
    # the body
    BODY_TIMEOUT = "body_timeout"
    TRUNCATED = "truncated"  # shorter than announced
    DECODE = "decode"  # its Content-Encoding is broken
    TOO_LARGE = "too_large"
    # the answer
    HTTP_4XX = "http_4xx"
    HTTP_5XX = "http_5xx"
    RATE_LIMITED = "rate_limited"  # 429, or 503 with Retry-After
    # the page
    NOT_HTML = "not_html"  # a document that is no web page, where `accept` leaves its kind out
    NOT_ACCEPTED = "not_accepted"  # the same where `accept` wants no web pages
    EMPTY = "empty"
    PAGE_KIND = "page_kind"  # of a kind that `fail_on` refuses: a log-in form, a "not found"
    NOT_STORED = "not_stored"  # `only_stored` was asked for, and its page is not there
    PARSE = "parse"  # reading it took too much time or memory
    # the browser
    PAGE_TIMEOUT = "page_timeout"
    PAGE_CRASH = "page_crash"
    ACTION = "action"  # one of the option `actions` could not be done
    # from us
    CANCELLED = "cancelled"
    WORKER_LOST = "worker_lost"  # its worker or its reader ended with it, three to five times
    BREAKER_OPEN = "breaker_open"
    AI = "ai"
    INTERNAL = "internal"  # an error of scrapeq's own
    CONFIG = "config"  # this installation or this worker cannot do what the options ask for

    @classmethod
    def of(cls, name: str) -> ErrorKind:
        """The kind of this name; one that only a newer worker knows counts as `internal` here."""
        return cls(name) if name in _NAMES else cls.INTERNAL

    @property
    def retryable(self) -> bool:
        """Whether trying again later, unchanged, is reasonable."""
        return self in _RETRYABLE


_NAMES = frozenset(kind.value for kind in ErrorKind)
_RETRYABLE = frozenset(
    {
        ErrorKind.DNS,
        ErrorKind.REFUSED,
        ErrorKind.CONNECT_TIMEOUT,
        ErrorKind.RESET,
        ErrorKind.HEADER_TIMEOUT,
        ErrorKind.PROTOCOL,
        ErrorKind.BODY_TIMEOUT,
        ErrorKind.TRUNCATED,
        ErrorKind.DECODE,
        ErrorKind.HTTP_5XX,
        ErrorKind.RATE_LIMITED,
        ErrorKind.PAGE_TIMEOUT,
        ErrorKind.PAGE_CRASH,
        ErrorKind.BREAKER_OPEN,
        ErrorKind.AI,
    }
)
