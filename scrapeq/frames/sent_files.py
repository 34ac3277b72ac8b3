"""A table as a Parquet file from which a server has exactly the table that was sent."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped] # it has no types
from pyarrow import parquet

from scrapeq.frames.packing import arrow_of, table_of

#: In the metadata of a file that was sent: its types, and the values of its categories. Parquet has no
#: seconds, and of categories only those of texts.
_SCHEMA, _CATEGORIES = b"scrapeq-schema", b"scrapeq-categories"


def sent_file(table: pd.DataFrame) -> bytes:
    """The table as a Parquet file, in the form that the record keeps tables in: `read_sent` gives what
    `unpack_table(pack_table(table))` does. Warns as `pack_table`."""
    arrow = arrow_of(table)
    schema = arrow.schema
    categories: dict[int, str] = {}
    for place, kind in enumerate(schema.types):
        if pa.types.is_dictionary(kind):
            column = arrow.column(place).combine_chunks()
            values = _written(pa.table({"values": column.dictionary}))
            categories[place] = base64.b64encode(values).decode()
            arrow = arrow.set_column(place, schema.names[place], column.indices)
    metadata = {
        **schema.metadata,
        _SCHEMA: base64.b64encode(schema.remove_metadata().serialize().to_pybytes()),
        _CATEGORIES: json.dumps(categories).encode(),
    }
    return _written(arrow.replace_schema_metadata(metadata))


def read_sent(path: Path) -> pd.DataFrame | None:
    """The table of a file that `sent_file` made; None for any other Parquet file.

    Raises ValueError for one that only looks like it.
    """
    if _SCHEMA not in (parquet.read_schema(path).metadata or {}):
        return None
    arrow = parquet.ParquetFile(path).read()
    try:
        return table_of(_with_types(arrow))
    except (LookupError, TypeError, AttributeError, ArithmeticError, RecursionError) as error:
        raise ValueError(f"what it says of its columns cannot be meant: {error}") from error


def _with_types(arrow: pa.Table) -> pa.Table:
    """The columns with the types that they had before Parquet."""
    metadata = arrow.schema.metadata
    schema = pa.ipc.read_schema(pa.py_buffer(base64.b64decode(metadata[_SCHEMA])))
    categories = json.loads(metadata[_CATEGORIES])
    columns: list[Any] = []
    for place, kind in enumerate(schema.types):
        column = arrow.column(place)
        if pa.types.is_dictionary(kind):
            written = base64.b64decode(categories[str(place)])
            values = parquet.ParquetFile(io.BytesIO(written)).read().column(0)
            column = pa.DictionaryArray.from_arrays(
                column.cast(kind.index_type).combine_chunks(),
                values.cast(kind.value_type).combine_chunks(),
                ordered=kind.ordered,
            )
        columns.append(column.cast(kind) if column.type != kind else column)
    return pa.table(columns, schema=schema.with_metadata(metadata))


def _written(arrow: pa.Table) -> bytes:
    into = io.BytesIO()
    parquet.write_table(arrow, into, compression="zstd")
    return into.getvalue()
