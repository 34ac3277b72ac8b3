"""What became of everything that was submitted: read from the record and from the web's own log."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import sqlalchemy as sa

from scrapeq.database.engine import read_transaction
from scrapeq.database.schema import batches, jobs, pages
from scrapeq.models import JobStatus
from scrapeq.pipeline.job_queue import JobQueue
from scrapeq.testing import LittleWeb
from tests.faults.attempt import Attempt, Submission
from tests.faults.system import System


class Counted(NamedTuple):
    """Where it was submitted, and the web that was asked; a `System` has both."""

    queue: JobQueue
    web: LittleWeb


@dataclass(frozen=True)
class Count:
    """Rows, but for `attempted` and `late`, which count submissions' rows and attempts.

    attempted: tried to submit. accepted: submit returned. ok: the row holds its own good page.
    lost: accepted, and no result row. duplicated: a second result row, or finished a second time.
    fetched_again: requests beyond the first for a page. may_be_fetched_again: jobs whose leases
    the faults broke.
    """

    attempted: int = 0
    accepted: int = 0
    ok: int = 0
    lost: int = 0
    duplicated: int = 0
    fetched_again: int = 0
    may_be_fetched_again: int = 0

    def __add__(self, other: Count) -> Count:
        return Count(
            *(getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__)
        )


def count(system: System | Counted, attempts: Iterable[Attempt]) -> list[Count]:
    """One count for each attempt; asks the web for its whole log once."""
    hits = Counter(f"http://{hit.host}:{system.web.port}{hit.path}" for hit in system.web.log())
    return [_count(system, attempt, hits) for attempt in attempts]


def _count(system: System | Counted, attempt: Attempt, hits: Counter[str]) -> Count:
    submissions = attempt.submissions
    accepted = [one for one in submissions if not one.said]
    ok, finished = _rows(system, accepted)
    return Count(
        attempted=sum(len(one.urls) for one in submissions),
        accepted=sum(len(one.urls) for one in accepted),
        ok=ok,
        lost=sum(len(one.urls) for one in accepted) - finished,
        duplicated=_duplicated(system, submissions),
        fetched_again=sum(max(0, hits[url] - 1) for one in submissions for url in one.urls),
        may_be_fetched_again=len(attempt.strike.held),
    )


def _rows(system: System | Counted, submissions: Sequence[Submission]) -> tuple[int, int]:
    """Jobs with their own good page, and jobs with a result row at all."""
    query = (
        sa.select(jobs.c.url, jobs.c.status, pages.c.ok, pages.c.final_url)
        .join(pages, pages.c.job_id == jobs.c.id)
        .where(jobs.c.batch_id.in_([one.batch_id for one in submissions]))
        .where(jobs.c.status.in_((JobStatus.COMPLETED.value, JobStatus.FAILED.value)))
    )
    with read_transaction(system.queue.services.engine) as connection:
        rows = connection.execute(query).all()
    good = [row for row in rows if row.ok and row.final_url == row.url]
    return len({row.url for row in good}), len({row.url for row in rows})


def _duplicated(system: System | Counted, submissions: Sequence[Submission]) -> int:
    """Result rows beyond the first of a job, and jobs that were counted as finished twice."""
    ids = [one.batch_id for one in submissions]
    twice = (
        sa.select(sa.func.count() - 1)
        .where(pages.c.batch_id.in_(ids))
        .group_by(pages.c.job_id)
        .having(sa.func.count() > 1)
    )
    finished = (
        sa.select(
            batches.c.completed + batches.c.failed + batches.c.cancelled,
            sa.func.count(jobs.c.finish_order),
            sa.func.count(jobs.c.finish_order.distinct()),
        )
        .join(jobs, jobs.c.batch_id == batches.c.id)
        .where(batches.c.id.in_(ids))
        .group_by(batches.c.id)
    )
    with read_transaction(system.queue.services.engine) as connection:
        rows = sum(connection.execute(twice).scalars())
        for by_counters, jobs_finished, places in connection.execute(finished):
            rows += abs(by_counters - jobs_finished) + jobs_finished - places
    return rows
