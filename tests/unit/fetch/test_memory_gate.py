"""Turns and robots.txt kept in memory."""

from __future__ import annotations

import asyncio
import itertools
from time import monotonic

from scrapeq.fetch import MemoryRobots, MemoryThrottle, RobotsEntry

GAP_MS = 30


def starts(crawl_delay_ms: int = 0, waiters: int = 5) -> list[float]:
    """When waiters that all ask at once may start, each holding its slot for a moment."""

    async def run() -> list[float]:
        throttle = MemoryThrottle()
        began: list[float] = []
        await throttle.set_crawl_delay("a", crawl_delay_ms)

        async def one() -> None:
            await throttle.wait_slot("a", GAP_MS)
            began.append(monotonic())
            await asyncio.sleep(0)
            await throttle.end_slot("a", used=True)

        await asyncio.gather(*[one() for _ in range(waiters)])
        return began

    return asyncio.run(run())


def test_no_two_turns_are_closer_than_the_gap():
    began = starts()

    assert len(began) == 5
    assert min(b - a for a, b in itertools.pairwise(began)) >= GAP_MS / 1000


def test_a_crawl_delay_counts_if_it_is_longer():
    began = starts(crawl_delay_ms=60, waiters=3)

    assert min(b - a for a, b in itertools.pairwise(began)) >= 0.06


def test_a_turn_that_was_not_used_is_free_at_once():
    async def run() -> bool:
        throttle = MemoryThrottle()
        await throttle.wait_slot("a", 60_000)
        await throttle.end_slot("a", used=False)
        await asyncio.wait_for(throttle.wait_slot("a", 60_000), timeout=5)
        return True

    assert asyncio.run(run())


def test_a_waiter_that_gives_up_blocks_nobody():
    async def run() -> bool:
        throttle = MemoryThrottle()
        await throttle.wait_slot("a", 20)
        await throttle.end_slot("a", used=True)
        waiting = asyncio.create_task(throttle.wait_slot("a", 60_000))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        await asyncio.wait_for(throttle.wait_slot("a", 20), timeout=5)
        return True

    assert asyncio.run(run())


def test_hosts_do_not_wait_for_each_other():
    async def run() -> bool:
        throttle = MemoryThrottle()
        await throttle.wait_slot("a", 60_000)  # held, and never ended
        await asyncio.wait_for(throttle.wait_slot("b", 60_000), timeout=5)
        return True

    assert asyncio.run(run())


def test_an_entry_lasts_for_its_time():
    async def run() -> tuple[RobotsEntry | None, RobotsEntry | None, RobotsEntry | None]:
        robots = MemoryRobots()
        entry = RobotsEntry("ok", "User-agent: *", 0)
        await robots.put("https://a.example", entry, ttl_s=60)
        await robots.put("https://b.example", entry, ttl_s=0)
        return (
            await robots.get("https://a.example"),
            await robots.get("https://b.example"),
            await robots.get("https://c.example"),
        )

    kept, gone, never = asyncio.run(run())

    assert kept == RobotsEntry("ok", "User-agent: *", 0)
    assert gone is None
    assert never is None
