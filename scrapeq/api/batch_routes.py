"""Batches: submitted, looked at and steered, as a handle does it in a notebook."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, File, Form, Path, Query, Response, UploadFile

from scrapeq.api.allowed import check_allowed, check_may_notify
from scrapeq.api.answers import BatchAnswer, BatchCard, Batches, Changed, Counted
from scrapeq.api.requests import NewBatch, Notified, Priority, Retry
from scrapeq.api.route import CLOCKS, Route, weak_tag
from scrapeq.api.service import Asker, Reader, Submitter
from scrapeq.api.uploads import FORMATS, read_column, read_config
from scrapeq.client.scrape import scrape
from scrapeq.models import Progress, ScrapingConfig
from scrapeq.models.notification import NotifyWhen
from scrapeq.models.priority import USUAL_PRIORITY

router = APIRouter(prefix="/v1/batches", tags=["batches"], route_class=Route)

BatchId = Annotated[
    str,
    Path(
        max_length=200,
        description="The id of a batch, or its name, which means the newest run of it.",
        examples=["firms"],
    ),
]


@router.post("", status_code=201, responses={200: {"description": "The same batch as before."}})
def submit_batch(who: Submitter, new: NewBatch, response: Response) -> BatchAnswer:
    """Submit a column of URLs; when this answers, each will have exactly one row.

    With a name, the same column and options are the same batch, and 200 says that nothing was submitted;
    other ones are the next run of that name. Stored pages answer as in a notebook, for a day unless
    `max_age` or `refresh` say otherwise.
    """
    options = new.model_dump(include={"name", "priority", "refresh", *Notified.model_fields})
    return _submit(who, response, new.source, new.url_column, new.config, **options)


@router.post(
    "/file", status_code=201, responses={200: {"description": "The same batch as before."}}
)
def submit_file(  # noqa: PLR0917 - FastAPI's way to declare a form
    who: Submitter,
    response: Response,
    file: Annotated[UploadFile, File(description=f"A {FORMATS} file; its name says which.")],
    url_column: Annotated[str | None, Form(max_length=200)] = None,
    name: Annotated[str | None, Form(min_length=1, max_length=200)] = None,
    config: Annotated[str | None, Form(max_length=200_000, description="Options, as JSON.")] = None,
    priority: Annotated[Priority, Form()] = USUAL_PRIORITY,
    refresh: Annotated[bool, Form()] = False,
    notify: Annotated[str | None, Form(max_length=2_000)] = None,
    notify_secret: Annotated[str | None, Form(max_length=200)] = None,
    notify_when: Annotated[NotifyWhen, Form()] = NotifyWhen.DONE,
) -> BatchAnswer:
    """Submit the column of URLs of a file; the columns beside it come back with the rows."""
    options = {"name": name, "priority": priority, "refresh": refresh}
    options |= {"notify": notify, "notify_secret": notify_secret, "notify_when": notify_when}
    column = read_column(file, url_column)
    return _submit(who, response, column, None, read_config(config), **options)


@router.get("")
def list_batches(
    who: Reader,
    limit: Annotated[int, Query(ge=1, le=1_000, description="How many at most.")] = 100,
) -> Batches:
    """The newest batches, newest first, without single jobs."""
    return Batches(batches=[BatchAnswer.of(one) for one in who.queue.list_batches(limit)])


@router.get("/{batch:path}/progress")
def get_batch_progress(who: Reader, batch: BatchId, response: Response) -> Progress:
    """How far it is: counts that add up to its total, its speed and when it will be done."""
    progress = who.handle(batch).progress
    response.headers["ETag"] = weak_tag(progress.model_dump_json(exclude=CLOCKS))
    return progress


@router.get("/{batch:path}/card")
def get_batch_card(who: Reader, batch: BatchId) -> BatchCard:
    """What a card shows of it: progress, kinds of failures with their first rows, hosts that are paused, and
    what does not answer."""
    found, facts = who.handle(batch).card_facts()
    return BatchCard(batch=BatchAnswer.of(found), facts=facts)


@router.post("/{batch:path}/pause")
def pause_batch(who: Submitter, batch: BatchId) -> Changed:
    """Start nothing more of it; what runs ends."""
    batch_id = who.batch_to_change(batch).id
    return Changed(changed=who.own_queue.pause_batch(batch_id), batch=_now(who, batch_id))


@router.post("/{batch:path}/resume")
def resume_batch(who: Submitter, batch: BatchId) -> Changed:
    """Go on with a paused batch."""
    batch_id = who.batch_to_change(batch).id
    return Changed(changed=who.own_queue.resume_batch(batch_id), batch=_now(who, batch_id))


@router.post("/{batch:path}/cancel")
def cancel_batch(who: Submitter, batch: BatchId) -> Counted:
    """Stop every open row of it: none starts once this has answered."""
    batch_id = who.batch_to_change(batch).id
    return Counted(rows=who.own_queue.cancel_batch(batch_id), batch=_now(who, batch_id))


@router.post("/{batch:path}/retry")
def retry_batch(who: Submitter, batch: BatchId, which: Retry | None = None) -> Counted:
    """Try failed and cancelled rows again, all or those of some kinds of errors. The secrets of a batch that
    has ended are erased, unless they were given by name: send them again."""
    which = which or Retry()
    check_allowed(who.person, ScrapingConfig.build(**which.secrets))
    batch_id = who.batch_to_change(batch).id
    count = who.own_queue.retry_failed(batch_id, which.kinds, **which.secrets)
    return Counted(rows=count, batch=_now(who, batch_id))


# A name may have a / in it, so this takes every path that no route above it takes.
@router.get("/{batch:path}")
def get_batch(who: Reader, batch: BatchId) -> BatchAnswer:
    """A batch as it is now."""
    return BatchAnswer.of(who.queue.find_batch(batch))


def _submit(
    who: Asker,
    response: Response,
    source: Any,
    url_column: str | None,
    config: ScrapingConfig | None,
    **options: Any,
) -> BatchAnswer:
    check_allowed(who.person, config)
    check_may_notify(who.person, options["notify"], options["notify_secret"])
    who.service.check_room()
    known = who.newest_run(options["name"])
    handle = scrape(source, url_column, config=config, queue=who.own_queue, **options)
    batch = handle.batch
    response.headers["Location"] = f"/v1/batches/{batch.id}"
    if batch.id == known:
        response.status_code = 200
    return BatchAnswer.of(batch, handle.note)


def _now(who: Asker, batch_id: str) -> BatchAnswer:
    return BatchAnswer.of(who.queue.find_batch(batch_id))
