"""New jobs on their way into the record: their rows, and what those that are final at once change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import islice

import sqlalchemy as sa

from scrapeq.database.new_job import NewJob
from scrapeq.database.prepared import insert_alike, insert_rows
from scrapeq.database.schema import jobs
from scrapeq.models import BrowserUse, JobStatus, Lane

#: Jobs that are held in memory at once; more cost no less each.
PIECE = 2_000
#: What the rows of jobs that wait to be fetched differ in, in the order of `jobs`, and what they share.
_OPEN = ("id", "batch_id", "row", "url", "href", "host", "priority", "page_of")
_SHARED = (
    ("lane", f"'{Lane.HTTP}'"),
    ("status", f"'{JobStatus.PENDING}'"),
    ("attempts", "0"),
    ("from_store", "false"),
)


class Intake:
    """The rows of new jobs, and what those that are final at once change in their batch."""

    def __init__(self, batch_id: str, at_ms: int, last_place: int = 0) -> None:
        self.batch_id = batch_id
        self.at_ms = at_ms
        self.last_place = last_place  # in the batch's order of finishing
        self.counts = {"completed": 0, "failed": 0, "from_store": 0, "rendered": 0}
        self.errors: Counter[str] = Counter()
        self.selected: Counter[int] = Counter()

    def row(self, job: NewJob, url_key: str | None = None) -> dict[str, object]:
        """The job as a row of `jobs`; counted."""
        status, place = JobStatus.PENDING, None
        if job.error_kind is not None:
            status = JobStatus.FAILED
            self.errors[str(job.error_kind)] += 1
        elif job.answered is not None:
            status = JobStatus.COMPLETED
            self.counts["from_store"] += 1
            self.counts["rendered"] += job.answered.browser_use == BrowserUse.SHOWED
            if job.answered.selected is not None:
                self.selected[job.answered.selected] += 1
        if status is not JobStatus.PENDING:
            self.last_place += 1
            place = self.last_place
            self.counts[status.value] += 1
        return {
            "id": job.id,
            "batch_id": self.batch_id,
            "row": job.row,
            "url": job.url,
            "href": None if job.href == job.url else job.href,
            "host": job.host,
            "priority": job.priority,
            "lane": Lane.HTTP.value,
            "status": status.value,
            "attempts": 0,
            "error_kind": job.error_kind,
            "error_message": job.error_message,
            "page_of": job.page_of,
            "from_store": job.answered is not None,
            "page_kind": job.answered.page_kind if job.answered else None,
            "page_kind_signal": job.answered.page_kind_signal if job.answered else None,
            "selected": job.answered.selected if job.answered else None,
            "browser_use": job.answered.browser_use if job.answered else None,
            "finish_order": place,
            "finished_ms": self.at_ms if place else None,
            "parent_job_id": job.parent_job_id,
            "url_key": url_key,
        }

    def insert(self, connection: sa.Connection, new: Iterable[NewJob]) -> None:
        """Insert jobs, taken piece by piece; counted. Most wait to be fetched, and go the short way, which
        takes a third of the time."""
        pending = iter(new)
        while some := list(islice(pending, PIECE)):
            final = [job for job in some if job.error_kind is not None or job.answered is not None]
            insert_rows(connection, jobs, map(self.row, final))
            waiting = [
                (
                    job.id,
                    self.batch_id,
                    job.row,
                    job.url,
                    None if job.href == job.url else job.href,
                    job.host,
                    job.priority,
                    job.page_of,
                )
                for job in some
                if job.error_kind is None and job.answered is None
            ]
            insert_alike(connection, jobs, _OPEN, waiting, _SHARED)
