"""Where open jobs stand: what the record cannot know, since Redis decides it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NotRequired, TypedDict

from scrapeq.frontier import Frontier
from scrapeq.models import FINAL, ErrorKind, Job, JobStatus

#: Jobs that Redis is asked about in one round trip.
CHUNK = 5_000


class OpenNow(TypedDict):
    """The fields of an open job that Redis knows better than the record.

    The error is that of its last try, for a job that was tried.
    """

    status: JobStatus
    attempts: int
    error_kind: NotRequired[ErrorKind]
    error_message: NotRequired[str]


def open_now(frontier: Frontier, job_ids: Sequence[str]) -> dict[str, OpenNow]:
    """What Redis knows of these jobs, by id; those that it does not know are left out.

    Raises RedisUnavailable.
    """
    found: dict[str, OpenNow] = {}
    for start in range(0, len(job_ids), CHUNK):
        for job_id, standing in frontier.views.standings(job_ids[start : start + CHUNK]).items():
            if not standing.known:
                continue
            found[job_id] = OpenNow(status=standing.status, attempts=standing.tries)
            if standing.error_kind:
                kind = ErrorKind.of(standing.error_kind)
                found[job_id] |= {"error_kind": kind, "error_message": standing.error_message}
    return found


def as_they_stand(frontier: Frontier, jobs: Sequence[Job]) -> list[Job]:
    """The record's jobs, the open ones with what Redis knows of them. Raises RedisUnavailable."""
    open_ids = [job.id for job in jobs if job.status not in FINAL]
    now = open_now(frontier, open_ids) if open_ids else {}
    return [job.model_copy(update=dict(now[job.id])) if job.id in now else job for job in jobs]


def counted(
    recorded: Iterable[tuple[JobStatus, int]], running: int, retrying: int
) -> dict[str, int]:
    """Jobs by status. The record counts all open ones as pending; Redis knows how many of them run
    or wait to be tried again."""
    counts = {status.value: 0 for status in JobStatus}
    counts |= {status.value: count for status, count in recorded}
    counts["running"] = min(running, counts["pending"])
    counts["retrying"] = min(retrying, counts["pending"] - counts["running"])
    counts["pending"] -= counts["running"] + counts["retrying"]
    return counts
