"""A result is done when it is on the disk. Leases are as long as they usually are: what is read and waits to be
written stays with its worker, also on a busy machine."""

from __future__ import annotations

import sqlite3

from scrapeq import database

ROWS = 300
PATIENCE_S = 180


def test_no_result_is_acknowledged_that_is_not_on_disk(web, scrape, queue, eventually):
    scrape([web.url("/article/1", host=n) for n in range(8)]).wait(PATIENCE_S)  # hosts are new once
    urls = [web.url(f"/slow/2?row={n}", host=n % 8) for n in range(ROWS)]
    under_way = scrape(urls, refresh=True, max_per_host=50)
    engine = queue.services.engine
    holder = sqlite3.connect(str(engine.url.database), isolation_level=None, timeout=60)
    try:
        holder.execute("BEGIN IMMEDIATE")  # before the first page is there
        # What was read and cannot be written waits; so many hits are more than what may be open.
        eventually(lambda: web.hits("/slow/2") > 100, PATIENCE_S)

        unwritten = [
            job for some in database.jobs.all_open_jobs(engine, under_way.id) for job in some
        ]
        known = queue.services.frontier.views.standings([job.id for job in unwritten])
    finally:
        holder.close()

    assert len(unwritten) == ROWS
    assert all(standing.known for standing in known.values())
    assert under_way.wait(PATIENCE_S).df["ok"].all()
    assert web.hits("/slow/2") == ROWS  # none of them was asked for again
