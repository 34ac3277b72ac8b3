"""One URL to be fetched: its status, the one table of legal moves, and the record of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from scrapeq import display
from scrapeq.errors import IllegalMove
from scrapeq.models.error_kind import ErrorKind
from scrapeq.models.page import Page


class JobStatus(StrEnum):
    """Where a job is in its life."""

    PENDING = "pending"  # accepted, waiting for a worker
    RUNNING = "running"  # a worker holds its lease
    RETRYING = "retrying"  # a try failed; waiting to be tried again
    COMPLETED = "completed"  # there is a good page
    FAILED = "failed"  # there is a row that says why not
    CANCELLED = "cancelled"  # stopped by the user


FINAL = frozenset({JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED})

#: The order in which a bar shows statuses: ended ones first.
BAR_ORDER = (
    JobStatus.COMPLETED,
    JobStatus.FAILED,
    JobStatus.CANCELLED,
    JobStatus.RUNNING,
    JobStatus.RETRYING,
    JobStatus.PENDING,
)


def in_bar_order(counts: Mapping[str, int]) -> dict[str, int]:
    """Counts by status, all six, in the order of a bar."""
    return {status.value: counts.get(status.value, 0) for status in BAR_ORDER}


#: From each status, the ones that may follow. A failed or cancelled job may be put back by
#: `retry_failed()`; a completed one never moves again.
LEGAL_MOVES: dict[JobStatus, frozenset[JobStatus]] = {
    JobStatus.PENDING: frozenset({JobStatus.RUNNING, *FINAL}),
    JobStatus.RUNNING: frozenset({JobStatus.PENDING, JobStatus.RETRYING, *FINAL}),
    JobStatus.RETRYING: frozenset({JobStatus.RUNNING, JobStatus.PENDING, *FINAL}),
    JobStatus.COMPLETED: frozenset(),
    JobStatus.FAILED: frozenset({JobStatus.PENDING}),
    JobStatus.CANCELLED: frozenset({JobStatus.PENDING}),
}


def check_move(job_id: str, old: JobStatus, new: JobStatus) -> None:
    """Do nothing if `new` may follow `old` (or is the same); raise IllegalMove if not."""
    if new is old or new in LEGAL_MOVES[old]:
        return
    allowed = ", ".join(sorted(LEGAL_MOVES[old])) or "nothing"
    raise IllegalMove(
        f"job {job_id} is {old} and cannot become {new}",
        hint=f"after {old} may come: {allowed}",
        job_id=job_id,
        old=old,
        new=new,
    )


class Job(BaseModel):
    """One URL, its place in its batch, and how far it is.

    A value, not a handle: ask the queue again for a newer one. Times are aware and in UTC;
    `attempts` counts tries begun. `row` is its place in the input; a job that the result of another
    one (`parent_job_id`) appended has one behind the input's. `result` is there for a finished job when it was asked for.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    batch_id: str
    row: int
    parent_job_id: str | None = None
    url: str
    host: str = ""
    priority: int = 5
    status: JobStatus = JobStatus.PENDING
    attempts: int = 0
    error_kind: ErrorKind | None = None
    error_message: str | None = None
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    result: Page | None = None

    def __repr__(self) -> str:
        why = f" ({self.error_kind.value})" if self.error_kind else ""
        name, url = display.plain(self.id, 60), display.address(self.url, 80)
        return f"<Job {name} {self.status.value}{why} {url!r}>"

    def __str__(self) -> str:
        return repr(self)

    def _repr_html_(self) -> str:
        facts: dict[str, object] = {
            "job": f"{self.id}, row {self.row:,} of batch {self.batch_id}",
            "tries": f"{self.attempts}, priority {self.priority}",
            "submitted": display.moment(self.created_at),
        }
        if self.started_at and self.finished_at:
            facts["finished"] = display.moment(self.finished_at)
        elif self.started_at:
            facts["started"] = display.moment(self.started_at)
        if self.result is not None and self.result.title:
            facts["title"] = self.result.title
        if self.error_kind:
            facts["error"] = f"{self.error_kind.value}: {self.error_message or ''}"
        return display.card(display.address(self.url), facts, corner=self.status.value)
