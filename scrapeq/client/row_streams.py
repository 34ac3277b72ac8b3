"""The rows, links and errors of a batch, piece by piece: as many as there are, in constant memory.

Each piece is read by itself, so that whoever takes them slowly holds nothing in the record. Of a batch that
still runs, each row is as it was when its piece was read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count
from typing import TYPE_CHECKING, Any, Protocol

from scrapeq import database, display, frames, minhash
from scrapeq.client.findings import Findings
from scrapeq.errors import ConfigError
from scrapeq.frames import packing
from scrapeq.models import Batch, ErrorKind, FileKind, Page
from scrapeq.pipeline.job_queue import JobQueue

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa  # type: ignore[import-untyped] # it has no types

#: Rows that the first piece of a stream has, that any has at least, and at most; bytes that it comes to, if it can.
FIRST_ROWS, LEAST_ROWS, MOST_ROWS, PIECE_BYTES = 200, 20, 5_000, 8_000_000


class Pieces(Protocol):
    """Something of a batch in the order of its rows."""

    schema: pa.Schema

    def after(self, row: int, limit: int) -> tuple[pa.Table, int | None]:
        """What belongs to the next `limit` rows behind `row` (-1: from the first), and the last of these
        rows; None where nothing follows."""


def tables(pieces: Pieces) -> Iterator[pa.Table]:
    """All of it, in tables of some MB."""
    row: int | None = -1
    limit = FIRST_ROWS
    while row is not None:
        table, row = pieces.after(row, limit)
        yield table
        most = limit * PIECE_BYTES / max(table.nbytes, 1)
        limit = max(LEAST_ROWS, min(MOST_ROWS, 2 * limit, int(most)))


class BatchRows:
    """`BatchHandle.table()`, with all its columns, or those that are named.

    Raises ConfigError for a name that is no column.
    """

    def __init__(self, queue: JobQueue, batch: Batch, columns: Sequence[str] | None = None) -> None:
        self._engine = queue.services.engine
        self._batch = batch
        self._part = -1
        self._input: pd.DataFrame | None = None
        given = self._load(0)
        self._columns = columns
        self.schema = self._schema(given)

    def after(self, row: int, limit: int) -> tuple[pa.Table, int | None]:
        """See `Pieces`."""
        first = row + 1
        left = packing.ROWS_A_PART - first % packing.ROWS_A_PART
        found = database.page_rows.page_rows_after(
            self._engine, self._batch.id, row, min(limit, left)
        )
        self._load(first // packing.ROWS_A_PART)
        table = frames.typed(self._frame(found, first), self._whole)
        if self._columns is not None:
            table = table.select(self.schema.names)
        last = row + len(found)
        return table, last if found and last + 1 < self._batch.total else None

    def _schema(self, given: Sequence[Any]) -> pa.Schema:
        empty = self._frame([], 0)
        asked = self._batch.config.recipe.asked
        self._whole = frames.page_schema(empty, given, asked, frames.PAGE_TYPES)
        if self._columns is None:
            return self._whole
        for name in self._columns:
            if name not in self._whole.names:
                raise ConfigError(
                    f"there is no column {display.quoted(name)}",
                    hint=f"the columns are {display.listed(self._whole.names, near=name)}",
                )
        import pyarrow as pa

        return pa.schema([self._whole.field(name) for name in dict.fromkeys(self._columns)])

    def _frame(self, found: Sequence[tuple[Any, ...]], first: int) -> pd.DataFrame:
        begin = first % packing.ROWS_A_PART
        table = self._input
        if table is not None:
            table = table.iloc[begin : begin + len(found)].reset_index(drop=True)
        return frames.pages_frame(
            [[(number - first, *rest) for number, *rest in found]],
            database.page_rows.PAGE_ROW_COLUMNS,
            total=len(found),
            table=table,
            asked=self._batch.config.recipe.asked,
            url_column=self._batch.url_column,
        )

    def _load(self, part: int) -> Sequence[Any]:
        """Have the rows of this part of the input; the types of its columns, None for JSON."""
        if part == self._part:
            return ()
        self._part = part
        packed = database.batches.input_part(self._engine, self._batch.id, part)
        if packed is None:  # there is no input, or it ends before these rows, which were appended
            self._input = None if self._input is None else self._input.iloc[:0]
            return ()
        self._input, types = frames.unpack_part(packed)
        return types


class BatchLinks:
    """`BatchHandle.links`."""

    def __init__(self, queue: JobQueue, batch: Batch) -> None:
        self._engine, self._id = queue.services.engine, batch.id
        self.schema = frames.schema_of(frames.LINK_TYPES)

    def after(self, row: int, limit: int) -> tuple[pa.Table, int | None]:
        """See `Pieces`."""
        found = database.page_rows.link_rows_after(self._engine, self._id, row, limit)
        table = frames.typed(frames.links_frame([found]), self.schema)
        return table, found[-1][0] if len(found) == limit else None


class BatchErrors:
    """The failed and cancelled rows of a batch, on request only those of some kinds."""

    def __init__(
        self, queue: JobQueue, batch: Batch, kinds: Sequence[ErrorKind] | None = None
    ) -> None:
        self._engine, self._id, self._kinds = queue.services.engine, batch.id, kinds
        self.schema = frames.schema_of(frames.ERROR_TYPES)

    def after(self, row: int, limit: int) -> tuple[pa.Table, int | None]:
        """See `Pieces`."""
        found = database.page_rows.error_rows_after(self._engine, self._id, row, limit, self._kinds)
        table = frames.typed(frames.rows_frame(frames.ERROR_TYPES, found), self.schema)
        return table, found[-1][0] if len(found) == limit else None


class BatchPages:
    """What `BatchHandle.table()` is made of: the columns that every table has, by their own names, and `fields`,
    what was asked for by name, as JSON. `frames.pages_frame` takes them."""

    def __init__(self, queue: JobQueue, batch: Batch) -> None:
        self._engine, self._id = queue.services.engine, batch.id
        self._total = batch.total
        self._types = frames.PAGE_PART_TYPES
        self.schema = frames.schema_of(self._types)

    def after(self, row: int, limit: int) -> tuple[pa.Table, int | None]:
        """See `Pieces`."""
        found = database.page_rows.page_rows_after(self._engine, self._id, row, limit)
        rows = [(number, *rest) for number, _, *rest in found]  # without the status
        table = frames.rows_table(self._types, rows, self.schema)
        last = row + len(found)
        return table, last if found and last + 1 < self._total else None


class BatchValues:
    """What each good page of a batch keeps of one field, as JSON."""

    def __init__(self, queue: JobQueue, batch: Batch, field: str) -> None:
        self._engine, self._id, self._field = queue.services.engine, batch.id, field
        self.schema = frames.schema_of(frames.VALUE_TYPES)

    def after(self, row: int, limit: int) -> tuple[pa.Table, int | None]:
        """See `Pieces`."""
        found = self._found(row, limit)
        table = frames.typed(frames.values_frame(found), self.schema)
        return table, found[-1][0] if len(found) == limit else None

    def _found(self, row: int, limit: int) -> list[tuple[int, str, Any]]:
        rows = database.page_rows
        if self._field == "minhash":  # made of the text where none is kept
            known = rows.minhash_rows_after(self._engine, self._id, minhash.algorithm(), row, limit)
            return [
                (number, url, {"minhash": kept or minhash.minhash_of(text or "")})
                for number, url, kept, text in known
            ]
        return rows.kept_rows_after(self._engine, self._id, self._field, row, limit)


class BatchFileRows:
    """The files of a batch, of some kinds, without their bytes."""

    def __init__(self, queue: JobQueue, batch: Batch, kinds: Sequence[FileKind]) -> None:
        self._engine, self._id, self._kinds = queue.services.engine, batch.id, kinds
        self.schema = frames.schema_of(frames.FILE_TYPES)

    def after(self, row: int, limit: int) -> tuple[pa.Table, int | None]:
        """See `Pieces`."""
        found, last = database.files.file_rows_after(
            self._engine, self._id, self._kinds, row, limit
        )
        return frames.rows_table(frames.FILE_TYPES, found, self.schema), last


def problems(queue: JobQueue, batch: Batch) -> list[tuple[str, str, int, int, str, str]]:
    """`BatchHandle.problems`, as rows."""
    engine = queue.services.engine
    return Findings.of(engine, batch).rows(database.jobs.error_kinds(engine, batch.id))


def input_table(queue: JobQueue, batch: Batch) -> Iterator[pa.Table]:
    """The table that was submitted, in the parts that `frames.pack_table` made; none without one."""
    for number in count():
        part = database.batches.input_part(queue.services.engine, batch.id, number)
        if part is None:
            return
        yield frames.arrow_part(part)


def pages_after(queue: JobQueue, batch_id: str, place: int, limit: int) -> list[tuple[int, Page]]:
    """The next pages of a batch in the order of finishing, each with its place in that order."""
    return database.page_rows.pages_finished_after(queue.services.engine, batch_id, place, limit)


def finished_after(
    queue: JobQueue, batch_id: str, place: int, limit: int
) -> list[database.jobs.FinishedRow]:
    """The next rows of a batch in the order of finishing, behind a place in that order; 0: from the first."""
    return database.jobs.finished_after(queue.services.engine, batch_id, place, limit)
