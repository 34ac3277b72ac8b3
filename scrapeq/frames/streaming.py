"""Tables of any length as a stream of bytes, in constant memory: JSON lines, CSV, Parquet, Arrow.

A schema that holds for every row is known before the first: what no column of Arrow can hold for all rows
(records, tables, whatever JSON a field has) is JSON text there, and JSON itself in JSON lines.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any

import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped] # it has no types
import pyarrow.compute as pc  # type: ignore[import-untyped]

from scrapeq.frames.columns import TEXT, TIME, array
from scrapeq.frames.exporting import flat, sound_value, write_csv, write_jsonl
from scrapeq.models.config import Asked
from scrapeq.models.record import FieldSpec, FieldType

_JSON = {b"scrapeq": b"json"}
_ARROW: dict[FieldType, pa.DataType] = {
    FieldType.TEXT: TEXT,
    FieldType.URL: TEXT,
    FieldType.CHOICE: TEXT,
    FieldType.INTEGER: pa.int64(),
    FieldType.NUMBER: pa.float64(),
    FieldType.FLAG: pa.bool_(),
    FieldType.DATE: pa.date32(),
    FieldType.TIME: TIME,
}


class Format(StrEnum):
    """How rows are written."""

    JSONL = "jsonl"
    CSV = "csv"
    PARQUET = "parquet"
    ARROW = "arrow"

    @property
    def media_type(self) -> str:
        """What HTTP calls it."""
        return _MEDIA_TYPES[self]


_MEDIA_TYPES = {
    Format.JSONL: "application/jsonl",
    Format.CSV: "text/csv; charset=utf-8",
    Format.PARQUET: "application/vnd.apache.parquet",
    Format.ARROW: "application/vnd.apache.arrow.stream",
}


def field(name: str, kind: pa.DataType | None) -> pa.Field:
    """A column; of no type where its values are JSON."""
    if kind is None:
        return pa.field(name, TEXT, metadata=_JSON)
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    if pa.types.is_null(kind) or pa.types.is_string(kind):
        kind = TEXT
    return pa.field(name, kind)


def schema_of(types: Mapping[str, pa.DataType | None]) -> pa.Schema:
    """A schema of columns that have these types; None for one whose values are JSON."""
    return pa.schema([field(name, kind) for name, kind in types.items()])


def page_schema(
    frame: pd.DataFrame, given: Sequence[pa.DataType | None], asked: Asked, types: Mapping[str, Any]
) -> pa.Schema:
    """The columns of `pages_frame`, of whatever rows.

    frame: such a table, with no rows; its first columns are the input's, of the types `given`, then url
    where none of them is, what was asked for by name, and the rest, of the types of `PAGE_COLUMNS`.
    """
    behind = len(frame.columns) - len(given) - len(asked) - len(types)
    kinds: list[pa.DataType | None] = [*given]
    own = list(types.values())
    first = 1 + behind  # url is one of the given columns where the input calls it so
    kinds += own[:first]
    kinds += [_asked_type(one) for one in asked.values()]
    kinds += own[1:]
    fields = [field(str(name), kind) for name, kind in zip(frame.columns, kinds, strict=True)]
    return pa.schema(fields)


def _asked_type(asked: str | list[str] | FieldSpec) -> pa.DataType | None:
    if isinstance(asked, str):
        return TEXT
    if isinstance(asked, list):
        return pa.list_(TEXT)
    if asked.type is FieldType.DECIMAL and not asked.many:
        return TEXT  # exact, of however many digits
    kind = _ARROW.get(asked.type)
    return pa.list_(kind) if asked.many and kind is not None else kind


def typed(frame: pd.DataFrame, schema: pa.Schema) -> pa.Table:
    """The table in the types of the schema: a value that has no place in its type is missing."""
    columns = [_column(frame.iloc[:, place], one) for place, one in enumerate(schema)]
    return pa.Table.from_arrays(columns, schema=schema)


def _column(series: pd.Series[Any], one: pa.Field) -> pa.Array:
    if one.metadata == _JSON:
        return pa.array([_json_text(value) for value in series], TEXT)
    try:
        column = pa.array(series, from_pandas=True)
        if isinstance(column, pa.ChunkedArray):
            column = column.combine_chunks()
        column = column if column.type == one.type else column.cast(one.type)
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        column = pa.array([_fitting(value, one.type) for value in series], one.type)
    return without_nuls(column)


def without_nuls(column: pa.Array) -> pa.Array:
    """The same column without the character that no table elsewhere can keep."""
    if column.type != TEXT:
        return column
    *_, letters = column.buffers()
    if letters is None or b"\0" not in letters.to_pybytes():  # ten times as fast as Arrow looks
        return column
    return pc.replace_substring(column, "\0", "")


def rows_table(
    types: Mapping[str, pa.DataType], rows: Sequence[Sequence[Any]], schema: pa.Schema
) -> pa.Table:
    """Tuples that have the columns in this order, in the types of the schema, without a frame between."""
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(types)
    arrays = [
        without_nuls(array(values, kind))
        for kind, values in zip(types.values(), columns, strict=True)
    ]
    return pa.Table.from_arrays(arrays, schema=schema)


def _json_text(value: Any) -> str | None:
    sound = sound_value(value)
    return None if sound is None else json.dumps(sound, ensure_ascii=False, default=str)


def _fitting(value: Any, kind: pa.DataType) -> Any:
    sound = str(value) if kind == TEXT and not isinstance(value, str) else value
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(sound, (str, list)):
        sound = sound_value(sound)
    try:
        pa.scalar(sound, kind)
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        return None
    return sound


def plain_rows(table: pa.Table) -> list[dict[str, Any]]:
    """The rows as JSON has them; times in ISO 8601."""
    nested = [one.name for one in table.schema if one.metadata == _JSON]
    rows = table.to_pylist()
    for row in rows:
        for name in nested:
            row[name] = None if row[name] is None else json.loads(row[name])
    return [sound_value(row) for row in rows]


class _Pieces(io.RawIOBase):
    """A file that gives what was written to it, and keeps none of it."""

    def __init__(self) -> None:
        super().__init__()
        self._pieces: list[bytes] = []
        self._bytes = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        piece = bytes(data)
        self._pieces.append(piece)
        self._bytes += len(piece)
        return len(piece)

    def tell(self) -> int:
        return self._bytes

    def taken(self) -> bytes:
        """What was written since the last time."""
        found = b"".join(self._pieces)
        self._pieces.clear()
        return found


def streamed(tables: Iterable[pa.Table], schema: pa.Schema, form: Format) -> Iterator[bytes]:
    """The tables one after another, as one file; of an error in the middle of them it has no end."""
    sink = _Pieces()
    write, close = _writer(sink, schema, form)
    for table in tables:
        write(table)
        if piece := sink.taken():
            yield piece
    close()
    if piece := sink.taken():
        yield piece


def _writer(
    sink: _Pieces, schema: pa.Schema, form: Format
) -> tuple[Callable[[pa.Table], object], Callable[[], object]]:
    """What writes a table, and what ends the file."""
    if form is Format.ARROW:
        options = pa.ipc.IpcWriteOptions(compression="zstd")
        arrow = pa.ipc.new_stream(sink, schema, options=options)
        return arrow.write_table, arrow.close
    if form is Format.PARQUET:
        from pyarrow import parquet

        rows = parquet.ParquetWriter(sink, schema, compression="zstd")
        return rows.write_table, rows.close
    if form is Format.CSV:
        write_csv(flat(schema.empty_table()), sink)  # the names of the columns
        return lambda table: write_csv(flat(table), sink, names=False), lambda: None
    nested = {one.name for one in schema if one.metadata == _JSON}
    return lambda table: write_jsonl(table, nested, sink), lambda: None
