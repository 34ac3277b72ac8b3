"""What the record is, read without making, migrating or changing it: for whoever looks for a fault."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa

from scrapeq.clock import now_ms
from scrapeq.database import schema
from scrapeq.database.engine import connect_to_url, reason
from scrapeq.errors import DatabaseUnavailable
from scrapeq.models.secret_values import SEALED
from scrapeq.settings import Settings

#: Seconds that a database has to answer.
ANSWER_S = 3
#: Batches and schedules whose encrypted values are looked at, of each so many.
MOST_SEALED = 100
_SEALED = re.compile(re.escape(SEALED) + r"[\w=-]+")
#: Their options; `sealed = 1` has an index.
_WITH_SECRETS = (
    f"SELECT config FROM batches WHERE sealed = 1 LIMIT {MOST_SEALED}",  # noqa: S608 - our own number
    f"SELECT config FROM schedules LIMIT {MOST_SEALED}",  # noqa: S608
)
#: The version of the tables that this scrapeq makes.
VERSION = schema.VERSION


@dataclass(frozen=True, slots=True)
class RecordFacts:
    """where: the file, or the server and the database, without a password. version: of its tables; 0:
    there are none yet. namespace: that of its open jobs; run_id, epoch: the Redis process that it knows, and
    which rebuilding of it that is; all three are empty where there are no tables. sealed: encrypted values
    of some batches and schedules. size_bytes: of all its files. For PostgreSQL also: ahead_s: by how much its clock is ahead of this machine's;
    connections, most_connections; is_read_only; may_create: whether its user may make tables."""

    where: str
    version: int
    namespace: str = ""
    run_id: str = ""
    epoch: int = 0
    sealed: tuple[str, ...] = ()
    size_bytes: int = 0
    ahead_s: float | None = None
    connections: int = 0
    most_connections: int = 0
    is_read_only: bool = False
    may_create: bool = True


def inspect_record(settings: Settings) -> RecordFacts:
    """The facts of these settings' record. Raises DatabaseUnavailable if it does not answer, or is no
    database of scrapeq; ConfigError, MissingExtra."""
    if settings.database_url is None:
        return _sqlite(settings.database_path)
    engine = connect_to_url(settings.database_url.get_secret_value(), connect_s=ANSWER_S)
    try:
        if engine.dialect.name == "sqlite":
            return _sqlite(Path(engine.url.database or ""))
        return _postgresql(engine)
    except sa.exc.SQLAlchemyError as error:
        raise DatabaseUnavailable(
            f"the database cannot be opened: {reason(error)}",
            hint="see to the database that SCRAPEQ_DATABASE_URL names, or correct it",
        ) from error
    finally:
        engine.dispose()


def _sqlite(path: Path) -> RecordFacts:
    try:
        if not path.exists():
            return RecordFacts(str(path), version=0)
        size_bytes = sum(one.stat().st_size for one in path.parent.glob(f"{path.name}*"))
        # The C library's own way to open it for reading alone: a file in WAL mode stays as it is
        opened = sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, timeout=ANSWER_S)
        with closing(opened) as connection:
            found = connection.execute("SELECT name FROM sqlite_master WHERE name = 'meta'")
            kept = (
                dict(connection.execute("SELECT key, value FROM meta")) if found.fetchone() else {}
            )
            sealed = _sealed(kept, lambda query: connection.execute(query).fetchall())
    except (OSError, sqlite3.Error) as error:
        raise DatabaseUnavailable(
            f"the database {path} cannot be read: {error}",
            hint="see to the rights on its folder; a file that is damaged comes back from a backup",
        ) from error
    return RecordFacts(str(path), size_bytes=size_bytes, sealed=sealed, **_known(kept))


def _known(kept: dict[str, str]) -> dict[str, Any]:
    """What the table `meta` says."""
    return {
        "version": int(kept.get("schema", "0")),
        "namespace": kept.get("namespace", ""),
        "run_id": kept.get("redis", ""),
        "epoch": int(kept.get("epoch", "0")),
    }


def _sealed(
    kept: dict[str, str], rows_of: Callable[[str], Iterable[Sequence[Any]]]
) -> tuple[str, ...]:
    if int(kept.get("schema", "0")) < schema.SEALED_SINCE:
        return ()
    texts = [str(config) for query in _WITH_SECRETS for (config,) in rows_of(query)]
    return tuple(value for text in texts for value in _SEALED.findall(text))


_POSTGRESQL = sa.text(
    "SELECT extract(epoch FROM clock_timestamp()) AS now_s, pg_database_size(current_database()) AS size,"
    " (SELECT count(*) FROM pg_stat_activity) AS connections,"
    " current_setting('max_connections')::int AS most,"
    " current_setting('transaction_read_only') = 'on' AS is_read_only,"
    " has_schema_privilege(current_schema(), 'CREATE') AS may_create,"
    " current_setting('server_version') AS version"
)


def _postgresql(engine: sa.Engine) -> RecordFacts:
    with engine.connect() as connection:
        began_ms = now_ms()
        found = connection.execute(_POSTGRESQL).one()
        here_ms = (began_ms + now_ms()) / 2
        kept: dict[str, str] = {}
        if sa.inspect(connection).has_table("meta"):
            rows = connection.execute(sa.select(schema.meta.c.key, schema.meta.c.value))
            kept = {row.key: row.value for row in rows}
        sealed = _sealed(kept, lambda query: connection.exec_driver_sql(query).all())
    where = f"PostgreSQL {found.version.split()[0]}, {engine.url.database!r} on "
    return RecordFacts(
        where=where + (engine.url.host or str(engine.url.query.get("host", "this machine"))),
        **_known(kept),
        sealed=sealed,
        size_bytes=int(found.size),
        ahead_s=float(found.now_s) - here_ms / 1000,
        connections=int(found.connections),
        most_connections=int(found.most),
        is_read_only=bool(found.is_read_only),
        may_create=bool(found.may_create),
    )
