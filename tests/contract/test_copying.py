"""A record copied whole, between SQLite and PostgreSQL, and into a file while others write."""

from __future__ import annotations

import io
import sqlite3
import tarfile
import threading
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from scrapeq import database
from scrapeq.database import copying, inspection
from scrapeq.database.engine import read_transaction, write_transaction
from scrapeq.database.schema import OLDER_FORM, host_events, metadata
from scrapeq.errors import ConfigError, DatabaseTooNew, DatabaseUnavailable, InputError
from scrapeq.project import archive
from scrapeq.settings import load_settings


def content(engine: sa.Engine) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table, but for what Redis is known."""
    with read_transaction(engine) as connection:
        return {
            table.name: sorted(
                (tuple(row) for row in connection.execute(sa.select(table)) if row[0] != "redis"),
                key=str,
            )
            for table in metadata.sorted_tables
        }


@pytest.fixture
def filled(record, submit, save, result):
    """A record with a batch of which some rows are done."""
    submit("a", 4, name="firms")
    save(
        result("a-0", html=b"<html>kept</html>", metadata={"name": "é\u2028" * 300}),
        result("a-1", error_kind="dns"),
        result("a-2", text="long " * 2_000),
    )
    rows = [("h.example", "opened", "dns", "it broke")]
    database.history.record_host_events(record, rows)
    database.history.record_error(record, None, "mine", "by hand")
    return record


@pytest.fixture
def other(request, record, tmp_path):
    """An empty record in the other kind of database."""
    if record.dialect.name == "postgresql":
        settings = load_settings(SCRAPEQ_HOME=tmp_path / "other")
    else:
        url = request.getfixturevalue("postgres_url")
        settings = load_settings(SCRAPEQ_HOME=tmp_path / "other", SCRAPEQ_DATABASE_URL=url)
    engine = database.open_database(settings)
    yield engine
    engine.dispose()


def test_every_row_is_the_same_in_the_other_database(filled, other):
    rows = copying.copy_record(filled, other)

    assert content(other) == content(filled)
    assert rows["jobs"] == 4
    assert rows == copying.counts(filled)
    assert database.history.known_redis(other).run_id == OLDER_FORM
    database.history.record_host_events(other, [("i.example", "closed", "", "")])  # a new id
    with read_transaction(other) as connection:
        assert connection.execute(sa.select(sa.func.max(host_events.c.id))).scalar_one() == 2


def test_a_record_with_batches_is_not_written_over(filled, other, record):
    copying.copy_record(filled, other)

    with pytest.raises(InputError, match="has batches already"):
        copying.copy_record(filled, other)


def test_a_backup_under_writes_is_one_moment(tmp_path, eventually_written):
    source, stop = eventually_written
    copying.copy_sqlite(source, tmp_path / "copy")
    stop()

    with closing(sqlite3.connect(tmp_path / "copy")) as copy:
        a, b = copy.execute("SELECT (SELECT count(*) FROM a), (SELECT count(*) FROM b)").fetchone()
    assert a == b > 0


def test_what_was_deleted_is_not_in_a_copy(tmp_path):
    """Deleted rows stay in the free pages of a file of SQLite until something is written there."""
    settings = load_settings(SCRAPEQ_HOME=tmp_path / "home")
    engine = database.open_database(settings)
    error = {"at_ms": 1, "host": "h", "event": "opened", "error_kind": "dns"}
    with write_transaction(engine) as connection:
        connection.execute(
            host_events.insert().values(error_message="deleted word " * 9_000, **error)
        )
        connection.execute(host_events.insert().values(error_message="kept word", **error))
    with write_transaction(engine) as connection:
        connection.execute(host_events.delete().where(host_events.c.error_message != "kept word"))
    engine.dispose()
    assert b"deleted word" in settings.database_path.read_bytes()

    archive.backup(settings, tmp_path / "backup.tar")

    bytes_ = (tmp_path / "backup.tar").read_bytes()
    assert b"deleted word" not in bytes_
    assert b"kept word" in bytes_


def test_a_damaged_record_is_no_backup(tmp_path):
    source = tmp_path / "source"
    with closing(sqlite3.connect(source)) as made, made:
        made.execute("CREATE TABLE a (x)")
        made.executemany("INSERT INTO a VALUES (?)", [("word " * 500,)] * 50)
    whole = source.read_bytes()
    source.write_bytes(whole[:4096] + b"\xff" * 4096 + whole[8192:])

    with pytest.raises(DatabaseUnavailable, match="is damaged"):
        copying.copy_sqlite(source, tmp_path / "copy")


@pytest.fixture
def eventually_written(tmp_path):
    """A file that is written to all the time, to two tables in each transaction."""
    path, ended, begun = tmp_path / "source", threading.Event(), threading.Event()
    with closing(sqlite3.connect(path)) as first:
        first.execute("PRAGMA journal_mode = WAL")
        first.execute("CREATE TABLE a (x)")
        first.execute("CREATE TABLE b (x)")

    def write() -> None:
        with closing(sqlite3.connect(path, timeout=60)) as own:
            while not ended.is_set():
                with own:
                    own.execute("INSERT INTO a VALUES (zeroblob(20000))")
                    own.execute("INSERT INTO b VALUES (1)")
                begun.set()
                ended.wait(0.001)

    writing = threading.Thread(target=write)
    writing.start()
    assert begun.wait(60)
    yield path, ended.set
    ended.set()
    writing.join()


# -- a folder's project in a file -----------------------------------------------------------------


@pytest.fixture
def project(tmp_path):
    """The settings of a folder with a record and a login."""
    settings = load_settings(SCRAPEQ_HOME=tmp_path / "old")
    engine = database.open_database(settings)
    with write_transaction(engine) as connection:
        connection.execute(
            host_events.insert().values(
                at_ms=1, host="h", event="opened", error_kind="", error_message=""
            )
        )
    engine.dispose()
    (settings.home / "logins").mkdir()
    (settings.home / "logins" / "shop.json").write_text("{}")
    return settings


def test_a_project_comes_back_from_its_file(project, tmp_path):
    made = archive.backup(project, tmp_path / "backup.tar")
    new = load_settings(SCRAPEQ_HOME=tmp_path / "new")

    assert archive.restore(new, tmp_path / "backup.tar") == made
    assert made.rows["host_events"] == 1
    assert (tmp_path / "backup.tar").stat().st_mode & 0o077 == 0
    assert (new.home / "logins" / "shop.json").read_text() == "{}"
    assert not list(new.home.glob("restore-*"))
    before, after = database.open_database(project), database.open_database(new)
    assert content(after) == content(before)
    assert database.history.known_redis(after).run_id == OLDER_FORM
    before.dispose()
    after.dispose()


def test_nothing_is_written_over(project, tmp_path):
    file = tmp_path / "backup.tar"
    archive.backup(project, file)

    with pytest.raises(InputError, match="is there already"):
        archive.backup(project, file)
    with pytest.raises(ConfigError, match="a record already"):
        archive.restore(project, file)
    with pytest.raises(InputError, match="no record"):
        archive.backup(load_settings(SCRAPEQ_HOME=tmp_path / "nothing"), tmp_path / "x.tar")
    away = load_settings(SCRAPEQ_HOME=tmp_path, SCRAPEQ_DATABASE_URL="postgresql:///x")
    with pytest.raises(ConfigError, match="its own way"):
        archive.backup(away, tmp_path / "y.tar")
    with pytest.raises(ConfigError, match="from the file"):
        archive.move(project, "sqlite:////tmp/x")


def test_a_file_of_a_stranger_writes_nothing_elsewhere(project, tmp_path):
    file = tmp_path / "backup.tar"
    archive.backup(project, file)
    elsewhere = tarfile.TarInfo("logins/link")
    elsewhere.type, elsewhere.linkname = tarfile.SYMTYPE, str(tmp_path)
    with tarfile.open(file, "a") as added:
        added.addfile(elsewhere)
        for name in ("logins/link/out", "logins/../../out", f"{tmp_path}/out", "out"):
            evil = tarfile.TarInfo(name)
            evil.size = 4
            added.addfile(evil, io.BytesIO(b"evil"))
    new = load_settings(SCRAPEQ_HOME=tmp_path / "new")

    archive.restore(new, file)

    assert not list(tmp_path.glob("out"))
    written = {str(one.relative_to(new.home)) for one in new.home.rglob("*") if one.is_file()}
    assert {one for one in written if "out" in one} == {"logins/link/out"}
    assert not (new.home / "logins" / "link").is_symlink()


@pytest.mark.parametrize("damage", ["no tar", "cut", "newer", "other bytes"])
def test_what_is_no_good_backup_changes_nothing(project, tmp_path, damage, monkeypatch):
    file = tmp_path / "backup.tar"
    if damage == "newer":
        monkeypatch.setattr(inspection, "VERSION", inspection.VERSION + 1)
    archive.backup(project, file)
    monkeypatch.undo()
    whole = file.read_bytes()
    damaged = {
        "no tar": b"a diary" * 1_000,
        "cut": whole[: len(whole) // 2],
        "newer": whole,
        "other bytes": whole.replace(b"SQLite format 3", b"SQLite format 4"),
    }[damage]
    file.write_bytes(damaged)
    new = load_settings(SCRAPEQ_HOME=tmp_path / "new")

    with pytest.raises(DatabaseTooNew if damage == "newer" else InputError):
        archive.restore(new, file)

    assert not new.database_path.exists()
    assert not new.home.exists()


def test_a_folder_that_was_there_stays_after_a_refusal(tmp_path):
    (tmp_path / "junk.tar").write_bytes(b"a diary")
    new = load_settings(SCRAPEQ_HOME=tmp_path / "new")
    new.home.mkdir()

    with pytest.raises(InputError, match="no backup"):
        archive.restore(new, tmp_path / "junk.tar")

    assert new.home.is_dir()


def test_a_moved_project_is_whole(project, postgres_url, tmp_path):
    rows = archive.move(project, postgres_url)
    moved = load_settings(SCRAPEQ_HOME=Path(tmp_path, "new"), SCRAPEQ_DATABASE_URL=postgres_url)
    before, after = database.open_database(project), database.open_database(moved)

    assert rows["host_events"] == 1
    assert content(after) == content(before)
    before.dispose()
    after.dispose()
