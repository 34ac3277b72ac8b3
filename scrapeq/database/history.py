"""What happened to hosts and to jobs: breakers, errors by kind, and what was recorded by hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import sqlalchemy as sa

from scrapeq.clock import now_ms
from scrapeq.database.batches import UNFINISHED
from scrapeq.database.engine import read_meta, read_transaction, write_meta, write_transaction
from scrapeq.database.minutes import count_finished, errors_since
from scrapeq.database.schema import batches, events, host_events, jobs, meta


def record_completion(engine: sa.Engine, *, success: bool, processing_time_s: float) -> None:
    """Count a job that was done outside of the workers."""
    times_s = [processing_time_s] if processing_time_s > 0 else []
    with write_transaction(engine) as connection:
        count_finished(connection, now_ms(), int(success), int(not success), times_s)


def record_error(engine: sa.Engine, job_id: str | None, error_type: str, message: str) -> None:
    """Keep an error that somebody met, with the time."""
    with write_transaction(engine) as connection:
        connection.execute(
            events.insert().values(
                at_ms=now_ms(), job_id=job_id, error_type=error_type, message=message
            )
        )


@dataclass(frozen=True, slots=True)
class HostEvent:
    """The breaker of a host changed. event: opened, given_up or closed; error_kind, error_message: the
    last failure, "" when it closed."""

    at_ms: int
    host: str
    event: str
    error_kind: str
    error_message: str


def record_host_events(engine: sa.Engine, rows: Sequence[tuple[str, str, str, str]]) -> None:
    """Keep events of breakers, with the time of now: `(host, event, error_kind, error_message)` each."""
    at_ms = now_ms()
    values = [
        dict(
            zip(
                ("at_ms", "host", "event", "error_kind", "error_message"),
                (at_ms, *row),
                strict=True,
            )
        )
        for row in rows
    ]
    with write_transaction(engine) as connection:
        connection.execute(host_events.insert(), values)


def host_events_since(engine: sa.Engine, since_ms: int) -> list[HostEvent]:
    """The events of breakers since then, oldest first."""
    c = host_events.c
    query = (
        sa.select(c.at_ms, c.host, c.event, c.error_kind, c.error_message)
        .where(c.at_ms >= since_ms)
        .order_by(c.at_ms, c.id)
    )
    with read_transaction(engine) as connection:
        return [HostEvent(*row) for row in connection.execute(query)]


def error_counts(engine: sa.Engine, since_ms: int) -> Counter[str]:
    """How often each kind of error ended a job, in the minutes that start since, or was recorded."""
    counts = errors_since(engine, since_ms)
    recorded = (
        sa.select(events.c.error_type, sa.func.count())
        .where(events.c.at_ms >= since_ms)
        .group_by(events.c.error_type)
    )
    with read_transaction(engine) as connection:
        for kind, count in connection.execute(recorded):
            counts[kind] += count
    return counts


@dataclass(frozen=True, slots=True)
class ErrorGroup:
    """How often a kind of error occurred, and the newest that is still in the record.

    A job that was tried again since, or deleted, is no example; without one all but the count is
    None. An error that was recorded by hand has no URL.
    """

    error_kind: str
    count: int
    job_id: str | None = None
    url: str | None = None
    message: str | None = None
    at_ms: int | None = None


def error_groups(engine: sa.Engine, since_ms: int, limit: int) -> list[ErrorGroup]:
    """The most frequent kinds of `error_counts`, the most frequent first, each with an example.

    Costs a look at an index for each kind, whatever the number of jobs.
    """
    counts = error_counts(engine, since_ms)
    often = sorted(counts.items(), key=lambda one: (-one[1], one[0]))[:limit]
    with read_transaction(engine) as connection:
        return [_group(connection, since_ms, kind, count) for kind, count in often]


def _group(connection: sa.Connection, since_ms: int, kind: str, count: int) -> ErrorGroup:
    j, e = jobs.c, events.c
    ended = (
        sa.select(j.id, j.url, j.error_message, j.finished_ms)
        .where(j.error_kind == kind, j.finished_ms >= since_ms)
        .order_by(j.finished_ms.desc())
        .limit(1)
    )
    recorded = (
        sa.select(e.job_id, sa.null(), e.message, e.at_ms)
        .where(e.error_type == kind, e.at_ms >= since_ms)
        .order_by(e.at_ms.desc())
        .limit(1)
    )
    found = [row for query in (ended, recorded) if (row := connection.execute(query).first())]
    newest = max(found, key=lambda row: row[3], default=(None,) * 4)
    return ErrorGroup(kind, count, *newest)


def raise_epoch(engine: sa.Engine, known_redis: str, new_redis: str) -> int | None:
    """Note that Redis is not the one the record knew; the new epoch.

    None if somebody else has noted it first: `known_redis` is no longer what the record says.
    """
    with write_transaction(engine) as connection:
        changed = connection.execute(
            meta.update()
            .where(meta.c.key == "redis", meta.c.value == known_redis)
            .values(value=new_redis)
        )
        if changed.rowcount == 0:
            return None
        epoch = int(read_meta(connection, "epoch")) + 1
        write_meta(connection, "epoch", str(epoch))
        connection.execute(
            batches.update().where(batches.c.state.in_(UNFINISHED)).values(enqueued=False)
        )
        return epoch


class KnownRedis(NamedTuple):
    """The process of Redis that holds the record's open jobs, since when, and under which keys.

    `run_id` and `namespace` are "" as long as there is none.
    """

    run_id: str
    epoch: int
    namespace: str


def known_redis(engine: sa.Engine) -> KnownRedis:
    """The Redis that the record knows."""
    with read_transaction(engine) as connection:
        return KnownRedis(
            read_meta(connection, "redis"),
            int(read_meta(connection, "epoch")),
            read_meta(connection, "namespace"),
        )


def set_namespace(engine: sa.Engine, namespace: str) -> str:
    """Note the namespace of the record's jobs, unless jobs of another one are open; what it is now."""
    with read_transaction(engine) as connection:
        if read_meta(connection, "namespace") == namespace:
            return namespace
    with write_transaction(engine) as connection:
        found = read_meta(connection, "namespace")
        unfinished = sa.exists().where(batches.c.state.in_(UNFINISHED))
        if found and connection.execute(sa.select(unfinished)).scalar_one():
            return found
        write_meta(connection, "namespace", namespace)
        return namespace
