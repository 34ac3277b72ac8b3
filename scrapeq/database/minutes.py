"""What finished, minute by minute: counted in the transaction that finishes it, and read in spans.

The cost of both depends on minutes and not on jobs: a minute has one row of counts, at most 122 of
latencies (`stats.bucket`), and one for each kind of error.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from scrapeq import stats
from scrapeq.clock import MINUTE_MS
from scrapeq.database.engine import read_transaction
from scrapeq.database.schema import error_minutes, history, latencies
from scrapeq.models.tallies import ErrorSpan


@dataclass(slots=True)
class Span:
    """The jobs that finished within a span of time, and how long their last tries took.

    `rendered` are those whose page a browser showed, `timed` those that a request was sent for,
    `time_s` the sum of their times, `latencies` their histogram (see `stats`). Times of minutes before
    version 4 of the tables are only in `time_s`; their `timed` is every job.
    """

    start_ms: int
    succeeded: int = 0
    failed: int = 0
    rendered: int = 0
    timed: int = 0
    time_s: float = 0.0
    latencies: dict[int, int] = field(default_factory=dict)

    @property
    def finished(self) -> int:
        """All of its jobs."""
        return self.succeeded + self.failed

    @property
    def mean_s(self) -> float | None:
        """Seconds that a timed job took; None without one."""
        return self.time_s / self.timed if self.timed else None

    def quantile_s(self, share: float) -> float | None:
        """Seconds within which `share` (0 to 1) of the timed jobs were done; None without one."""
        return stats.quantile_s(self.latencies, share)


def merged(spans: Sequence[Span]) -> Span:
    """Several spans as one."""
    return Span(
        start_ms=min((span.start_ms for span in spans), default=0),
        succeeded=sum(span.succeeded for span in spans),
        failed=sum(span.failed for span in spans),
        rendered=sum(span.rendered for span in spans),
        timed=sum(span.timed for span in spans),
        time_s=sum(span.time_s for span in spans),
        latencies=stats.merge(span.latencies for span in spans),
    )


def floor_ms(at_ms: int, every_ms: int) -> int:
    """The start of the span of this length that holds a time; spans are counted from 1970, UTC."""
    return at_ms - at_ms % every_ms


def count_finished(
    connection: sa.Connection,
    at_ms: int,
    succeeded: int,
    failed: int,
    times_s: Iterable[float],
    *,
    rendered: int = 0,
) -> None:
    """Add jobs to the minute they finished in; part of the caller's transaction.

    times_s: of those that a request was sent for. rendered: how many of them a browser showed. The
    minute's row comes first, so that others who write to the same minute wait here, and not in a
    circle for each other's latencies.
    """
    minute_ms = floor_ms(at_ms, MINUTE_MS)
    times = list(times_s)
    values = {
        "minute_ms": minute_ms,
        "succeeded": succeeded,
        "failed": failed,
        "rendered": rendered,
        "time_s": sum(times),
        "timed": len(times),
    }
    connection.execute(_adding(connection, history), [values])
    if times:
        rows = [
            {"minute_ms": minute_ms, "bucket": bucket, "count": count}
            for bucket, count in stats.histogram(times).items()
        ]
        connection.execute(_adding(connection, latencies), rows)


def count_errors(connection: sa.Connection, at_ms: int, kinds: Mapping[str, int]) -> None:
    """Add the errors that jobs ended with just now: how many of each kind.

    Called after every other write of the transaction, so that two that count the same kinds cannot
    wait for each other.
    """
    minute_ms = floor_ms(at_ms, MINUTE_MS)
    rows = [
        {"minute_ms": minute_ms, "error_kind": str(kind), "count": kinds[kind]}
        for kind in sorted(kinds)
        if kinds[kind]
    ]
    if rows:
        connection.execute(_adding(connection, error_minutes), rows)


def spans_since(
    engine: sa.Engine, since_ms: int, every_ms: int = MINUTE_MS, *, timings: bool = True
) -> list[Span]:
    """The spans with finished jobs that start at `since_ms` or later, oldest first.

    every_ms: their length, whole minutes. timings: with `latencies`, which costs more.
    """
    spans: dict[int, Span] = {}
    start = _start(history, every_ms)
    c = history.c
    sums = [
        sa.func.sum(column) for column in (c.succeeded, c.failed, c.rendered, c.timed, c.time_s)
    ]
    counted = sa.select(start, *sums).where(c.minute_ms >= since_ms).group_by(start).order_by(start)
    start = _start(latencies, every_ms)
    timed = (
        sa.select(start, latencies.c.bucket, sa.func.sum(latencies.c.count))
        .where(latencies.c.minute_ms >= since_ms)
        .group_by(start, latencies.c.bucket)
    )
    with read_transaction(engine) as connection:
        for start_ms, *numbers, time_s in connection.execute(counted):
            succeeded, failed, rendered, with_time = map(int, numbers)
            spans[start_ms] = Span(start_ms, succeeded, failed, rendered, with_time, time_s)
        if timings and spans:
            for start_ms, bucket, count in connection.execute(timed):
                if start_ms in spans:  # the minute may have begun between the two looks
                    spans[start_ms].latencies[bucket] = int(count)
    return list(spans.values())


def error_spans_since(
    engine: sa.Engine, since_ms: int, every_ms: int = MINUTE_MS
) -> list[ErrorSpan]:
    """The errors of the spans that start at `since_ms` or later."""
    start = _start(error_minutes, every_ms)
    query = (
        sa.select(start, error_minutes.c.error_kind, sa.func.sum(error_minutes.c.count))
        .where(error_minutes.c.minute_ms >= since_ms)
        .group_by(start, error_minutes.c.error_kind)
        .order_by(start, error_minutes.c.error_kind)
    )
    with read_transaction(engine) as connection:
        return [
            ErrorSpan(start_ms, kind, int(n)) for start_ms, kind, n in connection.execute(query)
        ]


def errors_since(engine: sa.Engine, since_ms: int) -> Counter[str]:
    """How many jobs ended with each kind of error in the minutes that start then or later."""
    kinds: Counter[str] = Counter()
    query = (
        sa.select(error_minutes.c.error_kind, sa.func.sum(error_minutes.c.count))
        .where(error_minutes.c.minute_ms >= since_ms)
        .group_by(error_minutes.c.error_kind)
    )
    with read_transaction(engine) as connection:
        kinds.update({kind: int(count) for kind, count in connection.execute(query)})
    return kinds


def delete_minutes(connection: sa.Connection, before_ms: int) -> None:
    """Delete the minutes that began earlier; part of the caller's transaction."""
    for table in (history, latencies, error_minutes):
        connection.execute(table.delete().where(table.c.minute_ms < before_ms))


def _start(table: sa.Table, every_ms: int) -> sa.Label[int]:
    if every_ms == MINUTE_MS:
        return table.c.minute_ms.label("start_ms")
    return (table.c.minute_ms - table.c.minute_ms % every_ms).label("start_ms")


def _adding(connection: sa.Connection, table: sa.Table) -> Any:
    """An INSERT that adds its numbers to those of the row that is there already."""
    return _ADDING[connection.dialect.name, table.name]


def _make_adding(dialect: Any, table: sa.Table) -> Any:
    insert = dialect.insert(table)
    keys = [column.name for column in table.primary_key]
    sums = {
        column.name: column + insert.excluded[column.name]
        for column in table.c
        if column.name not in keys
    }
    return insert.on_conflict_do_update(index_elements=keys, set_=sums)


#: Made once: building such a statement takes as long as executing it.
_ADDING = {
    (name, table.name): _make_adding(dialect, table)
    for name, dialect in (("sqlite", sqlite), ("postgresql", postgresql))
    for table in (history, latencies, error_minutes)
}
