"""A job as it is submitted, before the record has it."""

from __future__ import annotations

from typing import NamedTuple

from scrapeq.models import BrowserUse, ErrorKind


class StoredAnswer(NamedTuple):
    """The job whose stored page answers others, and what is known of the page: see `Page`, and
    `selected_bits`."""

    job_id: str
    page_kind: str | None = None
    page_kind_signal: str | None = None
    selected: int | None = None
    browser_use: BrowserUse | None = None


class NewJob(NamedTuple):
    """One row of a submission, or a job that a result appends.

    row: its place in the input; a job that is appended gets the next one. error_kind is set where
    the URL was refused: it is final at once; page_of where another job's page will answer it
    (answered: what is known of it, if that page is there already). parent_job_id: the job whose result appended it.
    """

    id: str
    row: int
    url: str
    href: str
    host: str
    priority: int
    error_kind: ErrorKind | None = None
    error_message: str | None = None
    page_of: str | None = None
    answered: StoredAnswer | None = None
    parent_job_id: str | None = None
