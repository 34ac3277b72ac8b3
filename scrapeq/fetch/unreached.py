"""The words of a failure that met no server: who could not be reached, and whether it is our network."""

from __future__ import annotations

import errno
import socket

from yarl import URL

from scrapeq.fetch.exchange import Request
from scrapeq.fetch.failed import Failed
from scrapeq.models import ErrorKind

#: What a machine without a network says, whatever host is asked.
_NO_NETWORK = frozenset({errno.ENETUNREACH, errno.ENETDOWN})
_MAY_BE_AWAY = "this machine's network may be away"


def peer(request: Request) -> str:
    """Whom a connection is made to: the URL's host, or the proxy without its password."""
    if request.proxy:
        return f"the proxy {proxy_name(request.proxy)}"
    return URL(request.url, encoded=True).raw_host or ""


def proxy_name(proxy: str) -> str:
    """The host and port of a proxy."""
    url = URL(proxy)
    return f"{url.host}:{url.port}"


def no_address(request: Request, error: BaseException) -> Failed:
    """A name was looked up in vain: it is not known, or nobody answered who could know it."""
    whom = peer(request)
    if isinstance(error, socket.gaierror) and error.errno == socket.EAI_AGAIN:
        message = (
            f"the name of {whom} cannot be looked up now: no name server answers; {_MAY_BE_AWAY}"
        )
        return Failed(ErrorKind.DNS, message)
    return Failed(ErrorKind.DNS, f"the name of {whom} has no address")


def refused(request: Request) -> Failed:
    """Nobody listens there."""
    port = "" if request.proxy else f" on port {URL(request.url, encoded=True).port}"
    return Failed(ErrorKind.REFUSED, f"{peer(request)} refused the connection{port}")


def unreachable(request: Request, error: OSError, reason: str) -> Failed:
    """There is no way there."""
    ours = f"; {_MAY_BE_AWAY}" if error.errno in _NO_NETWORK else ""
    return Failed(ErrorKind.REFUSED, f"{peer(request)} cannot be reached: {reason}{ours}")
