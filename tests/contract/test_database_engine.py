"""Opening the record from many places at once, and what is said when it cannot be used."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from scrapeq import database
from scrapeq.database import engine as engines
from scrapeq.database import schema
from scrapeq.database.engine import read_transaction, write_transaction
from scrapeq.database.new_job import NewJob, StoredAnswer
from scrapeq.errors import ConfigError, DatabaseUnavailable
from scrapeq.models import Batch, BrowserUse, ScrapingConfig
from scrapeq.settings import Settings, load_settings

Submit = Callable[..., Batch]
Open = Callable[[], sa.Engine]


def test_many_may_create_it_at_once(open_record: Open) -> None:
    with ThreadPoolExecutor(8) as pool:
        opened = list(pool.map(lambda _: open_record(), range(8)))

    assert {database.history.known_redis(one) for one in opened} == {("", 0, "")}


def test_runs_of_a_name_that_are_submitted_at_once_get_numbers_of_their_own(
    open_record: Open,
) -> None:
    opened = [open_record() for _ in range(4)]

    def submit(worker: int) -> list[int]:
        return [
            database.batches.add_batch(
                opened[worker],
                batch_id=f"b-{worker}-{number}",
                name="firms",
                config=ScrapingConfig(),
                fingerprint="",
                total=1,
                rows=[NewJob(f"b-{worker}-{number}-0", 0, "u", "u", "h", 5)],
            ).run
            for number in range(5)
        ]

    with ThreadPoolExecutor(4) as pool:
        runs = [run for mine in pool.map(submit, range(4)) for run in mine]

    assert sorted(runs) == list(range(1, 21))


@pytest.mark.parametrize("durable", [True, False])
def test_a_commit_waits_for_the_disk_unless_it_need_not(record: sa.Engine, durable: bool) -> None:
    is_sqlite = record.dialect.name == "sqlite"
    ask = "PRAGMA synchronous" if is_sqlite else "SHOW synchronous_commit"
    full, lazy = (2, 1) if is_sqlite else ("on", "off")

    with write_transaction(record, durable=durable) as connection:
        here = connection.exec_driver_sql(ask).scalar_one()
    with write_transaction(record) as connection:  # of the same pool
        after = connection.exec_driver_sql(ask).scalar_one()

    assert (here, after) == (full if durable else lazy, full)


def test_who_vanishes_in_a_transaction_holds_nobody_up(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when a machine's link is cut: its session lives on in the server, with its locks."""
    settings = load_settings(SCRAPEQ_HOME=tmp_path, SCRAPEQ_DATABASE_URL=postgres_url)
    monkeypatch.setattr(engines, "RESTS_S", 0.3)
    vanished, other = database.open_database(settings), database.open_database(settings)

    def write_and_vanish() -> None:
        with write_transaction(vanished) as connection:
            engines.write_meta(connection, "redis", "theirs")
            with write_transaction(other) as free:  # back when the lock is
                engines.write_meta(free, "redis", "ours")

    try:
        with pytest.raises(DatabaseUnavailable):
            write_and_vanish()

        assert database.history.known_redis(vanished).run_id == "ours"
    finally:
        vanished.dispose()
        other.dispose()


def test_who_reads_at_leisure_is_not_cut_off(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = load_settings(SCRAPEQ_HOME=tmp_path, SCRAPEQ_DATABASE_URL=postgres_url)
    monkeypatch.setattr(engines, "RESTS_S", 0.1)
    engine = database.open_database(settings)
    ask = "SHOW idle_in_transaction_session_timeout"
    try:
        with read_transaction(engine) as connection:
            assert connection.exec_driver_sql(ask).scalar_one() == "100ms"
        with read_transaction(engine, at_leisure=True) as connection:
            assert connection.exec_driver_sql(ask).scalar_one() == "0"
        with read_transaction(engine) as connection:  # of the same pool
            assert connection.exec_driver_sql(ask).scalar_one() == "100ms"
    finally:
        engine.dispose()


def test_of_many_that_see_a_new_redis_one_raises_the_epoch(open_record: Open) -> None:
    opened = [open_record() for _ in range(6)]

    def raise_epoch(known: str, new: str) -> list[int | None]:
        with ThreadPoolExecutor(6) as pool:
            return list(pool.map(lambda one: database.history.raise_epoch(one, known, new), opened))

    first, second = raise_epoch("", "redis-1"), raise_epoch("redis-1", "redis-2")

    assert sorted(first, key=str) == [1, *[None] * 5]
    assert sorted(second, key=str) == [2, *[None] * 5]
    assert database.history.known_redis(opened[0]) == ("redis-2", 2, "")


def test_with_a_new_epoch_every_unfinished_batch_is_to_be_put_back(
    record: sa.Engine, submit: Submit
) -> None:
    for batch_id in ("a", "b"):
        submit(batch_id)
        database.batches.set_enqueued(record, [batch_id], 0)
    submit("finished", 1, refused=[0])

    assert database.history.raise_epoch(record, "another", "redis") is None
    assert database.batches.unfinished_batches(record, only_not_enqueued=True) == []
    assert database.history.raise_epoch(record, "", "redis") == 1
    # emptied, it is the same Redis and yet another epoch
    assert database.history.raise_epoch(record, "redis", "redis") == 2

    unfed = database.batches.unfinished_batches(record, only_not_enqueued=True)
    assert [batch.id for batch in unfed] == ["a", "b"]


def test_the_record_of_a_newer_version_is_refused(record: sa.Engine, open_record: Open) -> None:
    with write_transaction(record) as connection:
        engines.write_meta(connection, "schema", str(schema.VERSION + 1))

    with pytest.raises(DatabaseUnavailable, match="newer scrapeq") as caught:
        open_record()

    assert "upgrade" in caught.value.hint


def test_an_older_record_is_brought_up_to_date(
    record: sa.Engine, open_record: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    with record.begin() as connection:
        connection.execute(sa.text("DROP TABLE events"))
    monkeypatch.setattr(schema, "VERSION", schema.VERSION + 1)
    monkeypatch.setitem(schema.MIGRATIONS, schema.VERSION - 1, schema.events.create)

    with ThreadPoolExecutor(4) as pool:
        opened = list(pool.map(lambda _: open_record(), range(4)))

    database.history.record_error(opened[0], None, "reset", "it broke")
    with record.connect() as connection:
        assert engines.read_meta(connection, "schema") == str(schema.VERSION)


def test_a_migration_can_be_rehearsed(
    record: sa.Engine,
    record_settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    older, newer = schema.VERSION, schema.VERSION + 1
    assert not database.rehearsal.rehearse(record_settings).is_needed
    with record.begin() as connection:
        connection.execute(sa.text("DROP TABLE events"))
    monkeypatch.setattr(schema, "VERSION", newer)
    monkeypatch.setitem(schema.MIGRATIONS, older, schema.events.create)

    tried = database.rehearsal.rehearse(record_settings)

    assert (tried.found, tried.wanted, tried.is_needed) == (older, newer, True)
    with record.connect() as connection:
        assert engines.read_meta(connection, "schema") == str(older)
        assert not sa.inspect(connection).has_table("events")


def test_a_migration_that_fails_changes_nothing(
    record: sa.Engine,
    record_settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def half(connection: sa.Connection) -> None:
        connection.execute(sa.text("DROP TABLE events"))
        connection.execute(sa.text("DROP TABLE that_is_not_there"))

    monkeypatch.setitem(schema.MIGRATIONS, schema.VERSION, half)
    monkeypatch.setattr(schema, "VERSION", schema.VERSION + 1)

    with pytest.raises(DatabaseUnavailable, match="that_is_not_there"):
        database.rehearsal.rehearse(record_settings)

    assert sa.inspect(record).has_table("events")


def test_who_has_the_record_open_works_on_after_a_migration(
    record: sa.Engine, open_record: Open, submit: Submit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker of the version before, whose tables got a column and a table more."""
    submit("before")
    monkeypatch.setitem(
        schema.MIGRATIONS,
        schema.VERSION,
        lambda connection: connection.execute(
            sa.text("ALTER TABLE batches ADD COLUMN more INTEGER")
        ),
    )
    with monkeypatch.context() as newer:
        newer.setattr(schema, "VERSION", schema.VERSION + 1)
        open_record()

    submit("after")
    with pytest.raises(DatabaseUnavailable, match="newer scrapeq"):
        open_record()

    assert [one.id for one in database.batches.unfinished_batches(record)] == ["before", "after"]


def to_version_14(connection: sa.Connection) -> None:
    """Take away what version 15 brought."""
    connection.execute(sa.text("ALTER TABLE audit DROP COLUMN address"))
    engines.write_meta(connection, "schema", "14")


def to_version_13(connection: sa.Connection) -> None:
    """Take away what version 14 brought, and what came later."""
    to_version_14(connection)
    for table in ("tokens", "audit"):
        connection.execute(sa.text(f"DROP TABLE {table}"))
    engines.write_meta(connection, "schema", "13")


def to_version_12(connection: sa.Connection) -> None:
    """Take away what version 13 brought, and what came later."""
    to_version_13(connection)
    connection.execute(sa.text("DROP INDEX batches_sealed"))
    for column in ("request", "sealed"):
        connection.execute(sa.text(f"ALTER TABLE batches DROP COLUMN {column}"))
    engines.write_meta(connection, "schema", "12")


def to_version_11(connection: sa.Connection) -> None:
    """Take away what version 12 brought, and what came later."""
    to_version_12(connection)
    schema.notifications.drop(connection)
    connection.execute(sa.text("ALTER TABLE schedules DROP COLUMN notify"))
    engines.write_meta(connection, "schema", "11")


def to_version_10(connection: sa.Connection) -> None:
    """Take away what version 11 brought, and what came later."""
    to_version_11(connection)
    for table in (schema.schedules, schema.input_urls):
        table.drop(connection)
    connection.execute(sa.text("ALTER TABLE batches DROP COLUMN input_id"))
    engines.write_meta(connection, "schema", "10")


def to_version_9(connection: sa.Connection) -> None:
    """Take away what version 10 brought, and what came later."""
    to_version_10(connection)
    connection.execute(sa.text("DROP INDEX contents_by_age"))
    for column in ("bytes", "kept_ms", "lasting"):
        connection.execute(sa.text(f"ALTER TABLE contents DROP COLUMN {column}"))
    engines.write_meta(connection, "schema", "9")


def to_version_8(connection: sa.Connection) -> None:
    """Take away what version 9 brought, and what came later."""
    to_version_9(connection)
    for table in ("ai_answers", "ai_spent", "ai_calls"):
        connection.execute(sa.text(f"DROP TABLE {table}"))
    engines.write_meta(connection, "schema", "8")


def to_version_7(connection: sa.Connection) -> None:
    """Take away what version 8 brought, and what came later."""
    to_version_8(connection)
    for change in (
        "DROP INDEX jobs_without_browser",
        "DROP INDEX jobs_by_hand",
        "ALTER TABLE jobs DROP COLUMN browser_use",
        "ALTER TABLE batches DROP COLUMN rendered",
        "ALTER TABLE history DROP COLUMN rendered",
    ):
        connection.execute(sa.text(change))
    engines.write_meta(connection, "schema", "7")


def to_version_6(connection: sa.Connection) -> None:
    """Take away what version 7 brought, and what came later."""
    to_version_7(connection)
    connection.execute(sa.text("DROP TABLE files"))
    engines.write_meta(connection, "schema", "6")


def to_version_5(connection: sa.Connection) -> None:
    """Take away what version 6 brought, and what came later."""
    to_version_6(connection)
    for change in (
        "DROP INDEX jobs_by_page_kind",
        "ALTER TABLE jobs DROP COLUMN page_kind",
        "ALTER TABLE jobs DROP COLUMN page_kind_signal",
        "ALTER TABLE jobs DROP COLUMN selected",
        "ALTER TABLE batches DROP COLUMN selected",
    ):
        connection.execute(sa.text(change))
    engines.write_meta(connection, "schema", "5")


def to_version_4(connection: sa.Connection) -> None:
    """Take away what version 5 brought, and what came later."""
    to_version_5(connection)
    for change in (
        "DELETE FROM meta WHERE key = 'namespace'",
        "ALTER TABLE batches DROP COLUMN owner",
        "ALTER TABLE pages DROP COLUMN request",
        "ALTER TABLE pages DROP COLUMN private_to",
        "DROP INDEX jobs_by_key",
        "ALTER TABLE jobs DROP COLUMN url_key",
        "ALTER TABLE jobs DROP COLUMN parent_job_id",
        "ALTER TABLE batches DROP COLUMN keyed",
        "ALTER TABLE batches DROP COLUMN growing",
        "ALTER TABLE jobs DROP COLUMN lane",
        "ALTER TABLE host_events DROP COLUMN error_kind",
        "ALTER TABLE host_events DROP COLUMN error_message",
        "ALTER TABLE host_events ADD COLUMN said TEXT NOT NULL DEFAULT ''",
    ):
        connection.execute(sa.text(change))
    engines.write_meta(connection, "schema", "4")


def to_version_3(connection: sa.Connection) -> None:
    """Take away what version 4 brought, and what came later."""
    to_version_4(connection)
    for change in (
        "DROP TABLE latencies",
        "DROP TABLE error_minutes",
        "DROP INDEX jobs_by_kind",
        "ALTER TABLE jobs DROP COLUMN elapsed_s",
        "ALTER TABLE history DROP COLUMN timed",
    ):
        connection.execute(sa.text(change))
    engines.write_meta(connection, "schema", "3")


def test_a_record_of_the_first_version_gets_what_came_later(
    record: sa.Engine, open_record: Open
) -> None:
    with write_transaction(record) as connection:
        to_version_3(connection)
        connection.execute(sa.text("DROP TABLE host_events"))
        connection.execute(sa.text("DROP INDEX jobs_by_error"))
        engines.write_meta(connection, "schema", "1")

    migrated = open_record()

    there = sa.inspect(migrated)
    for table in schema.metadata.sorted_tables:
        columns = {column["name"] for column in there.get_columns(table.name)}
        indexes = {index["name"] for index in there.get_indexes(table.name)}
        assert columns == {column.name for column in table.c}
        assert {index.name for index in table.indexes} <= indexes
    database.history.record_host_events(migrated, [("a.example", "opened", "dns", "no name")])
    assert [one.host for one in database.history.host_events_since(record, 0)] == ["a.example"]


def test_what_an_older_record_knew_of_errors_and_times_is_kept(
    record: sa.Engine, open_record: Open, submit: Submit, save: Any, result: Any
) -> None:
    submit("b", 5, refused=[4])
    save(result("b-0", elapsed_s=2), result("b-1", error_kind="dns", elapsed_s=None))
    save(result("b-2", error_kind="dns", elapsed_s=None))
    with write_transaction(record) as connection:
        to_version_3(connection)

    migrated = open_record()

    assert database.history.error_counts(migrated, 0) == {"dns": 2, "scheme": 1}
    before = database.minutes.merged(database.minutes.spans_since(migrated, 0))
    assert (before.succeeded, before.failed, before.timed, before.time_s) == (1, 2, 3, 2.0)
    assert before.quantile_s(0.5) is None
    save(result("b-3", elapsed_s=1))
    after = database.minutes.merged(database.minutes.spans_since(migrated, 0))
    assert (after.timed, after.latencies) == (4, {60: 1})


RENDERED = {"rendered": True, "render_reason": "empty_mount"}
KNOWN = {
    "b-0": StoredAnswer("b-0", browser_use=BrowserUse.SHOWED),
    "b-2": StoredAnswer("b-2", browser_use=BrowserUse.LACKED),
}
LACKED = {"rendered": False, "render_reason": "empty_mount; not rendered: no browser"}


def test_the_rendered_pages_of_an_older_record_are_counted(
    record: sa.Engine, open_record: Open, submit: Submit, save: Any, result: Any
) -> None:
    """All that counts them says after the migration what it said before."""

    def counts(engine: sa.Engine) -> dict[str, Any]:
        hosts = database.tallies.host_tallies(engine).jobs
        minutes = database.minutes.spans_since(engine, 0)
        return {
            "batches": {row.id: row.rendered for row in database.batches.batch_rows(engine)},
            "hosts": sorted((one.host, one.status, one.jobs, one.rendered) for one in hosts),
            "minutes": [(one.start_ms, one.rendered) for one in minutes],
            "b by time": sum(s.rendered for s in database.tallies.batch_spans(engine, "b", 60_000)),
            "lacking": [database.jobs.without_browser(engine, one) for one in ("b", "again")],
        }

    submit("b", 8, twins={7: 0}, refused=[6])
    save(result("b-0", **RENDERED), result("b-1", error_kind="page_timeout", **RENDERED))
    save(result("b-2", **LACKED), result("b-3", rendered=False), result("b-4"))
    submit("again", 3, stored={0: "b-0", 1: "b-2"}, known=KNOWN)
    before = counts(record)
    assert before["batches"] == {"b": 3, "again": 1}
    assert sum(rendered for _, rendered in before["minutes"]) == 2  # duplicates were not fetched
    assert before["lacking"] == [1, 1]
    with write_transaction(record) as connection:
        to_version_7(connection)

    migrated = open_record()

    assert counts(migrated) == before
    save(result("b-5", **RENDERED))
    assert counts(migrated)["batches"] == {"b": 4, "again": 1}


def test_a_record_that_did_not_know_rendered_counts_none(
    record: sa.Engine, open_record: Open, submit: Submit, save: Any, result: Any
) -> None:
    submit("b", 2)
    save(result("b-0", **RENDERED))
    with write_transaction(record) as connection:
        to_version_7(connection)
        for name in ("rendered", "render_reason"):
            connection.execute(sa.text(f"ALTER TABLE pages DROP COLUMN {name}"))

    migrated = open_record()

    batch = database.batches.find_batch(migrated, "b")
    assert batch is not None
    assert batch.rendered == 0
    assert database.page_rows.read_pages(migrated, ["b-0"])["b-0"].rendered is None


def test_what_an_older_record_knew_of_hosts_is_parted(
    record: sa.Engine, open_record: Open, submit: Submit
) -> None:
    submit("b", 1)
    with write_transaction(record) as connection:
        to_version_4(connection)
        for host, said in {"a": "http_5xx: it said: 503", "b": "strange", "c": ""}.items():
            row = {"host": host, "said": said}
            connection.execute(
                sa.text(
                    "INSERT INTO host_events (at_ms, host, event, said)"
                    " VALUES (1, :host, 'opened', :said)"
                ),
                row,
            )

    migrated = open_record()

    found = database.history.host_events_since(migrated, 0)
    assert [(one.host, one.error_kind, one.error_message) for one in found] == [
        ("a", "http_5xx", "it said: 503"),
        ("b", "strange", ""),
        ("c", "", ""),
    ]
    (jobs,) = database.jobs.all_open_jobs(migrated, "b")
    assert [job.lane for job in jobs] == ["http"]
    # its open jobs are put into Redis again, in the form of this version
    assert database.history.known_redis(migrated).run_id == schema.OLDER_FORM


def test_what_an_older_record_has_open_is_in_the_default_namespace(
    record: sa.Engine, open_record: Open
) -> None:
    with write_transaction(record) as connection:
        to_version_4(connection)

    assert database.history.known_redis(open_record()).namespace == "scrapeq"


def test_a_record_with_open_jobs_stays_in_its_namespace(record: sa.Engine, submit: Submit) -> None:
    assert database.history.set_namespace(record, "one") == "one"
    assert database.history.set_namespace(record, "other") == "other"  # there was nothing to lose
    submit("b", 1)

    assert database.history.set_namespace(record, "one") == "other"
    assert database.history.set_namespace(record, "other") == "other"
    assert database.history.known_redis(record).namespace == "other"


def test_half_a_transaction_is_none(record: sa.Engine, submit: Submit) -> None:
    def rows() -> Any:
        yield NewJob("b-0", 0, "u", "u", "h", 5)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        database.batches.add_batch(
            record,
            batch_id="b",
            name=None,
            config=ScrapingConfig(),
            fingerprint="",
            total=2,
            rows=rows(),
        )

    assert database.jobs.get_jobs(record, ["b-0"]) == {}
    submit("b")  # nothing holds the database


# -- when it cannot be used ---------------------------------------------------------------------


@pytest.mark.parametrize("url", ["mysql://user:hunter2@h/d", "sqlite://", "no url hunter2", "://"])
def test_a_url_of_something_else_is_refused(url: str, tmp_path: Path) -> None:
    settings = load_settings(SCRAPEQ_HOME=tmp_path, SCRAPEQ_DATABASE_URL=url)

    with pytest.raises(ConfigError, match="SCRAPEQ_DATABASE_URL") as caught:
        database.open_database(settings)

    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["sqlite:////no/such/folder/file", "postgresql://u:hunter2@/name?host=/no/such/folder"]
)
def test_a_record_that_is_not_there_says_what_to_check(url: str, tmp_path: Path) -> None:
    settings = load_settings(SCRAPEQ_HOME=tmp_path, SCRAPEQ_DATABASE_URL=url)

    with pytest.raises(DatabaseUnavailable, match="cannot be opened") as caught:
        database.open_database(settings)

    assert "SCRAPEQ_DATABASE_URL" in caught.value.hint
    assert "hunter2" not in str(caught.value)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    settings = load_settings(SCRAPEQ_HOME=tmp_path)
    settings.database_path.write_bytes(b"no database" * 1_000)

    with pytest.raises(DatabaseUnavailable, match="not a database"):
        database.open_database(settings)


@pytest.fixture
def sqlite_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A SQLite record whose writers do not wait for each other."""
    monkeypatch.setattr(engines, "LOCK_WAIT_S", 0)
    return load_settings(SCRAPEQ_HOME=tmp_path / "home")


@pytest.mark.parametrize(
    ("count", "index"),
    [
        (database.jobs.count_by_status, "jobs_by_hand"),
        (database.jobs.made_running, "jobs_by_hand"),
        (lambda record: database.jobs.without_browser(record, "b"), "jobs_without_browser"),
        (lambda record: database.jobs.page_kinds(record, "b"), "jobs_by_page_kind"),
        (lambda record: database.jobs.error_kinds(record, "b"), "jobs_by_error"),
    ],
)
def test_what_few_jobs_are_is_counted_in_an_index_of_them_alone(
    sqlite_settings: Settings, count: Callable[[sa.Engine], Any], index: str
) -> None:
    record = database.open_database(sqlite_settings)
    asked: list[tuple[str, Any]] = []
    sa.event.listen(
        record, "before_cursor_execute", lambda *about: asked.append((about[2], about[3]))
    )

    count(record)

    with record.connect() as connection:
        plans = [
            connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
            for statement, parameters in asked.copy()
            if statement.startswith("SELECT")
        ]
    steps = [str(row[3]) for plan in plans for row in plan if "jobs" in str(row[3])]
    assert steps
    assert all(index in step for step in steps)
    record.dispose()


def test_a_locked_database_takes_no_write_and_is_read(sqlite_settings: Settings) -> None:
    record = database.open_database(sqlite_settings)
    database.history.record_error(record, None, "reset", "before")
    holder = sqlite3.connect(sqlite_settings.database_path, isolation_level=None)
    try:
        holder.execute("BEGIN IMMEDIATE")

        with pytest.raises(DatabaseUnavailable, match="does not take a write"):
            database.history.record_error(record, None, "reset", "meanwhile")
        assert database.history.error_counts(record, 0) == {"reset": 1}
    finally:
        holder.close()

    database.history.record_error(record, None, "reset", "after")
    assert database.history.error_counts(record, 0) == {"reset": 2}
    record.dispose()


def test_a_full_disk_loses_nothing_that_was_kept(sqlite_settings: Settings) -> None:
    record = database.open_database(sqlite_settings)
    with record.connect() as connection:
        pages = connection.execute(sa.text("PRAGMA page_count")).scalar_one()
        connection.execute(sa.text(f"PRAGMA max_page_count = {pages + 20}"))

    kept = 0

    def fill() -> None:
        nonlocal kept
        while True:
            database.history.record_error(record, None, "reset", "x" * 3_000)
            kept += 1

    with pytest.raises(DatabaseUnavailable, match="full"):
        fill()

    assert kept
    assert database.history.error_counts(record, 0) == {"reset": kept}
    with record.connect() as connection:
        connection.execute(sa.text("PRAGMA max_page_count = 1000000"))
    database.history.record_error(record, None, "reset", "there is room")
    assert database.history.error_counts(record, 0) == {"reset": kept + 1}
    record.dispose()


def test_a_damaged_file_is_said_to_be_one(sqlite_settings: Settings) -> None:
    record = database.open_database(sqlite_settings)
    record.dispose()
    for path in sqlite_settings.home.glob("scrapeq.sqlite3*"):
        path.write_bytes(b"damaged" * 10_000)

    with pytest.raises(DatabaseUnavailable, match="cannot be read"):
        database.batches.find_batch(record, "b")


def test_a_postgresql_that_ends_a_connection_is_asked_again(postgres_url: str) -> None:
    record = database.open_database(load_settings(SCRAPEQ_DATABASE_URL=postgres_url))
    other = database.open_database(load_settings(SCRAPEQ_DATABASE_URL=postgres_url))

    def write() -> None:
        with write_transaction(record) as mine:
            _end(other, mine.execute(sa.select(sa.func.pg_backend_pid())).scalar_one())
            mine.execute(sa.select(1))

    with pytest.raises(DatabaseUnavailable, match="does not take a write"):
        write()

    with record.connect() as idle:
        pid = idle.execute(sa.select(sa.func.pg_backend_pid())).scalar_one()
    _end(other, pid)
    assert database.history.known_redis(record) == ("", 0, "")
    for one in (record, other):
        one.dispose()


def _end(engine: sa.Engine, pid: int) -> None:
    """End a session of PostgreSQL's, and wait until it is gone."""
    there = sa.text(f"SELECT count(*) FROM pg_stat_activity WHERE pid = {pid}")
    deadline = time.monotonic() + 20
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.select(sa.func.pg_terminate_backend(pid)))
        while connection.execute(there).scalar_one():
            assert time.monotonic() < deadline


def test_a_table_that_is_read_half_leaves_nothing_open(
    record: sa.Engine, submit: Submit, open_record: Open
) -> None:
    submit("b", 10)
    rows = database.page_rows.page_rows(record, "b")
    next(rows)

    other = open_record()
    assert database.jobs.cancel_jobs(other, "b") == 10
    rows.close()  # type: ignore[attr-defined]
    assert database.jobs.reopen_jobs(record, "b") == 10
