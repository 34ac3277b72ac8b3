"""scrapeq: a column of URLs in, a table out.

import scrapeq as sq
batch = sq.scrape(df, url="link", custom_selectors={"title": "h1"})
batch.df

Each name is loaded on first use, so that `import scrapeq` takes milliseconds.
"""

from __future__ import annotations

import importlib
import logging
import sys
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

logging.getLogger(__name__).addHandler(logging.NullHandler())  # nothing is printed unasked

_DOOR = {
    "scrape": "scrapeq.client.scrape",
    "attach": "scrapeq.client.scrape",
    "schedule": "scrapeq.client.schedules",
    "schedules": "scrapeq.client.schedules",
    "ScheduleHandle": "scrapeq.client.schedules",
    "notifications": "scrapeq.client.notifications",
    "estimate": "scrapeq.client.estimate",
    "read_page": "scrapeq.client.read_page",
    "suggest_selectors": "scrapeq.client.suggesting",
    "BatchHandle": "scrapeq.client.handle",
    "jobs": "scrapeq.client.tables",
    "batches": "scrapeq.client.tables",
    "hosts": "scrapeq.client.tables",
    "history": "scrapeq.client.tables",
    "error_history": "scrapeq.client.tables",
    "host_history": "scrapeq.client.tables",
    "compare": "scrapeq.client.tables",
    "get_job_queue": "scrapeq.pipeline.job_queue",
    "get_job_monitor": "scrapeq.pipeline.monitor",
    "health": "scrapeq.pipeline.monitor",
    "doctor": "scrapeq.checks.doctor",
    "SystemHealth": "scrapeq.models.health",
    "LocalCluster": "scrapeq.cluster",
    "ScrapingConfig": "scrapeq.models",
    "Job": "scrapeq.models",
    "JobStatus": "scrapeq.models",
    "Page": "scrapeq.models",
    "Progress": "scrapeq.models",
    "ErrorKind": "scrapeq.models",
    "ScrapeqError": "scrapeq.errors",
    **dict.fromkeys(
        (
            "Record",
            "ai",
            "css",
            "each",
            "first",
            "jmespath",
            "regex",
            "structured",
            "table",
            "xpath",
        ),
        "scrapeq.models.record_class",
    ),
    "login": "scrapeq.fetch.browser.login",
    "clean": "scrapeq.clean",
    "plots": "scrapeq.plots",
    "dashboard": "scrapeq.notebook.dashboard",
}

__all__ = ["__version__", *sorted(_DOOR)]  # noqa: PLE0604 - the door's keys are strings

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from scrapeq import clean as clean
    from scrapeq import plots as plots
    from scrapeq.checks.doctor import doctor as doctor
    from scrapeq.client.estimate import estimate as estimate
    from scrapeq.client.handle import BatchHandle as BatchHandle
    from scrapeq.client.notifications import notifications as notifications
    from scrapeq.client.read_page import read_page as read_page
    from scrapeq.client.schedules import ScheduleHandle as ScheduleHandle
    from scrapeq.client.schedules import schedule as schedule
    from scrapeq.client.schedules import schedules as schedules
    from scrapeq.client.scrape import attach as attach
    from scrapeq.client.scrape import scrape as scrape
    from scrapeq.client.suggesting import suggest_selectors as suggest_selectors
    from scrapeq.client.tables import batches as batches
    from scrapeq.client.tables import compare as compare
    from scrapeq.client.tables import error_history as error_history
    from scrapeq.client.tables import history as history
    from scrapeq.client.tables import host_history as host_history
    from scrapeq.client.tables import hosts as hosts
    from scrapeq.client.tables import jobs as jobs
    from scrapeq.cluster import LocalCluster as LocalCluster
    from scrapeq.errors import ScrapeqError as ScrapeqError
    from scrapeq.fetch.browser.login import login as login
    from scrapeq.models import ErrorKind as ErrorKind
    from scrapeq.models import Job as Job
    from scrapeq.models import JobStatus as JobStatus
    from scrapeq.models import Page as Page
    from scrapeq.models import Progress as Progress
    from scrapeq.models import ScrapingConfig as ScrapingConfig
    from scrapeq.models.health import SystemHealth as SystemHealth
    from scrapeq.models.record_class import Record as Record
    from scrapeq.models.record_class import ai as ai
    from scrapeq.models.record_class import css as css
    from scrapeq.models.record_class import each as each
    from scrapeq.models.record_class import first as first
    from scrapeq.models.record_class import jmespath as jmespath
    from scrapeq.models.record_class import regex as regex
    from scrapeq.models.record_class import structured as structured
    from scrapeq.models.record_class import table as table
    from scrapeq.models.record_class import xpath as xpath
    from scrapeq.notebook.dashboard import dashboard as dashboard
    from scrapeq.pipeline.job_queue import get_job_queue as get_job_queue
    from scrapeq.pipeline.monitor import get_job_monitor as get_job_monitor
    from scrapeq.pipeline.monitor import health as health


def __getattr__(name: str) -> Any:
    if name not in _DOOR:
        raise AttributeError(f"module 'scrapeq' has no attribute {name!r}")
    module = importlib.import_module(_DOOR[name])
    value = module if module.__name__ == f"{__name__}.{name}" else getattr(module, name)
    globals()[name] = value
    if "ipykernel" in sys.modules:  # in a notebook, batches show themselves as live cards
        importlib.import_module("scrapeq.notebook").install()
    return value


def load_ipython_extension(shell: InteractiveShell) -> None:
    """`%load_ext scrapeq`: `%%scrape`, `%jobs`, `%history`, `%batches`, `%health`."""
    importlib.import_module("scrapeq.notebook.magics").load(shell)


def unload_ipython_extension(shell: InteractiveShell) -> None:
    """`%unload_ext scrapeq`: all is as it was before."""
    importlib.import_module("scrapeq.notebook.magics").unload(shell)


def __dir__() -> list[str]:
    return __all__
