"""Workers tell each other who has a browser, and which pages need one."""

from __future__ import annotations

import asyncio

import redis

from scrapeq.fetch import MemoryRobots, MemoryThrottle, PoliteFetcher
from scrapeq.frontier import BrowserReport, Frontier
from scrapeq.frontier.browsers import MOST_NEEDS, NEED_MS
from scrapeq.models import Lane, ScrapingConfig
from scrapeq.work.browser_presence import BrowserPresence
from scrapeq.work.readers import Readers
from scrapeq.work.rendering import Rendering
from scrapeq.work.stages import Stages
from scrapeq.work.waiting import StoreThreads


def test_a_worker_learns_what_another_noted_and_each_thing_once(
    frontier: Frontier, other: Frontier
) -> None:
    first = frontier.browsers.tell("a", BrowserReport(), ["shop/*"])
    learned = other.browsers.tell("b", None)

    assert first.is_any
    assert learned.is_any
    assert set(learned.needs) == {"shop/*"}
    assert 0 < learned.needs["shop/*"] <= NEED_MS

    frontier.browsers.tell("a", BrowserReport(), ["news/*"], first.newest)
    later = other.browsers.tell("b", None, (), learned.newest)
    assert "news/*" in later.needs
    assert not set(other.browsers.tell("b", None, (), later.newest + 1).needs)


def test_what_is_known_is_bounded_and_expires(frontier: Frontier, client: redis.Redis) -> None:
    for start in range(0, MOST_NEEDS + 500, 500):
        frontier.browsers.tell("a", None, [f"shop{n}/*" for n in range(start, start + 500)])

    assert client.zcard("scrapeq:needs") == MOST_NEEDS
    assert 0 < client.pttl("scrapeq:needs") <= NEED_MS


def test_reports_are_of_those_that_live(frontier: Frontier, other: Frontier) -> None:
    up = BrowserReport(is_up=True, pages=3, rendered=70, memory_mb=250)
    frontier.browsers.tell("a", up)
    frontier.browsers.tell("b", BrowserReport())
    frontier.browsers.tell("c", None)

    assert sorted(other.browsers.reports(), key=str) == sorted([up, BrowserReport()], key=str)

    assert other.browsers.now().in_words == "1 up, 3 pages open, 250 MB"

    frontier.browsers.forget("a")
    frontier.browsers.forget("b")
    assert other.browsers.reports() == []
    assert not other.browsers.tell("c", None).is_any


def test_a_worker_fetches_no_page_that_another_found_to_need_a_browser(
    frontier: Frontier, other: Frontier
) -> None:
    config = ScrapingConfig()

    async def meet() -> None:
        call = StoreThreads()
        found, learns = (Rendering(_fetcher(), Stages(Readers(1))) for _ in range(2))
        tells = BrowserPresence("with", found, frontier, call)
        listens = BrowserPresence("without", learns, other, call)
        frontier.browsers.tell("somebody", BrowserReport())
        await listens.tell()
        with learns.place(1, "http://shop.example/p/1", config, Lane.HTTP) as is_here:
            assert is_here  # nobody knows
        found.needs.note("http://shop.example/p/2")
        await tells.tell()
        await listens.tell()

        with learns.place(2, "http://shop.example/p/3", config, Lane.HTTP) as is_here:
            assert not is_here
        with learns.place(3, "http://shop.example/q/3", config, Lane.HTTP) as is_here:
            assert is_here  # another shape
        never = ScrapingConfig(render="never")
        with learns.place(4, "http://shop.example/p/3", never, Lane.HTTP) as is_here:
            assert is_here

    asyncio.run(meet())


def _fetcher() -> PoliteFetcher:
    return PoliteFetcher(fetchers={}, throttle=MemoryThrottle(), robots=MemoryRobots())
