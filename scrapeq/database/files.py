"""What pages gave in a browser besides their HTML: pictures, PDFs, answers, consoles.

The bytes are in the record, where every worker and reader of it is: a picture that a worker took on
another machine is there for the notebook. They are kept once per content, as raw pages are.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from scrapeq.database.contents import content_hash, unpacked
from scrapeq.database.engine import read_transaction
from scrapeq.database.schema import contents, files, jobs, pages
from scrapeq.models import FileKind, JobStatus, PageFile

#: Files that are read at once, without their bytes and with them: a file may have as many MB as a page.
READ_CHUNK, BODIES_CHUNK = 10_000, 16


def file_values(job_id: str, found: Sequence[PageFile]) -> list[dict[str, Any]]:
    """The rows of a page's files."""
    return [
        {
            "job_id": job_id,
            "number": number,
            "kind": one.kind.value,
            "url": one.url,
            "http_status": one.http_status,
            "content_type": one.content_type,
            "width": one.width,
            "height": one.height,
            "bytes": len(one.body),
            "sha256": content_hash(one.body),
            "preview": one.preview,
        }
        for number, one in enumerate(found)
    ]


#: What `file_rows` gives, in this order.
FILE_ROW_COLUMNS = (
    *("row", "page_url", "kind", "url", "http_status", "content_type"),
    *("width", "height", "bytes", "sha256"),
)


def file_rows(
    engine: sa.Engine, batch_id: str, kinds: Collection[FileKind] = tuple(FileKind)
) -> Iterator[list[tuple[Any, ...]]]:
    """The files of a batch's finished rows in row order, `FILE_ROW_COLUMNS`, in chunks."""
    yield from _chunks(engine, _of_batch(batch_id, kinds), READ_CHUNK)


def file_rows_with_bodies(
    engine: sa.Engine, batch_id: str, kinds: Collection[FileKind]
) -> Iterator[list[tuple[Any, ...]]]:
    """The same, with the bytes behind each row; each chunk has few."""
    query = _of_batch(batch_id, kinds).join(contents, contents.c.sha256 == files.c.sha256)
    for chunk in _chunks(engine, query.add_columns(contents.c.body), BODIES_CHUNK):
        yield [(*row[:-1], unpacked(row[-1])) for row in chunk]


def file_rows_after(
    engine: sa.Engine, batch_id: str, kinds: Collection[FileKind], row: int, limit: int
) -> tuple[list[tuple[Any, ...]], int | None]:
    """The next ones of `file_rows` behind a row, of up to `limit` rows that have some; and the last of these
    rows, None where nothing follows."""
    whole = _of_batch(batch_id, kinds).where(jobs.c.row > row)
    places = whole.with_only_columns(jobs.c.row).order_by(None).distinct().order_by(jobs.c.row)
    with read_transaction(engine) as connection:
        rows = connection.execute(places.limit(limit)).scalars().all()
        if not rows:
            return [], None
        found = connection.execute(whole.where(jobs.c.row <= rows[-1]))
        return [tuple(one) for one in found], rows[-1] if len(rows) == limit else None


def file_of_batch(engine: sa.Engine, batch_id: str, sha256: str, *, small: bool) -> bytes | None:
    """The bytes of a file of a batch, or its small picture; None where it has none such."""
    of_batch = _of_batch(batch_id, tuple(FileKind)).where(files.c.sha256 == sha256).order_by(None)
    if small:
        query = of_batch.with_only_columns(files.c.preview).where(files.c.preview.is_not(None))
    else:
        bodies = of_batch.join(contents, contents.c.sha256 == files.c.sha256)
        query = bodies.with_only_columns(contents.c.body)
    with read_transaction(engine) as connection:
        found = connection.execute(query.limit(1)).scalar_one_or_none()
    return found if found is None or small else unpacked(found)


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """A page whose bytes are kept. url: after redirects."""

    job_id: str
    url: str
    content_type: str
    fetched_ms: int
    body: bytes


def kept_answers(engine: sa.Engine, batch_id: str) -> Iterator[KeptAnswer]:
    """The kept pages that answer the rows of a batch, in row order, each once."""
    c, seen = pages.c, set[str]()
    query = (
        sa.select(
            c.job_id,
            sa.func.coalesce(c.final_url, jobs.c.url),
            contents.c.content_type,
            c.fetched_ms,
            contents.c.body,
        )
        .select_from(jobs)
        .join(pages, c.job_id == sa.func.coalesce(jobs.c.page_of, jobs.c.id))
        .join(contents, contents.c.sha256 == c.html_sha256)
        .where(jobs.c.batch_id == batch_id)
        .order_by(jobs.c.row)
    )
    for chunk in _chunks(engine, query, BODIES_CHUNK):
        for job_id, url, content_type, fetched_ms, body in chunk:
            if job_id not in seen:
                seen.add(job_id)
                yield KeptAnswer(job_id, url, content_type, fetched_ms, unpacked(body))


def any_files(engine: sa.Engine, batch_id: str) -> bool:
    """Whether a finished row of a batch has a file."""
    with read_transaction(engine) as connection:
        query = _of_batch(batch_id, tuple(FileKind)).order_by(None).limit(1)
        return connection.execute(query).first() is not None


def read_previews(engine: sa.Engine, hashes: Sequence[str]) -> dict[str, bytes]:
    """The small pictures of some pictures, by the names of their contents."""
    query = sa.select(files.c.sha256, files.c.preview).where(
        files.c.sha256.in_(hashes), files.c.preview.is_not(None)
    )
    with read_transaction(engine) as connection:
        return {row.sha256: row.preview for row in connection.execute(query)}


def _of_batch(batch_id: str, kinds: Collection[FileKind]) -> sa.Select[Any]:
    answered_by = sa.func.coalesce(jobs.c.page_of, jobs.c.id)
    page_url = sa.func.coalesce(pages.c.final_url, jobs.c.url)
    of_file = [files.c[name] for name in FILE_ROW_COLUMNS[2:]]
    return (
        sa.select(jobs.c.row, page_url, *of_file)
        .select_from(jobs)
        .join(pages, pages.c.job_id == answered_by)
        .join(files, files.c.job_id == answered_by)
        .where(
            jobs.c.batch_id == batch_id,
            jobs.c.status.in_((JobStatus.COMPLETED.value, JobStatus.FAILED.value)),
            files.c.kind.in_([kind.value for kind in kinds]),
        )
        .order_by(jobs.c.row, files.c.number)
    )


def _chunks(engine: sa.Engine, query: sa.Select[Any], count: int) -> Iterator[list[Any]]:
    query = query.execution_options(yield_per=count)
    with (
        read_transaction(engine, at_leisure=True) as connection,
        connection.execute(query) as result,
    ):
        for chunk in result.partitions():
            yield [tuple(row) for row in chunk]
