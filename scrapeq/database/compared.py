"""What two runs of the same pages can be compared by: a few columns of every row of a batch."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from scrapeq.database.engine import read_transaction
from scrapeq.database.page_rows import READ_CHUNK, answered_jobs
from scrapeq.database.schema import jobs, pages
from scrapeq.models import JobStatus, ScrapingConfig
from scrapeq.models.change import Seen, selected
from scrapeq.urls import duplicate_key


class ComparedRow(NamedTuple):
    """A row of a batch. `href` is the canonical form of `url`; `url_key` is equal for two URLs of
    one page (None where nothing was asked); `fields` is JSON text."""

    url: str
    href: str
    url_key: str | None
    status: str
    http_status: int | None
    title: str | None
    author: str | None
    published_ms: int | None
    error_kind: str | None
    fields: str | None
    text: str | None


def compared_rows(
    engine: sa.Engine, batch_id: str, *, with_text: bool
) -> Iterator[list[ComparedRow]]:
    """Every row of a batch in its order, in chunks; `text` only on request, as it is most of it."""
    found: dict[str, sa.ColumnElement[Any]] = {
        **pages.c,
        "href": sa.func.coalesce(jobs.c.href, jobs.c.url),
        "text": pages.c.text if with_text else sa.null(),
        **{name: jobs.c[name] for name in ("url", "status", "error_kind")},
    }
    query = (
        sa.select(*(found[name] for name in ComparedRow._fields))
        .select_from(answered_jobs())
        .where(jobs.c.batch_id == batch_id)
        .order_by(jobs.c.row)
        .execution_options(yield_per=READ_CHUNK)
    )
    with (
        read_transaction(engine, at_leisure=True) as connection,
        connection.execute(query) as result,
    ):
        for chunk in result.partitions():
            yield [ComparedRow._make(row) for row in chunk]


def names_to_compare(a: ScrapingConfig, b: ScrapingConfig) -> list[str]:
    """The selectors and the fields of a record that two runs both have, in the order of the first."""
    return [name for name in a.recipe.asked if name in b.recipe.asked]


def texts_compare(a: ScrapingConfig, b: ScrapingConfig) -> bool:
    """Whether two runs read the text of pages in the same way."""
    return a.main_text == b.main_text != "off"


def seen_pages(
    engine: sa.Engine, batch_id: str, names: Sequence[str], *, with_text: bool
) -> Iterator[tuple[str, Seen]]:
    """Every row of a batch as a page that was seen, in its order, with what is equal for the same page."""
    for chunk in compared_rows(engine, batch_id, with_text=with_text):
        for row in chunk:
            yield row.url_key or duplicate_key(row.href), _as_seen(row, names)


def _as_seen(row: ComparedRow, names: Sequence[str]) -> Seen:
    looked = row.status in {JobStatus.COMPLETED, JobStatus.FAILED}
    return Seen(
        url=row.url,
        ok=row.status == JobStatus.COMPLETED if looked else None,
        http_status=row.http_status,
        title=row.title,
        error_kind=row.error_kind,
        author=row.author,
        published=row.published_ms,
        text=hash(row.text),  # of this process; the texts of a million pages do not fit
        values=selected(json.loads(row.fields) if row.fields else {}, names),
    )
