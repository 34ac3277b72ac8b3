"""The result rows: written once, many in a transaction, and read back as rows for tables."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from operator import attrgetter
from typing import Any, NamedTuple

import sqlalchemy as sa

from scrapeq.clock import from_ms, now_ms, to_ms
from scrapeq.database import contents as kept_contents
from scrapeq.database.batches import append_jobs, close_finished
from scrapeq.database.contents import content_hash, content_row, unpacked
from scrapeq.database.engine import read_transaction, write_transaction
from scrapeq.database.files import file_values
from scrapeq.database.jobs import OPEN, chunked
from scrapeq.database.minutes import count_errors, count_finished
from scrapeq.database.new_job import NewJob, StoredAnswer
from scrapeq.database.schema import (
    batches,
    contents,
    files,
    jobs,
    json_bytes,
    pack_json,
    pages,
    sound_text,
)
from scrapeq.database.selected import counted
from scrapeq.models import Batch, BrowserUse, Content, Fetched, JobStatus, Links, Page, PageFile
from scrapeq.models.page_fields import PAGE_FIELDS, TABLE_FIELDS, Kept, PageField, Source

#: Rows that a reader takes at once.
READ_CHUNK = 10_000


#: Columns of `pages` with what a driver takes for them.
Packed = dict[str, str | bytes | int | float | None]


@dataclass(frozen=True, slots=True)
class Result:
    """A page on its way into the record.

    content: what was read, as `packed` made it. token: of the lease under which it was made; only a
    newer one overwrites. url_key and recipe say which later jobs it may answer, and so do request
    (how it was asked for, see `RequestIdentity`) and private_to (the owner whose batches alone it may
    answer; None: anybody's). selected: which selectors matched, see `selected_bits`. html: the page's bytes if they are to be
    kept, lasting: whether they stay when room is made for others; stored_as: the name of their content if
    they are there already. files: what a browser brought besides. appended: jobs that join
    its batch together with it, as links of a crawl do; their rows follow the batch's last one.
    """

    page: Fetched
    token: int
    url_key: str
    recipe: str
    started_ms: int
    request: str = ""
    private_to: str | None = None
    content: Packed = field(default_factory=dict)
    selected: int | None = None
    html: bytes | None = None
    lasting: bool = False
    stored_as: str | None = None
    content_type: str = ""
    files: Sequence[PageFile] = ()
    appended: Sequence[NewJob] = ()


class Saved(NamedTuple):
    """What `save_results` did. appended: by batch, the new jobs that are to be fetched."""

    kept: int
    appended: dict[str, list[NewJob]]


def packed(content: Content) -> Packed:
    """What was read from a page as its row keeps it, by the names of the columns.

    Results wait for company before they are written. So they take little memory, and the hundreds
    of texts of a page are looked at while they are still in the CPU's caches.
    """
    return _written(content, _CONTENT_WRITERS)


def save_results(engine: sa.Engine, results: Sequence[Result]) -> Saved:
    """Write results, their jobs' final status and their batches' counters in one transaction.

    Jobs that they append are added in it, too: all of a result is there or nothing. One for a page
    that the batch has a job for is left out. Whoever saves puts them into Redis. The batch is not
    `enqueued` until recovery has seen that all are there.

    A result is dropped if its job is final already (a slower worker's second answer, or one that
    came after a cancel), is unknown, or has a result with a newer token. When this returns, what
    was kept is on the disk.
    """
    by_job = {result.page.job_id: result for result in results}
    with write_transaction(engine) as connection:
        kept, again = _kept(connection, by_job)
        if not kept:
            return Saved(0, {})
        at_ms = now_ms()
        if again:
            for table in (pages, files):
                connection.execute(table.delete().where(table.c.job_id.in_(again)))
        _write_many(connection, _inserting(connection.dialect), map(_page_values, kept))
        _save_contents(connection, kept)
        appended = _append(connection, kept, at_ms)
        errors = _finish_jobs(connection, kept, at_ms)
        _count_in_history(connection, kept, at_ms)
        count_errors(connection, at_ms, errors)
        return Saved(len(kept), appended)


@dataclass(frozen=True, slots=True)
class Asking:
    """Who asks for stored pages, and how: the digest of the requests (see `RequestIdentity`), the
    owner of the batch, and how old a page may be.

    exact: only the page of the very same URL may answer, and what is found is found by the URL's
    href; otherwise by its duplicate key.
    """

    request: str
    owner: str
    newer_than_ms: int
    exact: bool = False

    @property
    def is_young(self) -> sa.ColumnElement[bool]:
        """Of a good page that is young enough, whoever it may answer."""
        return sa.and_(pages.c.ok, pages.c.fetched_ms >= self.newer_than_ms)

    @property
    def may_have(self) -> sa.ColumnElement[bool]:
        """Of a page that was asked for in the same way and may answer this owner."""
        anybody = pages.c.private_to.is_(None)
        return sa.and_(
            pages.c.request == self.request, sa.or_(anybody, pages.c.private_to == self.owner)
        )

    @property
    def name(self) -> sa.ColumnElement[str]:
        """What a page is found by."""
        return sa.func.coalesce(jobs.c.href, jobs.c.url) if self.exact else pages.c.url_key

    @property
    def pages(self) -> sa.FromClause:
        """The pages, with their jobs where those are needed."""
        return pages.join(jobs, jobs.c.id == pages.c.job_id) if self.exact else pages


@dataclass(frozen=True, slots=True)
class StoredAnswers:
    """jobs: by the name that pages are found by (see `Asking`), the newest page.

    refused: names whose young pages were all asked for in another way, or are private to another
    owner. private: so many of them were asked for in the same way. example: the job of one that was
    asked for in another way.
    """

    jobs: dict[str, StoredAnswer] = field(default_factory=dict)
    refused: int = 0
    private: int = 0
    example: str | None = None


def stored_answers(
    engine: sa.Engine, url_keys: Sequence[str], recipe: str, asking: Asking
) -> StoredAnswers:
    """Which of the duplicate keys have a page that may answer."""
    young = sa.and_(pages.c.recipe == recipe, asking.is_young)
    on = jobs.c.id == pages.c.job_id
    in_job = ("page_kind", "page_kind_signal", "selected", "browser_use")
    known_of_it = (pages.c.job_id, *(jobs.c[name] for name in in_job))
    found: dict[str, StoredAnswer] = {}
    refused: dict[str, str] = {}
    private: set[str] = set()
    with read_transaction(engine) as connection:
        if connection.execute(sa.select(sa.literal(1)).where(young).limit(1)).first() is None:
            return StoredAnswers()
        same = pages.c.request == asking.request
        for some in chunked(url_keys):
            query = (
                sa.select(asking.name, asking.may_have, same, *known_of_it)
                .select_from(sa.join(pages, jobs, on, isouter=not asking.exact))
                .where(pages.c.url_key.in_(some), young)
                .order_by(pages.c.fetched_ms)
            )
            for name, may_have, asked_the_same, *known in connection.execute(query):
                answer = StoredAnswer(*known)
                if may_have:
                    found[name] = answer
                else:
                    refused[name] = answer.job_id
                    if asked_the_same:
                        private.add(name)
    others = (job for name, job in refused.items() if name not in found and name not in private)
    return StoredAnswers(
        found,
        len(refused.keys() - found.keys()),
        len(private - found.keys()),
        next(others, None),
    )


@dataclass(frozen=True, slots=True)
class StoredBody:
    """A page's bytes as they were kept, and the facts of its answer. render_reason: of a page that a
    browser showed."""

    final_url: str
    http_status: int
    content_type: str
    fetched_at: datetime
    private_to: str | None
    body: bytes
    sha256: str
    render_reason: str | None = None


def any_stored(engine: sa.Engine) -> bool:
    """Whether the bytes of any page were ever kept."""
    with read_transaction(engine) as connection:
        kept = sa.select(pages.c.job_id).where(pages.c.html_sha256.is_not(None)).limit(1)
        return connection.execute(kept).first() is not None


def stored_bodies(
    engine: sa.Engine, url_keys: Sequence[str], asking: Asking
) -> dict[str, StoredBody]:
    """For each duplicate key (or href, see `Asking`) with kept bytes that may answer: the newest."""
    found: dict[str, StoredBody] = {}
    with read_transaction(engine) as connection:
        for some in chunked(url_keys):
            query = (
                sa.select(
                    pages, contents.c.content_type, contents.c.body, asking.name.label("name")
                )
                .select_from(asking.pages)
                .join(contents, contents.c.sha256 == pages.c.html_sha256)
                .where(pages.c.url_key.in_(some), asking.is_young, asking.may_have)
                .order_by(pages.c.fetched_ms)
            )
            for row in connection.execute(query):
                found[row.name] = StoredBody(
                    final_url=row.final_url,
                    http_status=row.http_status,
                    content_type=row.content_type,
                    fetched_at=datetime.fromtimestamp(row.fetched_ms / 1000, UTC),
                    private_to=row.private_to,
                    body=unpacked(row.body),
                    sha256=row.html_sha256,
                    render_reason=row.render_reason if row.rendered else None,
                )
    return found


def read_html(engine: sa.Engine, sha256: str) -> bytes | None:
    """A page's bytes as they were received and decoded, or a file's, if they were kept."""
    with read_transaction(engine) as connection:
        query = sa.select(contents.c.body).where(contents.c.sha256 == sha256)
        packed = connection.execute(query).scalar_one_or_none()
    return None if packed is None else unpacked(packed)


@dataclass(frozen=True, slots=True)
class KeptPage:
    """The bytes that answer a row of a batch, as they were received and decoded, or drawn in a browser.
    url: after redirects."""

    row: int
    url: str
    content_type: str
    body: bytes


def kept_page(engine: sa.Engine, batch_id: str, row: int) -> KeptPage | None:
    """The page of one row; None where none is kept."""
    return next(iter(_kept_pages(engine, batch_id, jobs.c.row == row, 1)), None)


def some_kept_pages(engine: sa.Engine, batch_id: str, count: int) -> list[KeptPage]:
    """Up to `count` pages of good rows that are kept, spread over the batch, in row order."""
    with read_transaction(engine) as connection:
        total = connection.execute(
            sa.select(batches.c.total).where(batches.c.id == batch_id)
        ).scalar_one()
    step = max(1, total // count)
    good = jobs.c.status == JobStatus.COMPLETED.value
    return _kept_pages(engine, batch_id, sa.and_(good, jobs.c.row % step == 0), count)


def _kept_pages(
    engine: sa.Engine, batch_id: str, which: sa.ColumnElement[bool], count: int
) -> list[KeptPage]:
    url = sa.func.coalesce(pages.c.final_url, jobs.c.url)
    query = (
        sa.select(jobs.c.row, url, contents.c.content_type, contents.c.body)
        .select_from(answered_jobs())
        .join(contents, contents.c.sha256 == pages.c.html_sha256)
        .where(jobs.c.batch_id == batch_id, which)
        .order_by(jobs.c.row)
        .limit(count)
    )
    with read_transaction(engine) as connection:
        return [
            KeptPage(row, url, content_type, unpacked(body))
            for row, url, content_type, body in connection.execute(query)
        ]


def read_pages(engine: sa.Engine, job_ids: Sequence[str]) -> dict[str, Page]:
    """The whole result of each finished job among `job_ids`."""
    found: dict[str, Page] = {}
    with read_transaction(engine) as connection:
        for some in chunked(job_ids):
            query = _pages_query().where(jobs.c.id.in_(some), jobs.c.status.not_in(OPEN))
            for _, *values in connection.execute(query):
                page = _page(values)
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
        return [(place, _page(values)) for place, *values in connection.execute(query)]


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


def page_rows(engine: sa.Engine, batch_id: str) -> Iterator[list[tuple[Any, ...]]]:
    """Every job of a batch in row order, `(row, *PAGE_ROW_COLUMNS)`, in chunks.

    Open jobs have their status and nothing else; `fields` is JSON text.
    """
    yield from _chunks(engine, _page_rows(batch_id))


def page_rows_after(
    engine: sa.Engine, batch_id: str, row: int, limit: int
) -> list[tuple[Any, ...]]:
    """The next ones of `page_rows`, behind a row."""
    return _next(engine, _page_rows(batch_id), row, limit)


def _page_rows(batch_id: str) -> sa.Select[Any]:
    found = [_in_row(one) for one in TABLE_FIELDS]
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


def _of_each_page(batch_id: str, column: sa.Column[Any]) -> sa.Select[Any]:
    return (
        sa.select(*_PAGE_PLACE, column)
        .select_from(answered_jobs())
        .where(jobs.c.batch_id == batch_id, column.is_not(None))
        .order_by(jobs.c.row)
    )


_PAGE_PLACE = (jobs.c.row, sa.func.coalesce(pages.c.final_url, jobs.c.url))


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
    with read_transaction(engine) as connection, connection.execute(query) as result:
        for chunk in result.partitions():
            yield [tuple(row) for row in chunk]


def _pages_query() -> sa.Select[Any]:
    found = [_in_page(one) for one in PAGE_FIELDS]
    return sa.select(jobs.c.finish_order, *found).select_from(answered_jobs())


def _page(values: Sequence[Any]) -> Page:
    """The page of a row of `_pages_query`, without what stands before its fields."""
    return Page(
        **{
            name: value if read is None else read(value)
            for (name, read), value in zip(_READERS, values, strict=True)
        }
    )


def _kept(connection: sa.Connection, by_job: dict[str, Result]) -> tuple[list[Result], list[str]]:
    """The results that may be written, with their batches locked (in the order of their ids); and
    the jobs among them that have an older page."""
    batch_ids = sorted({result.page.batch_id for result in by_job.values()})
    connection.execute(
        sa.select(batches.c.id)
        .where(batches.c.id.in_(batch_ids))
        .order_by(batches.c.id)
        .with_for_update()
    ).all()
    query = (
        sa.select(jobs.c.id, pages.c.token)
        .outerjoin(pages, pages.c.job_id == jobs.c.id)
        .where(jobs.c.id.in_(list(by_job)), jobs.c.status.in_(OPEN))
    )
    kept: list[Result] = []
    again: list[str] = []
    for job_id, token in connection.execute(query):
        if token is None or token < by_job[job_id].token:
            kept.append(by_job[job_id])
            if token is not None:
                again.append(job_id)
    return kept, again


@lru_cache(maxsize=8)
def _inserting(dialect: sa.Dialect) -> Any:
    return pages.insert().compile(dialect=dialect)


@lru_cache(maxsize=8)
def _finishing(dialect: sa.Dialect) -> Any:
    one_job = jobs.update().where(jobs.c.id == sa.bindparam("job"))
    return one_job.compile(dialect=dialect, column_keys=list(_FINISHED))


def _write_many(connection: sa.Connection, statement: Any, rows: Iterable[Packed]) -> None:
    """Write rows whose values are ready for the driver: SQLAlchemy would look at every one of them
    once more, which takes it as long as it takes SQLite to write them."""
    if names := statement.positiontup:  # SQLite's parameters have no names
        connection.exec_driver_sql(statement.string, [tuple(map(row.get, names)) for row in rows])
    else:
        connection.exec_driver_sql(statement.string, list(rows))


def _page_values(result: Result) -> Packed:
    page = result.page
    return {
        **_NO_CONTENT,
        **result.content,
        **_written(page, _FETCH_WRITERS),
        "job_id": page.job_id,
        "batch_id": page.batch_id,
        "token": result.token,
        "url_key": result.url_key,
        "recipe": result.recipe,
        "request": result.request,
        "private_to": result.private_to,
        "ok": page.ok,
        "html_sha256": content_hash(result.html) if result.html is not None else result.stored_as,
    }


# -- fields and columns -------------------------------------------------------------------------


def _pack_links(links: Links) -> bytes | None:
    return pack_json(links.to_json()) if links else None


def _json_text(value: Any) -> str | None:
    return json_bytes(value).decode() if value else None


#: What a driver takes for a value of a page; None: the value itself.
_WRITE: dict[Kept, Callable[[Any], Any] | None] = {
    Kept.TEXT: sound_text,
    Kept.KEY: None,
    Kept.FLAG: None,
    Kept.SMALL: None,
    Kept.NUMBER: None,
    Kept.FLOAT: None,
    Kept.TIME: to_ms,
    Kept.JSON: _json_text,
    Kept.PACKED: pack_json,
    Kept.LINKS: _pack_links,
}
#: What a page has for a value of the record; None: the value itself.
_READ: dict[Kept, Callable[[Any], Any] | None] = {
    **dict.fromkeys(Kept, None),
    Kept.TIME: from_ms,
    Kept.JSON: json.loads,
    Kept.LINKS: lambda links: list(Links.from_json(links)),
}
_Writers = tuple[tuple[str, Callable[[Any], Any], Callable[[Any], Any] | None], ...]


def _writers(made_by: type[Content | Fetched], source: Source) -> _Writers:
    return tuple(
        (one.stored, attrgetter(one.name), _WRITE[one.column.kept])
        for one in PAGE_FIELDS
        if one.column.source is source and one.name in made_by.__slots__
    )


def _written(value: Content | Fetched, writers: _Writers) -> Packed:
    """The columns of some fields of a page."""
    return {
        column: get(value) if write is None else write(get(value)) for column, get, write in writers
    }


def _reader(one: PageField) -> Callable[[Any], Any] | None:
    """How a value of the record becomes the field; NULL is what the field is without a value."""
    default, read = Page.model_fields[one.name].default, _READ[one.column.kept]
    if default in ({}, []):
        return lambda value: default if value is None else read(value) if read else value
    return read


def _in_page(one: PageField) -> sa.ColumnElement[Any]:
    """A field as `_page` takes it."""
    if one.name == "ok":
        return sa.type_coerce(jobs.c.status == JobStatus.COMPLETED.value, sa.Boolean)
    table = pages if one.is_of_page else jobs
    return table.c[one.stored]


def _in_row(one: PageField) -> sa.ColumnElement[Any]:
    """A field as a table takes it: an open job is neither good nor bad, and times are seconds."""
    if one.name == "ok":
        good = sa.case((jobs.c.status == JobStatus.COMPLETED.value, sa.true()), else_=sa.false())
        return sa.case((jobs.c.status.in_(OPEN), sa.null()), else_=good)
    column = _in_page(one)
    return column / 1000.0 if one.column.kept is Kept.TIME else column


_CONTENT_WRITERS = _writers(Content, Source.CONTENT)
_FETCH_WRITERS = _writers(Fetched, Source.FETCH)
_READERS = tuple((one.name, _reader(one)) for one in PAGE_FIELDS)
_NO_CONTENT: Packed = dict.fromkeys(column for column, _, _ in _CONTENT_WRITERS)

_FINISHED = (
    *("job", "status", "attempts", "error_kind", "error_message", "from_store", "finish_order"),
    *("started_ms", "finished_ms", "elapsed_s", "page_kind", "page_kind_signal", "selected"),
    "browser_use",
)


def _save_contents(connection: sa.Connection, kept: Sequence[Result]) -> None:
    found = [
        content_row(result.html, result.content_type, lasting=result.lasting)
        for result in kept
        if result.html is not None
    ]
    found += [content_row(one.body, one.content_type) for result in kept for one in result.files]
    kept_contents.save(connection, found)
    of_pages = [row for result in kept for row in file_values(result.page.job_id, result.files)]
    if of_pages:
        connection.execute(files.insert(), of_pages)


def _append(
    connection: sa.Connection, kept: Sequence[Result], at_ms: int
) -> dict[str, list[NewJob]]:
    """Add what the results append, each job with its parent; what is to be fetched of it."""
    wanted: dict[str, list[NewJob]] = defaultdict(list)
    for result in kept:
        parent = result.page.job_id
        wanted[result.page.batch_id] += [
            job._replace(parent_job_id=parent) for job in result.appended
        ]
    added = {
        batch_id: append_jobs(connection, batch_id, new, at_ms)
        for batch_id, new in sorted(wanted.items())
        if new
    }
    return {batch_id: new for batch_id, new in added.items() if new}


def _finish_jobs(connection: sa.Connection, kept: Sequence[Result], at_ms: int) -> Counter[str]:
    """Make jobs and the duplicates that wait for them final, in order, and count them.

    Returns how many ended with each kind of error.
    """
    batch_ids = {result.page.batch_id for result in kept}
    last_places = connection.execute(
        sa.select(batches.c.id, batches.c.finish_order, batches.c.selected).where(
            batches.c.id.in_(batch_ids)
        )
    )
    place: dict[str, int] = {}
    selected: dict[str, str | None] = {}
    for row in last_places:
        place[row.id], selected[row.id] = row.finish_order, row.selected
    twins: dict[str, list[str]] = defaultdict(list)
    waiting = sa.select(jobs.c.id, jobs.c.page_of).where(
        jobs.c.page_of.in_([result.page.job_id for result in kept]), jobs.c.status.in_(OPEN)
    )
    for job_id, leader in connection.execute(waiting):
        twins[leader].append(job_id)
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    errors: Counter[str] = Counter()
    bits: dict[str, list[int]] = defaultdict(list)
    updates: list[Packed] = []
    for result in kept:
        page = result.page
        status = JobStatus.COMPLETED if page.ok else JobStatus.FAILED
        same = [page.job_id, *twins[page.job_id]]
        counts[page.batch_id][status.value] += len(same)
        if result.selected is not None:
            bits[page.batch_id] += [result.selected] * len(same)
        browser_use = page.browser_use
        if browser_use is BrowserUse.SHOWED:
            counts[page.batch_id]["rendered"] += len(same)
        if page.error_kind is not None:
            errors[str(page.error_kind)] += len(same)
        for job_id in same:
            # A duplicate was answered without a request of its own.
            from_store = page.ok and (page.from_store or job_id != page.job_id)
            counts[page.batch_id]["from_store"] += from_store
            place[page.batch_id] += 1
            updates.append(
                {
                    "job": job_id,
                    "status": status.value,
                    "attempts": page.attempts,
                    "error_kind": str(page.error_kind) if page.error_kind else None,
                    "error_message": sound_text(page.error_message),
                    "page_kind": page.page_kind.value if page.page_kind else None,
                    "page_kind_signal": page.page_kind_signal,
                    "selected": result.selected,
                    "browser_use": browser_use.value if browser_use else None,
                    "from_store": from_store,
                    "finish_order": place[page.batch_id],
                    "started_ms": result.started_ms,
                    "finished_ms": at_ms,
                    "elapsed_s": (page.elapsed_s or None) if job_id == page.job_id else None,
                }
            )
    _write_many(connection, _finishing(connection.dialect), updates)
    for batch_id in sorted(batch_ids):
        connection.execute(
            batches.update()
            .where(batches.c.id == batch_id)
            .values(
                finish_order=place[batch_id],
                selected=counted(selected[batch_id], bits[batch_id]),
                **{name: batches.c[name] + count for name, count in counts[batch_id].items()},
            )
        )
    close_finished(connection, sorted(batch_ids), at_ms)
    return errors


def _count_in_history(connection: sa.Connection, kept: Sequence[Result], at_ms: int) -> None:
    succeeded = sum(result.page.ok for result in kept)
    times_s = [result.page.elapsed_s for result in kept if result.page.elapsed_s]
    pages_now = (result.page for result in kept if not result.page.from_store)
    rendered = sum(page.browser_use is BrowserUse.SHOWED for page in pages_now)
    failed = len(kept) - succeeded
    count_finished(connection, at_ms, succeeded, failed, times_s, rendered=rendered)
