"""A project in one file: its record, its logins, and a note of what is in it.

    manifest.json     versions, when it was made, the record's SHA-256 and its rows by table
    scrapeq.sqlite3   the record, as it was at one moment
    logins/           as `scrapeq login` keeps them

The file is a tar, for its owner's eyes alone: logins and options hold secrets.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from pathlib import Path, PurePosixPath

from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError

from scrapeq import clock, cluster, database
from scrapeq.database import copying, inspection
from scrapeq.errors import ClusterFailed, ConfigError, DatabaseTooNew, InputError
from scrapeq.project.version import own_version
from scrapeq.settings import Settings, make_home

RECORD, MANIFEST, LOGINS = "scrapeq.sqlite3", "manifest.json", "logins"
_HINT = "name a file that scrapeq backup wrote"
_FOLDER = "run it in the folder of the project, or set SCRAPEQ_HOME"


class Manifest(BaseModel):
    """What an archive holds. rows: of each table of the record."""

    model_config = ConfigDict(frozen=True)

    scrapeq: str
    record_version: int
    made_at: datetime
    sha256: str
    rows: dict[str, int]


def backup(settings: Settings, path: Path) -> Manifest:
    """Write the project of these settings into a new file; work goes on meanwhile.

    Raises ConfigError for a record in PostgreSQL, InputError if the file exists or there is no record,
    DatabaseUnavailable if the record cannot be read.
    """
    if settings.database_url is not None:
        raise ConfigError(
            "the record is in a database of its own, which has its own way to be backed up",
            hint="use pg_dump on what SCRAPEQ_DATABASE_URL names; docs/how-to/backup.md says how",
        )
    if not settings.database_path.exists():
        raise InputError(
            f"there is no record in {settings.home}",
            hint=_FOLDER,
        )
    if path.exists():
        raise InputError(f"{path} is there already", hint="choose another name")
    database.open_database(settings).dispose()  # of this version, whoever wrote it
    with tempfile.TemporaryDirectory(dir=path.absolute().parent, prefix=".scrapeq-") as made:
        copy = Path(made, RECORD)
        copying.copy_sqlite(settings.database_path, copy)
        manifest = Manifest(
            scrapeq=own_version(),
            record_version=inspection.VERSION,
            made_at=clock.now(),
            sha256=_sha256(copy),
            rows=_rows(copy),
        )
        note = Path(made, MANIFEST)
        note.write_text(manifest.model_dump_json(indent=1), encoding="utf-8")
        whole = Path(made, "archive")
        with whole.open("xb") as file, tarfile.open(fileobj=file, mode="w") as archive:
            os.fchmod(file.fileno(), 0o600)
            archive.add(note, MANIFEST)
            archive.add(copy, RECORD)
            if (settings.home / LOGINS).is_dir():
                archive.add(settings.home / LOGINS, LOGINS)
        os.link(whole, path)  # fails where the name was taken meanwhile
    return manifest


def restore(settings: Settings, path: Path) -> Manifest:
    """Put the project of a file into the home of these settings, which must have no record.

    Redis gets the open jobs anew, from the record. Raises InputError for what is no such file, or a
    damaged one; DatabaseTooNew for one of a newer scrapeq; ConfigError where there is a record already;
    ClusterFailed while workers run there.
    """
    check_idle(settings)
    if settings.database_url is not None:
        raise ConfigError(
            "the record of these settings is not a file",
            hint="unset SCRAPEQ_DATABASE_URL to restore into a folder; scrapeq move brings it there",
        )
    if settings.database_path.exists():
        raise ConfigError(
            f"there is a record already: {settings.database_path}",
            hint="move it away first, or set SCRAPEQ_HOME to another folder",
        )
    with (
        _home(settings.home) as home,
        tempfile.TemporaryDirectory(dir=home, prefix="restore-") as folder,
    ):
        made = Path(folder)
        manifest = _unpack(path, made)
        if _sha256(made / RECORD) != manifest.sha256:
            raise InputError(f"the record in {path} is damaged", hint="use another backup")
        with closing(sqlite3.connect(made / RECORD)) as record, record:
            known = database.OLDER_FORM  # what Redis knows of it is not to be used
            record.execute("UPDATE meta SET value = ? WHERE key = 'redis'", (known,))
        if (made / LOGINS).is_dir():
            shutil.copytree(made / LOGINS, home / LOGINS, dirs_exist_ok=True)
        (made / RECORD).chmod(0o600)
        os.replace(made / RECORD, settings.database_path)
    database.open_database(settings).dispose()  # brought to this version
    return manifest


def move(settings: Settings, database_url: str) -> dict[str, int]:
    """Copy the record of these settings' folder into an empty PostgreSQL; the rows by table.

    The file stays as it is. Raises ConfigError for another kind of database, or where the record is no
    file; ClusterFailed while workers run there; what `copy_record` raises.
    """
    if settings.database_url is not None or not database_url.startswith("postgres"):
        raise ConfigError(
            "a record moves from the file of a folder to a PostgreSQL",
            hint="unset SCRAPEQ_DATABASE_URL, and name postgresql://user@host/name",
        )
    if not settings.database_path.exists():
        raise InputError(f"there is no record in {settings.home}", hint=_FOLDER)
    check_idle(settings)
    moved = settings.model_copy(update={"database_url": SecretStr(database_url)})
    source, target = database.open_database(settings), database.open_database(moved)
    try:
        return copying.copy_record(source, target)
    finally:
        source.dispose()
        target.dispose()


def check_idle(settings: Settings) -> None:
    """Raises ClusterFailed while the private cluster of this home runs."""
    if cluster.is_running(settings.home):
        raise ClusterFailed(
            f"workers run in {settings.home}, and would write to its record meanwhile",
            hint="close the notebooks that use it, or end it: scrapeq down",
            home=settings.home,
        )


@contextmanager
def _home(path: Path) -> Iterator[Path]:
    """The folder of a project; one that was not there is gone again after an error, if nothing came into it."""
    was_there = path.exists()
    home = make_home(path)
    try:
        yield home
    except BaseException:
        if not was_there and {one.name for one in home.iterdir()} <= {".gitignore"}:
            (home / ".gitignore").unlink(missing_ok=True)
            with suppress(OSError):
                home.rmdir()
        raise


def _unpack(path: Path, made: Path) -> Manifest:
    try:
        with tarfile.open(path) as archive:
            note = archive.extractfile(MANIFEST)
            manifest = Manifest.model_validate_json(note.read(1_000_000) if note else b"")
            if manifest.record_version > inspection.VERSION:
                raise DatabaseTooNew(
                    f"{path} was written by scrapeq {manifest.scrapeq[:40]}, which is newer than this",
                    hint="pip install --upgrade scrapeq",
                )
            for member in archive:
                _unpack_one(archive, member, made)
    except (tarfile.TarError, KeyError, ValidationError) as error:
        raise InputError(f"{path} is no backup of a project", hint=_HINT) from error
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}", hint=_HINT) from error
    if not (made / RECORD).is_file():
        raise InputError(f"{path} holds no record", hint=_HINT)
    return manifest


def _unpack_one(archive: tarfile.TarFile, member: tarfile.TarInfo, made: Path) -> None:
    """Write a file of a project, and nothing else: no link, no device, nothing outside of `made`. By hand,
    for Python has a filter for it only from 3.11.4 on."""
    first, *rest = PurePosixPath(member.name).parts or ("",)
    is_ours = (first == RECORD and not rest) or (first == LOGINS and rest and ".." not in rest)
    data = archive.extractfile(member) if is_ours and member.isfile() else None
    if data is None:
        return
    target = made.joinpath(first, *rest)
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with data, target.open("wb") as file:
        os.fchmod(file.fileno(), 0o600)
        shutil.copyfileobj(data, file)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _rows(record: Path) -> dict[str, int]:
    with closing(sqlite3.connect(f"file:{record}?mode=ro", uri=True)) as connection:
        names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        return {
            str(name): int(connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0])  # noqa: S608
            for (name,) in names
        }
