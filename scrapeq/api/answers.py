"""What people get: batches, pages of rows, counts of what was done."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self

from pydantic import BaseModel, JsonValue

from scrapeq.client.schedules import ScheduleNow
from scrapeq.models import Batch, BatchState, Job, Page
from scrapeq.models.card_facts import CardFacts
from scrapeq.models.monitoring import ErrorGroup
from scrapeq.models.notification import NotificationState
from scrapeq.models.paused_host import PausedHost
from scrapeq.models.person import AuditEntry, Right
from scrapeq.models.schedule import Schedule
from scrapeq.models.shown_schedule import ShownNotify, ShownSchedule


class BatchAnswer(BaseModel):
    """A batch: its options (secrets masked) and its counters. `note` says what a submission did."""

    id: str
    name: str | None
    run: int
    state: BatchState
    owner: str
    url_column: str | None
    total: int
    completed: int
    failed: int
    cancelled: int
    from_store: int
    rendered: int
    growing: bool
    created_at: datetime
    finished_at: datetime | None
    options: dict[str, Any]
    note: str = ""

    @classmethod
    def of(cls, batch: Batch, note: str = "") -> Self:
        """As it is shown."""
        names = cls.model_fields.keys() - {"options", "note"}
        options = batch.config.model_dump(mode="json", exclude_unset=True)
        return cls(**{name: getattr(batch, name) for name in names}, options=options, note=note)


class Batches(BaseModel):
    """The newest batches, newest first."""

    batches: list[BatchAnswer]


class Jobs(BaseModel):
    """Jobs, without their pages."""

    jobs: list[Job]


class Cancelled(BaseModel):
    """Whether a job was stopped; false if it was finished already."""

    cancelled: bool


class Changed(BaseModel):
    """Whether a batch was paused or goes on; false if it is finished. `batch` is as it is now."""

    changed: bool
    batch: BatchAnswer


class Counted(BaseModel):
    """How many rows were stopped or are tried again. `batch` is as it is now."""

    rows: int
    batch: BatchAnswer


class Deleted(BaseModel):
    """How many jobs were deleted."""

    jobs: int


class Ended(BaseModel):
    """That a schedule is gone."""

    ended: bool = True


class Recorded(BaseModel):
    """That it was counted."""

    recorded: bool = True


class RowsPage(BaseModel):
    """Some rows in their order, and where to go on; `next_cursor` is null behind the last one."""

    rows: list[dict[str, JsonValue]]
    next_cursor: str | None


class PagesAnswer(BaseModel):
    """Some pages in the order of finishing, and where to go on."""

    pages: list[Page]
    next_cursor: str | None


class FoundProblem(BaseModel):
    """Something of a batch that needs a look: in how many rows, of how many that could have it."""

    problem: str
    name: str
    rows: int
    of: int
    message: str
    advice: str


class Problems(BaseModel):
    """See `BatchHandle.problems`."""

    problems: list[FoundProblem]


class SelectorRun(BaseModel):
    """A run of a batch: how many pages were read, and on how many each selector matched."""

    run: int
    started_at: datetime
    pages: int
    matches: dict[str, int]


class SelectorRuns(BaseModel):
    """The runs of a name, the oldest first."""

    runs: list[SelectorRun]


class BatchCard(BaseModel):
    """A batch with all that its card shows."""

    batch: BatchAnswer
    facts: CardFacts


class ScheduleAnswer(ShownSchedule):
    """A schedule as it is shown; `note` says what a request did."""

    note: str = ""

    @classmethod
    def of(cls, now: ScheduleNow, note: str = "") -> Self:
        """As it is shown."""
        one = now.schedule
        shared = cls.model_fields.keys() & Schedule.model_fields.keys() - {"notify"}
        notify = None
        if one.notify is not None:
            notify = ShownNotify(to=one.notify.shown_url, when=one.notify.when)
        return cls(
            **{name: getattr(one, name) for name in shared},
            **one.timetable.model_dump(),
            when=one.timetable.words,
            state=now.state,
            failed=now.failed,
            error=one.error_message or None,
            options=one.config.model_dump(mode="json", exclude_unset=True),
            notify=notify,
            note=note,
        )


class Schedules(BaseModel):
    """Schedules, the next one first."""

    schedules: list[ScheduleAnswer]


class NotificationAnswer(BaseModel):
    """A notification: see `sq.notifications`."""

    batch: str | None
    batch_id: str
    to: str
    state: NotificationState
    attempts: int
    next_at: datetime | None
    http_status: int | None
    error: str | None
    delivered_at: datetime | None
    notification_id: str


class Notifications(BaseModel):
    """Notifications, the newest first."""

    notifications: list[NotificationAnswer]


class Me(BaseModel):
    """Whose token was sent, and what it may do."""

    name: str
    right: Right
    token_id: str


class AuditLog(BaseModel):
    """What was changed over the server, the newest first, and where to go on."""

    entries: list[AuditEntry]
    next_cursor: str | None


class ErrorGroups(BaseModel):
    """Kinds of errors, the most frequent first."""

    errors: list[ErrorGroup]


class HostAnswer(BaseModel):
    """One host; see `sq.hosts`. Times in seconds, rates 0 to 100; null where nothing is known."""

    host: str
    jobs: int
    succeeded: int
    failed: int
    open: int
    rendered: int
    success_rate: float | None
    mean_s: float | None
    p50_s: float | None
    p95_s: float | None
    error_kind: str | None
    last_finished: datetime | None
    breaker_open: bool | None
    breaker_until: datetime | None


class Hosts(BaseModel):
    """Hosts, the one with most jobs first."""

    hosts: list[HostAnswer]


class PausedHosts(BaseModel):
    """Hosts whose breaker is not closed, the one paused for longest first."""

    hosts: list[PausedHost]
