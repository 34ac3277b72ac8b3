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
import random
import socket
import threading
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from scrapeq import database, urls
from scrapeq.database.jobs import Work
from scrapeq.errors import DatabaseUnavailable, RedisUnavailable, ScrapeqError
from scrapeq.fetch import Response, Visitor, retry_wait_s
from scrapeq.models import Batch, Content, ErrorKind, Failure, Page, ScrapingConfig
from scrapeq.pipeline.gate import SharedGate, SharedRobots
from scrapeq.pipeline.reading import Readers
from scrapeq.pipeline.services import Services
from scrapeq.store import Ending, Lease, UnknownRedis

log = logging.getLogger(__name__)
T = TypeVar("T")

#: Silent leases after which a job counts as the one that ends its workers.
MOST_LOST = 3
#: Results in one transaction, and how long the first of them waits for company.
SAVE_COUNT, SAVE_AFTER_S = 64, 0.1
#: Seconds between two renewals: a cancelled job stops within two of them.
RENEW_S = 1.0
#: Seconds between two looks at a frontier with nothing due.
LOOK_S = 0.25
#: With nothing due for longer than this, the loop rests until it is woken.
FAR_MS = 5_000
#: Seconds until a dead Redis or a locked database is tried again.
AGAIN_S = 1.0
#: A window is topped up when this share of it is free: fewer, larger claims.
TOP_UP_SHARE = 8


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
        self._lease_ms = round(services.settings.lease_s * 1000)
        self._running: dict[str, Running] = {}
        self._unsaved: list[tuple[Lease, database.Result | Ending]] = []
        self._suspect = ""  # the job that runs alone now, if one does
        self._batches: dict[str, Batch] = {}
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
        self._result = asyncio.Event()
        self._halt = asyncio.Event()
        settings = self.services.settings
        frontier = self.services.frontier
        cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
        self._readers = Readers(max(1, cpus // settings.workers))
        self._visitor = Visitor(
            gate=SharedGate(frontier, self._call, self._lease_ms),
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
        claiming.cancel()
        working = [running.task for running in self._running.values() if running.task]
        for task in working:
            task.cancel()
        await asyncio.gather(claiming, *working, return_exceptions=True)
        saving.cancel()
        renewing.cancel()
        await asyncio.gather(saving, renewing, return_exceptions=True)
        try:
            await self._save()
            await self._call(
                self.services.frontier.finish,
                [
                    Ending(running.lease.job_id, running.lease.token, "release")
                    for running in self._running.values()
                ],
            )
            await self._call(self.services.frontier.forget_worker, self.name)
        except ScrapeqError as error:
            log.warning("leases are left to end by themselves: %s", error)
        await self._visitor.close()
        await self._readers.close()

    def _allow(self, until: float) -> None:
        self._claim_until = max(self._claim_until, until)
        self._wanted.set()

    def _stop(self) -> None:
        self._stopping = True
        self._halt.set()

    async def _call(self, function: Callable[..., T], *arguments: Any, **named: Any) -> T:
        """A blocking call of a store, in a thread."""
        return await self._loop.run_in_executor(
            self._threads, lambda: function(*arguments, **named)
        )

    # -- claiming ----------------------------------------------------------------------------

    async def _claim_forever(self) -> None:
        alone = False
        while True:
            if time.monotonic() >= self._claim_until:
                self._idle.set()
                self._wanted.clear()
                await self._wanted.wait()
            free = self._window - len(self._running)
            quarantined = self._suspect in self._running or (alone and self._running)
            if quarantined or free < max(1, self._window // TOP_UP_SHARE):
                self._slot.clear()
                await _within(self._slot.wait(), LOOK_S)
                continue
            try:
                claim = await self._call(
                    self.services.frontier.claim, self.name, free, self._lease_ms, alone=alone
                )
                await self._begin(list(claim.leases))
            except UnknownRedis:
                await asyncio.sleep(LOOK_S)  # housekeeping puts back what is open
                continue
            except (RedisUnavailable, DatabaseUnavailable) as error:
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
                await asyncio.sleep(min(LOOK_S, (claim.next_ms or 1_000) / 1000))

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
            for batch_id in {work.batch_id for work in works.values()} - set(self._batches):
                batch = await self._call(
                    database.batches.find_batch, self.services.engine, batch_id
                )
                if batch is not None:
                    self._remember(batch)
        except ScrapeqError:
            for lease in leases:
                self._give_back(lease)
            raise
        for lease in leases:
            work = works.get(lease.job_id)
            batch = self._batches.get(work.batch_id) if work else None
            if work is None or batch is None or work.done:
                self._keep(lease, Ending(lease.job_id, lease.token, "done"))
                continue
            task = asyncio.create_task(self._work(lease, work, batch.config))
            self._running[lease.job_id].task = task

    def _remember(self, batch: Batch) -> None:
        if len(self._batches) > 10_000:
            self._batches.clear()
        self._batches[batch.id] = batch

    # -- one job -----------------------------------------------------------------------------

    async def _work(self, lease: Lease, work: Work, config: ScrapingConfig) -> None:
        started_ms = database.batches.now_ms()
        response: Response | None = None
        try:
            if lease.lost >= MOST_LOST:
                outcome: Content | Failure = Failure(
                    ErrorKind.WORKER_LOST, f"its worker ended {lease.lost} times while it ran"
                )
            else:
                visited = await self._visitor.visit(work.href, config)
                if isinstance(visited, Failure):
                    outcome = visited
                else:
                    response = visited
                    outcome = await self._readers.read(response, config.recipe)
        except asyncio.CancelledError:
            if lease.job_id in self._running:
                self._give_back(lease)
            raise
        except Exception as error:
            log.exception("job %s", lease.job_id)
            outcome = Failure(
                ErrorKind.PROTOCOL,
                f"scrapeq failed on this page ({type(error).__name__}); its log says more",
                retryable=False,
            )
        if isinstance(outcome, Failure):
            tries = lease.tries - lease.lost
            wait_s = retry_wait_s(outcome, tries, config, random.random())
            if wait_s is not None:
                why = f"{outcome.kind}: {outcome.message}"
                wait_ms = round(wait_s * 1000)
                self._keep(lease, Ending(lease.job_id, lease.token, "retry", wait_ms, why))
                return
        result = database.Result(
            page=_page(work, lease, outcome, response),
            token=lease.token,
            url_key=urls.duplicate_key(work.href),
            recipe=config.recipe.digest,
            started_ms=started_ms,
            html=response.body if response is not None and config.store_html else None,
            content_type=response.content_type if response is not None else "",
        )
        self._keep(lease, result)

    def _keep(self, lease: Lease, outcome: database.Result | Ending) -> None:
        """Leave what became of a job to the saver; its lease is renewed until that is done."""
        self._unsaved.append((lease, outcome))
        self._result.set()

    def _give_back(self, lease: Lease) -> None:
        self._keep(lease, Ending(lease.job_id, lease.token, "release"))

    # -- saving ------------------------------------------------------------------------------

    async def _save_forever(self) -> None:
        while True:
            await self._result.wait()
            if len(self._unsaved) < SAVE_COUNT:
                await asyncio.sleep(SAVE_AFTER_S)
            try:
                await self._save()
            except (RedisUnavailable, DatabaseUnavailable) as error:
                log.warning("%d results wait to be written: %s", len(self._unsaved), error)
                await asyncio.sleep(AGAIN_S)

    async def _save(self) -> None:
        """Write what waits: to the record first, then to Redis. Nothing is forgotten if it fails."""
        self._result.clear()
        batch = self._unsaved[: 4 * SAVE_COUNT]
        try:
            results = [outcome for _, outcome in batch if isinstance(outcome, database.Result)]
            if results:
                await self._call(database.results.save_results, self.services.engine, results)
            await self._call(
                self.services.frontier.finish,
                [
                    outcome
                    if isinstance(outcome, Ending)
                    else Ending(lease.job_id, lease.token, "done")
                    for lease, outcome in batch
                ],
            )
        except BaseException:
            self._result.set()
            raise
        del self._unsaved[: len(batch)]
        if self._unsaved:
            self._result.set()
        for lease, _ in batch:
            running = self._running.get(lease.job_id)
            if running is not None and running.lease.token == lease.token:
                del self._running[lease.job_id]
        self._slot.set()

    async def _renew_forever(self) -> None:
        while True:
            held = [(job_id, running.lease.token) for job_id, running in self._running.items()]
            try:
                gone = await self._call(
                    self.services.frontier.renew, self.name, self._lease_ms, held
                )
            except RedisUnavailable:
                gone = set()  # the leases may end; whoever takes a job over has a newer token
            for job_id in gone:
                running = self._running.pop(job_id, None)
                if running is not None and running.task is not None:
                    running.task.cancel()
            if gone:
                self._slot.set()
            await asyncio.sleep(RENEW_S)


def _page(work: Work, lease: Lease, outcome: Content | Failure, response: Response | None) -> Page:
    """The result row of a job: what was read, or why nothing was."""
    common: dict[str, Any] = {
        "job_id": work.job_id,
        "batch_id": work.batch_id,
        "row": work.row,
        "url": work.url,
        "attempts": lease.tries,
        "fetched_at": response.fetched_at if response else datetime.now(UTC),
        "elapsed_s": response.elapsed_s if response else None,
        "final_url": response.final_url if response else None,
        "http_status": response.http_status if response else None,
        "body_bytes": len(response.body) if response else None,
    }
    if isinstance(outcome, Failure):
        if response is None:
            common |= {
                "final_url": outcome.final_url,
                "http_status": outcome.http_status,
                "elapsed_s": outcome.elapsed_s,
            }
        return Page(
            ok=False, error_kind=outcome.kind, error_message=outcome.message[:1000], **common
        )
    return Page(
        ok=True,
        title=outcome.title,
        text=outcome.text,
        markdown=outcome.markdown,
        language=outcome.language,
        author=outcome.author,
        published_at=outcome.published_at,
        fields=outcome.fields,
        links=outcome.links,
        images=outcome.images,
        metadata=outcome.metadata,
        sources=outcome.sources,
        changes=outcome.changes,
        **common,
    )


async def _within(waiting: Coroutine[Any, Any, Any], seconds: float) -> None:
    try:
        await asyncio.wait_for(waiting, seconds)
    except TimeoutError:
        return
