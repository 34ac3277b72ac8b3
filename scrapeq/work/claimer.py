"""Claims jobs while the process is woken: how many, when, and when to rest."""

from __future__ import annotations

import asyncio
import logging
import math
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from scrapeq.errors import ScrapeqError
from scrapeq.frontier import Claim, Ending, Frontier, Lease, UnknownRedis
from scrapeq.models import Lane
from scrapeq.work.assignments import Assignment, Assignments
from scrapeq.work.attempt import Outcome
from scrapeq.work.browser_lane import BrowserLane
from scrapeq.work.held import Held
from scrapeq.work.notices import Notices
from scrapeq.work.saver import Saver
from scrapeq.work.waiting import AGAIN_S, STORES_AWAY, Call

log = logging.getLogger(__name__)

#: Seconds of a lease until its first renewal: an answer to a claim that is lost on the way holds up
#: its hosts no longer.
FIRST_LEASE_S = 4.0
#: Seconds between two looks at a frontier with nothing due.
LOOK_S = 0.25
#: With nothing due for longer than this, the claimer rests until it is woken.
FAR_MS = 5_000


class Claimer:
    """Keeps the window full of jobs until `stop()`; works only while it is allowed to."""

    def __init__(
        self,
        name: str,
        frontier: Frontier,
        *,
        call: Call,
        lease_ms: int,
        held: Held,
        saver: Saver,
        assignments: Assignments,
        browser: BrowserLane,
        browser_only: bool,
        notices: Notices,
    ) -> None:
        #: Set while nothing is due, or nothing more may be claimed.
        self.idle = threading.Event()
        self._name = name
        self._frontier = frontier
        self._call = call
        self._first_lease_ms = min(lease_ms, round(FIRST_LEASE_S * 1000))
        self._held = held
        self._saver = saver
        self._assignments = assignments
        self._browser = browser
        self._browser_only = browser_only
        self._notices = notices
        self._allowed_until_s = math.inf if browser_only else 0.0
        self._any_suspects = False
        self._wanted = asyncio.Event()
        self._halt = asyncio.Event()

    def allow(self, until_s: float) -> None:
        """Claim until then, by the monotonic clock."""
        self._allowed_until_s = max(self._allowed_until_s, until_s)
        self._wanted.set()
        self._saver.stop_waiting()

    def stop(self) -> None:
        """Claim nothing more; `run` ends after a claim that is under way."""
        self._halt.set()
        self._wanted.set()
        self._held.stop()
        self._saver.stop_waiting()

    async def run(self, begin: Callable[[Assignment], None]) -> None:
        """Claim and begin jobs until `stop()`."""
        while not self._halt.is_set():
            if time.monotonic() >= self._allowed_until_s:
                await self._rest()
                continue
            for lease in self._held.late():
                self._saver.give_back(lease)
            if self._saver.is_behind or not self._count:
                await self._held.changed(LOOK_S)
                continue
            await self._held.room()
            if self._halt.is_set():
                break
            self._wanted.clear()
            try:
                claim = await self._claim(begin)
            except UnknownRedis:
                await asyncio.sleep(LOOK_S)  # housekeeping puts back what is open
                continue
            except STORES_AWAY as error:
                log.warning("nothing can be claimed: %s", error)
                await asyncio.sleep(AGAIN_S)
                continue
            if claim.leases:
                self._notices.ignore()
            else:
                await self._nothing_due(claim.next_ms)

    async def _rest(self) -> None:
        self.idle.set()
        self._wanted.clear()
        await self._wanted.wait()
        self.idle.clear()

    @property
    def _count(self) -> int:
        """Jobs to claim. A suspect has to begin at once: what ends the worker while it waits is not its fault."""
        return self._held.free if self._any_suspects else self._held.wanted

    async def _claim(self, begin: Callable[[Assignment], None]) -> Claim:
        """Claim in each lane that has room here: the browser's first, which has little."""
        rendered = Claim((), None, 0)
        if count := min(self._browser.wanted(), self._held.free):
            rendered = await self._claim_in(Lane.BROWSER, count, begin)
            self._browser.found(len(rendered.leases))
        if self._browser_only:  # nobody wakes it
            return replace(rendered, next_ms=round(1000 * LOOK_S))
        fetched = await self._claim_in(Lane.HTTP, max(1, self._count), begin)
        self._any_suspects = fetched.suspects > 0
        times = [one.next_ms for one in (rendered, fetched) if one.next_ms is not None]
        return Claim(
            rendered.leases + fetched.leases,
            min(times, default=None),
            rendered.suspects + fetched.suspects,
        )

    async def _claim_in(self, lane: Lane, count: int, begin: Callable[[Assignment], None]) -> Claim:
        until_s = time.monotonic() + self._first_lease_ms / 1000
        claim: Claim = await self._call(
            self._frontier.jobs.claim,
            self._name,
            count,
            self._first_lease_ms,
            alone=not self._held,
            lanes=(lane,),
        )
        if claim.leases:
            self._held.take(claim.leases, until_s)
            await self._begin(list(claim.leases), begin, lane)
        return claim

    async def _begin(
        self, leases: list[Lease], begin: Callable[[Assignment], None], lane: Lane
    ) -> None:
        """Start work on what was claimed; end at once what the record says is final.

        While the record or the link to Redis is slow, leases end, and are not ours any more.
        """
        try:
            to_try, done = await self._assignments.of(leases)
        except ScrapeqError:
            for lease in leases:
                self._saver.give_back(lease)
            raise
        for lease in done:
            self._saver.keep(Outcome(Ending(lease.job_id, lease.token, "done")))
        for assignment in to_try:
            one = assignment if lane is Lane.HTTP else replace(assignment, lane=lane)
            self._held.begin_soon(one.lease, partial(self._begin_one, one, begin))

    def _begin_one(self, one: Assignment, begin: Callable[[Assignment], None]) -> None:
        if self._held.may_begin(one.lease):
            begin(one)
        else:
            self._saver.give_back(one.lease)

    async def _nothing_due(self, next_ms: int | None) -> None:
        """Rest until woken, or look again when something is due; what is saved may free its host."""
        self._notices.listen()
        if self._wanted.is_set():  # somebody called while there was nothing yet
            return
        if (next_ms is None or next_ms > FAR_MS) and not self._held:
            self._allowed_until_s = 0.0
            return
        await self._saver.saved(min(LOOK_S, (next_ms or 1_000) / 1000))
