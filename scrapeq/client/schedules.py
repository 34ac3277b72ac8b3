"""Schedules: the same column of URLs scraped again by the calendar, each time as a run of its name.

import scrapeq as sq
sq.schedule("prices", df, url="link", every="1d", at="06:00", timezone="Europe/Berlin")
sq.schedules()

A worker starts each run, so some worker must live when its time comes: see `schedule`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from scrapeq import clock, database, display, frames
from scrapeq.client.checking import check_options
from scrapeq.client.handle import BatchHandle
from scrapeq.client.scrape import check_name
from scrapeq.database.schedules import Listed, ScheduleInput
from scrapeq.errors import ConfigError, ScrapeqError
from scrapeq.models import BatchState, ScrapingConfig
from scrapeq.models.notification import Notify, NotifyWhen
from scrapeq.models.priority import USUAL_PRIORITY
from scrapeq.models.schedule import Schedule
from scrapeq.models.timetable import Timetable
from scrapeq.pipeline.job_queue import JobQueue, get_job_queue, get_looking_queue
from scrapeq.project import scheduling, staffing
from scrapeq.project.submission import check_priority
from scrapeq.project.waiting import patiently

if TYPE_CHECKING:
    import pandas as pd

    from scrapeq.frames import UrlColumn
    from scrapeq.project.services import Services
    from scrapeq.settings import Settings

#: How long a time may have passed until its run counts as overdue: workers look every 2 s.
OVERDUE = timedelta(minutes=1)

_T = TypeVar("_T")


def schedule(
    name: str,
    source: Any = None,
    url: str | None = None,
    *,
    every: str | None = None,
    at: str | None = None,
    cron: str | None = None,
    timezone: str | None = None,
    config: ScrapingConfig | None = None,
    priority: int | None = None,
    notify: str | None = None,
    notify_secret: str | None = None,
    notify_when: str | None = None,
    queue: JobQueue | None = None,
    settings: Settings | None = None,
    **options: Any,
) -> ScheduleHandle:
    """Scrape a column of URLs again and again, from its next time on; the handle of the schedule.

    source, url, options: as for `scrape()`. The rows are kept as they are now, once for all runs.
    every: minutes, hours, days or weeks: "30m", "6h", "1d", "2w", counted from now. at: the time of day,
    for days and weeks. cron: a cron line in place of both, as "0 6 * * 1-5". at and cron are times of
    `timezone`, which is UTC unless it is given. A time that does not exist, because clocks go forward, is
    due when they do; one that exists twice is due once.

    Each time makes the next run of `name`: `sq.attach(name)` is the newest, `sq.compare` shows what
    changed. Pages are fetched anew, unless `max_age` lets stored ones answer. A time that comes while
    the run before is under way has no run. Times that passed while nothing worked are made up for by
    one run, when a worker lives again; `missed` counts the others.

    notify, notify_secret, notify_when: as for `scrape()`; notify="" ends it, and with another `notify` the
    two others begin anew.

    The same name again changes it: what is given replaces what was, what is left out stays, and
    `sq.schedule(name)` alone finds it. So its time zone stays, and its `at` while `every` is in days or
    weeks: at="" drops it. `every` takes the place of a cron line, and a cron line that of every and at.
    With the same timetable its times stay; it stays paused, if it is.

    A schedule works only while a worker does. A private cluster ends with its last kernel: then
    this warns, and `scrapeq up` in a terminal starts workers that stay.

    Raises ConfigError for a time or an option that cannot be met, InputError for a table without URLs,
    NotFound for a name alone that is not there, and what `get_job_queue` raises.
    """
    handle = put_schedule(
        queue or get_job_queue(settings),
        name,
        source,
        url,
        times=Times(every, at, cron, timezone),
        config=config,
        priority=priority,
        notify=Whom(notify, notify_secret, notify_when),
        **options,
    )
    if handle.note:  # it was made or changed, and not only found
        staffing.warn_if_nobody_stays(handle.queue.services, name)
    return handle


class Times(NamedTuple):
    """When a schedule is due, as people write it; None is what they left out. See `schedule`."""

    every: str | None = None
    at: str | None = None
    cron: str | None = None
    timezone: str | None = None

    def over(self, before: Timetable | None) -> Timetable | None:
        """The timetable of a schedule that had `before`; None where nothing is said of it. Raises ConfigError."""
        given = {name: value for name, value in self._asdict().items() if value is not None}
        if not given:
            return None
        return Timetable.of(**given) if before is None else before.changed(**given)


class Whom(NamedTuple):
    """Who is notified, as people write it; see `schedule`."""

    url: str | None = None
    secret: str | None = None
    when: str | None = None

    @property
    def is_given(self) -> bool:
        """Whether anything is said of it."""
        return any(one is not None for one in self)

    def over(self, before: Notify | None) -> Notify | None:
        """Who is notified by a schedule that had `before`: what is left out stays. Raises ConfigError."""
        if not self.is_given:
            return before
        if self.url is None:
            if before is None:
                raise ConfigError(
                    "it notifies nobody, so there is nothing to say of how",
                    hint='name whom: notify="https://example.com/hook"',
                )
            url, secret, when = before.url.get_secret_value(), before.secret, before.when
            return Notify.of(url, self.secret or secret, self.when or when)
        if not self.url:
            return None
        return Notify.of(self.url, self.secret, self.when or NotifyWhen.DONE)


def put_schedule(
    queue: JobQueue,
    name: str,
    source: Any = None,
    url: str | None = None,
    *,
    times: Times,
    config: ScrapingConfig | None = None,
    priority: int | None = None,
    notify: Whom,
    **options: Any,
) -> ScheduleHandle:
    """`schedule`, without a warning where no worker stays."""
    check_name(name)
    services = queue.services
    patiently(services, lambda: None)
    before = database.schedules.find(services.engine, name)
    timetable = times.over(None if before is None else before.timetable)
    given_some = config is not None or priority is not None or notify.is_given or bool(options)
    if source is None and timetable is None and not given_some:
        scheduling.found(services, name)
        return ScheduleHandle(queue, name)
    _check_is_whole(name, before, has_source=source is not None, has_time=timetable is not None)
    kept = before.config if before is not None and source is None else None
    to_notify = notify.over(None if before is None else before.notify)
    wanted = _Wanted(timetable, _options(config, kept, options), priority, to_notify)
    given = None
    if source is not None:
        given, wanted = _with_input(wanted, frames.read_urls(source, url))
    made = _made(services, name, before, wanted)
    database.schedules.put(services.engine, made, given)
    return ScheduleHandle(queue, name, note=_changes(before, made))


def schedules(*, queue: JobQueue | None = None) -> pd.DataFrame:
    """One row per schedule, the next one first. Without a `queue`, those of the environment's project.

    Columns: schedule string, its name · when string, in words · state category: waiting; running, its
    last run is under way; overdue, its time passed more than a minute ago and no worker has started it;
    paused; ended, it has no further time · next_at, last_at datetime64[us, UTC], its next time and when
    a run began last · batch_id string, of that run · rows Int64 · failed Int64, failed rows of that run ·
    missed Int64, times without a run of their own, since it was made or changed · error string, why the
    last time had no run, else NA. Raises DatabaseUnavailable.
    """
    seconds = [
        row._replace(next_at=_seconds(row.next_at), last_at=_seconds(row.last_at))
        for row in schedule_rows(queue)
    ]
    return frames.schedules_frame(seconds)


class ScheduleRow(NamedTuple):
    """A schedule as a table shows it: see `schedules`."""

    schedule: str
    when: str
    state: str
    next_at: Any
    last_at: Any
    batch_id: str | None
    rows: int
    failed: int | None
    missed: int
    error: str | None


def schedule_rows(queue: JobQueue | None = None) -> list[ScheduleRow]:
    """The rows of `schedules`; times are aware datetimes."""
    return [
        ScheduleRow(
            one.schedule.name,
            one.schedule.timetable.words,
            one.state,
            one.schedule.next_at,
            one.schedule.last_at,
            one.schedule.last_batch_id,
            one.schedule.rows,
            one.failed,
            one.schedule.missed,
            one.schedule.error_message or None,
        )
        for one in schedules_now(queue or get_looking_queue())
    ]


class ScheduleNow(NamedTuple):
    """A schedule, its state in a word, and the failed rows of its last run: see `schedules`."""

    schedule: Schedule
    state: str
    failed: int | None


def schedules_now(queue: JobQueue) -> list[ScheduleNow]:
    """All that there are, the next one first."""
    queue.services.check_record()
    now = clock.now()
    listed = database.schedules.listed(queue.services.engine)
    return [ScheduleNow(one.schedule, _state(one, now), one.run_failed) for one in listed]


class ScheduleHandle:
    """A schedule: look at it, steer it, start a run now. All is read from the record when it is asked for.

    Every verb raises NotFound where the schedule was deleted, and DatabaseUnavailable.
    """

    def __init__(self, queue: JobQueue, name: str, note: str = "") -> None:
        self._queue = queue
        self.name = name
        #: What making or changing it did, in a sentence.
        self.note = note

    @property
    def queue(self) -> JobQueue:
        """The queue of its project."""
        return self._queue

    @property
    def schedule(self) -> Schedule:
        """All that the record has of it."""
        return self._read(lambda: scheduling.found(self._queue.services, self.name))

    @property
    def next_at(self) -> datetime | None:
        """Its next time, in UTC; None while it is paused, or if it never comes again."""
        now = self.schedule
        return None if now.paused else now.next_at

    @property
    def last(self) -> BatchHandle | None:
        """The handle of the run that began last; None before the first."""
        batch_id = self.schedule.last_batch_id
        return None if batch_id is None else BatchHandle(self._queue, batch_id)

    def run_now(self) -> BatchHandle:
        """Start a run besides its times, also of a paused schedule; its next time stays.

        If a run is under way, that one is given, and its `note` says so.
        """
        services = self._queue.services
        before = self.schedule.last_batch_id
        batch = self._change(lambda: scheduling.run_now(services, self.name))
        note = f"run {batch.run} of {self.name!r}"
        return BatchHandle(
            self._queue, batch.id, note=f"{note} was under way" if batch.id == before else note
        )

    def pause(self) -> ScheduleHandle:
        """Let no time start a run until `resume()`; one that is under way goes on."""
        self._set_paused(True)
        return self

    def resume(self) -> ScheduleHandle:
        """Go on with the next time; those that passed meanwhile are not made up for."""
        self._set_paused(False)
        return self

    def delete(self) -> None:
        """End it for good, with the rows that it kept; its runs stay, and one that is under way goes on."""
        engine = self._queue.services.engine
        scheduling.found(self._queue.services, self.name)
        self._change(lambda: database.schedules.delete(engine, self.name))

    def _set_paused(self, paused: bool) -> None:
        services = self._queue.services
        now = self.schedule
        if now.paused == paused:
            return
        next_at = now.next_at if paused else now.next_after(scheduling.clock(services))
        self._change(
            lambda: database.schedules.set_paused(
                services.engine, self.name, paused=paused, next_ms=clock.to_ms(next_at)
            )
        )

    def _read(self, read: Callable[[], _T]) -> _T:
        return patiently(self._queue.services, read)

    def _change(self, change: Callable[[], _T]) -> _T:
        return patiently(self._queue.services, change, changes=True)

    def __repr__(self) -> str:
        try:
            now = self.schedule
        except ScrapeqError as error:  # to look at an object must not fail
            return f"<ScheduleHandle {display.plain(self.name, 80)!r}: {display.plain(error, 200)}>"
        return (
            f"<ScheduleHandle {display.plain(self.name, 80)!r} {now.timetable.words}, {_next(now)}>"
        )

    def _repr_html_(self) -> str:
        try:
            now = self.schedule
        except ScrapeqError as error:
            return display.card(self.name, {}, note=error, away="cannot be shown")
        facts: dict[str, object] = {
            "when": now.timetable.words,
            "rows": display.count(now.rows),
            "last run": display.moment(now.last_at) if now.last_at else "none yet",
        }
        if now.notify is not None:
            facts["notify"] = f"{now.notify.shown_url}, when {now.notify.when}"
        if now.missed:
            facts["missed"] = f"{display.count(now.missed)} times without a run of their own"
        if differing := now.config.differing():
            facts["options"] = ", ".join(f"{name}={value}" for name, value in differing.items())
        reason = f"the last time had no run: {now.error_message}" if now.error_message else ""
        return display.card(
            self.name, facts, corner=_next(now), note=self.note or None, reason=reason
        )


@dataclass(frozen=True)
class _Wanted:
    """What a schedule is to have; a timetable and a priority that are None stay as they are. input: the fields that come with another one."""

    timetable: Timetable | None
    config: ScrapingConfig
    priority: int | None
    notify: Notify | None
    input: dict[str, Any] = field(default_factory=dict)


def _check_is_whole(
    name: str, before: Schedule | None, *, has_source: bool, has_time: bool
) -> None:
    if before is None and not (has_source and has_time):
        missing = "when" if has_source else "what to scrape"
        raise ConfigError(
            f"there is no schedule {display.quoted(name)} yet, and {missing} is not given",
            hint='write sq.schedule("prices", df, url="link", every="1d", at="06:00")',
        )


def _options(
    config: ScrapingConfig | None, kept: ScrapingConfig | None, options: dict[str, Any]
) -> ScrapingConfig:
    """The options to scrape with: those given, over those that the schedule keeps."""
    begin = config or kept
    if begin is None:
        begin = ScrapingConfig.build(**options)
    elif options:
        begin = begin.replace(**options)
    check_options(begin)
    return begin


def _with_input(wanted: _Wanted, column: UrlColumn) -> tuple[ScheduleInput, _Wanted]:
    cells = [None if cell is None else str(cell) for cell in column.values]
    given = ScheduleInput(cells, frames.pack_table(column.table) if column.has_table else ())
    changes = {"input_id": given.id, "url_column": column.name, "rows": len(cells)}
    return given, replace(wanted, input=changes)


def _made(services: Services, name: str, before: Schedule | None, wanted: _Wanted) -> Schedule:
    """The schedule as it is to be. The same timetable keeps its times: a cell may be run again."""
    changes: dict[str, Any] = {
        **wanted.input,
        "config": wanted.config,
        "notify": wanted.notify,
        "owner": services.settings.owner,
        "missed": 0,
        "error_message": "",
        "error_at": None,
    }
    if wanted.priority is not None:
        check_priority(wanted.priority)
        changes["priority"] = wanted.priority
    timetable = wanted.timetable
    if timetable is not None and (before is None or timetable != before.timetable):
        now = scheduling.clock(services)
        changes["timetable"] = timetable
        if before is None or not timetable.has_same_times(before.timetable):
            changes |= {"made_at": now, "next_at": timetable.next_after(now, now)}
    if before is None:
        return Schedule(**({"name": name, "priority": USUAL_PRIORITY} | changes))
    return before.model_copy(update=changes)


def _changes(before: Schedule | None, made: Schedule) -> str:
    """What making or changing a schedule did."""
    if before is None:
        return f"{_rows(made.rows)} {made.timetable.words}; {_next(made)}"
    parts = []
    if made.timetable != before.timetable:
        was, now = before.timetable.words, made.timetable.words
        zone = f"its time zone is {made.timetable.timezone}"
        parts.append(zone if was == now else f"it was {was}, and is {now}")
    if made.input_id != before.input_id:
        parts.append(f"it has another {_rows(made.rows)}")
    if made.config != before.config:
        parts.append("it has other options")
    if made.notify != before.notify:
        parts.append(_notified(before.notify, made.notify))
    if not parts:
        parts.append("the same schedule as before")
    return f"{'; '.join(parts)}; {_next(made)}"


def _notified(before: Notify | None, made: Notify | None) -> str:
    if made is None:
        return "it notifies nobody any more"
    if before is None or made.url != before.url:
        return f"it notifies {made.shown_url} when {made.when}"
    signed = "" if made.secret == before.secret else ", signed with another secret"
    return f"it notifies when {made.when}{signed}"


def _rows(count: int) -> str:
    return display.counted(count, "row", "rows")


def _next(schedule: Schedule) -> str:
    if schedule.paused:
        return "paused"
    return f"next {display.moment(schedule.next_at)}" if schedule.next_at else "has no further time"


def _state(one: Listed, now: datetime) -> str:
    if one.run_state in {BatchState.OPEN, BatchState.PAUSED}:
        return "running"
    if one.schedule.paused:
        return "paused"
    if one.schedule.next_at is None:
        return "ended"
    return "overdue" if now - one.schedule.next_at > OVERDUE else "waiting"


def _seconds(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()
