"""Opening the record: SQLite in the project's own folder, or PostgreSQL by its URL."""

from __future__ import annotations

import sqlite3
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from scrapeq.database import schema
from scrapeq.database.latency import add_latency_bucket
from scrapeq.database.prepared import scalar, scalar_by_driver
from scrapeq.database.sealing import KEYS, Keys
from scrapeq.errors import (
    AlreadyThere,
    ConfigError,
    DatabaseTooNew,
    DatabaseUnavailable,
    DiskFull,
    InputError,
    MissingExtra,
)
from scrapeq.settings import Settings, make_home

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

#: Seconds that a writer waits for another one before the database counts as locked.
LOCK_WAIT_S = 60
#: libpq's options, where the URL says nothing else: seconds to connect, and how soon a machine that is
#: gone without a word counts as away: idle for 10 s, then asked 3 times in 15 s.
_TIMEOUTS = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 25_000,
}
#: Seconds that a session of PostgreSQL may rest within a transaction. Whoever vanished in one, with its
#: machine or its link, holds locks that all others wait for, and the server's own limits are hours.
RESTS_S = 15
#: How soon the server notices by itself that a machine is gone: as `_TIMEOUTS` says it to this side.
_SERVER_SIDE = (
    "SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3; "
    "SET tcp_user_timeout = 25000; SET idle_in_transaction_session_timeout = "
)
#: Rows of `plain_chunks` that are taken at once: a few MB of texts, which the CPU's caches hold. Ten times as
#: many took more CPU (docs/performance.md).
PLAIN_CHUNK = 1_000
_URLS = "write postgresql://user@host/name or sqlite:///path/to/file"
_MIGRATION_LOCK = 0x5C7A9E01  # an arbitrary number that only we use for pg_advisory_xact_lock


def open_database(settings: Settings) -> sa.Engine:
    """The record of these settings, created or migrated to this version's tables.

    Safe to call from many processes at once. Raises DatabaseUnavailable if it cannot be opened,
    ConfigError for a URL that is neither SQLite nor PostgreSQL, MissingExtra without a driver.
    """
    if settings.database_url is None:
        make_home(settings.home)
    engine = engine_of(settings)
    try:
        if _migrate(engine) < schema.SEALED_SINCE and engine.dialect.name == "sqlite":
            _write_over_log(engine)
    except sa.exc.SQLAlchemyError as error:
        engine.dispose()
        _check_room(engine, error)
        raise DatabaseUnavailable(
            f"the database cannot be opened: {reason(error)}",
            hint=_what_to_check(settings),
            where="" if settings.database_url else f"the file {settings.database_path}",
        ) from error
    except (DatabaseUnavailable, ConfigError):
        engine.dispose()
        raise
    return engine


def engine_of(settings: Settings) -> sa.Engine:
    """An engine of the record of these settings; nothing is made, migrated or asked yet.

    Raises ConfigError and MissingExtra as `connect_to_url` does.
    """
    if settings.database_url is None:
        engine = _open_sqlite(settings.database_path)
    else:
        engine = connect_to_url(settings.database_url.get_secret_value())
    engine.update_execution_options(**{KEYS: Keys.of(settings)})
    return engine


def _what_to_check(settings: Settings) -> str:
    if settings.database_url is None:
        return (
            "see to the rights on its folder and the space on its disk, or set SCRAPEQ_HOME to another "
            "folder"
        )
    return "see to the database that SCRAPEQ_DATABASE_URL names, or correct it"


@contextmanager
def read_transaction(engine: sa.Engine, *, at_leisure: bool = False) -> Iterator[sa.Connection]:
    """A connection to read with; what goes wrong with the database is a DatabaseUnavailable.

    at_leisure: it may rest for any time between two chunks, as whoever reads a stream does. It locks
    nothing that writers need.
    """
    with _translated(engine, "the database cannot be read"), engine.connect() as connection:
        if at_leisure and engine.dialect.name == "postgresql":
            connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
        yield connection


def plain_chunks(engine: sa.Engine, query: sa.Select[Any]) -> Iterator[Sequence[Sequence[Any]]]:
    """The rows of a query, in chunks, for tables of a million rows. SQLite's are as its driver gives them,
    with 0 and 1 for booleans: SQLAlchemy would make an object of each.

    Raises what `read_transaction` raises.
    """
    is_streamed = engine.dialect.name != "sqlite"  # SQLite always gives row after row
    with (
        read_transaction(engine, at_leisure=True) as connection,
        connection.execute(query.execution_options(stream_results=is_streamed)) as result,
    ):
        if is_streamed:
            yield from result.partitions(PLAIN_CHUNK)
            return
        cursor: Any = result.cursor
        while chunk := _fetched(cursor, engine):
            yield chunk


def _fetched(cursor: Any, engine: sa.Engine) -> list[tuple[Any, ...]]:
    dbapi = engine.dialect.loaded_dbapi
    try:
        rows: list[tuple[Any, ...]] = cursor.fetchmany(PLAIN_CHUNK)
    except dbapi.Error as error:
        raise _as_sqlalchemy(error, engine) from error
    return rows


@contextmanager
def write_transaction(engine: sa.Engine, *, durable: bool = True) -> Iterator[sa.Connection]:
    """One transaction that may write; all of it or nothing is kept.

    In SQLite it takes the write lock at its start: a transaction that begins by reading and goes
    on to write would fail instead of waiting when another one writes in between.

    durable: it is on the disk when the block ends. Without it, the block does not wait for the disk,
    and a machine that loses its power may lose the transaction: for what is found out again.

    Raises DatabaseUnavailable; AlreadyThere for an id that is taken; InputError for a value that
    the database cannot keep.
    """
    with _translated(engine, "the database does not take a write"):
        connecting = engine.connect().execution_options(
            scrapeq_writes=True, scrapeq_durable=durable
        )
        with connecting as connection, connection.begin():
            if not durable and engine.dialect.name == "postgresql":
                connection.exec_driver_sql("SET LOCAL synchronous_commit = off")
            yield connection


@contextmanager
def driver_transaction(engine: sa.Engine) -> Iterator[Any]:
    """A cursor of the database's own driver, in one transaction that may write and is on the disk when
    the block ends: for a few prepared statements that are run for each job. SQLAlchemy's way costs
    0.25 ms more, as much as the commit on a fast disk.

    Raises what `write_transaction` raises.
    """
    with _translated(engine, "the database does not take a write"):
        held = None
        dbapi = engine.dialect.loaded_dbapi
        try:
            held = engine.raw_connection()
            cursor = held.cursor()
            if engine.dialect.name == "sqlite":
                _begin_to_write(cursor.execute, held.info, durable=True)
            yield cursor
            held.commit()
        except dbapi.Error as error:
            raise _as_sqlalchemy(error, engine) from error
        finally:
            if held is not None:
                held.close()  # what was not committed is rolled back


def _as_sqlalchemy(error: Exception, engine: sa.Engine) -> BaseException:
    """A driver's error as SQLAlchemy raises it."""
    dbapi = engine.dialect.loaded_dbapi
    return sa.exc.DBAPIError.instance(None, None, error, dbapi.Error, dialect=engine.dialect)


@contextmanager
def _translated(engine: sa.Engine, problem: str) -> Iterator[None]:
    """The drivers' errors inside the block come out as ours; mistakes in our SQL stay as they are."""
    try:
        yield
    except sa.exc.IntegrityError as error:
        raise AlreadyThere(
            f"the record has this already: {reason(error)}",
            hint="submit it under another id, or look the existing one up",
        ) from error
    except sa.exc.DataError as error:
        raise InputError(
            f"the database cannot keep such a value: {reason(error)}",
            hint="give ids and names without control characters",
        ) from error
    except sa.exc.ProgrammingError:
        raise
    except (sa.exc.DBAPIError, sa.exc.TimeoutError) as error:
        _check_room(engine, error)
        raise DatabaseUnavailable(
            f"{problem}: {reason(error)}",
            hint=_what_to_do(engine),
            where=_where(engine),
        ) from error


#: SQLite's codes for a full disk, and for a quota or limit of files (sqlite.org/rescode.html); PostgreSQL's
#: disk_full (appendix A).
_FULL = {"SQLITE_FULL", "SQLITE_IOERR_WRITE", "53100"}


def _check_room(engine: sa.Engine, error: sa.exc.SQLAlchemyError) -> None:
    """Raises DiskFull where the driver's error is of a disk that takes no more."""
    own = getattr(error, "orig", None)
    if {getattr(own, "sqlite_errorname", None), getattr(own, "sqlstate", None)} & _FULL:
        raise DiskFull(
            f"the disk of the record takes no more: {reason(error)}",
            hint="make room there; what was to be written is not kept, so do it again then",
            where=_where(engine),
        ) from error


def _what_to_do(engine: sa.Engine) -> str:
    if engine.dialect.name == "sqlite":
        return "make room on its disk, or end what holds its file"
    return "start PostgreSQL if it is away; else see what holds it, or make room on its disk"


def _where(engine: sa.Engine) -> str:
    """engine.url.database alone: the whole URL may hold a password."""
    if engine.dialect.name == "sqlite":
        return f"the file {engine.url.database}"
    return f"{engine.url.database!r} on {engine.url.host or 'this machine'}"


class _ClosesItself(sqlite3.Connection):
    """Closed when nobody holds it any more, as when a program ends or drops an engine.

    SQLAlchemy's pool leaves that to whoever holds the engine, and a handle lives as long as its
    notebook. From Python 3.13 on, a connection that is dropped open is a ResourceWarning.
    """

    def __del__(self) -> None:
        with suppress(sqlite3.ProgrammingError):  # one that could not be opened
            self.close()


def ping(engine: sa.Engine) -> None:
    """Nothing, if the record answers. Raises DatabaseUnavailable."""
    with read_transaction(engine) as connection:
        connection.execute(sa.select(sa.literal(1)))


def _open_sqlite(path: Path) -> sa.Engine:
    engine = sa.create_engine(
        f"sqlite:///{path}", connect_args={"timeout": LOCK_WAIT_S, "factory": _ClosesItself}
    )

    @sa.event.listens_for(engine, "connect")
    def configure(connection: sqlite3.Connection, _record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves, below
        connection.execute(f"PRAGMA busy_timeout = {LOCK_WAIT_S * 1000}")
        _write_ahead(connection)  # readers never wait for a writer
        connection.execute("PRAGMA cache_size = -32000")  # KiB
        connection.execute("PRAGMA secure_delete = FAST")  # what is erased is written over
        add_latency_bucket(connection)

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        options = connection.get_execution_options()
        if not options.get("scrapeq_writes"):
            connection.exec_driver_sql("BEGIN")
            return
        durable = options.get("scrapeq_durable", True)
        _begin_to_write(connection.exec_driver_sql, connection.info, durable=durable)

    return engine


def _begin_to_write(
    execute: Callable[[str], object], info: dict[Any, Any], *, durable: bool
) -> None:
    """Begin a transaction of SQLite that takes the write lock. info: what is known of the connection."""
    # FULL: a commit is on the disk. NORMAL: it goes there with the next one that is FULL.
    wanted = "FULL" if durable else "NORMAL"
    if info.get("synchronous") != wanted:
        execute(f"PRAGMA synchronous = {wanted}")
        info["synchronous"] = wanted
    execute("BEGIN IMMEDIATE")


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Have the file in WAL mode, whoever else opens it for the first time at this moment.

    SQLite does not wait for others when it changes the mode, whatever busy_timeout says.
    """
    ends_s = time.monotonic() + LOCK_WAIT_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > ends_s:
                raise
        time.sleep(0.01)


def connect_to_url(text: str, *, connect_s: int = _TIMEOUTS["connect_timeout"]) -> sa.Engine:
    """An engine of the database that a URL names; nothing is made, migrated or asked yet.

    connect_s: seconds to connect to a server, where the URL says nothing else. Raises ConfigError for a
    URL that is neither SQLite nor PostgreSQL, MissingExtra without a driver.
    """
    try:
        url = sa.make_url(text)
    except sa.exc.ArgumentError:  # whose message shows the URL, and a password with it
        raise ConfigError("SCRAPEQ_DATABASE_URL is not the URL of a database", hint=_URLS) from None
    backend = url.get_backend_name()
    if backend == "sqlite" and url.database:
        return _open_sqlite(Path(url.database))
    if backend != "postgresql":
        raise ConfigError(
            f"SCRAPEQ_DATABASE_URL names {backend!r}, which scrapeq cannot use",
            hint=_URLS,
        )
    bounds = _TIMEOUTS | {"connect_timeout": connect_s}
    given = {name: value for name, value in bounds.items() if name not in url.query}
    try:
        engine = sa.create_engine(
            url.set(drivername="postgresql+psycopg"), pool_pre_ping=True, connect_args=given
        )
    except ModuleNotFoundError as error:
        raise MissingExtra(
            "PostgreSQL needs a driver that is not installed",
            hint='pip install "scrapeq[postgres]"',
        ) from error
    sa.event.listen(engine, "connect", _bound_on_server)
    return engine


def _bound_on_server(connection: Any, _record: Any) -> None:
    """Let the server end a session of ours that nobody is behind any more. By SET and not by `options` of
    the URL, which PgBouncer refuses."""
    connection.autocommit = True
    connection.execute(f"{_SERVER_SIDE}{RESTS_S * 1000:.0f}")
    connection.autocommit = False


def _write_over_log(engine: sa.Engine) -> None:
    """Let nothing of what was there stand in the log of a file any more; as far as others let us."""
    with engine.connect() as connection, suppress(sa.exc.OperationalError):
        connection.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _migrate(engine: sa.Engine) -> int:
    """Bring the tables up to date; the version that was found, this one where there were none."""
    with engine.connect().execution_options(scrapeq_writes=True) as connection, connection.begin():
        wait_for_migration(connection)
        if not has_tables(connection):
            schema.metadata.create_all(connection)
            rows = {"schema": str(schema.VERSION), "epoch": "0", "redis": "", "namespace": ""}
            connection.execute(
                schema.meta.insert(), [{"key": key, "value": value} for key, value in rows.items()]
            )
            return schema.VERSION
        return bring_up_to_date(connection)


def wait_for_migration(connection: sa.Connection) -> None:
    """Be the only one who migrates until this transaction ends; SQLite's write lock sees to it there."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_MIGRATION_LOCK)))


def has_tables(connection: sa.Connection) -> bool:
    """Whether anybody has made the tables of a record here."""
    return sa.inspect(connection).has_table("meta")


def bring_up_to_date(connection: sa.Connection) -> int:
    """Take the steps from the version of the tables to this one, in the caller's transaction; the version
    that was found. Raises DatabaseTooNew."""
    found = int(read_meta(connection, "schema"))
    if found > schema.VERSION:
        raise DatabaseTooNew(
            f"the database was written by a newer scrapeq (its tables are version {found}, "
            f"this one knows {schema.VERSION})",
            hint="pip install --upgrade scrapeq",
        )
    if connection.dialect.name == "sqlite" and found < schema.SEALED_SINCE:
        connection.exec_driver_sql("PRAGMA secure_delete = ON")
    for version in range(found, schema.VERSION):
        schema.MIGRATIONS[version](connection)
    if found < schema.VERSION:
        write_meta(connection, "schema", str(schema.VERSION))
    schema.add_page_columns(connection)
    return found


def insert_into(connection: sa.Connection, table: sa.Table) -> Any:
    """An INSERT of the connection's database, which may say what to do on a conflict."""
    dialects = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
    return dialects[connection.dialect.name](table)


_META = sa.select(schema.meta.c.value).where(schema.meta.c.key == sa.bindparam("key"))


def read_meta(connection: sa.Connection, key: str) -> str:
    """The value of a key that every database has from the start."""
    return str(scalar(connection, _META, {"key": key}))


def read_meta_by_driver(cursor: Any, dialect: sa.Dialect, key: str) -> str:
    """The same within `driver_transaction`."""
    return str(scalar_by_driver(cursor, dialect, _META, {"key": key}))


def write_meta(connection: sa.Connection, key: str, value: str) -> None:
    """Give a key of `meta` another value."""
    connection.execute(schema.meta.update().where(schema.meta.c.key == key).values(value=value))


def reason(error: sa.exc.SQLAlchemyError) -> str:
    """The driver's own words: they name no password, unlike the statement and its values."""
    message = str(getattr(error, "orig", None) or "").strip()
    return (message or type(error).__name__).splitlines()[0]
