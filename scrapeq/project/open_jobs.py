"""Where open jobs stand: what the record cannot know, since Redis decides it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NotRequired, TypedDict

from scrapeq import clock
from scrapeq.models import FINAL, ErrorKind, Job, JobStatus

if TYPE_CHECKING:
    from scrapeq.frontier import Frontier

#: Jobs that Redis is asked about in one round trip.
CHUNK = 5_000


class OpenNow(TypedDict):
    """The fields of an open job that Redis knows better than the record.

    The error is that of its last try, for a job that was tried; `started_s` (seconds since 1970) that
    of the try that runs.
    """

    status: JobStatus
    attempts: int
    error_kind: NotRequired[ErrorKind]
    error_message: NotRequired[str]
    started_s: NotRequired[float]


def open_now(frontier: Frontier, job_ids: Sequence[str]) -> dict[str, OpenNow]:
    """What Redis knows of these jobs, by id; those that it does not know are left out.

    Raises RedisUnavailable.
    """
    found: dict[str, OpenNow] = {}
    now_s = clock.now().timestamp()
    for start in range(0, len(job_ids), CHUNK):
        for job_id, standing in frontier.views.standings(job_ids[start : start + CHUNK]).items():
            if not standing.known:
                continue
            found[job_id] = OpenNow(status=standing.status, attempts=standing.tries)
            if standing.error_kind:
                kind = ErrorKind.of(standing.error_kind)
                found[job_id] |= {"error_kind": kind, "error_message": standing.error_message}
            if standing.running_ms is not None:  # so long ago, by Redis's own clock
                found[job_id]["started_s"] = now_s - standing.running_ms / 1000
    return found


def as_they_stand(frontier: Frontier, jobs: Sequence[Job]) -> list[Job]:
    """The record's jobs, the open ones with what Redis knows of them. Raises RedisUnavailable."""
    open_ids = [job.id for job in jobs if job.status not in FINAL]
    now = open_now(frontier, open_ids) if open_ids else {}
    return [_as_it_stands(job, now[job.id]) if job.id in now else job for job in jobs]


def _as_it_stands(job: Job, now: OpenNow) -> Job:
    changed: dict[str, Any] = dict(now)
    started_s = changed.pop("started_s", None)
    if started_s is not None:
        changed["started_at"] = datetime.fromtimestamp(started_s, UTC)
    return job.model_copy(update=changed)


def counted(
    recorded: Iterable[tuple[JobStatus, int]], running: int, retrying: int
) -> dict[str, int]:
    """Jobs by status. The record counts open ones as pending, but for those that were made running by
    hand; Redis knows how many of the pending ones run or wait to be tried again."""
    counts = {status.value: 0 for status in JobStatus}
    counts |= {status.value: count for status, count in recorded}
    running = min(running, counts["pending"])
    retrying = min(retrying, counts["pending"] - running)
    counts["running"] += running
    counts["retrying"] = retrying
    counts["pending"] -= running + retrying
    return counts
