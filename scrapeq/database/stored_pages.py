"""Pages that are in the record already: which of them may answer another job, and their bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any

import sqlalchemy as sa

from scrapeq.database.contents import unpacked
from scrapeq.database.engine import read_transaction
from scrapeq.database.jobs import chunked
from scrapeq.database.new_job import StoredAnswer
from scrapeq.database.page_rows import answered_jobs
from scrapeq.database.schema import batches, contents, jobs, pages
from scrapeq.models import JobStatus


@dataclass(frozen=True, slots=True)
class Asking:
    """Who asks for stored pages, and how: the digest of the requests (see `RequestIdentity`), the
    owner of the batch, and how old a page may be.

    exact: only the page of the very same URL may answer, and what is found is found by the URL's
    href; otherwise by its duplicate key. The statements below name the others, and `values` gives them.
    """

    request: str
    owner: str
    newer_than_ms: int
    exact: bool = False

    @property
    def values(self) -> dict[str, str | int]:
        """Who asks, for a statement."""
        return {
            "request": self.request,
            "owner": self.owner,
            "newer_than_ms": self.newer_than_ms,
        }


#: Of a good page that is young enough, whoever it may answer.
_IS_YOUNG = sa.and_(pages.c.ok, pages.c.fetched_ms >= sa.bindparam("newer_than_ms"))
#: Of a page that was asked for in the same way, and of one that may answer this owner besides.
_SAME = pages.c.request == sa.bindparam("request")
_MAY_HAVE = sa.and_(
    _SAME, sa.or_(pages.c.private_to.is_(None), pages.c.private_to == sa.bindparam("owner"))
)


def _name(*, exact: bool) -> sa.ColumnElement[str]:
    """What a page is found by."""
    return sa.func.coalesce(jobs.c.href, jobs.c.url) if exact else pages.c.url_key


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
    young = sa.and_(pages.c.recipe == recipe, _IS_YOUNG)
    on = jobs.c.id == pages.c.job_id
    in_job = ("page_kind", "page_kind_signal", "selected", "browser_use")
    known_of_it = (pages.c.job_id, *(jobs.c[name] for name in in_job))
    found: dict[str, StoredAnswer] = {}
    refused: dict[str, str] = {}
    private: set[str] = set()
    with read_transaction(engine) as connection:
        any_young = sa.select(sa.literal(1)).where(young).limit(1)
        if connection.execute(any_young, asking.values).first() is None:
            return StoredAnswers()
        for some in chunked(url_keys):
            query = (
                sa.select(_name(exact=asking.exact), _MAY_HAVE, _SAME, *known_of_it)
                .select_from(sa.join(pages, jobs, on, isouter=not asking.exact))
                .where(pages.c.url_key.in_(some), young)
                .order_by(pages.c.fetched_ms, pages.c.job_id)
            )
            for name, may_have, asked_the_same, *known in connection.execute(query, asking.values):
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
    query = _bodies(exact=asking.exact)
    with read_transaction(engine) as connection:
        for some in chunked(url_keys):
            for row in connection.execute(query, {"keys": some, **asking.values}):
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


@cache
def _bodies(*, exact: bool) -> sa.Select[Any]:
    """Made once: each claim asks, and to put the question took longer than to answer it."""
    of_page = ("final_url", "http_status", "fetched_ms", "private_to", "html_sha256")
    of_browser = ("rendered", "render_reason")
    where = pages.join(jobs, jobs.c.id == pages.c.job_id) if exact else pages
    return (
        sa.select(
            *(pages.c[name] for name in (*of_page, *of_browser)),
            *(contents.c.content_type, contents.c.body),
            _name(exact=exact).label("name"),
        )
        .select_from(where)
        .join(contents, contents.c.sha256 == pages.c.html_sha256)
        .where(pages.c.url_key.in_(sa.bindparam("keys", expanding=True)), _IS_YOUNG, _MAY_HAVE)
        .order_by(pages.c.fetched_ms, pages.c.job_id)
    )


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
