"""Dates and times as documents write them: RFC 822 in feeds, ISO 8601 in Atom and sitemaps, PDF's own."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime


def moment(text: str | None) -> datetime | None:
    """A time in UTC; None for what is none. One without a zone is taken as UTC, a day is its midnight."""
    if not text or not (written := text.strip()[:100]):
        return None
    for read in (_iso, parsedate_to_datetime, _year_and_month):
        try:
            when = read(written)
            return (when if when.tzinfo else when.replace(tzinfo=UTC)).astimezone(UTC)
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
    return None


def written(when: datetime | None) -> str | None:
    """The same in ISO 8601, as entries and metadata keep it."""
    return when.isoformat() if when else None


def _iso(text: str) -> datetime:
    return datetime.fromisoformat(_FRACTION.sub(r"\1", text))


def _year_and_month(text: str) -> datetime:
    """What W3C's profile of ISO 8601 allows in sitemaps: 2026 and 2026-03."""
    match = _MONTH.fullmatch(text)
    if match is None:
        raise ValueError(text)
    return datetime(int(match[1]), int(match[2] or 1), 1, tzinfo=UTC)


#: Python takes at most six digits of a second.
_FRACTION = re.compile(r"(\.\d{6})\d+")
_MONTH = re.compile(r"(\d{4})(?:-(\d{2}))?")
_PDF = re.compile(
    r"(?:D:)?(\d{4})(\d{2})?(\d{2})?(\d{2})?(\d{2})?(\d{2})?(?:(Z)|([+-])(\d{2})'?(\d{2})?)?"
)


def pdf_moment(text: str | None) -> datetime | None:
    """A date of a PDF, "D:20260314091500+01'00'" (ISO 32000-1, section 7.9.4); None for what is none."""
    match = _PDF.match((text or "").strip())
    if match is None:
        return moment(text)
    year, month, day, hour, minute, second = (int(one or 0) for one in match.groups()[:6])
    away = timedelta(hours=int(match[9] or 0), minutes=int(match[10] or 0))
    try:
        zone = timezone(-away if match[8] == "-" else away)
        when = datetime(year, month or 1, day or 1, hour, minute, min(second, 59), tzinfo=zone)
        return when.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
