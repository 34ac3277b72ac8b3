"""What happened: by minute, to hosts, and the errors that somebody recorded by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from scrapeq.database.batches import UNFINISHED, now_ms
from scrapeq.database.engine import read_meta, reading, write_meta, writing
from scrapeq.database.results import count_minute
from scrapeq.database.schema import batches, events, history, host_events, jobs, meta


@dataclass(frozen=True, slots=True)
class Minute:
    """The jobs that finished within one minute; time_s is the sum of their last tries."""

    minute_ms: int
    succeeded: int
    failed: int
    time_s: float


def minutes_since(engine: sa.Engine, since_ms: int) -> list[Minute]:
    """The minutes with finished jobs since then, oldest first."""
    query = sa.select(history).where(history.c.minute_ms >= since_ms).order_by(history.c.minute_ms)
    with reading(engine) as connection:
        return [Minute(*row) for row in connection.execute(query)]


def record_completion(engine: sa.Engine, *, success: bool, processing_time_s: float) -> None:
    """Count a job that was done outside of the workers."""
    with writing(engine) as connection:
        count_minute(connection, now_ms(), int(success), int(not success), processing_time_s)


def record_error(engine: sa.Engine, job_id: str | None, error_type: str, message: str) -> None:
    """Keep an error that somebody met, with the time."""
    with writing(engine) as connection:
        connection.execute(
            events.insert().values(
                at_ms=now_ms(), job_id=job_id, error_type=error_type, message=message
            )
        )


@dataclass(frozen=True, slots=True)
class HostEvent:
    """The breaker of a host changed; event: opened, given_up or closed; said: "kind: message"."""

    at_ms: int
    host: str
    event: str
    said: str


def record_host_events(engine: sa.Engine, rows: Sequence[tuple[str, str, str]]) -> None:
    """Keep what became of breakers just now: `(host, event, said)` each."""
    at_ms = now_ms()
    values = [
        {"at_ms": at_ms, "host": host, "event": event, "said": said} for host, event, said in rows
    ]
    with writing(engine) as connection:
        connection.execute(host_events.insert(), values)


def host_events_since(engine: sa.Engine, since_ms: int) -> list[HostEvent]:
    """What became of breakers since then, oldest first."""
    c = host_events.c
    query = (
        sa.select(c.at_ms, c.host, c.event, c.said)
        .where(c.at_ms >= since_ms)
        .order_by(c.at_ms, c.id)
    )
    with reading(engine) as connection:
        return [HostEvent(*row) for row in connection.execute(query)]


def error_counts(engine: sa.Engine, since_ms: int) -> dict[str, int]:
    """How often each kind of error ended a job, or was recorded, since then."""
    counts: dict[str, int] = {}
    ended = (
        sa.select(jobs.c.error_kind, sa.func.count())
        .where(jobs.c.finished_ms >= since_ms, jobs.c.error_kind.is_not(None))
        .group_by(jobs.c.error_kind)
    )
    recorded = (
        sa.select(events.c.error_type, sa.func.count())
        .where(events.c.at_ms >= since_ms)
        .group_by(events.c.error_type)
    )
    with reading(engine) as connection:
        for query in (ended, recorded):
            for kind, count in connection.execute(query):
                counts[kind] = counts.get(kind, 0) + count
    return counts


def raise_epoch(engine: sa.Engine, known_redis: str, new_redis: str) -> int | None:
    """Note that Redis is not the one the record knew; the new epoch.

    None if somebody else has noted it first: `known_redis` is no longer what the record says.
    """
    with writing(engine) as connection:
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


def known_redis(engine: sa.Engine) -> tuple[str, int]:
    """The Redis that the record knows, and its epoch."""
    with reading(engine) as connection:
        return read_meta(connection, "redis"), int(read_meta(connection, "epoch"))
