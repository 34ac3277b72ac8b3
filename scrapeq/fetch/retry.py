"""When a failed try is tried again: arithmetic only."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from scrapeq.models import Failure, ScrapingConfig

_SECONDS = re.compile(r"[0-9]{1,12}")
_ASCTIME = "%a %b %d %H:%M:%S %Y"


def retry_wait_s(
    failure: Failure, tries: int, config: ScrapingConfig, jitter: float
) -> float | None:
    """Seconds to wait before the next try; None if this failure is final.

    `tries` counts those that have been made (1 after the first), `jitter` is a random number from
    0 to 1. The wait is `retry_backoff_s` doubled with each try, of which one half is fixed and one
    half random: the "equal jitter" of AWS's article "Exponential Backoff And Jitter" (2015). Full
    jitter would sometimes ask again at once, and a struggling server is to be left alone.

    What the server asked for with Retry-After is waited for, up to `retry_after_cap_s`, however
    often it asked before, and not less than a first wait; the jitter is added to it, so that a
    thousand rows do not come back in the same second.
    """
    if tries > config.max_retries or not failure.may_retry:
        return None
    return _wait_s(failure, tries, config, jitter)


def host_wait_s(failure: Failure, config: ScrapingConfig, jitter: float) -> float:
    """Seconds of the first pause of a host that asks for one; see `retry_wait_s`.

    Where the server did not say for how long, the host's breaker makes every further time in a row
    twice as long.
    """
    return _wait_s(failure, 1, config, jitter)


def _wait_s(failure: Failure, tries: int, config: ScrapingConfig, jitter: float) -> float:
    if failure.retry_after_s is not None:
        tries = 1  # the server gave a time: doubling is for servers that give none
    # 2**30 times the smallest wait is decades: the bound only keeps the power a number.
    backoff_s: float = config.retry_backoff_s * 2.0 ** min(max(tries, 1) - 1, 30)
    wait_s = backoff_s * (1 + jitter) / 2
    if failure.retry_after_s is not None:
        asked_s = min(max(failure.retry_after_s, 0.0), config.retry_after_cap_s)
        wait_s = max(wait_s, asked_s + jitter * config.retry_backoff_s / 2)
    return wait_s


def parse_retry_after(value: str, now: datetime, *, server_date: str = "") -> float | None:
    """Seconds from `now` (aware) until a server wants to be asked again; None for nonsense.

    server_date: the answer's own Date header. A date is read against it where it can be read,
    because both come from one clock, and that one may be wrong.

    RFC 9110, section 10.2.3: whole seconds, or a date in one of the three forms of section 5.6.7
    (IMF-fixdate, RFC 850, asctime). A date that has passed is 0.
    """
    text = value.strip()
    if _SECONDS.fullmatch(text):
        return float(text)
    when = _http_date(text)
    if when is None:
        return None
    return max(0.0, (when - (_http_date(server_date.strip()) or now)).total_seconds())


def _http_date(text: str) -> datetime | None:
    if not text[:3].isalpha():  # all three forms begin with the day's name; -5 and 1e9 do not
        return None
    try:
        when = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        try:
            when = datetime.strptime(text, _ASCTIME)
        except ValueError:
            return None
    # asctime has no zone, and RFC 9110 says that all three mean UTC
    return when.replace(tzinfo=UTC) if when.tzinfo is None else when
