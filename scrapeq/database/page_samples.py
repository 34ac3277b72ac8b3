"""A few texts of stored pages, to tell from them what many pages will be like."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from scrapeq.database.engine import read_transaction
from scrapeq.database.schema import jobs, pages

#: Keys of which a page is looked for, and hosts; pages that are enough.
MOST_KEYS, MOST_HOSTS, ENOUGH = 500, 50, 40


def texts_of_pages(
    engine: sa.Engine, url_keys: Sequence[str], owner: str, most_chars: int
) -> list[str]:
    """The main texts of stored pages of these URLs, by their duplicate keys; evenly chosen among many."""
    step = max(1, len(url_keys) // MOST_KEYS)
    some = list(url_keys)[::step][:MOST_KEYS]
    return _texts(engine, pages.c.url_key.in_(some), owner, most_chars)


def texts_of_hosts(
    engine: sa.Engine, hosts: Sequence[str], owner: str, most_chars: int
) -> list[str]:
    """The same of any pages of these hosts."""
    ids = sa.select(jobs.c.id).where(jobs.c.host.in_(list(hosts)[:MOST_HOSTS])).limit(10 * ENOUGH)
    return _texts(engine, pages.c.job_id.in_(ids), owner, most_chars)


def _texts(
    engine: sa.Engine, which: sa.ColumnElement[bool], owner: str, most_chars: int
) -> list[str]:
    may_have = sa.or_(pages.c.private_to.is_(None), pages.c.private_to == owner)
    query = (
        sa.select(pages.c.url_key, sa.func.substr(pages.c.text, 1, most_chars))
        .where(which, pages.c.ok, pages.c.text.is_not(None), may_have)
        .limit(4 * ENOUGH)  # a page may be there several times
    )
    with read_transaction(engine) as connection:
        by_url = {key: str(text) for key, text in connection.execute(query)}
    return list(by_url.values())[:ENOUGH]
