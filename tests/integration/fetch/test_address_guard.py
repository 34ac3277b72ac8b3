"""The address guard against real sockets: every spelling, redirects to each, and lying resolvers."""

from __future__ import annotations

import asyncio
import itertools
import socket

import pytest

from scrapeq.fetch import (
    MemoryRobots,
    MemoryThrottle,
    PoliteFetcher,
    Response,
    guard,
    http_fetchers,
    resolve,
)
from scrapeq.fetch.guard import Reach
from scrapeq.fetch.resolve import Names
from scrapeq.models import ScrapingConfig
from scrapeq.testing.hostile.addresses import SPELLINGS

#: Those that a socket of IPv4 without TLS can be connected to.
REACHABLE = [
    one
    for one in SPELLINGS
    if one.means == "127.0.0.1"
    and one.ends == "address"
    and not one.never
    and "[" not in one.url
    and not one.url.startswith("https")
]


def visit_spellings(kit, stealth, spellings, *, redirected: bool, **options):
    """Visit each spelling of the port of one site, or a redirect to it from another; the results,
    and how often the site that they lead to was connected to."""
    inside = kit.Site({"*": kit.page(b"private")})
    outside = kit.Site()

    async def run():
        async with inside.serve(), outside.serve():
            places = {one.name: one.url.replace("{port}", str(inside.port)) for one in spellings}
            for name, place in places.items():
                head = b"HTTP/1.1 302 x\r\nContent-Length: 0\r\nLocation: " + place.encode()
                outside.pages[f"/{name}"] = head + b"\r\n\r\n"
            fetcher = PoliteFetcher(
                fetchers=http_fetchers(
                    allow_private_addresses=False,
                    connect_to={"public.example:80": f"127.0.0.1:{outside.port}"},
                ),
                throttle=MemoryThrottle(),
                robots=MemoryRobots(),
            )
            config = ScrapingConfig.build(
                respect_robots=False, delay_between_requests=0, use_stealth=stealth, **options
            )
            asked = [
                f"http://public.example/{name}" if redirected else place
                for name, place in places.items()
            ]
            try:
                return [await fetcher.fetch(url, config) for url in asked]
            finally:
                await fetcher.close()

    return asyncio.run(run()), inside.connections


@pytest.mark.parametrize("redirected", [False, True], ids=["asked", "redirected"])
def test_no_spelling_of_a_private_address_is_reached(kit, stealth, redirected):
    results, connections = visit_spellings(kit, stealth, SPELLINGS, redirected=redirected)

    assert connections == 0
    for spelling, result in zip(SPELLINGS, results, strict=True):
        assert not isinstance(result, Response), spelling
        assert result.kind in spelling.ends.split(" or "), (spelling, result)


@pytest.mark.parametrize("redirected", [False, True], ids=["asked", "redirected"])
def test_metadata_is_not_reached_even_if_private_addresses_are(kit, stealth, redirected):
    never = [one for one in SPELLINGS if one.never]

    results, connections = visit_spellings(
        kit, stealth, never, redirected=redirected, allow_private_addresses=True
    )

    assert connections == 0
    for spelling, result in zip(never, results, strict=True):
        assert result.kind == "address", (spelling, result)
        assert "it is never fetched" in result.message


def test_a_private_address_is_reached_in_every_spelling_if_that_is_allowed(kit, stealth):
    """So that it is the guard that holds above, and not a spelling that leads nowhere."""
    results, connections = visit_spellings(
        kit, stealth, REACHABLE, redirected=False, allow_private_addresses=True
    )

    assert len(REACHABLE) >= 40
    assert connections > 0
    for spelling, result in zip(REACHABLE, results, strict=True):
        assert isinstance(result, Response), (spelling, result)
        assert result.body == b"private"


# --- names whose addresses change -------------------------------------------------------------

INTERNET, INSIDE = "127.0.0.2", "127.0.0.1"


@pytest.fixture
def internet(monkeypatch):
    """127.0.0.2 plays the internet: the guard takes it for a public address."""

    def judge(address: str, reach: Reach) -> str | None:
        return None if address == INTERNET else guard_says(address, reach)

    guard_says = guard.refusal
    monkeypatch.setattr(guard, "refusal", judge)
    monkeypatch.setattr(resolve, "refusal", judge)


def answering(monkeypatch, *answers: list[str]) -> list[str]:
    """Let the system's resolver give these answers, the last for ever; the names it was asked."""
    asked: list[str] = []
    coming = itertools.chain(answers, itertools.repeat(answers[-1]))

    def getaddrinfo(host, port, *_, **__):
        asked.append(host.decode() if isinstance(host, bytes) else host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in next(coming)]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


def visit_name(kit, stealth, name: str, visits: int, before=lambda: None):
    """Visit a name again and again, on connections of their own; the results, and how many
    connections there were to the internet and to what is inside, on the same port."""

    async def run():
        inside = kit.Site({"*": kit.page(b"private", "Connection: close")})
        async with inside.serve():
            public: list[asyncio.StreamWriter] = []

            async def answer(reader, writer):
                public.append(writer)
                await reader.readuntil(b"\r\n\r\n")
                writer.write(kit.page(b"public", "Connection: close"))
                await writer.drain()
                writer.close()

            server = await asyncio.start_server(answer, INTERNET, inside.port)
            before()
            fetcher = PoliteFetcher(
                fetchers=http_fetchers(allow_private_addresses=False),
                throttle=MemoryThrottle(),
                robots=MemoryRobots(),
            )
            config = ScrapingConfig(
                respect_robots=False, delay_between_requests=0, use_stealth=stealth
            )
            try:
                url = f"http://{name}:{inside.port}/"
                results = [await fetcher.fetch(url, config) for _ in range(visits)]
            finally:
                await fetcher.close()
                server.close()
                await server.wait_closed()
            return results, len(public), inside.connections

    return asyncio.run(run())


def test_a_name_that_changes_its_address_after_the_look_up_is_not_followed(
    kit, stealth, internet, monkeypatch
):
    """DNS rebinding: public when it is looked up and checked, private when it is connected to."""
    results, public, inside = visit_name(
        kit,
        stealth,
        "rebinding.example",
        visits=1,
        before=lambda: answering(monkeypatch, [INTERNET], [INSIDE]),
    )

    assert [result.body for result in results] == [b"public"]
    assert (public, inside) == (1, 0)


def test_a_name_that_has_become_private_is_refused(kit, stealth, internet, monkeypatch):
    results, public, inside = visit_name(
        kit,
        stealth,
        "rebinding.example",
        visits=1,
        before=lambda: answering(monkeypatch, [INSIDE], [INTERNET]),
    )

    assert [result.kind for result in results] == ["address"]
    assert (public, inside) == (0, 0)


def test_of_several_addresses_only_the_public_ones_are_tried(kit, stealth, internet, monkeypatch):
    results, public, inside = visit_name(
        kit,
        stealth,
        "both.example",
        visits=2,
        before=lambda: answering(monkeypatch, [INSIDE, INTERNET, INSIDE]),
    )

    assert [result.body for result in results] == [b"public"] * 2
    assert (public, inside) == (2, 0)


@pytest.mark.parametrize(
    "name", ["rebinding.localhost", "rebinding.localhost.", "REBINDING.localhost"]
)
def test_nobody_looks_a_name_up_behind_our_back(kit, stealth, internet, monkeypatch, name):
    """These names lead to 127.0.0.1 for whoever asks the system, or knows RFC 6761, and not us."""

    async def ours(_self: Names, _host: str, _port: int, _reach: Reach) -> list[str]:
        return [INTERNET]

    monkeypatch.setattr(Names, "addresses", ours)

    results, public, inside = visit_name(kit, stealth, name, visits=2)

    assert [getattr(result, "body", result) for result in results] == [b"public"] * 2
    assert (public, inside) == (2, 0)
