"""What a batch found: rows, links and errors, page by page as JSON, or whole as a stream."""

from __future__ import annotations

from enum import StrEnum
from itertools import chain
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic_core import to_json

from scrapeq.api.answers import FoundProblem, PagesAnswer, Problems, RowsPage
from scrapeq.api.batch_routes import BatchId
from scrapeq.api.route import Route
from scrapeq.api.service import Reader
from scrapeq.client.row_streams import (
    BatchErrors,
    BatchLinks,
    BatchPages,
    BatchRows,
    BatchValues,
    Pieces,
    input_table,
    pages_after,
    problems,
    tables,
)
from scrapeq.dashboards.dashboard import file_stem
from scrapeq.errors import ConfigError
from scrapeq.frames import Format, plain_rows, streamed
from scrapeq.models import ErrorKind

router = APIRouter(prefix="/v1/batches", tags=["rows"], route_class=Route)


class PageValues(StrEnum):
    """A field of pages that has a table of its own; `fields` is what was asked for by name."""

    LINKS = "links"
    IMAGES = "images"
    ENTRIES = "entries"
    TABLES = "tables"
    COMMENTS = "comments"
    STRUCTURED = "structured"
    PRODUCT = "product"
    MINHASH = "minhash"
    FIELDS = "fields"
    SOURCES = "sources"
    VIOLATIONS = "violations"
    EVIDENCE = "evidence"


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


class Reading:
    """What a request for rows of a batch asks for."""

    def __init__(
        self,
        request: Request,
        who: Reader,
        batch: BatchId,
        form: Form = RowsFormat.JSON,
        cursor: Cursor = None,
    ) -> None:
        self._request, self._form, self._cursor = request, form, cursor
        self.queue = who.queue
        self.batch = who.queue.find_batch(batch)

    def answer(self, pieces: Pieces, limit: int) -> Response:
        """A page of it as JSON, or all of it as a stream; limit: rows of a page."""
        if self._form is RowsFormat.JSON:
            return self._page(pieces, limit)
        if self._cursor is not None:
            raise ConfigError(
                f"{self._form} has no pages, and takes no cursor",
                hint="leave it out, or ask for json",
            )
        chosen = Format(self._form.value)
        name = f"{file_stem(self.batch.name or self.batch.id)}.{chosen}"
        return StreamingResponse(
            streamed(tables(pieces), pieces.schema, chosen),
            media_type=chosen.media_type,
            headers={"Content-Disposition": f"attachment; filename*=utf-8''{quote(name)}"},
        )

    def _page(self, pieces: Pieces, limit: int) -> Response:
        table, last = pieces.after(-1 if self._cursor is None else int(self._cursor), limit)
        follows = None if last is None else str(last)
        body = to_json({"rows": plain_rows(table), "next_cursor": follows})
        answer = Response(body, media_type="application/json")
        if follows is not None:
            there = self._request.url.include_query_params(cursor=follows)
            answer.headers["Link"] = f'<{there.path}?{there.query}>; rel="next"'
        return answer


Asked = Annotated[Reading, Depends()]


@router.get("/{batch:path}/rows", response_model=RowsPage, responses=STREAMS)
def read_rows(
    asked: Asked,
    limit: Limit = 100,
    column: Annotated[
        list[str] | None, Query(max_length=200, description="Only these columns; may come again.")
    ] = None,
) -> Response:
    """One row per row that was submitted, in its order: its own columns, what was asked for, and what was
    found. Rows that are not done yet have `ok` null. Records, lists and tables are JSON in JSON, and JSON
    text in the other formats."""
    return asked.answer(BatchRows(asked.queue, asked.batch, column), limit)


@router.get("/{batch:path}/links", response_model=RowsPage, responses=STREAMS)
def read_links(asked: Asked, limit: PageLimit = 20) -> Response:
    """One row per link of every good page, where `extract_links` asked for them; as JSON those of some
    pages at once."""
    return asked.answer(BatchLinks(asked.queue, asked.batch), limit)


@router.get("/{batch:path}/errors", response_model=RowsPage, responses=STREAMS)
def read_errors(
    asked: Asked,
    limit: Limit = 100,
    kind: Annotated[
        list[ErrorKind] | None, Query(description="Only these; may come again.")
    ] = None,
) -> Response:
    """The rows that failed or were cancelled, each with its kind of error and a sentence."""
    return asked.answer(BatchErrors(asked.queue, asked.batch, kind), limit)


@router.get("/{batch:path}/values", response_model=RowsPage, responses=STREAMS)
def read_values(
    asked: Asked,
    field: Annotated[PageValues, Query(description="Which one.")],
    limit: PageLimit = 20,
) -> Response:
    """What each good page has of one field, as JSON: its images, tables, structured data and so on; pages
    that have none are left out."""
    return asked.answer(BatchValues(asked.queue, asked.batch, field), limit)


@router.get("/{batch:path}/table", response_model=RowsPage, responses=STREAMS)
def read_table(asked: Asked, limit: Limit = 100) -> Response:
    """The rows in columns that are the same for every batch: without those that were submitted, and with
    `fields`, what was asked for by name, as JSON text. A client makes its tables of them."""
    return asked.answer(BatchPages(asked.queue, asked.batch), limit)


@router.get(
    "/{batch:path}/input",
    response_class=Response,
    responses={
        200: {"description": "An Arrow stream.", "content": {Format.ARROW.media_type: {}}},
        204: {"description": "A plain list of URLs was submitted, or a job alone."},
    },
)
def read_input(who: Reader, batch: BatchId) -> Response:
    """The table that was submitted, with its index, as an Arrow stream that scrapeq unpacks."""
    parts = input_table(who.queue, who.queue.find_batch(batch))
    first = next(parts, None)
    if first is None:
        return Response(status_code=204)
    return StreamingResponse(
        streamed(chain([first], parts), first.schema, Format.ARROW),
        media_type=Format.ARROW.media_type,
    )


@router.get("/{batch:path}/pages")
def read_pages(
    who: Reader, batch: BatchId, limit: PageLimit = 20, cursor: Cursor = None
) -> PagesAnswer:
    """Whole pages in the order in which they were finished, failed ones too. `next_cursor` goes on behind
    the last one, also while the batch runs; null where none was given."""
    found = pages_after(who.queue, who.queue.find_batch(batch).id, int(cursor or 0), limit)
    follows = str(found[-1][0]) if found else cursor
    return PagesAnswer(pages=[page for _, page in found], next_cursor=follows)


@router.get("/{batch:path}/problems")
def read_problems(who: Reader, batch: BatchId) -> Problems:
    """What needs a look, the most rows first: kinds of errors, useless pages, selectors that match on few."""
    found = problems(who.queue, who.queue.find_batch(batch))
    return Problems(
        problems=[
            FoundProblem(problem=what, name=name, rows=rows, of=of, message=message, advice=advice)
            for what, name, rows, of, message, advice in found
        ]
    )
