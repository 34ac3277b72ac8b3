"""Bounds of values, by pydantic's names and with its messages."""

from __future__ import annotations

import json
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError

from scrapeq.models.record import FieldType

_PYTHON: dict[FieldType, Any] = {
    FieldType.TEXT: str,
    FieldType.INTEGER: int,
    FieldType.NUMBER: float,
    FieldType.DECIMAL: Decimal,
    FieldType.FLAG: bool,
    FieldType.DATE: date,
    FieldType.TIME: datetime,
    FieldType.URL: str,
}
_ORDERED = frozenset({"gt", "ge", "lt", "le"})
_LENGTHS = frozenset({"min_length", "max_length"})
#: Which bounds a type has; the others have none.
BOUNDS_OF: dict[FieldType, frozenset[str]] = {
    **dict.fromkeys((FieldType.TEXT, FieldType.URL), _LENGTHS | {"pattern"}),
    **dict.fromkeys((FieldType.INTEGER, FieldType.NUMBER), _ORDERED | {"multiple_of"}),
    FieldType.DECIMAL: _ORDERED | {"multiple_of", "max_digits", "decimal_places"},
    **dict.fromkeys((FieldType.DATE, FieldType.TIME), _ORDERED),
}
BOUNDS_OF_LISTS = _LENGTHS
#: Bounds that are values of the field's own type.
_COMPARED = frozenset({"gt", "ge", "lt", "le", "multiple_of"})


def out_of_bounds(value: Any, kind: FieldType, rules: dict[str, Any]) -> str:
    """Why a typed value is out of bounds, "" if it is not; `check_record` has seen to it that the type
    has such bounds."""
    return _problem(adapter(kind, json.dumps(rules, sort_keys=True)), value) if rules else ""


def list_out_of_bounds(values: list[Any], rules: dict[str, Any]) -> str:
    """The same for a list as a whole."""
    return _problem(list_adapter(json.dumps(rules, sort_keys=True)), values) if rules else ""


@lru_cache(maxsize=1_000)
def adapter(kind: FieldType, rules: str) -> TypeAdapter[Any]:
    """What validates a value of a type. Raises what pydantic raises for bounds that it has not."""
    python = _PYTHON.get(kind, Any)
    bounds = {name: _bound(name, value, kind) for name, value in json.loads(rules).items()}
    wanted: Any = Annotated[python, Field(**bounds)]
    return TypeAdapter(wanted)


@lru_cache(maxsize=1_000)
def list_adapter(rules: str) -> TypeAdapter[Any]:
    """What validates a list."""
    return TypeAdapter(Annotated[list[Any], Field(**json.loads(rules))])


def _bound(name: str, value: Any, kind: FieldType) -> Any:
    if name not in _COMPARED:
        return value
    if kind is FieldType.DECIMAL:
        return Decimal(str(value))
    if kind is FieldType.DATE:
        return date.fromisoformat(value)
    if kind is FieldType.TIME:
        return datetime.fromisoformat(value)
    return value


def _problem(validator: TypeAdapter[Any], value: Any) -> str:
    try:
        validator.validate_python(value)
    except ValidationError as error:
        return str(error.errors(include_url=False, include_input=False)[0]["msg"])
    return ""
