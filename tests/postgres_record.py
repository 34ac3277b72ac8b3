"""A record in PostgreSQL whose tables stay from test to test: to make them takes 45 ms of CPU, to empty them 5."""

from __future__ import annotations

import psycopg
from psycopg import sql

from scrapeq import database
from scrapeq.settings import load_settings
from tests.postgres import PostgresServer

#: All that a test may have changed, but for rows: columns, indexes, triggers, functions, options.
_SHAPE = """
SELECT string_agg(one, E'\\n' ORDER BY one) FROM (
  SELECT a::text FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    WHERE c.relnamespace = 'public'::regnamespace
  UNION ALL SELECT concat_ws(' ', oid, relname, relkind, relhastriggers, relchecks, reloptions)
    FROM pg_class WHERE relnamespace = 'public'::regnamespace
  UNION ALL SELECT concat_ws(' ', oid, proname) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
) AS all_of_it (one)
"""
_FILLED = """
SELECT relname, pg_relation_size(oid) FROM pg_class
WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND pg_relation_size(oid) > 0
"""
_FROM_ONE = """
SELECT setval(oid::regclass, 1, false) FROM pg_class
WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace
"""
#: Bytes of a table's file above which the file is made anew: deleted rows stay in it for a while.
_LARGE_BYTES = 256 * 1024


class KeptRecord:
    """One database; whoever changed its tables has them made anew."""

    def __init__(self, server: PostgresServer) -> None:
        self._server = server
        self._url = server.new_database()
        self._shape: str | None = None
        self._meta: list[tuple[str, str]] = []

    def emptied(self) -> str:
        """Its URL, with the tables as `open_database` makes them, whoever was connected."""
        with psycopg.connect(self._url, autocommit=True) as connection:
            self._server.cut_others(connection)
            if self._shape is not None and _shape(connection) == self._shape:
                self._empty(connection)
                return self._url
        self._server.empty_database(self._url)
        database.open_database(load_settings(SCRAPEQ_DATABASE_URL=self._url)).dispose()
        with psycopg.connect(self._url, autocommit=True) as connection:
            self._shape = _shape(connection)
            self._meta = connection.execute("SELECT key, value FROM meta").fetchall()
        return self._url

    def _empty(self, connection: psycopg.Connection) -> None:
        for name, size in connection.execute(_FILLED).fetchall():
            how = sql.SQL("TRUNCATE {}" if size > _LARGE_BYTES else "DELETE FROM {}")
            connection.execute(how.format(sql.Identifier(name)))
        connection.execute(_FROM_ONE)
        for row in self._meta:
            connection.execute("INSERT INTO meta (key, value) VALUES (%s, %s)", row)


def _shape(connection: psycopg.Connection) -> str:
    return str(connection.execute(_SHAPE).fetchall())
