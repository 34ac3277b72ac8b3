"""Giving a job another status by hand: judged by the status that it shows, and done on both sides.

The record knows whether a job is open, Redis whether it runs or waits to be tried again. So a move
between open statuses is a change in Redis, and one that ends or reopens a job is first one in the
record.
"""

from __future__ import annotations

from scrapeq import database, frontier
from scrapeq.models import FINAL, ErrorKind, Job, JobStatus, check_move
from scrapeq.project import recovery, steering
from scrapeq.project.services import Services


def move(
    services: Services,
    job: Job,
    new: JobStatus,
    *,
    error_kind: ErrorKind | None = None,
    error_message: str | None = None,
) -> None:
    """Give `job`, as it shows now, another status; nothing if it has that already.

    Raises IllegalMove for a move that may not be, RedisUnavailable.
    """
    check_move(job.id, job.status, new)
    if new is job.status:
        return
    if new is JobStatus.RETRYING and _try_again(services, job, error_kind, error_message):
        return
    if new not in FINAL and job.status not in FINAL:
        services.frontier.jobs.forget([job.id])  # a try that runs is stopped
    # The record may say "pending" of what runs or is retried, and for that every move is legal.
    database.jobs.move_job(
        services.engine, job.id, new, error_kind=error_kind, error_message=error_message
    )
    if job.status in FINAL:
        steering.begin_again(services, job.batch_id)
    elif new in {JobStatus.PENDING, JobStatus.RETRYING}:
        recovery.feed_job(services, job)
    else:
        steering.forget(services, job.id)


def _try_again(
    services: Services, job: Job, error_kind: ErrorKind | None, error_message: str | None
) -> bool:
    """End the try that runs as one that failed: the next one waits as long as the options say.

    False if no worker runs it: it was made running by hand.
    """
    token = services.frontier.views.standings([job.id])[job.id].token
    batch = database.batches.find_batch(services.engine, job.batch_id)
    if token is None or batch is None:
        return False
    ending = frontier.Ending(
        job.id,
        token,
        "retry",
        wait_ms=round(batch.config.retry_backoff_s * 1000),
        error_kind=error_kind or ErrorKind.CANCELLED,
        error_message=error_message or "this try was ended by hand",
    )
    ended, _ = services.frontier.jobs.finish([ending])
    return ended > 0
