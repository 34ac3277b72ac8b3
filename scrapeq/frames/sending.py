"""A table with its column of URLs as a file that is sent to a server."""

from __future__ import annotations

import io

import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped] # it has no types

from scrapeq.errors import warn
from scrapeq.frames.url_column import UrlColumn

#: What the column is called where the input has no name for it.
URL_NAME = "url"


def table_to_send(column: UrlColumn) -> tuple[bytes, str]:
    """The table as a Parquet file, with its index, and the name of its column of URLs.

    A column of mixed Python objects, which no file can carry, is sent as text and named in a UserWarning.
    """
    name = column.name
    table = column.table
    if name is None or name not in table.columns.map(str):
        name = URL_NAME
        values = [None if one is None else str(one) for one in column.values]
        table = table.assign(**{name: pd.array(values, dtype="string")})
    try:
        return _parquet(table), name
    except (pa.ArrowException, TypeError, ValueError):
        mixed = [place for place in range(table.shape[1]) if not _is_carried(table.iloc[:, place])]
    named = ", ".join(repr(table.columns[place]) for place in mixed)
    warn(f"sent as text, because a file cannot carry what is in it: {named}")
    texts = {table.columns[place]: _as_text(table.iloc[:, place]) for place in mixed}
    return _parquet(table.assign(**texts)), name


def _parquet(table: pd.DataFrame) -> bytes:
    into = io.BytesIO()
    table.to_parquet(into, engine="pyarrow", compression="zstd")
    return into.getvalue()


def _is_carried(series: pd.Series) -> bool:
    try:
        pa.array(series, from_pandas=True)
    except (pa.ArrowException, TypeError, ValueError):
        return False
    return True


def _as_text(series: pd.Series) -> pd.Series:
    return series.map(lambda value: None if value is None else str(value))
