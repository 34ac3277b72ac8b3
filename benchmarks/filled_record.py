"""A record full of finished jobs, by the functions that workers save with; nothing is fetched."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime

import sqlalchemy as sa
import static_site

from scrapeq import database
from scrapeq.clock import now, now_ms
from scrapeq.database import Result, packed
from scrapeq.database.new_job import NewJob
from scrapeq.database.page_values import NO_CONTENT, Packed
from scrapeq.models import Content, ErrorKind, Fetched, ScrapingConfig
from scrapeq.models.document_kind import DocumentKind

HOSTS = 1_000
#: Rows in one transaction: more than a worker's, so that a million are there in a minute or two.
TOGETHER = 2_000
#: One job in so many failed.
FAILS = 50


def fill(engine: sa.Engine, batch_id: str, jobs: int, contents: list[Packed]) -> None:
    """A finished batch of so many jobs, whose pages have these contents in turns."""
    database.batches.add_batch(
        engine,
        batch_id=batch_id,
        name=batch_id,
        config=ScrapingConfig(),
        fingerprint="",
        total=jobs,
        rows=_new_jobs(batch_id, jobs),
    )
    for first in range(0, jobs, TOGETHER):
        rows = range(first, min(jobs, first + TOGETHER))
        results = [_result(batch_id, row, contents[row % len(contents)]) for row in rows]
        if database.results.save_results(engine, results).kept != len(rows):
            raise SystemExit("rows were not kept")


def articles(variants: int = 512) -> list[Packed]:
    """Contents with a text of some 3 kB each; every second one has letters that are not ASCII."""
    return [packed(_article(number)) for number in range(variants)]


#: Of jobs of which only what they are is looked at.
BARE = [NO_CONTENT]


def _article(number: int) -> Content:
    draw = random.Random(number)
    words = draw.choices(static_site.WORDS, k=draw.randint(250, 750))
    if number % 2:
        words[::10] = ["café –"] * len(words[::10])
    return Content(
        document=DocumentKind.HTML,
        title=" ".join(draw.choices(static_site.WORDS, k=6)).capitalize(),
        text=" ".join(words),
        language=draw.choice(["en", "de", "fr"]),
        author=f"Zoë {draw.choice(static_site.WORDS).title()}",
        published_at=datetime(2026, number % 12 + 1, number % 28 + 1, 8, 30, tzinfo=UTC),
    )


def _new_jobs(batch_id: str, jobs: int) -> Iterator[NewJob]:
    for row in range(jobs):
        url = _url(row)
        yield NewJob(f"{batch_id}-{row}", row, url, url, f"host{row % HOSTS}.example", 5)


def _url(row: int) -> str:
    return f"https://host{row % HOSTS}.example/articles/{row}"


def _result(batch_id: str, row: int, content: Packed) -> Result:
    url = _url(row)
    failed = row % FAILS == 0
    page = Fetched(
        job_id=f"{batch_id}-{row}",
        batch_id=batch_id,
        row=row,
        url=url,
        ok=not failed,
        error_kind=ErrorKind.HTTP_4XX if failed else None,
        error_message="the server says 404 Not Found" if failed else None,
        final_url=url,
        http_status=404 if failed else 200,
        attempts=1,
        fetched_at=now(),
        elapsed_s=0.05 + row % 100 / 1000,
        body_bytes=40_000 + row % 5_000,
        rendered=False,
    )
    return Result(
        page=page,
        content=NO_CONTENT if failed else content,
        token=row + 1,
        url_key=url,
        recipe="recipe",
        started_ms=now_ms() - 250,
    )
