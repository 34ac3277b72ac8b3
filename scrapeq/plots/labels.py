"""Words and numbers in a figure: strangers' words as text, columns of numbers that align."""

from __future__ import annotations

import html
from collections.abc import Sequence

import pandas as pd

from scrapeq.display import plain

#: Characters of a name beside an axis: half of a phone's width.
LABEL_LIMIT = 22


def text(words: object, limit: int = 120) -> str:
    """A stranger's words as Plotly draws them literally.

    Plotly reads tags (<b>, <a href>) and entities in all its texts, and, where a page has MathJax,
    formulas between dollar signs; here all three are written as entities, which Plotly decodes
    after it has looked for tags. Not for templates: put it into `customdata` for those.
    """
    return html.escape(plain(words, limit), quote=False).replace("$", "&#36;")


def label(words: object, limit: int = LABEL_LIMIT) -> str:
    """`text` that leaves out the middle of a long name, as the ends tell hosts apart."""
    line = plain(words, 1000)
    if len(line) > limit:
        head = (limit - 1) // 2
        line = f"{line[:head]}…{line[len(line) - (limit - 1 - head) :]}"
    return text(line, limit)


def column(numbers: Sequence[str]) -> list[str]:
    """The texts made equally wide, right-aligned, where all digits are equally wide.

    Spaces as wide as a digit (U+2007) and as punctuation (U+2008) stand in for what is missing.
    """
    longest = max(numbers, key=len, default="")
    return [
        "".join("\u2007" if one.isalnum() else "\u2008" for one in longest[: -len(number)]) + number
        if number
        else ""
        for number in numbers
    ]


def every(bucket: pd.Timedelta | None) -> str:
    """The length of a bucket as people say it: "every hour", "every 15 min"."""
    if bucket is None:
        return ""
    for name, short, length in (("day", "d", 86400), ("hour", "h", 3600), ("minute", "min", 60)):
        number, rest = divmod(bucket.total_seconds(), length)
        if number >= 1 and not rest:
            return f"every {name}" if number == 1 else f"every {number:,.0f} {short}"
    return f"every {bucket.total_seconds():g} s"


def subtitle(*parts: str) -> str:
    """What a figure shows in a line: units, steps, the time zone; empty parts are left out."""
    return " · ".join(part for part in parts if part)
