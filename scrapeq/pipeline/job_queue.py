"""Submitting jobs and batches, and asking for, changing and ending them.

    queue = get_job_queue()
    job = queue.submit_scraping_job("https://example.com", priority=3)
    queue.get_job_status(job.id).status

Nothing here loads an HTTP client or a parser: workers are reached by the tasks' names.
"""

from __future__ import annotations

import hashlib
import logging
import time
import uuid
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from scrapeq import clock, cluster, database, display, frames, urls
from scrapeq.clock import now_ms
from scrapeq.database.batches import NewJob
from scrapeq.errors import (
    ClusterFailed,
    ConfigError,
    DatabaseUnavailable,
    InputError,
    NotFound,
    NoWorkersWarning,
    RedisFull,
    RedisUnavailable,
    ScrapeqError,
    WaitTimeout,
)
from scrapeq.models import (
    FINAL,
    Batch,
    BatchState,
    ErrorKind,
    Failure,
    Job,
    JobStatus,
    ScrapingConfig,
)
from scrapeq.project import recovery
from scrapeq.project.services import Services, shared_services
from scrapeq.settings import Settings

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger(__name__)

HIGHEST_PRIORITY, LOWEST_PRIORITY, USUAL_PRIORITY = 1, 9, 5
#: Characters of a cell that its row shows: any URL that can be fetched is shorter.
SHOWN_URL = 8_000


def get_job_queue(settings: Settings | None = None) -> JobQueue:
    """The queue of these settings (by default the environment's), ready to take jobs.

    Without REDIS_URL a private Redis and workers are found or started; they end with the last
    process that uses them. Asking again gives a queue to the same jobs.

    Raises RedisUnavailable, RedisEvicts, ClusterFailed, DatabaseUnavailable, ConfigError.
    """
    queue = JobQueue(shared_services(settings))
    recovery.recover(queue.services)
    return queue


class JobQueue:
    """Jobs and batches of one project. Many may speak with the same project at once."""

    def __init__(self, services: Services) -> None:
        self.services = services

    def __repr__(self) -> str:
        mode = "shared" if self.services.settings.shared else "private"
        record = display.plain(self.services.engine.url.database, 120)
        return f"<JobQueue on a {mode} Redis, record {record!r}>"

    def _repr_html_(self) -> str:
        mode = "shared" if self.services.settings.shared else "private"
        facts: dict[str, object] = {
            "record": _record_in_words(self.services.engine.url),
            "Redis": mode,
        }
        try:
            counts = {
                s.value: n for s, n in database.jobs.count_by_status(self.services.engine).items()
            }
        except DatabaseUnavailable as error:
            return display.card("JobQueue", facts, note=error, away="the record is away")
        try:
            now = self.services.frontier.counts()
            _tell_open_apart(counts, now)
            paused = self.services.frontier.paused()
        except RedisUnavailable as error:
            note: object = error
            if not self.services.settings.shared:
                note = "without a private cluster nothing is done: scrape() or scrapeq up starts it"
            return display.card("JobQueue", facts, _drawn(counts), note, away="Redis is away")
        if paused:
            facts["spared hosts"] = f"{len(paused):,}: paused_hosts() lists them"
        total, workers = sum(counts.values()), now["workers"]
        corner = f"{total:,} jobs · {workers:,} {'worker' if workers == 1 else 'workers'}"
        return display.card("JobQueue", facts, _drawn(counts), corner=corner)

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
        if isinstance(parsed, Failure):
            raise InputError(parsed.message, hint="write a URL like https://example.com/page")
        batch = self.submit_batch([url], config, priority=priority, batch_id=job_id, single=True)
        job = self.get_job_status(batch.id)
        if self.services.settings.shared and not self.services.frontier.workers():
            self.warn_without_workers()
        return job

    def submit_batch(
        self,
        values: Sequence[object],
        config: ScrapingConfig | None = None,
        *,
        priority: int = USUAL_PRIORITY,
        name: str | None = None,
        url_column: str | None = None,
        table: Iterable[bytes] = (),
        refresh: bool = False,
        batch_id: str | None = None,
        single: bool = False,
    ) -> Batch:
        """Accept a column of URLs in bulk; when this returns, each will have exactly one row.

        What is no URL becomes a row with a reason at once. A URL that stands in the column twice
        is fetched once and gives every row. With `config.max_age`, stored pages that were read
        with the same recipe answer without a request, unless `refresh`.

        Raises ConfigError for a bad priority; InputError for an empty column; RedisFull, and then
        the batch stays in the record as cancelled.
        """
        config = config or ScrapingConfig()
        _check_priority(priority)
        if not len(values):
            raise InputError("there are no URLs", hint="give at least one")
        batch_id = batch_id or new_id()
        print_of = fingerprint(values, config)
        if refresh:
            config = config.replace(max_age=None)
        answers = self._stored_answers(values, config)
        batch = database.batches.add_batch(
            self.services.engine,
            batch_id=batch_id,
            name=name,
            config=config,
            fingerprint=print_of,
            total=len(values),
            rows=_rows(
                batch_id,
                values,
                priority,
                answers,
                single_id=batch_id if single else None,
                merge=config.merge_duplicates,
            ),
            url_column=url_column,
            table=table,
        )
        if batch.state is BatchState.OPEN:
            try:
                recovery.feed(self.services, batch)
            except RedisFull:  # what was not accepted is not to be done some day
                self.cancel_batch(batch.id)
                raise
        return batch

    def _stored_answers(self, values: Sequence[object], config: ScrapingConfig) -> dict[str, str]:
        if not config.max_age:
            return {}
        newer_than_ms = now_ms() - int(config.max_age.total_seconds() * 1000)
        parsed = [url.key for url in urls.parse_many(values) if not isinstance(url, Failure)]
        return database.results.stored_answers(
            self.services.engine, parsed, config.recipe.digest, newer_than_ms
        )

    # -- jobs --------------------------------------------------------------------------------

    def get_job_status(self, job_id: str) -> Job:
        """The job as it is now, with its result once it is finished.

        Raises NotFound for an id that was never submitted, or was cleaned up.
        """
        found = self.get_jobs([job_id])
        if not found:
            raise NotFound(
                f"there is no job {job_id!r}",
                hint="check the id, SCRAPEQ_HOME or SCRAPEQ_DATABASE_URL; old jobs may have been "
                "cleaned up",
            )
        job = found[0]
        if job.status in FINAL:
            page = database.results.read_pages(self.services.engine, [job_id]).get(job_id)
            job = job.model_copy(update={"result": page})
        return job

    def get_jobs(self, job_ids: Sequence[str]) -> list[Job]:
        """Those of the jobs that exist, in the order asked for, without their results."""
        found = database.jobs.get_jobs(self.services.engine, job_ids)
        return self._as_they_stand([found[job_id] for job_id in job_ids if job_id in found])

    def update_job_status(self, job_id: str, status: JobStatus | str, **kwargs: Any) -> Job:
        """Give a job another status by hand: `error_message` and `error_kind` may be given too.

        Raises NotFound, IllegalMove for a move that cannot be, ConfigError for an unknown detail.
        """
        unknown = set(kwargs) - {"error_message", "error_kind"}
        if unknown:
            raise ConfigError(
                f"update_job_status does not take {', '.join(sorted(unknown))}",
                hint="give error_message or error_kind",
            )
        status = JobStatus(status)
        kind = kwargs.get("error_kind")
        before = self.get_job_status(job_id)
        database.jobs.move_job(
            self.services.engine,
            job_id,
            status,
            error_kind=ErrorKind(kind) if kind else None,
            error_message=kwargs.get("error_message"),
        )
        if status in FINAL:
            self.services.frontier.forget([job_id])
        elif before.status in FINAL:
            self._feed_again(before.batch_id)
        return self.get_job_status(job_id)

    def cancel_job(self, job_id: str) -> bool:
        """Stop a job: a waiting one never starts, a running one ends within 2 s.

        False if it was finished already. Raises NotFound.
        """
        job = self.get_job_status(job_id)
        if job.status in FINAL:
            return False
        cancelled = database.jobs.cancel_jobs(self.services.engine, job.batch_id, [job_id])
        self.services.frontier.forget([job_id])
        return cancelled > 0

    def get_active_jobs(self, limit: int = 100) -> list[Job]:
        """Open jobs, those that run first, then those that are next; at most `limit`.

        Its cost depends on `limit` and not on the number of jobs.
        """
        frontier = self.services.frontier
        ids = frontier.running_ids(limit) + frontier.next_ids(limit)  # some may be done by now
        active = [job for job in self.get_jobs(ids) if job.status not in FINAL]
        by_status = database.jobs.count_by_status(self.services.engine)
        if len(active) < min(limit, by_status[JobStatus.PENDING]):  # some are not in Redis yet
            known = {job.id for job in active}
            waiting = database.jobs.find_jobs(
                self.services.engine,
                limit=limit,
                statuses=[status for status in JobStatus if status not in FINAL],
            )
            active += [job for job in self._as_they_stand(waiting) if job.id not in known]
        return active[:limit]

    def get_job_history(
        self, limit: int = 100, status_filter: JobStatus | str | None = None
    ) -> list[Job]:
        """Jobs newest first, on request only those of one status."""
        statuses = None if status_filter is None else [JobStatus(status_filter)]
        if statuses and statuses[0] not in FINAL:
            return [job for job in self.get_active_jobs(10 * limit) if job.status in statuses][
                :limit
            ]
        found = database.jobs.find_jobs(self.services.engine, limit=limit, statuses=statuses)
        return self._as_they_stand(found)

    def cleanup_old_jobs(self, max_age_days: float = 30) -> int:
        """Delete what finished longer ago, pages and history too; how many jobs it was.

        Pages that a newer batch was answered with are kept for it.
        """
        if max_age_days < 0:
            raise ConfigError("max_age_days is below 0", hint="give the age in days, like 30")
        before = clock.now() - timedelta(days=max_age_days)
        return database.jobs.delete_before(self.services.engine, int(before.timestamp() * 1000))

    def get_queue_stats(self) -> dict[str, Any]:
        """`total_jobs`, `status_counts` by status, `active_tasks` (jobs that run now),
        `queue_lengths` of wake-ups and tasks by queue, and the number of live `workers`."""
        counts = {status.value: 0 for status in JobStatus}
        for status, count in database.jobs.count_by_status(self.services.engine).items():
            counts[status.value] = count
        now = self.services.frontier.counts()
        _tell_open_apart(counts, now)
        if self.services.settings.shared and counts["pending"] and not now["workers"]:
            self.warn_without_workers()
        return {
            "total_jobs": sum(counts.values()),
            "status_counts": counts,
            "active_tasks": counts["running"],
            "queue_lengths": self.services.queue_lengths(),
            "workers": now["workers"],
        }

    def paused_hosts(self) -> pd.DataFrame:
        """The hosts that are being spared now, one row each, the one spared for longest first.

        Columns: host string (also "ai endpoint ...", a language model's) · state category: open
        (nobody asks it until `until`), half_open (one request at a time, to see whether it is
        back), given_up (what is due ends as breaker_open until then) · error_kind category,
        error_message string: of its last failure · failures Int32: tries in a row that led to it ·
        probes Int32: single requests since that failed too · since, until datetime64[us, UTC]: when
        it opened, and when the pause ends or ended · waiting Int64: due jobs that wait for it.
        No such host gives an empty frame with these columns. Host names are as strangers wrote
        them: text, never markup. Raises RedisUnavailable.
        """
        return frames.paused_frame(self.paused_host_rows())

    def paused_host_rows(self) -> list[dict[str, Any]]:
        """The rows of `paused_hosts` as dicts, with times in seconds since 1970, without pandas."""
        rows = []
        for paused in self.services.frontier.paused():
            kind, _, message = paused.said.partition(": ")
            rows.append(
                {
                    "host": paused.host,
                    "state": paused.state,
                    "error_kind": kind,
                    "error_message": message,
                    "failures": paused.failures,
                    "probes": paused.probes,
                    "since": paused.since_ms / 1000,
                    "until": paused.until_ms / 1000,
                    "waiting": paused.waiting,
                }
            )
        return rows

    def wait(self, job_id: str, timeout: float | None = None) -> Job:
        """The job once it is finished; `timeout` in seconds.

        Raises WaitTimeout when the time is over (the job goes on), NotFound.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        while (job := self.get_job_status(job_id)).status not in FINAL:
            if deadline is not None and time.monotonic() > deadline:
                raise WaitTimeout(
                    f"job {job_id} is not finished after {timeout:g} s",
                    hint="it goes on: wait again, or look at get_job_status",
                )
            time.sleep(0.05)
        return job

    # -- batches -----------------------------------------------------------------------------

    def find_batch(self, name_or_id: str) -> Batch:
        """The batch with this id, or the newest run of this name. Raises NotFound."""
        batch = database.batches.find_batch(self.services.engine, name_or_id)
        if batch is None:
            names = dict.fromkeys(batch.name for batch in self.list_batches(20) if batch.name)
            raise NotFound(
                f"there is no batch {name_or_id!r}",
                hint=f"there are: {', '.join(names)}"
                if names
                else f"no batch has a name in {self.services.engine.url.database}",
            )
        return batch

    def list_batches(self, limit: int = 100) -> list[Batch]:
        """The newest batches, newest first, without single jobs."""
        return database.batches.list_batches(self.services.engine, limit)

    def pause_batch(self, batch_id: str) -> bool:
        """Start nothing more of it; what runs ends. False if it is finished."""
        self.services.frontier.stop_batch(batch_id, "paused")
        if database.batches.set_state(self.services.engine, batch_id, BatchState.PAUSED):
            return True
        self.services.frontier.release_batch(batch_id)
        return False

    def resume_batch(self, batch_id: str) -> bool:
        """Go on with a paused batch. False if it is finished."""
        if not database.batches.set_state(self.services.engine, batch_id, BatchState.OPEN):
            return False
        self.services.frontier.release_batch(batch_id)
        batch = self.find_batch(batch_id)
        self.services.wake(batch.total - batch.done)
        return True

    def cancel_batch(self, batch_id: str) -> int:
        """Stop every open job of it; how many there were. None starts once this has returned."""
        self.services.frontier.stop_batch(batch_id, "cancelled")
        open_jobs = database.jobs.all_open_jobs(self.services.engine, batch_id)
        known = [job.id for some in open_jobs for job in some]
        cancelled = database.jobs.cancel_jobs(self.services.engine, batch_id)
        self.services.frontier.forget(known)
        self.services.frontier.release_batch(batch_id)
        return cancelled

    def retry_failed(self, batch_id: str, kinds: Sequence[ErrorKind | str] | None = None) -> int:
        """Put failed and cancelled jobs back, on request only some kinds; how many."""
        chosen = None if kinds is None else [ErrorKind(kind) for kind in kinds]
        reopened = database.jobs.reopen_jobs(self.services.engine, batch_id, chosen)
        if reopened:
            self._feed_again(batch_id)
        return reopened

    # -- inside ------------------------------------------------------------------------------

    def _feed_again(self, batch_id: str) -> None:
        batch = self.find_batch(batch_id)
        if batch.state is BatchState.OPEN:  # it may have been paused when it was finished
            self.services.frontier.release_batch(batch_id)
        recovery.feed(self.services, batch)

    def _as_they_stand(self, found: Sequence[Job]) -> list[Job]:
        """The record's jobs with what Redis knows of the open ones."""
        open_ids = [job.id for job in found if job.status not in FINAL]
        if not open_ids:
            return list(found)
        standings = self.services.frontier.standings(open_ids)
        jobs = []
        for job in found:
            standing = standings.get(job.id)
            if standing is not None and standing.known:
                changes: dict[str, Any] = {
                    "status": standing.status,
                    "attempts": standing.tries,
                }
                if standing.why:
                    kind, _, message = standing.why.partition(": ")
                    changes |= {"error_kind": ErrorKind(kind), "error_message": message}
                job = job.model_copy(update=changes)  # noqa: PLW2901 - the newer value of it
            jobs.append(job)
        return jobs

    def look_after_workers(self) -> bool:
        """Whether anybody works; a private cluster that has ended is started again."""
        settings = self.services.settings
        try:
            if not settings.shared and settings.autostart:
                cluster.ensure_cluster(settings)
                recovery.recover(self.services)  # workers would, but take seconds to start
            return bool(self.services.frontier.workers())
        except ScrapeqError:  # whoever waits goes on waiting; what reads the answer will say it
            return False

    def warn_without_workers(self, stacklevel: int = 2) -> None:
        """Warn that jobs wait and nobody works, with what is known of the reason."""
        settings = self.services.settings
        advice = "Start one: celery -A scrapeq.pipeline.worker worker"
        if not settings.shared:
            advice = f"See {settings.home / 'logs'}"
            with suppress(ClusterFailed):
                advice = f"{cluster.status(settings.home).problem} {advice}".strip()
        warnings.warn(
            f"No workers available for task processing. {advice}",
            NoWorkersWarning,
            stacklevel=stacklevel + 1,
        )


def new_id() -> str:
    """A short id that nobody else has: 60 random bits."""
    return uuid.uuid4().hex[:15]


def job_id(batch_id: str, row: int) -> str:
    """The id of the job of a batch's row."""
    return f"{batch_id}-{row}"


def fingerprint(values: Sequence[object], config: ScrapingConfig) -> str:
    """The same for the same column with the same options, to tell whether a cell asks anew.

    `max_age` does not count: it says when to ask again, not what for.
    """
    options = config.to_storage()
    options.pop("max_age", None)
    digest = hashlib.sha256(repr(sorted(options.items())).encode())
    for value in values:
        digest.update(str(value).encode("utf-8", "replace") + b"\0")
    return digest.hexdigest()


def _tell_open_apart(counts: dict[str, int], now: dict[str, int]) -> None:
    """The record counts all open jobs as pending; Redis knows which of them run or wait to."""
    counts["running"] = min(now["running"], counts["pending"])
    counts["retrying"] = min(now["retrying"], counts["pending"] - counts["running"])
    counts["pending"] -= counts["running"] + counts["retrying"]


def _record_in_words(url: sa.URL) -> str:
    """Where the record is: a file, or a database and its host. Nothing else of the URL, which may
    hold a password in more places than one."""
    if url.get_backend_name() == "sqlite":
        return str(url.database)
    return f"{url.database} on {url.host or 'this machine'}"


def _drawn(counts: dict[str, int]) -> dict[str, int]:
    """Counts by status in the order of a bar."""
    order = ("completed", "failed", "cancelled", "running", "retrying", "pending")
    return {status: counts.get(status, 0) for status in order}


def _check_priority(priority: int) -> None:
    if (
        not isinstance(priority, int)
        or isinstance(priority, bool)
        or not HIGHEST_PRIORITY <= priority <= LOWEST_PRIORITY
    ):
        raise ConfigError(
            f"priority is {priority!r}", hint="write a whole number from 1 (first) to 9 (last)"
        )


def _rows(
    batch_id: str,
    values: Sequence[object],
    priority: int,
    answers: dict[str, str],
    single_id: str | None,
    *,
    merge: bool,
) -> Iterator[NewJob]:
    """A job for every value, in order: refused, answered by another job's page, or to be fetched."""
    first_with: dict[str, str] = {}
    for row, (value, parsed) in enumerate(zip(values, urls.parse_many(values), strict=True)):
        identity = single_id or job_id(batch_id, row)
        if isinstance(parsed, Failure):
            shown = _storable(value)
            yield NewJob(identity, row, shown, shown, "", priority, parsed.kind, parsed.message)
            continue
        answer = answers.get(parsed.key)
        page_of = answer or (first_with.setdefault(parsed.key, identity) if merge else identity)
        yield NewJob(
            identity,
            row,
            _storable(parsed.text),
            parsed.href,
            parsed.host,
            priority,
            page_of=None if page_of == identity else page_of,
            answered=answer is not None,
        )


def _storable(value: object) -> str:
    """A cell as the record can keep it, whatever it holds."""
    text = "" if value is None else str(value)[:SHOWN_URL]
    return text.replace("\0", "").encode("utf-8", "replace").decode()
