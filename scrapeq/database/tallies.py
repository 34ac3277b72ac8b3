"""Jobs counted by how they ended, grouped in the database: by host, and by time for a batch or some hosts.

Minutes know nothing of hosts and batches, so these read the jobs themselves; see each for its cost.
`since_ms` and `batch_id` narrow them down. Statuses are the record's: every open job is pending.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from scrapeq.clock import MINUTE_MS
from scrapeq.database.engine import read_transaction
from scrapeq.database.latency import latency_bucket
from scrapeq.database.minutes import Span, floor_ms
from scrapeq.database.schema import history, jobs
from scrapeq.models import BrowserUse, JobStatus
from scrapeq.models.tallies import ErrorSpan, HostErrors, HostTally

_ENDED = (JobStatus.COMPLETED.value, JobStatus.FAILED.value)
#: Of some jobs: how many, how many of their pages a browser showed, how long their last tries took.
_SUMS = (
    sa.func.count(),
    sa.func.count().filter(jobs.c.browser_use == BrowserUse.SHOWED),
    sa.func.sum(jobs.c.elapsed_s),
)


@dataclass(frozen=True, slots=True)
class HostTallies:
    """Jobs by host, and the errors of failed ones."""

    jobs: list[HostTally]
    errors: list[HostErrors]


def host_tallies(
    engine: sa.Engine, *, since_ms: int | None = None, batch_id: str | None = None
) -> HostTallies:
    """Open jobs, and those that finished since then, by host; without rows that are no URL.

    Reads every job that counts, 2 s for a million; the errors come from an index of their own.
    """
    j = jobs.c
    bucket = latency_bucket(j.elapsed_s).label("bucket")
    last_ms = sa.func.max(j.finished_ms)
    tallies = (
        sa.select(j.host, j.status, bucket, *_SUMS, last_ms)
        .where(j.host != "", *_of_batch(batch_id))
        .group_by(j.host, j.status, bucket)
    )
    errors = (
        sa.select(j.host, j.error_kind, sa.func.count())
        .where(
            j.host != "",
            j.error_kind.is_not(None),
            j.status == JobStatus.FAILED.value,
            *_of_batch(batch_id),
            *_finished_since(since_ms),
        )
        .group_by(j.host, j.error_kind)
    )
    found = []
    parts: list[list[sa.ColumnElement[bool]]]
    with read_transaction(engine) as connection:
        # Two questions, where one with OR would read every job instead of those of the window.
        parts = [[]] if since_ms is None else [_finished_since(since_ms), [j.finished_ms.is_(None)]]
        for conditions in parts:
            found += [
                HostTally(host, status, number, count, rendered, float(time_s or 0.0), last)
                for host, status, number, count, rendered, time_s, last in connection.execute(
                    tallies.where(*conditions)
                )
            ]
        kinds = [
            HostErrors(host, kind, int(count)) for host, kind, count in connection.execute(errors)
        ]
    return HostTallies(found, kinds)


def busiest_hosts(
    engine: sa.Engine, limit: int, *, since_ms: int | None = None, batch_id: str | None = None
) -> list[str]:
    """The hosts of most jobs that ended since then, the busiest first; a second for a million."""
    j, count = jobs.c, sa.func.count()
    query = (
        sa.select(j.host)
        .where(
            j.host != "",
            j.status.in_(_ENDED),
            *_of_batch(batch_id),
            *_finished_since(since_ms),
        )
        .group_by(j.host)
        .order_by(count.desc(), j.host)
        .limit(limit)
    )
    with read_transaction(engine) as connection:
        return [str(host) for host in connection.execute(query).scalars()]


def host_spans(
    engine: sa.Engine,
    hosts: Sequence[str],
    every_ms: int,
    *,
    since_ms: int | None = None,
    batch_id: str | None = None,
) -> dict[str, list[Span]]:
    """The spans of each of the hosts in which jobs of it ended, oldest first."""
    spans: dict[str, dict[int, Span]] = {host: {} for host in hosts}
    query = _ended([jobs.c.host, _start(every_ms)], batch_id, since_ms)
    query = query.where(jobs.c.host.in_(list(hosts)))
    with read_transaction(engine) as connection:
        for host, start_ms, *tally in connection.execute(query):
            _add(spans[host].setdefault(start_ms, Span(start_ms)), *tally)
    return {host: [mine[start_ms] for start_ms in sorted(mine)] for host, mine in spans.items()}


def batch_spans(engine: sa.Engine, batch_id: str, every_ms: int) -> list[Span]:
    """The spans in which jobs of the batch ended, oldest first: every row that has a page or failed.

    Unlike the minutes it has rows that nothing was asked for: no URL, a duplicate, from the store.
    """
    spans: dict[int, Span] = {}
    query = _ended([_start(every_ms)], batch_id, None)
    with read_transaction(engine) as connection:
        for start_ms, *tally in connection.execute(query):
            _add(spans.setdefault(start_ms, Span(start_ms)), *tally)
    return [spans[start_ms] for start_ms in sorted(spans)]


def asked_spans(engine: sa.Engine, since_ms: int, every_ms: int) -> list[Span]:
    """The spans in which jobs ended that a request was sent for, of every batch, oldest first.

    Like `minutes.spans_since`, for steps shorter than its minutes; every job since then is read.
    """
    spans: dict[int, Span] = {}
    query = _ended([_start(every_ms)], None, since_ms).where(jobs.c.elapsed_s.is_not(None))
    with read_transaction(engine) as connection:
        for start_ms, *tally in connection.execute(query):
            _add(spans.setdefault(start_ms, Span(start_ms)), *tally)
    return [spans[start_ms] for start_ms in sorted(spans)]


def ended_between(engine: sa.Engine, since_ms: int) -> tuple[int, int] | None:
    """When the first and the last job ended since then; None if none did.

    Four looks into indexes: jobs know the millisecond, and minutes outlive the jobs that were
    cleaned up.
    """
    found: list[tuple[int, int]] = []
    with read_transaction(engine) as connection:
        for at, length_ms in ((jobs.c.finished_ms, 0), (history.c.minute_ms, MINUTE_MS)):
            one = sa.select(at).where(at >= since_ms).limit(1)
            begin = connection.scalar(one.order_by(at))
            end = connection.scalar(one.order_by(at.desc()))
            if begin is not None and end is not None:
                found.append((int(begin), int(end) + length_ms))
    if len(found) < 2:
        return found[0] if found else None
    (begin, end), (first_minute, last_minute) = found
    # a minute that also a job speaks for says nothing new
    begin = begin if floor_ms(begin, MINUTE_MS) <= first_minute else first_minute
    end = end if end + MINUTE_MS >= last_minute else last_minute
    return begin, end


def error_spans(
    engine: sa.Engine, every_ms: int, *, batch_id: str | None = None, since_ms: int | None = None
) -> list[ErrorSpan]:
    """The errors of a batch, or since then, by time, as `minutes.error_spans_since` gives them."""
    start = _start(every_ms)
    query = (
        sa.select(start, jobs.c.error_kind, sa.func.count())
        .where(
            jobs.c.error_kind.is_not(None),
            jobs.c.finished_ms.is_not(None),
            *_of_batch(batch_id),
            *_finished_since(since_ms),
        )
        .group_by(start, jobs.c.error_kind)
        .order_by(start, jobs.c.error_kind)
    )
    with read_transaction(engine) as connection:
        return [
            ErrorSpan(start_ms, kind, int(n)) for start_ms, kind, n in connection.execute(query)
        ]


def _ended(
    keys: Sequence[sa.ColumnElement[Any]], batch_id: str | None, since_ms: int | None
) -> sa.Select[Any]:
    j = jobs.c
    bucket = latency_bucket(j.elapsed_s).label("bucket")
    return (
        sa.select(*keys, j.status, bucket, *_SUMS)
        .where(j.status.in_(_ENDED), *_of_batch(batch_id), *_finished_since(since_ms))
        .group_by(*keys, j.status, bucket)
    )


def _add(span: Span, status: str, bucket: int | None, *sums: Any) -> None:
    count, rendered, time_s = sums  # see `_SUMS`
    if status == JobStatus.COMPLETED.value:
        span.succeeded += count
    else:
        span.failed += count
    span.rendered += rendered
    if bucket is not None:
        span.timed += count
        span.time_s += time_s or 0.0
        span.latencies[bucket] = span.latencies.get(bucket, 0) + count


def _start(every_ms: int) -> sa.Label[int]:
    return (jobs.c.finished_ms - jobs.c.finished_ms % every_ms).label("start_ms")


def _of_batch(batch_id: str | None) -> list[sa.ColumnElement[bool]]:
    return [] if batch_id is None else [jobs.c.batch_id == batch_id]


def _finished_since(since_ms: int | None) -> list[sa.ColumnElement[bool]]:
    return [] if since_ms is None else [jobs.c.finished_ms >= since_ms]
