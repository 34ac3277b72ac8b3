"""Tables of what is going on and what was: jobs, batches, hosts, history, two runs compared.

import scrapeq as sq
sq.history(hours=24, every="1h")
sq.hosts()
sq.jobs(status="failed", host="example.com")
sq.compare("firms", "a1b2c3")

Each function reads the record (and, for what runs at this moment, Redis) and changes nothing.
Without a `queue` it looks at the environment's project without starting anything; a batch's handle
brings its own. While Redis does not answer, open jobs are pending and no host is known to be paused. Texts
are as strangers wrote them, and times in UTC. All raise DatabaseUnavailable; those that take a
`batch` (a name, which means its newest run, an id, or a handle) raise NotFound for one there is not.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar

from scrapeq import database, frames, stats
from scrapeq.client.handle import BatchHandle
from scrapeq.clock import DAY_MS, HOUR_MS, MINUTE_MS, now_ms, to_ms
from scrapeq.database.job_rows import JobFilter, JobRow
from scrapeq.database.minutes import floor_ms
from scrapeq.errors import ConfigError, NotFound, RedisUnavailable
from scrapeq.models import FINAL, Batch, ErrorKind, JobStatus
from scrapeq.pipeline.job_queue import JobQueue, get_looking_queue
from scrapeq.project.away import check_nothing_runs
from scrapeq.project.bounded import ANSWER_S, budget
from scrapeq.project.open_jobs import open_now

if TYPE_CHECKING:
    import pandas as pd
    import sqlalchemy as sa

    from scrapeq.frames import Steps
    from scrapeq.models.change import Seen

_EVERY = re.compile(r"^\s*(\d+)\s*(s|m|min|h|d)\s*$", re.IGNORECASE)
_UNITS_MS = {"s": 1_000, "m": MINUTE_MS, "min": MINUTE_MS, "h": HOUR_MS, "d": DAY_MS}
#: Rows of a history: two months of minutes, and more than anybody draws.
MOST_STEPS = 100_000
#: The steps that a history is cut into where none is named: the first with which it has at most
#: `FITTING_STEPS`, as many bars as a picture has room for.
FITTING_MS = (
    *(1_000, 5_000, 15_000),
    *(MINUTE_MS, 5 * MINUTE_MS, 15 * MINUTE_MS),
    *(HOUR_MS, 3 * HOUR_MS, DAY_MS, 7 * DAY_MS),
)
FITTING_STEPS = 60

_Slug = TypeVar("_Slug", bound=StrEnum)


def history(
    hours: float = 24,
    every: str | None = "1h",
    *,
    batch: str | BatchHandle | None = None,
    queue: JobQueue | None = None,
) -> pd.DataFrame:
    """How many jobs ended, how well and how fast, step by step; those without jobs too.

    every: how long a step is: "10s", "5m", "1h", "1d". Steps begin at whole multiples of it since
    1970, in UTC: days at midnight. With `batch` it covers the time from the batch's submission to
    its end, or to now, whatever `hours` says. None: steps that fit, seconds to weeks, and of
    the `hours` only the time from the first job that ended to the last one.

    Index `time`: DatetimeIndex, UTC, the start of each step. Columns: jobs, succeeded, failed,
    rendered (shown in a browser) Int64 · success_rate Float64, 0 to 100 · jobs_per_s Float64, over
    the part of the step that belongs to the past asked for · mean_s, p50_s, p90_s, p95_s, p99_s
    Float64. These five are seconds of a job's last try, from the first byte sent to the last one
    read, of the jobs that a request was sent for; percentiles come from a histogram and are right to
    12 %. NA where there is none. Cancelled jobs are not counted.

    Without a batch, jobs are what workers did: rows that were answered without a request (by
    stored pages, duplicates, no URL) are not among them; the cost depends on minutes, not on jobs,
    but for steps in seconds, for which every job of that time is read. With a
    batch they are, so that the sum is its completed and failed rows; all of its jobs are read, 1 s
    for a million. Raises ConfigError for an `every` or `hours` that cannot be met.
    """
    queue = _queue(queue, batch)
    engine = queue.services.engine
    found: Sequence[database.minutes.Span]
    if batch is None:
        steps = _last_hours(engine, hours, every)
        if steps.every_ms % MINUTE_MS:
            found = database.tallies.asked_spans(engine, steps.first_ms, steps.every_ms)
        else:
            found = database.minutes.spans_since(engine, steps.first_ms, steps.every_ms)
    else:
        of = _batch(queue, batch)
        every_ms = _lifetime_step_ms(of, every)
        found = database.tallies.batch_spans(engine, of.id, every_ms)
        steps = _lifetime(of, every_ms, [span.start_ms for span in found])
    found = [span for span in found if span.start_ms <= steps.last_ms]
    return frames.history_frame(steps, found, edges_s=stats.BUCKET_EDGES_S)


def error_history(
    hours: float = 24,
    every: str | None = "1h",
    *,
    batch: str | BatchHandle | None = None,
    queue: JobQueue | None = None,
) -> pd.DataFrame:
    """How many jobs ended with each kind of error, step by step; the index of `history`.

    One Int64 column per kind that occurred, the most frequent first; none for a past without
    errors. Unlike `history` it counts every row that ended so: refused ones (`scheme`), duplicates
    and cancelled ones too. Without a batch it counts what happened, also to jobs that were tried
    again since; with one, or in seconds, how rows stand now. Raises ConfigError as `history` does.
    """
    queue = _queue(queue, batch)
    engine = queue.services.engine
    if batch is None:
        steps = _last_hours(engine, hours, every)
        if steps.every_ms % MINUTE_MS:
            found = database.tallies.error_spans(engine, steps.every_ms, since_ms=steps.first_ms)
        else:
            found = database.minutes.error_spans_since(engine, steps.first_ms, steps.every_ms)
    else:
        of = _batch(queue, batch)
        every_ms = _lifetime_step_ms(of, every)
        found = database.tallies.error_spans(engine, every_ms, batch_id=of.id)
        steps = _lifetime(of, every_ms, [start_ms for start_ms, _, _ in found])
    found = [one for one in found if one[0] <= steps.last_ms]
    return frames.error_history_frame(steps, found)


def host_history(
    hours: float = 24,
    every: str | None = "1h",
    *,
    batch: str | BatchHandle | None = None,
    limit: int = 30,
    queue: JobQueue | None = None,
) -> pd.DataFrame:
    """How the `limit` busiest hosts did, step by step: one row per host and step.

    The busiest host first, each with every step of `history`'s index in order. Columns: time
    datetime64[us, UTC] · host string · jobs, failed, rendered Int64 · success_rate Float64, 0 to 100 ·
    p50_s Float64, as in `history`. Rows answered without a request are counted. It reads every job of
    that time, 3 s for a million. Raises ConfigError as `history` does, and for a bad `limit`.
    """
    queue = _queue(queue, batch)
    engine = queue.services.engine
    _check_limit(limit)
    if batch is None:
        steps = _last_hours(engine, hours, every)
        since_ms, batch_id, every_ms = steps.first_ms, None, steps.every_ms
    else:
        of = _batch(queue, batch)
        since_ms, batch_id, every_ms = None, of.id, _lifetime_step_ms(of, every)
    names = database.tallies.busiest_hosts(engine, limit, since_ms=since_ms, batch_id=batch_id)
    found = database.tallies.host_spans(
        engine, names, every_ms, since_ms=since_ms, batch_id=batch_id
    )
    if batch is not None:
        starts = [span.start_ms for spans in found.values() for span in spans]
        steps = _lifetime(of, every_ms, starts)
    found = {
        host: [span for span in spans if span.start_ms <= steps.last_ms]
        for host, spans in found.items()
    }
    return frames.host_history_frame(steps, found, edges_s=stats.BUCKET_EDGES_S)


def hosts(
    hours: float | None = None,
    *,
    batch: str | BatchHandle | None = None,
    limit: int | None = None,
    queue: JobQueue | None = None,
) -> pd.DataFrame:
    """One row per host, the one with most jobs first; at most `limit`.

    hours: count open jobs and those that ended so lately; None counts all that are in the record.

    Columns: host string · jobs, succeeded, failed, open Int64 (jobs has cancelled ones too) ·
    rendered Int64, those whose page a browser showed ·
    success_rate Float64, 0 to 100 · mean_s, p50_s, p95_s Float64, as in `history` · error_kind
    category, the most frequent of its failures · last_finished datetime64[us, UTC] · breaker_open
    boolean, whether it is paused now (see `JobQueue.paused_hosts`; NA while Redis does not answer) ·
    breaker_until datetime64[us, UTC], when the pause ends. It reads every job that counts, 2 s for a million. Raises
    ConfigError for bad `hours` or a bad `limit`.
    """
    queue = _queue(queue, batch)
    _check_limit(limit)
    since_ms = None if hours is None else now_ms() - round(_checked_hours(hours) * HOUR_MS)
    tallies = database.tallies.host_tallies(
        queue.services.engine,
        since_ms=since_ms,
        batch_id=None if batch is None else _batch(queue, batch).id,
    )
    paused: dict[str, float] | None
    try:
        rows = queue.services.redis.ask(queue.paused_host_rows)
        paused = {one.host: one.until_s for one in rows}
    except RedisUnavailable:
        paused = None
    return frames.hosts_frame(
        tallies.jobs, tallies.errors, paused, edges_s=stats.BUCKET_EDGES_S, limit=limit
    )


def jobs(
    *,
    status: JobStatus | str | None = None,
    batch: str | BatchHandle | None = None,
    host: str | None = None,
    since: datetime | date | str | None = None,
    until: datetime | date | str | None = None,
    error_kind: ErrorKind | str | None = None,
    limit: int | None = 1_000,
    queue: JobQueue | None = None,
) -> pd.DataFrame:
    """One row per job, the newest first, at most `limit` (None: all there are).

    A finished job is as new as its end, an open one as its submission. since (inclusive) and until
    (exclusive) are for that time: a datetime, a date, or text like "2026-11-25 08:00"; without a
    zone, UTC. host is the host's name as in the column, without scheme; without a port, at every
    port. error_kind is of finished jobs; an open job that waits to be tried again shows that of its last try and is not chosen by
    it. Statuses are as `JobQueue.get_job_status` says, from the record and Redis together.

    Columns: job_id, batch (its name, NA without one), batch_id string · row Int64, its place in
    the input from 0 · url, host string · status category · priority Int8 · attempts Int16 ·
    error_kind category · error_message string · started_at, finished_at datetime64[us, UTC] ·
    elapsed_s Float64, seconds of its last try, NA where nothing was asked for it (and for what
    finished before version 4 of the record) · http_status Int16 · from_store boolean, answered
    without a request · rendered boolean, whether a browser showed its page, NA where that is not known.

    Raises ConfigError for an unknown status or kind (with the nearest name), for a time that cannot
    be read, and for a bad `limit`; RedisUnavailable for the status running or retrying where Redis, which alone
    knows it, does not answer. Any other open job is pending then.
    """
    queue = _queue(queue, batch)
    engine = queue.services.engine
    _check_limit(limit)
    wanted_status = None if status is None else _slug(JobStatus, status, "status")
    kind = None if error_kind is None else _slug(ErrorKind, error_kind, "error_kind")
    wanted = JobFilter(
        batch_id=None if batch is None else _batch(queue, batch).id,
        host=host,
        since_ms=_time_ms(since, "since"),
        until_ms=_time_ms(until, "until"),
    )

    def found() -> Iterator[Sequence[Sequence[Any]]]:
        if wanted_status is None or wanted_status in FINAL:
            yield from database.job_rows.finished_columns(
                engine, wanted, status=wanted_status, error_kind=kind, limit=limit
            )
        if (wanted_status is None or wanted_status not in FINAL) and kind is None:
            yield list(zip(*_open_rows(queue, wanted, wanted_status, limit), strict=True))

    return frames.jobs_frame(found(), limit)


def batches(limit: int | None = 100, *, queue: JobQueue | None = None) -> pd.DataFrame:
    """One row per batch, the newest first, at most `limit` (None: all), without single jobs.

    Columns: batch (its name, NA without one), batch_id string · run Int64, counted from 1 for each
    name · state category: open, paused, cancelled, finished · total, completed, failed, cancelled,
    open, from_store, rendered Int64 · success_rate Float64, 0 to 100, of completed and failed rows ·
    created_at, finished_at datetime64[us, UTC] · elapsed_s Float64, seconds from submission to the
    end, or to now. `sq.attach(batch_id)` gives the handle of one. Raises ConfigError for a bad
    `limit`.
    """
    _check_limit(limit)
    rows = database.batches.batch_rows(_queue(queue).services.engine, limit)
    seconds = [(*row[:-2], row.created_ms / 1000, _seconds(row.finished_ms)) for row in rows]
    return frames.batches_frame(seconds, now_ms() / 1000)


def compare(
    a: str | BatchHandle, b: str | BatchHandle | None = None, *, queue: JobQueue | None = None
) -> pd.DataFrame:
    """What changed from run `a` to run `b`: one row per page in either, in a's order and then b's.

    With `a` alone it is compared with the finished run of its name before it. Two rows are the same page
    if their URLs have the same canonical key (`urls.duplicate_key`); of several in one run the first
    counts.

    Columns: url string, as it was given in a, or else b · change category: same; changed (both
    good, or both failed, and something differs); added (only b has it), removed (only a); broke
    (good in a, failed in b), mended (the reverse); NA where either run has not looked: the row is
    open or was cancelled · changed_fields string: for a changed page the names of what differs,
    joined by commas, else NA · ok_a, ok_b boolean · http_status_a, http_status_b Int16 · title_a,
    title_b string · error_kind_a, error_kind_b category · and for each custom selector and field of a
    record that both have `<name>_a`, `<name>_b` string, what is no text as JSON. One that is called like a
    column here is `<name>_selected_a`, `<name>_selected_b`.

    Compared are http_status, title, author, published (the date), text (where both runs read it in
    the same way), the selectors and fields that both have, and of two failures http_status and error_kind.
    Both runs are read whole, and the text of every page. An empty frame has these columns. Raises NotFound
    where there is no run before.
    """
    queue = _queue(queue, a, b)
    first, second = _two_runs(queue, a, b)
    names = database.compared.names_to_compare(first.config, second.config)
    with_text = database.compared.texts_compare(first.config, second.config)
    old, new = (_seen(queue, run.id, names, with_text=with_text) for run in (first, second))
    return frames.comparison_frame(old, new, names)


# -- jobs ---------------------------------------------------------------------------------------


def _open_rows(
    queue: JobQueue, wanted: JobFilter, status: JobStatus | None, limit: int | None
) -> list[JobRow]:
    """Open jobs as they stand in the record and Redis, on request only those of one status."""
    engine, frontier = queue.services.engine, queue.services.frontier
    rows = database.job_rows
    try:
        queue.services.check_redis()
        if status is JobStatus.RUNNING:
            counts = frontier.views.counts()
            ids = frontier.views.running_ids(counts["running"] + 1)
            ids += database.jobs.made_running(engine)
            found = rows.open_rows_among(engine, ids, wanted)
        elif status is JobStatus.RETRYING:
            found = rows.open_rows_among(engine, frontier.views.retrying_ids(), wanted)
        elif status is JobStatus.PENDING and limit is not None:
            counts = frontier.views.counts()  # so many of the first ones may not be pending
            found = rows.open_rows(
                engine, wanted, limit=limit + counts["running"] + counts["retrying"]
            )
        else:
            found = rows.open_rows(engine, wanted, limit=limit)
        now = open_now(frontier, [row.job_id for row in found])
        found = [row._replace(**now[row.job_id]) if row.job_id in now else row for row in found]
    except RedisUnavailable as error:
        if status in {JobStatus.RUNNING, JobStatus.RETRYING}:
            check_nothing_runs(queue.services, error)
            return []
        found = rows.open_rows(engine, wanted, limit=limit)
    return [row for row in found if status is None or row.status == status]


# -- comparing ----------------------------------------------------------------------------------


def _two_runs(
    queue: JobQueue, a: str | BatchHandle, b: str | BatchHandle | None
) -> tuple[Batch, Batch]:
    one = _batch(queue, a)
    if b is not None:
        return one, _batch(queue, b)
    before = database.batches.run_before(queue.services.engine, one)
    if before is None:
        raise NotFound(
            f"there is no finished run of {one.name or one.id!r} before this one to compare it with",
            hint="name both runs: sq.compare(a, b)",
        )
    return before, one


def _seen(
    queue: JobQueue, batch_id: str, names: Sequence[str], *, with_text: bool
) -> dict[str, Seen]:
    """The pages of a batch by key, the first row of each, in the order of rows."""
    seen: dict[str, Seen] = {}
    engine = queue.services.engine
    for key, page in database.compared.seen_pages(engine, batch_id, names, with_text=with_text):
        seen.setdefault(key, page)
    return seen


# -- what is asked for --------------------------------------------------------------------------


def _queue(queue: JobQueue | None, *batches: str | BatchHandle | None) -> JobQueue:
    """The queue to look at: the one given, a handle's own, or the environment's. Raises
    DatabaseUnavailable if the record is silent for ten seconds."""
    given = [batch.queue for batch in batches if isinstance(batch, BatchHandle)]
    found = queue or (given[0] if given else get_looking_queue())
    with budget(ANSWER_S):
        found.services.check_record()
    return found


def _batch(queue: JobQueue, batch: str | BatchHandle) -> Batch:
    if isinstance(batch, BatchHandle):
        return queue.find_batch(batch.id)
    if not isinstance(batch, str):
        raise ConfigError(
            f"batch is a {type(batch).__name__}",
            hint="write the name or the id of a batch, or give its handle",
        )
    return queue.find_batch(batch)


def _last_hours(engine: sa.Engine, hours: float, every: str | None) -> Steps:
    """The last hours; where no step is named, those of them in which jobs ended, in steps that fit."""
    now = now_ms()
    since_ms = now - round(_checked_hours(hours) * HOUR_MS)
    if every is None:
        found = database.tallies.ended_between(engine, since_ms) or (since_ms, now)
        every_ms = _fitting_ms(found[1] - found[0])
        first_ms, last_ms = floor_ms(found[0], every_ms), max(found)
        end_ms = min(max(now, last_ms), floor_ms(last_ms, every_ms) + every_ms)
        return _steps(first_ms, last_ms, every_ms, begin_ms=first_ms, end_ms=end_ms)
    every_ms = _every_ms(every)
    first_ms = floor_ms(since_ms, every_ms)
    return _steps(first_ms, now, every_ms, begin_ms=first_ms, end_ms=now)


def _fitting_ms(length_ms: int) -> int:
    """The step that cuts so much time into a readable number of steps."""
    return next((ms for ms in FITTING_MS if length_ms <= ms * FITTING_STEPS), FITTING_MS[-1])


def _lifetime_step_ms(batch: Batch, every: str | None) -> int:
    """The step that was named, or the one that fits the batch's lifetime."""
    if every is not None:
        return _every_ms(every)
    begin_ms = to_ms(batch.created_at) or 0
    return _fitting_ms((to_ms(batch.finished_at) or now_ms()) - begin_ms)


def _lifetime(batch: Batch, every_ms: int, starts_ms: Sequence[int]) -> Steps:
    """From its submission to its end or to now; the clocks of its workers may differ from ours."""
    begin_ms = to_ms(batch.created_at) or 0
    end_ms = max(begin_ms, to_ms(batch.finished_at) or now_ms())
    return _steps(
        min([floor_ms(begin_ms, every_ms), *starts_ms]),
        max([end_ms, *starts_ms]),
        every_ms,
        begin_ms=begin_ms,
        end_ms=end_ms,
    )


def _steps(first_ms: int, last_ms: int, every_ms: int, *, begin_ms: int, end_ms: int) -> Steps:
    count = (last_ms - first_ms) // every_ms + 1
    if count > MOST_STEPS:
        raise ConfigError(
            f"that makes {count:,} rows",
            hint=f"write a longer `every` or fewer hours, for {MOST_STEPS:,} at most",
        )
    return frames.Steps(first_ms, every_ms, count, begin_ms, end_ms)


def _every_ms(every: str) -> int:
    match = _EVERY.match(every) if isinstance(every, str) else None
    every_ms = int(match[1]) * _UNITS_MS[match[2].lower()] if match and len(match[1]) < 10 else 0
    if not every_ms:
        raise ConfigError(f"every is {every!r}", hint='write how long a step is: "5m", "1h", "1d"')
    return every_ms


def _checked_hours(hours: float) -> float:
    try:
        number = float(hours)
    except (TypeError, ValueError):
        number = 0.0
    if not 0 < number <= 1_000_000:  # a century; NaN is none of them
        raise ConfigError(f"hours is {hours!r}", hint="write how many hours to look back, like 24")
    return number


def _check_limit(limit: int | None) -> None:
    if limit is None:
        return
    if not isinstance(limit, int) or isinstance(limit, bool) or limit < 1:
        raise ConfigError(f"limit is {limit!r}", hint="write how many rows there may be, 1 or more")


def _slug(kind: type[_Slug], value: str, option: str) -> _Slug:
    """A member of a closed list by its value; another value is answered with the nearest."""
    try:
        return kind(value)
    except ValueError:
        known = [member.value for member in kind]
        near = difflib.get_close_matches(str(value).lower(), known, n=1, cutoff=0.5)
        raise ConfigError(
            f"there is no {option} {value!r}",
            hint=f"did you mean {near[0]!r}?" if near else f"write one of: {', '.join(known)}",
        ) from None


def _time_ms(value: datetime | date | str | None, option: str) -> int | None:
    """A time as people write it in the record's milliseconds; without a zone it is UTC."""
    if value is None:
        return None
    try:
        if isinstance(value, str):
            value = datetime.fromisoformat(value.strip())
        elif not isinstance(value, datetime):
            value = datetime(value.year, value.month, value.day)
    except (ValueError, AttributeError):
        raise ConfigError(
            f"{option} is {value!r}",
            hint='write a time like "2026-11-25" or "2026-11-25 08:00", in UTC if it has no zone',
        ) from None
    return to_ms(value if value.tzinfo else value.replace(tzinfo=UTC))


def _seconds(ms: int | None) -> float | None:
    return None if ms is None else ms / 1000
