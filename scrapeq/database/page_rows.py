"""Finished pages and the rows of a batch, as tables and handles take them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa

from scrapeq.database.engine import plain_chunks, read_transaction
from scrapeq.database.jobs import OPEN, chunked
from scrapeq.database.page_values import in_page, in_row, page_of
from scrapeq.database.schema import jobs, pages
from scrapeq.models import Batch, JobStatus, Links, Page
from scrapeq.models.page_fields import PAGE_FIELDS, TABLE_FIELDS

#: Rows that a reader takes at once.
READ_CHUNK = 10_000


def read_pages(engine: sa.Engine, job_ids: Sequence[str]) -> dict[str, Page]:
    """The whole result of each finished job among `job_ids`."""
    found: dict[str, Page] = {}
    with read_transaction(engine) as connection:
        for some in chunked(job_ids):
            query = _pages_query().where(jobs.c.id.in_(some), jobs.c.status.not_in(OPEN))
            for _, *values in connection.execute(query):
                page = page_of(values)
                found[page.job_id] = page
    return found


def pages_finished_after(
    engine: sa.Engine, batch_id: str, place: int, limit: int = 500
) -> list[tuple[int, Page]]:
    """The next results of a batch in the order of finishing, each with its place in that order."""
    query = (
        _pages_query()
        .where(jobs.c.batch_id == batch_id, jobs.c.finish_order > place)
        .order_by(jobs.c.finish_order)
        .limit(limit)
    )
    with read_transaction(engine) as connection:
        return [(place, page_of(values)) for place, *values in connection.execute(query)]


def without_ai_digest(recipe_digest: str) -> str:
    """What stands in the place of a recipe's digest where a language model gave no answer: such a page
    answers no later job."""
    return f"{recipe_digest} without AI"


def without_ai(engine: sa.Engine, batch: Batch) -> int:
    """How many pages of a batch a language model gave no answer for; an index has those alone."""
    recipe = without_ai_digest(batch.config.recipe.digest)
    query = (
        sa.select(sa.func.count())
        .select_from(answered_jobs())
        .where(pages.c.recipe == recipe, jobs.c.batch_id == batch.id)
    )
    with read_transaction(engine) as connection:
        return int(connection.execute(query).scalar_one())


#: What `page_rows` gives behind `row`, in this order; times in seconds.
PAGE_ROW_COLUMNS = ("status", *(one.name for one in TABLE_FIELDS), "fields")


def page_rows(engine: sa.Engine, batch_id: str) -> Iterator[Sequence[Sequence[Any]]]:
    """Every job of a batch in row order, `(row, *PAGE_ROW_COLUMNS)`, in chunks.

    Open jobs have their status and nothing else; `fields` is JSON text. From SQLite flags are 0 and 1, and
    the text is UTF-8: it goes into a table without being decoded and encoded again.
    """
    query = _page_rows(batch_id)
    if engine.dialect.name == "sqlite":
        names = ("row", *PAGE_ROW_COLUMNS)
        query = query.with_only_columns(
            *(
                sa.cast(column, sa.LargeBinary) if name == "text" else column
                for name, column in zip(names, query.selected_columns, strict=True)
            )
        )
    yield from plain_chunks(engine, query)


def page_rows_after(
    engine: sa.Engine, batch_id: str, row: int, limit: int
) -> list[tuple[Any, ...]]:
    """The next ones of `page_rows`, behind a row."""
    return _next(engine, _page_rows(batch_id), row, limit)


def _page_rows(batch_id: str) -> sa.Select[Any]:
    found = [in_row(one) for one in TABLE_FIELDS]
    return (
        sa.select(jobs.c.row, jobs.c.status, *found, pages.c.fields)
        .select_from(answered_jobs())
        .where(jobs.c.batch_id == batch_id)
        .order_by(jobs.c.row)
    )


def _next(engine: sa.Engine, query: sa.Select[Any], row: int, limit: int) -> list[tuple[Any, ...]]:
    with read_transaction(engine) as connection:
        some = connection.execute(query.where(jobs.c.row > row).limit(limit))
        return [tuple(one) for one in some]


def error_rows_after(
    engine: sa.Engine, batch_id: str, row: int, limit: int, kinds: Sequence[str] | None = None
) -> list[tuple[Any, ...]]:
    """The next failed and cancelled rows of a batch behind a row, on request only those of some kinds:
    (row, url, error_kind, error_message, http_status, attempts, final_url, finished in seconds)."""
    j = jobs.c
    query = (
        sa.select(
            *(j.row, j.url, j.error_kind, j.error_message, pages.c.http_status, j.attempts),
            pages.c.final_url,
            j.finished_ms / 1000.0,
        )
        .select_from(answered_jobs())
        .where(j.batch_id == batch_id, j.error_kind.is_not(None))
        .order_by(j.row)
    )
    if kinds is not None:
        query = query.where(j.error_kind.in_([str(kind) for kind in kinds]))
    return _next(engine, query, row, limit)


def link_rows_after(
    engine: sa.Engine, batch_id: str, row: int, limit: int
) -> list[tuple[int, str, Links]]:
    """The next ones of `link_rows`, behind a row."""
    found = _next(engine, _of_each_page(batch_id, pages.c.links), row, limit)
    return [(number, page_url, Links.from_json(links)) for number, page_url, links in found]


def link_rows(engine: sa.Engine, batch_id: str) -> Iterator[list[tuple[int, str, Links]]]:
    """The links of each good page of a batch that has some: `(row, page url, links)`, in chunks."""
    for chunk in _chunks(engine, _of_each_page(batch_id, pages.c.links)):
        yield [(row, page_url, Links.from_json(links)) for row, page_url, links in chunk]


def kept_rows(engine: sa.Engine, batch_id: str, field: str) -> Iterator[list[tuple[int, str, Any]]]:
    """What each good page of a batch keeps of a field of `PageFields`: `(row, page url, value)`, in
    chunks; pages without it are left out. fields are JSON text."""
    return _chunks(engine, _of_each_page(batch_id, pages.c[field]))


def kept_rows_after(
    engine: sa.Engine, batch_id: str, field: str, row: int, limit: int
) -> list[tuple[int, str, Any]]:
    """The next ones of `kept_rows`, behind a row."""
    return _next(engine, _of_each_page(batch_id, pages.c[field]), row, limit)


def minhash_rows(
    engine: sa.Engine, batch_id: str, algorithm: str
) -> Iterator[list[tuple[int, str, str | None, str | None]]]:
    """`(row, page url, MinHash, None)` of each page with a text, in the order of rows and in chunks;
    `(row, page url, None, text)` where it has no MinHash that begins with `algorithm`."""
    return _chunks(engine, _minhash_rows(batch_id, algorithm))


def minhash_rows_after(
    engine: sa.Engine, batch_id: str, algorithm: str, row: int, limit: int
) -> list[tuple[int, str, str | None, str | None]]:
    """The next ones of `minhash_rows`, behind a row."""
    return _next(engine, _minhash_rows(batch_id, algorithm), row, limit)


def _minhash_rows(batch_id: str, algorithm: str) -> sa.Select[Any]:
    of_today = pages.c.minhash.startswith(algorithm, autoescape=True)
    known = sa.case((of_today, pages.c.minhash))
    return _of_each_page(batch_id, pages.c.text).with_only_columns(
        *_PAGE_PLACE, known, sa.case((of_today, None), else_=pages.c.text)
    )


_PAGE_PLACE = (jobs.c.row, sa.func.coalesce(pages.c.final_url, jobs.c.url))


def _of_each_page(batch_id: str, column: sa.Column[Any]) -> sa.Select[Any]:
    return (
        sa.select(*_PAGE_PLACE, column)
        .select_from(answered_jobs())
        .where(jobs.c.batch_id == batch_id, column.is_not(None))
        .order_by(jobs.c.row)
    )


def answered_jobs() -> sa.Join:
    """Jobs beside the page that answers them: their own, a duplicate's, or an older one.

    An open or cancelled job has none, though a page of an earlier try may be there.
    """
    answered_by = sa.func.coalesce(jobs.c.page_of, jobs.c.id)
    answered = jobs.c.status.in_((JobStatus.COMPLETED.value, JobStatus.FAILED.value))
    own = sa.and_(pages.c.job_id == answered_by, answered)
    return sa.outerjoin(jobs, pages, own)


def _chunks(engine: sa.Engine, query: sa.Select[Any]) -> Iterator[list[Any]]:
    query = query.execution_options(yield_per=READ_CHUNK)
    with (
        read_transaction(engine, at_leisure=True) as connection,
        connection.execute(query) as result,
    ):
        for chunk in result.partitions():
            yield [tuple(row) for row in chunk]


def _pages_query() -> sa.Select[Any]:
    found = [in_page(one) for one in PAGE_FIELDS]
    return sa.select(jobs.c.finish_order, *found).select_from(answered_jobs())
