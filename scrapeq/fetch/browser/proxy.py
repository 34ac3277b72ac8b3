"""The proxy on loopback that all traffic of a rendered page goes through.

A page's redirects, frames, scripts, WebSockets, beacons and prefetches are the browser's own doing:
no hook within it sees all of them. So the browser may connect to this proxy alone, and here every
connection is judged as those of plain HTTP are: by the address that it is about to be made to.

Each page has a proxy of its own, because what may be reached is an option of its job. It closes
with the page, and ends what the page still has open.
"""

from __future__ import annotations

import asyncio
import base64
import socket
import ssl
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, Self, TypeVar

from yarl import URL

from scrapeq import urls
from scrapeq.errors import ConfigError
from scrapeq.fetch import guard
from scrapeq.fetch.failed import Failed
from scrapeq.fetch.guard import AddressRefused, check
from scrapeq.fetch.resolve import Names
from scrapeq.fetch.route import Route, Routes
from scrapeq.models import ErrorKind, ScrapingConfig

#: Bytes of a request's head: what browsers send is below this, and servers take no more (8 to 64 KB).
_MOST_HEAD_BYTES = 64 * 1024
#: Bytes that are handed on at once.
_PIECE_BYTES = 64 * 1024
#: Header fields that are between the browser and its proxy (RFC 9110, section 7.6.1).
_HOP_BY_HOP = (b"proxy-", b"connection:", b"keep-alive:")

_T = TypeVar("_T")


class GuardProxy:
    """An HTTP proxy for one page; an async context: it listens inside."""

    def __init__(self, routes: Routes, config: ScrapingConfig, names: Names) -> None:
        self._routes = routes
        self._config = config
        self._names = names
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[None]] = set()
        #: Why there was no connection, by host.
        self.refused: dict[str, Failed] = {}

    @property
    def url(self) -> str:
        """Where the browser finds it."""
        assert self._server is not None  # noqa: S101 - only inside the context
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(
            self._accept, "127.0.0.1", 0, limit=_MOST_HEAD_BYTES
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None  # noqa: S101 - it was entered
        self._server.close()
        for task in self._open:
            task.cancel()
        if self._open:
            await asyncio.wait(self._open)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - asyncio calls this in one
        self._open.add(task)
        try:
            await self._serve(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError):
            pass  # the browser went away, or sent what is no request
        except asyncio.CancelledError:
            pass  # the page has ended
        finally:
            self._open.discard(task)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request, and after it whatever belongs to it: a tunnel, or one exchange."""
        head = await reader.readuntil(b"\r\n\r\n")
        line, _, fields = head.partition(b"\r\n")
        method, target, version = line.split(b" ", 2)
        is_tunnel = method == b"CONNECT"
        url = f"https://{target.decode('ascii')}/" if is_tunnel else target.decode("ascii")
        try:
            there, there_writer = await self._connect(url, is_tunnel=is_tunnel)
        except (AddressRefused, Failed, ConfigError, OSError, ValueError) as error:
            self.refused[urls.host_key(url)] = _why(error, url)
            writer.write(
                b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            )
            await writer.drain()
            return
        try:
            if is_tunnel:
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                await self._both_ways(reader, writer, there, there_writer)
            else:
                there_writer.write(self._handed_on(method, url, version, fields))
                await self._exchange(fields, reader, writer, there, there_writer)
        finally:
            there_writer.close()

    async def _connect(
        self, url: str, *, is_tunnel: bool
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection for a URL, to an address that its job may reach.

        Raises AddressRefused, Failed, ConfigError, OSError.
        """
        route = self._routes.route(url, self._config)
        if route.proxy:
            return await self._through_proxy(url, route, is_tunnel=is_tunnel)
        parts = URL(url, encoded=True)
        host, port = parts.raw_host or "", parts.port or 80
        if route.target:
            host, port = route.target.host, route.target.port
        last: OSError = OSError(f"{host} has no address")
        for address in await self._names.addresses(host, port, route.reach):
            check(address, route.reach)
            try:
                return await self._within(asyncio.open_connection(address, port))
            except OSError as error:
                last = error
        raise last

    async def _through_proxy(
        self, url: str, route: Route, *, is_tunnel: bool
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        proxy = URL(route.proxy or "", encoded=True)
        context = ssl.create_default_context() if proxy.scheme == "https" else None
        port = proxy.port or (443 if context else 80)
        opening = asyncio.open_connection(proxy.raw_host, port, ssl=context)
        reader, writer = await self._within(opening)
        if is_tunnel:
            target = URL(url, encoded=True)
            name = f"{target.host_subcomponent}:{target.port}".encode()
            writer.write(b"CONNECT %s HTTP/1.1\r\nHost: %s\r\n" % (name, name))
            writer.write(_authorization(proxy) + b"\r\n")
            answer = await self._within(reader.readuntil(b"\r\n\r\n"))
            if answer.split(b" ", 2)[1:2] != [b"200"]:
                writer.close()
                raise OSError("the proxy refuses the tunnel")
        return reader, writer

    async def _within(self, waited_for: Coroutine[Any, Any, _T]) -> _T:
        async with asyncio.timeout(self._config.connect_timeout_s):
            return await waited_for

    def _handed_on(self, method: bytes, url: str, version: bytes, fields: bytes) -> bytes:
        """The head of a plain request as the server is to see it; one request a connection."""
        parts = URL(url, encoded=True)
        proxy = self._routes.route(url, self._config).proxy
        path = url.encode() if proxy else parts.raw_path_qs.encode()
        kept = [
            field
            for field in fields.split(b"\r\n")
            if field and (not _is_hop_by_hop(field) or _is_upgrade(field))
        ]
        if not any(map(_is_upgrade, kept)):
            kept.append(b"Connection: close")
        head = b"\r\n".join([b"%s %s %s" % (method, path, version), *kept]) + b"\r\n"
        return head + (_authorization(URL(proxy, encoded=True)) if proxy else b"") + b"\r\n"

    async def _exchange(
        self,
        fields: bytes,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        there: asyncio.StreamReader,
        there_writer: asyncio.StreamWriter,
    ) -> None:
        """One plain request and its answer, after which the browser's connection is at its end.

        Nothing else of the browser's may follow: its next request may be for another host.
        """
        sending = asyncio.create_task(_send_body(reader, there_writer, _length(fields)))
        try:
            while True:
                head = await there.readuntil(b"\r\n\r\n")
                line, _, answered = head.partition(b"\r\n")
                status = line.split(b" ", 2)[1]
                if status == b"101":  # a WebSocket
                    writer.write(head)
                    await self._both_ways(reader, writer, there, there_writer)
                    return
                if not status.startswith(b"1"):
                    break
            kept = [one for one in answered.split(b"\r\n") if one and not _is_hop_by_hop(one)]
            writer.write(b"\r\n".join([line, *kept, b"Connection: close", b"", b""]))
            await _pump(there, writer)
        finally:
            sending.cancel()
            await asyncio.wait({sending})

    async def _both_ways(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        there: asyncio.StreamReader,
        there_writer: asyncio.StreamWriter,
    ) -> None:
        """Hand on what comes from either side until the server has ended, or the browser is gone."""
        sending = asyncio.create_task(_pump(reader, there_writer))
        try:
            await _pump(there, writer)
        finally:
            sending.cancel()
            await asyncio.wait({sending})


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while piece := await reader.read(_PIECE_BYTES):
            writer.write(piece)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()


def _why(error: Exception, url: str) -> Failed:
    """A connection that was not made, as a failure of the page that wanted it."""
    if isinstance(error, Failed):
        return error
    if isinstance(error, AddressRefused):
        return guard.failed(error, URL(url, encoded=True).raw_host or "")
    if isinstance(error, ConfigError):
        return Failed(ErrorKind.CONFIG, str(error))
    if isinstance(error, TimeoutError):
        return Failed(ErrorKind.CONNECT_TIMEOUT, f"no connection to {urls.host_key(url)}")
    kind = ErrorKind.DNS if isinstance(error, socket.gaierror) else ErrorKind.REFUSED
    return Failed(kind, f"no connection to {urls.host_key(url)}")


async def _send_body(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, left_bytes: int
) -> None:
    """Hand on the body of a request; browsers give its length (no browser sends chunks)."""
    with suppress(OSError):
        while left_bytes > 0 and (piece := await reader.read(min(left_bytes, _PIECE_BYTES))):
            left_bytes -= len(piece)
            writer.write(piece)
            await writer.drain()


def _length(fields: bytes) -> int:
    for field in fields.split(b"\r\n"):
        name, _, value = field.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


def _is_hop_by_hop(field: bytes) -> bool:
    return field.lower().startswith(_HOP_BY_HOP)


def _is_upgrade(field: bytes) -> bool:
    """Whether it is the Connection field of a WebSocket's handshake (RFC 6455, section 4.1)."""
    name, _, value = field.lower().partition(b":")
    return name == b"connection" and b"upgrade" in value


def _authorization(proxy: URL) -> bytes:
    if proxy.user is None:
        return b""
    pair = f"{proxy.user}:{proxy.password or ''}".encode()
    return b"Proxy-Authorization: Basic %s\r\n" % base64.b64encode(pair)
