"""The clock: where time enters. Everywhere else it is an argument, or comes from here.

Stored and sent times are whole milliseconds since 1970 in UTC (`_ms`); people see aware datetimes.
"""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS

#: Zones that a date may name, in minutes from UTC: RFC 5322, section 4.3, and names that have one offset
#: in all places where the tz database (2015 to 2026) has them. CDT, PST and KST had others in Havana,
#: Manila and Pyongyang. MEZ and MESZ are CET and CEST in German. Left out are names of several zones that
#: are all in use: IST (India, Israel, Ireland), AST, SST, and CST (Chicago, China; in a mail it is
#: Chicago's).
ZONE_MINUTES = {
    **dict.fromkeys(("z", "utc", "gmt", "ut", "wet"), 0),
    **{"est": -300, "edt": -240, "cdt": -300, "mst": -420, "mdt": -360, "pst": -480, "pdt": -420},
    **{"akst": -540, "akdt": -480, "hst": -600, "nst": -210, "ndt": -150},
    **dict.fromkeys(("bst", "west", "cet", "mez", "wat"), 60),
    **dict.fromkeys(("cest", "mesz", "eet", "cat", "sast"), 120),
    **dict.fromkeys(("eest", "msk", "eat"), 180),
    **{"pkt": 300, "wib": 420, "hkt": 480, "awst": 480, "jst": 540, "kst": 540},
    **{"acst": 570, "aest": 600, "acdt": 630, "aedt": 660, "nzst": 720, "nzdt": 780},
}
#: The names, as an alternative of a regular expression; the longest first.
ZONE_NAMES = "|".join(sorted(ZONE_MINUTES, key=len, reverse=True))


_MAIL_ZONE = re.compile(r"\d\s*\(?([A-Za-z]{1,5})\)?\s*$")


def mail_zone(written: str) -> str | None:
    """The word behind the time of a mail's date, which may be a zone; None if there is none."""
    found = _MAIL_ZONE.search(written)
    return found[1] if found else None


def now_ms() -> int:
    """This machine's clock in milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def now() -> datetime:
    """This machine's clock as an aware datetime in UTC."""
    return datetime.now(UTC)


def from_ms(value: int | None) -> datetime | None:
    """An aware datetime in UTC from milliseconds since 1970."""
    return None if value is None else datetime.fromtimestamp(value / 1000, UTC)


def to_ms(value: datetime | None) -> int | None:
    """Milliseconds since 1970 of an aware datetime."""
    return None if value is None else round(value.timestamp() * 1000)
