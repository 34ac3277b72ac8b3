"""The record: batches, jobs, pages and history, in SQLite or PostgreSQL."""

from scrapeq.database import batches, history, jobs, minutes, results
from scrapeq.database.engine import open_database
from scrapeq.database.results import Result

__all__ = ["Result", "batches", "history", "jobs", "minutes", "open_database", "results"]
