"""The record: batches, jobs, pages and history, in SQLite or PostgreSQL.

SQLAlchemy is loaded when the record is asked, not by `import scrapeq.database`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapeq.lazy import names_of

if TYPE_CHECKING:
    from scrapeq.database import (
        access,
        ai_answers,
        ai_spending,
        batches,
        compared,
        contents,
        copying,
        crawl_delays,
        files,
        history,
        inspection,
        job_rows,
        jobs,
        keeping,
        minutes,
        notifications,
        page_rows,
        page_samples,
        prepared,
        rehearsal,
        results,
        schedules,
        secrets,
        stored_pages,
        tallies,
    )
    from scrapeq.database.engine import open_database, ping
    from scrapeq.database.page_values import Packed, packed
    from scrapeq.database.results import Result
    from scrapeq.database.schema import OLDER_FORM

__all__ = [
    "OLDER_FORM",
    "Packed",
    "Result",
    "access",
    "ai_answers",
    "ai_spending",
    "batches",
    "compared",
    "contents",
    "copying",
    "crawl_delays",
    "files",
    "history",
    "inspection",
    "job_rows",
    "jobs",
    "keeping",
    "minutes",
    "notifications",
    "open_database",
    "packed",
    "page_rows",
    "page_samples",
    "ping",
    "prepared",
    "rehearsal",
    "results",
    "schedules",
    "secrets",
    "stored_pages",
    "tallies",
]

_HOMES = {name: name for name in __all__} | {
    "OLDER_FORM": "schema",
    "open_database": "engine",
    "ping": "engine",
    "Packed": "page_values",
    "Result": "results",
    "packed": "page_values",
}

__getattr__ = names_of(__name__, _HOMES)
