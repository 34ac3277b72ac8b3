"""Numbers as people write them, read by evidence and never by guessing."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable
from decimal import Decimal

from scrapeq.clean.report import Unread

_SIGNS = str.maketrans(
    {"−": "-", "–": "-", "‐": "-", "‑": "-", "’": "'", "ʼ": "'", "`": "'", "٫": ".", "٬": "'"}
)
_SPACED = re.compile(r"(\d{1,3}(?:[ ']\d{3})+)(?:([.,])(\d+))?")
_GROUPED = re.compile(r"\d{1,3}(?:([.,])\d{3})(?:\1\d{3})*(?:(?!\1)[.,]\d+)?")
_INDIAN = re.compile(r"\d{1,2}(?:,\d{2})+,\d{3}(?:\.\d+)?")
_SINGLE = re.compile(r"(\d*)([.,])(\d+)")
_SCIENTIFIC = re.compile(r"[+-]?\d+(?:\.\d+)?[eE][+-]?\d{1,3}")
#: Digits and, behind them, raised ones: a power, a footnote, or in prices the decimals.
_RAISED = re.compile(r"\d[⁰¹²³⁴⁵⁶⁷⁸⁹]")
_LONGEST = 40  # digits; what is longer is an identifier


def plain_digits(text: str) -> str:
    """The text with digits, spaces and signs of all scripts as ASCII has them, on one line."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text).translate(_SIGNS)
        text = "".join(
            str(unicodedata.decimal(one)) if one.isdecimal() and not one.isascii() else one
            for one in text
        )
    return " ".join(text.split())


def parse_number(text: str, decimal: str | None = None) -> int | float | Unread:
    """The number that is all of the text: an int, or a float if it has decimals.

    Thousands may be set apart by spaces, apostrophes, dots or commas, also in India's way; the
    decimal sign is the one that stands last and once. Only one sign with three digits behind it
    (1,234 or 1.234) can mean both: `decimal` decides, and without it the number is not read.
    Negative are -5, 5- and (5).
    """
    if len(text) > 2 * _LONGEST:
        return Unread("not_a_number", "it is longer than any number")
    if _RAISED.search(text):
        return Unread("ambiguous_number", "raised digits stand behind others")
    written = plain_digits(text)
    if match := re.fullmatch(r"\((.*)\)|(.*\d)-", written):
        value = parse_number((match[1] or match[2]).strip(), decimal)
        return value if isinstance(value, Unread) else -value
    if _SCIENTIFIC.fullmatch(written):
        value = float(written)
        return value if math.isfinite(value) else Unread("not_a_number", "it is too large")
    sign = -1 if written.startswith("-") else 1
    value = unsigned(written.removeprefix("+").removeprefix("-").lstrip(), decimal)
    return value if isinstance(value, Unread) else sign * value


def unsigned(written: str, decimal: str | None) -> int | float | Unread:
    """The value of ASCII digits with separators."""
    exact = exact_number(written, decimal)
    if isinstance(exact, Unread):
        return exact
    return int(exact) if exact.as_tuple().exponent == 0 else float(exact)


def exact_number(written: str, decimal: str | None) -> Decimal | Unread:
    """The same with all digits that are written: 12.50 has two decimals."""
    if len(written) > _LONGEST:
        return Unread("not_a_number", "it is longer than any number")
    if written.isdecimal():
        return Decimal(written)
    mark = decimal_mark(written)
    if mark is None:
        return Unread("not_a_number", "it is not written like a number")
    if mark == "":
        if decimal is None:
            return Unread(
                "ambiguous_number",
                "the sign may part thousands or decimals; say decimal='.' or decimal=','",
            )
        mark = decimal
    digits = re.sub(r"[^\d.,]", "", written)
    whole, _, part = digits.rpartition(mark) if mark in digits else (digits, "", "")
    whole = re.sub(r"\D", "", whole)
    return Decimal(f"{whole or 0}.{part}" if part else whole)


def decimal_mark(written: str) -> str | None:
    """The decimal sign that a number shows: "." or ",", "" if it may be both, None for no number.

    A number that is grouped in one way (1,234,567) shows that the other sign is for decimals. A
    number that shows nothing of either (12 or 1 000) counts as having ".".
    """
    if written.isdecimal():
        return "."
    if match := _SPACED.fullmatch(written):
        return match[2] or "."
    if match := _SINGLE.fullmatch(written):
        whole, mark, part = match.groups()
        may_be_group = len(part) == 3 and 1 <= len(whole) <= 3 and whole[0] != "0"
        return "" if may_be_group else str(mark)
    if match := _GROUPED.fullmatch(written):
        return "," if match[1] == "." else "."
    return "." if _INDIAN.fullmatch(written) else None


def shown_mark(numbers: Iterable[str]) -> str | None:
    """The decimal sign that some of the numbers show and none contradicts; None otherwise."""
    marks = {
        mark
        for number in numbers
        if any(sign in number for sign in ".,") and (mark := decimal_mark(number))
    }
    return marks.pop() if len(marks) == 1 else None
