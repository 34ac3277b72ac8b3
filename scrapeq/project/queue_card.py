"""The picture of a queue: where its jobs are kept, and how many there are."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa

from scrapeq import display
from scrapeq.errors import ScrapeqError
from scrapeq.models.job import in_bar_order


def queue_card(
    record: str,
    counts: Mapping[str, int] | None = None,
    *,
    is_shared: bool,
    workers: int = 0,
    paused: int = 0,
    no_record: ScrapeqError | None = None,
    no_redis: ScrapeqError | None = None,
) -> str:
    """HTML of a queue: jobs by status, workers, paused hosts; grey where one of the two does not
    answer, with the reason."""
    facts: dict[str, object] = {"record": record, "Redis": "shared" if is_shared else "private"}
    if no_record is not None:
        return display.card("JobQueue", facts, note=no_record, away="the record does not answer")
    bar = in_bar_order(counts or {})
    if no_redis is not None:
        note: object = no_redis
        if not is_shared:
            note = "no private cluster runs, so no job is done; scrape() or scrapeq up starts one"
        return display.card("JobQueue", facts, bar, note, away="Redis does not answer")
    if paused:
        facts["paused hosts"] = f"{paused:,}: paused_hosts() lists them"
    total = sum(bar.values())
    corner = f"{total:,} jobs · {workers:,} {'worker' if workers == 1 else 'workers'}"
    return display.card("JobQueue", facts, bar, corner=corner)


def record_in_words(url: sa.URL) -> str:
    """Where the record is: a file, or a database and its host. Nothing else of the URL, which may
    hold a password in more places than one."""
    if url.get_backend_name() == "sqlite":
        return str(url.database)
    return f"{url.database} on {url.host or 'this machine'}"
