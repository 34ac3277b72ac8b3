"""Schedules: made, looked at and steered, as `sq.schedule` does it in a notebook; and who was notified."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, File, Form, Path, Query, Response, UploadFile

from scrapeq.api.allowed import check_allowed, check_may_notify
from scrapeq.api.answers import (
    BatchAnswer,
    Ended,
    NotificationAnswer,
    Notifications,
    ScheduleAnswer,
    Schedules,
)
from scrapeq.api.requests import NewSchedule, Priority
from scrapeq.api.route import Route
from scrapeq.api.service import Asker, Reader, Submitter
from scrapeq.api.uploads import FORMATS, read_column, read_config
from scrapeq.client.notifications import notification_rows
from scrapeq.client.schedules import (
    ScheduleHandle,
    ScheduleNow,
    Times,
    Whom,
    put_schedule,
    schedules_now,
)
from scrapeq.errors import NotFound
from scrapeq.models import ScrapingConfig
from scrapeq.models.notification import NotifyWhen

router = APIRouter(prefix="/v1", tags=["schedules"], route_class=Route)

Name = Annotated[
    str, Path(max_length=200, description="The name of a schedule.", examples=["prices"])
]
_MADE: dict[int | str, dict[str, Any]] = {200: {"description": "One that was there was changed."}}


@router.get("/schedules")
def list_schedules(who: Reader) -> Schedules:
    """Every schedule with its state, the next one first."""
    return Schedules(schedules=[ScheduleAnswer.of(one) for one in schedules_now(who.queue)])


@router.post("/schedules", status_code=201, responses=_MADE)
def put_schedule_of_urls(who: Submitter, new: NewSchedule, response: Response) -> ScheduleAnswer:
    """Scrape a column of URLs again and again, from its next time on. The same name again changes it: what is
    left out stays as it is."""
    times = Times(new.every, new.at, new.cron, new.timezone)
    whom = Whom(new.notify, new.notify_secret, new.notify_when)
    return _put(
        *(who, response, new.name, new.source, new.url_column),
        times=times,
        config=new.config,
        priority=new.priority,
        notify=whom,
    )


@router.post("/schedules/file", status_code=201, responses=_MADE)
def put_schedule_of_file(  # noqa: PLR0917 - FastAPI's way to declare a form
    who: Submitter,
    response: Response,
    file: Annotated[UploadFile, File(description=f"A {FORMATS} file; its name says which.")],
    name: Annotated[str, Form(min_length=1, max_length=200)],
    url_column: Annotated[str | None, Form(max_length=200)] = None,
    every: Annotated[str | None, Form(max_length=200)] = None,
    at: Annotated[str | None, Form(max_length=200)] = None,
    cron: Annotated[str | None, Form(max_length=200)] = None,
    timezone: Annotated[str | None, Form(max_length=200)] = None,
    config: Annotated[str | None, Form(max_length=200_000, description="Options, as JSON.")] = None,
    priority: Annotated[Priority | None, Form()] = None,
    notify: Annotated[str | None, Form(max_length=2_000)] = None,
    notify_secret: Annotated[str | None, Form(max_length=200)] = None,
    notify_when: Annotated[NotifyWhen | None, Form()] = None,
) -> ScheduleAnswer:
    """The same of a file; the columns beside the URLs come back with the rows of each run."""
    return _put(
        *(who, response, name, read_column(file, url_column), None),
        times=Times(every, at, cron, timezone),
        config=read_config(config),
        priority=priority,
        notify=Whom(notify, notify_secret, notify_when),
    )


@router.get("/schedules/{name:path}")
def get_schedule(who: Reader, name: Name) -> ScheduleAnswer:
    """A schedule as it is now."""
    return ScheduleAnswer.of(_now(who, name))


@router.post("/schedules/{name:path}/pause")
def pause_schedule(who: Submitter, name: Name) -> ScheduleAnswer:
    """Let no time start a run until it is resumed; one that is under way goes on."""
    _to_change(who, name).pause()
    return ScheduleAnswer.of(_now(who, name))


@router.post("/schedules/{name:path}/resume")
def resume_schedule(who: Submitter, name: Name) -> ScheduleAnswer:
    """Go on with its next time; those that passed meanwhile are not made up for."""
    _to_change(who, name).resume()
    return ScheduleAnswer.of(_now(who, name))


@router.post("/schedules/{name:path}/run", status_code=201)
def run_schedule(who: Submitter, name: Name, response: Response) -> BatchAnswer:
    """Start a run besides its times; if one is under way, that one."""
    handle = _to_change(who, name)
    who.service.check_room()
    run = handle.run_now()
    response.headers["Location"] = f"/v1/batches/{run.id}"
    return BatchAnswer.of(run.batch, run.note)


@router.delete("/schedules/{name:path}")
def delete_schedule(who: Submitter, name: Name) -> Ended:
    """End it for good; its runs stay, and one that is under way goes on."""
    _to_change(who, name).delete()
    return Ended()


@router.get("/notifications", responses={404: {"description": "There is no such batch."}})
def list_notifications(
    who: Reader,
    batch: Annotated[
        str | None, Query(min_length=1, max_length=200, description="Of this one, by id or name.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=1_000, description="How many at most.")] = 100,
) -> Notifications:
    """Who was notified that batches are done, and who was not, the newest first."""
    rows = notification_rows(batch, limit=limit, queue=who.queue)
    return Notifications(notifications=[NotificationAnswer(**one._asdict()) for one in rows])


def _put(
    who: Asker,
    response: Response,
    name: str,
    source: Any,
    url_column: str | None,
    *,
    times: Times,
    config: ScrapingConfig | None,
    priority: int | None,
    notify: Whom,
) -> ScheduleAnswer:
    check_allowed(who.person, config)
    check_may_notify(who.person, notify.url, notify.secret)
    try:
        _to_change(who, name)
        response.status_code = 200
    except NotFound:  # then it is made
        response.status_code = 201
    given = {} if config is None else {one: getattr(config, one) for one in config.model_fields_set}
    handle = put_schedule(
        *(who.own_queue, name, source, url_column),
        times=times,
        priority=priority,
        notify=notify,
        **given,
    )
    return ScheduleAnswer.of(_now(who, name), handle.note)


def _to_change(who: Asker, name: str) -> ScheduleHandle:
    """A schedule that this person may change. Raises NotFound, Refusal (403) for somebody else's."""
    handle = ScheduleHandle(who.own_queue, name)
    who.check_owner(handle.schedule.owner, name)
    return handle


def _now(who: Asker, name: str) -> ScheduleNow:
    """Raises NotFound."""
    found = [one for one in schedules_now(who.queue) if one.schedule.name == name]
    if not found:
        _ = ScheduleHandle(who.queue, name).schedule  # it raises, and names those that there are
    return found[0]
