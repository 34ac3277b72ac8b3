"""What a failed try says about its host: the one table that the hosts' breakers decide from."""

from __future__ import annotations

from typing import Literal

from scrapeq.models.error_kind import ErrorKind
from scrapeq.models.failure import Failure

#: `good`: it answers. `unreachable`: nothing answers, whatever the page. `failed`: it cannot do its
#: work, or cannot for this page. `limited`: it asks for a pause. "": nothing.
HostVerdict = Literal["good", "failed", "unreachable", "limited", ""]

_OF_KIND: dict[ErrorKind, HostVerdict] = {
    # no request was sent
    ErrorKind.SCHEME: "",
    ErrorKind.ADDRESS: "",
    ErrorKind.ROBOTS: "",  # what is disallowed; see below for a robots.txt that cannot be had
    # no page had been named when it failed
    ErrorKind.DNS: "unreachable",
    ErrorKind.REFUSED: "unreachable",
    ErrorKind.CONNECT_TIMEOUT: "unreachable",
    ErrorKind.TLS: "unreachable",
    # what an overloaded or broken server does, though it may be a single page's fault
    ErrorKind.RESET: "failed",
    ErrorKind.HEADER_TIMEOUT: "failed",
    ErrorKind.BODY_TIMEOUT: "failed",
    ErrorKind.HTTP_5XX: "failed",
    ErrorKind.RATE_LIMITED: "limited",
    # an answer came, and what is wrong is wrong with the page
    ErrorKind.REDIRECTS: "good",
    ErrorKind.TRUNCATED: "good",
    ErrorKind.DECODE: "good",
    ErrorKind.TOO_LARGE: "good",
    ErrorKind.HTTP_4XX: "good",
    ErrorKind.NOT_HTML: "good",
    ErrorKind.NOT_ACCEPTED: "good",
    ErrorKind.EMPTY: "good",
    ErrorKind.PAGE_KIND: "good",
    ErrorKind.PARSE: "good",
    ErrorKind.ACTION: "good",
    # not HTTP: a broken server, or something else that listens there
    ErrorKind.PROTOCOL: "",
    # from the browser, or from us
    ErrorKind.PAGE_TIMEOUT: "",
    ErrorKind.PAGE_CRASH: "",
    ErrorKind.CANCELLED: "",
    ErrorKind.WORKER_LOST: "",
    ErrorKind.BREAKER_OPEN: "",
    ErrorKind.AI: "",
    ErrorKind.INTERNAL: "",
    ErrorKind.CONFIG: "",
    ErrorKind.NOT_STORED: "",
}
#: Behind a proxy these may be the proxy's own, which serves every host.
_OF_A_PROXY = frozenset(
    {
        ErrorKind.DNS,
        ErrorKind.REFUSED,
        ErrorKind.CONNECT_TIMEOUT,
        ErrorKind.TLS,
        ErrorKind.RESET,
    }
)


def host_verdict(failure: Failure, *, by_proxy: bool = False) -> HostVerdict:
    """What a failure says about the host that it met; `by_proxy`: the request went through one."""
    if failure.kind is ErrorKind.ROBOTS and failure.may_retry:
        return (
            "unreachable"  # its robots.txt is a 5xx or does not come: nothing of it may be fetched
        )
    if by_proxy and failure.kind in _OF_A_PROXY:
        return ""
    return _OF_KIND[failure.kind]
