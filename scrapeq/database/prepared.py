"""Statements that are compiled once: to put them together takes longer than to run them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, lru_cache
from itertools import chain, islice
from typing import Any

import sqlalchemy as sa

#: Rows that one call of the driver takes: enough to cost nothing per call, few enough for memory.
CHUNK = 10_000


def insert_rows(
    connection: sa.Connection, table: sa.Table, rows: Iterable[Mapping[str, Any]]
) -> None:
    """Insert rows that all have the same names; each other column gets its default.

    They are taken piece by piece, so that millions need no more memory than `CHUNK`.
    """
    for text, values in _pieces(connection.dialect, table, rows):
        connection.exec_driver_sql(text, values)


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


def scalar_by_driver(
    cursor: Any, dialect: sa.Dialect, statement: sa.Select[Any], values: Mapping[str, Any]
) -> Any:
    """The same with a cursor of the driver."""
    text, bind = _compiled(statement, dialect)
    cursor.execute(text, bind(values))
    return cursor.fetchone()[0]


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

    def as_tuple(row: Mapping[str, Any]) -> tuple[Any, ...]:
        return tuple([row[name] if step is None else step(row[name]) for name, step in steps])

    def as_dict(row: Mapping[str, Any]) -> dict[str, Any]:
        return {name: row[name] if step is None else step(row[name]) for name, step in steps}

    return str(compiled), as_tuple if compiled.positional else as_dict
