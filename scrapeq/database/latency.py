"""`latency_bucket(seconds)` in SQL: the number that `stats.bucket` gives, NULL for NULL."""

from __future__ import annotations

import sqlite3
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from scrapeq import stats

_EDGES = len(stats.BUCKET_EDGES_S)
#: Downwards and negative: `width_bucket` counts the edges at or below, `stats.bucket` those below.
_NEGATIVE = ",".join(repr(-edge) for edge in reversed(stats.BUCKET_EDGES_S))


class latency_bucket(FunctionElement[int]):
    """The bucket that holds a number of seconds."""

    type = sa.SmallInteger()
    name = "latency_bucket"
    inherit_cache = True


def add_latency_bucket(connection: sqlite3.Connection) -> None:
    """Let a connection to SQLite, which has no such function, call ours: 0.3 s for a million."""
    connection.create_function("latency_bucket", 1, _bucket, deterministic=True)


def _bucket(seconds: float | None) -> int | None:
    return None if seconds is None else stats.bucket(seconds)


@compiles(latency_bucket, "sqlite")
def _sqlite(element: Any, compiler: Any, **named: Any) -> str:
    return f"latency_bucket({compiler.process(element.clauses, **named)})"


@compiles(latency_bucket, "postgresql")
def _postgresql(element: Any, compiler: Any, **named: Any) -> str:
    seconds = compiler.process(element.clauses, **named)
    return f"({_EDGES} - width_bucket(-({seconds}), '{{{_NEGATIVE}}}'::float8[]))"
