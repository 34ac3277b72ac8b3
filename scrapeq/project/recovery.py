"""Putting into Redis what the record says is open: after a submission, and after Redis lost it.

Everything in Redis can be rebuilt. Adding a job that is known changes nothing, and a job that was
finished meanwhile is dropped by the worker that claims it, so it never matters how often or by
how many this is done; a lock only keeps them from doing it side by side.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain, islice
from typing import TYPE_CHECKING

from scrapeq import database
from scrapeq.clock import now_ms
from scrapeq.models import Batch, BatchState, Job, Lane
from scrapeq.project.additions import additions
from scrapeq.project.services import Services, check_namespace

if TYPE_CHECKING:
    from scrapeq.database.jobs import OpenJob
    from scrapeq.database.new_job import NewJob

log = logging.getLogger(__name__)

_LOCK_S = 30
#: Milliseconds that a submitter has to put its own batch into Redis before others help.
_SUBMITTER_MS = 10_000
#: Milliseconds in which a lease that outlived a restart of Redis must be renewed, which its worker
#: does each second.
_RENEW_WITHIN_MS = 3_000
#: Rows of small batches that are put back in one go.
ROWS_TOGETHER = 1_000


def feed(services: Services, batch: Batch) -> int:
    """Make the open jobs of a batch due, say so in the record, and wake workers; how many new."""
    added = 0
    epoch = database.history.known_redis(services.engine).epoch
    if batch.state is BatchState.PAUSED:
        services.frontier.jobs.stop_batch(batch.id, "paused")

    def add(jobs: Sequence[OpenJob]) -> int:
        return services.frontier.jobs.add_many(additions(batch.id, batch.config, jobs))

    pieces = database.jobs.all_open_jobs(services.engine, batch.id)
    for count in chain(map(add, islice(pieces, 1)), _beside(add, pieces)):
        added += count
        services.ring(added)
    database.batches.set_enqueued(services.engine, [batch.id], epoch)
    return added


def _beside(add: Callable[[list[OpenJob]], int], pieces: Iterable[list[OpenJob]]) -> Iterator[int]:
    """What `add` gives for each piece, in a thread: so Redis takes one while the next is read."""
    with ThreadPoolExecutor(1, thread_name_prefix="scrapeq-feeding") as thread:
        under_way: Future[int] | None = None
        for piece in pieces:
            began = thread.submit(add, piece)
            if under_way is not None:
                yield under_way.result()
            under_way = began
        if under_way is not None:
            yield under_way.result()


def feed_job(services: Services, job: Job) -> None:
    """Make one open job of a batch due that Redis knows but for it."""
    batch = database.batches.find_batch(services.engine, job.batch_id)
    jobs = database.jobs.open_jobs(services.engine, job.batch_id, after_row=job.row - 1, limit=1)
    if batch is not None and jobs and jobs[0].id == job.id:
        services.ring(services.frontier.jobs.add_many(additions(batch.id, batch.config, jobs)))


def feed_appended(services: Services, appended: Mapping[str, Sequence[NewJob]]) -> None:
    """Make jobs due that results have just appended, by batch.

    The batches stay not `enqueued`: another worker may have appended jobs that it has not put into
    Redis yet. Housekeeping looks through them within seconds.
    """
    for batch_id, new in appended.items():
        batch = database.batches.find_batch(services.engine, batch_id)
        if batch is not None:
            jobs = [
                database.jobs.OpenJob(one.id, one.row, one.host, one.priority, Lane.HTTP)
                for one in new
            ]
            services.ring(services.frontier.jobs.add_many(additions(batch.id, batch.config, jobs)))


def feed_small(services: Services, batches: Sequence[Batch]) -> int:
    """The same for many small batches together: jobs that were submitted one by one are such."""
    epoch = database.history.known_redis(services.engine).epoch
    for batch in batches:
        if batch.state is BatchState.PAUSED:
            services.frontier.jobs.stop_batch(batch.id, "paused")
    ids = [batch.id for batch in batches]
    jobs = database.jobs.open_jobs_of(services.engine, ids)
    added = services.frontier.jobs.add_many(
        one for batch in batches for one in additions(batch.id, batch.config, jobs[batch.id])
    )
    services.ring(added)
    database.batches.set_enqueued(services.engine, ids, epoch)
    return added


def recover(services: Services) -> bool:
    """If Redis is not the one that the record knows, raise the epoch and put back what is open.

    Cheap when all is well: one round trip and one small query. Whether anything was put back.
    Raises ConfigError if the record has moved to another namespace.
    """
    known = database.history.known_redis(services.engine)
    if known.namespace != services.frontier.namespace:
        check_namespace(services)
    run_id, found = services.frontier.coordination.identity()
    if run_id == known.run_id and found == known.epoch:
        return False
    proof = services.frontier.coordination.lock("recovery", _LOCK_S)
    if proof is None:
        return False
    try:
        raised = database.history.raise_epoch(services.engine, known.run_id, run_id)
        if raised is None:
            return False
        log.warning("Redis is new or was restarted: putting back what is open (epoch %d)", raised)
        if known.run_id == database.OLDER_FORM:
            services.frontier.coordination.clear()
        was_emptied = found is None and bool(known.run_id)
        if was_emptied:
            services.frontier.throttle.put_back_crawl_delays(
                database.crawl_delays.known(services.engine)
            )
        services.frontier.coordination.set_epoch(raised, was_emptied=was_emptied)
        services.frontier.jobs.shorten_leases(_RENEW_WITHIN_MS)
        feed_unfed(services, older_than_ms=0)
        return True
    finally:
        services.frontier.coordination.unlock("recovery", proof)


def feed_unfed(services: Services, older_than_ms: int = _SUBMITTER_MS) -> bool:
    """Put batches into Redis that nobody has put there, oldest first. Whether there were any."""
    unfed = database.batches.unfinished_batches(services.engine, only_not_enqueued=True)
    fed = False
    for some in _together(_older(unfed, older_than_ms)):
        proof = services.frontier.coordination.lock(f"feed:{some[0].id}", _LOCK_S)
        if proof is None:
            continue
        try:
            _feed(services, some)
            fed = True
        finally:
            services.frontier.coordination.unlock(f"feed:{some[0].id}", proof)
    return fed


def audit(services: Services) -> None:
    """When Redis knows no open job and the record does, put it back: nothing stays lost."""
    if services.frontier.views.counts()["open"]:
        return
    unfinished = database.batches.unfinished_batches(services.engine)
    for some in _together(_older(unfinished, _SUBMITTER_MS)):
        if added := _feed(services, some):
            log.warning("%d jobs were open in the record and unknown in Redis", added)


def _feed(services: Services, batches: Sequence[Batch]) -> int:
    return feed(services, batches[0]) if len(batches) == 1 else feed_small(services, batches)


def _older(batches: Iterable[Batch], than_ms: int) -> list[Batch]:
    """Without those that were submitted in the last moments: their submitter feeds them.

    It may have another clock: then one that seems to come from the future is not waited for, and
    any other for `than_ms` at the most.
    """
    now = now_ms()
    return [
        one for one in batches if not 0 <= now - round(one.created_at.timestamp() * 1000) < than_ms
    ]


def _together(batches: Sequence[Batch]) -> Iterator[Sequence[Batch]]:
    """The batches in their order: neighbours in one piece as long as they are few rows."""
    some: list[Batch] = []
    rows = 0
    for batch in batches:
        if some and rows + batch.total > ROWS_TOGETHER:
            yield some
            some, rows = [], 0
        some.append(batch)
        rows += batch.total
    if some:
        yield some
