"""The address under which the guide imports the nouns."""

from scrapeq.models import Batch, ErrorKind, Job, JobStatus, Page, Progress, ScrapingConfig

__all__ = ["Batch", "ErrorKind", "Job", "JobStatus", "Page", "Progress", "ScrapingConfig"]
