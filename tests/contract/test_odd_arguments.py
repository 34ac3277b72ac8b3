"""Each public method of the guide's names with odd arguments: it takes what can be meant, and refuses
the rest in words of ours. There is no Redis here, whose absence is one of those words."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa

from scrapeq import database
from scrapeq.errors import ConfigError, ScrapeqError
from scrapeq.frontier import Frontier, connect
from scrapeq.models import ErrorKind, JobStatus, ScrapingConfig
from scrapeq.pipeline import arguments
from scrapeq.pipeline.job_queue import JobQueue, get_job_queue
from scrapeq.pipeline.monitor import JobMonitor, get_job_monitor
from scrapeq.project.services import Services
from scrapeq.project.submission import Submission
from scrapeq.settings import Settings

ODD: list[object] = [
    None,
    2.5,
    -1,
    0,
    math.nan,
    math.inf,
    -math.inf,
    1e6,
    10**400,
    True,
    "",
    "x",
    "COMPLETED",
    "24",
    "a\0b",
    "half \ud800",
    b"bytes",
    [],
    [1, None],
    {},
    {"max_retries": 1},
    {"no": 1},
    {5: 5},
    object(),
    datetime(2026, 1, 1, tzinfo=UTC),
    timedelta(days=1),
    iter([]),
]

#: For each method, arguments that are right; each of them is replaced by the odd values in turn.
QUEUE: dict[str, dict[str, Any]] = {
    "submit_scraping_job": {
        "url": "https://a.example",
        "config": None,
        "priority": 5,
        "job_id": None,
    },
    "submit_batch": {
        "values": ["https://a.example"],
        "config": None,
        "priority": 5,
        "name": None,
        "batch_id": None,
        "single": False,
    },
    "submit": {"submission": Submission(["https://a.example"])},
    "get_job_status": {"job_id": "done"},
    "get_jobs": {"job_ids": ["done"]},
    "update_job_status": {
        "job_id": "done",
        "status": "failed",
        "error_message": None,
        "error_kind": None,
    },
    "cancel_job": {"job_id": "done"},
    "get_active_jobs": {"limit": 10},
    "get_job_history": {"limit": 10, "status_filter": None},
    "cleanup_old_jobs": {"max_age_days": 30},
    "get_queue_stats": {},
    "paused_hosts": {},
    "paused_host_rows": {},
    "wait": {"job_id": "done", "timeout": 0},
    "find_batch": {"name_or_id": "done"},
    "list_batches": {"limit": 10},
    "pause_batch": {"batch_id": "done"},
    "resume_batch": {"batch_id": "done"},
    "cancel_batch": {"batch_id": "done"},
    "retry_failed": {"batch_id": "nobody", "kinds": None, "secrets": None},
}
MONITOR: dict[str, dict[str, Any]] = {
    "health": {},
    "get_job_progress": {"job_id": "done"},
    "get_system_metrics": {},
    "get_queues": {},
    "get_active_jobs_summary": {"limit": 10},
    "get_batch_errors": {"batch_id": "done"},
    "record_job_completion": {"job_id": "x", "success": True, "processing_time": 1.0},
    "record_error": {"job_id": None, "error_type": "dns", "message": "none"},
    "get_performance_history": {"hours": 24},
    "get_series": {"minutes": 60, "every_s": 60},
    "get_error_groups": {"hours": 24, "limit": 10},
    "get_host_history": {"hours": 24},
}


@pytest.fixture
def queue(record_settings: Settings, record: sa.Engine) -> JobQueue:
    """A queue without Redis; its job "done" has failed."""
    nowhere = f"unix://{record_settings.home}/no-redis"
    queue = JobQueue(Services(record_settings, record, Frontier(connect(nowhere)), nowhere))
    queue.submit_batch(["https://a.example"], batch_id="done", single=True)
    database.jobs.move_job(record, "done", JobStatus.FAILED, error_kind=ErrorKind.DNS)
    return queue


def calls(
    methods: dict[str, dict[str, Any]], subject: object
) -> Iterator[tuple[str, Callable[[], object]]]:
    """Every method with every odd value in place of each argument; what to call, and its name."""
    for method, right in methods.items():
        for name in right:
            for odd in ODD:
                call = partial(getattr(subject, method), **{**right, name: odd})
                yield f"{method}({name}={odd!r})", call


@pytest.mark.parametrize("which", ["queue", "monitor"])
def test_odd_arguments_are_taken_or_refused_in_our_words(queue: JobQueue, which: str) -> None:
    methods, subject = (QUEUE, queue) if which == "queue" else (MONITOR, JobMonitor(queue))

    bare = []
    for name, call in calls(methods, subject):
        try:
            call()
        except ScrapeqError as error:
            if not error.problem.strip():
                bare.append(f"{name}: no words")
        except Exception as error:
            bare.append(f"{name}: {type(error).__name__}: {error}")

    assert bare == []


@pytest.mark.parametrize(("methods", "kind"), [(QUEUE, JobQueue), (MONITOR, JobMonitor)])
def test_no_public_method_or_argument_is_left_out(
    methods: dict[str, dict[str, Any]], kind: type
) -> None:
    public = {
        name: inspect.signature(method)
        for name, method in inspect.getmembers(kind, inspect.isfunction)
        if not name.startswith("_")
    }

    assert set(methods) == set(public)
    for name, signature in public.items():
        named = set(signature.parameters) - {"self", "kwargs", "time"}
        assert named <= set(methods[name]), name


@pytest.mark.parametrize("given", [{"REDIS_URL": "redis://"}, "redis://localhost", 5])
def test_settings_that_are_none_are_refused(given: Any) -> None:
    with pytest.raises(ConfigError, match="load_settings"):
        get_job_queue(given)
    with pytest.raises(ConfigError, match="load_settings"):
        get_job_monitor(given)


def test_what_can_be_meant_is_taken(queue: JobQueue) -> None:
    job = queue.get_job_status("done")
    monitor = JobMonitor(queue)

    assert queue.get_job_status(job) == job  # type: ignore[arg-type]
    assert queue.get_job_history(status_filter="FAILED") == [
        job.model_copy(update={"result": None})
    ]
    assert queue.get_job_history("24")[0].id == job.id  # type: ignore[arg-type]
    assert queue.get_active_jobs(0) == []
    assert queue.cleanup_old_jobs(1e6) == 0
    assert queue.cleanup_old_jobs(timedelta(days=30)) == 0  # type: ignore[arg-type]
    assert monitor.get_performance_history(math.inf)["hours"] == arguments.MOST_HOURS
    batch = queue.submit_batch("https://a.example", {"max_retries": 0})  # type: ignore[arg-type]
    assert (batch.total, batch.config.max_retries) == (1, 0)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            lambda queue: queue.get_active_jobs(2.5),
            r"limit is 2\.5 \(float\); write a whole number",
        ),
        (lambda queue: queue.get_job_history(status_filter="gone"), "pending, running, retrying"),
        (lambda queue: queue.submit_scraping_job("https://a.example", 5), "ScrapingConfig"),
        (
            lambda queue: queue.submit_scraping_job("https://a.example", {"max_retry": 1}),
            "max_retri",
        ),
        (lambda queue: queue.wait("done", math.nan), "timeout is nan"),
        (lambda queue: queue.get_job_status(7), r"job_id is 7 \(int\)"),
        (lambda queue: queue.update_job_status("done", None), "status is None"),
        (
            lambda queue: JobMonitor(queue).record_job_completion("x", True, math.nan),
            "processing_time is nan",
        ),
        (
            lambda queue: JobMonitor(queue).record_job_completion("x", True, 1, time=1),
            "processing_time and time",
        ),
    ],
)
def test_what_cannot_be_meant_is_named(
    queue: JobQueue, call: Callable[[JobQueue], object], words: str
) -> None:
    with pytest.raises(ConfigError, match=words):
        call(queue)


def test_the_history_needs_no_redis(queue: JobQueue, record: sa.Engine) -> None:
    queue.submit_batch(
        [f"https://{n}.example" for n in range(3)], ScrapingConfig(), batch_id="open"
    )

    assert {job.id for job in queue.get_job_history()} == {"done", "open-0", "open-1", "open-2"}
    assert len(queue.get_job_history(status_filter="pending")) == 3
    assert queue.get_job_history(status_filter="running") == []
    assert [job.id for job in queue.get_job_history(5, JobStatus.FAILED)] == ["done"]


def test_a_completion_is_recorded_by_either_name(queue: JobQueue) -> None:
    monitor = JobMonitor(queue)

    monitor.record_job_completion("a", True, 2.0)
    monitor.record_job_completion("b", success=True, time=4.0)

    hour = monitor.get_performance_history(1)["history"][-1]
    assert (hour["jobs_processed"], hour["average_processing_time_s"]) == (2, 3.0)
