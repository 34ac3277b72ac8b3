"""The record in each of its databases, and short ways to fill it."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from scrapeq import database
from scrapeq.database import Result, packed
from scrapeq.database.new_job import NewJob, StoredAnswer
from scrapeq.models import Batch, Content, ErrorKind, Fetched, ScrapingConfig
from scrapeq.settings import Settings, load_settings
from tests.postgres import PostgresServer
from tests.postgres_record import KeptRecord

FETCHED = datetime(2026, 11, 23, 12, 0, 0, 123_000, UTC)


@pytest.fixture(scope="session")
def kept_record(postgres_server: PostgresServer) -> KeptRecord:
    return KeptRecord(postgres_server)


@pytest.fixture(params=["sqlite", "postgresql"])
def record_settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """The settings of an empty record. Who asks for `record`, too, finds its tables made in PostgreSQL."""
    home = tmp_path / "home"
    if request.param == "sqlite":
        return load_settings(SCRAPEQ_HOME=home)
    if "record" in request.fixturenames:
        url = request.getfixturevalue("kept_record").emptied()
    else:
        url = request.getfixturevalue("postgres_url")
    return load_settings(SCRAPEQ_HOME=home, SCRAPEQ_DATABASE_URL=url)


@pytest.fixture
def open_record(record_settings: Settings) -> Iterator[Callable[[], sa.Engine]]:
    """Opens the record once more, as another process would; closed after the test."""
    opened: list[sa.Engine] = []

    def open_() -> sa.Engine:
        opened.append(database.open_database(record_settings))
        return opened[-1]

    yield open_
    for engine in opened:
        engine.dispose()


@pytest.fixture
def record(open_record: Callable[[], sa.Engine]) -> sa.Engine:
    """An empty record."""
    return open_record()


def new_jobs(
    batch_id: str,
    count: int,
    *,
    twins: dict[int, int] | None = None,
    refused: Sequence[int] = (),
    stored: dict[int, str] | None = None,
    known: dict[str, StoredAnswer] | None = None,
    priority: int = 5,
) -> Iterator[NewJob]:
    """Jobs `<batch>-<row>` over three hosts.

    twins: row → the row whose page answers it; refused: rows that are no URL; stored: row → the
    older job whose page answers it; known: what is known of such pages, by any key.
    """
    twins, stored = twins or {}, stored or {}
    answers = {one.job_id: one for one in (known or {}).values()}
    for row in range(count):
        host = f"host{row % 3}.example"
        url = f"https://{host}/{batch_id}/{row}"
        page_of = stored.get(row) or (f"{batch_id}-{twins[row]}" if row in twins else None)
        job = NewJob(
            f"{batch_id}-{row}",
            row,
            url,
            url,
            host,
            priority,
            page_of=page_of,
            answered=answers.get(stored[row], StoredAnswer(stored[row])) if row in stored else None,
        )
        if row in refused:
            job = job._replace(
                url="no url", error_kind=ErrorKind.SCHEME, error_message="this is no URL"
            )
        yield job


_serial = itertools.count(1)


@pytest.fixture
def submit(record: sa.Engine) -> Callable[..., Batch]:
    """`submit("b", 10, name=..., twins=..., refused=..., stored=...)`: a batch of so many jobs."""

    def submit_(batch_id: str, count: int = 3, *, name: str | None = None, **named: Any) -> Batch:
        fields = ("config", "url_column", "table", "run")
        own = {key: named.pop(key) for key in fields if key in named}
        return database.batches.add_batch(
            record,
            batch_id=batch_id,
            name=name,
            config=own.pop("config", ScrapingConfig()),
            fingerprint="print of " + batch_id,
            total=count,
            rows=new_jobs(batch_id, count, **named),
            **own,
        )

    return submit_


#: What is written with the page, and not with its job.
_READ = {one.name for one in dataclasses.fields(Content)} - {"page_kind", "page_kind_signal"}


def result(
    job_id: str,
    token: int | None = None,
    html: bytes | None = None,
    *,
    request: str = "",
    private_to: str | None = None,
    **page: Any,
) -> Result:
    """A good page of a job, or a bad one with `error_kind`; tokens grow by themselves."""
    batch_id, _, row = job_id.rpartition("-")
    values: dict[str, Any] = {
        "ok": "error_kind" not in page,
        "final_url": f"https://final.example/{row}",
        "http_status": 200,
        "attempts": 1,
        "fetched_at": FETCHED,
        "elapsed_s": 0.25,
        "body_bytes": 1234,
    } | page
    if values["ok"]:
        values = {"title": f"Title of {job_id}", "text": "Text."} | values
    else:
        values = {"error_message": "it broke"} | values
    read = {name: values.pop(name) for name in _READ if name in values}
    return Result(
        page=Fetched(job_id=job_id, batch_id=batch_id, row=int(row), url="https://x/", **values),
        content=packed(Content(**read)) if values["ok"] else {},
        token=next(_serial) if token is None else token,
        url_key=f"key of {row}",
        recipe="recipe",
        request=request,
        private_to=private_to,
        started_ms=1_000,
        html=html,
        content_type="text/html; charset=utf-8",
    )


@pytest.fixture(name="result")
def result_() -> Callable[..., Result]:
    return result


@pytest.fixture
def save(record: sa.Engine) -> Callable[..., int]:
    """`save(result(...), ...)`: how many were kept."""
    return lambda *results: database.results.save_results(record, results).kept


@pytest.fixture
def statuses(record: sa.Engine) -> Callable[[str], list[str]]:
    """The statuses of a batch's rows, in their order."""

    def statuses_(batch_id: str) -> list[str]:
        return [row[1] for chunk in database.page_rows.page_rows(record, batch_id) for row in chunk]

    return statuses_
