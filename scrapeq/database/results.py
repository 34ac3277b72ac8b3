"""The result rows: written once, many in a transaction, and read back as rows for tables."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from scrapeq.clock import from_ms, now_ms, to_ms
from scrapeq.database.batches import close_finished
from scrapeq.database.engine import reading, writing
from scrapeq.database.jobs import OPEN, chunked
from scrapeq.database.minutes import count_errors, count_finished
from scrapeq.database.schema import (
    batches,
    contents,
    jobs,
    json_bytes,
    pack_json,
    pages,
    sound_text,
)
from scrapeq.models import Content, Fetched, JobStatus, Links, Page

#: Rows that a reader takes at once.
READ_CHUNK = 10_000


#: Columns of `pages` with what a driver takes for them.
Packed = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Result:
    """A page on its way into the record.

    token: of the lease under which it was made; only a newer one overwrites. url_key and recipe
    say which later jobs it may answer, and so do request (how it was asked for, see
    `RequestIdentity`) and private_to (the owner whose batches alone it may answer; None: anybody's). content: `packed`, of a good page. html: the page's bytes if
    they are to be kept.
    """

    page: Fetched
    token: int
    url_key: str
    recipe: str
    started_ms: int
    request: str = ""
    private_to: str | None = None
    content: Packed = field(default_factory=dict)
    html: bytes | None = None
    content_type: str = ""


def packed(content: Content) -> Packed:
    """What was read from a page as its row keeps it, by the names of the columns.

    Results wait for company before they are written. So they take little memory, and the hundreds
    of texts of a page are looked at while they are still in the CPU's caches.
    """
    return {
        "title": sound_text(content.title),
        "text": sound_text(content.text),
        "markdown": pack_json(content.markdown),
        "language": sound_text(content.language),
        "author": sound_text(content.author),
        "published_ms": to_ms(content.published_at),
        "fields": json_bytes(content.fields).decode() if content.fields else None,
        "links": pack_json(content.links.to_json()) if content.links else None,
        "images": pack_json(content.images),
        "metadata": pack_json(content.metadata),
        "sources": pack_json(content.sources),
        "changes": pack_json(content.changes),
    }


def save_results(engine: sa.Engine, results: Sequence[Result]) -> int:
    """Write results, their jobs' final status and their batches' counters in one transaction.

    A result is dropped if its job is final already (a slower worker's second answer, or one that
    came after a cancel), is unknown, or has a result with a newer token. When this returns, what
    was kept is on the disk. Returns how many were kept.
    """
    by_job = {result.page.job_id: result for result in results}
    with writing(engine) as connection:
        kept, again = _kept(connection, by_job)
        if not kept:
            return 0
        at_ms = now_ms()
        if again:
            connection.execute(pages.delete().where(pages.c.job_id.in_(again)))
        _write_many(connection, _inserting(connection.dialect), map(_page_values, kept))
        _save_contents(connection, kept)
        errors = _finish_jobs(connection, kept, at_ms)
        _count_in_history(connection, kept, at_ms)
        count_errors(connection, at_ms, errors)
        return len(kept)


@dataclass(frozen=True, slots=True)
class Asking:
    """Who asks for stored pages, and how: the digest of the requests (see `RequestIdentity`), the
    owner of the batch, and how old a page may be."""

    request: str
    owner: str
    newer_than_ms: int

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


@dataclass(frozen=True, slots=True)
class StoredAnswers:
    """jobs: by duplicate key, the job that has the newest page. refused: keys whose young pages
    were all asked for in another way, or are private to another owner."""

    jobs: dict[str, str] = field(default_factory=dict)
    refused: int = 0


def stored_answers(
    engine: sa.Engine, url_keys: Sequence[str], recipe: str, asking: Asking
) -> StoredAnswers:
    """Which of the duplicate keys have a page that may answer."""
    young = sa.and_(pages.c.recipe == recipe, asking.is_young)
    found: dict[str, str] = {}
    refused: set[str] = set()
    with reading(engine) as connection:
        if connection.execute(sa.select(sa.literal(1)).where(young).limit(1)).first() is None:
            return StoredAnswers()
        for some in chunked(url_keys):
            query = (
                sa.select(pages.c.url_key, pages.c.job_id, asking.may_have)
                .where(pages.c.url_key.in_(some), young)
                .order_by(pages.c.fetched_ms)
            )
            for key, job_id, may_have in connection.execute(query):
                if may_have:
                    found[key] = job_id
                else:
                    refused.add(key)
    return StoredAnswers(found, len(refused - found.keys()))


@dataclass(frozen=True, slots=True)
class StoredBody:
    """A page's bytes as they were kept, and what the server said of them."""

    final_url: str
    http_status: int
    content_type: str
    fetched_at: datetime
    private_to: str | None
    body: bytes


def any_stored(engine: sa.Engine) -> bool:
    """Whether the bytes of any page were ever kept."""
    with reading(engine) as connection:
        return connection.execute(sa.select(contents.c.sha256).limit(1)).first() is not None


def stored_bodies(
    engine: sa.Engine, url_keys: Sequence[str], asking: Asking
) -> dict[str, StoredBody]:
    """For each duplicate key with kept bytes that may answer: the newest."""
    found: dict[str, StoredBody] = {}
    with reading(engine) as connection:
        for some in chunked(url_keys):
            query = (
                sa.select(pages, contents.c.content_type, contents.c.body)
                .join(contents, contents.c.sha256 == pages.c.html_sha256)
                .where(pages.c.url_key.in_(some), asking.is_young, asking.may_have)
                .order_by(pages.c.fetched_ms)
            )
            for row in connection.execute(query):
                found[row.url_key] = StoredBody(
                    final_url=row.final_url,
                    http_status=row.http_status,
                    content_type=row.content_type,
                    fetched_at=datetime.fromtimestamp(row.fetched_ms / 1000, UTC),
                    private_to=row.private_to,
                    body=zlib.decompress(row.body),
                )
    return found


def read_html(engine: sa.Engine, sha256: str) -> bytes | None:
    """The page's bytes as they were received and decoded, if they were kept."""
    with reading(engine) as connection:
        query = sa.select(contents.c.body).where(contents.c.sha256 == sha256)
        packed = connection.execute(query).scalar_one_or_none()
    return None if packed is None else zlib.decompress(packed)


def read_pages(engine: sa.Engine, job_ids: Sequence[str]) -> dict[str, Page]:
    """The whole result of each finished job among `job_ids`."""
    found: dict[str, Page] = {}
    with reading(engine) as connection:
        for some in chunked(job_ids):
            query = _pages_query().where(jobs.c.id.in_(some), jobs.c.status.not_in(OPEN))
            found.update((row.id, _page(row)) for row in connection.execute(query))
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
    with reading(engine) as connection:
        return [(row.finish_order, _page(row)) for row in connection.execute(query)]


#: What `page_rows` gives behind `row`, in this order; times in seconds.
PAGE_ROW_COLUMNS = (
    "status",
    "url",
    "final_url",
    "ok",
    "http_status",
    "title",
    "text",
    "language",
    "author",
    "published_at",
    "error_kind",
    "error_message",
    "attempts",
    "fetched_at",
    "elapsed_s",
    "body_bytes",
    "from_store",
    "fields",
)


def page_rows(engine: sa.Engine, batch_id: str) -> Iterator[list[tuple[Any, ...]]]:
    """Every job of a batch in row order, `(row, *PAGE_ROW_COLUMNS)`, in chunks.

    Open jobs have their status and nothing else; `fields` is JSON text.
    """
    j, p = jobs.c, pages.c
    ok = sa.case((j.status == JobStatus.COMPLETED.value, sa.true()), else_=sa.false())
    query = (
        sa.select(
            j.row,
            j.status,
            j.url,
            p.final_url,
            sa.case((j.status.in_(OPEN), sa.null()), else_=ok).label("ok"),
            p.http_status,
            p.title,
            p.text,
            p.language,
            p.author,
            p.published_ms / 1000.0,
            j.error_kind,
            j.error_message,
            j.attempts,
            p.fetched_ms / 1000.0,
            p.elapsed_s,
            p.body_bytes,
            j.from_store,
            p.fields,
        )
        .select_from(answered_jobs())
        .where(j.batch_id == batch_id)
        .order_by(j.row)
    )
    yield from _chunks(engine, query)


def link_rows(engine: sa.Engine, batch_id: str) -> Iterator[list[tuple[int, str, Links]]]:
    """The links of each good page of a batch that has some: `(row, page url, links)`, in chunks."""
    for chunk in _chunks(engine, _of_each_page(batch_id, pages.c.links)):
        yield [(row, page_url, Links.from_json(links)) for row, page_url, links in chunk]


def image_rows(
    engine: sa.Engine, batch_id: str
) -> Iterator[list[tuple[int, str, list[dict[str, Any]]]]]:
    """The images of each good page of a batch that has some: `(row, page url, images)`, in chunks."""
    return _chunks(engine, _of_each_page(batch_id, pages.c.images))


def _of_each_page(batch_id: str, column: sa.Column[Any]) -> sa.Select[Any]:
    return (
        sa.select(jobs.c.row, sa.func.coalesce(pages.c.final_url, jobs.c.url), column)
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
    with reading(engine) as connection, connection.execute(query) as result:
        for chunk in result.partitions():
            yield [tuple(row) for row in chunk]


def _pages_query() -> sa.Select[Any]:
    return sa.select(
        jobs.c.id,
        jobs.c.batch_id,
        jobs.c.row,
        jobs.c.url,
        jobs.c.status,
        jobs.c.attempts,
        jobs.c.error_kind,
        jobs.c.error_message,
        jobs.c.from_store,
        jobs.c.finish_order,
        *(
            column
            for column in pages.c
            if column.name
            not in (
                "job_id",
                "batch_id",
                "token",
                "url_key",
                "recipe",
                "request",
                "private_to",
                "ok",
            )
        ),
    ).select_from(answered_jobs())


def _page(row: Any) -> Page:
    return Page(
        job_id=row.id,
        batch_id=row.batch_id,
        row=row.row,
        url=row.url,
        ok=row.status == JobStatus.COMPLETED.value,
        final_url=row.final_url,
        http_status=row.http_status,
        title=row.title,
        text=row.text,
        markdown=row.markdown,
        language=row.language,
        author=row.author,
        published_at=from_ms(row.published_ms),
        fields=json.loads(row.fields) if row.fields else {},
        links=list(Links.from_json(row.links)),
        images=row.images or [],
        metadata=row.metadata or {},
        sources=row.sources or {},
        changes=row.changes or [],
        error_kind=row.error_kind,
        error_message=row.error_message,
        attempts=row.attempts,
        fetched_at=from_ms(row.fetched_ms),
        elapsed_s=row.elapsed_s,
        body_bytes=row.body_bytes,
        from_store=row.from_store,
        html_sha256=row.html_sha256,
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
        "job_id": page.job_id,
        "batch_id": page.batch_id,
        "token": result.token,
        "url_key": result.url_key,
        "recipe": result.recipe,
        "request": result.request,
        "private_to": result.private_to,
        "ok": page.ok,
        "final_url": sound_text(page.final_url),
        "http_status": page.http_status,
        "fetched_ms": to_ms(page.fetched_at),
        "elapsed_s": page.elapsed_s,
        "body_bytes": page.body_bytes,
        "html_sha256": content_hash(result.html) if result.html is not None else None,
    }


_FINISHED = (
    *("job", "status", "attempts", "error_kind", "error_message", "from_store", "finish_order"),
    *("started_ms", "finished_ms", "elapsed_s"),
)
_NO_CONTENT: Packed = dict.fromkeys(packed(Content()))


def content_hash(body: bytes) -> str:
    """The name under which a content is kept once."""
    return hashlib.sha256(body).hexdigest()


def _save_contents(connection: sa.Connection, kept: Sequence[Result]) -> None:
    rows = {
        content_hash(result.html): {
            "sha256": content_hash(result.html),
            "content_type": result.content_type,
            "body": zlib.compress(result.html, 6),
        }
        for result in kept
        if result.html is not None
    }
    if rows:
        insert = _insert(connection, contents).on_conflict_do_nothing()
        connection.execute(insert, [rows[name] for name in sorted(rows)])  # one order for all


def _finish_jobs(connection: sa.Connection, kept: Sequence[Result], at_ms: int) -> Counter[str]:
    """Make jobs and the duplicates that wait for them final, in order, and count them.

    Returns how many ended with each kind of error.
    """
    batch_ids = {result.page.batch_id for result in kept}
    last_places = connection.execute(
        sa.select(batches.c.id, batches.c.finish_order).where(batches.c.id.in_(batch_ids))
    )
    place = {row.id: row.finish_order for row in last_places}
    twins: dict[str, list[str]] = defaultdict(list)
    waiting = sa.select(jobs.c.id, jobs.c.page_of).where(
        jobs.c.page_of.in_([result.page.job_id for result in kept]), jobs.c.status.in_(OPEN)
    )
    for job_id, leader in connection.execute(waiting):
        twins[leader].append(job_id)
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    errors: Counter[str] = Counter()
    updates = []
    for result in kept:
        page = result.page
        status = JobStatus.COMPLETED if page.ok else JobStatus.FAILED
        same = [page.job_id, *twins[page.job_id]]
        counts[page.batch_id][status.value] += len(same)
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
                **{name: batches.c[name] + count for name, count in counts[batch_id].items()},
            )
        )
    close_finished(connection, sorted(batch_ids), at_ms)
    return errors


def _count_in_history(connection: sa.Connection, kept: Sequence[Result], at_ms: int) -> None:
    succeeded = sum(result.page.ok for result in kept)
    times_s = [result.page.elapsed_s for result in kept if result.page.elapsed_s]
    count_finished(connection, at_ms, succeeded, len(kept) - succeeded, times_s)


def _insert(connection: sa.Connection, table: sa.Table) -> Any:
    dialects = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
    return dialects[connection.dialect.name](table)
