"""Putting into Redis what the record says is open: after a submission, and after Redis lost it.

Everything in Redis can be rebuilt. Adding a job that is known changes nothing, and a job that was
finished meanwhile is dropped by the worker that claims it, so it never matters how often or by
how many this is done; a lock only keeps them from doing it side by side.
"""

from __future__ import annotations

import logging
from itertools import groupby

from scrapeq import database
from scrapeq.database.batches import now_ms
from scrapeq.models import Batch, BatchState
from scrapeq.pace import gap_ms
from scrapeq.pipeline.services import Services
from scrapeq.store import Due

log = logging.getLogger(__name__)

_LOCK_S = 30
#: Milliseconds that a submitter has to put its own batch into Redis before others help.
_SUBMITTER_MS = 10_000


def feed(services: Services, batch: Batch) -> int:
    """Make the open jobs of a batch due, say so in the record, and wake workers; how many new."""
    frontier, added = services.frontier, 0
    _, epoch = database.history.known_redis(services.engine)
    if batch.state is BatchState.PAUSED:
        frontier.stop_batch(batch.id, "paused")
    for jobs in database.jobs.all_open_jobs(services.engine, batch.id):
        for priority, some in groupby(jobs, key=lambda job: job.priority):
            added += frontier.add(
                batch.id,
                [Due(job.id, job.host, gap_ms(batch.config, job.host)) for job in some],
                priority=priority,
                max_per_host=batch.config.max_per_host,
                respect_robots=batch.config.respect_robots,
            )
        services.wake(added)
    database.batches.set_enqueued(services.engine, batch.id, epoch)
    return added


def recover(services: Services) -> bool:
    """If Redis is not the one that the record knows, raise the epoch and put back what is open.

    Cheap when all is well: one round trip and one small query. Whether anything was put back.
    """
    known, epoch = database.history.known_redis(services.engine)
    run_id, found = services.frontier.identity()
    if run_id == known and found == epoch:
        return False
    proof = services.frontier.lock("recovery", _LOCK_S)
    if proof is None:
        return False
    try:
        raised = database.history.raise_epoch(services.engine, known, run_id)
        if raised is None:
            return False
        log.warning("Redis is new or was restarted: putting back what is open (epoch %d)", raised)
        services.frontier.set_epoch(raised)
        feed_unfed(services, older_than_ms=0)
        return True
    finally:
        services.frontier.unlock("recovery", proof)


def feed_unfed(services: Services, older_than_ms: int = _SUBMITTER_MS) -> bool:
    """Put batches into Redis that nobody has put there, oldest first. Whether there were any."""
    fed = False
    for batch in database.batches.unfinished_batches(services.engine, only_not_enqueued=True):
        if now_ms() - batch.created_at.timestamp() * 1000 < older_than_ms:
            continue
        proof = services.frontier.lock(f"feed:{batch.id}", _LOCK_S)
        if proof is None:
            continue
        try:
            feed(services, batch)
            fed = True
        finally:
            services.frontier.unlock(f"feed:{batch.id}", proof)
    return fed


def audit(services: Services) -> None:
    """When Redis knows no open job and the record does, put it back: nothing stays lost."""
    if services.frontier.counts()["open"]:
        return
    for batch in database.batches.unfinished_batches(services.engine):
        if now_ms() - batch.created_at.timestamp() * 1000 > _SUBMITTER_MS and feed(services, batch):
            log.warning("batch %s was open in the record and unknown in Redis", batch.id)
