"""Dates as people write them, as ISO 8601; read by evidence and never by guessing."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta, timezone
from email.utils import parsedate_to_datetime
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from scrapeq.clean.locales import locale_of
from scrapeq.clean.numbers import plain_digits
from scrapeq.clean.report import Unread
from scrapeq.clock import ZONE_MINUTES, ZONE_NAMES, mail_zone

if TYPE_CHECKING:
    from babel import Locale

_TIME = (
    r"(?P<hour>\d{1,2})[:.h](?P<minute>\d{2})(?::(?P<second>\d{2})(?:\.\d+)?)?"
    r"(?:\s?(?P<half>[ap])\.?m\.?)?"
    rf"(?:\s?(?:(?P<zone>{ZONE_NAMES})|(?P<offset>[+-]\d{{2}}:?\d{{2}})))?"
)
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:?\d{2}.*)?|(?:19|20)\d{6}(?:T\d{4,6}.*)?")
_MAIL = re.compile(r"(?:[A-Z][a-z]{2}, )?\d{1,2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}(?::\d{2})? .+")
_NUMERIC = re.compile(
    r"(?P<a>\d{1,4})(?P<sign>[./-]) ?(?P<b>\d{1,2})(?P=sign) ?(?P<c>\d{1,4})\.?"
    rf"(?:,? (?:{_TIME}))?",
    re.IGNORECASE,
)
_EAST = re.compile(r"(\d{4}) ?[年년] ?(\d{1,2}) ?[月월] ?(\d{1,2}) ?[日일]")
_WORDY_TIME = re.compile(
    rf"[,\s]*(?:\bat\b|\bum\b|\bà\b|\balle\b|\bkl\.?)?\s*\b{_TIME}$", re.IGNORECASE
)
_WORD = re.compile(r"[^\W\d_]+")
_DAY = re.compile(r"\b(\d{1,2})(?:st|nd|rd|th|er|e|º|ª|\.)?(?!\d)", re.IGNORECASE)
_YEAR = re.compile(r"\b\d{4}\b")
_AMBIGUOUS = Unread(
    "ambiguous_date", "day and month could be exchanged; say day_first=True or day_first=False"
)
_NO_DATE = Unread("not_a_date", "it is not written like a date")

_LONGEST = 100  # characters: "2 September" with a weekday and a time zone has 50

#: Languages whose names of months are known; from CLDR's data in Babel.
_LANGUAGES = (
    *("en", "de", "fr", "es", "it", "pt", "nl", "pl", "cs", "sk", "sv", "da", "nb", "fi", "hu"),
    *("ro", "ru", "uk", "bg", "hr", "sl", "el", "tr", "id", "et", "lv", "lt", "ca"),
)
#: Words that stand between the parts of a date and say nothing.
_FILLING = frozenset(
    [
        *("a", "am", "d", "de", "del", "den", "der", "dnia", "el", "il", "l", "le", "o", "of"),
        *("on", "the", "y", "г", "року"),
    ]
)


def parse_date(
    value: str | int | float, day_first: bool | None = None, language: str | None = None
) -> str | Unread:
    """The date (2024-01-05) or time (2024-01-05T10:30:00, with an offset if it had one).

    Read are ISO 8601; the dates of mails and HTTP (RFC 5322); year, month, day with dashes, dots
    or slashes; day.month.year with dots; day and month in either order with slashes or dashes, if
    one is above 12, both are the same, or `day_first` says it; a month's name in 28 languages with
    day and year of four digits; 2024年1月5日; and seconds or milliseconds since 1970 as a number
    from 2001 on. Not read: years of two digits, words beside a date, what has no day. language: a tag
    such as "de-AT"; a month's name then means what it means there, also in other languages than the 28.
    """
    if isinstance(value, (int, float)):
        return _since_1970(value)
    if len(value) > _LONGEST:
        return _NO_DATE
    written = plain_digits(value)
    try:
        if _ISO.fullmatch(written):
            match = _NUMERIC.fullmatch(written)  # with a zone's name, which ISO 8601 does not have
            return _numeric(match, day_first) if match and match["zone"] else _iso(written)
        if _MAIL.fullmatch(written):
            when = parsedate_to_datetime(written)
            if when.tzinfo is None and (zone := mail_zone(written)):
                if zone.lower() not in ZONE_MINUTES:
                    return Unread("not_a_date", f"the zone {zone} is not known, or means several")
                when = when.replace(tzinfo=_named(zone))
            return when.isoformat()
        if match := _EAST.fullmatch(written):
            return date(int(match[1]), int(match[2]), int(match[3])).isoformat()
        if match := _NUMERIC.fullmatch(written):
            return _numeric(match, day_first)
        return _worded(written, language)
    except (ValueError, TypeError, OverflowError):
        return Unread("not_a_date", "there is no such day or time")


def shown_order(values: Iterable[object]) -> bool | None:
    """Whether the day comes first in dates like 05/06/2024, if some show it and none contradicts."""
    orders: set[bool] = set()
    for value in values:
        if not isinstance(value, str) or len(value) > _LONGEST:
            continue
        match = _NUMERIC.fullmatch(plain_digits(value))
        if match and match["sign"] != "." and len(match["a"]) <= 2:
            first, second = int(match["a"]), int(match["b"])
            if 12 < first <= 31 and second <= 12:
                orders.add(True)
            elif 12 < second <= 31 and first <= 12:
                orders.add(False)
    return orders.pop() if len(orders) == 1 else None


def _iso(written: str) -> str:
    if len(written) in {8, 10}:
        return date.fromisoformat(written).isoformat()
    return datetime.fromisoformat(written).isoformat()


def _since_1970(number: float) -> str | Unread:
    # 2001 to 2096: below, a number is more likely to be something else
    for unit, scale in (("seconds", 1), ("milliseconds", 1000)):
        if 1e9 <= number / scale < 4e9:
            when = datetime.fromtimestamp(number / scale, UTC)
            return when.isoformat(timespec="seconds" if unit == "seconds" else "milliseconds")
    return Unread("not_a_date", "the number is no time since 1970 in seconds or milliseconds")


def _numeric(match: re.Match[str], day_first: bool | None) -> str | Unread:
    first, second, third = match["a"], match["b"], match["c"]
    if len(first) == 4 and len(third) <= 2:
        return _with_time(date(int(first), int(second), int(third)), match)
    if len(first) > 2 or len(third) != 4:
        return Unread("ambiguous_date", "the year has to have four digits")
    one, two, year = int(first), int(second), int(third)
    if match["sign"] == "." or one > 12 or one == two:
        day, month = one, two  # with dots, no country puts the month first
    elif two > 12:
        day, month = two, one
    elif day_first is None:
        return _AMBIGUOUS
    else:
        day, month = (one, two) if day_first else (two, one)
    return _with_time(date(year, month, day), match)


def _worded(written: str, language: str | None) -> str | Unread:
    clock = _WORDY_TIME.search(written)
    rest = written[: clock.start()] if clock else written
    names = [word.casefold() for word in _WORD.findall(rest)]
    months, weekdays = _names_of(language) if language else _names()
    known = [months[name] for name in names if name in months]
    others = [
        name
        for name in names
        if name not in months and name not in weekdays and name not in _FILLING | _ORDINALS
    ]
    years = _YEAR.findall(rest)
    days = _DAY.findall(_YEAR.sub(" ", rest))
    if len(known) != 1 or others or len(years) != 1 or len(days) != 1:
        return _NO_DATE
    if known[0] == 0:
        return Unread("ambiguous_date", "the month's name means another month in another language")
    return _with_time(date(int(years[0]), known[0], int(days[0])), clock)


_ORDINALS = frozenset({"st", "nd", "rd", "th", "er", "e", "º", "ª"})


def _with_time(day: date, match: re.Match[str] | None) -> str:
    if match is None or match["hour"] is None:
        return day.isoformat()
    hour = int(match["hour"])
    if match["half"]:
        if not 1 <= hour <= 12:
            raise ValueError(hour)
        hour = hour % 12 + (12 if match["half"].lower() == "p" else 0)
    zone = _offset(match["offset"]) if match["offset"] else _named(match["zone"])
    clock = time(hour, int(match["minute"]), int(match["second"] or 0), tzinfo=zone)
    return datetime.combine(day, clock).isoformat()


def _named(zone: str | None) -> timezone | None:
    if zone is None:
        return None
    minutes = ZONE_MINUTES[zone.lower()]
    return timezone(timedelta(minutes=minutes)) if minutes else UTC


def _offset(text: str) -> timezone:
    minutes = int(text[1:3]) * 60 + int(text[-2:])
    return timezone(timedelta(minutes=-minutes if text[0] == "-" else minutes))


@lru_cache(maxsize=50)
def _names_of(language: str) -> tuple[dict[str, int], frozenset[str]]:
    """The same with the names of one language before all others."""
    months, weekdays = _names()
    locale = locale_of(language)
    return _names_in([locale], months, weekdays) if locale else (months, weekdays)


@cache
def _names() -> tuple[dict[str, int], frozenset[str]]:
    """Months by name (0 where languages disagree) and names of weekdays; 0.3 s, once."""
    locales = [locale for language in _LANGUAGES if (locale := locale_of(language))]
    months, weekdays = _names_in(locales, {"sept": 9}, frozenset())
    return {word: number for word, number in months.items() if len(word) > 1}, weekdays


def _names_in(
    locales: Iterable[Locale], others: Mapping[str, int], other_days: frozenset[str]
) -> tuple[dict[str, int], frozenset[str]]:
    months: dict[str, int] = {}
    weekdays: set[str] = set()
    for locale in locales:
        for context in ("format", "stand-alone"):
            for width in ("wide", "abbreviated"):
                for number, name in locale.months[context][width].items():
                    word = _key(name)
                    months[word] = number if months.get(word, number) == number else 0
                for name in locale.days[context][width].values():
                    weekdays.update(word.casefold() for word in _WORD.findall(name))
    months = {**others, **months}
    return months, frozenset((weekdays | other_days) - months.keys())


def _key(name: str) -> str:
    words: list[str] = _WORD.findall(unicodedata.normalize("NFC", name).casefold())
    return max(words, key=len, default="")
