"""A fetch that is left where a host must wait, and goes on where it was left."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from scrapeq import urls
from scrapeq.fetch import (
    MemoryRobots,
    MemoryThrottle,
    PoliteFetcher,
    Response,
    Trail,
    http_fetchers,
    polite,
)
from scrapeq.models import ErrorKind, Failure, ScrapingConfig

GAP_MS = 100


def to(kit, place: str, *lines: str) -> bytes:
    answer: bytes = kit.page(b"", f"Location: {place}", *lines, status="302 Found")
    return answer


class Visit:
    """One URL of a site, under two names of its host, with slots that a test may hold."""

    def __init__(self, site, **options) -> None:
        self.site = site
        self.throttle = MemoryThrottle()
        self.config = ScrapingConfig.build(
            **{"respect_robots": False, "delay_between_requests": GAP_MS / 1000, **options}
        )
        self.fetcher = PoliteFetcher(
            fetchers=http_fetchers(allow_private_addresses=True),
            throttle=self.throttle,
            robots=MemoryRobots(),
        )

    def run(self, story: Callable[[Visit], Awaitable[None]]) -> None:
        async def told() -> None:
            async with self.site.serve():
                try:
                    await story(self)
                finally:
                    await self.fetcher.close()

        asyncio.run(told())

    @property
    def other_host(self) -> str:
        return f"localhost:{self.site.port}"

    async def hold(self, host: str) -> None:
        """Somebody else has the slot."""
        await self.throttle.wait_slot(host, GAP_MS)

    async def let_go(self, host: str) -> None:
        await self.throttle.end_slot(host, used=True)

    async def go_on(self, path: str, trail: Trail | None = None) -> Response | Failure | Trail:
        """As a worker with the next lease, which knows the trail as text alone."""
        url = f"{self.site.url}{path}"
        known = Trail.from_text(trail.to_text()) if trail else None
        if self.config.delay_between_requests:
            await self.hold(known.host if known else urls.host_key(url))
        return await self.fetcher.go_on(url, self.config, None, known)

    async def to_the_end(self, path: str, trail: Trail) -> Response | Failure:
        """With as many leases as it takes."""
        found: Response | Failure | Trail = trail
        while isinstance(found, Trail):
            found = await self.go_on(path, found)
        return found


@pytest.fixture
def site(kit):
    """/a and /b are on one host; /b leads to the other, and that back to /d."""
    made = kit.Site({"/a": to(kit, "/b"), "/d": kit.page(b"there")})

    async def away(_request, _reader, writer):
        place = f"http://localhost:{made.port}/c"
        writer.write(to(kit, place, "Set-Cookie: seen=b; Path=/"))

    async def home(_request, _reader, writer):
        writer.write(to(kit, f"{made.url}/d"))

    made.pages |= {"/b": away, "/c": home}
    return made


def test_a_redirect_to_a_host_that_must_wait_goes_on_where_it_was_left(site, stealth):
    async def story(visit: Visit) -> None:
        await visit.hold(visit.other_host)
        left = await visit.go_on("/a")

        assert isinstance(left, Trail), left
        assert left.host == visit.other_host
        assert site.paths() == ["/a", "/b"]

        await visit.let_go(visit.other_host)
        result = await visit.to_the_end("/a", left)

        assert isinstance(result, Response), result
        assert result.body == b"there"
        assert site.paths() == ["/a", "/b", "/c", "/d"]  # nothing was asked twice
        assert len(result.redirects) == 3
        assert site.requests[3].headers["cookie"] == "seen=b"
        assert result.elapsed_s >= left.elapsed_s

    Visit(site, use_stealth=stealth).run(story)


def test_redirects_before_the_wait_count(site):
    async def story(visit: Visit) -> None:
        await visit.hold(visit.other_host)
        left = await visit.go_on("/a")
        assert isinstance(left, Trail), left
        await visit.let_go(visit.other_host)

        result = await visit.to_the_end("/a", left)

        assert isinstance(result, Failure), result
        assert result.kind is ErrorKind.REDIRECTS
        assert site.paths() == ["/a", "/b", "/c"]

    Visit(site, max_redirects=2).run(story)


def test_a_robots_txt_that_leads_to_a_host_that_must_wait_goes_on_too(kit):
    site = kit.Site({"/a": kit.page(b"there")})

    async def robots(request, _reader, writer):
        is_first = request.headers["host"].startswith("127.")
        place = f"http://localhost:{site.port}/robots.txt"
        writer.write(to(kit, place) if is_first else kit.page(b"User-agent: *\nAllow: /\n"))

    site.pages["/robots.txt"] = robots

    async def story(visit: Visit) -> None:
        await visit.hold(visit.other_host)
        left = await visit.go_on("/a")
        assert isinstance(left, Trail), left
        assert left.host == visit.other_host
        await visit.let_go(visit.other_host)

        result = await visit.to_the_end("/a", left)

        assert isinstance(result, Response), result
        assert site.paths() == ["/robots.txt", "/robots.txt", "/a"]

    Visit(site, respect_robots=True).run(story)


def test_whoever_needs_the_robots_txt_of_another_host_does_not_wait_for_it(kit):
    site = kit.Site({"/b": kit.page(b"there")})
    asked, let_go = asyncio.Event(), asyncio.Event()

    async def away(_request, _reader, writer):
        writer.write(to(kit, f"http://localhost:{site.port}/b"))

    async def robots(request, _reader, writer):
        if request.headers["host"].startswith("localhost"):
            asked.set()
            await let_go.wait()
        writer.write(kit.page(b"User-agent: *\nAllow: /\n"))

    site.pages |= {"/a": away, "/robots.txt": robots}

    async def story(visit: Visit) -> None:
        first = asyncio.create_task(visit.go_on("/a"))
        await asked.wait()

        second = await visit.go_on("/a")

        assert isinstance(second, Trail), second
        assert second.host == visit.other_host
        let_go.set()
        assert isinstance(await first, Response)

    Visit(site, respect_robots=True, delay_between_requests=0).run(story)


def test_a_fetch_that_was_left_very_often_waits_where_it_is(site):
    async def story(visit: Visit) -> None:
        trail = Trail(f"http://{visit.other_host}/c", waits=polite.MOST_WAITS)
        await visit.hold(urls.host_key(site.url))  # where /c leads to
        going = asyncio.create_task(visit.go_on("/a", trail))
        while site.paths() != ["/c"] and not going.done():
            await asyncio.sleep(0)
        await visit.let_go(urls.host_key(site.url))

        assert isinstance(await going, Response)

    Visit(site).run(story)
