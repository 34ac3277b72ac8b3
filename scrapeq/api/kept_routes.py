"""What the record keeps of a batch besides its rows: pages and files as they came, counts, costs."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from scrapeq.api.allowed import check_allowed
from scrapeq.api.answers import BatchAnswer, RowsPage, SelectorRun, SelectorRuns
from scrapeq.api.batch_routes import BatchId
from scrapeq.api.requests import NewReading
from scrapeq.api.route import Route
from scrapeq.api.row_routes import STREAMS, Asked, PageLimit
from scrapeq.api.service import Reader, Submitter
from scrapeq.client import handle, kept
from scrapeq.client.row_streams import BatchFileRows
from scrapeq.models import AICost, FileKind
from scrapeq.models.ai_estimate import AIEstimate

router = APIRouter(prefix="/v1/batches", tags=["kept"], route_class=Route)

#: What strangers wrote is given to be saved, and never to be shown by a browser.
_AS_A_FILE = {"Content-Disposition": "attachment"}
_BYTES = "application/octet-stream"
BYTES: dict[int | str, dict[str, Any]] = {
    200: {"description": "The bytes.", "content": {_BYTES: {}}}
}


@router.get("/{batch:path}/html", response_class=Response, responses=BYTES)
def read_html(
    who: Reader,
    batch: BatchId,
    row: Annotated[int, Query(ge=0, le=2**31 - 1, description="The place in the input, from 0.")],
) -> Response:
    """The stored page of a row, as it was received and decoded. 404 where it is not kept."""
    body = kept.page_bytes(who.queue, who.queue.find_batch(batch), row)
    return Response(body, media_type=_BYTES, headers=_AS_A_FILE)


@router.get("/{batch:path}/files", response_model=RowsPage, responses=STREAMS)
def read_files(
    asked: Asked,
    kind: Annotated[list[FileKind] | None, Query(description="Only these; may come again.")] = None,
    limit: PageLimit = 20,
) -> Response:
    """One row per file of every page: pictures, PDFs, answers, consoles, documents; their bytes are at
    `file`, by `sha256`."""
    kinds = list(FileKind) if kind is None else kind
    return asked.answer(BatchFileRows(asked.queue, asked.batch, kinds), limit)


@router.get("/{batch:path}/file", response_class=Response, responses=BYTES)
def read_file(
    who: Reader,
    batch: BatchId,
    sha256: Annotated[str, Query(max_length=200, description="As `files` has it.")],
    small: Annotated[bool, Query(description="The small picture of a large one.")] = False,
) -> Response:
    """The bytes of a file. 404 where the batch keeps none such."""
    body = kept.file_bytes(who.queue, who.queue.find_batch(batch), sha256, small=small)
    return Response(body, media_type=_BYTES, headers=_AS_A_FILE)


@router.get("/{batch:path}/cost")
def read_cost(who: Reader, batch: BatchId) -> AICost:
    """What the language model cost until now: calls, tokens, money in billionths of a dollar."""
    return kept.cost(who.queue, who.queue.find_batch(batch))


@router.get("/{batch:path}/estimate")
def read_estimate(who: Reader, batch: BatchId) -> AIEstimate:
    """What the language model of all its rows may cost; 422 where no field is filled by one."""
    return kept.estimate(who.queue, who.queue.find_batch(batch))


@router.get("/{batch:path}/selectors")
def read_selectors(who: Reader, batch: BatchId) -> SelectorRuns:
    """On how many pages each selector matched, in this run and in those of its name before it."""
    found = kept.selector_runs(who.queue, who.queue.find_batch(batch))
    return SelectorRuns(
        runs=[
            SelectorRun(run=one.run, started_at=one.created_at, pages=pages, matches=matches)
            for one, pages, matches in found
        ]
    )


@router.post("/{batch:path}/reread", status_code=201)
def reread(who: Submitter, batch: BatchId, new: NewReading, response: Response) -> BatchAnswer:
    """A new batch of the same rows, read from the stored pages: no request is sent. By the options of this
    batch, with those that are given in their place; `record` null leaves it out."""
    check_allowed(who.person, new.config)
    who.service.check_room()
    of = who.batch_to_change(batch)
    options = {name: getattr(new.config, name) for name in new.config.model_fields_set}
    made = handle.reread(who.own_queue, of, handle.SAME, options)
    response.headers["Location"] = f"/v1/batches/{made.id}"
    return BatchAnswer.of(made.batch, made.note)
