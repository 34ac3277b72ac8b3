"""The jobs in the record: what is open, what was, and the moves that a person asks for.

A worker's results are written by `results`; Redis knows what runs at this moment.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from scrapeq.clock import from_ms, now_ms
from scrapeq.database.batches import UNFINISHED, close_finished
from scrapeq.database.engine import read_transaction, write_transaction
from scrapeq.database.minutes import count_errors, delete_minutes
from scrapeq.database.prepared import rows_of
from scrapeq.database.schedules import drop_unused_inputs
from scrapeq.database.schema import (
    BY_HAND,
    LACKED,
    NOT_A_PAGE,
    ai_calls,
    ai_spent,
    batches,
    contents,
    events,
    files,
    host_events,
    inputs,
    jobs,
    notifications,
    pages,
)
from scrapeq.database.secrets import give_again
from scrapeq.models import (
    FINAL,
    BatchState,
    BrowserUse,
    ErrorKind,
    Job,
    JobStatus,
    Lane,
    check_move,
)

OPEN = tuple(status.value for status in JobStatus if status not in FINAL)
#: Jobs that workers are to fetch. What a worker runs is "pending" in the record: "running" there was
#: made so by hand, and is left alone until it is given another status.
_TO_FETCH = sa.and_(
    jobs.c.status.in_((JobStatus.PENDING.value, JobStatus.RETRYING.value)), jobs.c.page_of.is_(None)
)
#: Ids in one IN (...): both databases take more, but their planners slow down.
IN_CHUNK = 1_000
#: Open jobs that are read at once: to begin with, and then.
FIRST_PIECE, PIECE = 500, 5_000
CANCELLED_MESSAGE = "cancelled before it was fetched"


def chunked(ids: Sequence[str], size: int = IN_CHUNK) -> Iterator[Sequence[str]]:
    """The ids in pieces that fit one IN (...)."""
    return (ids[start : start + size] for start in range(0, len(ids), size))


def get_jobs(engine: sa.Engine, ids: Sequence[str]) -> dict[str, Job]:
    """The jobs that exist among `ids`, by id."""
    found = {}
    with read_transaction(engine) as connection:
        for some in chunked(ids):
            for job in _jobs(connection, _query().where(jobs.c.id.in_(some))):
                found[job.id] = job
    return found


@dataclass(frozen=True, slots=True)
class Work:
    """What a worker needs to know of a job that it claimed. `done`: it is final already."""

    job_id: str
    batch_id: str
    row: int
    url: str
    href: str
    host: str
    done: bool


def work_for(engine: sa.Engine, ids: Sequence[str]) -> dict[str, Work]:
    """What claimed jobs are, by id; those that the record does not have are missing."""
    found = {}
    with read_transaction(engine) as connection:
        for some in chunked(ids):
            for row in connection.execute(_WORK, {"ids": some}):
                found[row[0]] = Work(*row[:6], done=row[6] not in OPEN)
    return found


# Made once: a claim asks for a few jobs, and to put the question took longer than to answer it
_WORK = sa.select(
    *(jobs.c[name] for name in ("id", "batch_id", "row", "url")),
    sa.func.coalesce(jobs.c.href, jobs.c.url),
    *(jobs.c[name] for name in ("host", "status")),
).where(jobs.c.id.in_(sa.bindparam("ids", expanding=True)))


class OpenJob(NamedTuple):
    """What Redis needs to know of an open job."""

    id: str
    row: int
    host: str
    priority: int
    lane: str


def open_jobs(
    engine: sa.Engine, batch_id: str, *, after_row: int = -1, limit: int = PIECE
) -> list[OpenJob]:
    """The next open jobs of a batch that are to be fetched themselves, in row order."""
    values = {"batch": batch_id, "after": after_row, "most": limit}
    with read_transaction(engine) as connection:
        return list(map(OpenJob._make, rows_of(connection, _OPEN_JOBS, values)))


#: The words of `_TO_FETCH`, for a statement that is put together once.
_TO_FETCH_IN_WORDS = sa.text(
    f"status IN ('{JobStatus.PENDING}', '{JobStatus.RETRYING}') AND page_of IS NULL"
)
_OPEN_JOBS = (
    sa.select(*(jobs.c[name] for name in OpenJob._fields))
    .where(
        jobs.c.batch_id == sa.bindparam("batch"),
        jobs.c.row > sa.bindparam("after"),
        _TO_FETCH_IN_WORDS,
    )
    .order_by(jobs.c.row)
    .limit(sa.bindparam("most"))
)


def open_jobs_of(engine: sa.Engine, batch_ids: Sequence[str]) -> dict[str, list[OpenJob]]:
    """The open jobs of many small batches, by batch; those of one in row order."""
    j = jobs.c
    query = (
        sa.select(j.batch_id, j.id, j.row, j.host, j.priority, j.lane)
        .where(j.batch_id.in_(batch_ids), _TO_FETCH)
        .order_by(j.batch_id, j.row)
    )
    found: dict[str, list[OpenJob]] = {batch_id: [] for batch_id in batch_ids}
    with read_transaction(engine) as connection:
        for batch_id, *job in connection.execute(query):
            found[batch_id].append(OpenJob(*job))
    return found


def all_open_jobs(engine: sa.Engine, batch_id: str) -> Iterator[list[OpenJob]]:
    """All of them, in pieces that fit into memory; a piece is as new as the moment it is taken.

    The first is small, so that whoever waits for jobs can begin.
    """
    row, limit = -1, FIRST_PIECE
    while some := open_jobs(engine, batch_id, after_row=row, limit=limit):
        yield some
        row, limit = some[-1].row, PIECE


def cancelled_ids(engine: sa.Engine, batch_id: str) -> Iterator[list[str]]:
    """The ids of a batch's cancelled jobs, in pieces that fit into memory."""
    row = -1
    while True:
        query = (
            sa.select(jobs.c.id, jobs.c.row)
            .where(
                jobs.c.batch_id == batch_id,
                jobs.c.row > row,
                jobs.c.status == JobStatus.CANCELLED.value,
            )
            .order_by(jobs.c.row)
            .limit(PIECE)
        )
        with read_transaction(engine) as connection:
            found = connection.execute(query).all()
        if not found:
            return
        yield [one.id for one in found]
        row = found[-1].row


def set_lanes(engine: sa.Engine, lanes: Mapping[str, Lane]) -> None:
    """Note which lanes jobs go on in, by id, so that they are put back into the right ones."""
    change = jobs.update().where(jobs.c.id == sa.bindparam("job_id"))
    with write_transaction(engine) as connection:
        connection.execute(
            change.values(lane=sa.bindparam("new_lane")),
            [{"job_id": job_id, "new_lane": lane.value} for job_id, lane in lanes.items()],
        )


def ids_and_urls(engine: sa.Engine, batch_id: str) -> list[tuple[str, str]]:
    """The id and the URL, as it was given, of each row of a batch's input, in order."""
    j = jobs.c
    query = (
        sa.select(j.id, j.url)
        .where(j.batch_id == batch_id, j.parent_job_id.is_(None))
        .order_by(j.row)
    )
    with read_transaction(engine) as connection:
        return [(str(row[0]), str(row[1])) for row in connection.execute(query)]


def urls_of(engine: sa.Engine, batch_id: str) -> list[str]:
    """The URLs of all rows of a batch as they were given, in their order."""
    query = sa.select(jobs.c.url).where(jobs.c.batch_id == batch_id).order_by(jobs.c.row)
    with read_transaction(engine) as connection:
        return list(connection.execute(query).scalars())


def id_at(engine: sa.Engine, batch_id: str, row: int) -> str | None:
    """The id of the job of an input row."""
    query = sa.select(jobs.c.id).where(jobs.c.batch_id == batch_id, jobs.c.row == row)
    with read_transaction(engine) as connection:
        return connection.execute(query).scalar_one_or_none()


def find_jobs(
    engine: sa.Engine,
    *,
    limit: int = 100,
    statuses: Iterable[JobStatus] | None = None,
    batch_id: str | None = None,
    finished_since: datetime | None = None,
) -> list[Job]:
    """Jobs by their status in the record, newest first."""
    query = _query().order_by(
        sa.func.coalesce(jobs.c.finished_ms, batches.c.created_ms).desc(), jobs.c.id.desc()
    )
    if statuses is not None:
        query = query.where(jobs.c.status.in_([status.value for status in statuses]))
    if batch_id is not None:
        query = query.where(jobs.c.batch_id == batch_id)
    if finished_since is not None:
        query = query.where(jobs.c.finished_ms >= int(finished_since.timestamp() * 1000))
    with read_transaction(engine) as connection:
        return _jobs(connection, query.limit(limit))


class FinishedRow(NamedTuple):
    """A row that has its result. place: in the batch's order of finishing, from 1, with gaps."""

    place: int
    row: int
    job_id: str
    url: str
    status: str
    error_kind: str | None
    error_message: str | None
    from_store: bool


def finished_after(
    engine: sa.Engine, batch_id: str, place: int, limit: int = 500
) -> list[FinishedRow]:
    """The next rows of a batch in the order of finishing, behind a place in it: a walk along an index."""
    j = jobs.c
    query = (
        sa.select(
            *(j.finish_order, j.row, j.id, j.url, j.status, j.error_kind, j.error_message),
            j.from_store,
        )
        .where(j.batch_id == batch_id, j.finish_order > place)
        .order_by(j.finish_order)
        .limit(limit)
    )
    with read_transaction(engine) as connection:
        return [FinishedRow._make(row) for row in connection.execute(query)]


def count_by_status(engine: sa.Engine) -> dict[JobStatus, int]:
    """How many jobs the record has of each status: from the batches' counters, and an index of those
    that were made running by hand. What a worker runs or waits to try again is pending here."""
    c = batches.c
    sums = [
        sa.func.coalesce(sa.func.sum(column), 0)
        for column in (c.total, c.completed, c.failed, c.cancelled)
    ]
    by_hand = sa.select(sa.func.count()).select_from(jobs).where(BY_HAND).scalar_subquery()
    with read_transaction(engine) as connection:
        numbers = connection.execute(sa.select(*sums, by_hand)).one()
    total, completed, failed, cancelled, running = map(int, numbers)
    return {
        JobStatus.PENDING: total - completed - failed - cancelled - running,
        JobStatus.RUNNING: running,
        JobStatus.COMPLETED: completed,
        JobStatus.FAILED: failed,
        JobStatus.CANCELLED: cancelled,
    }


def error_kinds(engine: sa.Engine, batch_id: str) -> dict[str, int]:
    """How many rows of a batch failed with each kind, the most frequent first.

    Read from an index of failed rows alone: 5 ms for 50,000 of them, whatever the batch's size.
    """
    count = sa.func.count()
    query = (
        sa.select(jobs.c.error_kind, count)
        .where(jobs.c.batch_id == batch_id, jobs.c.error_kind.is_not(None))
        .group_by(jobs.c.error_kind)
        .order_by(count.desc(), jobs.c.error_kind)
    )
    with read_transaction(engine) as connection:
        return {str(kind): int(number) for kind, number in connection.execute(query)}


def page_kinds(engine: sa.Engine, batch_id: str) -> dict[tuple[str, bool], int]:
    """How many rows of a batch have a page of each kind that is of no use, the most frequent first:
    by the kind, and whether the row counts as good.

    Read from an index of such rows alone.
    """
    count = sa.func.count()
    good = jobs.c.status == JobStatus.COMPLETED.value
    query = (
        sa.select(jobs.c.page_kind, good, count)
        .where(jobs.c.batch_id == batch_id, NOT_A_PAGE)
        .group_by(jobs.c.page_kind, good)
        .order_by(count.desc(), jobs.c.page_kind)
    )
    with read_transaction(engine) as connection:
        return {(str(kind), bool(ok)): int(n) for kind, ok, n in connection.execute(query)}


def without_browser(engine: sa.Engine, batch_id: str) -> int:
    """How many rows of a batch have a page that needed a browser and had none, from an index of such
    rows alone."""
    query = sa.select(sa.func.count()).where(jobs.c.batch_id == batch_id, LACKED)
    with read_transaction(engine) as connection:
        return int(connection.execute(query).scalar_one())


def made_running(engine: sa.Engine) -> list[str]:
    """The jobs that were made running by hand, from an index of them alone."""
    with read_transaction(engine) as connection:
        return list(connection.execute(sa.select(jobs.c.id).where(BY_HAND)).scalars())


def failed_rows(
    engine: sa.Engine, batch_id: str, kind: str, limit: int
) -> list[tuple[int, str, str]]:
    """Some rows of a batch that failed with a kind: (row, URL, message), a look into an index."""
    query = (
        sa.select(jobs.c.row, jobs.c.url, jobs.c.error_message)
        .where(jobs.c.batch_id == batch_id, jobs.c.error_kind == kind)
        .limit(limit)
    )
    with read_transaction(engine) as connection:
        return [(int(row), url, words or "") for row, url, words in connection.execute(query)]


def move_job(
    engine: sa.Engine,
    job_id: str,
    status: JobStatus,
    *,
    error_kind: ErrorKind | None = None,
    error_message: str | None = None,
) -> bool:
    """Give a job another status by hand and keep its batch's counters right.

    False if there is no such job. Raises IllegalMove for a move that the table does not allow.
    """
    with write_transaction(engine) as connection:
        job = _locked(connection, [job_id])
        if not job:
            return False
        old, batch_id = JobStatus(job[0].status), job[0].batch_id
        rendered = int(job[0].browser_use == BrowserUse.SHOWED)
        check_move(job_id, old, status)
        if status is old:
            return True
        _move(
            connection,
            batch_id,
            job_id,
            old,
            status,
            rendered=rendered,
            error_kind=error_kind,
            error_message=error_message,
        )
        return True


def cancel_jobs(engine: sa.Engine, batch_id: str, ids: Sequence[str] | None = None) -> int:
    """Make open jobs of a batch cancelled, all of them or those of `ids`; how many there were.

    Duplicates that wait for the page of a cancelled job go with it. 0 if there is no such batch.
    """
    cancelled = 0
    at_ms = now_ms()
    with write_transaction(engine) as connection:
        total = _lock_batch(connection, batch_id)
        if total is None:
            return 0
        last_place = _take_places(connection, batch_id, total)
        pieces = [None] if ids is None else list(chunked(ids))
        for some in pieces:
            query = (
                jobs.update()
                .where(jobs.c.batch_id == batch_id, jobs.c.status.in_(OPEN))
                .values(
                    status=JobStatus.CANCELLED.value,
                    error_kind=ErrorKind.CANCELLED.value,
                    error_message=CANCELLED_MESSAGE,
                    finish_order=last_place + 1 + jobs.c.row,
                    finished_ms=at_ms,
                )
            )
            if some is not None:
                query = query.where(sa.or_(jobs.c.id.in_(some), jobs.c.page_of.in_(some)))
            cancelled += connection.execute(query).rowcount
        connection.execute(
            batches.update()
            .where(batches.c.id == batch_id)
            .values(cancelled=batches.c.cancelled + cancelled)
        )
        if ids is None:
            connection.execute(
                batches.update()
                .where(batches.c.id == batch_id, batches.c.state.in_(UNFINISHED))
                .values(state=BatchState.CANCELLED.value, finished_ms=now_ms())
            )
        else:
            close_finished(connection, [batch_id], now_ms())
        count_errors(connection, at_ms, {ErrorKind.CANCELLED: cancelled})
    return cancelled


def reopen_jobs(
    engine: sa.Engine,
    batch_id: str,
    kinds: Sequence[ErrorKind] | None = None,
    secrets: Mapping[str, Any] | None = None,
) -> int:
    """Make failed and cancelled jobs of a batch pending again; how many there were.

    secrets: options of the batch that were erased: see `secrets.give_again`, which raises ConfigError.

    A URL that was refused before it was fetched (`scheme`) stays: trying again cannot help it.
    """
    with write_transaction(engine) as connection:
        _lock_batch(connection, batch_id)
        counts = {}
        for status in (JobStatus.FAILED, JobStatus.CANCELLED):
            query = jobs.update().where(
                jobs.c.batch_id == batch_id,
                jobs.c.status == status.value,
                jobs.c.error_kind != ErrorKind.SCHEME.value,
            )
            if kinds is not None:
                query = query.where(jobs.c.error_kind.in_([kind.value for kind in kinds]))
            counts[status] = connection.execute(query.values(**_PENDING)).rowcount
        reopened = sum(counts.values())
        if reopened:
            give_again(connection, batch_id, secrets)
            _free_duplicates(connection, batch_id)
            showed = jobs.c.browser_use == BrowserUse.SHOWED
            rendered = sa.select(sa.func.count()).where(jobs.c.batch_id == batch_id, showed)
            connection.execute(
                batches.update()
                .where(batches.c.id == batch_id)
                .values(
                    failed=batches.c.failed - counts[JobStatus.FAILED],
                    cancelled=batches.c.cancelled - counts[JobStatus.CANCELLED],
                    rendered=rendered.scalar_subquery(),
                    **_REOPENED,
                )
            )
        return reopened


class Deleted(NamedTuple):
    """How much was deleted. batches: without single jobs, which no list of batches shows."""

    batches: int = 0
    jobs: int = 0


def delete_before(engine: sa.Engine, before_ms: int) -> Deleted:
    """Delete finished batches that ended earlier, with their jobs, pages and inputs; how much it was.

    Pages that a newer batch is answered from stay until that is deleted, and so do contents that
    any page or file names. Each batch goes in a transaction of its own, so that workers can write between.
    """
    ended = sa.and_(
        batches.c.finished_ms < before_ms,
        batches.c.state.in_((BatchState.FINISHED.value, BatchState.CANCELLED.value)),
    )
    with read_transaction(engine) as connection:
        ids = list(connection.execute(sa.select(batches.c.id).where(ended)).scalars())
    many = deleted = 0
    for batch_id in ids:
        with write_transaction(engine) as connection:
            query = sa.select(batches.c.name, batches.c.total).where(
                batches.c.id == batch_id, ended
            )
            found = connection.execute(query.with_for_update()).first()
            if found is None:
                continue  # it was opened again meanwhile
            many += found.name is not None or found.total > 1
            deleted += connection.execute(jobs.delete().where(jobs.c.batch_id == batch_id)).rowcount
            for table in (inputs, ai_spent, ai_calls, notifications):
                connection.execute(table.delete().where(table.c.batch_id == batch_id))
            connection.execute(batches.delete().where(batches.c.id == batch_id))
    # NOT EXISTS, because PostgreSQL looks through all of a long NOT IN for every row.
    owner = sa.select(batches.c.id).where(batches.c.id == pages.c.batch_id)
    answered = sa.select(jobs.c.id).where(jobs.c.page_of == pages.c.job_id)
    page = sa.select(pages.c.job_id).where(pages.c.job_id == files.c.job_id)
    named = sa.select(pages.c.job_id).where(pages.c.html_sha256 == contents.c.sha256)
    filed = sa.select(files.c.job_id).where(files.c.sha256 == contents.c.sha256)
    with write_transaction(engine) as connection:
        connection.execute(pages.delete().where(~owner.exists(), ~answered.exists()))
        connection.execute(files.delete().where(~page.exists()))
        drop_unused_inputs(connection)
        connection.execute(contents.delete().where(~named.exists(), ~filed.exists()))
        delete_minutes(connection, before_ms)
        connection.execute(events.delete().where(events.c.at_ms < before_ms))
        connection.execute(host_events.delete().where(host_events.c.at_ms < before_ms))
    return Deleted(many, deleted)


_PENDING: dict[str, Any] = {
    "status": JobStatus.PENDING.value,
    "attempts": 0,
    "error_kind": None,
    "error_message": None,
    "from_store": False,
    "finish_order": None,
    "started_ms": None,
    "finished_ms": None,
    "elapsed_s": None,
    "page_kind": None,
    "page_kind_signal": None,
    "selected": None,
    "browser_use": None,
}
#: What a batch with open jobs again is; a paused one stays paused.
_REOPENED: dict[str, Any] = {
    "state": sa.case(
        (batches.c.state == BatchState.PAUSED.value, BatchState.PAUSED.value),
        else_=BatchState.OPEN.value,
    ),
    "enqueued": False,
    "finished_ms": None,
}
_COUNTED = (JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED)


def _move(
    connection: sa.Connection,
    batch_id: str,
    job_id: str,
    old: JobStatus,
    new: JobStatus,
    *,
    rendered: int,
    error_kind: ErrorKind | None,
    error_message: str | None,
) -> None:
    at_ms = now_ms()
    moved = [job_id]
    values: dict[str, Any] = {"status": new.value}
    if new is JobStatus.PENDING:
        values = _PENDING
    elif new is JobStatus.RUNNING:
        values["started_ms"] = at_ms
    elif new in FINAL:
        waiting = sa.select(jobs.c.id).where(jobs.c.page_of == job_id, jobs.c.status.in_(OPEN))
        moved += connection.execute(waiting).scalars()  # duplicates get what their leader gets
        values |= {
            "error_kind": error_kind,
            "error_message": error_message,
            "finished_ms": at_ms,
        }
        last_place = _take_places(connection, batch_id, len(moved))
    for place, one in enumerate(moved, start=1):
        if new in FINAL:
            values["finish_order"] = last_place + place
        connection.execute(jobs.update().where(jobs.c.id == one).values(**values))
    counters: dict[str, Any] = {}
    for status, change in ((old, -1), (new, len(moved))):
        if status in _COUNTED:
            counters[status.value] = batches.c[status.value] + change
    if old in FINAL:
        counters |= _REOPENED | {"rendered": batches.c.rendered - rendered}
        _free_duplicates(connection, batch_id)
    if counters:
        connection.execute(batches.update().where(batches.c.id == batch_id).values(**counters))
    close_finished(connection, [batch_id], at_ms)
    if new in FINAL and error_kind is not None:
        count_errors(connection, at_ms, {error_kind: len(moved)})


def _free_duplicates(connection: sa.Connection, batch_id: str) -> None:
    """Let open duplicates be fetched themselves whose leader is final: no page will come for them."""
    leader = jobs.alias("leader")
    waits = sa.select(leader.c.id).where(leader.c.id == jobs.c.page_of, leader.c.status.in_(OPEN))
    connection.execute(
        jobs.update()
        .where(
            jobs.c.batch_id == batch_id,
            jobs.c.status.in_(OPEN),
            jobs.c.page_of.is_not(None),
            ~waits.exists(),
        )
        .values(page_of=None)
    )


def _take_places(connection: sa.Connection, batch_id: str, count: int) -> int:
    """Reserve places in the batch's order of finishing; the last one that was taken before."""
    last = connection.execute(
        sa.select(batches.c.finish_order).where(batches.c.id == batch_id)
    ).scalar_one()
    connection.execute(
        batches.update().where(batches.c.id == batch_id).values(finish_order=last + count)
    )
    return int(last)


def _lock_batch(connection: sa.Connection, batch_id: str) -> int | None:
    """Hold the batch until the transaction ends; its total, None if there is no such batch. Every
    writer takes this lock first."""
    query = sa.select(batches.c.total).where(batches.c.id == batch_id).with_for_update()
    return connection.execute(query).scalar_one_or_none()


def _locked(connection: sa.Connection, ids: Sequence[str]) -> Sequence[Any]:
    """The jobs' ids, batches, statuses and use of browsers, with their batches locked first."""
    j = jobs.c
    query = sa.select(j.id, j.batch_id, j.status, j.browser_use).where(j.id.in_(ids))
    for batch_id in sorted({row.batch_id for row in connection.execute(query)}):
        _lock_batch(connection, batch_id)
    return connection.execute(query).all()


def _query() -> sa.Select[Any]:
    return sa.select(jobs, batches.c.created_ms).join(batches, batches.c.id == jobs.c.batch_id)


def _jobs(connection: sa.Connection, query: sa.Select[Any]) -> list[Job]:
    return [
        Job(
            id=row.id,
            batch_id=row.batch_id,
            row=row.row,
            parent_job_id=row.parent_job_id,
            url=row.url,
            host=row.host,
            priority=row.priority,
            status=JobStatus(row.status),
            attempts=row.attempts,
            error_kind=row.error_kind,
            error_message=row.error_message,
            created_at=from_ms(row.created_ms),
            started_at=from_ms(row.started_ms),
            finished_at=from_ms(row.finished_ms),
        )
        for row in connection.execute(query)
    ]
