"""The hostile web's own process: plays the script of whatever case is asked for.

Started by `HostileWeb` as `python -m scrapeq.testing.hostile.server`; ends with it, see
`scrapeq.testing.commands`. The case is known by the first label of the Host header. What happens
before there is one has ports of its own.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache
from html import escape
from typing import Any

from scrapeq.testing.commands import first_command, obey, say
from scrapeq.testing.hostile.catalogue import CATALOGUE
from scrapeq.testing.hostile.script import (
    Asked,
    Drip,
    Hold,
    Keep,
    Reset,
    Script,
    Send,
    Step,
    html,
    says,
)
from scrapeq.testing.server import reset

_CASES = {case.name: case for case in CATALOGUE}
_MOST_HEAD_BYTES = 1 << 20
#: How long what was sent before a reset has to arrive: a reset overtakes what is still on its way.
_ARRIVAL_S = 0.05
#: Large steps are sent in pieces of so many bytes, each when the client has taken the last.
_PIECE_BYTES = 1 << 16

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class _Web:
    """The listeners, what they share, and how each of them talks."""

    def __init__(self) -> None:
        self.ports: dict[str, int] = {}
        self.log: list[dict[str, Any]] = []
        self._visits: Counter[tuple[str, str]] = Counter()
        self._held: list[socket.socket] = []
        self._servers: list[asyncio.Server] = []
        self._talks: set[asyncio.Task[None]] = set()

    async def listen(self, name: str, talk: Talk, tls: ssl.SSLContext | None = None) -> None:
        """A port where every connection is talked to like that."""

        async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            if task is not None:
                self._talks.add(task)
                task.add_done_callback(self._talks.discard)
            with suppress(OSError, EOFError, ValueError):  # clients leave in every way there is
                await talk(reader, writer)
            writer.close()

        server = await asyncio.start_server(
            accept, "127.0.0.1", 0, ssl=tls, limit=_MOST_HEAD_BYTES, backlog=1024
        )
        self._servers.append(server)
        self.ports[name] = server.sockets[0].getsockname()[1]

    def refuse(self, name: str) -> None:
        """A port that nobody listens on, and that nobody else can be given meanwhile."""
        held = socket.socket()
        held.bind(("127.0.0.1", 0))
        self._held.append(held)
        self.ports[name] = held.getsockname()[1]

    def ignore(self, name: str) -> None:
        """A black hole: so many connections wait to be accepted that the next gets no answer."""
        full = socket.socket()
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        self._held.append(full)
        for _ in range(4):
            waiting = socket.socket()
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
            self._held.append(waiting)
        self.ports[name] = full.getsockname()[1]

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection, one after the other."""
        connection = 0
        while True:
            first = await reader.readexactly(1)
            if not first.isalpha():  # a TLS handshake, for one
                writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
                return
            head = (first + await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            connection += 1
            asked = self._asked(head, connection)
            self.log.append(
                {"host": asked.host, "path": asked.path, "headers": dict(asked.headers)}
            )
            for step in self._script(asked):
                await _do(step, reader, writer)
                if isinstance(step, Keep):
                    break
            else:
                return

    def _asked(self, head: str, connection: int) -> Asked:
        line, *fields = head.split("\r\n")
        path = line.split(" ")[1]
        headers = {
            name.lower(): value.strip()
            for name, _, value in (field.partition(":") for field in fields if field)
        }
        host = headers.get("host", "").lower()
        self._visits[host, path] += 1
        return Asked(host, path, headers, self._visits[host, path], connection, self.ports)

    def _script(self, asked: Asked) -> Script:
        if asked.path == "/robots.txt":
            return says(status=404)
        host = asked.host.partition(":")[0]
        for case in filter(None, map(_CASES.get, host.split("."))):
            return case.script(asked)
        return says(html(escape(f"{asked.path} of {host}")))

    def forget(self) -> None:
        """Every visit is the first again."""
        self.log.clear()
        self._visits.clear()


async def _do(step: Step, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    match step:
        case Send(data, times):
            sent = 0
            while times is None or sent < times:
                sent += 1
                for start in range(0, len(data), _PIECE_BYTES):
                    writer.write(data[start : start + _PIECE_BYTES])
                    await writer.drain()
        case Drip(data, gap_s):
            place = 0
            while not writer.is_closing():
                await asyncio.sleep(gap_s)
                writer.write(data[place : place + 1])
                await writer.drain()
                place = (place + 1) % len(data)
        case Hold():
            await reader.read()
        case Reset():
            await asyncio.sleep(_ARRIVAL_S)
            reset(writer.transport)


async def _hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


async def _hang_up_hard(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    reset(writer.transport)


async def _keep_silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    while await reader.read(_PIECE_BYTES):
        pass


def _tls_contexts() -> tuple[ssl.SSLContext, str]:
    """A server context that is good or bad by the name that is asked for, and the authority of it."""
    import trustme

    ours, nobodys = trustme.CA(), trustme.CA()

    @cache
    def context(name: str) -> ssl.SSLContext:
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate(name).configure_cert(made)
        return made

    def certificate(name: str) -> trustme.LeafCert:
        match name.partition(".")[0]:
            case "tls-expired":
                began, ended = datetime(2020, 1, 1, tzinfo=UTC), datetime(2021, 1, 1, tzinfo=UTC)
                return ours.issue_cert(name, not_before=began, not_after=ended)
            case "tls-selfsigned":
                return nobodys.issue_cert(name)
            case "tls-wronghost":
                return ours.issue_cert("somebody-else.test")
        return ours.issue_cert(name)

    def choose(connection: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
        if name:
            connection.context = context(name)

    first = context("localhost")
    first.sni_callback = choose
    return first, ours.cert_pem.bytes().decode()


async def _serve() -> None:
    options = first_command()
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda *_: None)  # connections that broke, which is what we are for
    web = _Web()
    authority = ""
    await web.listen("plain", web.converse)
    await web.listen("shut", _hang_up)
    await web.listen("reset", _hang_up_hard)
    await web.listen("silent", _keep_silent)
    web.refuse("refused")
    web.ignore("hole")
    if options["tls"]:
        try:
            context, authority = _tls_contexts()
        except ImportError:
            say(
                {
                    "error": "certificates need trustme: pip install trustme, or HostileWeb(tls=False)"
                }
            )
            return
        await web.listen("tls", web.converse, context)

    def do(command: dict[str, Any]) -> None:
        match command["do"]:
            case "log":
                say(web.log)
            case "clear":
                web.forget()
                say({})

    ended = await obey(do)
    say({"ports": web.ports, "ca_pem": authority})
    await ended.wait()


if __name__ == "__main__":
    asyncio.run(_serve())
