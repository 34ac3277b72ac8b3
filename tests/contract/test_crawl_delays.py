"""Crawl-delays in the record, which Redis may forget."""

from __future__ import annotations

import sqlalchemy as sa

from scrapeq.clock import DAY_MS
from scrapeq.database import crawl_delays


def test_what_a_host_asked_for_last_is_known_until_it_is_too_old(record: sa.Engine) -> None:
    crawl_delays.keep(record, "a.example", 5_000, DAY_MS)
    crawl_delays.keep(record, "a.example", 400, DAY_MS)
    crawl_delays.keep(record, "b.example:8080", 86_400_000, DAY_MS)
    crawl_delays.keep(record, "old.example", 400, -1)
    crawl_delays.keep(record, "none.example", 400, DAY_MS)
    crawl_delays.keep(record, "none.example", 0, DAY_MS)

    expected = {"a.example": 400, "b.example:8080": 86_400_000}
    assert crawl_delays.known(record) == expected
    assert crawl_delays.known(record) == expected
    with record.connect() as connection:
        kept = connection.execute(sa.text("SELECT key FROM meta WHERE key LIKE 'crawl%'")).all()
    assert len(kept) == 2  # what is too old is deleted
