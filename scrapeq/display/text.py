"""Numbers, durations, bars and strangers' words as plain text on one line."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from difflib import SequenceMatcher


def count(number: int) -> str:
    """A whole number with its thousands apart: 1,234,567."""
    return f"{number:,}"


def counted(number: int, one: str, many: str) -> str:
    """A count with the word, or words, that it wants: "1 row is", "2 rows are"."""
    return f"{number:,} {one if number == 1 else many}"


def seconds(duration_s: float | None) -> str:
    """A duration as people say it, in its two greatest units: "2 h 05 min"; None is "–".

    Below a second in ms, below a minute in seconds with one decimal below ten.
    """
    if duration_s is None or math.isnan(duration_s):
        return "–"
    if duration_s < 0:
        return f"−{seconds(-duration_s)}"
    if duration_s == float("inf"):
        return "∞"
    if duration_s < 0.9995:
        return f"{duration_s * 1000:.0f} ms"
    if duration_s < 9.95:
        return f"{duration_s:.1f} s"
    whole = round(duration_s)
    minutes, second = divmod(whole, 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    if days:
        return f"{days:,} d {hour:02} h"
    if hours:
        return f"{hours} h {minute:02} min"
    return f"{minutes} min {second:02} s" if minutes else f"{second} s"


def sentences(*parts: str) -> str:
    """The parts that are not empty, one after another; each after the first begins with a capital, but
    for one that begins with a name from a program."""
    found = [part for part in parts if part]
    return ". ".join(
        part[:1].upper() + part[1:] if place and part.split(" ", 1)[0].isalpha() else part
        for place, part in enumerate(found)
    )


def plain(text: object, limit: int = 300) -> str:
    """A stranger's words on one line: nothing in it moves the cursor or turns the reading order.

    White space becomes single spaces; control, format and surrogate characters (bidi overrides,
    escapes, zero-width ones) become U+FFFD, so that they are seen; longer text ends with "…".
    """
    line = " ".join(str(text)[: limit * 4].split())
    shown = "".join(
        "\ufffd" if unicodedata.category(character) in _UNSEEN else character for character in line
    )
    return shown if len(shown) <= limit else f"{shown[: limit - 1]}…"


def quoted(name: object, limit: int = 80) -> str:
    """A name in a sentence: in quotes, on one line, cut."""
    return repr(plain(name, limit))


def listed(names: Iterable[object], near: object = "", most: int = 8) -> str:
    """Names in a sentence, each cut: "'tea', 'coffee' and 12 more". near: a name that is none of them; the most
    alike stand first."""
    found = [plain(name, 80) for name in names]
    if near:
        wanted = plain(near, 80).casefold()
        found.sort(key=lambda name: -SequenceMatcher(None, wanted, name.casefold()).ratio())
    left = len(found) - most
    more = f" and {count(left)} more" if left > 0 else ""
    return f"{', '.join(map(repr, found[:most]))}{more}"


def without_credentials(url: str) -> str:
    """A URL without user name and password: the form for logs, messages and pages."""
    return _CREDENTIALS.sub(r"\1", url) if "@" in url else url


_CREDENTIALS = re.compile(r"^(\s*[a-z][a-z0-9+.-]*:[/\\]*)[^/?#\\]*@", re.IGNORECASE)


def address(url: str, limit: int = 120) -> str:
    """A URL as it may be shown: without credentials, and as harmless as `plain` makes it."""
    return plain(without_credentials(url[: 100 * limit]), limit)


def moment(when: datetime | None) -> str:
    """A time to the second, in UTC: "2026-03-01 12:00:05 UTC"; None is "–"."""
    return "–" if when is None else f"{when.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def joined(counts: Mapping[str, int]) -> str:
    """Counts by name on one line: "http_4xx 1,203 · dns 12"."""
    return " · ".join(f"{plain(name, 40)} {count(number)}" for name, number in counts.items())


#: Control, format, surrogate characters, line and paragraph separators (Unicode, table 4-4).
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def text_bar(counts: Mapping[str, int], total: int | None = None, width: int = 40) -> str:
    """A bar of `width` characters and what it shows, on one line, for terminals and logs.

    Each count gets its share in the order given, drawn from full to light; a count that is not
    zero gets at least one character while there is room. What is missing to `total` stays empty.
    """
    shown = {name: number for name, number in counts.items() if number > 0}
    whole = max(total or 0, sum(shown.values()))
    bar = ""
    for place, number in enumerate(shown.values()):
        share = max(1, round(width * number / whole))
        bar += "█▓▒░"[min(place, 3)] * share
    words = " · ".join(f"{count(number)} {plain(name, 40)}" for name, number in shown.items())
    return f"{bar[:width]:·<{width}} {words or 'nothing yet'} of {count(whole)}"
