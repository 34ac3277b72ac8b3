"""The clock: where time enters. Everywhere else it is an argument, or comes from here.

Stored and sent times are whole milliseconds since 1970 in UTC (`_ms`); people see aware datetimes.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS

#: Zones that a date may name (RFC 5322, section 4.3), in minutes from UTC. Other short names mean
#: several zones.
ZONE_MINUTES = {
    **dict.fromkeys(("z", "utc", "gmt", "ut"), 0),
    **{"est": -300, "edt": -240, "cst": -360, "cdt": -300},
    **{"mst": -420, "mdt": -360, "pst": -480, "pdt": -420},
}


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
