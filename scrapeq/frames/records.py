"""The long tables of records: the items of pages, what is wrong with them, where values are from."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped] # it has no types

from scrapeq.frames.asked import asked_column
from scrapeq.frames.columns import CATEGORY, TEXT, TIME, array, make_frame, rows_frame
from scrapeq.models.config import Asked
from scrapeq.models.page_fields import PAGE_FIELDS
from scrapeq.models.record import FieldSpec, RecordSpec

#: Lists of (row, page's URL, what the record keeps of the page).
Chunks = Iterable[Sequence[tuple[int, str, Any]]]


def items_frame(chunks: Chunks, record: RecordSpec | None) -> pd.DataFrame:
    """One row per item of a page, in the order of pages and, within a page, of the document.

    Items are the records of fields that are lists of records (`sq.each`). chunks: with the fields of
    each page, as JSON text or a dict. Columns: row int64 (place in the input, from 0) · page_url
    string · number Int64 (place on the page, from 0) · field category, only if the record has several
    such fields · then a column for each of the items' fields, see `asked_column`; NA where an item of
    another field has none. A field of an item that is called like one of these is `<name>_item`.
    """
    fields = [one for one in record.fields if one.record and one.many] if record else []
    numbers: list[tuple[int, str, str, int]] = []
    items: list[Mapping[str, Any]] = []
    for chunk in chunks:
        for row, page_url, kept in chunk:
            values = _loaded(kept) or {}
            for field in fields:
                for number, item in enumerate(values.get(field.name) or []):
                    numbers.append((row, page_url, field.name, number))
                    items.append(item)
    frame = _placed(numbers)
    if len(fields) < 2:
        frame = frame.drop(columns="field")
    specs: dict[str, FieldSpec] = {}
    for field in fields:
        for spec in field.record.fields if field.record else ():
            specs.setdefault(spec.name, spec)
    columns: dict[str, Any] = {}
    for name, spec in specs.items():
        label = f"{name}_item" if name in frame.columns else name
        columns[label] = asked_column(spec, [one.get(name) for one in items])
    return pd.concat([frame, pd.DataFrame(columns, index=frame.index)], axis=1)


def violations_frame(chunks: Chunks) -> pd.DataFrame:
    """One row per value that a record does not allow: row int64 · page_url, field string · kind
    category (see `ViolationKind`) · message, value string."""
    names = ("field", "kind", "message", "value")
    rows: list[tuple[Any, ...]] = []
    for chunk in chunks:
        for row, page_url, kept in chunk:
            rows += [(row, page_url, *map(one.get, names)) for one in _loaded(kept) or []]
    types = dict(zip(names, (TEXT, CATEGORY, TEXT, TEXT), strict=True))
    return _long({"row": pa.int64(), "page_url": TEXT, **types}, rows)


def sources_frame(chunks: Chunks, asked: Asked) -> pd.DataFrame:
    """One row per value: row int64 · page_url, column, source string.

    column: as it is called in a table of pages, "metadata.canonical" for what is no column there.
    """
    taken = {one.name for one in PAGE_FIELDS if one.yields and one.name in asked}
    rows: list[tuple[Any, ...]] = []
    for chunk in chunks:
        for row, page_url, kept in chunk:
            for name, source in (_loaded(kept) or {}).items():
                field = name.removeprefix("fields.")
                column = f"{name}_page" if name in taken else field
                rows.append((row, page_url, column, source))
    return _long(
        {"row": pa.int64(), "page_url": TEXT, "column": TEXT, "source": TEXT},
        rows,
    )


def selector_health_frame(
    runs: Sequence[tuple[int, float, int, Mapping[str, int]]],
) -> pd.DataFrame:
    """One row per run and field; see `BatchHandle.selector_health`. runs: (run, seconds since 1970, pages
    that were read, matches by field), oldest first."""
    rows: list[tuple[Any, ...]] = []
    before: dict[str, float] = {}
    for run, started_s, pages, matches in runs:
        for name, matched in matches.items():
            share = matched / pages if pages else None
            known = share is not None and name in before
            change = share - before[name] if known and share is not None else None
            rows.append((run, started_s, name, pages, matched, share, change))
            if share is not None:
                before[name] = share
    return rows_frame(_HEALTH_TYPES, rows)


_HEALTH_TYPES: dict[str, pa.DataType] = {
    "run": pa.int64(),
    "started": TIME,
    "field": TEXT,
    "pages": pa.int64(),
    "matched": pa.int64(),
    "share": pa.float64(),
    "change": pa.float64(),
}


def evidence_frame(chunks: Chunks) -> pd.DataFrame:
    """One row per value that a language model quoted a passage for: row int64 · page_url, field,
    quote string · found boolean (whether the passage stands on the page)."""
    rows = [
        (row, page_url, name, one.get("quote"), one.get("found"))
        for chunk in chunks
        for row, page_url, kept in chunk
        for name, one in (_loaded(kept) or {}).items()
    ]
    types = {"row": pa.int64(), "page_url": TEXT, "field": TEXT, "quote": TEXT, "found": pa.bool_()}
    return _long(types, rows)


def _placed(numbers: Sequence[tuple[int, str, str, int]]) -> pd.DataFrame:
    types = {"row": pa.int64(), "page_url": TEXT, "field": CATEGORY, "number": pa.int64()}
    return _long(types, numbers)


def _long(types: Mapping[str, pa.DataType], rows: Sequence[Sequence[Any]]) -> pd.DataFrame:
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(types)
    arrays = {
        name: [array(values, kind)]
        for (name, kind), values in zip(types.items(), columns, strict=True)
    }
    frame = make_frame(types, arrays)
    frame["row"] = frame["row"].astype(np.int64)
    return frame


def _loaded(value: Any) -> Any:
    return json.loads(value) if isinstance(value, (str, bytes)) else value
