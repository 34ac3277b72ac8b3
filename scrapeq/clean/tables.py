"""Columns of a table that hold nothing but numbers, read as numbers."""

from __future__ import annotations

import re
from collections.abc import Sequence

from scrapeq.clean.locales import decimal_of
from scrapeq.clean.numbers import parse_number, plain_digits, shown_mark
from scrapeq.clean.report import Unread
from scrapeq.models import FoundTable
from scrapeq.models.found_table import Cell

#: What people write in a column of numbers where they have none.
_MISSING = frozenset(
    [
        *("", "-", "--", "---", ".", "..", "...", "…", "?", "n/a", "n.a.", "na", "n/d", "n.d."),
        *("nd", "k.a.", "k. a.", "s/d", "nan", "null", "none", "tba", "tbd", "(na)", "#n/a"),
    ]
)
#: A reference behind a number: 1,234[3], 12 [a].
_REFERENCE = re.compile(r"\s*\[\w{1,4}\]$")
#: 007 is a name of something, and so is what no database keeps as a number.
_NAME = re.compile(r"[+-]?0\d|.*\d{19}")
#: A power, a footnote or a fraction: not the digits that it becomes without being raised.
_RAISED = re.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹½⅓¼¾]")
_PERCENT = "%"
_LONGEST = 60


def with_numbers(table: FoundTable, language: str | None = None) -> FoundTable:
    """The table in which each column of text that holds nothing but numbers holds numbers; the very
    same table if there is none.

    The decimal sign is the one that the column shows; else the one of the table's other columns; else
    that of `language` (a tag of the page). A column without evidence stays text, and so does one that
    contradicts itself. Per cent are read as written (12.5 % is 12.5), if every number of the column
    has the sign. Dashes, "n/a" and their like are then None, and a reference behind a number ("12[3]")
    is left out. Numbers that begin with a zero stay text, as keys and postal codes do. A column is of
    integers or of floats.

    >>> table = FoundTable(["City", "Area"], [["Bern", "51,6"], ["Biel", "21,2"], ["Thun", "–"]])
    >>> with_numbers(table).rows
    [['Bern', 51.6], ['Biel', 21.2], ['Thun', None]]
    """
    written = [_written([row[place] for row in table.rows]) for place in range(len(table.columns))]
    if not any(written):
        return table
    marks = [shown_mark(_bare(one)) for one in written if one]
    known = {mark for mark in marks if mark}
    other = known.pop() if len(known) == 1 else None
    columns: dict[int, list[Cell]] = {}
    for place, texts in enumerate(written):
        if texts:
            decimal = shown_mark(_bare(texts)) or other or (decimal_of(language or "") or None)
            numbers = _numbers(texts, decimal)
            if numbers is not None:
                columns[place] = numbers
    if not columns:
        return table
    rows = [
        [columns[place][number] if place in columns else cell for place, cell in enumerate(row)]
        for number, row in enumerate(table.rows)
    ]
    return FoundTable(table.columns, rows, table.caption)


def _written(column: Sequence[Cell]) -> list[str | None]:
    """The texts of a column that may be numbers, None where one is missing; [] if it is no such."""
    texts: list[str | None] = []
    for cell in column:
        if cell is None:
            texts.append(None)
            continue
        if not isinstance(cell, str) or len(cell) > _LONGEST or _RAISED.search(cell):
            return []
        text = _REFERENCE.sub("", plain_digits(cell.replace("٪", _PERCENT)))
        if text.casefold() in _MISSING:
            texts.append(None)
            continue
        if not any(character.isdigit() for character in text) or _NAME.match(text):
            return []
        texts.append(text)
    found = [text for text in texts if text is not None]
    percents = sum(text.endswith(_PERCENT) for text in found)
    if not found or percents not in {0, len(found)}:
        return []
    if percents:
        return [None if text is None else text.removesuffix(_PERCENT).rstrip() for text in texts]
    return texts


def _bare(texts: Sequence[str | None]) -> list[str]:
    """Without what stands around digits and separators."""
    return [text.lstrip("+-( ").rstrip(" )-") for text in texts if text]


def _numbers(texts: Sequence[str | None], decimal: str | None) -> list[Cell] | None:
    """The numbers, None if one of them is none, or may be read in two ways."""
    marks = {one for text in _bare(texts) if (one := _mark(text))}
    if len(marks) > 1:
        return None
    values: list[int | float | None] = []
    for text in texts:
        value = parse_number(text, decimal) if text else None
        if isinstance(value, Unread):
            return None
        values.append(value)
    if any(isinstance(value, float) for value in values):
        return [None if value is None else float(value) for value in values]
    return list(values)


def _mark(text: str) -> str | None:
    return shown_mark([text])
