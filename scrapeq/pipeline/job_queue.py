"""Submitting jobs and batches, and asking for, changing and ending them.

    queue = get_job_queue()
    job = queue.submit_scraping_job("https://example.com", priority=3)
    queue.get_job_status(job.id).status

Nothing here loads an HTTP client or a parser: workers are reached by the tasks' names.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from scrapeq import clock, database, display, frames, models, project, urls
from scrapeq.clock import now_ms
from scrapeq.errors import (
    ConfigError,
    DatabaseUnavailable,
    InputError,
    NotFound,
    RedisFull,
    RedisUnavailable,
    ScrapeqError,
)
from scrapeq.models.priority import USUAL_PRIORITY
from scrapeq.pipeline import arguments

if TYPE_CHECKING:
    import pandas as pd

    from scrapeq.database.stored_pages import StoredAnswers
    from scrapeq.frontier import Frontier
    from scrapeq.models import Batch, ErrorKind, Job, JobStatus, QueueStats, ScrapingConfig
    from scrapeq.models.away import Away
    from scrapeq.models.paused_host import PausedHost
    from scrapeq.project.services import Services
    from scrapeq.project.submission import Submission
    from scrapeq.settings import Settings


def get_job_queue(settings: Settings | None = None) -> JobQueue:
    """The queue of these settings (by default the environment's), ready to take jobs.

    Without REDIS_URL a private Redis and workers are found or started; they end with the last
    process that uses them. Asking again gives a queue to the same jobs.

    Raises RedisUnavailable, RedisEvicts, ClusterFailed, DatabaseUnavailable, ConfigError.
    """
    services = project.services.shared_services(arguments.some_settings(settings))
    project.waiting.patiently(services, lambda: project.recovery.recover(services), changes=True)
    return JobQueue(services)


def get_looking_queue(settings: Settings | None = None) -> JobQueue:
    """A queue of the same project to look with: nothing is started, and Redis may be missing.

    Raises DatabaseUnavailable, ConfigError.
    """
    return JobQueue(project.services.shared_looking_services(settings))


def working(queue: JobQueue) -> JobQueue:
    """A queue of the same project that has workers: this one, or, where the private cluster ended
    meanwhile, one on a cluster that was started again. Raises what `get_job_queue` raises."""
    try:
        queue.services.check_redis()
    except ScrapeqError:
        return get_job_queue(queue.services.settings)
    project.staffing.look_after_workers(queue.services)
    return queue


def owned_by(queue: JobQueue, owner: str) -> JobQueue:
    """A queue of the same project whose batches belong to somebody else than SCRAPEQ_OWNER."""
    return JobQueue(project.services.owned_by(queue.services, owner))


def check(queue: JobQueue, *, redis: bool = True) -> None:
    """Nothing, if the record and, unless `redis` is False, Redis answer within ten seconds, or within
    the budget of whoever asks. Raises DatabaseUnavailable, RedisUnavailable."""
    with project.bounded.budget(project.bounded.ANSWER_S):
        queue.services.check_record()
        if redis:
            queue.services.check_redis()


def away(queue: JobQueue, error: RedisUnavailable | DatabaseUnavailable) -> Away:
    """What is away, since when, and what to do about it, where `error` was raised."""
    if isinstance(error, RedisUnavailable):
        return project.away.redis_away(queue.services, error)
    return project.away.record_away(queue.services, error)


def submitted(queue: JobQueue, submission: Submission) -> tuple[Batch, StoredAnswers]:
    """`JobQueue.submit`, and what the stored pages answered or did not."""
    rows = len(submission.values)
    with project.tracing.span("submit", submission.batch_id, rows=rows):
        return _submitted(queue, submission)


def _submitted(queue: JobQueue, submission: Submission) -> tuple[Batch, StoredAnswers]:
    batch, answers = project.submitting.accepted(queue.services, submission)
    if batch.state is models.BatchState.OPEN:
        try:
            project.steering.begin(queue.services, batch)
        except RedisFull:  # what was not accepted is not to be done some day
            queue.cancel_batch(batch.id)
            raise
    return batch, answers


class JobQueue:
    """Jobs and batches of one project. Many may speak with the same project at once."""

    def __init__(self, services: Services) -> None:
        self.services = services

    def __repr__(self) -> str:
        mode = "shared" if self.is_shared else "private"
        record = display.plain(self.services.engine.url.database, 120)
        return f"<JobQueue on a {mode} Redis, record {record!r}>"

    def _repr_html_(self) -> str:
        services, record = (
            self.services,
            project.queue_card.record_in_words(self.services.engine.url),
        )
        with project.bounded.budget():
            try:
                counts = services.record.ask(lambda: database.jobs.count_by_status(services.engine))
            except DatabaseUnavailable as error:
                return project.queue_card.queue_card(
                    record, is_shared=self.is_shared, away=away(self, error)
                )
            try:
                now, paused = services.redis.ask(lambda: _counts_and_paused(services.frontier))
            except RedisUnavailable as error:
                counts_now = project.open_jobs.counted(counts.items(), 0, 0)
                return project.queue_card.queue_card(
                    record, counts_now, is_shared=self.is_shared, away=away(self, error)
                )
        counts_now = project.open_jobs.counted(counts.items(), now["running"], now["retrying"])
        return project.queue_card.queue_card(
            record, counts_now, is_shared=self.is_shared, workers=now["workers"], paused=paused
        )

    @property
    def is_shared(self) -> bool:
        """Whether its Redis is one that REDIS_URL names, and not a private one."""
        return self.services.settings.shared

    @property
    def where(self) -> str:
        """Which project it is, for people: a folder, or a Redis of their own."""
        return "a Redis of your own" if self.is_shared else str(self.services.settings.home)

    # -- submitting --------------------------------------------------------------------------

    def submit_scraping_job(
        self,
        url: str,
        config: ScrapingConfig | None = None,
        priority: int = USUAL_PRIORITY,
        *,
        job_id: str | None = None,
    ) -> Job:
        """Accept one URL; when this returns, the job will have exactly one result.

        `priority` is 1 (first) to 9 (last). The URL is always fetched, unless `config.max_age`
        says that a stored page will do.

        Raises InputError for something that is no http(s) URL, ConfigError for a bad priority.
        """
        parsed = urls.parse(url)
        if isinstance(parsed, models.Failure):
            raise InputError(parsed.message, hint="write a URL like https://example.com/page")
        services = self.services
        submission = project.submission.Submission(
            [url],
            arguments.a_config(config),
            priority=priority,
            batch_id=project.submission.new_id() if job_id is None else arguments.an_id(job_id),
            single=True,
        )
        if submission.config.max_age:  # a stored page may answer it
            job = self.get_job_status(self.submit(submission).id)
        else:
            try:
                with project.tracing.span("submit", submission.batch_id, rows=1):
                    job = services.singles.submit(services, submission)
            except RedisFull:  # what was not accepted is not to be done some day
                self.cancel_batch(submission.batch_id)
                raise
        if self.is_shared and services.workers_seen.is_due:
            project.staffing.warn_if_nobody_works(services)
        return job

    def submit_batch(
        self,
        values: Sequence[object],
        config: ScrapingConfig | None = None,
        *,
        priority: int = USUAL_PRIORITY,
        name: str | None = None,
        batch_id: str | None = None,
        single: bool = False,
    ) -> Batch:
        """Accept a column of URLs in bulk; when this returns, each will have exactly one row.

        See `submit`, which takes all that a submission may hold. Raises what it raises.
        """
        return self.submit(
            project.submission.Submission(
                arguments.cells(values),
                arguments.a_config(config),
                priority=priority,
                name=None if name is None else arguments.a_text(name, "name"),
                batch_id=project.submission.new_id()
                if batch_id is None
                else arguments.an_id(batch_id),
                single=single,
            )
        )

    def submit(self, submission: Submission) -> Batch:
        """Accept a submission; when this returns, each of its cells will have exactly one row.

        What is no URL becomes a row with a reason at once. A URL that stands in the column twice
        is fetched once and gives every row. With `config.max_age`, stored pages that were read
        with the same recipe answer without a request, unless `refresh`.

        Raises RedisFull, and then the batch stays in the record as cancelled; AlreadyThere for a
        batch_id that is taken.
        """
        if not isinstance(submission, project.submission.Submission):
            raise arguments.refused("submission", submission, "write Submission(urls, config)")
        return submitted(self, submission)[0]

    # -- jobs --------------------------------------------------------------------------------

    def get_job_status(self, job_id: str) -> Job:
        """The job as it is now, with its result once it is finished.

        Raises NotFound for an id that was never submitted, or was cleaned up.
        """
        job_id = arguments.an_id(job_id)
        found = self.get_jobs([job_id])
        if not found:
            raise _no_job(self.services, job_id)
        job = found[0]
        if job.status in models.FINAL:
            page = database.page_rows.read_pages(self.services.engine, [job_id]).get(job_id)
            job = job.model_copy(update={"result": page})
        return job

    def get_jobs(self, job_ids: Sequence[str]) -> list[Job]:
        """Those of the jobs that exist, in the order asked for, without their results."""
        job_ids = arguments.ids(job_ids)
        found = database.jobs.get_jobs(self.services.engine, job_ids)
        known = [found[job_id] for job_id in job_ids if job_id in found]
        return project.open_jobs.as_they_stand(self.services.frontier, known)

    def update_job_status(self, job_id: str, status: JobStatus | str, **kwargs: Any) -> Job:
        """Give a job another status by hand: `error_message` and `error_kind` may be given too.

        The status that it shows decides what may follow (see `models.job.LEGAL_MOVES`): `pending`
        stops its try and begins anew, `retrying` gives it its next try, `running` takes it from the
        workers until it is given another status, and the others end it. Raises NotFound, IllegalMove
        for a move that cannot be, ConfigError for an unknown detail.
        """
        unknown = set(kwargs) - {"error_message", "error_kind"}
        if unknown:
            raise ConfigError(
                f"update_job_status does not take {', '.join(sorted(unknown))}",
                hint="give error_message or error_kind",
            )
        status = arguments.a_status(status)
        kind, message = kwargs.get("error_kind"), kwargs.get("error_message")
        project.by_hand.move(
            self.services,
            self.get_job_status(job_id),
            status,
            error_kind=None if kind is None else arguments.an_error_kind(kind),
            error_message=None if message is None else arguments.a_text(message, "error_message"),
        )
        return self.get_job_status(job_id)

    def cancel_job(self, job_id: str) -> bool:
        """Stop a job: a waiting one never starts, a running one ends within 2 s.

        False if it was finished already. Raises NotFound.
        """
        job = self.get_job_status(job_id)
        if job.status in models.FINAL:
            return False
        cancelled = database.jobs.cancel_jobs(self.services.engine, job.batch_id, [job_id])
        project.steering.forget(self.services, job_id)
        return cancelled > 0

    def get_active_jobs(self, limit: int = 100) -> list[Job]:
        """Open jobs, those that run first, then those that are next; at most `limit`.

        Its cost depends on `limit` and not on the number of jobs.
        """
        limit = arguments.a_limit(limit)
        if not limit:
            return []
        frontier = self.services.frontier
        ids = frontier.views.running_ids(limit) + frontier.views.next_ids(
            limit
        )  # some may be done by now
        active = [job for job in self.get_jobs(ids) if job.status not in models.FINAL]
        by_status = database.jobs.count_by_status(self.services.engine)
        open_jobs = by_status[models.JobStatus.PENDING] + by_status[models.JobStatus.RUNNING]
        if len(active) < min(limit, open_jobs):  # some are not in Redis
            known = {job.id for job in active}
            waiting = database.jobs.find_jobs(
                self.services.engine,
                limit=limit,
                statuses=[status for status in models.JobStatus if status not in models.FINAL],
            )
            active += [
                job
                for job in project.open_jobs.as_they_stand(self.services.frontier, waiting)
                if job.id not in known
            ]
        return active[:limit]

    def get_job_history(
        self, limit: int = 100, status_filter: JobStatus | str | None = None
    ) -> list[Job]:
        """Jobs newest first, on request only those of one status.

        Without Redis it is what the record knows: an open job is pending. Raises RedisUnavailable where those that
        run or are retried are asked for.
        """
        limit = arguments.a_limit(limit)
        status = (
            None if status_filter is None else arguments.a_status(status_filter, "status_filter")
        )
        engine, statuses = self.services.engine, None if status is None else [status]
        try:
            if status is not None and status not in models.FINAL:
                active = self.get_active_jobs(10 * limit)
                return [job for job in active if job.status is status][:limit]
            found = database.jobs.find_jobs(engine, limit=limit, statuses=statuses)
            return project.open_jobs.as_they_stand(self.services.frontier, found)
        except RedisUnavailable as error:
            if status in {models.JobStatus.RUNNING, models.JobStatus.RETRYING}:
                project.away.check_nothing_runs(self.services, error)
            return database.jobs.find_jobs(engine, limit=limit, statuses=statuses)

    def cleanup_old_jobs(self, max_age_days: float = 30) -> int:
        """Delete what finished longer ago, pages and history too; how many jobs it was.

        Pages that a newer batch was answered with are kept for it.
        """
        days = arguments.days(max_age_days)
        before_ms = now_ms() - round(days * clock.DAY_MS)
        return database.jobs.delete_before(self.services.engine, before_ms).jobs

    def get_queue_stats(self) -> QueueStats:
        """`total_jobs`, `status_counts` by status, `active_tasks` (jobs that run now),
        `queue_lengths` of wake-ups and tasks by queue, and the number of live `workers`."""
        recorded = database.jobs.count_by_status(self.services.engine)
        now = self.services.frontier.views.counts()
        counts = project.open_jobs.counted(recorded.items(), now["running"], now["retrying"])
        if self.is_shared and counts["pending"] and not now["workers"]:
            project.staffing.warn_without_workers(self.services)
        return models.QueueStats(
            total_jobs=sum(counts.values()),
            status_counts=counts,
            active_tasks=counts["running"],
            queue_lengths=self.services.queue_lengths(),
            workers=now["workers"] + len(project.working_now.other_workers(self.services)),
        )

    def paused_hosts(self) -> pd.DataFrame:
        """The hosts that are paused now, one row each, the one paused for longest first.

        Columns: host string (also "ai endpoint ...", a language model's) · state category: open
        (no request until `until`), half_open (one request at a time, to see whether it is back),
        given_up (what is due ends as breaker_open until then) · error_kind category,
        error_message string: of its last failure · failures Int32: tries in a row that led to it ·
        probes Int32: single requests since that failed too · since, until datetime64[us, UTC]: when
        it opened, and when the pause ends or ended · waiting Int64: due jobs that wait for it.
        No such host gives an empty frame with these columns. Host names are as strangers wrote
        them: text, never markup. Raises RedisUnavailable.
        """
        rows = [
            host.model_dump() | {"since": host.since_s, "until": host.until_s}
            for host in self.paused_host_rows()
        ]
        return frames.paused_frame(rows)

    def paused_host_rows(self) -> list[PausedHost]:
        """The rows of `paused_hosts` as values, without pandas. Raises RedisUnavailable."""
        return [
            project.paused_hosts.paused_host(one) for one in self.services.frontier.views.paused()
        ]

    def wait(self, job_id: str, timeout: float | None = None) -> Job:
        """The job once it is finished; `timeout` in seconds.

        Raises WaitTimeout when the time is over (the job goes on), NotFound.
        """
        job_id, timeout = arguments.an_id(job_id), arguments.a_timeout(timeout)
        waiting = project.waiting.Waiting(self.services, f"job {job_id} is not finished", timeout)
        for pause_s in waiting:
            status = waiting.look(lambda: _recorded_status(self.services, job_id))
            if status in models.FINAL and (
                job := waiting.read(lambda: self.get_job_status(job_id))
            ):
                return job
            time.sleep(pause_s)
        raise AssertionError("it waits until it returns or raises")

    # -- batches -----------------------------------------------------------------------------

    def find_batch(self, name_or_id: str) -> Batch:
        """The batch with this id, or the newest run of this name. Raises NotFound."""
        name_or_id = arguments.an_id(
            name_or_id, "name_or_id", 'write the name or the id as text, like "firms"'
        )
        batch = database.batches.find_batch(self.services.engine, name_or_id)
        if batch is None:
            raise no_batch(self, name_or_id)
        return batch

    def list_batches(self, limit: int = 100) -> list[Batch]:
        """The newest batches, newest first, without single jobs."""
        return database.batches.list_batches(self.services.engine, arguments.a_limit(limit))

    def pause_batch(self, batch_id: str) -> bool:
        """Start nothing more of it; what runs ends. False if it is finished."""
        return project.steering.pause(self.services, arguments.an_id(batch_id, "batch_id"))

    def resume_batch(self, batch_id: str) -> bool:
        """Go on with a paused batch. False if it is finished."""
        return project.steering.resume(self.services, arguments.an_id(batch_id, "batch_id"))

    def cancel_batch(self, batch_id: str) -> int:
        """Stop every open job of it; how many there were. None starts once this has returned."""
        return project.steering.cancel(self.services, arguments.an_id(batch_id, "batch_id"))

    def retry_failed(
        self, batch_id: str, kinds: Sequence[ErrorKind | str] | None = None, **secrets: Any
    ) -> int:
        """Put failed and cancelled jobs back, on request only some kinds; how many.

        secrets: cookies, headers, proxy or actions of the batch, which were erased when it had ended, unless
        they were given by name. Raises ConfigError where one is missing.
        """
        arguments.secrets(secrets)
        batch_id = arguments.an_id(batch_id, "batch_id")
        chosen = arguments.error_kinds(kinds)
        reopened = database.jobs.reopen_jobs(self.services.engine, batch_id, chosen, secrets)
        if reopened:
            project.steering.begin_again(self.services, batch_id)
        return reopened


def no_batch(queue: JobQueue, name_or_id: str, name: str | None = None) -> NotFound:
    """That a batch is not in the record. name: what it was called, where that is known."""
    names = dict.fromkeys(batch.name for batch in queue.list_batches(200) if batch.name)
    known = (
        f"there are: {display.listed(names, near=name or name_or_id)}"
        if names
        else "no batch has a name here"
    )
    called = "" if name in {None, name_or_id} else f"; its name was {display.quoted(name)}"
    return NotFound(
        f"there is no batch {display.quoted(name_or_id)}{called}",
        hint=f"{known}; one that was done may have been deleted, by age or by number of rows "
        "(scrapeq cleanup, SCRAPEQ_KEEP_DAYS, SCRAPEQ_KEEP_ROWS)",
        where=project.queue_card.record_in_words(queue.services.engine.url),
    )


def _no_job(services: Services, job_id: str) -> NotFound:
    return NotFound(
        f"there is no job {display.quoted(job_id)}",
        hint="check the id; old jobs may have been cleaned up, and another record may have it",
        where=project.queue_card.record_in_words(services.engine.url),
    )


def _recorded_status(services: Services, job_id: str) -> JobStatus:
    """As the record has it, which knows when a job is finished. Raises NotFound."""
    found = database.jobs.get_jobs(services.engine, [job_id])
    if job_id not in found:
        raise _no_job(services, job_id)
    return found[job_id].status


def _counts_and_paused(frontier: Frontier) -> tuple[dict[str, int], int]:
    return frontier.views.counts(), len(frontier.views.paused())
