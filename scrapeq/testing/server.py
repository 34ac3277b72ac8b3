"""The little web's own process: an HTTP/1.1 server that can misbehave, led by lines of JSON.

Started by `LittleWeb` as `python -m scrapeq.testing.server`; ends with it, see `commands`.

A server of our own, because every framework refuses to do what a bad server does, and because the
log must say when a request really came. Requests are answered in order, bodies of requests are
read and dropped.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
import sys
import time
from collections.abc import Iterable
from http import HTTPStatus
from itertools import count
from typing import Any

from scrapeq.testing.behaviours import Answer, Memory, Request, answer
from scrapeq.testing.commands import first_command, obey, say

_REASONS = {one.value: one.phrase for one in HTTPStatus}
_FILLER = b"all is calm on the little web; " * 2115  # just under 64 KB
_MOST_HEAD_BYTES = 1 << 20


class _Web:
    """The listeners, the log and the memory that all connections share."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory
        self.log: list[tuple[Any, ...]] = []
        self.numbers = count(1)
        self.listeners: dict[str, list[asyncio.Server]] = {}
        self.connections: set[_Connection] = set()

    async def listen(self, host: str, port: int, tls: ssl.SSLContext | None = None) -> None:
        server = await asyncio.get_running_loop().create_server(
            lambda: _Connection(self), sock=_bound(host, port), ssl=tls, backlog=1024
        )
        self.listeners.setdefault(host, []).append(server)

    def close(self, host: str) -> None:
        """Refuse connections to `host` from now on, and reset those it has."""
        for server in self.listeners.pop(host, []):
            server.close()
        for connection in [one for one in self.connections if one.address == host]:
            connection.reset()


class _Connection(asyncio.Protocol):
    """One client: parses heads, asks for the answer, sends it the way it says."""

    def __init__(self, web: _Web) -> None:
        self._web = web
        self._number = next(web.numbers)
        self._received = bytearray()
        self._began_ms = 0.0
        self._skip_bytes = 0
        self._filler_bytes = 0
        self._paused = False
        self._last = False
        self._timer: asyncio.TimerHandle | None = None
        self._current: tuple[Request, Answer] | None = None
        self._transport: asyncio.Transport
        self.address = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  a server of TCP gets no other
        self._transport = transport
        self.address = transport.get_extra_info("sockname")[0]
        self._web.connections.add(self)

    def connection_lost(self, error: Exception | None) -> None:
        self._web.connections.discard(self)
        self._current = None
        self._filler_bytes = 0
        if self._timer:
            self._timer.cancel()

    def data_received(self, data: bytes) -> None:
        if not self._received:
            self._began_ms = time.monotonic() * 1000
        self._received += data
        self._next()

    def _next(self) -> None:
        while self._current is None and not self._transport.is_closing():
            if self._skip_bytes:
                dropped = min(self._skip_bytes, len(self._received))
                del self._received[:dropped]
                self._skip_bytes -= dropped
            end = -1 if self._skip_bytes else self._received.find(b"\r\n\r\n")
            if end < 0:
                if len(self._received) > _MOST_HEAD_BYTES:
                    self._transport.close()
                return
            head = self._received[:end].decode("latin-1")
            del self._received[: end + 4]
            self._begin(head)
            self._began_ms = time.monotonic() * 1000

    def _begin(self, head: str) -> None:
        line, _, fields = head.partition("\r\n")
        try:
            method, target, version = line.split(" ")
            headers = {
                name.lower(): value.strip()
                for name, _, value in (field.partition(":") for field in fields.split("\r\n"))
            }
            self._skip_bytes = max(0, int(headers.get("content-length", 0)))
        except ValueError:
            self._transport.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
            self._transport.close()
            return
        path, _, query = target.partition("?")
        host = headers.get("host", self.address).rpartition(":")[0] or headers.get("host", "")
        wants = headers.get("connection", "").lower()
        self._last = "close" in wants or (version == "HTTP/1.0" and "keep-alive" not in wants)
        request = Request(method, host.lower() or self.address, path, query, headers)
        its_answer = answer(self._web.memory, request)
        self._web.log.append(
            (
                request.host,
                path,
                query,
                method,
                self._began_ms,
                its_answer.status,
                self._number,
                fields,
            )
        )
        self._current = request, its_answer
        wait_s = self._web.memory.latency_s + its_answer.wait_s
        if wait_s:
            self._timer = asyncio.get_running_loop().call_later(wait_s, self._send)
        else:
            self._send()

    def _send(self) -> None:
        if self._current is None:
            return
        request, its_answer = self._current
        if its_answer.ending == "reset":
            self.reset()
            return
        self._last = self._last or its_answer.ending == "close"
        length = its_answer.promised_bytes
        bodiless = its_answer.status in (204, 304)
        head = [f"HTTP/1.1 {its_answer.status} {_REASONS.get(its_answer.status, 'Unknown')}"]
        if not bodiless:
            head.append(f"Content-Type: {its_answer.content_type}")
            head.append(f"Content-Length: {len(its_answer.body) if length is None else length}")
        head += [f"{name}: {value}" for name, value in its_answer.headers]
        if self._last:
            head.append("Connection: close")
        shown = request.method != "HEAD" and not bodiless
        start = ("\r\n".join(head) + "\r\n\r\n").encode("latin-1", "replace")
        self._transport.write(start + its_answer.body if shown else start)
        self._filler_bytes = its_answer.filler_bytes if shown else 0
        self._fill()

    def _fill(self) -> None:
        """Send the filler as fast as the client takes it, then turn to the next request."""
        while self._filler_bytes and not self._paused and not self._transport.is_closing():
            piece = _FILLER[: self._filler_bytes]
            self._filler_bytes -= len(piece)
            self._transport.write(piece)
        if self._current is None or self._filler_bytes:
            return
        self._current = None
        if self._last:
            self._transport.close()
        elif self._received:
            asyncio.get_running_loop().call_soon(self._next)

    def pause_writing(self) -> None:
        self._paused = True

    def resume_writing(self) -> None:
        self._paused = False
        self._fill()

    def reset(self) -> None:
        """End with RST, and throw away what is unsent."""
        reset(self._transport)


def reset(transport: asyncio.WriteTransport) -> None:
    """End a connection with RST, not FIN: a linger time of zero throws away what is unsent."""
    its_socket = transport.get_extra_info("socket")
    if its_socket is not None:
        its_socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


def _bound(host: str, port: int) -> socket.socket:
    its_socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        its_socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        its_socket.bind((host, port))
    except OSError as error:
        its_socket.close()
        hint = ""
        if sys.platform == "darwin" and host != "127.0.0.1":
            hint = f"; give it to this machine: sudo ifconfig lo0 alias {host}"
        raise OSError(
            error.errno, f"cannot listen on {host}:{port}: {error.strerror}{hint}"
        ) from None
    return its_socket


async def _listen_everywhere(
    web: _Web, hosts: Iterable[str], port: int, tls: ssl.SSLContext | None
) -> int:
    """One port that is free on all hosts; a port that is taken on one of them is tried no further."""
    hosts = list(hosts)
    for last in (*[False] * 20, True):
        with _bound("127.0.0.1", port) as probe:
            chosen = probe.getsockname()[1]
        opened: list[asyncio.Server] = []
        try:
            for host in hosts:
                await web.listen(host, chosen, tls)
                opened.append(web.listeners[host][-1])
        except OSError:
            for host, server in zip(hosts, opened, strict=False):
                web.listeners[host].remove(server)
                server.close()
            if port or last:
                raise
        else:
            return int(chosen)
    raise AssertionError("the last try returns or raises")


def _tls_context(hosts: list[str]) -> tuple[ssl.SSLContext, str]:
    """A server context for the addresses and for whatever name a client asks for, and its CA."""
    import trustme

    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost", *hosts).configure_cert(context)
    by_name: dict[str, ssl.SSLContext] = {}

    def choose(connection: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
        if name and name not in by_name:
            by_name[name] = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            authority.issue_cert(name).configure_cert(by_name[name])
        if name:
            connection.context = by_name[name]

    context.sni_callback = choose
    return context, authority.cert_pem.bytes().decode()


async def _serve() -> None:
    options = first_command()
    memory = Memory(
        seed=options["seed"],
        latency_s=options["latency_s"],
        robots=options["robots"],
        crawl_delay_s=options["crawl_delay_s"],
    )
    web = _Web(memory)
    hosts, down = options["hosts"], options["down"]
    ports = {"port": 0, "tls_port": 0}
    context: ssl.SSLContext | None = None
    authority = ""
    try:
        if options["tls"]:
            context, authority = _tls_context(hosts)
            ports["tls_port"] = await _listen_everywhere(web, hosts, 0, context)
        ports["port"] = await _listen_everywhere(web, hosts, options["port"], None)
    except (OSError, ImportError) as error:
        say({"error": str(error)})
        return
    for host in down:
        web.close(host)

    async def bring_up(host: str) -> None:
        if host not in web.listeners:
            await web.listen(host, ports["port"])
            if context:
                await web.listen(host, ports["tls_port"], context)
        say({})

    def do(command: dict[str, Any]) -> None:
        match command["do"]:
            case "log":
                say(web.log)
            case "clear":
                web.log.clear()
                memory.forget()
                say({})
            case "down":
                web.close(command["host"])
                say({})
            case "up":
                pending.append(asyncio.ensure_future(bring_up(command["host"])))

    pending: list[asyncio.Future[None]] = []
    ended = await obey(do)
    say({**ports, "ca_pem": authority})
    await ended.wait()


if __name__ == "__main__":
    asyncio.run(_serve())
