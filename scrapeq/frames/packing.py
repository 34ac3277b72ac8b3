"""A table as bytes that any later version can read: Arrow streams, never pickle."""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import IO, Any, cast

import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped] # it has no types

from scrapeq.errors import ConfigError, warn

#: Rows of one part: some MB for usual tables, which a database takes as one value.
ROWS_A_PART = 50_000
_KEY = b"scrapeq"
#: What pandas finds in a column of objects that Arrow gives back unchanged.
_CARRIED = frozenset({"string", "empty", "date", "time", "decimal", "bytes"})


def pack_table(table: pd.DataFrame) -> list[bytes]:
    """The table as Arrow IPC streams, compressed with zstd, at most `ROWS_A_PART` rows each.

    Index, names and dtypes survive. Columns of mixed Python objects are carried as JSON where that
    gives them back equal; any other (complex numbers, tuples, objects of classes) is kept as text
    and named in a UserWarning. So is a label that is no text, number, date, time or tuple of such.
    An empty table is one part.
    """
    arrow = arrow_of(table)
    starts = range(0, max(arrow.num_rows, 1), ROWS_A_PART)
    return [_stream(arrow.slice(start, ROWS_A_PART)) for start in starts]


def arrow_of(table: pd.DataFrame) -> pa.Table:
    """The table as Arrow's, all that `table_of` needs to know of it in the metadata. Warns as `pack_table`."""
    index = table.index
    is_range = isinstance(index, pd.RangeIndex)
    levels = (
        []
        if is_range
        else [index.get_level_values(place).to_series() for place in range(index.nlevels)]
    )
    carried: dict[str, pd.Series[Any]] = {}
    places: dict[str, list[int]] = {"json": [], "object": [], "text": []}
    for place, column in enumerate([*levels, *(table.iloc[:, i] for i in range(table.shape[1]))]):
        carried[str(place)], how = _carry(column.reset_index(drop=True))
        if how:
            places[how].append(place)
    if places["text"]:
        names = [*index.names[: len(levels)], *table.columns]
        named = ", ".join(repr(names[place]) for place in places["text"])
        warn(f"kept as text, because a table cannot carry what is in it: {named}")
    labels = [*index.names, *table.columns]
    if strange := ", ".join(repr(one) for one in labels if not _is_carried(one)):
        warn(f"labels that are kept as text, because a table cannot carry them: {strange}")
    about = {
        "rows": len(table),
        "range": [index.start, index.step] if isinstance(index, pd.RangeIndex) else None,
        "levels": [_label(name) for name in index.names],
        "labels": [_label(name) for name in table.columns],
        **places,
    }
    frame = pd.DataFrame(carried, index=pd.RangeIndex(len(table)))
    arrow = pa.Table.from_pandas(frame, preserve_index=False)
    metadata = {**(arrow.schema.metadata or {}), _KEY: json.dumps(about).encode()}
    return arrow.replace_schema_metadata(metadata)


def unpack_table(parts: Iterable[bytes]) -> pd.DataFrame:
    """The table that `pack_table` made the parts of, given in their order."""
    return table_of(pa.concat_tables([pa.ipc.open_stream(part).read_all() for part in parts]))


def table_of(arrow: pa.Table) -> pd.DataFrame:
    """The table that `arrow_of` made this of. Raises ValueError if it has columns of another length."""
    about = json.loads(arrow.schema.metadata[_KEY])
    if arrow.num_columns and arrow.num_rows != about["rows"]:
        raise ValueError(f"{arrow.num_rows} rows are there of {about['rows']}")
    frame = arrow.to_pandas()
    columns: list[pd.Series[Any]] = []
    for place, name in enumerate(arrow.column_names):
        series = frame[name]
        if place in about["json"]:
            texts = arrow[name].to_pylist()
            values = [None if text is None else json.loads(text) for text in texts]
            series = pd.Series(values, dtype=object)
        elif place in about["object"]:
            series = series.astype(object).where(series.notna(), None)
        columns.append(series)
    names = [_from_json(label) for label in about["levels"]]
    index: pd.Index[Any]
    if about["range"]:
        start, step = about["range"]
        stop = start + step * about["rows"]
        index = pd.RangeIndex(start, stop, step, name=names[0])
        levels = 0
    else:
        levels = len(about["levels"])
        index = (
            pd.Index(columns[0]).rename(names[0])
            if levels == 1
            else pd.MultiIndex.from_arrays(columns[:levels], names=names)
        )
    whole = pd.DataFrame(dict(enumerate(columns[levels:])), index=pd.RangeIndex(about["rows"]))
    whole.index = index
    if about["labels"]:
        labels = [_from_json(label) for label in about["labels"]]
        whole.columns = pd.Index(labels, tupleize_cols=False)
    return whole


def arrow_part(part: bytes) -> pa.Table:
    """One part as it is."""
    return pa.ipc.open_stream(part).read_all()


def arrow_rows(stream: IO[bytes], names: Sequence[str]) -> Iterator[list[tuple[Any, ...]]]:
    """The rows of an Arrow stream as tuples of Python's values, of these columns in their order, in chunks.

    Raises ConfigError for a column that is not there: another version of scrapeq wrote it.
    """
    for batch in arrow_batches(stream, names):
        yield list(zip(*(batch.column(name).to_pylist() for name in names), strict=True))


def arrow_batches(stream: IO[bytes], names: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """The chunks of an Arrow stream, with these columns in their order. Raises ConfigError for a column that is not there."""
    reader = pa.ipc.open_stream(stream)
    if missing := [name for name in names if name not in reader.schema.names]:
        raise ConfigError(
            f"the server's table has no column {missing[0]!r}",
            hint="use the same version of scrapeq here and on the server",
        )
    for batch in reader:
        yield batch.select(list(names))


def unpack_part(part: bytes) -> tuple[pd.DataFrame, list[pa.DataType | None]]:
    """The rows of one part with their columns, without the index of the table; and the types of the
    columns, None for one that is JSON."""
    arrow = pa.ipc.open_stream(part).read_all()
    about = json.loads(arrow.schema.metadata[_KEY])
    levels = len(about["levels"]) if about["range"] is None else 0
    nested = set(about["json"])
    types = [
        None if place in nested else kind
        for place, kind in enumerate(arrow.schema.types[levels:], levels)
    ]
    whole = {**about, "rows": arrow.num_rows}
    metadata = {**arrow.schema.metadata, _KEY: json.dumps(whole).encode()}
    table = table_of(arrow.replace_schema_metadata(metadata))
    return table.reset_index(drop=True), types


_Plain = str | int | float | bool | None


def _is_carried(name: object) -> bool:
    if isinstance(name, tuple):
        return all(map(_is_carried, name))
    return isinstance(name, (str, int, float, date)) or name is None


def _label(name: object) -> _Plain | dict[str, object]:
    """A label as JSON: plain where JSON has its type, else by the name of it."""
    if isinstance(name, (str, int, float)) or name is None:  # a bool is an int
        return name
    if isinstance(name, datetime):
        when = pd.Timestamp(name)
        return {"time": when.isoformat(), "zone": None if when.tz is None else str(when.tz)}
    if isinstance(name, date):
        return {"date": name.isoformat()}
    if isinstance(name, tuple):
        return {"tuple": [_label(one) for one in name]}
    return str(name)


def _from_json(label: Any) -> Hashable:
    if not isinstance(label, dict):
        return cast("_Plain", label)
    if "tuple" in label:
        return tuple(_from_json(one) for one in label["tuple"])
    if "date" in label:
        return date.fromisoformat(label["date"])
    when = pd.Timestamp(label["time"])
    return when if label["zone"] is None else when.tz_convert(label["zone"])


def _carry(series: pd.Series[Any]) -> tuple[pd.Series[Any], str]:
    """The column as Arrow takes it, and how it is to be read back ("" for as it is)."""
    is_object = series.dtype == object
    is_arrow = isinstance(series.dtype, pd.ArrowDtype)
    if not is_object or pd.api.types.infer_dtype(series, skipna=True) in _CARRIED:
        try:
            arrow = pa.Table.from_pandas(pd.DataFrame({"0": series}), preserve_index=False)
            if _is_given_back(series, arrow):
                return series, "object" if is_object else ""
        except (pa.ArrowException, UnicodeEncodeError, TypeError):
            pass
    values = (
        pa.array(series).to_pylist()
        if is_arrow
        else series.astype(object).where(series.notna(), None).tolist()
    )
    if is_object or is_arrow:
        try:
            texts = [None if value is None else json.dumps(value) for value in values]
            if [None if text is None else json.loads(text) for text in texts] == values:
                return pd.Series(texts, dtype=object), "json"
        except (TypeError, ValueError, RecursionError):
            pass
    return pd.Series([_text(value) for value in values], dtype=object), "text"


def _is_given_back(series: pd.Series[Any], arrow: pa.Table) -> bool:
    """Whether Arrow, which took the column, can give it back: not all categories, as what pd.cut makes, and no
    lists of its own."""
    if isinstance(series.dtype, pd.CategoricalDtype):
        kind = series.dtype.categories.dtype
        if isinstance(kind, (pd.IntervalDtype, pd.PeriodDtype)):
            return False
    elif not isinstance(series.dtype, pd.ArrowDtype):
        return True
    try:
        arrow.to_pandas()
    except (pa.ArrowException, TypeError, ValueError):
        return False
    return True


def _text(value: object) -> str | None:
    if value is None:
        return None
    return str(value).encode("utf-8", "replace").decode()


def _stream(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.ipc.new_stream(sink, table.schema, options=options) as writer:
        writer.write_table(table)
    packed: bytes = sink.getvalue().to_pybytes()
    return packed
