"""The record: batches, jobs, pages and history, in SQLite or PostgreSQL."""

from scrapeq.database import batches, history, jobs, results
from scrapeq.database.engine import open_database
from scrapeq.database.results import Packed, Result, packed

__all__ = [
    "Packed",
    "Result",
    "batches",
    "history",
    "jobs",
    "open_database",
    "packed",
    "results",
]
