"""What two runs of the same pages can be compared by: a few columns of every row of a batch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import sqlalchemy as sa

from scrapeq.database.engine import read_transaction
from scrapeq.database.results import READ_CHUNK, answered_jobs
from scrapeq.database.schema import jobs, pages


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
    with read_transaction(engine) as connection, connection.execute(query) as result:
        for chunk in result.partitions():
            yield [ComparedRow._make(row) for row in chunk]
