"""What fetch asks for, answered by the frontier: turns at a host, and robots.txt, for all workers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any

from scrapeq.fetch import RobotsEntry
from scrapeq.store import Frontier

#: Runs a blocking call of the frontier off the loop.
Call = Callable[..., Awaitable[Any]]
#: How long a host's robots.txt counts as known: RFC 9309, section 2.4, says at most a day.
ROBOTS_KNOWN_MS = 86_400_000


class SharedGate:
    """A `fetch.HostGate` that holds over all workers."""

    def __init__(self, frontier: Frontier, call: Call, hold_ms: int) -> None:
        self._frontier = frontier
        self._call = call
        self._hold_ms = hold_ms

    async def wait_turn(self, host: str, gap_ms: int) -> None:
        take = self._frontier.take_turn
        while wait_ms := await self._call(take, host, gap_ms, self._hold_ms):  # noqa: ASYNC110
            await asyncio.sleep(wait_ms / 1000)

    async def end_turn(self, host: str, *, used: bool) -> None:
        await self._call(self._frontier.end_turn, host, used=used)

    async def set_crawl_delay(self, host: str, crawl_delay_ms: int) -> None:
        await self._call(self._frontier.set_robots_known, host, crawl_delay_ms, ROBOTS_KNOWN_MS)


class SharedRobots:
    """A `fetch.RobotsCache` that every worker reads."""

    def __init__(self, frontier: Frontier, call: Call) -> None:
        self._frontier = frontier
        self._call = call

    async def get(self, origin: str) -> RobotsEntry | None:
        text = await self._call(self._frontier.robots, origin)
        return None if text is None else RobotsEntry(**json.loads(text))

    async def put(self, origin: str, entry: RobotsEntry, ttl_s: float) -> None:
        await self._call(self._frontier.keep_robots, origin, json.dumps(asdict(entry)), ttl_s)
