"""Starting the runs of schedules: each time has one run at most, however many processes look.

A time that came while nothing worked, or while the run before was still under way, is made up for by
one run, however many times it were: `Schedule.missed` counts the others. Who starts a run moves the
schedule on in the same transaction, so a process that dies in between has done both or nothing.
"""

from __future__ import annotations

import hashlib
import logging
from contextlib import suppress
from datetime import UTC, datetime

from scrapeq import database, display
from scrapeq.errors import (
    AlreadyThere,
    DatabaseUnavailable,
    NotFound,
    RedisFull,
    RedisUnavailable,
)
from scrapeq.models import Batch, BatchState
from scrapeq.models.schedule import Schedule
from scrapeq.project import steering, tracing
from scrapeq.project.services import Services
from scrapeq.project.submission import Submission
from scrapeq.project.submitting import accepted

log = logging.getLogger(__name__)

#: Seconds that one process has to start a run before another tries: a million rows take a quarter.
STARTING_S = 120


def clock(services: Services) -> datetime:
    """The time that schedules go by: that of Redis's machine, the same for all workers."""
    return datetime.fromtimestamp(services.frontier.coordination.time_ms() / 1000, UTC)


def start_due(services: Services, now: datetime | None = None) -> list[Batch]:
    """Start a run of each schedule whose time has come; the runs.

    Costs one small query when nothing is due. What goes wrong with one is noted in it, and it waits for
    its next time. Raises RedisUnavailable and DatabaseUnavailable: then it stays due.
    """
    now = clock(services) if now is None else now
    started = []
    for schedule in database.schedules.due(services.engine, round(now.timestamp() * 1000)):
        digest = hashlib.sha256(schedule.name.encode("utf-8", "replace")).hexdigest()
        lock = f"schedule:{digest[:16]}"
        proof = services.frontier.coordination.lock(lock, STARTING_S)
        if proof is None:
            continue  # another process is at it
        try:
            run = _start(services, schedule, now)
        finally:
            with suppress(RedisUnavailable, RedisFull):
                services.frontier.coordination.unlock(lock, proof)
        started += [run] if run is not None else []
    return started


def _start(services: Services, schedule: Schedule, now: datetime) -> Batch | None:
    under_way = unfinished_run(services, schedule)
    if under_way is not None:
        reason = f"run {under_way.run} was still under way: {under_way.done:,} of {under_way.total:,} rows"
        _pass_over(services, schedule, now, reason)
        return None
    try:
        return _run(services, schedule, _moved_on(schedule, now, missed=0), now)
    except AlreadyThere:  # another process did
        return None
    except (RedisUnavailable, DatabaseUnavailable):
        raise
    except Exception as error:  # the rim: other schedules are started all the same
        log.exception("the schedule %r could not start a run", schedule.name)
        _pass_over(services, schedule, now, f"{type(error).__name__}: {error}")
        return None


def run_now(services: Services, name: str) -> Batch:
    """Start a run of a schedule besides its times; if one is under way, that one.

    Raises NotFound, and what `accepted` raises.
    """
    schedule = found(services, name)
    under_way = unfinished_run(services, schedule)
    if under_way is not None:
        return under_way
    now = clock(services)
    return _run(services, schedule, schedule, now)


def found(services: Services, name: str) -> Schedule:
    """The schedule of this name. Raises NotFound with the names that there are."""
    schedule = database.schedules.find(services.engine, name)
    if schedule is None:
        known = [one.schedule.name for one in database.schedules.listed(services.engine)]
        raise NotFound(
            f"there is no schedule {display.quoted(name)}",
            hint=f"there are: {display.listed(known, near=name)}"
            if known
            else "sq.schedule(...) makes one",
        )
    return schedule


def unfinished_run(services: Services, schedule: Schedule) -> Batch | None:
    """The run that began last, if it is not done."""
    if schedule.last_batch_id is None:
        return None
    batch = database.batches.find_batch(services.engine, schedule.last_batch_id)
    return (
        batch if batch is not None and batch.state in {BatchState.OPEN, BatchState.PAUSED} else None
    )


def _run(services: Services, before: Schedule, after: Schedule, now: datetime) -> Batch:
    cells = database.schedules.cells(services.engine, before.input_id)
    submission = Submission(
        cells,
        before.config,
        priority=before.priority,
        name=before.name,
        url_column=before.url_column,
        notify=before.notify,
    )
    changes = {
        "last_at": now,
        "last_batch_id": submission.batch_id,
        "error_message": "",
        "error_at": None,
    }
    after = after.model_copy(update=changes)
    with tracing.span("submit", submission.batch_id, rows=len(cells)):
        batch, _ = accepted(
            services,
            submission,
            owner=before.owner,
            input_id=before.input_id,
            first=lambda connection: database.schedules.move_on(connection, before, after),
        )
        log.info("run %d of the schedule %r has begun", batch.run, batch.name)
        if batch.state is BatchState.OPEN:
            with suppress(RedisFull):  # it is accepted, and begins when there is room
                steering.begin(services, batch)
    return batch


def _moved_on(schedule: Schedule, now: datetime, *, missed: int) -> Schedule:
    """The schedule when the time that has come is dealt with; the times until now are."""
    this = schedule.next_at or now
    missed += schedule.timetable.count_between(this, now, schedule.made_at)
    next_at = schedule.next_after(max(now, this))
    return schedule.model_copy(update={"next_at": next_at, "missed": schedule.missed + missed})


def _pass_over(services: Services, schedule: Schedule, now: datetime, reason: str) -> None:
    """Note why a time has no run, and wait for the next one."""
    after = _moved_on(schedule, now, missed=1).model_copy(
        update={"error_message": reason[:1_000], "error_at": now}
    )
    with suppress(AlreadyThere):
        database.schedules.move_on_alone(services.engine, schedule, after)
