"""The picture of a queue: where its jobs are kept, and how many there are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from scrapeq import display
from scrapeq.models.away import Away
from scrapeq.models.job import in_bar_order

if TYPE_CHECKING:
    import sqlalchemy as sa


def queue_card(
    record: str,
    counts: Mapping[str, int] | None = None,
    *,
    is_shared: bool,
    workers: int = 0,
    paused: int = 0,
    away: Away | None = None,
) -> str:
    """HTML of a queue: jobs by status, workers, paused hosts; grey where Redis or the record is away,
    with what to do."""
    facts: dict[str, object] = {"record": record, "Redis": "shared" if is_shared else "private"}
    bar = None if counts is None else in_bar_order(counts)
    if away is not None:
        return display.card("JobQueue", facts, bar, away.advice, away=away.what)
    if paused:
        facts["paused hosts"] = f"{paused:,}: paused_hosts() lists them"
    total = sum((bar or {}).values())
    corner = f"{total:,} jobs · {workers:,} {'worker' if workers == 1 else 'workers'}"
    return display.card("JobQueue", facts, bar, corner=corner)


def record_in_words(url: sa.URL) -> str:
    """Where the record is: a file, or a database and its host. Nothing else of the URL, which may
    hold a password in more places than one."""
    if url.get_backend_name() == "sqlite":
        return str(url.database)
    return f"{url.database} on {url.host or 'this machine'}"
