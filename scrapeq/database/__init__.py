"""The record: batches, jobs, pages and history, in SQLite or PostgreSQL."""

from scrapeq.database import (
    batches,
    compared,
    crawl_delays,
    files,
    history,
    job_rows,
    jobs,
    minutes,
    results,
    tallies,
)
from scrapeq.database.engine import open_database, ping
from scrapeq.database.results import Packed, Result, packed

__all__ = [
    "Packed",
    "Result",
    "batches",
    "compared",
    "crawl_delays",
    "files",
    "history",
    "job_rows",
    "jobs",
    "minutes",
    "open_database",
    "packed",
    "ping",
    "results",
    "tallies",
]
