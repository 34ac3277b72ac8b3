"""Where things are kept: the home, its disk, and the record."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from scrapeq import database
from scrapeq.checks.check import Check, bad, good, note
from scrapeq.checks.clocks import clock_check
from scrapeq.database.inspection import VERSION, RecordFacts
from scrapeq.settings import Settings

#: Bytes of free disk below which a scrape of some thousand pages may not fit.
LITTLE_SPACE = 500_000_000
#: Share of its connections that a PostgreSQL may have in use: each worker process takes up to five.
MANY_CONNECTIONS = 0.85
_ANOTHER_HOME = "set SCRAPEQ_HOME to a folder that you may write to"


def home(settings: Settings) -> Iterator[Check]:
    """Whether scrapeq's folder can be written to, or made; and the space on its disk."""
    folder = settings.home
    nearest = folder
    while not nearest.exists() and nearest != nearest.parent:
        nearest = nearest.parent
    try:
        with tempfile.TemporaryFile(dir=nearest) as file:  # without a name, where there are such
            file.write(b"x")
    except OSError as error:
        problem = f"{nearest} cannot be written to: {error.strerror}"
        yield bad("home", problem, f"{_ANOTHER_HOME}, or see to the rights and the space there")
    else:
        yield good(
            "home", f"{folder}" if nearest == folder else f"{folder}, made when it is needed"
        )
    yield _disk(nearest)


def _disk(folder: Path) -> Check:
    usage = shutil.disk_usage(folder)
    result = f"{usage.free / 1e9:.1f} GB of {usage.total / 1e9:.1f} GB are free"
    if usage.free > LITTLE_SPACE:
        return good("disk", result)
    hint = "make room on this disk, keep fewer pages (SCRAPEQ_STORED_PAGES_MB), or set SCRAPEQ_HOME"
    return bad("disk", result, hint)


def record(settings: Settings) -> Iterator[Check]:
    """Whether the record answers, its version, and whether all who need it can reach it."""
    facts = database.inspection.inspect_record(settings)
    yield _version(facts)
    if settings.shared and settings.database_url is None:
        yield note(
            "record for many machines",
            "workers on other machines cannot read a file of this one",
            "if there are such, set SCRAPEQ_DATABASE_URL to a PostgreSQL; see docs/how-to/many-machines.md",
        )
    if facts.is_read_only:
        yield bad(
            "writing to the record",
            "this PostgreSQL takes no writes: it is a standby, or read-only by its settings",
            "name the primary server in SCRAPEQ_DATABASE_URL",
        )
    if facts.version < VERSION and not facts.may_create:
        yield bad(
            "tables of the record",
            "this user of PostgreSQL may make no tables",
            "GRANT CREATE, USAGE ON SCHEMA public TO the user of SCRAPEQ_DATABASE_URL",
        )
    if facts.connections > MANY_CONNECTIONS * facts.most_connections > 0:
        yield note(
            "connections of PostgreSQL",
            f"{facts.connections:,} of {facts.most_connections:,} are in use",
            "raise max_connections, run fewer worker processes, or put PgBouncer (session mode) between",
        )
    if facts.ahead_s is not None:
        yield clock_check("clock of PostgreSQL", facts.ahead_s)


def _version(facts: RecordFacts) -> Check:
    if not facts.version:
        return good("database", f"{facts.where}: it has no tables yet; the first scrape makes them")
    result = f"{facts.where}, {facts.size_bytes / 1e6:,.1f} MB, tables of version {facts.version}"
    if facts.version > VERSION:
        return bad(
            "database",
            f"{facts.where} was written by a newer scrapeq: its tables are version {facts.version}, and "
            f"this one knows {VERSION}",
            "pip install --upgrade scrapeq, here and where the workers run",
        )
    if facts.version < VERSION:
        return note(
            "database",
            f"{result}, of an older scrapeq",
            f"the next scrape or worker brings it to version {VERSION}, and older workers cannot use it "
            "then: update all of them, and keep a backup",
        )
    return good("database", result)
