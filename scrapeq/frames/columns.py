"""Columns as frames keep them: from tuples of a database through Arrow to pandas.

Column by column, so that a million rows cost little Python.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped] # it has no types
import pyarrow.compute as pc  # type: ignore[import-untyped] # nor has it

TEXT = pa.large_string()
TIME = pa.timestamp("us", tz="UTC")
CATEGORY = pa.dictionary(pa.int32(), pa.large_string())
#: How pandas keeps text.
STRING = pd.StringDtype("pyarrow")

_PANDAS_TYPES = {
    pa.large_string(): STRING,
    pa.bool_(): pd.BooleanDtype(),
    pa.int8(): pd.Int8Dtype(),
    pa.int16(): pd.Int16Dtype(),
    pa.int32(): pd.Int32Dtype(),
    pa.int64(): pd.Int64Dtype(),
    pa.float64(): pd.Float64Dtype(),
}


def array(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    """One column of one chunk; a category is still text here, and encoded with all chunks."""
    first = next((value for value in values if value is not None), None)
    if kind == pa.bool_():  # SQLite knows 0 and 1
        known = pa.bool_() if isinstance(first, bool) else pa.int8()
        return pa.array(values, known).cast(kind)
    if kind == TIME:
        if isinstance(first, str):
            return pa.array(values, pa.string()).cast(TIME)
        if isinstance(first, Decimal):  # PostgreSQL divides to it
            values = [None if value is None else float(value) for value in values]
            first = 0.0
        if isinstance(first, (int, float)):
            seconds = pa.array(values, pa.float64())
            return pc.round(pc.multiply(seconds, 1e6)).cast(pa.int64()).cast(TIME)
    if kind not in (TEXT, CATEGORY):
        return pa.array(values, kind)
    if isinstance(first, bytes):  # UTF-8, as SQLite keeps it
        return _utf8(values)
    try:
        return pa.array(values, TEXT)
    except UnicodeEncodeError:  # a lone surrogate, which JSON can write and UTF-8 cannot
        return pa.array(
            [value and value.encode("utf-8", "replace").decode() for value in values], TEXT
        )


def _utf8(values: Sequence[bytes | None]) -> pa.Array:
    """A column of texts of some KB each, put together in one allocation of the right size: Arrow's builder
    grows it step by step, which takes more CPU and half as much memory again (docs/performance.md)."""
    ends = np.zeros(len(values) + 1, dtype=np.int64)
    known = [value for value in values if value is not None]
    np.cumsum([0 if value is None else len(value) for value in values], out=ends[1:])
    there = None
    if len(known) < len(values):
        there = pa.array([value is not None for value in values]).buffers()[1]
    text = pa.py_buffer(b"".join(known))
    return pa.LargeStringArray.from_buffers(len(values), pa.py_buffer(ends), text, there)


def make_frame(
    types: Mapping[str, pa.DataType],
    arrays: Mapping[str, list[pa.Array]],
    order: npt.NDArray[np.int64] | None = None,
) -> pd.DataFrame:
    """The columns as pandas keeps them best, by `order`; Arrow's text is not copied. What is missing
    is NA; only a category and a time have words of their own for it, NaN and NaT. With an order, the lists of
    `arrays` are emptied.
    """
    columns: dict[str, pa.ChunkedArray] = {}
    for name, kind in types.items():
        plain = TEXT if kind == CATEGORY else kind
        if order is None:
            column = pa.chunked_array(arrays[name], plain)
        else:
            column = in_order(arrays[name], order, plain)
        columns[name] = column.dictionary_encode() if kind == CATEGORY else column
    frame: pd.DataFrame = pa.table(columns).to_pandas(types_mapper=_PANDAS_TYPES.get)
    for name, kind in types.items():
        if kind == CATEGORY:
            categories = frame[name].cat.categories
            ordered = pd.Index(sorted(categories), dtype=categories.dtype)
            frame[name] = frame[name].cat.set_categories(ordered)
    return frame


def in_order(
    chunks: list[pa.Array], order: npt.NDArray[np.int64], kind: pa.DataType
) -> pa.ChunkedArray:
    """A column by `order`: for each row the place of its value in the chunks, -1 for none.

    The list is emptied: a chunk goes as soon as its rows are there, so that no column is in memory twice. That
    needs rows which come one after another, as the database gives them; others are put in order as a whole.
    """
    known = np.flatnonzero(order >= 0)
    places = order[known]
    if not chunks or np.any(np.diff(places) < 0):
        whole = pa.chunked_array(chunks, kind)
        chunks.clear()
        return whole.take(pa.array(order, mask=order < 0))
    parts: list[pa.Array] = []
    done = first = 0
    while chunks:
        chunk = chunks.pop(0)
        count = np.searchsorted(places, first + len(chunk))
        end = known[count] if count < len(known) else len(order)
        here = order[done:end]
        parts.append(chunk.take(pa.array(here - first, mask=here < 0)))
        done, first = end, first + len(chunk)
    return pa.chunked_array(parts, kind)


def rows_frame(
    types: Mapping[str, pa.DataType],
    rows: Sequence[Sequence[Any]],
) -> pd.DataFrame:
    """A frame of tuples that have the columns in this order; times in seconds since 1970.

    No rows give an empty frame with these columns.
    """
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(types)
    arrays = {
        name: [array(values, kind)]
        for (name, kind), values in zip(types.items(), columns, strict=True)
    }
    return make_frame(types, arrays)


def float64(values: Any, known: Any) -> Any:
    """A column of Float64 from numbers, NA where they are not known."""
    return pd.arrays.FloatingArray(np.asarray(values, dtype=np.float64).copy(), ~np.asarray(known))
