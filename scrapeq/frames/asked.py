"""The columns of what was asked for by name: selectors as text, a record's fields by their types."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped] # it has no types

from scrapeq.frames.columns import CATEGORY, TEXT, TIME, array, in_order, make_frame
from scrapeq.frames.tables import table_frame
from scrapeq.models.found_table import FoundTable
from scrapeq.models.record import FieldSpec, FieldType, RecordSpec

#: Digits that Arrow's decimals have; a column with more of them holds Python's Decimal.
MOST_DIGITS = 38

_ARROW: dict[FieldType, pa.DataType] = {
    FieldType.TEXT: TEXT,
    FieldType.URL: TEXT,
    FieldType.INTEGER: pa.int64(),
    FieldType.NUMBER: pa.float64(),
    FieldType.FLAG: pa.bool_(),
    FieldType.TIME: TIME,
}


def asked_column(
    asked: str | list[str] | FieldSpec, values: Sequence[Any], order: Any | None = None
) -> Any:
    """One column as pandas keeps it, by `order` (see `make_frame`).

    A selector: string, or object (lists of texts) where it is in a list. A field: text, url string ·
    integer Int64 · number Float64 · decimal decimal128 (Arrow's, with as many decimals as the column
    needs) · flag boolean · date date32 (Arrow's) · time datetime64[us, UTC] · choice category · table
    object (DataFrames) · record object (dicts) · json object; lists of any object. What is missing
    is NA.
    """
    if isinstance(asked, str):
        return _plain([words(one) for one in values], TEXT, order)
    if isinstance(asked, list):
        return _objects(values, order)
    if asked.many:
        return _objects([None if one is None else field_value(asked, one) for one in values], order)
    found = [None if one is None else python_value(asked, one) for one in values]
    kind = _arrow_type(asked, found)
    if kind is None:
        return _objects(found, order)
    try:
        return _plain(found, kind, order)
    except (
        pa.ArrowException,
        TypeError,
        ValueError,
        OverflowError,
    ):  # of a spec that nobody checked
        return _objects(found, order)


def python_value(field: FieldSpec, value: Any) -> Any:
    """A value of a field as Python has it, from what JSON keeps."""
    return value if value is None else _READERS.get(field.type, _as_it_is)(field, value)


def as_python(asked: str | list[str] | FieldSpec, value: Any) -> Any:
    """What was asked for by name, as Python has it."""
    return field_value(asked, value) if isinstance(asked, FieldSpec) else value


def record_value(record: RecordSpec, values: Mapping[str, Any]) -> dict[str, Any]:
    """A record within a record: its fields as Python has them."""
    return {field.name: field_value(field, values.get(field.name)) for field in record.fields}


def field_value(field: FieldSpec, value: Any) -> Any:
    """A field as Python has it: a list of values, or one."""
    if field.many:
        return [python_value(field, one) for one in value or []]
    return python_value(field, value)


def _arrow_type(field: FieldSpec, values: Sequence[Any]) -> pa.DataType | None:
    """The type of a column; None where pandas keeps objects."""
    if field.type is FieldType.CHOICE:
        return CATEGORY if all(isinstance(one, str) for one in field.choices) else None
    if field.type is FieldType.DATE:
        return pa.date32()
    if field.type is FieldType.DECIMAL:
        return _decimal_type(values)
    if field.type is FieldType.INTEGER and any(
        abs(one) >= 2**63 for one in values if one is not None
    ):
        return None
    return _ARROW.get(field.type)


def _decimal_type(values: Sequence[Decimal | None]) -> pa.DataType | None:
    scale = whole = 0
    for one in values:
        if one is not None:
            _, digits, exponent = one.as_tuple()
            if not isinstance(exponent, int):
                return None  # NaN and infinity
            scale = max(scale, -exponent)
            whole = max(whole, len(digits) + exponent)
    return pa.decimal128(MOST_DIGITS, scale) if whole + scale <= MOST_DIGITS else None


def _plain(values: Sequence[Any], kind: pa.DataType, order: Any | None) -> Any:
    column = pa.array(values, kind) if kind == TIME else array(values, kind)
    if pa.types.is_decimal(kind) or pa.types.is_date(kind):
        if order is not None:
            column = in_order([column], order, kind)
        return pd.array(column, dtype=pd.ArrowDtype(kind))
    return make_frame({"values": kind}, {"values": [column]}, order)["values"].array


def _objects(values: Sequence[Any], order: Any | None) -> Any:
    objects = np.empty(len(values) + 1, dtype=object)
    for place, value in enumerate(values):  # numpy would open up lists and frames
        objects[place] = pd.NA if value is None else value
    objects[-1] = pd.NA
    return objects[:-1] if order is None else objects[order]  # -1 is the NA at the end


def words(value: Any) -> str | None:
    """A value as text: several texts with spaces between them, anything else as JSON."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return " ".join(value)
    return json.dumps(value, ensure_ascii=False)


def _as_it_is(_: FieldSpec, value: Any) -> Any:
    return value


def _record(field: FieldSpec, value: Any) -> Any:
    return record_value(field.record, value) if field.record is not None else value


def _moment(_: FieldSpec, value: Any) -> datetime:
    when = datetime.fromisoformat(value)
    return when if when.tzinfo else when.replace(tzinfo=UTC)


_READERS: dict[FieldType, Callable[[FieldSpec, Any], Any]] = {
    FieldType.DECIMAL: lambda _, value: Decimal(value),
    FieldType.DATE: lambda _, value: date.fromisoformat(value),
    FieldType.TIME: _moment,
    FieldType.TABLE: lambda _, value: table_frame(FoundTable.from_json(value)),
    FieldType.RECORD: _record,
}
