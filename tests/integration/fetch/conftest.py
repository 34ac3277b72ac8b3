"""A server that says exactly the bytes it is told to, and remembers what it was asked."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import struct
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from scrapeq import urls
from scrapeq.fetch import (
    MemoryRobots,
    MemoryThrottle,
    Observer,
    PoliteFetcher,
    Rendered,
    Renderer,
    Response,
    Routes,
    find_browser,
    http_fetchers,
)
from scrapeq.models import Failure, ScrapingConfig
from scrapeq.throttle import gap_ms

Talk = Callable[["Request", asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
Behaviour = bytes | Talk


MISSING = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"


@dataclass
class Request:
    """One request as it came: when its head was complete, its path, its headers."""

    at_s: float
    connection: int
    path: str
    headers: dict[str, str]


@dataclass
class Site:
    """A server on loopback. `pages` has bytes, or a coroutine that talks, for each path."""

    pages: dict[str, Behaviour] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    port: int = 0
    connections: int = 0
    raw: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]] | None = None
    scheme: str = "http"
    host: str = "127.0.0.1"

    @property
    def url(self) -> str:
        """Without a slash at the end."""
        return f"{self.scheme}://{self.host}:{self.port}"

    def paths(self) -> list[str]:
        """What was asked for, in order."""
        return [request.path for request in self.requests]

    @contextlib.asynccontextmanager
    async def serve(self, trust: ssl.SSLContext | None = None) -> AsyncIterator[Site]:
        """Listen while the context lasts."""
        if trust:
            self.scheme = "https"
        open_now: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

        async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task
            open_now[task] = writer
            with contextlib.suppress(OSError, EOFError, asyncio.CancelledError):
                await (self.raw or self._talk)(reader, writer)
            writer.close()
            del open_now[task]

        server = await asyncio.start_server(accept, "127.0.0.1", 0, ssl=trust, limit=1 << 20)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            left = dict(open_now)
            for task, writer in left.items():
                writer.transport.abort()
                task.cancel()
            await asyncio.gather(*left)
            for _ in range(3):  # an aborted transport closes its socket in a later slot of the loop
                await asyncio.sleep(0)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        number = self.connections
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            pairs = [line.split(": ", 1) for line in head[1:] if ": " in line]
            request = Request(
                time.monotonic(),
                number,
                head[0].split(" ")[1],
                {name.lower(): value for name, value in pairs},
            )
            self.requests.append(request)
            page = self.pages.get(request.path.partition("?")[0], self.pages.get("*", MISSING))
            if not isinstance(page, bytes):
                await page(request, reader, writer)
            else:
                writer.write(page)
                await writer.drain()
                if b"ontent-Length" not in page:
                    return


def page(body: bytes = b"<html>hello</html>", *lines: str, status: str = "200 OK") -> bytes:
    """A whole answer with a Content-Length."""
    head = [f"HTTP/1.1 {status}", "Content-Type: text/html", *lines]
    return "\r\n".join([*head, f"Content-Length: {len(body)}", "", ""]).encode() + body


def reset(writer: asyncio.StreamWriter) -> None:
    """Close a connection the hard way, with RST."""
    raw = writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def claim(throttle: MemoryThrottle, url: str, config: ScrapingConfig) -> None:
    """Take the slot of a first request, as the frontier does when it gives a job to a worker."""
    host = urls.host_key(url)
    if gap_ms(config, host) or throttle.crawl_delay_ms(host):
        await throttle.wait_slot(host, gap_ms(config, host))


def visit(
    site: Site,
    *paths: str,
    trust: ssl.SSLContext | None = None,
    allow_private_addresses: bool = True,
    connect_to: dict[str, str] | None = None,
    under: str = "",
    whole: bool = False,
    at_once: bool = False,
    observers: Sequence[Observer] = (),
    logins: Path | None = None,
    **options: object,
) -> list[Response | Failure]:
    """Serve `site` and visit its paths (or whole URLs) with one fetcher, one by one or at once.

    `under` is another scheme than the one that is served.
    """

    async def run() -> list[Response | Failure]:
        async with site.serve(trust):
            base = f"{under or site.scheme}://{site.host}:{site.port}"
            asked = [path if whole or "://" in path else f"{base}{path}" for path in paths]
            throttle = MemoryThrottle()
            fetcher = PoliteFetcher(
                fetchers=http_fetchers(
                    allow_private_addresses=allow_private_addresses,
                    connect_to={
                        key: value.format(port=site.port)
                        for key, value in (connect_to or {}).items()
                    },
                    observers=observers,
                    logins=logins,
                ),
                throttle=throttle,
                robots=MemoryRobots(),
            )
            config = ScrapingConfig.build(**{"respect_robots": False, **options})

            async def claim_and_visit(url: str) -> Response | Failure:
                await claim(throttle, url, config)
                return await fetcher.fetch(url, config)

            try:
                if at_once:
                    return list(await asyncio.gather(*map(claim_and_visit, asked)))
                return [await claim_and_visit(url) for url in asked]
            finally:
                await fetcher.close()

    return asyncio.run(run())


@contextlib.asynccontextmanager
async def open_browser(
    routes: Routes | None = None, *, pages: int = 4
) -> AsyncIterator[PoliteFetcher]:
    """A fetcher with a browser, as a worker has one; it ends with the context. Without `routes`
    it may reach private addresses."""
    routes = routes or Routes(True)
    fetcher = PoliteFetcher(
        fetchers=http_fetchers(
            allow_private_addresses=routes.allow_private_addresses,
            connect_to=routes.connect_to,
            logins=routes.logins,
        ),
        throttle=MemoryThrottle(),
        robots=MemoryRobots(),
        renderer=Renderer(find_browser(), routes, pages=pages),
    )
    try:
        yield fetcher
    finally:
        await fetcher.close()


async def render(fetcher: PoliteFetcher, url: str, config: ScrapingConfig) -> Rendered | Failure:
    """Fetch a page and show it, whatever it is; all of its time is the browser's: on a busy machine
    many fetches at once take seconds."""
    response = await fetcher.fetch(url, config)
    assert isinstance(response, Response), response
    return await fetcher.render(replace(response, elapsed_s=0.0), config)


@pytest.fixture(params=["plain", "stealth"])
def stealth(request: pytest.FixtureRequest) -> bool:
    """Both transports: what holds for one has to hold for the other."""
    return bool(request.param == "stealth")


class Kit:
    """What the tests of this folder use."""

    Site = Site
    page = staticmethod(page)
    reset = staticmethod(reset)
    visit = staticmethod(visit)
    open_browser = staticmethod(open_browser)
    render = staticmethod(render)


@pytest.fixture(scope="session")
def kit() -> type[Kit]:
    """The server and its helpers."""
    return Kit
