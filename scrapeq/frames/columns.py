"""Columns as frames keep them: from tuples of a database through Arrow to pandas.

Column by column, so that a million rows cost little Python.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped] # it has no types

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
    if kind == pa.bool_():  # SQLite knows 0 and 1
        return pa.array([None if value is None else bool(value) for value in values], kind)
    if kind == TIME:
        first = next((value for value in values if value is not None), None)
        if isinstance(first, str):
            return pa.array(values, pa.string()).cast(TIME)
        if isinstance(first, (int, float, Decimal)):  # PostgreSQL divides to Decimal
            micros = [None if value is None else round(float(value) * 1e6) for value in values]
            return pa.array(micros, pa.int64()).cast(TIME)
    if kind not in (TEXT, CATEGORY):
        return pa.array(values, kind)
    try:
        return pa.array(values, TEXT)
    except UnicodeEncodeError:  # a lone surrogate, which JSON can write and UTF-8 cannot
        return pa.array(
            [value and value.encode("utf-8", "replace").decode() for value in values], TEXT
        )


def make_frame(
    types: Mapping[str, pa.DataType],
    arrays: Mapping[str, list[pa.Array]],
    order: Any | None = None,
) -> pd.DataFrame:
    """The columns as pandas keeps them best, by `order`; Arrow's text is not copied. What is missing
    is NA; only a category and a time have words of their own for it, NaN and NaT.
    """
    columns: dict[str, pa.ChunkedArray] = {}
    for name, kind in types.items():
        column = pa.chunked_array(arrays[name], TEXT if kind == CATEGORY else kind)
        if order is not None:
            column = column.take(pa.array(order, mask=order < 0))
        columns[name] = column.dictionary_encode() if kind == CATEGORY else column
    frame: pd.DataFrame = pa.table(columns).to_pandas(types_mapper=_PANDAS_TYPES.get)
    for name, kind in types.items():
        if kind == CATEGORY:
            categories = frame[name].cat.categories
            ordered = pd.Index(sorted(categories), dtype=categories.dtype)
            frame[name] = frame[name].cat.set_categories(ordered)
    return frame


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
