"""Pausing, resuming, cancelling and reopening a batch: the record first, Redis is derived from it.

Once the record has it, the verb has happened. What Redis holds about a batch's state (stopped, or
not) is set right after that; if Redis does not answer, or this process ends in between, `reconcile`
does it, which housekeeping calls every few seconds. So no batch that is open in the record
is ever left without work.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from scrapeq import database
from scrapeq.errors import RedisFull, RedisUnavailable
from scrapeq.models import Batch, BatchState
from scrapeq.project import recovery
from scrapeq.project.services import MOST_WAKE_UPS, Services

log = logging.getLogger(__name__)


def pause(services: Services, batch_id: str) -> bool:
    """Start nothing more of it. False if it is finished."""
    if not database.batches.set_state(services.engine, batch_id, BatchState.PAUSED):
        return False
    with _derived(batch_id):
        services.frontier.jobs.stop_batch(batch_id, "paused")
    return True


def resume(services: Services, batch_id: str) -> bool:
    """Go on with a paused batch. False if it is finished."""
    if not database.batches.set_state(services.engine, batch_id, BatchState.OPEN):
        return False
    with _derived(batch_id):
        services.frontier.jobs.release_batch(batch_id)
        services.wake(MOST_WAKE_UPS)
    return True


def cancel(services: Services, batch_id: str) -> int:
    """Stop every open job of it; how many there were. None starts once this has returned.

    The jobs are held back before the record is written, so that a worker that claimed one just
    before has begun it by then. That alone decides nothing: `reconcile` undoes it if no record
    follows.
    """
    with suppress(RedisUnavailable, RedisFull):
        services.frontier.jobs.stop_batch(batch_id, "cancelled")
    try:
        cancelled = database.jobs.cancel_jobs(services.engine, batch_id)
    except BaseException:
        with suppress(RedisUnavailable, RedisFull):
            services.frontier.jobs.release_batch(batch_id)
        raise
    with _derived(batch_id):
        _forget_cancelled(services, batch_id)
    return cancelled


def forget(services: Services, job_id: str) -> None:
    """Stop a single job that the record has ended."""
    with _derived(job_id):
        services.frontier.jobs.forget([job_id])


def begin(services: Services, batch: Batch) -> None:
    """Have the jobs of a new batch worked on. Raises RedisFull."""
    try:
        recovery.feed(services, batch)
    except RedisUnavailable as error:
        log.warning("batch %s is accepted and begins when Redis answers: %s", batch.id, error)


def begin_again(services: Services, batch_id: str) -> None:
    """Have a batch worked on that has open jobs again. Raises RedisFull."""
    batch = database.batches.find_batch(services.engine, batch_id)
    if batch is None:
        return
    if batch.state is BatchState.OPEN:  # it may have been stopped when it was finished
        with suppress(RedisUnavailable):  # then it is the same for what follows, which says so
            services.frontier.jobs.release_batch(batch_id)
    begin(services, batch)


def reconcile(services: Services) -> None:
    """Make what Redis holds about the states of batches what the record says of them.

    Costs one round trip and two small queries when all is well.
    """
    frontier, engine = services.frontier, services.engine
    stopped = frontier.views.stopped()  # first: a verb writes the record before it writes Redis
    paused = set(database.batches.ids_in_state(engine, BatchState.PAUSED))
    for batch_id in paused - {one for one, state in stopped.items() if state == "paused"}:
        log.warning("batch %s is paused in the record and was not in Redis", batch_id)
        frontier.jobs.stop_batch(batch_id, "paused")
    leftover = database.batches.cancelled_in_redis(engine)
    for batch_id in stopped.keys() - paused - set(leftover):
        _release(services, batch_id, stopped[batch_id])
    for batch_id in leftover:
        log.warning("batch %s is cancelled in the record and was not in Redis", batch_id)
        _forget_cancelled(services, batch_id)


def _release(services: Services, batch_id: str, state: str) -> None:
    """Let a batch go on that is stopped in Redis and not in the record."""
    services.frontier.jobs.release_batch(batch_id)
    batch = database.batches.find_batch(services.engine, batch_id)
    if batch is None or batch.state not in {BatchState.OPEN, BatchState.PAUSED}:
        return
    if batch.state is BatchState.PAUSED:  # paused again meanwhile
        services.frontier.jobs.stop_batch(batch_id, "paused")
        return
    log.warning("batch %s is open in the record and was %s in Redis", batch_id, state)
    recovery.feed(services, batch)  # claims drop the jobs of a batch that they see cancelled


def _forget_cancelled(services: Services, batch_id: str) -> None:
    """Take the jobs of a cancelled batch out of Redis; those that run are stopped."""
    jobs = services.frontier.jobs
    jobs.stop_batch(batch_id, "cancelled")  # none starts while the others are taken out
    for ids in database.jobs.cancelled_ids(services.engine, batch_id):
        jobs.forget(ids)
    jobs.release_batch(batch_id)
    database.batches.clear_enqueued(services.engine, batch_id)


@contextmanager
def _derived(what: str) -> Iterator[None]:
    """What follows from the record: if Redis does not take it now, housekeeping repeats it."""
    try:
        yield
    except (RedisUnavailable, RedisFull) as error:
        log.warning("%s: the record has it, Redis gets it when it answers: %s", what, error)
