"""The frontier, as fetch needs it: slots at a host, and robots.txt, for all workers.

While Redis is away no request is sent: every call waits until it is back, and so does the job. That
is no fault of the page.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import asdict
from typing import Any

import sqlalchemy as sa

from scrapeq import database
from scrapeq.clock import DAY_MS
from scrapeq.errors import DatabaseUnavailable, RedisFull, RedisUnavailable
from scrapeq.fetch import RobotsEntry
from scrapeq.frontier import Frontier
from scrapeq.models import BreakerOpen, SlotOwner, SlotTaken, SlotWait

#: Runs a blocking call of the frontier off the loop.
Call = Callable[..., Awaitable[Any]]
#: How long a host's robots.txt counts as known: RFC 9309, section 2.4, says at most a day.
ROBOTS_KNOWN_MS = DAY_MS
#: Seconds after which a Crawl-delay is written to the record again: long before it is too old there.
KEPT_ANEW_S = DAY_MS / 2000
#: Hosts whose Crawl-delay is known to be in the record.
MOST_KEPT = 10_000
#: Seconds between two calls to a Redis that is away.
AGAIN_S = 0.5


class SharedThrottle:
    """A `fetch.HostThrottle` that holds over all workers."""

    def __init__(self, frontier: Frontier, engine: sa.Engine, call: Call, hold_ms: int) -> None:
        self._frontier = frontier
        self._engine = engine
        #: By host: the Crawl-delay in the record (ms), and when it was written.
        self._kept: dict[str, tuple[int, float]] = {}
        self._call = call
        self._hold_ms = hold_ms

    async def wait_slot(
        self,
        host: str,
        gap_ms: int,
        owner: SlotOwner | None = None,
        at_most_ms: int | None = None,
    ) -> SlotTaken | SlotWait | BreakerOpen:
        take = self._frontier.throttle.take_slot
        began_s = time.monotonic()
        left_ms = at_most_ms
        while True:
            answer: SlotTaken | SlotWait | BreakerOpen = await self._ask(
                take, host, gap_ms, self._hold_ms, owner, left_ms
            )
            if not isinstance(answer, SlotWait):
                return answer
            if left_ms is not None and answer.wait_ms > left_ms:
                return answer
            await asyncio.sleep(answer.wait_ms / 1000)
            if at_most_ms is not None:
                left_ms = max(0, at_most_ms - round(1000 * (time.monotonic() - began_s)))

    async def end_slot(self, host: str, owner: SlotOwner | None = None, *, used: bool) -> None:
        await self._ask(self._frontier.throttle.end_slot, host, owner, used=used)

    async def leave(self, owner: SlotOwner) -> None:
        await self._ask(self._frontier.throttle.leave, owner)

    async def set_crawl_delay(self, host: str, crawl_delay_ms: int) -> None:
        known = self._frontier.throttle.set_robots_known
        await self._ask(known, host, crawl_delay_ms, ROBOTS_KNOWN_MS)
        await self._keep(host, crawl_delay_ms)

    async def _keep(self, host: str, crawl_delay_ms: int) -> None:
        """Have it in the record, for when Redis is emptied; most hosts ask for none."""
        kept_ms, written_s = self._kept.get(host, (0, 0.0))
        is_old = crawl_delay_ms and time.monotonic() > written_s + KEPT_ANEW_S
        if kept_ms == crawl_delay_ms and not is_old:
            return
        with suppress(DatabaseUnavailable):  # the page is fetched all the same
            await self._call(
                database.crawl_delays.keep, self._engine, host, crawl_delay_ms, ROBOTS_KNOWN_MS
            )
            if len(self._kept) >= MOST_KEPT:
                self._kept.clear()
            self._kept[host] = crawl_delay_ms, time.monotonic()

    async def _ask(self, question: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        return await _once_redis_answers(self._call, question, *arguments, **named)


class SharedRobots:
    """A `fetch.RobotsCache` that every worker reads."""

    def __init__(self, frontier: Frontier, call: Call) -> None:
        self._frontier = frontier
        self._call = call

    async def get(self, origin: str) -> RobotsEntry | None:
        text = await _once_redis_answers(self._call, self._frontier.throttle.robots, origin)
        return None if text is None else RobotsEntry(**json.loads(text))

    async def put(self, origin: str, entry: RobotsEntry, ttl_s: float) -> None:
        text = json.dumps(asdict(entry))
        await _once_redis_answers(
            self._call, self._frontier.throttle.keep_robots, origin, text, ttl_s
        )


async def _once_redis_answers(
    call: Call, question: Callable[..., Any], *arguments: Any, **named: Any
) -> Any:
    """The answer to a call; while Redis is away or full, the call is repeated."""
    while True:
        try:
            return await call(question, *arguments, **named)
        except (RedisUnavailable, RedisFull):
            await asyncio.sleep(AGAIN_S)
