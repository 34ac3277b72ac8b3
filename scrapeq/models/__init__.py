"""The nouns: frozen values that every part speaks in."""

from scrapeq.models.batch import Batch, BatchState
from scrapeq.models.config import Recipe, ScrapingConfig, reveal
from scrapeq.models.error_kind import ErrorKind
from scrapeq.models.failure import Failure
from scrapeq.models.host_verdict import HostVerdict, host_verdict
from scrapeq.models.job import FINAL, LEGAL_MOVES, Job, JobStatus, check_move
from scrapeq.models.lane import Lane
from scrapeq.models.links import Links
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
    "Batch",
    "BatchState",
    "BreakerOpen",
    "Content",
    "ErrorKind",
    "Failure",
    "Fetched",
    "FileKind",
    "HostVerdict",
    "Job",
    "JobStatus",
    "Lane",
    "Links",
    "Page",
    "PageFile",
    "PageKind",
    "Progress",
    "Recipe",
    "RequestIdentity",
    "ScrapingConfig",
    "SlotOwner",
    "SlotTaken",
    "SlotWait",
    "check_move",
    "host_verdict",
    "reveal",
]
