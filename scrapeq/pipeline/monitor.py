"""How the work is going: progress with an ETA, metrics of the system, and history by hour.

monitor = get_job_monitor()
monitor.get_job_progress(job_id)["progress_percentage"]
monitor.get_system_metrics()["health_status"]
"""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any

from scrapeq import clock, cluster, database, stats
from scrapeq.clock import DAY_MS, HOUR_MS, MINUTE_MS, now_ms
from scrapeq.cluster import ClusterStatus
from scrapeq.database.minutes import Span, floor_ms, merged, spans_since
from scrapeq.errors import (
    ClusterFailed,
    ConfigError,
    DatabaseUnavailable,
    RedisEvicts,
    RedisUnavailable,
)
from scrapeq.models import FINAL, Batch, Job, JobStatus
from scrapeq.models.answer import iso
from scrapeq.models.health import SystemHealth, unhealthy
from scrapeq.models.monitoring import (
    ActiveJob,
    ActiveJobsSummary,
    BatchProgress,
    ErrorGroup,
    HostEventAt,
    HostHistory,
    HourOfHistory,
    JobProgress,
    OpenJobCounts,
    PerformanceHistory,
    QueuesNow,
    RecentPerformance,
    Series,
    Step,
    SystemMetrics,
    WorkerStats,
)
from scrapeq.pipeline import arguments
from scrapeq.pipeline.job_queue import JobQueue, get_job_queue, get_looking_queue
from scrapeq.pipeline.measures import free_bytes
from scrapeq.project import bounded
from scrapeq.project.away import redis_away
from scrapeq.project.bounded import ANSWER_S, LEAST_S, budget
from scrapeq.project.working_now import WorkingNow, other_workers, working_now
from scrapeq.settings import Settings, load_settings

#: Steps of a series: a week of minutes, and more than a picture has pixels.
MOST_STEPS = 10_080
#: The past, in milliseconds, that "lately" means.
LATELY_MS = 15 * 60_000
#: A running job's progress is an estimate: it never reaches 100 before the job is done.
MOST_WHILE_RUNNING = 99.0


def get_job_monitor(settings: Settings | None = None) -> JobMonitor:
    """The monitor of these settings (by default the environment's); see `get_job_queue`."""
    return JobMonitor(get_job_queue(settings))


def health(*, queue: JobQueue | None = None) -> SystemHealth:
    """How Redis, the workers and the record are doing, with a verdict and what to do.

    It starts nothing: where no cluster runs, it says so, and how to start one. Raises ConfigError
    for an environment that cannot be met, and nothing else.
    """
    if queue is not None:
        return JobMonitor(queue).health()
    settings = load_settings()
    try:
        queue = get_looking_queue(settings)
    except DatabaseUnavailable as error:
        return _without_record(error, settings, _where(settings))
    except (RedisEvicts, ClusterFailed) as error:
        return unhealthy(
            error.problem,
            error.hint,
            where=_where(settings),
            redis_answers=isinstance(error, RedisEvicts),
        )
    return JobMonitor(queue).health()


class JobMonitor:
    """Looks at one project's jobs, workers and history, and changes nothing but the history."""

    def __init__(self, queue: JobQueue) -> None:
        self.services = queue.services
        self._queue = queue

    def __repr__(self) -> str:
        return f"<JobMonitor of {self._queue!r}>"

    def _repr_html_(self) -> str:
        return self.health()._repr_html_()

    def health(self) -> SystemHealth:
        """`get_system_metrics` as a value that shows itself, with what to do about what is wrong.

        Raises nothing when Redis, the record or the cluster fails: the verdict names it.
        """
        settings, where = self.services.settings, self._queue.where
        with budget():
            try:
                metrics = self.get_system_metrics()
                by_status = self.services.record.ask(
                    lambda: database.jobs.count_by_status(self.services.engine)
                )
            except DatabaseUnavailable as error:
                return _without_record(error, settings, where)
            cluster_now = _cluster_now(settings, answers=metrics.redis_reachable)
        reasons = list(metrics.health_reasons)
        runs = settings.shared or cluster_now.running
        hint = ""
        if not runs:
            others = [one for one in reasons if one != stats.NO_REDIS]
            reasons = [f"nothing runs in {settings.home}", *others]
            hint = "scrape(...) starts a private Redis and workers, and so does scrapeq up"
        elif not metrics.redis_reachable:
            away = redis_away(self.services)
            hint = f"{away.what}: {away.advice}"
        elif not metrics.worker_stats.active_workers:
            if cluster_now.problem:
                reasons.append(cluster_now.problem)
            hint = (
                "start workers: celery -A scrapeq.pipeline.worker worker"
                if settings.shared
                else f"workers take 3 s to start; if none come, see {settings.home / 'logs'}"
            )
        if stats.MAKE_ROOM in metrics.health_hints:  # the others may come of it
            hint = stats.MAKE_ROOM
        return SystemHealth.from_metrics(
            metrics,
            reasons=tuple(reasons),
            hint=hint or "; ".join(metrics.health_hints),
            where=where,
            something_runs=runs,
            open_jobs=by_status[JobStatus.PENDING] + by_status[JobStatus.RUNNING],
        )

    def get_job_progress(self, job_id: str) -> JobProgress | BatchProgress:
        """How far a job is, or a batch when its id or name is given.

        `status`, `progress_percentage` (0 to 100), `estimated_completion` (ISO 8601, UTC; None
        when it cannot be known or nothing is left), `elapsed_s`, `attempts`, `error_kind`,
        `error_message`. The end of a single running job is estimated from what pages took lately, and
        without any from its time limit, `total_timeout_s`. Raises NotFound.
        """
        job_id = arguments.an_id(job_id)
        batch = database.batches.find_batch(self.services.engine, job_id)
        if batch is not None and batch.total > 1:
            return self._batch_progress(batch)
        return self._job_progress(self._queue.get_job_status(job_id))

    def get_system_metrics(self) -> SystemMetrics:
        """`health_status` (HEALTHY, DEGRADED, UNHEALTHY) with `health_reasons`, `health_hints` on what to
        do, and `health_notes` of pages that failed by no fault of the system; `redis_reachable`,
        `worker_stats` (`active_workers`, `workers`), `queue_stats`, `performance` of the last
        quarter of an hour (see `get_performance_history`), `errors` by kind, `paused_hosts` with
        the columns of `JobQueue.paused_hosts`, and `browsers` (`up`, `pages`, `rendered`, `memory_mb`).
        """
        with budget(ANSWER_S):
            lately, errors = self.services.record.ask(self._lately_and_errors)
        with budget():
            try:
                now = self.services.redis.ask(lambda: working_now(self.services))
                reachable = True
            except RedisUnavailable:
                now, reachable = WorkingNow(), False
        verdict = stats.health_verdict(
            redis_reachable=reachable,
            workers_alive=len(now.workers),
            scrapers=now.scrapers,
            waiting_jobs=now.waiting,
            completed=lately.succeeded,
            errors=errors,
            window_s=LATELY_MS / 1000,
            unattended=now.unattended,
            stalled_s=now.stalled_s,
            free_bytes=free_bytes(self.services.settings),
        )
        return SystemMetrics(
            timestamp=clock.now().isoformat(),
            health_status=verdict.status,
            health_reasons=list(verdict.reasons),
            health_notes=list(verdict.notes),
            health_hints=list(verdict.hints),
            redis_reachable=reachable,
            worker_stats=WorkerStats(active_workers=len(now.workers), workers=now.workers),
            queue_stats=OpenJobCounts(
                waiting_jobs=now.waiting,
                running_jobs=now.running,
                retrying_jobs=now.retrying,
            ),
            performance=RecentPerformance(
                window_s=LATELY_MS // 1000,
                jobs_per_minute=lately.finished / (LATELY_MS / MINUTE_MS),
                **_performance(lately),
            ),
            errors=errors,
            paused_hosts=now.paused_hosts,
            browsers=now.browsers,
        )

    def _lately_and_errors(self) -> tuple[Span, dict[str, int]]:
        since_ms = now_ms() - LATELY_MS
        errors = dict(database.history.error_counts(self.services.engine, since_ms))
        return self._lately(), errors

    def get_queues(self) -> QueuesNow:
        """`open_jobs`, `queue_lengths` (messages by Celery queue), `workers` (live ones by name), `browsers`.

        Raises RedisUnavailable.
        """
        return QueuesNow(
            open_jobs=self.services.frontier.views.counts()["open"],
            queue_lengths=self.services.queue_lengths(),
            workers=[*self.services.frontier.coordination.workers(), *other_workers(self.services)],
            browsers=self.services.frontier.browsers.now(),
        )

    def get_active_jobs_summary(self, limit: int = 100) -> ActiveJobsSummary:
        """`total_active`, `by_status`, and `jobs`: the first `limit` of them, running ones first."""
        limit = arguments.a_limit(limit)
        counts = self.services.frontier.views.counts()
        by_hand = database.jobs.count_by_status(self.services.engine)[JobStatus.RUNNING]
        return ActiveJobsSummary(
            total_active=counts["open"] + by_hand,
            by_status={
                "pending": counts["open"] - counts["running"] - counts["retrying"],
                "running": counts["running"] + by_hand,
                "retrying": counts["retrying"],
            },
            jobs=[
                ActiveJob(
                    job_id=job.id,
                    url=job.url,
                    status=job.status.value,
                    priority=job.priority,
                    attempts=job.attempts,
                    batch_id=job.batch_id,
                )
                for job in self._queue.get_active_jobs(limit)
            ],
        )

    def get_batch_errors(self, batch_id: str) -> dict[str, int]:
        """Failed and cancelled rows of a batch by kind of error, the most frequent first."""
        batch_id = arguments.an_id(batch_id, "batch_id")
        return database.jobs.error_kinds(self.services.engine, batch_id)

    def record_job_completion(
        self,
        job_id: str,
        success: bool,
        processing_time: float | None = None,
        *,
        time: float | None = None,
    ) -> None:
        """Count a job that was done outside of the workers, with its time in seconds.

        `time` is another name of `processing_time`; without either no time is counted. Workers record
        their own; the id is not looked up.
        """
        arguments.an_id(job_id)
        if processing_time is not None and time is not None:
            raise ConfigError("processing_time and time are the same", hint="give one of them")
        given = time if processing_time is None else processing_time
        taken_s = arguments.a_number(
            0 if given is None else given, "processing_time", "write seconds, like 45.5"
        )
        database.history.record_completion(
            self.services.engine,
            success=arguments.a_flag(success, "success"),
            processing_time_s=taken_s,
        )

    def record_error(self, job_id: str | None, error_type: str, message: str) -> None:
        """Keep an error that happened outside of the workers; it counts in the metrics' errors."""
        database.history.record_error(
            self.services.engine,
            None if job_id is None else arguments.an_id(job_id),
            arguments.a_text(error_type, "error_type"),
            arguments.a_text(message, "message"),
        )

    def get_performance_history(self, hours: float = 24) -> PerformanceHistory:
        """`history`: an entry for each hour with finished jobs, oldest first: `timestamp` (its start,
        ISO 8601, UTC), `jobs_processed`, `succeeded`, `failed`, `rendered` (shown in a browser),
        `success_rate` (0 to 100), `average_processing_time_s`, `p50_s`, `p90_s`, `p95_s`, `p99_s`.

        The processing time is that of a job's last try, from the first byte sent to the last one
        read: without waiting for a worker, for the host's pace or for another try. Jobs that needed
        no request do not count in it. Percentiles come from a histogram by minute and are right to
        12 % (`stats.BUCKET_EDGES_S`); None where no job was timed. Rows that were answered without
        a request (by stored pages, or as duplicates) are no jobs here.
        """
        hours = arguments.hours(hours)
        since_ms = now_ms() - round(hours * HOUR_MS)
        spans = spans_since(self.services.engine, since_ms, HOUR_MS)
        history = [HourOfHistory(timestamp=iso(one.start_ms), **_performance(one)) for one in spans]
        return PerformanceHistory(hours=hours, history=history)

    def get_series(self, minutes: float = 60, every_s: int = 60) -> Series:
        """The last `minutes` in steps of `every_s` seconds (whole minutes), for a picture.

        `every_s`, and `series`: an entry for each step, those without jobs too, oldest first; the
        last one is the step that has just begun. `timestamp` (its start, ISO 8601, UTC),
        `jobs_processed`, `succeeded`, `failed`, `rendered`, and `success_rate` (0 to 100), `p50_s`, `p95_s` as
        in `get_performance_history`, None without jobs. Its cost depends on the minutes and not on
        the jobs. Raises ConfigError for steps that are no whole minutes, or too many of them.
        """
        hint = "write whole minutes in seconds: 60, 300, 3600"
        step_s = arguments.a_number(every_s, "every_s", hint, least=60, most=arguments.MOST_ROWS)
        if step_s % 60:
            raise arguments.refused("every_s", every_s, hint)
        every_s = int(step_s)
        minutes = arguments.a_number(
            minutes, "minutes", "write minutes, like 60", most=arguments.MOST_HOURS * 60
        )
        steps = math.ceil(minutes * 60 / every_s) if minutes > 0 else 0
        if not 1 <= steps <= MOST_STEPS:
            raise ConfigError(
                f"{minutes:g} minutes have {steps:,} steps of {every_s} s",
                hint=f"choose minutes and every_s so that there are 1 to {MOST_STEPS:,}",
            )
        every_ms = every_s * 1000
        first_ms = floor_ms(now_ms(), every_ms) - (steps - 1) * every_ms
        known = {
            span.start_ms: span for span in spans_since(self.services.engine, first_ms, every_ms)
        }
        starts = [first_ms + step * every_ms for step in range(steps)]
        steps_known = [_step(known.get(start_ms) or Span(start_ms)) for start_ms in starts]
        return Series(every_s=every_s, series=steps_known)

    def get_error_groups(self, hours: float = 24, limit: int = 10) -> list[ErrorGroup]:
        """The most frequent kinds of errors, the most frequent first, each with its newest example.

        `error_kind`, `count`, `example_url`, `example_message`, `example_job_id`, `last_at` (ISO
        8601, UTC). An error recorded by hand has no URL; where every job of a kind was tried again
        or deleted since, there is no example and all four are None. URLs and messages are as
        strangers wrote them: text, never markup. Its cost does not depend on the number of jobs.
        """
        since_ms = now_ms() - round(arguments.hours(hours) * HOUR_MS)
        limit = arguments.a_limit(limit)
        return [
            ErrorGroup(
                error_kind=group.error_kind,
                count=group.count,
                example_url=group.url,
                example_message=group.message,
                example_job_id=group.job_id,
                last_at=None if group.at_ms is None else iso(group.at_ms),
            )
            for group in database.history.error_groups(self.services.engine, since_ms, limit)
        ]

    def get_host_history(self, hours: float = 24) -> HostHistory:
        """`history`: an entry each time that a host's breaker changed, oldest first.

        `timestamp` (ISO 8601, UTC), `host`, `event` (opened, given_up, closed), `error_kind` and
        `error_message` of its last failure, both "" when it closed. It is kept in the record, so it
        is there whatever happens to Redis.
        """
        hours = arguments.hours(hours)
        since_ms = now_ms() - round(hours * HOUR_MS)
        history = []
        for one in database.history.host_events_since(self.services.engine, since_ms):
            history.append(
                HostEventAt(
                    timestamp=iso(one.at_ms),
                    host=one.host,
                    event=one.event,
                    error_kind=one.error_kind,
                    error_message=one.error_message,
                )
            )
        return HostHistory(hours=hours, history=history)

    def _lately(self, past_ms: int = LATELY_MS) -> Span:
        return merged(spans_since(self.services.engine, now_ms() - past_ms))

    def _job_progress(self, job: Job) -> JobProgress:
        share, left_s = 0.0, None
        if job.status in FINAL:
            share = 100.0
        elif job.status is JobStatus.RUNNING and job.started_at is not None:
            running_s = (clock.now() - job.started_at).total_seconds()
            lately = self._lately()
            if not lately.timed:
                lately = self._lately(DAY_MS)
            limit_s = self._queue.find_batch(job.batch_id).config.total_timeout_s
            usual_s = lately.mean_s or limit_s
            share = min(MOST_WHILE_RUNNING, 100 * running_s / usual_s)
            whole_s = stats.expected_s(running_s, usual_s, lately.latencies, limit_s)
            left_s = max(0.0, whole_s - running_s)
        ended = job.finished_at or clock.now()
        return JobProgress(
            job_id=job.id,
            status=job.status.value,
            progress_percentage=round(share, 1),
            estimated_completion=_from_now(left_s),
            elapsed_s=max(0.0, (ended - job.created_at).total_seconds()),
            attempts=job.attempts,
            error_kind=job.error_kind.value if job.error_kind else None,
            error_message=job.error_message,
        )

    def _batch_progress(self, batch: Batch) -> BatchProgress:
        left = batch.total - batch.done
        elapsed_s = ((batch.finished_at or clock.now()) - batch.created_at).total_seconds()
        fetched = batch.done - batch.from_store
        rate = fetched / elapsed_s if elapsed_s > 0 and fetched else None
        return BatchProgress(
            job_id=batch.id,
            status=batch.state.value if left else "completed",
            progress_percentage=round(stats.percentage(batch.done, batch.total), 1),
            estimated_completion=_from_now(stats.eta_s(left, rate)) if left else None,
            elapsed_s=elapsed_s,
            total=batch.total,
            completed=batch.completed,
            failed=batch.failed,
            cancelled=batch.cancelled,
            rendered=batch.rendered,
        )


def _where(settings: Settings) -> str:
    return "a Redis of your own" if settings.shared else f"{settings.home}"


def _without_record(error: DatabaseUnavailable, settings: Settings, where: str) -> SystemHealth:
    full = stats.full_disk(free_bytes(settings))
    problem = f"{full}. {error.problem}" if full else error.problem
    hint = stats.MAKE_ROOM if full else error.hint
    return unhealthy(problem, hint, where=where, database_answers=False)


def _cluster_now(settings: Settings, *, answers: bool) -> ClusterStatus:
    """The private cluster; in shared mode there is none to look at. answers: whether its Redis does."""
    if settings.shared:
        return ClusterStatus(settings.home)
    try:
        return cluster.status(settings.home, timeout_s=bounded.BUDGET_S if answers else LEAST_S)
    except ClusterFailed as error:  # it lives and does not answer
        return ClusterStatus(settings.home, running=True, problem=str(error))


def _performance(span: Span) -> dict[str, Any]:
    """The fields of `Performance`."""
    return {
        "jobs_processed": span.finished,
        "succeeded": span.succeeded,
        "failed": span.failed,
        "rendered": span.rendered,
        "success_rate": stats.success_rate(span.succeeded, span.failed),
        "average_processing_time_s": span.mean_s,
        **{f"p{percent}_s": span.quantile_s(percent / 100) for percent in (50, 90, 95, 99)},
    }


def _step(span: Span) -> Step:
    return Step(
        timestamp=iso(span.start_ms),
        jobs_processed=span.finished,
        succeeded=span.succeeded,
        failed=span.failed,
        rendered=span.rendered,
        success_rate=stats.success_rate(span.succeeded, span.failed),
        p50_s=span.quantile_s(0.5),
        p95_s=span.quantile_s(0.95),
    )


def _from_now(seconds: float | None) -> str | None:
    return None if seconds is None else (clock.now() + timedelta(seconds=seconds)).isoformat()
