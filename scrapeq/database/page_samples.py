"""A few stored pages, to tell from them what many pages will be like."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import sqlalchemy as sa

from scrapeq.database.contents import unpacked
from scrapeq.database.engine import read_transaction
from scrapeq.database.schema import contents, jobs, pages

#: Keys of which a page is looked for, and hosts; pages that are enough.
MOST_KEYS, MOST_HOSTS, ENOUGH = 500, 50, 40


@dataclass(frozen=True, slots=True)
class PageSample:
    """One stored page. text: its main text, cut; None where none was asked for. body: what was received,
    unless there is a text or it was let go."""

    url: str
    content_type: str
    text: str | None
    body: bytes | None


def samples_of_pages(
    engine: sa.Engine, url_keys: Sequence[str], owner: str, most_chars: int
) -> list[PageSample]:
    """Stored pages of these URLs, by their duplicate keys; evenly chosen among many."""
    step = max(1, len(url_keys) // MOST_KEYS)
    some = list(url_keys)[::step][:MOST_KEYS]
    return _samples(engine, pages.c.url_key.in_(some), owner, most_chars)


def samples_of_hosts(
    engine: sa.Engine, hosts: Sequence[str], owner: str, most_chars: int
) -> list[PageSample]:
    """The same of any pages of these hosts."""
    ids = sa.select(jobs.c.id).where(jobs.c.host.in_(list(hosts)[:MOST_HOSTS])).limit(10 * ENOUGH)
    return _samples(engine, pages.c.job_id.in_(ids), owner, most_chars)


def _samples(
    engine: sa.Engine, which: sa.ColumnElement[bool], owner: str, most_chars: int
) -> list[PageSample]:
    may_have = sa.or_(pages.c.private_to.is_(None), pages.c.private_to == owner)
    body = sa.case((pages.c.text.is_(None), contents.c.body))
    query = (
        sa.select(
            pages.c.url_key,
            sa.func.coalesce(pages.c.final_url, jobs.c.url),
            sa.func.coalesce(contents.c.content_type, ""),
            sa.func.substr(pages.c.text, 1, most_chars),
            body,
        )
        .join(jobs, jobs.c.id == pages.c.job_id)
        .join(contents, contents.c.sha256 == pages.c.html_sha256, isouter=True)
        .where(which, pages.c.ok, may_have, sa.or_(pages.c.text.is_not(None), body.is_not(None)))
        .limit(4 * ENOUGH)  # a page may be there several times
    )
    with read_transaction(engine) as connection:
        found = {key: PageSample(*values) for key, *values in connection.execute(query)}
    return [
        sample if sample.body is None else replace(sample, body=unpacked(sample.body))
        for sample in list(found.values())[:ENOUGH]
    ]
