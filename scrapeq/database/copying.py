"""A record copied whole: a SQLite file while others write to it, or one database into another."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa

from scrapeq.database import schema
from scrapeq.database.engine import read_transaction, reason, write_meta
from scrapeq.errors import DatabaseUnavailable, InputError

#: Rows that are copied at a time: 20 MB of pages of 100 kB at most, and fast enough for small ones.
CHUNK = 200


def copy_sqlite(source: Path, target: Path) -> None:
    """A file as it is at one moment, into one that is not there yet; others go on reading and writing.

    By SQLite's VACUUM INTO, which leaves behind the pages that are free: what was deleted is not in the
    copy. Raises DatabaseUnavailable.
    """
    damaged = DatabaseUnavailable(
        f"the record {source} is damaged",
        hint="restore an older backup: scrapeq restore FILE",
    )
    try:
        with (
            closing(sqlite3.connect(f"file:{quote(str(source))}?mode=ro", uri=True)) as opened,
        ):
            opened.execute("VACUUM INTO ?", (str(target.absolute()),))
        with closing(sqlite3.connect(target)) as copy:
            copy.execute("PRAGMA journal_mode = DELETE")  # one file, without a log beside it
            found = copy.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_CORRUPT:
            raise damaged from error
        raise DatabaseUnavailable(
            f"the record cannot be copied: {error}",
            hint=f"see to {source}, and to the room on the disk of {target.parent}",
        ) from error
    if found != "ok":
        raise damaged


def counts(engine: sa.Engine) -> dict[str, int]:
    """How many rows each table has."""
    with read_transaction(engine) as connection:
        return {
            table.name: int(
                connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
            )
            for table in schema.metadata.sorted_tables
        }


def copy_record(source: sa.Engine, target: sa.Engine) -> dict[str, int]:
    """Copy every row of a record into an empty one, in one transaction; the rows by table.

    Afterwards the open jobs are put into Redis anew. Raises InputError if the target has batches;
    DatabaseUnavailable if the counts are not the same in the end, and then nothing was copied.
    """
    if counts(target)["batches"]:
        raise InputError(
            "the database that it should move to has batches already",
            hint="name an empty one, or use that one as it is: set SCRAPEQ_DATABASE_URL",
        )
    try:
        with (
            read_transaction(source) as reading,
            target.connect().execution_options(scrapeq_writes=True) as writing,
            writing.begin(),
        ):
            copied = {
                table.name: _copy(reading, writing, table)
                for table in schema.metadata.sorted_tables
            }
            write_meta(writing, "redis", schema.OLDER_FORM)
            _check(reading, writing)
            return copied
    except sa.exc.DBAPIError as error:
        raise DatabaseUnavailable(
            f"the record cannot be copied: {reason(error)}",
            hint="nothing was copied; see to the room and the rights of the new database",
        ) from error


def _copy(reading: sa.Connection, writing: sa.Connection, table: sa.Table) -> int:
    writing.execute(table.delete())  # a new record has rows in `meta`
    rows = 0
    for chunk in _chunks(reading, table):
        writing.execute(_plain_insert(table), chunk)
        rows += len(chunk)
    own_ids = [one for one in table.primary_key if one.autoincrement is True]
    if own_ids and rows and writing.dialect.name == "postgresql":
        newest = sa.select(sa.func.max(own_ids[0])).scalar_subquery()
        sequence = sa.func.pg_get_serial_sequence(table.name, own_ids[0].name)
        writing.execute(sa.select(sa.func.setval(sequence, newest)))
    return rows


def _chunks(reading: sa.Connection, table: sa.Table) -> Iterator[list[dict[str, object]]]:
    """Rows as they are stored: what is packed stays packed."""
    columns = [_raw(column) for column in table.columns]
    found = reading.execution_options(yield_per=CHUNK).execute(sa.select(*columns))
    for rows in found.partitions():
        yield [dict(row._mapping) for row in rows]


def _raw(column: sa.Column[Any]) -> sa.ColumnElement[Any]:
    if isinstance(column.type, schema.PackedJSON):
        return sa.type_coerce(column, sa.LargeBinary).label(column.name)
    return column


def _plain_insert(table: sa.Table) -> sa.Insert:
    values = {
        column.name: sa.bindparam(
            column.name,
            type_=sa.LargeBinary() if isinstance(column.type, schema.PackedJSON) else column.type,
        )
        for column in table.columns
    }
    return table.insert().values(values)


def _check(reading: sa.Connection, writing: sa.Connection) -> None:
    for table in schema.metadata.sorted_tables:
        query = sa.select(sa.func.count()).select_from(table)
        before, after = (int(one.execute(query).scalar_one()) for one in (reading, writing))
        if before != after:
            raise DatabaseUnavailable(
                f"{after:,} of {before:,} rows of the table {table.name} were copied",
                hint="nothing is kept of it; end what works on the record, and move it again",
            )
