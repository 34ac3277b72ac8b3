"""The batches in the record: made in one transaction, found by id or name, moved between states."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

import sqlalchemy as sa

from scrapeq.clock import from_ms, now_ms
from scrapeq.database.engine import read_meta, reading, writing
from scrapeq.database.minutes import count_errors
from scrapeq.database.schema import batches, inputs, jobs
from scrapeq.errors import InputError
from scrapeq.models import Batch, BatchState, ErrorKind, JobStatus, ScrapingConfig

#: Rows in one INSERT: large enough to cost nothing per statement, small enough for memory.
CHUNK = 10_000
UNFINISHED = (BatchState.OPEN.value, BatchState.PAUSED.value)
_LISTED = sa.or_(batches.c.total > 1, batches.c.name.is_not(None))  # no single jobs


@dataclass(frozen=True, slots=True)
class NewJob:
    """One row of a submission. `error_kind` is set where the URL was refused: it is final at once;
    `page_of` where another job's page will answer it (`answered`: that page is there already)."""

    id: str
    row: int
    url: str
    href: str
    host: str
    priority: int
    error_kind: ErrorKind | None = None
    error_message: str | None = None
    page_of: str | None = None
    answered: bool = False


def add_batch(
    engine: sa.Engine,
    *,
    batch_id: str,
    name: str | None,
    config: ScrapingConfig,
    fingerprint: str,
    total: int,
    rows: Iterable[NewJob],
    url_column: str | None = None,
    table: Iterable[bytes] = (),
) -> Batch:
    """Write a batch, its jobs and its input's columns; when this returns they are accepted.

    A name that exists gets its next run. Rows that are final at once are counted at once.
    Raises InputError for an id that not every database keeps as it is, AlreadyThere for one that
    is taken, DatabaseUnavailable.
    """
    if not batch_id.isprintable():
        raise InputError(
            f"{batch_id!r} cannot be the id of a job or batch",
            hint="use letters, digits and hyphens",
        )
    created_ms = now_ms()
    with writing(engine) as connection:
        run = 1
        if name is not None:
            if connection.dialect.name == "postgresql":  # SQLite has one writer at a time
                known_as = sa.func.hashtextextended(sa.literal(name, batches.c.name.type), 0)
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(known_as)))
            last = sa.select(sa.func.max(batches.c.run)).where(batches.c.name == name)
            run = (connection.execute(last).scalar() or 0) + 1
        finals = 0
        values: list[dict[str, object]] = []
        counts = {"completed": 0, "failed": 0, "from_store": 0}
        errors: Counter[str] = Counter()

        def job_values() -> Iterator[dict[str, object]]:
            nonlocal finals
            for job in rows:
                status, order = JobStatus.PENDING, None
                if job.error_kind is not None:
                    status = JobStatus.FAILED
                    errors[str(job.error_kind)] += 1
                elif job.answered:
                    status = JobStatus.COMPLETED
                    counts["from_store"] += 1
                if status is not JobStatus.PENDING:
                    finals += 1
                    order = finals
                    counts[status.value] += 1
                yield {
                    "id": job.id,
                    "batch_id": batch_id,
                    "row": job.row,
                    "url": job.url,
                    "href": None if job.href == job.url else job.href,
                    "host": job.host,
                    "priority": job.priority,
                    "status": status.value,
                    "attempts": 0,
                    "error_kind": job.error_kind,
                    "error_message": job.error_message,
                    "page_of": job.page_of,
                    "from_store": job.answered,
                    "finish_order": order,
                    "finished_ms": created_ms if order else None,
                }

        pending = job_values()
        while values := list(islice(pending, CHUNK)):
            connection.execute(jobs.insert(), values)
        done = finals >= total
        connection.execute(
            batches.insert().values(
                id=batch_id,
                name=name,
                run=run,
                state=(BatchState.FINISHED if done else BatchState.OPEN).value,
                config=json.dumps(config.to_storage()),
                fingerprint=fingerprint,
                url_column=url_column,
                total=total,
                cancelled=0,
                finish_order=finals,
                enqueued=done,
                created_ms=created_ms,
                finished_ms=created_ms if done else None,
                **counts,
            )
        )
        parts = [
            {"batch_id": batch_id, "part": part, "data": data} for part, data in enumerate(table)
        ]
        if parts:
            connection.execute(inputs.insert(), parts)
        count_errors(connection, created_ms, errors)
        return _find(connection, batches.c.id == batch_id)[0]


def find_batch(engine: sa.Engine, name_or_id: str) -> Batch | None:
    """The batch with this id, else the newest run with this name, else None."""
    with reading(engine) as connection:
        newest = sa.select(sa.func.max(batches.c.run)).where(batches.c.name == name_or_id)
        named = sa.and_(batches.c.name == name_or_id, batches.c.run == newest.scalar_subquery())
        found = _find(connection, batches.c.id == name_or_id) or _find(connection, named)
        return found[0] if found else None


def merged_rows(engine: sa.Engine, batch_id: str) -> int:
    """How many rows share the page of another row of their batch."""
    query = sa.select(sa.func.count()).where(
        jobs.c.batch_id == batch_id, jobs.c.page_of.is_not(None), jobs.c.from_store.is_(False)
    )
    with reading(engine) as connection:
        return int(connection.execute(query).scalar_one())


def fingerprint_of(engine: sa.Engine, batch_id: str) -> str:
    """What the batch was made from, to tell whether a cell that is run again asks for the same."""
    with reading(engine) as connection:
        query = sa.select(batches.c.fingerprint).where(batches.c.id == batch_id)
        return str(connection.execute(query).scalar_one())


def list_batches(engine: sa.Engine, limit: int = 100) -> list[Batch]:
    """The newest batches of more than one job or with a name, newest first."""
    with reading(engine) as connection:
        return _find(connection, _LISTED, limit)


class BatchRow(NamedTuple):
    """A batch without its options, as a table shows it."""

    name: str | None
    id: str
    run: int
    state: str
    total: int
    completed: int
    failed: int
    cancelled: int
    from_store: int
    created_ms: int
    finished_ms: int | None


def batch_rows(engine: sa.Engine, limit: int | None = None) -> list[BatchRow]:
    """What `list_batches` gives, without reading the options of each."""
    c = batches.c
    query = (
        sa.select(*(c[name] for name in BatchRow._fields))
        .where(_LISTED)
        .order_by(c.created_ms.desc(), c.run.desc())
        .limit(limit)
    )
    with reading(engine) as connection:
        return [BatchRow._make(row) for row in connection.execute(query)]


def unfinished_batches(engine: sa.Engine, *, only_not_enqueued: bool = False) -> list[Batch]:
    """Batches with open jobs, oldest first; on request those that Redis does not fully know."""
    condition: sa.ColumnElement[bool] = batches.c.state.in_(UNFINISHED)
    if only_not_enqueued:
        condition = sa.and_(condition, sa.not_(batches.c.enqueued))
    with reading(engine) as connection:
        return _find(connection, condition, limit=None)[::-1]


def set_enqueued(engine: sa.Engine, batch_ids: Sequence[str], epoch: int) -> None:
    """Note that every open job of the batches is in the Redis of this epoch, if it is still that."""
    with writing(engine) as connection:
        if int(read_meta(connection, "epoch")) == epoch:
            connection.execute(
                batches.update().where(batches.c.id.in_(batch_ids)).values(enqueued=True)
            )


def set_state(engine: sa.Engine, batch_id: str, state: BatchState) -> bool:
    """Pause or resume an unfinished batch; False if it is finished or cancelled."""
    with writing(engine) as connection:
        changed = connection.execute(
            batches.update()
            .where(batches.c.id == batch_id, batches.c.state.in_(UNFINISHED))
            .values(state=state.value)
        )
        return changed.rowcount > 0


def input_parts(engine: sa.Engine, batch_id: str) -> list[bytes]:
    """The input's own columns as they were packed; empty if there were none."""
    with reading(engine) as connection:
        query = (
            sa.select(inputs.c.data).where(inputs.c.batch_id == batch_id).order_by(inputs.c.part)
        )
        return [bytes(data) for (data,) in connection.execute(query)]


def close_finished(connection: sa.Connection, batch_ids: Iterable[str], at_ms: int) -> None:
    """Mark those of the batches whose every job is final; part of the caller's transaction."""
    c = batches.c
    connection.execute(
        batches.update()
        .where(
            c.id.in_(list(batch_ids)),
            c.state.in_(UNFINISHED),
            c.completed + c.failed + c.cancelled >= c.total,
        )
        .values(state=BatchState.FINISHED.value, finished_ms=at_ms)
    )


def _find(
    connection: sa.Connection, condition: sa.ColumnElement[bool], limit: int | None = 1
) -> list[Batch]:
    query = (
        sa.select(batches)
        .where(condition)
        .order_by(batches.c.created_ms.desc(), batches.c.run.desc())
        .limit(limit)
    )
    return [
        Batch(
            id=row.id,
            name=row.name,
            run=row.run,
            state=BatchState(row.state),
            config=ScrapingConfig(**json.loads(row.config)),
            url_column=row.url_column,
            total=row.total,
            completed=row.completed,
            failed=row.failed,
            cancelled=row.cancelled,
            from_store=row.from_store,
            created_at=from_ms(row.created_ms),
            finished_at=from_ms(row.finished_ms),
        )
        for row in connection.execute(query)
    ]
