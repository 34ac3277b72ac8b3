"""The kinds of rules: for each its reader, its options, and what a column shows of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from scrapeq import urls
from scrapeq.clean.booleans import parse_boolean
from scrapeq.clean.countries import parse_country
from scrapeq.clean.dates import parse_date, shown_order
from scrapeq.clean.emails import parse_email
from scrapeq.clean.languages import parse_language
from scrapeq.clean.locales import currency_of, day_comes_first, decimal_of, locale_of
from scrapeq.clean.markup import without_markup
from scrapeq.clean.numbers import parse_number, plain_digits, shown_mark
from scrapeq.clean.phones import is_region, parse_phone
from scrapeq.clean.prices import Price, exact_price, is_currency, numbers_in, parse_currency
from scrapeq.clean.quantities import UNITS, Quantity, amounts_in, in_unit, parse_quantity
from scrapeq.clean.report import Unread
from scrapeq.clean.texts import Layout, clean_text
from scrapeq.models import Failure

Options = dict[str, Any]
#: Texts that are longer are none of the short things that most rules read.
_LONGEST = 10_000


@dataclass(frozen=True, slots=True)
class Option:
    """problem: what to write instead of a value that it cannot have; "" for one that it can."""

    problem: Callable[[Any], str]


@dataclass(frozen=True, slots=True)
class Kind:
    """about: what the rule gives, in a sentence. read: a value that is there to what it means, or
    `Unread`. evidence: what the values of a column show that no option says."""

    about: str
    read: Callable[[object, Options], Any]
    options: Mapping[str, Option] = field(default_factory=dict)
    evidence: Callable[[Iterable[object], Options], Options] = lambda _values, _options: {}


# --- options -----------------------------------------------------------------------------------


def _one_of(*allowed: object) -> Option:
    words = " or ".join(repr(one) for one in allowed)
    return Option(lambda value: "" if value in allowed else f"write {words}")


def _known(is_known: Callable[[str], object], what: str) -> Option:
    return Option(
        lambda value: "" if isinstance(value, str) and is_known(value) else f"write {what}"
    )


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        return False
    return True


_LOCALE = _known(locale_of, 'a language, with a country where it matters: "de", "en-US"')
_DECIMAL = _one_of(".", ",")
_DAY_FIRST = Option(
    lambda value: "" if isinstance(value, bool) else "write True or False"  # 0 and 1 are no bools
)
_CURRENCY = _known(is_currency, 'an ISO 4217 code, like "EUR"')
_REGION = _known(is_region, 'an ISO 3166 code, like "DE"')
_TIMEZONE = _known(_is_zone, 'the name of a time zone, like "Europe/Berlin"')
_UNIT = _known(UNITS.get, 'a unit, like "kg", "cm" or "min"')
_NUMBERS = {"decimal": _DECIMAL, "locale": _LOCALE}


# --- readers -----------------------------------------------------------------------------------


def _as_text(value: object, what: str) -> str | Unread:
    """A text, or a number as a text; short enough to be read at once."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float, Decimal)):
        return Unread(f"not_a_{what}", f"a {type(value).__name__} is no {what}")
    text = value if isinstance(value, str) else str(value)
    if len(text) > _LONGEST:
        return Unread(f"not_a_{what}", f"it has more than {_LONGEST:,} characters")
    return clean_text(text, Layout.LINE)[0]


def _of_text(what: str, read: Callable[[str, Options], Any]) -> Callable[[object, Options], Any]:
    """The reader of a value by its text on one clean line."""

    def reader(value: object, options: Options) -> Any:
        text = _as_text(value, what)
        if isinstance(text, Unread):
            return text
        return read(text, options) if text else None

    return reader


def _laid_out(layout: Layout) -> Callable[[object, Options], Any]:
    def reader(value: object, _options: Options) -> str | Unread | None:
        if isinstance(value, bool) or not isinstance(value, (str, int, float, Decimal)):
            return Unread("not_a_text", f"a {type(value).__name__} is no text")
        return _settled(value if isinstance(value, str) else str(value), layout) or None

    return reader


def _settled(text: str, layout: Layout) -> str:
    """Cleaned until nothing changes: what was repaired once may show what is to be repaired again."""
    for _ in range(5):
        better, changes = clean_text(text, layout)
        if not changes:
            return better
        text = better
    return text


def _plain_text(value: object, options: Options) -> Any:
    text = _laid_out(Layout.TEXT)(value, options)
    if not isinstance(text, str):
        return text
    return _settled(without_markup(text), Layout.TEXT) or None


def _lines(value: object, options: Options) -> Any:
    text = _laid_out(Layout.TEXT)(value, options)
    if not isinstance(text, str):
        return text
    return [line for one in text.split("\n") if (line := one.strip())] or None


def _decimal(options: Options) -> str | None:
    decimal = options.get("decimal") or (
        decimal_of(options["locale"]) if "locale" in options else None
    )
    return str(decimal) if decimal else None


def _number(value: object, options: Options) -> Any:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return value if abs(value) != float("inf") else Unread("not_a_number", "it is endless")
    if isinstance(value, Decimal):
        return _plain(value)
    return _of_text("number", lambda text, _: parse_number(text, _decimal(options)))(value, options)


def _plain(number: Decimal) -> int | float | Unread:
    if not number.is_finite():
        return Unread("not_a_number", "it is endless, or no number")
    return int(number) if number == number.to_integral_value() else float(number)


def _integer(value: object, options: Options) -> Any:
    number = _number(value, options)
    if isinstance(number, float):
        if not number.is_integer():
            return Unread("not_an_integer", "it has decimals")
        return int(number)
    return number


def _percent(value: object, options: Options) -> Any:
    if isinstance(value, (int, float, Decimal)):
        return _number(value, options)

    def read(text: str, _: Options) -> Any:
        bare = plain_digits(text.replace("٪", "%"))
        for sign in ("per cent", "percent", "prozent", "pct.", "pct", "%"):
            if bare.lower().endswith(sign):
                return parse_number(bare[: -len(sign)].strip(), _decimal(options))
            if sign == "%" and bare.startswith(sign):  # as Turkish and Basque write it
                return parse_number(bare[1:].strip(), _decimal(options))
        return Unread("not_a_percent", "there is no sign of per cent behind it")

    return _of_text("percent", read)(value, options)


def _price(value: object, options: Options) -> Any:
    if isinstance(value, (int, float, Decimal)) and not isinstance(value, bool):
        exact = Decimal(str(value))
        return exact if exact.is_finite() else Unread("not_a_price", "it is endless, or no number")

    def read(text: str, _: Options) -> Any:
        price = exact_price(text, _decimal(options), _shared(options))
        return price.amount if isinstance(price, Price) else price

    return _of_text("price", read)(value, options)


def _shared(options: Options) -> str | None:
    """What a sign means that several currencies share."""
    if "currency" in options:
        return str(options["currency"])
    return currency_of(options["locale"]) if "locale" in options else None


def _currency(text: str, options: Options) -> str | Unread:
    return parse_currency(text, _shared(options))


def _first(options: Options) -> bool | None:
    if "day_first" in options:
        return bool(options["day_first"])
    return day_comes_first(options["locale"]) if "locale" in options else None


def _when(value: object, options: Options) -> str | Unread | None:
    """A date or time as ISO 8601 has it."""
    if isinstance(value, (dt.date, dt.datetime)):
        return value.isoformat()
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return parse_date(value)
    text = _as_text(value, "date")
    if isinstance(text, Unread) or not text:
        return text or None
    return parse_date(text, _first(options), options.get("locale"))


def _date(value: object, options: Options) -> Any:
    written = _when(value, options)
    if not isinstance(written, str):
        return written
    return dt.date.fromisoformat(written[:10])


def _datetime(value: object, options: Options) -> Any:
    written = _when(value, options)
    if not isinstance(written, str):
        return written
    when = dt.datetime.fromisoformat(written)
    if when.tzinfo is None:
        when = when.replace(tzinfo=ZoneInfo(options.get("timezone", "UTC")))
    try:
        return when.astimezone(dt.UTC)
    except OverflowError:
        return Unread("not_a_date", "there is no such day or time")


def _url(text: str, options: Options) -> str | Unread:
    written = urls.join(options["base"], text) or text if "base" in options else text
    found = urls.parse(written)
    return Unread("not_a_url", found.message) if isinstance(found, Failure) else found.href


def _quantity(value: object, options: Options) -> Any:
    wanted = options.get("unit")
    if isinstance(value, dict) and value.keys() == {
        "amount",
        "unit",
    }:  # as a report of records has it
        value = f"{value['amount']} {value['unit']}"
        options = {**options, "decimal": "."}
    if isinstance(value, Quantity):
        return value if wanted is None else in_unit(value, wanted)
    return _of_text("quantity", lambda text, _: parse_quantity(text, _decimal(options), wanted))(
        value, options
    )


def _phone(text: str, options: Options) -> str | Unread:
    region = options.get("region")
    if region is None and "locale" in options:
        locale = locale_of(options["locale"])
        region = locale.territory if locale else None
    return parse_phone(text, region)


# --- evidence ----------------------------------------------------------------------------------


def _shows_mark(
    bare: Callable[[str], Sequence[str]],
) -> Callable[[Iterable[object], Options], Options]:
    """The decimal sign that a column shows; bare: the numbers of a text."""

    def evidence(values: Iterable[object], options: Options) -> Options:
        if "decimal" in options or "locale" in options:
            return {}
        mark = shown_mark(one for value in values if isinstance(value, str) for one in bare(value))
        return {"decimal": mark} if mark else {}

    return evidence


def _bare_number(text: str) -> list[str]:
    if len(text) > _LONGEST:
        return []
    return [plain_digits(text).lstrip("+-(% ").rstrip(" )-%")]


def _shows_order(values: Iterable[object], options: Options) -> Options:
    if "day_first" in options or "locale" in options:
        return {}
    order = shown_order(values)
    return {} if order is None else {"day_first": order}


_DATES = {"day_first": _DAY_FIRST, "locale": _LOCALE}

#: Every kind by the name of its rule.
KINDS: Mapping[str, Kind] = {
    "text": Kind("A text without broken and invisible characters, its lines kept.", _laid_out(Layout.TEXT)),
    "line": Kind("The same on one line.", _laid_out(Layout.LINE)),
    "lines": Kind("The lines of a text that have something, as a list.", _lines),
    "plain_text": Kind("A text without remains of HTML: tags, entities, comments.", _plain_text),
    "number": Kind("An int, or a float if it has decimals.", _number, _NUMBERS, _shows_mark(_bare_number)),
    "integer": Kind("An int; what has decimals is not read.", _integer, _NUMBERS, _shows_mark(_bare_number)),
    "percent": Kind("The number before the sign: 12.5 % is 12.5.", _percent, _NUMBERS, _shows_mark(_bare_number)),
    "price": Kind(
        "The one amount in a text, as an exact Decimal.",
        _price,
        {**_NUMBERS, "currency": _CURRENCY},
        _shows_mark(numbers_in),
    ),
    "currency": Kind(
        "The ISO 4217 code of the currency that a price or a name says.",
        _of_text("currency", _currency),
        {"currency": _CURRENCY, "locale": _LOCALE},
    ),
    "date": Kind("A date.", _date, _DATES, _shows_order),
    "datetime": Kind(
        "A time in UTC; one without a zone is taken as UTC, or as of the option timezone.",
        _datetime,
        {**_DATES, "timezone": _TIMEZONE},
        _shows_order,
    ),
    "quantity": Kind(
        "An amount (Decimal) and its unit, in the base unit: 500 g is 0.5 kg. With the option unit, "
        "the amount in it, alone.",
        _quantity,
        {**_NUMBERS, "unit": _UNIT},
        _shows_mark(amounts_in),
    ),
    "phone": Kind(
        "A telephone number as E.164 has it: +493012345678. One without a country code needs region.",
        _of_text("phone", _phone),
        {"region": _REGION, "locale": _LOCALE},
    ),
    "email": Kind("An e-mail address, also one that is written \"a (at) b\".", _of_text("email", lambda text, _: parse_email(text))),
    "url": Kind(
        "A URL in its canonical form (WHATWG); a relative one needs base.",
        _of_text("url", _url),
        {"base": _known(lambda base: not isinstance(urls.parse(base), Failure), "a URL")},
    ),
    "language": Kind("A language as BCP 47 has it: de, pt-BR.", _of_text("language", lambda text, _: parse_language(text))),
    "country": Kind("A country as ISO 3166 has it: DE.", _of_text("country", lambda text, _: parse_country(text))),
    "boolean": Kind("True or False, by the words of 30 languages.", lambda value, _: parse_boolean(value)),
}  # fmt: skip
