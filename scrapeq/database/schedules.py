"""The schedules in the record: made, found, and moved on to their next time by one process only."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from scrapeq.clock import from_ms, to_ms
from scrapeq.database.engine import insert_into, read_transaction, write_transaction
from scrapeq.database.schema import batches, input_urls, inputs, json_bytes, schedules
from scrapeq.database.sealing import keys_of
from scrapeq.database.secrets import read_config, stored_config
from scrapeq.errors import AlreadyThere
from scrapeq.models import BatchState
from scrapeq.models.notification import Notify
from scrapeq.models.schedule import Schedule
from scrapeq.models.timetable import Timetable

#: Cells of one part of an input: some MB of JSON, before it is compressed.
CELLS_A_PART = 50_000
#: What the id of an input begins with, and what is behind all such ids.
_PREFIX, _BEHIND = "input-", "input."
_INPUTS_LOCK = 0x5C7A9E02  # an arbitrary number that only we use for pg_advisory_xact_lock


class ScheduleInput(NamedTuple):
    """What a schedule submits each time: the cells, and the input's own columns as they were packed."""

    cells: Sequence[str | None]
    table: Sequence[bytes] = ()

    @property
    def id(self) -> str:
        """The same for the same input."""
        digest = hashlib.sha256()
        for part in (*map(json_bytes, _parts(self.cells)), *self.table):
            digest.update(len(part).to_bytes(8) + part)
        return f"{_PREFIX}{digest.hexdigest()[:32]}"


def _parts(cells: Sequence[str | None]) -> Iterator[Sequence[str | None]]:
    return (cells[at : at + CELLS_A_PART] for at in range(0, len(cells), CELLS_A_PART))


def put(engine: sa.Engine, schedule: Schedule, of: ScheduleInput | None) -> None:
    """Make a schedule, or give one of this name all that this one has. of: its input, where the record
    does not have it yet."""
    row = _row(engine, schedule)
    with write_transaction(engine) as connection:
        if of is not None:
            _put_input(connection, schedule.input_id, of)
        insert = insert_into(connection, schedules).values(row)
        connection.execute(insert.on_conflict_do_update(index_elements=["name"], set_=row))
        drop_unused_inputs(connection)


def _put_input(connection: sa.Connection, input_id: str, of: ScheduleInput) -> None:
    """Keep the cells and the columns; of a schedule that was deleted, its runs may still have these."""
    _one_at_a_time(connection)
    cells_of, columns_of = input_urls.c.input_id == input_id, inputs.c.batch_id == input_id
    if connection.execute(sa.select(input_urls.c.part).where(cells_of)).first() is None:
        for part, some in enumerate(_parts(of.cells)):
            values = {"input_id": input_id, "part": part, "cells": list(some)}
            connection.execute(input_urls.insert().values(values))
    if connection.execute(sa.select(inputs.c.part).where(columns_of)).first() is None:
        for part, data in enumerate(of.table):
            values = {"batch_id": input_id, "part": part, "data": data}
            connection.execute(inputs.insert().values(values))


def drop_unused_inputs(connection: sa.Connection) -> None:
    """Delete the inputs that no schedule has any more; the columns go with the last of its batches."""
    _one_at_a_time(connection)
    scheduled = sa.select(schedules.c.name).where(schedules.c.input_id == input_urls.c.input_id)
    connection.execute(input_urls.delete().where(~scheduled.exists()))
    c = inputs.c
    scheduled = sa.select(schedules.c.name).where(schedules.c.input_id == c.batch_id)
    used = sa.select(batches.c.id).where(
        sa.or_(batches.c.input_id == c.batch_id, batches.c.id == c.batch_id)
    )
    shared = sa.and_(c.batch_id >= _PREFIX, c.batch_id < _BEHIND, c.batch_id.like(f"{_PREFIX}%"))
    connection.execute(inputs.delete().where(shared, ~scheduled.exists(), ~used.exists()))


def _one_at_a_time(connection: sa.Connection) -> None:
    """An input is not dropped while another process gives it to a schedule; SQLite has one writer."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_INPUTS_LOCK)))


def cells(engine: sa.Engine, input_id: str) -> list[str | None]:
    """The cells of an input, in their order."""
    c = input_urls.c
    query = sa.select(c.cells).where(c.input_id == input_id).order_by(c.part)
    with read_transaction(engine) as connection:
        return [cell for part in connection.execute(query).scalars() for cell in part]


def find(engine: sa.Engine, name: str) -> Schedule | None:
    """The schedule of this name, or None."""
    with read_transaction(engine) as connection:
        found = _read(connection, schedules.c.name == name)
        # What no database keeps is left out of what is asked for too: that is another name.
        return next((one for one in found if one.name == name), None)


class Listed(NamedTuple):
    """A schedule with its newest run: the state, rows and failed rows; None before the first."""

    schedule: Schedule
    run_state: BatchState | None
    run_total: int | None
    run_failed: int | None


def listed(engine: sa.Engine) -> list[Listed]:
    """All schedules, the next one first; those that never come again last."""
    newest = sa.select(batches.c.id, batches.c.state, batches.c.total, batches.c.failed)
    with read_transaction(engine) as connection:
        found = list(_read(connection, sa.true()))
        wanted = [one.last_batch_id for one in found if one.last_batch_id is not None]
        query = newest.where(batches.c.id.in_(wanted))
        runs = {row.id: row for row in connection.execute(query)}
    rows = []
    for one in found:
        run = runs.get(one.last_batch_id or "")
        state = None if run is None else BatchState(run.state)
        rows.append(Listed(one, state, run and run.total, run and run.failed))
    return rows


def due(engine: sa.Engine, at_ms: int) -> list[Schedule]:
    """Those whose next time has come, the oldest time first."""
    c = schedules.c
    with read_transaction(engine) as connection:
        return list(_read(connection, sa.and_(c.paused == sa.false(), c.next_ms <= at_ms)))


def move_on(connection: sa.Connection, before: Schedule, after: Schedule) -> None:
    """Give a schedule what a time changes, in the caller's transaction: of all processes that see the same
    time, one does. Raises AlreadyThere in the others, and where the schedule was changed meanwhile."""
    c = schedules.c
    same = sa.and_(
        c.name == before.name,
        c.next_ms.is_not_distinct_from(to_ms(before.next_at)),
        c.last_batch_id.is_not_distinct_from(before.last_batch_id),
        c.input_id == before.input_id,
        c.paused == before.paused,
    )
    row = _row(connection, after)
    changed = (
        "next_ms",
        "last_ms",
        "last_batch_id",
        "missed",
        "error_message",
        "error_ms",
    )
    values = {name: row[name] for name in changed}
    if not connection.execute(schedules.update().where(same).values(values)).rowcount:
        raise AlreadyThere(
            f"the schedule {before.name!r} was changed meanwhile, or this time of it has its run",
            hint="look at it again: scrapeq schedule list",
        )


def move_on_alone(engine: sa.Engine, before: Schedule, after: Schedule) -> None:
    """`move_on` in a transaction of its own."""
    with write_transaction(engine) as connection:
        move_on(connection, before, after)


def set_paused(engine: sa.Engine, name: str, *, paused: bool, next_ms: int | None) -> bool:
    """Stop or go on with a schedule, from its next time on. False if there is none."""
    change = schedules.update().where(schedules.c.name == name)
    with write_transaction(engine) as connection:
        done = connection.execute(change.values(paused=paused, next_ms=next_ms))
        return done.rowcount > 0


def delete(engine: sa.Engine, name: str) -> bool:
    """End a schedule; its runs stay. False if there is none."""
    with write_transaction(engine) as connection:
        done = connection.execute(schedules.delete().where(schedules.c.name == name))
        drop_unused_inputs(connection)
        return done.rowcount > 0


def _row(bind: sa.Engine | sa.Connection, schedule: Schedule) -> dict[str, Any]:
    values = schedule.model_dump(
        include={
            "name",
            "priority",
            "owner",
            "input_id",
            "url_column",
            "rows",
            "paused",
            "last_batch_id",
            "missed",
            "error_message",
        }
    )
    times = ("made", "next", "last", "error")
    notify = None if schedule.notify is None else schedule.notify.to_storage(keys_of(bind).seal)
    return {
        **values,
        "timetable": schedule.timetable.model_dump_json(exclude_defaults=True),
        "config": stored_config(bind, schedule.config)[0],
        "notify": None if notify is None else json.dumps(notify),
        **{f"{name}_ms": to_ms(getattr(schedule, f"{name}_at")) for name in times},
    }


def _read(connection: sa.Connection, condition: sa.ColumnElement[bool]) -> Iterator[Schedule]:
    c = schedules.c
    query = sa.select(schedules).where(condition)
    rows: Iterable[Any] = connection.execute(query.order_by(c.next_ms.is_(None), c.next_ms, c.name))
    for row in rows:
        found = dict(row._mapping)
        times = {
            f"{name}_at": from_ms(found.pop(f"{name}_ms"))
            for name in ("made", "next", "last", "error")
        }
        yield Schedule(
            **{
                **found,
                **times,
                "timetable": Timetable(**json.loads(row.timetable)),
                "config": read_config(connection, row.config),
                "notify": None
                if row.notify is None
                else Notify.from_storage(json.loads(row.notify), keys_of(connection).unseal),
            }
        )
