"""What the monitor answers: the guide's dicts, as models.

Seconds end in `_s`; rates are 0 to 100; times are texts in ISO 8601, in UTC. None means that it
cannot be known, or that there was nothing to measure.
"""

from __future__ import annotations

from scrapeq.models.answer import Answer
from scrapeq.models.health import HealthStatus
from scrapeq.models.paused_host import PausedHost


class JobProgress(Answer):
    """How far one job is; the percentage of a running one is an estimate."""

    job_id: str
    status: str
    progress_percentage: float
    estimated_completion: str | None
    elapsed_s: float
    attempts: int
    error_kind: str | None
    error_message: str | None


class BatchProgress(Answer):
    """How far a batch is. `job_id` is its id; `status` its state, or completed when nothing is left."""

    job_id: str
    status: str
    progress_percentage: float
    estimated_completion: str | None
    elapsed_s: float
    total: int
    completed: int
    failed: int
    cancelled: int
    rendered: int


class WorkerStats(Answer):
    """The worker processes that are alive, by name."""

    active_workers: int
    workers: list[str]


class OpenJobCounts(Answer):
    """Open jobs now, by where they stand."""

    waiting_jobs: int
    running_jobs: int
    retrying_jobs: int


class Performance(Answer):
    """Jobs that finished in some time, how well, how many of their pages a browser showed, and how
    long their last try took.

    A job's time is from the first byte sent to the last one read. Jobs that needed no request do
    not count in it. Percentiles come from a histogram and are right to 12 %.
    """

    jobs_processed: int
    succeeded: int
    failed: int
    rendered: int
    success_rate: float | None
    average_processing_time_s: float | None
    p50_s: float | None
    p90_s: float | None
    p95_s: float | None
    p99_s: float | None


class RecentPerformance(Performance):
    """The same for the last `window_s` seconds."""

    window_s: int
    jobs_per_minute: float


class HourOfHistory(Performance):
    """The same for the hour that begins at `timestamp`."""

    timestamp: str


class PerformanceHistory(Answer):
    """The hours with finished jobs, oldest first."""

    hours: float
    history: list[HourOfHistory]


class BrowsersNow(Answer):
    """The browsers of all workers: how many run, their open pages, the pages that they were given since
    their workers began, and the MB that their processes hold (0 where the system does not say)."""

    up: int = 0
    pages: int = 0
    rendered: int = 0
    memory_mb: int = 0

    @property
    def in_words(self) -> str:
        """Like "2 up, 5 pages open, 640 MB"; "" while none runs."""
        if not self.up:
            return ""
        memory = f", {self.memory_mb:,} MB" if self.memory_mb else ""
        pages = "1 page" if self.pages == 1 else f"{self.pages:,} pages"
        return f"{self.up:,} up, {pages} open{memory}"


class SystemMetrics(Answer):
    """The whole system now: its health with the reasons, and the facts it was judged by.

    `health_notes` tell of pages that failed by no fault of the system, `health_hints` what to do.
    `errors` are counts by kind; they and `performance` are of the last `performance.window_s` seconds.
    """

    timestamp: str
    health_status: HealthStatus
    health_reasons: list[str]
    health_notes: list[str]
    health_hints: list[str]
    redis_reachable: bool
    worker_stats: WorkerStats
    queue_stats: OpenJobCounts
    performance: RecentPerformance
    errors: dict[str, int]
    paused_hosts: list[PausedHost]
    browsers: BrowsersNow = BrowsersNow()


class ActiveJob(Answer):
    """One open job."""

    job_id: str
    url: str
    status: str
    priority: int
    attempts: int
    batch_id: str


class ActiveJobsSummary(Answer):
    """All open jobs by status, and the first of them, running ones first."""

    total_active: int
    by_status: dict[str, int]
    jobs: list[ActiveJob]


class QueueStats(Answer):
    """Jobs by status, messages by Celery queue, and how many workers are alive."""

    total_jobs: int
    status_counts: dict[str, int]
    active_tasks: int
    queue_lengths: dict[str, int]
    workers: int


class QueuesNow(Answer):
    """Open jobs, messages by Celery queue, and the names of live workers."""

    open_jobs: int
    queue_lengths: dict[str, int]
    workers: list[str]
    browsers: BrowsersNow = BrowsersNow()


class Step(Answer):
    """One step of a series: what finished in it; None where nothing did."""

    timestamp: str
    jobs_processed: int
    succeeded: int
    failed: int
    rendered: int
    success_rate: float | None
    p50_s: float | None
    p95_s: float | None


class Series(Answer):
    """Steps of `every_s` seconds, those without jobs too, oldest first."""

    every_s: int
    series: list[Step]


class ErrorGroup(Answer):
    """A kind of error, how often it occurred, and its newest example where there is one."""

    error_kind: str
    count: int
    example_url: str | None
    example_message: str | None
    example_job_id: str | None
    last_at: str | None


class HostEventAt(Answer):
    """A breaker changed: `event` is opened, given_up or closed; the error is its last failure."""

    timestamp: str
    host: str
    event: str
    error_kind: str
    error_message: str


class HostHistory(Answer):
    """How breakers changed, oldest first."""

    hours: float
    history: list[HostEventAt]
