"""A worker process's loop: claim, fetch, read, write, and claim again; the parts meet here.

One asyncio loop in a thread of its own keeps a rolling window of jobs. Celery's task only wakes it
(`drain`), so that a task's end never waits for the slowest page, and a page never for a task.

    Celery task ─drain()─► Claimer ──begins──► tries, one task each ──outcomes──► Saver
                            │  ▲ ▲              (attempt: fetch, stages)           │ │ │
             claims (Redis) ┘  │ └── waits until Held wants jobs ◄──── ends ───────┘ │ │
                               └──── waits while the Saver is behind ◄───────────────┘ │
    Renewer ──stops tries whose lease is gone── Held                record, then Redis ┘

The order at the end keeps results safe: a result is on the disk before its lease ends.

Two task groups, one in the other: the tries and the claimer end first, while the renewer and the
saver still keep their leases and write their results. A part that ends unexpectedly takes its
group with it, and the process: a worker that looks alive and does nothing would hold its leases.
"""

from __future__ import annotations

import asyncio
import logging
import math
import os
import socket
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial

from scrapeq.errors import ScrapeqError
from scrapeq.fetch import Observer, PoliteFetcher
from scrapeq.frontier import RENDERS_ONLY
from scrapeq.project import recovery, tracing
from scrapeq.project.services import Services
from scrapeq.work.ai_stage import AIStage
from scrapeq.work.assignments import Assignment, Assignments
from scrapeq.work.attempt import Outcome, attempt, elsewhere
from scrapeq.work.browser_lane import BrowserLane
from scrapeq.work.browser_presence import BrowserPresence
from scrapeq.work.claimer import Claimer
from scrapeq.work.ended_workers import this_process
from scrapeq.work.fetchers import open_fetchers, open_renderer
from scrapeq.work.held import Held
from scrapeq.work.log_lines import about, log_try
from scrapeq.work.notices import Notices
from scrapeq.work.readers import Readers
from scrapeq.work.rendering import Rendering
from scrapeq.work.renewer import Renewer
from scrapeq.work.saver import Saver
from scrapeq.work.stages import USUAL, Stage, Stages
from scrapeq.work.throttle import SharedRobots, SharedThrottle
from scrapeq.work.waiting import AGAIN_S, StoreThreads

log = logging.getLogger(__name__)

#: Seconds that a worker, when it has to stop, gives to its open fetches: so a page of a second that was
#: just begun is not fetched again. What it gives back then runs within the 2 s that are promised.
GRACE_S = 1.5


class WorkLoop:
    """The loop of one worker process. Start it once, after the process was forked.

    renders_only: it takes jobs of the browser's lane alone, without being woken. takes_notices: it works
    whenever jobs are due, and not only while a Celery task drains it.
    """

    def __init__(
        self,
        services: Services,
        *,
        observers: Sequence[Observer] = (),
        stages: Sequence[Stage] = USUAL,
        renders_only: bool = False,
        takes_notices: bool = True,
    ) -> None:
        self.services = services
        self.name = f"{RENDERS_ONLY * renders_only}{socket.gethostname()}:{os.getpid()}"
        settings, frontier, engine = services.settings, services.frontier, services.engine
        lease_ms = round(settings.lease_s * 1000)
        cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
        self._call = call = StoreThreads()
        self._readers = Readers(max(1, cpus // settings.workers))
        self._stages = Stages(self._readers, stages, last=(AIStage(services),))
        renderer = open_renderer(settings)
        self._fetcher = PoliteFetcher(
            fetchers=open_fetchers(settings, observers),
            throttle=SharedThrottle(frontier, engine, call, lease_ms),
            robots=SharedRobots(frontier, call),
            renderer=renderer,
        )
        self._rendering = Rendering(self._fetcher, self._stages)
        self._presence = BrowserPresence(self.name, self._rendering, frontier, call)
        self._held = held = Held(settings.window)
        self._notices = Notices(frontier, self._is_noticed)
        self._takes_notices = takes_notices and not renders_only
        self._saver = Saver(
            engine,
            frontier,
            call=call,
            held=held,
            window=settings.window,
            feed=partial(recovery.feed_appended, services),
        )
        self._renewer = Renewer(
            self.name,
            frontier,
            call=StoreThreads(1),  # its own: the others may all wait for a record that is locked
            lease_ms=lease_ms,
            held=held,
            process=this_process(),
        )
        self._claimer = Claimer(
            self.name,
            frontier,
            call=call,
            lease_ms=lease_ms,
            held=held,
            saver=self._saver,
            assignments=Assignments(
                engine, call, keeps_pages=services.settings.stored_pages_mb > 0
            ),
            browser=BrowserLane(self._rendering),
            browser_only=renders_only,
            notices=self._notices,
        )
        self._halt = asyncio.Event()
        self._loop = asyncio.new_event_loop()
        self._started, self._ended = threading.Event(), threading.Event()
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
        self._claimer.idle.clear()
        if self._ended.is_set():  # nobody would say any more that nothing is due
            return
        self._soon(self._claimer.allow, time.monotonic() + budget_s)
        self._claimer.idle.wait(budget_s)

    def _is_noticed(self) -> None:
        """Work until nothing is due."""
        self._soon(self._claimer.allow, math.inf)

    def stop(self, timeout_s: float = 4.0) -> None:
        """Stop fetching, write what is read, give the other jobs back untried, and end."""
        self._soon(self._stop)
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def _soon(self, callback: Callable[..., None], *arguments: object) -> None:
        """Have the loop call it; a loop that has ended calls nothing any more."""
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(callback, *arguments)

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
            self._ended.set()
            self._claimer.idle.set()
            self._loop.close()

    def _stop(self) -> None:
        self._notices.stop()
        self._claimer.stop()
        self._halt.set()

    async def _main(self) -> None:
        self._started.set()
        if self._takes_notices:
            self._notices.start()
        await self._readers.start(1)  # the only worker on many CPUs may never need a second
        await self._presence.tell()  # before the first claim: whether another has a browser
        async with asyncio.TaskGroup() as keeping:
            saving = keeping.create_task(self._saver.run())
            renewing = keeping.create_task(self._renewer.run())
            telling = keeping.create_task(self._presence.run())
            await self._try_jobs()
            saving.cancel()
            renewing.cancel()
            telling.cancel()
        try:
            await self._saver.finish()
            await self._call(self.services.frontier.coordination.forget_worker, self.name)
            await self._call(self.services.frontier.processes.forget, self.name)
            await self._call(self.services.frontier.browsers.forget, self.name)
        except ScrapeqError as error:
            log.warning("leases are left to end by themselves: %s", error)
        await self._fetcher.close()
        await self._readers.close()

    async def _try_jobs(self) -> None:
        """Claim and try jobs until `stop`; returns when no try is under way."""
        async with asyncio.TaskGroup() as trying:

            def begin(assignment: Assignment) -> None:
                task = trying.create_task(self._try(assignment))
                self._held.begin(assignment.lease, task)

            claiming = trying.create_task(self._claimer.run(begin))
            await self._halt.wait()
            # Wait for a claim under way: otherwise its jobs would lie until their leases end.
            await asyncio.wait({claiming}, timeout=2 * AGAIN_S)
            claiming.cancel()
            # What is about to end may: less is fetched a second time.
            await self._held.let_end(GRACE_S)

    async def _try(self, one: Assignment) -> None:
        try:
            config, token = one.plan.config, one.lease.token
            with self._rendering.place(token, one.work.href, config, one.lane) as is_here:
                outcome = await self._attempt(one) if is_here else elsewhere(one.lease)
        except asyncio.CancelledError:
            self._held.tried(one.lease)
            if one.lease.job_id in self._held:  # else the lease is no longer ours
                self._saver.give_back(one.lease)
            raise
        self._held.tried(one.lease)
        self._saver.keep(outcome)

    async def _attempt(self, one: Assignment) -> Outcome:
        work = one.work
        job, host, tries = work.job_id, work.host, one.lease.tries
        with (
            about(batch=work.batch_id, job=job, host=host),
            tracing.span("try", work.batch_id, job=job, host=host, tries=tries) as span,
        ):
            outcome = await attempt(
                one.lease,
                work,
                one.plan,
                one.stored,
                self._fetcher,
                self._rendering,
                one.lane,
                on_fetched=partial(self._held.fetched, one.lease),
            )
            log_try(outcome)
            if outcome.ending.error_kind:
                tracing.failed(span, outcome.ending.error_kind)
        return outcome
