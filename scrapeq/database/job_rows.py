"""Jobs as rows for a table, newest first: finished ones by an index, open ones batch by batch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any, NamedTuple

import sqlalchemy as sa

from scrapeq.database.batches import UNFINISHED
from scrapeq.database.engine import plain_chunks, read_transaction
from scrapeq.database.jobs import IN_CHUNK, chunked
from scrapeq.database.page_rows import answered_jobs
from scrapeq.database.schema import batches, jobs, pages


class JobRow(NamedTuple):
    """A job, with the name of its batch, and of the page that answers it the HTTP status and whether a
    browser showed it.

    `started_s` and `finished_s` are seconds since 1970. `at_ms` is the time that it is listed by:
    when it finished, or else when it was submitted.
    """

    job_id: str
    batch: str | None
    batch_id: str
    row: int
    url: str
    host: str
    status: str
    priority: int
    attempts: int
    error_kind: str | None
    error_message: str | None
    started_s: float | None
    finished_s: float | None
    elapsed_s: float | None
    http_status: int | None
    from_store: bool
    rendered: bool | None
    at_ms: int


@dataclass(frozen=True, slots=True)
class JobFilter:
    """Which jobs are wanted; None leaves all. A `host` without a port is that host at every port.
    `since_ms` and `until_ms` are for `JobRow.at_ms`, the first of them inclusive, the second not."""

    batch_id: str | None = None
    host: str | None = None
    since_ms: int | None = None
    until_ms: int | None = None

    def conditions(self, at_ms: sa.ColumnElement[Any]) -> list[sa.ColumnElement[bool]]:
        """As SQL, where a job is listed by `at_ms`."""
        wanted: list[sa.ColumnElement[bool]] = []
        if self.batch_id is not None:
            wanted.append(jobs.c.batch_id == self.batch_id)
        if self.host is not None:
            at_any_port = jobs.c.host.startswith(f"{self.host}:", autoescape=True)
            wanted.append((jobs.c.host == self.host) | at_any_port)
        if self.since_ms is not None:
            wanted.append(at_ms >= self.since_ms)
        if self.until_ms is not None:
            wanted.append(at_ms < self.until_ms)
        return wanted

    def submitted(self) -> list[sa.ColumnElement[bool]]:
        """As SQL, which batches open jobs may be of."""
        c = batches.c
        wanted: list[sa.ColumnElement[bool]] = []
        if self.batch_id is not None:
            wanted.append(c.id == self.batch_id)
        if self.since_ms is not None:
            wanted.append(c.created_ms >= self.since_ms)
        if self.until_ms is not None:
            wanted.append(c.created_ms < self.until_ms)
        return wanted


def finished_columns(
    engine: sa.Engine,
    wanted: JobFilter,
    *,
    status: str | None = None,
    error_kind: str | None = None,
    limit: int | None = None,
) -> Iterator[list[Sequence[Any]]]:
    """The columns of `JobRow` of finished jobs, the last one to finish first, in chunks; flags of SQLite
    are 0 and 1.

    Walks an index by time (with `error_kind`, one of failed jobs; with a batch, its own order of
    finishing) until there are enough: what few jobs match is looked for among all.
    """
    j = jobs.c
    names = [name for name in JobRow._fields if name != "batch"]
    query = (
        _query(j.finished_ms, names)
        .where(j.finished_ms.is_not(None), *wanted.conditions(j.finished_ms))
        .limit(limit)
    )
    if status is not None:
        query = query.where(j.status == status)
    if error_kind is not None:
        query = query.where(j.error_kind == error_kind)
    if wanted.batch_id is not None and error_kind is None:
        query = query.order_by(j.finish_order.desc())
    else:
        query = query.order_by(j.finished_ms.desc(), j.id.desc())
    named: dict[str, str | None] = {}
    for rows in plain_chunks(engine, query):
        columns: list[Sequence[Any]] = list(zip(*rows, strict=True))
        batch_ids = columns[names.index("batch_id")]
        named = _batch_names(engine, {*batch_ids}, named)
        columns.insert(JobRow._fields.index("batch"), [named.get(one) for one in batch_ids])
        yield columns


def _batch_names(
    engine: sa.Engine, batch_ids: Set[str], known: Mapping[str, str | None]
) -> dict[str, str | None]:
    """The names of the batches of a chunk, of which some are known from the one before. To join them to each
    of a million jobs takes longer."""
    found = {one: known[one] for one in batch_ids & known.keys()}
    if unknown := sorted(batch_ids - known.keys()):
        query = sa.select(batches.c.id, batches.c.name).where(batches.c.id.in_(unknown))
        with read_transaction(engine) as connection:
            found |= {row.id: row.name for row in connection.execute(query)}
    return found


def open_rows(engine: sa.Engine, wanted: JobFilter, *, limit: int | None = None) -> list[JobRow]:
    """Open jobs, those of the newest batch first, in the order of its rows."""
    created_ms = batches.c.created_ms
    if wanted.host is not None:  # few of all the open ones: all are looked at once
        query = (
            _query(created_ms)
            .where(jobs.c.finished_ms.is_(None), *wanted.conditions(created_ms))
            .order_by(created_ms.desc(), jobs.c.batch_id, jobs.c.row)
            .limit(limit)
        )
        return _rows(engine, query)
    found: list[JobRow] = []
    for batch_ids in _with_open_jobs(engine, wanted, limit):
        left = None if limit is None else limit - len(found)
        query = _query(created_ms).where(
            jobs.c.batch_id.in_(batch_ids), jobs.c.finished_ms.is_(None)
        )
        if len(batch_ids) == 1:  # its own index has this order; many are small enough to sort
            query = query.order_by(jobs.c.row).limit(left)
        found += sorted(_rows(engine, query), key=_newest_first)[:left]
        if limit is not None and len(found) >= limit:
            break
    return found


def open_rows_among(engine: sa.Engine, ids: Sequence[str], wanted: JobFilter) -> list[JobRow]:
    """Those of the jobs that are open, those of the newest batch first."""
    found: list[JobRow] = []
    for some in chunked(ids):
        query = _query(batches.c.created_ms).where(
            jobs.c.id.in_(some),
            jobs.c.finished_ms.is_(None),
            *wanted.conditions(batches.c.created_ms),
        )
        found += _rows(engine, query)
    return sorted(found, key=_newest_first)


def _newest_first(row: JobRow) -> tuple[int, str, int]:
    return -row.at_ms, row.batch_id, row.row


def _with_open_jobs(engine: sa.Engine, wanted: JobFilter, limit: int | None) -> Iterator[list[str]]:
    """Unfinished batches with `limit` open jobs at least, newest first: a large one alone, small
    ones together."""
    c = batches.c
    left = c.total - c.completed - c.failed - c.cancelled
    query = (
        sa.select(c.id, left)
        .where(c.state.in_(UNFINISHED), *wanted.submitted())
        .order_by(c.created_ms.desc(), c.id)
        .limit(limit)  # each has one at least
    )
    with read_transaction(engine) as connection:
        unfinished = connection.execute(query).all()
    group: list[str] = []
    size = 0
    for batch_id, count in unfinished:
        if group and (size + count > IN_CHUNK or len(group) >= IN_CHUNK):
            yield group
            group, size = [], 0
        group.append(batch_id)
        size += count
    if group:
        yield group


def _query(at_ms: sa.ColumnElement[Any], names: Sequence[str] = JobRow._fields) -> sa.Select[Any]:
    """names: the columns, of those of `JobRow`."""
    of = answered_jobs()
    if "batch" in names:
        of = of.join(batches, batches.c.id == jobs.c.batch_id)
    found: dict[str, sa.ColumnElement[Any]] = {
        **jobs.c,
        "job_id": jobs.c.id,
        "batch": batches.c.name,
        "started_s": jobs.c.started_ms / 1000.0,
        "finished_s": jobs.c.finished_ms / 1000.0,
        "http_status": pages.c.http_status,
        "rendered": pages.c.rendered,
        "at_ms": at_ms,
    }
    return sa.select(*(found[name] for name in names)).select_from(of)


def _rows(engine: sa.Engine, query: sa.Select[Any]) -> list[JobRow]:
    with read_transaction(engine) as connection:
        return [JobRow._make(row) for row in connection.execute(query)]
