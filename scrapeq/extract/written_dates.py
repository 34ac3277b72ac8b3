"""Dates as people write them within a text: "12 March 2021", "Mar 12, 2021", 12.03.2021, 2021年3月12日."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

#: A tag of a language or a place whose people write the month before the day: 3/12/2021 is in March.
_MONTH_FIRST = re.compile(r"en(?:[-_](?:us|ph|ca))?$", re.IGNORECASE)


class WrittenDate(NamedTuple):
    """day: its midnight in UTC. start, end: where it stands in the text."""

    day: datetime
    start: int
    end: int


def dates_in(text: str, language: str = "en") -> Iterator[WrittenDate]:
    """Every date in a text that has a day, a month and a year, from the first to the last.

    language: a tag such as "de-AT". Months are known by their names in it and in English; it also says
    whether 3/12/2021 is in March or in December. Years of two digits count for 2000 to 2079, and only in
    what is nothing but a date, as 07/03/24. What is no day of the calendar is passed over.
    """
    if not MAY_BE_DATED.search(text):
        return
    months = _months(language.casefold().replace("_", "-").partition("-")[0])
    for match in _DATE.finditer(text):
        parts = _parts(match, months, is_month_first=bool(_MONTH_FIRST.match(language or "en")))
        if parts is None:
            continue
        try:
            yield WrittenDate(datetime(*parts, tzinfo=UTC), match.start(), match.end())
        except ValueError:
            continue


def _parts(
    match: re.Match[str], months: dict[str, int], *, is_month_first: bool
) -> tuple[int, int, int] | None:
    """Year, month and day."""
    if match["y1"]:
        return int(match["y1"]), int(match["m1"]), int(match["d1"])
    if match["y2"]:
        one, two, year = int(match["a"]), int(match["b"]), int(match["y2"])
        year += 2000 if year < 80 else 1900 if year < 100 else 0
        first = is_month_first and match["sign"] != "."
        month, day = (one, two) if (first and one <= 12) or two > 12 else (two, one)
        return year, month, day
    number = next(one for one in "345" if match[f"y{one}"])
    month_of_name = months.get(_key(match[f"name{number}"]))
    if month_of_name is None:
        return None
    return int(match[f"y{number}"]), month_of_name, int(match[f"d{number}"])


@lru_cache(maxsize=50)
def _months(language: str) -> dict[str, int]:
    """The months by their names and abbreviations, in English and in one other language."""
    from babel import Locale, UnknownLocaleError

    found: dict[str, int] = {"sept": 9}
    for one in dict.fromkeys(("en", language)):
        try:
            locale = Locale(one)
        except (UnknownLocaleError, ValueError, TypeError):
            continue
        for context in ("format", "stand-alone"):
            for width in ("wide", "abbreviated"):
                names = locale.months[context][width]
                # Not of a language that counts its months: "tháng 3" would be known by "tháng".
                found.update(
                    {
                        _key(name): number
                        for number, name in names.items()
                        if not any(sign.isdigit() for sign in name)
                    }
                )
    found.pop("", None)
    return found


def _key(name: str) -> str:
    return "".join(sign for sign in unicodedata.normalize("NFC", name).casefold() if sign.isalpha())


_NAME = r"[^\W\d_]{3,14}"
_Y = r"(?:19|20)\d\d(?!\d)"
_D = r"[0-3]?\d"
_DATE = re.compile(
    # 2021-03-12, 2021/3/12, 2021年3月12日
    rf"(?<![\d/.-])(?P<y1>{_Y})(?:[-/.]|\s?[年년]\s?)(?P<m1>[01]?\d)(?:[-/.]|\s?[月월]\s?)(?P<d1>{_D})(?!\d|[-/.]\d)"
    # 12.3.2021, 3/12/2021
    rf"|(?<![\d/.-])(?P<a>{_D})(?P<sign>[-/.]) ?(?P<b>{_D})(?P=sign) ?(?P<y2>{_Y}|\d\d(?![\d/.-]))(?!\d|[-/.]\d)"
    # 12 March 2021, 12th of March, 2021, 12. März 2021, 12-Mar-2021
    rf"|(?<![\d.,])(?P<d3>{_D})(?:st|nd|rd|th|er|º|ª)?[.,]?(?:\s+|-)(?:of\s+|de\s+)?(?P<name3>{_NAME})\.?,?(?:\s+|-)(?:de\s+|del\s+)?(?P<y3>{_Y})"
    # March 12, 2021
    rf"|(?<![^\W_])(?P<name4>{_NAME})\.?\s+(?P<d4>{_D})(?:st|nd|rd|th)?\s?,?\s+(?P<y4>{_Y})"
    # 2021 March 12, 2021. március 12.
    rf"|(?<![\d/.-])(?P<y5>{_Y})[.,]?\s+(?P<name5>{_NAME})\.?\s+(?P<d5>{_D})(?!\d)",
    re.IGNORECASE,
)
#: What a text holds that has a date in it.
MAY_BE_DATED = re.compile(r"(?:19|20)\d\d|\d[-/.]\d\d\b")
