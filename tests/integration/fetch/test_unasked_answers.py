"""Servers that say more than they were asked: no page may take the place of another."""

from __future__ import annotations

import asyncio

import pytest

from scrapeq.fetch import (
    MemoryRobots,
    MemoryThrottle,
    PoliteFetcher,
    Response,
    http_fetchers,
)
from scrapeq.models import ScrapingConfig

PATHS = [f"/{number}" for number in range(6)]


def fetch_in_turn(kit, site, paths, between=None, **options):
    """The pages of `paths`, one after the other; `between` is waited for after each."""

    async def run():
        async with site.serve():
            fetcher = PoliteFetcher(
                fetchers=http_fetchers(allow_private_addresses=True),
                throttle=MemoryThrottle(),
                robots=MemoryRobots(),
            )
            config = ScrapingConfig.build(respect_robots=False, first_byte_timeout_s=3, **options)
            results = []
            try:
                for path in paths:
                    results.append(await fetcher.fetch(site.url + path, config))
                    if between is not None:
                        await between()
            finally:
                await fetcher.close()
            return results

    return asyncio.run(run())


def bodies(results):
    return [one.body.decode() if isinstance(one, Response) else one.kind for one in results]


def chunked(text: str) -> bytes:
    return (
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n"
        + f"{len(text):x}\r\n{text}\r\n0\r\n\r\n".encode()
    )


UNASKED = {
    "another page": lambda kit: kit.page(b"unasked"),
    "a late 400": lambda kit: kit.page(b"", status="400 Bad Request"),
    "a late 408": lambda kit: kit.page(b"", "Connection: close", status="408 Request Timeout"),
    "no HTTP": lambda _: b"hello?\r\n\r\n",
    "half a head": lambda _: b"HTTP/1.1 200 OK\r\nContent-Le",
    "a single byte": lambda _: b"\n",
}


@pytest.mark.parametrize("form", ["with a length", "chunked"])
@pytest.mark.parametrize("more", UNASKED)
def test_a_second_answer_that_comes_with_the_first(kit, stealth, more, form):
    async def answer(request, _reader, writer):
        body = request.path
        page = chunked(body) if form == "chunked" else kit.page(body.encode())
        writer.write(page + UNASKED[more](kit))

    results = fetch_in_turn(kit, kit.Site({"*": answer}), PATHS, use_stealth=stealth)

    assert bodies(results) == PATHS


@pytest.mark.parametrize("more", UNASKED)
def test_a_second_answer_behind_the_body(kit, stealth, more):
    """The head comes alone, so that somebody waits for the body when both arrive."""

    async def answer(request, _reader, writer):
        head, _, body = kit.page(request.path.encode()).partition(b"\r\n\r\n")
        writer.write(head + b"\r\n\r\n")
        await writer.drain()
        await asyncio.sleep(0.05)
        writer.write(body + UNASKED[more](kit))

    results = fetch_in_turn(kit, kit.Site({"*": answer}), PATHS[:3], use_stealth=stealth)

    assert bodies(results) == PATHS[:3]


@pytest.mark.parametrize("more", UNASKED)
def test_a_second_answer_on_an_idle_connection(kit, stealth, more):
    idle, sent = asyncio.Event(), asyncio.Event()

    async def answer(request, _reader, writer):
        writer.write(kit.page(request.path.encode()))
        await writer.drain()
        await idle.wait()
        idle.clear()
        writer.write(UNASKED[more](kit))
        await writer.drain()
        sent.set()

    async def until_it_is_sent():
        idle.set()
        await sent.wait()
        sent.clear()

    site = kit.Site({"*": answer})
    results = fetch_in_turn(kit, site, PATHS, until_it_is_sent, use_stealth=stealth)

    assert bodies(results) == PATHS


def test_an_answer_that_nobody_has_read_yet(kit, stealth):
    """It lies in the socket while the loop was busy: the connection is looked at before its use."""
    writers = []

    async def answer(request, _reader, writer):
        writer.write(kit.page(request.path.encode()))
        writers.append(writer)

    async def send_without_the_loop():
        # past asyncio: the bytes are in the client's socket before its loop can see them
        writers[-1].get_extra_info("socket")._sock.send(kit.page(b"unasked"))

    site = kit.Site({"*": answer})
    results = fetch_in_turn(kit, site, PATHS, send_without_the_loop, use_stealth=stealth)

    assert bodies(results) == PATHS


def test_a_408_on_a_used_connection_is_asked_again_on_a_new_one(kit, stealth):
    """It belongs to the silence before the request (RFC 9110, section 15.5.9)."""

    async def answer(request, _reader, writer):
        if request.path == "/1" and request.connection == 1:
            writer.write(kit.page(b"", "Connection: close", status="408 Request Timeout"))
        else:
            writer.write(kit.page(request.path.encode()))

    site = kit.Site({"*": answer})

    assert bodies(fetch_in_turn(kit, site, PATHS, use_stealth=stealth)) == PATHS
    assert [request.connection for request in site.requests if request.path == "/1"] == [1, 2]


def test_a_408_on_a_new_connection_is_an_answer(kit, stealth):
    site = kit.Site({"*": kit.page(b"", status="408 Request Timeout")})

    [result] = fetch_in_turn(kit, site, ["/"], use_stealth=stealth)

    assert (result.kind, result.http_status, len(site.requests)) == ("http_4xx", 408, 1)


@pytest.mark.parametrize("form", ["with a length", "chunked"])
def test_good_connections_are_used_again(kit, stealth, form):
    async def answer(request, _reader, writer):
        text = request.path
        writer.write(chunked(text) if form == "chunked" else kit.page(text.encode()))

    site = kit.Site({"*": answer})

    assert bodies(fetch_in_turn(kit, site, PATHS, use_stealth=stealth)) == PATHS
    assert site.connections == 1
