"""The batches in the record: made in one transaction, found by id or name, moved between states."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from scrapeq.clock import from_ms, now_ms
from scrapeq.database.engine import (
    driver_transaction,
    read_meta,
    read_meta_by_driver,
    read_transaction,
    write_transaction,
)
from scrapeq.database.intake import Intake
from scrapeq.database.minutes import count_errors
from scrapeq.database.new_job import NewJob
from scrapeq.database.prepared import CHUNK, insert_by_driver, insert_rows
from scrapeq.database.schema import batches, inputs, jobs
from scrapeq.database.secrets import read_config, stored_config
from scrapeq.database.selected import by_selector, counted
from scrapeq.errors import AlreadyThere, InputError
from scrapeq.models import Batch, BatchState, RequestIdentity, ScrapingConfig
from scrapeq.urls import duplicate_key

UNFINISHED = (BatchState.OPEN.value, BatchState.PAUSED.value)
_LISTED = sa.or_(batches.c.total > 1, batches.c.name.is_not(None))  # no single jobs


def add_batch(
    engine: sa.Engine,
    *,
    batch_id: str,
    name: str | None,
    run: int | None = None,
    config: ScrapingConfig,
    fingerprint: str,
    total: int,
    rows: Iterable[NewJob],
    owner: str = "",
    url_column: str | None = None,
    table: Iterable[bytes] = (),
    growing: bool = False,
    input_id: str | None = None,
    request: str | None = None,
    first: Callable[[sa.Connection], None] | None = None,
) -> Batch:
    """Write a batch, its jobs and its input's columns; when this returns they are accepted.

    A name that exists gets its next run; `run` says which one that must be. Rows that are final at once are counted at once.
    growing: it may get more jobs, and is not finished before `stop_growing`, though all are final.
    input_id: of an input's columns that are in the record already, in place of `table`. request: the digest of its
    requests where secrets of `config` were erased. first: what is
    done in the same transaction before all else; if it raises, nothing is written.
    Raises InputError for an id that not every database keeps as it is, AlreadyThere for one that
    is taken, or for a run that is there or not the next, DatabaseUnavailable.
    """
    _check_id(batch_id)
    created_ms = now_ms()
    with write_transaction(engine) as connection:
        if first is not None:
            first(connection)
        next_run = 1
        if name is not None:
            if connection.dialect.name == "postgresql":  # SQLite has one writer at a time
                known_as = sa.func.hashtextextended(sa.literal(name, batches.c.name.type), 0)
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(known_as)))
            last = sa.select(sa.func.max(batches.c.run)).where(batches.c.name == name)
            next_run = (connection.execute(last).scalar() or 0) + 1
            if run is not None and run != next_run:
                raise AlreadyThere(
                    f"the newest run of {name!r} is {next_run - 1} by now",
                    hint=f"look at the newest: attach({name!r})",
                )
        intake = Intake(batch_id, created_ms)
        intake.insert(connection, rows)
        batch = _batch_row(
            intake,
            connection,
            config=config,
            fingerprint=fingerprint,
            owner=owner,
            total=total,
            growing=growing,
            request=request,
        )
        batch |= {"name": name, "run": next_run, "url_column": url_column, "input_id": input_id}
        insert_rows(connection, batches, [batch])
        parts = [
            {"batch_id": batch_id, "part": part, "data": data} for part, data in enumerate(table)
        ]
        if parts:
            connection.execute(inputs.insert(), parts)
        count_errors(connection, created_ms, intake.errors)
        return _find(connection, batches.c.id == batch_id)[0]


def _check_id(batch_id: str) -> None:
    if not batch_id.isprintable():
        raise InputError(
            f"{batch_id!r} cannot be the id of a job or batch",
            hint="use letters, digits and hyphens",
        )


def _batch_row(
    intake: Intake,
    bind: sa.Engine | sa.Connection,
    *,
    config: ScrapingConfig,
    fingerprint: str,
    owner: str,
    total: int,
    growing: bool = False,
    request: str | None = None,
) -> dict[str, Any]:
    """A new batch as a row of `batches`, when all its jobs were taken in."""
    done = intake.last_place >= total and not growing
    text, has_secrets = stored_config(bind, config)
    return {
        "id": intake.batch_id,
        "state": (BatchState.FINISHED if done else BatchState.OPEN).value,
        "config": text,
        "sealed": int(has_secrets),
        "request": request or RequestIdentity.of(config).digest,
        "fingerprint": fingerprint,
        "owner": owner,
        "total": total,
        "finish_order": intake.last_place,
        "enqueued": done,
        "selected": counted(None, intake.selected.elements()),
        "growing": growing,
        "created_ms": intake.at_ms,
        "finished_ms": intake.at_ms if done else None,
        **intake.counts,
    }


class Single(NamedTuple):
    """A job that is submitted alone: a batch of one row, with the same id, that is to be fetched."""

    job: NewJob
    config: ScrapingConfig
    fingerprint: str


def add_singles(engine: sa.Engine, singles: Sequence[Single], *, owner: str, at_ms: int) -> int:
    """Accept jobs that were submitted alone, all in one transaction; the epoch of the record's Redis.

    When this returns they are on the disk. Raises what `add_batch` raises, and then none is accepted.
    """
    for one in singles:
        _check_id(one.job.id)
    rows, owners = [], []
    for one in singles:
        intake = Intake(one.job.id, at_ms)
        rows.append(intake.row(one.job))
        owners.append(
            _batch_row(
                intake,
                engine,
                config=one.config,
                fingerprint=one.fingerprint,
                owner=owner,
                total=1,
            )
        )
    dialect = engine.dialect
    with driver_transaction(engine) as cursor:
        insert_by_driver(cursor, dialect, jobs, rows)
        insert_by_driver(cursor, dialect, batches, owners)
        return int(read_meta_by_driver(cursor, dialect, "epoch"))


def append_jobs(
    connection: sa.Connection, batch_id: str, new: Iterable[NewJob], at_ms: int
) -> list[NewJob]:
    """Add jobs to an open batch behind its rows, but for those whose page it has a job for already;
    those that were added and are open. Part of the caller's transaction, which holds the batch.

    The first time, every job of the batch gets a key to be compared by: 10 s for a million.
    """
    c = batches.c
    batch = connection.execute(
        sa.select(c.total, c.finish_order, c.keyed).where(c.id == batch_id)
    ).one()
    if not batch.keyed:
        _key_jobs(connection, batch_id)
    wanted: dict[str, NewJob] = {}
    for job in new:
        wanted.setdefault(duplicate_key(job.href), job)
    keys = list(wanted)
    for start in range(0, len(keys), CHUNK):
        there = sa.select(jobs.c.url_key).where(
            jobs.c.batch_id == batch_id, jobs.c.url_key.in_(keys[start : start + CHUNK])
        )
        for key in connection.execute(there).scalars().all():
            del wanted[key]
    intake = Intake(batch_id, at_ms, batch.finish_order)
    added = [job._replace(row=row) for row, job in enumerate(wanted.values(), batch.total)]
    if added:
        rows = [intake.row(job, key) for job, key in zip(added, wanted, strict=True)]
        insert_rows(connection, jobs, rows)
        count_errors(connection, at_ms, intake.errors)
    connection.execute(
        batches.update()
        .where(c.id == batch_id)
        .values(
            total=c.total + len(added),
            finish_order=intake.last_place,
            keyed=True,
            **({"enqueued": False} if added else {}),
            **{name: c[name] + count for name, count in intake.counts.items()},
        )
    )
    return [job for job in added if job.error_kind is None and job.answered is None]


def _key_jobs(connection: sa.Connection, batch_id: str) -> None:
    """Give the first job of each page in the batch its key."""
    j = jobs.c
    query = (
        sa.select(j.id, sa.func.coalesce(j.href, j.url))
        .where(j.batch_id == batch_id, j.host != "")
        .order_by(j.row)
    )
    first: dict[str, str] = {}
    for job_id, href in connection.execute(query):
        first.setdefault(duplicate_key(href), job_id)
    if first:
        connection.execute(
            jobs.update().where(j.id == sa.bindparam("job")).values(url_key=sa.bindparam("key")),
            [{"job": job_id, "key": key} for key, job_id in first.items()],
        )


def stop_growing(engine: sa.Engine, batch_id: str) -> None:
    """Note that nothing more is appended but by results: the batch ends with its last job."""
    with write_transaction(engine) as connection:
        connection.execute(batches.update().where(batches.c.id == batch_id).values(growing=False))
        close_finished(connection, [batch_id], now_ms())


def find_batch(engine: sa.Engine, name_or_id: str) -> Batch | None:
    """The batch with this id, else the newest run with this name, else None."""
    with read_transaction(engine) as connection:
        newest = sa.select(sa.func.max(batches.c.run)).where(batches.c.name == name_or_id)
        named = sa.and_(batches.c.name == name_or_id, batches.c.run == newest.scalar_subquery())
        found = _find(connection, batches.c.id == name_or_id) or _find(connection, named)
        return found[0] if found else None


def run_before(engine: sa.Engine, batch: Batch) -> Batch | None:
    """The last finished run of the batch's name before it, or None."""
    c = batches.c
    if batch.name is None:
        return None
    wanted = sa.and_(c.name == batch.name, c.run < batch.run, c.state == BatchState.FINISHED.value)
    with read_transaction(engine) as connection:
        last = sa.select(sa.func.max(c.run)).where(wanted).scalar_subquery()
        found = _find(connection, sa.and_(c.name == batch.name, c.run == last))
        return found[0] if found else None


def merged_rows(engine: sa.Engine, batch_id: str) -> int:
    """How many rows share the page of another row of their batch."""
    leader = jobs.alias("leader")
    query = (
        sa.select(sa.func.count())
        .select_from(jobs.join(leader, leader.c.id == jobs.c.page_of))
        .where(jobs.c.batch_id == batch_id, leader.c.batch_id == batch_id)
    )
    with read_transaction(engine) as connection:
        return int(connection.execute(query).scalar_one())


def selector_matches(engine: sa.Engine, batch: Batch) -> tuple[int, dict[str, int]]:
    """How many pages of a batch were read, and on how many of them each selector matched."""
    with read_transaction(engine) as connection:
        query = sa.select(batches.c.selected).where(batches.c.id == batch.id)
        counts = connection.execute(query).scalar_one_or_none()
    return by_selector(counts, batch.config.recipe.asked)


def runs_with_selectors(engine: sa.Engine, batch: Batch) -> list[tuple[Batch, int, dict[str, int]]]:
    """Each run of a batch's name up to it, oldest first (it alone, if it has no name): the batch, how many
    pages were read, and on how many each selector matched."""
    c = batches.c
    wanted = c.id == batch.id
    if batch.name is not None:
        wanted = sa.and_(c.name == batch.name, c.run <= batch.run)
    with read_transaction(engine) as connection:
        found = _find(connection, wanted, limit=100)
        counts = dict(connection.execute(sa.select(c.id, c.selected).where(wanted)).all())
    runs = sorted(found, key=lambda one: one.run)
    return [(one, *by_selector(counts.get(one.id), one.config.recipe.asked)) for one in runs]


def fingerprint_of(engine: sa.Engine, batch_id: str) -> str:
    """What the batch was made from, to tell whether a cell that is run again asks for the same."""
    with read_transaction(engine) as connection:
        query = sa.select(batches.c.fingerprint).where(batches.c.id == batch_id)
        return str(connection.execute(query).scalar_one())


def list_batches(engine: sa.Engine, limit: int = 100) -> list[Batch]:
    """The newest batches of more than one job or with a name, newest first."""
    with read_transaction(engine) as connection:
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
    rendered: int
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
    with read_transaction(engine) as connection:
        return [BatchRow._make(row) for row in connection.execute(query)]


def unfinished_batches(engine: sa.Engine, *, only_not_enqueued: bool = False) -> list[Batch]:
    """Batches with open jobs, oldest first; on request those that Redis does not fully know."""
    condition: sa.ColumnElement[bool] = batches.c.state.in_(UNFINISHED)
    if only_not_enqueued:
        condition = sa.and_(condition, sa.not_(batches.c.enqueued))
    with read_transaction(engine) as connection:
        return _find(connection, condition, limit=None)[::-1]


def set_enqueued(engine: sa.Engine, batch_ids: Sequence[str], epoch: int) -> None:
    """Note that every open job of the batches is in the Redis of this epoch, if it is still that.

    A note that is lost costs nothing but that they are put there once more.
    """
    with write_transaction(engine, durable=False) as connection:
        if int(read_meta(connection, "epoch")) == epoch:
            connection.execute(
                batches.update().where(batches.c.id.in_(batch_ids)).values(enqueued=True)
            )


def clear_enqueued(engine: sa.Engine, batch_id: str) -> None:
    """Note that Redis holds nothing of a cancelled batch any more."""
    with write_transaction(engine) as connection:
        connection.execute(
            batches.update()
            .where(batches.c.id == batch_id, batches.c.state == BatchState.CANCELLED.value)
            .values(enqueued=False)
        )


def cancelled_in_redis(engine: sa.Engine) -> list[str]:
    """The cancelled batches of which Redis may still hold jobs."""
    query = sa.select(batches.c.id).where(
        batches.c.state == BatchState.CANCELLED.value, batches.c.enqueued
    )
    with read_transaction(engine) as connection:
        return list(connection.execute(query).scalars())


def ids_in_state(engine: sa.Engine, state: BatchState) -> list[str]:
    """The ids of the batches in a state."""
    query = sa.select(batches.c.id).where(batches.c.state == state.value)
    with read_transaction(engine) as connection:
        return list(connection.execute(query).scalars())


def set_state(engine: sa.Engine, batch_id: str, state: BatchState) -> bool:
    """Pause or resume an unfinished batch; False if it is finished or cancelled."""
    with write_transaction(engine) as connection:
        changed = connection.execute(
            batches.update()
            .where(batches.c.id == batch_id, batches.c.state.in_(UNFINISHED))
            .values(state=state.value)
        )
        return changed.rowcount > 0


def input_parts(engine: sa.Engine, batch_id: str) -> list[bytes]:
    """The input's own columns as they were packed; empty if there were none."""
    with read_transaction(engine) as connection:
        query = _input_parts(batch_id).order_by(inputs.c.part)
        return [bytes(data) for (data,) in connection.execute(query)]


def input_part(engine: sa.Engine, batch_id: str, part: int) -> bytes | None:
    """One of `input_parts`; None where there is none."""
    wanted = _input_parts(batch_id).where(inputs.c.part == part)
    with read_transaction(engine) as connection:
        data = connection.execute(wanted).scalar_one_or_none()
        return None if data is None else bytes(data)


def _input_parts(batch_id: str) -> sa.Select[Any]:
    """Its own input, or that of its schedule, which all runs share."""
    shared = sa.select(batches.c.input_id).where(batches.c.id == batch_id).scalar_subquery()
    owner = sa.func.coalesce(shared, sa.literal(batch_id))
    return sa.select(inputs.c.data).where(inputs.c.batch_id == owner)


def close_finished(connection: sa.Connection, batch_ids: Iterable[str], at_ms: int) -> None:
    """Mark those of the batches whose every job is final and that get no more; part of the caller's
    transaction."""
    c = batches.c
    connection.execute(
        batches.update()
        .where(
            c.id.in_(list(batch_ids)),
            c.state.in_(UNFINISHED),
            c.completed + c.failed + c.cancelled >= c.total,
            sa.not_(c.growing),
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
            config=read_config(connection, row.config),
            request=row.request,
            owner=row.owner,
            url_column=row.url_column,
            total=row.total,
            completed=row.completed,
            failed=row.failed,
            cancelled=row.cancelled,
            from_store=row.from_store,
            rendered=row.rendered,
            growing=row.growing,
            created_at=from_ms(row.created_ms),
            finished_at=from_ms(row.finished_ms),
        )
        for row in connection.execute(query)
    ]
