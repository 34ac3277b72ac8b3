"""Statements that are compiled once: to put them together takes longer than to run them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, lru_cache
from itertools import chain, islice
from typing import Any

import sqlalchemy as sa

#: Rows that one call of the driver takes: enough to cost nothing per call, few enough for memory.
CHUNK = 10_000
#: Rows in one statement of SQLite, which takes a third of the time of a statement for each; it allows
#: 32,766 values.
TOGETHER = 100


def insert_rows(
    connection: sa.Connection, table: sa.Table, rows: Iterable[Mapping[str, Any]]
) -> None:
    """Insert rows that all have the same names; each other column gets its default.

    They are taken piece by piece, so that millions need no more memory than `CHUNK`.
    """
    for text, values in _pieces(connection.dialect, table, rows):
        connection.exec_driver_sql(text, values)


def insert_alike(
    connection: sa.Connection,
    table: sa.Table,
    names: Sequence[str],
    rows: Sequence[tuple[Any, ...]],
    shared: Sequence[tuple[str, str]],
) -> None:
    """Insert rows that differ in a few columns alone. Their values go to the driver as they are.

    shared: the SQL of the values of other columns, the same in each row; all others are NULL.
    """
    at_once = TOGETHER if connection.dialect.name == "sqlite" else 1
    whole = len(rows) - len(rows) % at_once
    for some, count in ((rows[:whole], at_once), (rows[whole:], 1)):
        if not some:
            continue
        text = _insert_some(table, tuple(names), tuple(shared), count, connection.dialect)
        pieces = (some[start : start + count] for start in range(0, len(some), count))
        connection.exec_driver_sql(text, [tuple(chain.from_iterable(piece)) for piece in pieces])


def insert_by_driver(
    cursor: Any, dialect: sa.Dialect, table: sa.Table, rows: Iterable[Mapping[str, Any]]
) -> None:
    """The same with a cursor of the driver: see `engine.driver_transaction`."""
    for text, values in _pieces(dialect, table, rows):
        cursor.executemany(text, values)


def _pieces(
    dialect: sa.Dialect, table: sa.Table, rows: Iterable[Mapping[str, Any]]
) -> Iterator[tuple[str, list[Any]]]:
    """A statement, and some rows as its driver takes them."""
    pending = iter(rows)
    first = next(pending, None)
    if first is None:
        return
    defaults = {
        column.name: column.default.arg
        for column in table.columns
        if column.name not in first and isinstance(column.default, sa.ColumnDefault)
    }
    names = frozenset((*first, *defaults))
    text, bind = _compiled(_insert(table, names), dialect)
    whole = chain([first], pending)
    some = whole if not defaults else ({**defaults, **row} for row in whole)
    while values := list(map(bind, islice(some, CHUNK))):
        yield text, values
        values.clear()  # before the next ones are made


def scalar(connection: sa.Connection, statement: sa.Select[Any], values: Mapping[str, Any]) -> Any:
    """The one value that a query of a module gives. Raises NoResultFound where there is no row."""
    text, bind = _compiled(statement, connection.dialect)
    return connection.exec_driver_sql(text, bind(values)).scalar_one()


def rows_of(
    connection: sa.Connection, statement: sa.Select[Any], values: Mapping[str, Any]
) -> list[tuple[Any, ...]]:
    """All rows of a query of a module, as the driver gives them: for plain columns, in bounded number."""
    text, bind = _compiled(statement, connection.dialect)
    return list(connection.exec_driver_sql(text, bind(values)).cursor.fetchall())


def scalar_by_driver(
    cursor: Any, dialect: sa.Dialect, statement: sa.Select[Any], values: Mapping[str, Any]
) -> Any:
    """The same with a cursor of the driver."""
    text, bind = _compiled(statement, dialect)
    cursor.execute(text, bind(values))
    return cursor.fetchone()[0]


@lru_cache(maxsize=64)
def _insert_some(
    table: sa.Table,
    names: tuple[str, ...],
    shared: tuple[tuple[str, str], ...],
    count: int,
    dialect: sa.Dialect,
) -> str:
    write = dialect.identifier_preparer
    columns = [
        write.format_column(table.c[name]) for name in (*names, *(name for name, _ in shared))
    ]
    mark = "?" if dialect.positional else "%s"
    row = ", ".join([*[mark] * len(names), *(value for _, value in shared)])
    rows = ", ".join([f"({row})"] * count)
    return f"INSERT INTO {write.format_table(table)} ({', '.join(columns)}) VALUES {rows}"  # noqa: S608 - names of ours


@cache
def _insert(table: sa.Table, names: frozenset[str]) -> sa.Insert:
    return table.insert().values({name: sa.bindparam(name) for name in sorted(names)})


@lru_cache(maxsize=64)  # a process has few databases
def _compiled(
    statement: sa.Insert | sa.Select[Any], dialect: sa.Dialect
) -> tuple[str, Callable[[Mapping[str, Any]], Any]]:
    """A statement in the words of a database, and how its driver takes a row."""
    compiled = statement.compile(dialect=dialect)
    made = {
        name: made_by
        for name, parameter in compiled.binds.items()
        if (made_by := parameter.type.dialect_impl(dialect).bind_processor(dialect))
    }
    names: Sequence[str] = compiled.positiontup or list(compiled.binds)
    steps = [(name, made.get(name)) for name in names]

    # What a database adds by itself, such as SQLite's OFFSET 0
    fixed = {name: one.value for name, one in compiled.binds.items() if one.value is not None}

    def as_tuple(row: Mapping[str, Any]) -> tuple[Any, ...]:
        row = {**fixed, **row} if fixed else row
        return tuple([row[name] if step is None else step(row[name]) for name, step in steps])

    def as_dict(row: Mapping[str, Any]) -> dict[str, Any]:
        row = {**fixed, **row} if fixed else row
        return {name: row[name] if step is None else step(row[name]) for name, step in steps}

    return str(compiled), as_tuple if compiled.positional else as_dict
