"""Writes the results of jobs: to the record first, then to Redis. So nothing is lost."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple

import sqlalchemy as sa

from scrapeq import database
from scrapeq.database.new_job import NewJob
from scrapeq.frontier import Ending, Frontier, HostEvent, Lease
from scrapeq.project import tracing
from scrapeq.work.attempt import Outcome, unwritable
from scrapeq.work.held import Held
from scrapeq.work.waiting import AGAIN_S, STORES_AWAY, Call, within

log = logging.getLogger(__name__)

#: Results in one transaction (256 cost half as much each as 64), and seconds that the first of
#: them waits for company while other pages are under way.
SAVE_COUNT, SAVE_AFTER_S = 256, 0.25
#: Windows of results that may wait to be written before nothing more is claimed: while the disk is
#: full or the database locked, what is held in memory stays bounded.
MOST_UNSAVED = 4

#: Puts jobs that results appended into Redis, by batch.
Feed = Callable[[Mapping[str, Sequence[NewJob]]], None]


class Saver:
    """Takes outcomes from tries on the loop, and writes many in one transaction."""

    def __init__(
        self,
        engine: sa.Engine,
        frontier: Frontier,
        *,
        call: Call,
        held: Held,
        window: int,
        feed: Feed,
    ) -> None:
        self._engine = engine
        self._frontier = frontier
        self._call = call
        self._held = held
        self._feed = feed
        self._most_unsaved = MOST_UNSAVED * window
        self._unsaved: list[Outcome] = []
        self._urgent = False  # a host asked to be left alone: others are to know it at once
        self._unrecorded: list[HostEvent] = []
        self._any = asyncio.Event()
        self._enough = asyncio.Event()
        self._saved = asyncio.Event()

    @property
    def is_behind(self) -> bool:
        """Whether so much waits to be written that nothing more should be begun."""
        return len(self._unsaved) > self._most_unsaved

    def keep(self, outcome: Outcome) -> None:
        """Write it soon; its lease is renewed until that is done."""
        self._unsaved.append(outcome)
        self._any.set()
        self._urgent |= outcome.ending.verdict == "limited"
        if self._urgent or len(self._unsaved) >= SAVE_COUNT or not self._held.is_trying:
            self._enough.set()

    def give_back(self, lease: Lease) -> None:
        """Let others have the job, untried."""
        self.keep(Outcome(Ending(lease.job_id, lease.token, "release")))

    async def saved(self, most_s: float) -> None:
        """Wait until something was written, or for so long."""
        self._saved.clear()
        await within(self._saved.wait(), most_s)

    def stop_waiting(self) -> None:
        """Wake whoever waits in `saved`."""
        self._saved.set()

    async def run(self) -> None:
        """Write for ever."""
        while True:
            await self._any.wait()
            if not self._urgent and len(self._unsaved) < SAVE_COUNT and self._held.is_trying:
                self._enough.clear()
                await within(self._enough.wait(), SAVE_AFTER_S)
            try:
                await self._save()
            except STORES_AWAY as error:
                log.warning("%d results wait to be written: %s", len(self._unsaved), error)
                await asyncio.sleep(AGAIN_S)

    async def finish(self) -> None:
        """Write all that waits, and give back every job that is still held.

        Raises what the stores raise: leases then end by themselves.
        """
        while self._unsaved:
            await self._save()
        left = [Ending(one.job_id, one.token, "release") for one in self._held.leases]
        await self._call(self._frontier.jobs.finish, left)

    async def _save(self) -> None:
        """Write what waits. Nothing is forgotten if it fails."""
        self._any.clear()
        self._urgent = False
        batch = self._unsaved[:SAVE_COUNT]
        try:
            results = [outcome.result for outcome in batch if outcome.result is not None]
            if results:
                await self._write(results)
            endings = [outcome.ending for outcome in batch]
            if moved := {one.job_id: one.lane for one in endings if one.verb == "move"}:
                await self._call(database.jobs.set_lanes, self._engine, moved)
            _, events = await self._call(self._frontier.jobs.finish, endings)
            self._unrecorded += events
        except BaseException:
            self._any.set()
            raise
        del self._unsaved[: len(batch)]
        if self._unsaved:
            self._any.set()
        self._held.end(endings)
        self._saved.set()
        await self._record_events()

    async def _record_events(self) -> None:
        """Write the events of breakers to the record; what it refuses now is written the next time."""
        count = len(self._unrecorded)
        if not count:
            return
        rows = [astuple(event) for event in self._unrecorded]
        await self._call(database.history.record_host_events, self._engine, rows)
        del self._unrecorded[:count]

    async def _write(self, results: list[database.Result]) -> None:
        """Write results; one that the record refuses is written as a failure, beside the others.

        Jobs that they append are put into Redis. If Redis is away then, recovery does it later: the
        record drops what it is given a second time.
        """
        save, began_ns = database.results.save_results, time.time_ns()
        saved = []
        try:
            saved.append(await self._call(save, self._engine, results))
        except STORES_AWAY:
            raise
        except Exception:  # the rim: an unexpected value must not end the worker
            log.exception("the record refuses one of %d results", len(results))
            for result in results:
                try:
                    saved.append(await self._call(save, self._engine, [result]))
                except STORES_AWAY:
                    raise
                except Exception:
                    saved.append(await self._call(save, self._engine, [unwritable(result)]))
        if tracing.is_on():
            ended_ns = time.time_ns()
            for page in (result.page for result in results):
                tracing.finished_span("save", page.batch_id, began_ns, ended_ns, job=page.job_id)
        for one in saved:
            if one.appended:
                await self._call(self._feed, one.appended)
