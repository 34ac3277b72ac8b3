"""A worker process's loop: claim, fetch, read, write, and claim again; here the worlds meet.

One asyncio loop in a thread of its own keeps a rolling window of jobs. Celery's task only wakes it
(`drain`), so that a task's end never waits for the slowest page, and a page never for a task.

    claim ─► visit (fetch) ─► read (extract, clean) ─► save (database) ─► finish (Redis)

The order at the end is what nothing is lost by: a result is on the disk before its lease ends.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import astuple, dataclass
from functools import partial
from typing import Any, TypeVar

from scrapeq import database, urls
from scrapeq.clock import now_ms
from scrapeq.database.jobs import Work
from scrapeq.errors import DatabaseUnavailable, RedisFull, RedisUnavailable, ScrapeqError
from scrapeq.fetch import PoliteFetcher, Response
from scrapeq.frontier import Ending, HostEvent, Lease, UnknownRedis
from scrapeq.project.services import Services
from scrapeq.work.attempt import Outcome, Plan, attempt, unwritable
from scrapeq.work.readers import Readers
from scrapeq.work.throttle import SharedRobots, SharedThrottle

log = logging.getLogger(__name__)
T = TypeVar("T")

#: What passes by itself, or by somebody's hand: work waits for it.
STORES_AWAY = (RedisUnavailable, RedisFull, DatabaseUnavailable)
#: Results in one transaction (256 cost half as much each as 64), and seconds that the first of
#: them waits for company while other pages are under way.
SAVE_COUNT, SAVE_AFTER_S = 256, 0.25
#: Seconds between two renewals: a cancelled job stops within two of them.
RENEW_S = 1.0
#: Seconds of a lease until its first renewal: an answer to a claim that is lost on the way holds up
#: its hosts no longer.
FIRST_LEASE_S = 4.0
#: Seconds between two looks at a frontier with nothing due.
LOOK_S = 0.25
#: With nothing due for longer than this, the loop rests until it is woken.
FAR_MS = 5_000
#: Seconds until a dead Redis or a locked database is tried again.
AGAIN_S = 1.0
#: Seconds that a worker which is told to stop gives to the fetches that it has open.
GRACE_S = 1.0
#: Windows of results that may wait to be written before nothing more is claimed: while the disk is
#: full or the database locked, what is held in memory stays bounded.
MOST_UNSAVED = 4
#: Batches whose plan is remembered; single jobs are batches too.
MOST_PLANS = 10_000
#: A window is topped up when this share of it is free, or after so many seconds: fewer, larger
#: claims while pages keep the loop busy, and no slot that stays empty for long while it waits.
TOP_UP_SHARE, TOP_UP_AFTER_S = 4, 0.02


@dataclass(slots=True)
class Running:
    """A job that this process works on, until its lease has ended."""

    lease: Lease
    task: asyncio.Task[None] | None = None


class WorkLoop:
    """The loop of one worker process. Start it once, after the process was forked."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.name = f"{socket.gethostname()}:{os.getpid()}"
        self._window = services.settings.window
        self._enough_free = max(1, self._window // TOP_UP_SHARE)
        self._lease_ms = round(services.settings.lease_s * 1000)
        self._running: dict[str, Running] = {}
        self._fetching = 0  # of the running jobs, those that are not only waiting to be saved
        self._unsaved: list[Outcome] = []
        self._urgent = False  # a host asked to be left alone: others are to know it at once
        self._unrecorded: list[HostEvent] = []
        self._suspect = ""  # the job that runs alone now, if one does
        self._plans: dict[str, Plan] = {}
        self._claim_until = 0.0
        self._stopping = False
        self._idle = threading.Event()
        self._threads = ThreadPoolExecutor(4, thread_name_prefix="scrapeq-store")
        self._loop = asyncio.new_event_loop()
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._run, name="scrapeq-loop", daemon=True)

    # -- from other threads ------------------------------------------------------------------

    def start(self) -> None:
        """Begin; returns when the loop runs."""
        self._thread.start()
        self._started.wait()

    def drain(self, budget_s: float) -> None:
        """Work on whatever is due until nothing is, or for `budget_s` seconds.

        What is being fetched then goes on behind it.
        """
        self._idle.clear()
        self._loop.call_soon_threadsafe(self._allow, time.monotonic() + budget_s)
        self._idle.wait(budget_s)

    def stop(self, timeout_s: float = 4.0) -> None:
        """Stop fetching, write what is read, give the other jobs back untried, and end."""
        if not self._thread.is_alive():
            return
        self._loop.call_soon_threadsafe(self._stop)
        self._thread.join(timeout_s)

    # -- the loop ----------------------------------------------------------------------------

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._main())
        except BaseException:
            log.exception("the work loop ended")
            os._exit(1)  # a worker that looks alive and does nothing would hold its leases
        finally:
            self._started.set()
            self._idle.set()

    async def _main(self) -> None:
        self._wanted = asyncio.Event()
        self._slot = asyncio.Event()
        self._room = asyncio.Event()
        self._result = asyncio.Event()
        self._enough = asyncio.Event()
        self._saved = asyncio.Event()
        self._halt = asyncio.Event()
        settings = self.services.settings
        frontier = self.services.frontier
        cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
        self._readers = Readers(max(1, cpus // settings.workers))
        self._fetcher = PoliteFetcher(
            throttle=SharedThrottle(frontier, self._call, self._lease_ms),
            robots=SharedRobots(frontier, self._call),
            allow_private_addresses=settings.allow_private_addresses,
            connect_to=settings.connect_to,
        )
        self._started.set()
        await self._readers.start()
        claiming = asyncio.create_task(self._claim_forever())
        renewing = asyncio.create_task(self._renew_forever())
        saving = asyncio.create_task(self._save_forever())
        halt = asyncio.create_task(self._halt.wait())
        await asyncio.wait({claiming, renewing, saving, halt}, return_when=asyncio.FIRST_COMPLETED)
        for task in (claiming, renewing, saving):
            if task.done():
                task.result()  # none of them ends by itself: say why
        await self._wind_up(claiming, saving, renewing)

    async def _wind_up(self, *forever: asyncio.Task[None]) -> None:
        claiming, saving, renewing = forever
        # A claim under way is waited for: what it gave would be nobody's until its leases end.
        await asyncio.wait({claiming}, timeout=2 * AGAIN_S)
        claiming.cancel()
        # What is about to end may: less is fetched a second time.
        working = [running.task for running in self._running.values() if running.task]
        if working:
            await asyncio.wait(working, timeout=GRACE_S)
        for task in working:
            task.cancel()
        await asyncio.gather(claiming, *working, return_exceptions=True)
        saving.cancel()
        renewing.cancel()
        await asyncio.gather(saving, renewing, return_exceptions=True)
        try:
            while self._unsaved:
                await self._save()
            await self._call(
                self.services.frontier.jobs.finish,
                [
                    Ending(running.lease.job_id, running.lease.token, "release")
                    for running in self._running.values()
                ],
            )
            await self._call(self.services.frontier.coordination.forget_worker, self.name)
        except ScrapeqError as error:
            log.warning("leases are left to end by themselves: %s", error)
        await self._fetcher.close()
        await self._readers.close()

    def _allow(self, until: float) -> None:
        self._claim_until = max(self._claim_until, until)
        self._wanted.set()

    def _stop(self) -> None:
        self._stopping = True
        for waited_for in (self._halt, self._wanted, self._slot, self._saved):
            waited_for.set()

    async def _call(self, function: Callable[..., T], *arguments: Any, **named: Any) -> T:
        """A blocking call of a store, in a thread."""
        return await self._loop.run_in_executor(
            self._threads, lambda: function(*arguments, **named)
        )

    # -- claiming ----------------------------------------------------------------------------

    @property
    def _free(self) -> int:
        """Fetches that may be begun."""
        return self._window - self._fetching

    async def _claim_forever(self) -> None:
        alone = False
        first_lease_ms = min(self._lease_ms, round(FIRST_LEASE_S * 1000))
        while not self._stopping:
            if time.monotonic() >= self._claim_until:
                self._idle.set()
                self._wanted.clear()
                await self._wanted.wait()
                continue
            quarantined = self._suspect in self._running or (alone and self._running)
            behind = len(self._unsaved) > MOST_UNSAVED * self._window
            if quarantined or behind or not self._free:
                self._slot.clear()
                await _within(self._slot.wait(), LOOK_S)
                continue
            if self._free < self._enough_free:
                self._room.clear()
                await _within(self._room.wait(), TOP_UP_AFTER_S)
            free = self._free
            try:
                claim = await self._call(
                    self.services.frontier.jobs.claim, self.name, free, first_lease_ms, alone=alone
                )
                await self._begin(list(claim.leases))
            except UnknownRedis:
                await asyncio.sleep(LOOK_S)  # housekeeping puts back what is open
                continue
            except STORES_AWAY as error:
                log.warning("nothing can be claimed: %s", error)
                await asyncio.sleep(AGAIN_S)
                continue
            # A job that lost its worker twice runs with nothing beside it: if it ends this
            # process too, its neighbours are not blamed.
            alone = claim.suspects > 0
            self._suspect = next((one.job_id for one in claim.leases if one.lost >= 2), "")
            if not claim.leases and not (alone and self._running):
                far = claim.next_ms is None or claim.next_ms > FAR_MS
                if far and not self._running:
                    self._claim_until = 0.0
                    continue
                self._saved.clear()  # what is saved may have freed its host
                await _within(self._saved.wait(), min(LOOK_S, (claim.next_ms or 1_000) / 1000))

    async def _begin(self, leases: list[Lease]) -> None:
        """Start work on what was claimed; end at once what the record says is final."""
        if not leases:
            return
        for lease in leases:
            self._running[lease.job_id] = Running(lease)
        try:
            works = await self._call(
                database.jobs.work_for, self.services.engine, [one.job_id for one in leases]
            )
            await self._learn_plans({work.batch_id for work in works.values()})
            stored = await self._stored(works)
        except ScrapeqError:
            for lease in leases:
                self._give_back(lease)
            raise
        for lease in leases:
            work = works.get(lease.job_id)
            plan = self._plans.get(work.batch_id) if work else None
            if work is None or plan is None or work.done:
                self._keep(Outcome(Ending(lease.job_id, lease.token, "done")))
                continue
            self._fetching += 1
            working = self._work(lease, work, plan, stored.get(lease.job_id))
            self._running[lease.job_id].task = asyncio.create_task(working)

    async def _learn_plans(self, batch_ids: set[str]) -> None:
        if len(self._plans) > MOST_PLANS:
            self._plans.clear()
        for batch_id in batch_ids - set(self._plans):
            batch = await self._call(database.batches.find_batch, self.services.engine, batch_id)
            if batch is not None:
                any_stored = await self._call(database.results.any_stored, self.services.engine)
                self._plans[batch_id] = Plan.of(batch, any_stored=any_stored)

    async def _stored(self, works: dict[str, Work]) -> dict[str, Response]:
        """The pages whose bytes were kept and are young enough, by the job that wants them.

        So a batch with other selectors is answered without a request (`store_html`).
        """
        found: dict[str, Response] = {}
        for batch_id in {work.batch_id for work in works.values()}:
            plan = self._plans.get(batch_id)
            if plan is None or plan.stored_for_s is None:
                continue
            keys = {
                work.job_id: urls.duplicate_key(work.href)
                for work in works.values()
                if work.batch_id == batch_id and not work.done
            }
            if keys:
                since_ms = now_ms() - int(plan.stored_for_s * 1000)
                kept = await self._call(
                    database.results.stored_bodies,
                    self.services.engine,
                    list(keys.values()),
                    since_ms,
                )
                found |= {
                    job_id: _response(kept[key]) for job_id, key in keys.items() if key in kept
                }
        return found

    # -- one job -----------------------------------------------------------------------------

    async def _work(self, lease: Lease, work: Work, plan: Plan, stored: Response | None) -> None:
        try:
            outcome = await attempt(lease, work, plan, stored, self._fetcher, self._readers)
        except asyncio.CancelledError:
            if lease.job_id in self._running:  # else it is nobody's of ours any more
                self._give_back(lease)
            raise
        finally:
            self._fetching -= 1
            self._slot.set()
            if self._free >= self._enough_free:
                self._room.set()
            if not self._fetching:
                self._enough.set()
        self._keep(outcome)

    def _keep(self, outcome: Outcome) -> None:
        """Leave what became of a job to the saver; its lease is renewed until that is done."""
        self._unsaved.append(outcome)
        self._result.set()
        self._urgent |= outcome.ending.verdict == "limited"
        if self._urgent or len(self._unsaved) >= SAVE_COUNT:
            self._enough.set()

    def _give_back(self, lease: Lease) -> None:
        self._keep(Outcome(Ending(lease.job_id, lease.token, "release")))

    # -- saving ------------------------------------------------------------------------------

    async def _save_forever(self) -> None:
        while True:
            await self._result.wait()
            if not self._urgent and len(self._unsaved) < SAVE_COUNT and self._fetching:
                self._enough.clear()
                await _within(self._enough.wait(), SAVE_AFTER_S)
            try:
                await self._save()
            except STORES_AWAY as error:
                log.warning("%d results wait to be written: %s", len(self._unsaved), error)
                await asyncio.sleep(AGAIN_S)

    async def _save(self) -> None:
        """Write what waits: to the record first, then to Redis. Nothing is forgotten if it fails."""
        self._result.clear()
        self._urgent = False
        batch = self._unsaved[:SAVE_COUNT]
        try:
            results = [outcome.result for outcome in batch if outcome.result is not None]
            if results:
                await self._write(results)
            endings = [outcome.ending for outcome in batch]
            if moved := {one.job_id: one.lane for one in endings if one.verb == "move"}:
                await self._call(database.jobs.set_lanes, self.services.engine, moved)
            _, events = await self._call(self.services.frontier.jobs.finish, endings)
            self._unrecorded += events
        except BaseException:
            self._result.set()
            raise
        del self._unsaved[: len(batch)]
        if self._unsaved:
            self._result.set()
        for ending in endings:
            running = self._running.get(ending.job_id)
            if running is not None and running.lease.token == ending.token:
                del self._running[ending.job_id]
        self._slot.set()
        self._saved.set()
        await self._record_events()

    async def _record_events(self) -> None:
        """Tell the record what became of breakers; what it does not take now is told the next time."""
        told = len(self._unrecorded)
        if not told:
            return
        rows = [astuple(event) for event in self._unrecorded]
        await self._call(database.history.record_host_events, self.services.engine, rows)
        del self._unrecorded[:told]

    async def _write(self, results: list[database.Result]) -> None:
        """Write results; one that the record refuses is written as a failure, beside the others."""
        write = partial(self._call, database.results.save_results, self.services.engine)
        try:
            await write(results)
        except STORES_AWAY:
            raise
        except Exception:  # the rim: a value that nobody thought of must not end the worker
            log.exception("the record refuses one of %d results", len(results))
            for result in results:
                try:
                    await write([result])
                except STORES_AWAY:
                    raise
                except Exception:
                    await write([unwritable(result)])

    async def _renew_forever(self) -> None:
        while True:
            held = [(job_id, running.lease.token) for job_id, running in self._running.items()]
            try:
                gone = await self._call(
                    self.services.frontier.jobs.renew, self.name, self._lease_ms, held
                )
            except (RedisUnavailable, RedisFull):
                gone = set()  # the leases may end; whoever takes a job over has a newer token
            for job_id in gone:
                running = self._running.pop(job_id, None)
                if running is not None and running.task is not None:
                    running.task.cancel()
            if gone:
                self._slot.set()
            await asyncio.sleep(RENEW_S)


def _response(kept: database.results.StoredBody) -> Response:
    """A stored page in the form of one that was just fetched."""
    return Response(
        url=kept.final_url,
        final_url=kept.final_url,
        http_status=kept.http_status,
        headers=(),
        content_type=kept.content_type,
        body=kept.body,
        redirects=(),
        fetched_at=kept.fetched_at,
        elapsed_s=0.0,
    )


async def _within(waiting: Coroutine[Any, Any, Any], seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):  # wait_for would make a task of it
            await waiting
