"""The nouns: frozen values that every part speaks in.

Each is loaded when it is used, and pydantic with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapeq.lazy import names_of

if TYPE_CHECKING:
    from scrapeq.models.ai_cost import AICost
    from scrapeq.models.batch import Batch, BatchState
    from scrapeq.models.browser_use import BrowserUse
    from scrapeq.models.config import Recipe, ScrapingConfig, reveal
    from scrapeq.models.document_kind import DocumentKind
    from scrapeq.models.error_kind import ErrorKind
    from scrapeq.models.failure import Failure
    from scrapeq.models.found_table import FoundTable
    from scrapeq.models.host_verdict import HostVerdict
    from scrapeq.models.job import FINAL, LEGAL_MOVES, Job, JobStatus, check_move
    from scrapeq.models.lane import Lane
    from scrapeq.models.links import Links
    from scrapeq.models.monitoring import QueueStats
    from scrapeq.models.page import Page
    from scrapeq.models.page_fields import Content, Fetched
    from scrapeq.models.page_file import FileKind, PageFile
    from scrapeq.models.page_kind import PageKind
    from scrapeq.models.progress import Progress
    from scrapeq.models.request_identity import RequestIdentity
    from scrapeq.models.slot import BreakerOpen, SlotOwner, SlotTaken, SlotWait

__all__ = [
    "FINAL",
    "LEGAL_MOVES",
    "AICost",
    "Batch",
    "BatchState",
    "BreakerOpen",
    "BrowserUse",
    "Content",
    "DocumentKind",
    "ErrorKind",
    "Failure",
    "Fetched",
    "FileKind",
    "FoundTable",
    "HostVerdict",
    "Job",
    "JobStatus",
    "Lane",
    "Links",
    "Page",
    "PageFile",
    "PageKind",
    "Progress",
    "QueueStats",
    "Recipe",
    "RequestIdentity",
    "ScrapingConfig",
    "SlotOwner",
    "SlotTaken",
    "SlotWait",
    "check_move",
    "reveal",
]

_HOMES = {
    "AICost": "ai_cost",
    "Batch": "batch",
    "BatchState": "batch",
    "BreakerOpen": "slot",
    "BrowserUse": "browser_use",
    "Content": "page_fields",
    "DocumentKind": "document_kind",
    "ErrorKind": "error_kind",
    "FINAL": "job",
    "Failure": "failure",
    "Fetched": "page_fields",
    "FileKind": "page_file",
    "FoundTable": "found_table",
    "HostVerdict": "host_verdict",
    "Job": "job",
    "JobStatus": "job",
    "LEGAL_MOVES": "job",
    "Lane": "lane",
    "Links": "links",
    "Page": "page",
    "PageFile": "page_file",
    "PageKind": "page_kind",
    "Progress": "progress",
    "QueueStats": "monitoring",
    "Recipe": "config",
    "RequestIdentity": "request_identity",
    "ScrapingConfig": "config",
    "SlotOwner": "slot",
    "SlotTaken": "slot",
    "SlotWait": "slot",
    "check_move": "job",
    "reveal": "config",
}

__getattr__ = names_of(__name__, _HOMES)
