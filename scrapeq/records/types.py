"""Texts and plain data as values of a field's type; what cannot be read without guessing is told."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any

from scrapeq.clean.dates import parse_date
from scrapeq.clean.numbers import parse_number
from scrapeq.clean.prices import parse_price
from scrapeq.clean.report import Unread
from scrapeq.clean.rule import RULES
from scrapeq.models.record import FieldType

#: Up to here a float has every whole number.
MOST_EXACT = 2**53


def typed(value: Any, kind: FieldType, choices: tuple[Any, ...] = ()) -> Any:
    """`value` as the type has it, or `Unread`: str, int, float, Decimal, bool, date, datetime, one of
    the choices; a table, a URL and what is JSON stay as they are."""
    if kind is FieldType.CHOICE:
        return _choice(value, choices)
    return _READERS[kind](value)


def to_json(value: Any) -> Any:
    """A typed value as JSON keeps it: Decimal as text, days and times as ISO 8601."""
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, (date, datetime, time)):
        return value.isoformat()
    return value


def _text(value: Any) -> str | Unread:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    value = to_json(value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _number(value: Any) -> int | float | Decimal | Unread:
    if isinstance(value, bool):
        return Unread("not_a_number", "it is a yes or no")
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else Unread("not_a_number", "it is not finite")
    if isinstance(value, Decimal):
        return value
    if not isinstance(value, str):
        return Unread("not_a_number", "it is a list or an object")
    found = parse_number(value)
    if not isinstance(found, Unread):
        return found
    price = parse_price(value)  # "1.299,00 €": the sign shows how its thousands are parted
    return found if isinstance(price, Unread) else price.amount


def _integer(value: Any) -> int | Unread:
    number = _number(value)
    if isinstance(number, Unread):
        return number
    if isinstance(number, float) and abs(number) > MOST_EXACT:
        return Unread("not_a_number", "it is too large to be exact")
    whole = int(number)
    return whole if whole == number else Unread("not_a_number", "it has decimals")


def _float(value: Any) -> float | Unread:
    number = _number(value)
    if isinstance(number, Unread):
        return number
    try:
        return float(number)
    except OverflowError:
        return Unread("not_a_number", "it is larger than any number of this type")


def _decimal(value: Any) -> Decimal | Unread:
    if isinstance(value, str):
        try:  # as JSON and attributes write it: "12.50" keeps its noughts
            exact = (
                Decimal(value.strip()) if value.strip().replace(".", "", 1).isdecimal() else None
            )
        except InvalidOperation:
            exact = None
        if exact is not None and value.isascii() and not _has_three_behind(value.strip()):
            return exact
    number = _number(value)
    if isinstance(number, (Unread, Decimal)):
        return number
    return Decimal(str(number))


def _has_three_behind(text: str) -> bool:
    """Whether a dot may part thousands: 1.299."""
    head, dot, tail = text.partition(".")
    return bool(dot) and len(tail) == 3 and head.lstrip("0") != "" and len(head) <= 3


def _flag(value: Any) -> bool | Unread:
    if isinstance(value, bool):
        return value
    if isinstance(value, (int, float)) and value in {0, 1}:
        return bool(value)
    if isinstance(value, str):
        found: bool | Unread = RULES["boolean"].read(value)
        return found
    return Unread("not_a_boolean", "it is neither yes nor no")


def _day(value: Any) -> date | Unread:
    found = _moment(value)
    if isinstance(found, datetime):
        return found.date()
    return found


def _time(value: Any) -> datetime | Unread:
    found = _moment(value)
    if isinstance(found, datetime):
        return found if found.tzinfo else found.replace(tzinfo=UTC)
    if isinstance(found, date):
        return datetime(found.year, found.month, found.day, tzinfo=UTC)
    return found


def _moment(value: Any) -> datetime | date | Unread:
    if isinstance(value, (datetime, date)):
        return value
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return Unread("not_a_date", "it is no text")
    written = parse_date(value)
    if isinstance(written, Unread):
        return written
    return datetime.fromisoformat(written) if len(written) > 10 else date.fromisoformat(written)


def _url(value: Any) -> str | Unread:
    if isinstance(value, str) and value.startswith(("https://", "http://")):
        return value
    return Unread("not_a_url", "it does not lead to http or https")


def _as_it_is(value: Any) -> Any:
    return value


def _choice(value: Any, choices: tuple[Any, ...]) -> Any:
    if value in choices:
        return next(one for one in choices if one == value)
    word = str(value).strip().casefold()
    for one in choices:
        if str(one).casefold() == word:
            return one
    listed = ", ".join(map(str, choices))[:200]
    return Unread("not_a_choice", f"it is none of {listed}")


_READERS: dict[FieldType, Callable[[Any], Any]] = {
    FieldType.TEXT: _text,
    FieldType.INTEGER: _integer,
    FieldType.NUMBER: _float,
    FieldType.DECIMAL: _decimal,
    FieldType.FLAG: _flag,
    FieldType.DATE: _day,
    FieldType.TIME: _time,
    FieldType.URL: _url,
    FieldType.TABLE: _as_it_is,
    FieldType.JSON: _as_it_is,
}
