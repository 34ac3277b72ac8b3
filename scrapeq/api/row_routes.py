"""What a batch found: rows, links and errors, page by page as JSON, or whole as a stream."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic_core import to_json

from scrapeq.api.answers import RowsPage
from scrapeq.api.batch_routes import BatchId
from scrapeq.api.route import Route
from scrapeq.api.service import Reader
from scrapeq.client.row_streams import BatchErrors, BatchLinks, BatchRows, Pieces, tables
from scrapeq.dashboards.dashboard import file_stem
from scrapeq.errors import ConfigError
from scrapeq.frames import Format, plain_rows, streamed
from scrapeq.models import Batch, ErrorKind

router = APIRouter(prefix="/v1/batches", tags=["rows"], route_class=Route)


class RowsFormat(StrEnum):
    """How rows are given: `json` page by page, all else whole, as a stream."""

    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"
    PARQUET = "parquet"
    ARROW = "arrow"


Form = Annotated[RowsFormat, Query(alias="format")]
Limit = Annotated[int, Query(ge=1, le=1_000, description="Of `json`: rows at most.")]
PageLimit = Annotated[int, Query(ge=1, le=100, description="Of `json`: pages at most.")]
Cursor = Annotated[
    str | None,
    Query(pattern=r"^[0-9]{1,10}$", description="`next_cursor` of an answer: go on behind it."),
]
#: What an endpoint gives besides JSON.
STREAMS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Some rows as JSON, or all of them in another format.",
        "content": {form.media_type.partition(";")[0]: {"schema": {}} for form in Format},
    }
}


@router.get("/{batch}/rows", response_model=RowsPage, responses=STREAMS)
def read_rows(  # noqa: PLR0917 - FastAPI's way to declare parameters
    request: Request,
    who: Reader,
    batch: BatchId,
    form: Form = RowsFormat.JSON,
    limit: Limit = 100,
    cursor: Cursor = None,
    column: Annotated[
        list[str] | None, Query(max_length=200, description="Only these columns; may come again.")
    ] = None,
) -> Response:
    """One row per row that was submitted, in its order: its own columns, what was asked for, and what was
    found. Rows that are not done yet have `ok` null. Records, lists and tables are JSON in JSON, and JSON
    text in the other formats."""
    found = who.queue.find_batch(batch)
    return _given(
        request, found, BatchRows(who.queue, found, column), form, limit=limit, cursor=cursor
    )


@router.get("/{batch}/links", response_model=RowsPage, responses=STREAMS)
def read_links(  # noqa: PLR0917 - FastAPI's way to declare parameters
    request: Request,
    who: Reader,
    batch: BatchId,
    form: Form = RowsFormat.JSON,
    limit: PageLimit = 20,
    cursor: Cursor = None,
) -> Response:
    """One row per link of every good page, where `extract_links` asked for them; as JSON those of some
    pages at once."""
    found = who.queue.find_batch(batch)
    return _given(request, found, BatchLinks(who.queue, found), form, limit=limit, cursor=cursor)


@router.get("/{batch}/errors", response_model=RowsPage, responses=STREAMS)
def read_errors(  # noqa: PLR0917 - FastAPI's way to declare parameters
    request: Request,
    who: Reader,
    batch: BatchId,
    form: Form = RowsFormat.JSON,
    limit: Limit = 100,
    cursor: Cursor = None,
    kind: Annotated[
        list[ErrorKind] | None, Query(description="Only these; may come again.")
    ] = None,
) -> Response:
    """The rows that failed or were cancelled, each with its kind of error and a sentence."""
    found = who.queue.find_batch(batch)
    return _given(
        request, found, BatchErrors(who.queue, found, kind), form, limit=limit, cursor=cursor
    )


def _given(
    request: Request,
    batch: Batch,
    pieces: Pieces,
    form: RowsFormat,
    *,
    limit: int,
    cursor: str | None,
) -> Response:
    after = -1 if cursor is None else int(cursor)
    if form is RowsFormat.JSON:
        table, last = pieces.after(after, limit)
        follows = None if last is None else str(last)
        body = to_json({"rows": plain_rows(table), "next_cursor": follows})
        answer = Response(body, media_type="application/json")
        if follows is not None:
            there = request.url.include_query_params(cursor=follows)
            answer.headers["Link"] = f'<{there.path}?{there.query}>; rel="next"'
        return answer
    if cursor is not None:
        raise ConfigError(
            f"{form} has no pages, and takes no cursor", hint="leave it out, or ask for json"
        )
    chosen = Format(form.value)
    name = f"{file_stem(batch.name or batch.id)}.{chosen}"
    return StreamingResponse(
        streamed(tables(pieces), pieces.schema, chosen),
        media_type=chosen.media_type,
        headers={"Content-Disposition": f"attachment; filename*=utf-8''{quote(name)}"},
    )
