"""When each host may be asked: slots, and its robots.txt, for all workers."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

import redis

from scrapeq.clock import DAY_MS
from scrapeq.errors import RedisFull
from scrapeq.frontier.client import translated
from scrapeq.frontier.scripts import CHUNK, Scripts
from scrapeq.models import BreakerOpen, SlotOwner, SlotTaken, SlotWait


class Throttle:
    """The slots at hosts, for requests after the one that a claim stands for."""

    def __init__(self, client: redis.Redis, scripts: Scripts) -> None:
        self._redis = client
        self._scripts = scripts
        self._keys = scripts.keys

    def take_slot(
        self,
        host: str,
        gap_ms: int,
        hold_ms: int,
        owner: SlotOwner | None = None,
        at_most_ms: int | None = None,
    ) -> SlotTaken | SlotWait | BreakerOpen:
        """Whether the next request to the host may start now.

        `owner` is the lease that asks: it may be the probe, and its slot is its own; what it holds it
        is given again. at_most_ms: for how long it will wait if it has to; while it does, no claim
        takes the slot before it.
        """
        token, job_id, number = owner or ("", "", 0)
        most = "" if at_most_ms is None else at_most_ms
        arguments = ["take", host, gap_ms, hold_ms, token, job_id, most, number]
        answer, *ms = self._scripts.run("slot", arguments)
        if answer == "taken":
            return SlotTaken()
        return SlotWait(int(ms[0])) if answer == "wait" else BreakerOpen(int(ms[0]))

    def end_slot(self, host: str, owner: SlotOwner | None = None, *, used: bool = True) -> None:
        """The answer began: the gap to the next request runs from here.

        Not `used`: no request was made, and the slot is free at once. If another slot is held by now,
        because this one was silent for too long, nothing changes; None ends anybody's.
        """
        token, _, number = owner or ("", "", 0)
        self._scripts.run("slot", ["end", host, int(used), token, number])

    def leave(self, owner: SlotOwner) -> None:
        """The host of a lease has answered, and its job waits for something else: another may have its place."""
        self._scripts.run("answered", [owner.job_id, owner.token])

    def set_robots_known(self, host: str, crawl_delay_ms: int, ttl_ms: int) -> None:
        """The host's robots.txt is known, with this Crawl-delay (0: none)."""
        self._scripts.run("slot", ["robots", host, crawl_delay_ms, ttl_ms])

    def put_back_crawl_delays(self, crawl_delays_ms: Mapping[str, int]) -> None:
        """Into a Redis that was emptied. Each robots.txt is read again: more than this is not known."""
        hosts = list(crawl_delays_ms)
        for start in range(0, len(hosts), CHUNK):
            pipe = self._redis.pipeline(transaction=False)
            for host in hosts[start : start + CHUNK]:
                pipe.hset(self._keys.host(host), "crawl_ms", crawl_delays_ms[host])
                pipe.pexpire(self._keys.host(host), DAY_MS)
            with translated(self._redis):
                pipe.execute()

    def robots(self, origin: str) -> str | None:
        """What was kept for an origin by `keep_robots`, until it expires."""
        with translated(self._redis):
            kept = self._redis.get(self._keys.robots(origin))
        return None if kept is None else str(kept)

    def keep_robots(self, origin: str, text: str, ttl_s: float) -> None:
        """Keep an origin's robots.txt for every worker; a full Redis keeps none."""
        with suppress(RedisFull), translated(self._redis):
            self._redis.set(self._keys.robots(origin), text, px=max(1, int(ttl_s * 1000)))
