"""When a call that failed is made again, and after how long: arithmetic, with the answer's own hints.

Hints, the first that is there: `retry-after-ms` and `Retry-After` (seconds or a date, RFC 9110 section
10.2.3); `x-ratelimit-reset-requests` and `-tokens`, of the one that is used up. Else 0.5 s, doubled with
each try up to 8 s, less a random quarter, as the openai client does it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

#: Seconds of the longest hint that is followed; who must wait longer is told so at once.
LONGEST_WAIT_S = 120.0
_FIRST_S, _LONGEST_BACKOFF_S = 0.5, 8.0
#: A moment more than the endpoint said: its clock and ours begin to count apart.
_LATER_S = 0.01
_AGAIN = frozenset({408, 409, 429})
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|h|m|s)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def is_worth_retrying(status: int | None, code: str | None, headers: Mapping[str, str]) -> bool:
    """Whether the same call may succeed later. status: None if there was no answer. code: the
    endpoint's own word for what is wrong, such as `insufficient_quota`, which no waiting mends."""
    if code in {"insufficient_quota", "billing_hard_limit_reached"}:
        return False
    if (order := headers.get("x-should-retry")) in {"true", "false"}:
        return order == "true"
    return status is None or status >= 500 or status in _AGAIN


def wait_s(headers: Mapping[str, str], tries: int, now_s: float, random: float) -> float:
    """Seconds until the next try. tries: those that failed; now_s: since 1970; random: 0 to 1."""
    if (hint_s := hinted_s(headers, now_s)) is not None:
        return hint_s + _LATER_S
    backoff_s = min(_FIRST_S * 2 ** min(tries - 1, 10), _LONGEST_BACKOFF_S)
    return float(backoff_s * (1 - 0.25 * random))


def hinted_s(headers: Mapping[str, str], now_s: float) -> float | None:
    """What the endpoint says to wait, in seconds; None if it says nothing that can be read.

    >>> hinted_s({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "1m30s"}, 0)
    90.0
    """
    if (found := _number(headers.get("retry-after-ms"))) is not None:
        return found / 1000
    written = headers.get("retry-after")
    if (found := _number(written)) is not None:
        return found
    if written:
        try:
            return max(0.0, parsedate_to_datetime(written).timestamp() - now_s)
        except (TypeError, ValueError, OverflowError):
            pass
    waits = [
        span
        for name in ("requests", "tokens")
        if _number(headers.get(f"x-ratelimit-remaining-{name}")) == 0
        and (span := _span_s(headers.get(f"x-ratelimit-reset-{name}"))) is not None
    ]
    return max(waits) if waits else None


def _number(written: str | None) -> float | None:
    try:
        number = float(written or "")
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


def _span_s(written: str | None) -> float | None:
    """A span as OpenAI writes it: 1s, 6m0s, 1h2m3.5s, 20ms; a bare number is seconds."""
    if written is None:
        return None
    if (number := _number(written)) is not None:
        return number
    parts = _PART.findall(written)
    if not parts or "".join(map("".join, parts)) != written.strip():
        return None
    return float(sum(float(number) * _SECONDS[unit] for number, unit in parts))
