"""The result rows: written once, many in a transaction, with what follows from them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

import sqlalchemy as sa

from scrapeq.clock import now_ms
from scrapeq.database import contents as kept_contents
from scrapeq.database.batches import append_jobs, close_finished
from scrapeq.database.contents import content_row
from scrapeq.database.engine import write_transaction
from scrapeq.database.files import file_values
from scrapeq.database.jobs import OPEN
from scrapeq.database.minutes import count_errors, count_finished
from scrapeq.database.new_job import NewJob
from scrapeq.database.page_values import NO_CONTENT, Packed, fetched_values
from scrapeq.database.schema import batches, files, jobs, pages, sound_text
from scrapeq.database.selected import counted
from scrapeq.models import BrowserUse, Fetched, JobStatus, PageFile


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
    bodies = {job_id: _content_rows(result) for job_id, result in by_job.items()}
    with write_transaction(engine) as connection:
        kept, again = _kept(connection, by_job)
        if not kept:
            return Saved(0, {})
        at_ms = now_ms()
        if again:
            for table in (pages, files):
                connection.execute(table.delete().where(table.c.job_id.in_(again)))
        values = (_page_values(result, bodies[result.page.job_id]) for result in kept)
        _write_many(connection, _inserting(connection.dialect), values)
        _save_contents(connection, kept, bodies)
        appended = _append(connection, kept, at_ms)
        errors = _finish_jobs(connection, kept, at_ms)
        _count_in_history(connection, kept, at_ms)
        count_errors(connection, at_ms, errors)
        return Saved(len(kept), appended)


def _kept(connection: sa.Connection, by_job: dict[str, Result]) -> tuple[list[Result], list[str]]:
    """The results that may be written, in the order in which they came, with their batches locked (in the
    order of their ids); and the jobs among them that have an older page."""
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
    tokens = dict(map(tuple, connection.execute(query)))
    kept: list[Result] = []
    again: list[str] = []
    for job_id, result in by_job.items():
        if job_id not in tokens:
            continue
        token = tokens[job_id]
        if token is None or token < result.token:
            kept.append(result)
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


def _page_values(result: Result, bodies: Sequence[dict[str, Any]]) -> Packed:
    page = result.page
    return {
        **NO_CONTENT,
        **result.content,
        **fetched_values(page),
        "job_id": page.job_id,
        "batch_id": page.batch_id,
        "token": result.token,
        "url_key": result.url_key,
        "recipe": result.recipe,
        "request": result.request,
        "private_to": result.private_to,
        "ok": page.ok,
        "html_sha256": bodies[0]["sha256"] if result.html is not None else result.stored_as,
    }


_FINISHED = (
    *("job", "status", "attempts", "error_kind", "error_message", "from_store", "finish_order"),
    *("started_ms", "finished_ms", "elapsed_s", "page_kind", "page_kind_signal", "selected"),
    "browser_use",
)


def _content_rows(result: Result) -> list[dict[str, Any]]:
    """What is kept of a page: its bytes first, if they are, and then its files."""
    found = [content_row(one.body, one.content_type) for one in result.files]
    if result.html is not None:
        found.insert(0, content_row(result.html, result.content_type, lasting=result.lasting))
    return found


def _save_contents(
    connection: sa.Connection, kept: Sequence[Result], bodies: dict[str, list[dict[str, Any]]]
) -> None:
    kept_contents.save(connection, (row for one in kept for row in bodies[one.page.job_id]))
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
    leaders = [result.page.job_id for result in kept]
    waiting = (
        sa.select(jobs.c.id, jobs.c.page_of)
        .where(jobs.c.page_of.in_(leaders), jobs.c.status.in_(OPEN))
        .order_by(jobs.c.batch_id, jobs.c.row)
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
