"""The throttle and the robots cache of one process: for tests, benchmarks and use without Redis."""

from __future__ import annotations

import asyncio
from time import monotonic

from scrapeq.fetch.protocols import RobotsEntry
from scrapeq.models import BreakerOpen, SlotOwner, SlotTaken, SlotWait


class MemoryThrottle:
    """A `HostThrottle` for one event loop; slots of a host are given in the order they are asked for.

    Nothing is forgotten, so it is as large as the number of hosts that were asked.
    """

    def __init__(self) -> None:
        self._slots: dict[str, asyncio.Lock] = {}
        self._last_s: dict[str, float] = {}
        self._crawl_delay_ms: dict[str, int] = {}

    async def wait_slot(
        self,
        host: str,
        gap_ms: int,
        owner: SlotOwner | None = None,
        at_most_ms: int | None = None,
    ) -> SlotTaken | SlotWait | BreakerOpen:
        """Taken when the next request to `host` may start, and held; there are no breakers here."""
        slot = self._slots.setdefault(host, asyncio.Lock())
        most_s = None if at_most_ms is None else at_most_ms / 1000
        try:
            async with asyncio.timeout(most_s):
                await slot.acquire()
        except TimeoutError:
            return SlotWait(max(gap_ms, 1))
        gap_s = max(gap_ms, self._crawl_delay_ms.get(host, 0)) / 1000
        start_s = self._last_s.get(host, -gap_s) + gap_s
        if most_s is not None and start_s - monotonic() > most_s:
            slot.release()
            return SlotWait(round(1000 * (start_s - monotonic())))
        try:
            # Never a clock tick too early, which one sleep may be
            while (left_s := start_s - monotonic()) > 0:  # noqa: ASYNC110 - time is no event
                await asyncio.sleep(left_s)
        except BaseException:
            slot.release()
            raise
        return SlotTaken()

    async def leave(self, owner: SlotOwner) -> None:
        """Nothing: whoever calls bounds how many are open at once."""

    async def end_slot(self, host: str, owner: SlotOwner | None = None, *, used: bool) -> None:
        """Let the next one go, after the gap if a request was made.

        A slot never passes on unasked in one process, so its owner does not matter.
        """
        if used:
            self._last_s[host] = monotonic()
        slot = self._slots.get(host)
        if slot is not None and slot.locked():
            slot.release()

    async def set_crawl_delay(self, host: str, crawl_delay_ms: int) -> None:
        """Let later slots of `host` be at least `crawl_delay_ms` apart."""
        self._crawl_delay_ms[host] = crawl_delay_ms

    def crawl_delay_ms(self, host: str) -> int:
        """What is known, for whoever claims slots; 0 if nothing is."""
        return self._crawl_delay_ms.get(host, 0)


class MemoryRobots:
    """A `RobotsCache` in a dict; an entry is dropped when it is asked for after its time."""

    def __init__(self) -> None:
        self._entries: dict[str, tuple[RobotsEntry, float]] = {}

    async def get(self, origin: str) -> RobotsEntry | None:
        """The entry that was put last and has not expired, or None."""
        entry, ends_s = self._entries.get(origin, (None, 0.0))
        if entry is not None and monotonic() >= ends_s:
            del self._entries[origin]
            return None
        return entry

    async def put(self, origin: str, entry: RobotsEntry, ttl_s: float) -> None:
        """Keep `entry` for `ttl_s` seconds, instead of an older one."""
        self._entries[origin] = (entry, monotonic() + ttl_s)
