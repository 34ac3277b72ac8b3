"""Requests through aiohttp: the transport of everything that needs no browser's manners."""

from __future__ import annotations

import asyncio
import errno
import select
import ssl
from collections.abc import Mapping
from contextlib import suppress
from functools import cache, partial
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.client_proto import ResponseHandler
from aiohttp.http_exceptions import HttpProcessingError
from yarl import URL

from scrapeq.fetch import guard, unreached
from scrapeq.fetch.decode import ACCEPT_ENCODING
from scrapeq.fetch.exchange import (
    TIMED_OUT_WHILE_IDLE,
    Body,
    Headers,
    RawResponse,
    Request,
    StaleConnection,
    UnwantedBody,
    check_head,
    safe_text,
    wants_body,
)
from scrapeq.fetch.failed import Failed
from scrapeq.fetch.guard import AddressRefused, Reach
from scrapeq.fetch.resolve import Names
from scrapeq.fetch.watch import Phase
from scrapeq.models import ErrorKind

#: Field lines in a head; real ones have up to about 60, and aiohttp allows 128.
_MAX_FIELDS = 256

#: Heads of 1xx answers before the one that counts. 100, 102 and 103 come once or a few times.
_MAX_HEADS = 100

#: What is read from a socket at once, and so parsed before others get their slot.
_READ_BYTES = 32 * 1024

#: Decoded bytes after which others get their slot on the loop: about a millisecond of work.
_YIELD_BYTES = 1024 * 1024

#: How long an idle connection is kept: Apache closes after 5 s, nginx after 75 s, and a stale one
#: costs a second request, which has to wait for its slot.
_KEEP_ALIVE_S = 15


@cache
def user_agent() -> str:
    """scrapeq's own name (RFC 9110, section 10.1.5), and how a site can turn it away."""
    try:
        number = version("scrapeq")
    except PackageNotFoundError:  # run from a checkout that was never installed
        number = "0"
    return f"scrapeq/{number} (robots: scrapeq)"


class AioTransport:
    """A connection pool for each reach, opened when it is first needed.

    Pools are apart because a connection that one job may use could be one that the guard would
    have refused another.
    """

    def __init__(self) -> None:
        self._names = Names()
        self._sessions: dict[tuple[Reach, bool], aiohttp.ClientSession] = {}
        self._trust: ssl.SSLContext | None = None

    def default_headers(self) -> Mapping[str, str]:
        """scrapeq's name, and what it can read."""
        return {
            "User-Agent": user_agent(),
            "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
            "Accept-Encoding": ACCEPT_ENCODING,
        }

    async def exchange(self, request: Request) -> RawResponse:
        """Send one request and read its response; see `Transport`."""
        sent = _Sending(request)
        try:
            return await self._exchange(request, sent)
        except (Failed, StaleConnection):
            raise
        except aiohttp.ClientError as error:
            raise _translate(error, request, sent) from error
        except OSError as error:
            raise _of_socket(error, request) from error
        except ValueError as error:  # UnicodeError is one
            if not sent.is_sent:
                raise  # what is wrong is ours: nothing has come yet
            raise Failed(ErrorKind.PROTOCOL, "the answer is not valid HTTP") from error

    async def close(self) -> None:
        """Close all connections; a second call does nothing."""
        sessions = list(self._sessions.values())
        self._sessions.clear()
        for session in sessions:
            await session.close()
        self._names.close()

    async def _exchange(self, request: Request, sent: _Sending) -> RawResponse:
        url = URL(request.url, encoded=True)
        headers = dict(request.headers)
        server_name = None
        if request.target:
            # The name stays in Host and in TLS (SNI and the certificate); the pool keeps
            # connections with different TLS names apart.
            headers["Host"] = url.host_port_subcomponent or ""
            server_name = url.raw_host if url.scheme == "https" else None
            url = URL(f"{url.scheme}://{request.target.netloc}{url.raw_path_qs}", encoded=True)
        request.watch.enter(Phase.CONNECT)
        sending = self._session(request.reach, fresh=request.fresh).request(
            "GET" if request.posted is None else "POST",
            url,
            data=request.posted,
            headers=headers,
            allow_redirects=False,
            proxy=request.proxy,
            server_hostname=server_name,
            trace_request_ctx=sent,
        )
        async with sending as response:
            lost = _watch_loss(response)
            head = tuple(
                (safe_text(name), safe_text(value)) for name, value in response.raw_headers
            )
            request.on_head(response.status, head)
            if sent.is_reused and response.status == TIMED_OUT_WHILE_IDLE:
                response.close()
                raise StaleConnection
            check_head(response.status, head)
            if not wants_body(response.status):
                unwanted = UnwantedBody(response.status, head, request.unwanted_bytes)
                with request.watch.paused():  # how long it takes is not the page's matter
                    await _drain(response, unwanted, request.drain_s)
                return RawResponse(response.status, head, unwanted.kept, unwanted.is_whole)
            body, is_whole = await _read(response, head, request)
            if lost and lost.done() and lost.exception():
                raise Failed(ErrorKind.RESET, "the server reset the connection within the page")
            return RawResponse(response.status, head, body, is_whole)

    def _session(self, reach: Reach, *, fresh: bool) -> aiohttp.ClientSession:
        key = (reach, fresh)
        if key not in self._sessions:
            if self._trust is None:
                self._trust = ssl.create_default_context()  # honours SSL_CERT_FILE
            self._sessions[key] = _session(self._names, self._trust, reach, fresh=fresh)
        return self._sessions[key]


class _Sending:
    """What the hooks of a session note about one request while it is sent."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self.is_sent = False
        self.is_reused = False

    async def connected(self, *, reused: bool) -> None:
        self.is_sent = True
        self.is_reused = reused
        self.request.watch.enter(Phase.HEAD)


def _session(
    names: Names, trust: ssl.SSLContext, reach: Reach, *, fresh: bool
) -> aiohttp.ClientSession:
    hooks = aiohttp.TraceConfig()
    hooks.on_connection_create_end.append(_created)
    hooks.on_connection_reuseconn.append(_reused)
    options: dict[str, Any] = (
        {"force_close": True} if fresh else {"keepalive_timeout": _KEEP_ALIVE_S}
    )
    connector = _Pool(
        limit=0,  # how many at once is decided by whoever starts fetches
        ssl=trust,
        resolver=_Resolver(names, reach),
        socket_factory=partial(guard.guarded_socket, reach),
        **options,
    )
    # There is no public place for a protocol of one's own; a test notices if this one is gone.
    connector._factory = partial(_Wire, asyncio.get_running_loop())  # type: ignore[assignment]
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
        trace_configs=[hooks],
        middlewares=(_no_silent_second_request,),
        max_line_size=16 * 1024,
        max_field_size=64 * 1024,
        max_headers=_MAX_FIELDS,
    )


class _Pool(aiohttp.TCPConnector):
    """aiohttp's connections, each of which knows when it has nothing to expect."""

    def _release(self, key: Any, protocol: ResponseHandler, **options: Any) -> None:
        """An answer is complete; the connection waits for the next request, or is closed."""
        if isinstance(protocol, _Wire):
            protocol.rest()
        super()._release(key, protocol, **options)


class _Wire(ResponseHandler):
    """aiohttp's protocol, which counts what a parser spends its time on, and expects no answer to
    a request that was not sent.

    Measured without the first, at 20 MB of body in chunks of one byte: 15 s of CPU, and everybody
    else on the loop waits 0.4 s at a time; endless 1xx answers are like it. Without the second, a
    page that a server sends unasked becomes that of the next request, and all later ones shift.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self.received_bytes = 0
        self._heads = 0
        self._is_idle = False

    def rest(self) -> None:
        """The last answer is complete: whatever comes before the next request closes this."""
        self._is_idle = True

    def is_connected(self) -> bool:
        """Whether it can be used; the pool asks this before it gives an idle connection away."""
        if not super().is_connected():
            return False
        return not self._is_idle or not (self.should_close or self._has_unread())

    def _has_unread(self) -> bool:
        """Whether bytes, or the end, lie in the socket that the loop has not come to yet."""
        raw = self.transport.get_extra_info("socket") if self.transport else None
        if raw is None or raw.fileno() < 0:
            return True
        poll = select.poll()
        poll.register(raw.fileno(), select.POLLIN)
        return bool(poll.poll(0))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # How much asyncio reads at once from a socket without TLS, instead of 256 KB
        transport.max_size = _READ_BYTES  # type: ignore[attr-defined]
        super().connection_made(transport)

    def set_response_params(self, **options: Any) -> None:
        """A request goes out."""
        self._is_idle = False
        self._heads = 0
        super().set_response_params(**options)

    def data_received(self, data: bytes) -> None:
        self.received_bytes += len(data)
        if self._is_idle and data:  # without data it only has to go on
            self.abort()
            return
        # An answer may be followed by anything: a body behind a 204, more than the
        # Content-Length. The parser's complaint about that would take along a head that came with
        # it.
        head_bytes = 0 if self._heads else data.find(b"\r\n\r\n") + 4
        if 3 < head_bytes < len(data):
            super().data_received(data[:head_bytes])
            if self.exception() is not None:
                return
            data = data[head_bytes:]
        super().data_received(data)
        if self._is_idle and self.should_close:  # more came behind the end of the answer
            self.abort()

    def set_exception(self, exc: BaseException, *cause: BaseException) -> None:
        """The parser has given up: within a body, that is for whoever waits for more of it.

        aiohttp tells only whoever waits for a head; a broken chunk that came in a packet of its
        own was waited on until the time was over.
        """
        body = self._payload
        if body is not None and not body.is_eof() and body.exception() is None:
            body.set_exception(aiohttp.ClientPayloadError("the body is not valid HTTP"))
        super().set_exception(exc, *cause)

    def feed_data(self, data: Any, size: int = 0) -> None:
        """A head is complete: one of an answer, or of a 1xx before it."""
        self._heads += 1
        if self._heads > _MAX_HEADS and self.transport is not None:
            self.transport.abort()
            self.set_exception(HttpProcessingError(message="too many 1xx answers"))
            return
        super().feed_data(data, size)


class _Resolver(AbstractResolver):
    """`Names` in the form that aiohttp asks for."""

    def __init__(self, names: Names, reach: Reach) -> None:
        self._names = names
        self._reach = reach

    async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[ResolveResult]:
        return [
            ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=0)
            for address in await self._names.addresses(host, port, self._reach)
        ]

    async def close(self) -> None:
        """`Names` is closed by its owner."""


async def _created(_session: Any, context: Any, _parameters: Any) -> None:
    await context.trace_request_ctx.connected(reused=False)


async def _reused(_session: Any, context: Any, _parameters: Any) -> None:
    await context.trace_request_ctx.connected(reused=True)


class _Dropped(aiohttp.ClientError):
    """The connection ended before the head was complete."""


async def _no_silent_second_request(request: Any, send: Any) -> aiohttp.ClientResponse:
    """Keep aiohttp from asking again by itself, which the host's pace would not know of."""
    try:
        response: aiohttp.ClientResponse = await send(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError) as error:
        raise _Dropped from error
    return response


def _watch_loss(response: aiohttp.ClientResponse) -> asyncio.Future[None] | None:
    """For a body that ends with its connection: a future that fails if that was no good end.

    aiohttp takes any end of such a body for a good one, a reset in the middle too.
    """
    protocol = response.connection.protocol if response.connection else None
    if protocol is None or response.content_length is not None or _is_chunked(response):
        return None
    lost = protocol.closed
    if lost is not None:
        lost.add_done_callback(lambda done: done.cancelled() or done.exception())
    return lost


def _is_chunked(response: aiohttp.ClientResponse) -> bool:
    return "chunked" in response.headers.get("Transfer-Encoding", "").lower()


async def _read(
    response: aiohttp.ClientResponse, head: Headers, request: Request
) -> tuple[bytes, bool]:
    """The body, and whether it is all of it."""
    body = Body(head, request.max_body_bytes, cut=request.cut)
    body.promised(response.content_length)
    request.watch.enter(Phase.BODY)
    wire = response.connection.protocol if response.connection else None
    before_bytes = wire.received_bytes if isinstance(wire, _Wire) else 0
    decoded_bytes = 0
    async for data in response.content.iter_any():
        decoded_bytes += body.add(data)
        if isinstance(wire, _Wire):
            body.check_waste(wire.received_bytes - before_bytes - body.raw_bytes)
        if body.is_full:
            response.close()
            break
        if decoded_bytes > _YIELD_BYTES:
            decoded_bytes = 0
            await asyncio.sleep(0)
        request.watch.enter(Phase.BODY)
    return body.finish(), not body.is_full


async def _drain(response: aiohttp.ClientResponse, unwanted: UnwantedBody, most_s: float) -> None:
    """Read what little may be left of an unwanted response; if there is more, close."""
    with suppress(aiohttp.ClientError, OSError, TimeoutError):
        async with asyncio.timeout(most_s):
            async for data in response.content.iter_any():
                if not unwanted.add(data):
                    break
            else:
                unwanted.finish()
    response.release()


def _translate(error: aiohttp.ClientError, request: Request, sent: _Sending) -> Failed:
    """What aiohttp raised as a failure with its kind."""
    host = URL(request.url, encoded=True).raw_host or ""
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return Failed(
            ErrorKind.REFUSED,
            f"{unreached.peer(request)} refused to connect to {host}: status {error.status}",
        )
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return Failed(ErrorKind.TLS, f"the certificate of {host} is not valid: {_reason(error)}")
    if isinstance(error, aiohttp.ClientConnectorError):
        if not isinstance(error.os_error, AddressRefused) and isinstance(
            error, aiohttp.ClientConnectorDNSError
        ):
            return unreached.no_address(request, error.os_error)
        return _of_socket(error.os_error, request)
    if isinstance(error, _Dropped):
        cause = error.__cause__
        partial_head = getattr(cause, "message", None) is not None and not isinstance(
            getattr(cause, "message", None), str
        )
        if sent.is_reused and not partial_head:
            raise StaleConnection from error
        if partial_head:
            return Failed(
                ErrorKind.RESET, "the server closed the connection within the head of its answer"
            )
        return Failed(ErrorKind.RESET, "the server closed the connection without an answer")
    if isinstance(error, aiohttp.ClientPayloadError):
        if "Reset" in str(error):
            return Failed(ErrorKind.RESET, "the server reset the connection within the page")
        if "Not enough data" in f"{error} {error.__cause__}":
            return Failed(ErrorKind.TRUNCATED, "the page ended before it was complete")
        return Failed(ErrorKind.PROTOCOL, "the body of the answer is not valid HTTP")
    if isinstance(error, aiohttp.ClientOSError):
        return Failed(ErrorKind.RESET, "the server reset the connection within the page")
    if isinstance(error, aiohttp.ClientResponseError):
        return Failed(ErrorKind.PROTOCOL, f"the answer is not valid HTTP: {_parser_message(error)}")
    return Failed(ErrorKind.PROTOCOL, f"the request cannot be sent: {type(error).__name__}")


def _of_socket(error: BaseException, request: Request) -> Failed:
    """What a socket or TLS raised while connecting."""
    whom = unreached.peer(request)
    if isinstance(error, AddressRefused):
        return guard.failed(error, whom)
    if isinstance(error, ssl.SSLError):
        return Failed(ErrorKind.TLS, f"no TLS connection to {whom}: {_reason(error)}")
    if isinstance(error, ConnectionRefusedError):
        return unreached.refused(request)
    if isinstance(error, ConnectionError):
        return Failed(ErrorKind.RESET, f"{whom} closed the connection while it was being made")
    if isinstance(error, TimeoutError):
        return Failed(ErrorKind.CONNECT_TIMEOUT, f"{whom} does not answer")
    if isinstance(error, OSError) and error.errno in {errno.EMFILE, errno.ENFILE, errno.ENOBUFS}:
        return Failed(  # the worker's trouble, not the host's; it passes when others have ended
            ErrorKind.CONFIG,
            "the worker's machine has no more free sockets; lower SCRAPEQ_WINDOW",
            retryable=True,
        )
    if isinstance(error, OSError):
        return unreached.unreachable(request, error, _reason(error))
    return Failed(ErrorKind.REFUSED, f"{whom} cannot be reached: {_reason(error)}")


def _reason(error: BaseException) -> str:
    """The library's reason in a few plain words; never what the other side wrote."""
    inner = getattr(error, "certificate_error", None) or error
    reason = (
        getattr(inner, "verify_message", None)
        or getattr(inner, "reason", None)
        or getattr(inner, "strerror", None)
        or type(inner).__name__
    )
    return str(reason).replace("_", " ").lower()[:100]


def _parser_message(error: aiohttp.ClientResponseError) -> str:
    """The parser's complaint up to where it quotes the answer."""
    message = error.message.split("\n", 1)[0].split(":", 1)[0].split("(", 1)[0].strip().lower()
    return message[:80] or "it cannot be parsed"
