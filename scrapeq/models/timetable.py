"""When something is due by the calendar: every so often, at a time of day, or by a cron line."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta
from typing import Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError
from pydantic import BaseModel, ConfigDict

from scrapeq.errors import ConfigError

_EVERY = re.compile(r"^\s*(\d{1,6})\s*(m|min|h|d|w)\s*$", re.IGNORECASE)
_UNITS = {"m": "minutes", "min": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_AT = re.compile(r"^\s*([01]?\d|2[0-3]):([0-5]\d)\s*$")
#: A cron line of five fields that name each of their values is shorter.
_LONGEST_CRON = 400
#: Times that are counted one by one; more are "at least so many".
MOST_COUNTED = 1_000
_HOW = 'write every="6h", or every="1d" with at="06:00", or cron="0 6 * * 1-5"'


class Timetable(BaseModel):
    """A rule for times. Make one with `Timetable.of(...)`, which checks it.

    every: a whole number of minutes, hours, days or weeks: "30m", "6h", "1d", "2w". Without `at` it is
    time that passes: "1d" is 24 hours, whatever clocks do. at: the time of day, for days and weeks.
    cron: minute, hour, day of month, month, day of week, as Debian's cron reads them. `at` and `cron`
    are times of `timezone`. A time that does not exist there, because clocks go forward, is due when
    they do; one that exists twice is due the first time, except for a cron line with `*` in its hour,
    which goes by the time that passes.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    every: str | None = None
    at: str | None = None
    cron: str | None = None
    timezone: str = "UTC"

    @classmethod
    def of(
        cls,
        *,
        every: str | None = None,
        at: str | None = None,
        cron: str | None = None,
        timezone: str = "UTC",
    ) -> Self:
        """A timetable that can be kept; at="" is none. Raises ConfigError for one that cannot be read, or
        never comes."""
        for name, value in {"every": every, "at": at, "cron": cron, "timezone": timezone}.items():
            if value is not None and not isinstance(value, str):
                raise ConfigError(f"{name} is {value!r}", hint=_HOW)
        at = at or None
        if (every is None) == (cron is None):
            raise ConfigError("a schedule needs either `every` or `cron`", hint=_HOW)
        if cron is not None and at is not None:
            raise ConfigError("a cron line says the time of day, so `at` has no place", hint=_HOW)
        _check_zone(timezone)
        if every is not None:
            every = _checked_every(every, at)
        made = cls(
            every=every,
            at=None if at is None else _checked_at(at),
            cron=None if cron is None else _checked_cron(cron),
            timezone=timezone,
        )
        anchor = datetime(2024, 1, 1, tzinfo=UTC)
        if made.next_after(anchor, anchor) is None:
            raise ConfigError(f"the cron line {cron!r} names no day that comes", hint=_HOW)
        return made

    def changed(
        self,
        *,
        every: str | None = None,
        at: str | None = None,
        cron: str | None = None,
        timezone: str | None = None,
    ) -> Self:
        """This timetable with what is given; what is None stays. Raises ConfigError as `of` does.

        A cron line takes the place of `every` and `at`, and `every` that of a cron line. `at` stays with
        days and weeks; hours and minutes have none. at="" drops it.
        """
        if every is None and cron is None:
            every, cron = self.every, self.cron
        if at is None and cron is None and _has_time_of_day(every):
            at = self.at
        zone = self.timezone if timezone is None else timezone
        return self.of(every=every, at=at, cron=cron, timezone=zone)

    def has_same_times(self, other: Timetable) -> bool:
        """Whether both are due at the same times: an interval goes by no clock, so its zone does not count."""
        if self.at is None and self.cron is None:
            return self == other.model_copy(update={"timezone": self.timezone})
        return self == other

    @property
    def words(self) -> str:
        """When it is due, for people: "every day at 06:00 (Europe/Berlin)"."""
        if self.cron is not None:
            words = CronSim(self.cron, datetime(2024, 1, 1, tzinfo=UTC)).explain()
            return f"{words[:1].lower()}{words[1:]} ({self.timezone})"
        number, unit = self._interval
        often = f"every {number} {unit}" if number > 1 else f"every {unit.removesuffix('s')}"
        return f"{often} at {self.at} ({self.timezone})" if self.at is not None else often

    def next_after(self, moment: datetime, anchor: datetime) -> datetime | None:
        """The first time after `moment`, in UTC; None if there is none within 50 years.

        anchor: when the timetable was made, from which `every` counts. Both are aware.
        """
        if self.cron is not None:
            return self._by_cron(self.cron, moment)
        step = self._step
        if self.at is None:
            begun = max(0, (moment - anchor) // step + 1)
            return (anchor + max(1, begun) * step).astimezone(UTC)
        return self._at_time_of_day(moment, anchor, step.days)

    def count_between(self, after: datetime, until: datetime, anchor: datetime) -> int:
        """How many times lie behind `after` and not behind `until`, up to `MOST_COUNTED`."""
        count, moment = 0, self.next_after(after, anchor)
        while moment is not None and moment <= until and count < MOST_COUNTED:
            count, moment = count + 1, self.next_after(moment, anchor)
        return count

    @property
    def _interval(self) -> tuple[int, str]:
        every = self.every or ""
        return int(every[:-1]), _UNITS[every[-1]]  # as `_checked_every` wrote it

    @property
    def _step(self) -> timedelta:
        number, unit = self._interval
        return timedelta(**{unit: number})

    def _by_cron(self, line: str, moment: datetime) -> datetime | None:
        times = CronSim(line, moment.astimezone(ZoneInfo(self.timezone)))
        # Asked within an hour that exists twice, it may begin with a time of the first one
        return next((one for one in (at.astimezone(UTC) for at in times) if one > moment), None)

    def _at_time_of_day(self, moment: datetime, anchor: datetime, days: int) -> datetime | None:
        """The time of day on each `days`-th day from the first one after the anchor."""
        hour, minute = map(int, (self.at or "").split(":"))
        line, zone = f"{minute} {hour} * * *", ZoneInfo(self.timezone)
        first = self._by_cron(line, anchor)
        if first is None or first > moment:
            return first
        first_day = first.astimezone(zone).date()
        passed = (moment.astimezone(zone).date() - first_day).days // days
        for turn in (passed, passed + 1):
            midnight = datetime.combine(first_day + timedelta(turn * days), time(), zone)
            found = self._by_cron(line, midnight - timedelta(seconds=1))
            if found is not None and found > moment:
                return found
        return None


def _has_time_of_day(every: object) -> bool:
    """Whether an interval is one of days or weeks. What is no interval has none: `Timetable.of` refuses it."""
    match = _EVERY.match(every) if isinstance(every, str) else None
    return match is not None and match[2].lower() in {"d", "w"}


def _checked_every(every: str, at: str | None) -> str:
    match = _EVERY.match(every)
    number = int(match[1]) if match else 0
    if match is None or not number:
        raise ConfigError(
            f"every is {repr(every)[:40]}",
            hint='write minutes, hours, days or weeks: "30m", "6h", "1d", "2w"',
        )
    if timedelta(**{_UNITS[match[2].lower()]: number}) > timedelta(days=3660):
        raise ConfigError(f"every {repr(every)[:40]} is more than ten years", hint=_HOW)
    if at is not None and not _has_time_of_day(every):
        raise ConfigError(
            f"every {every!r} has no time of day", hint='give `at` with days or weeks: every="1d"'
        )
    return f"{number}{match[2].lower()[0]}"


def _checked_at(at: str) -> str:
    match = _AT.match(at)
    if match is None:
        raise ConfigError(f"at is {at!r}", hint='write a time of day like "06:00" or "18:30"')
    return f"{int(match[1]):02}:{match[2]}"


def _checked_cron(line: str) -> str:
    line = " ".join(line.split())
    reason = "it has not five fields"  # with a sixth, the first would be seconds
    if len(line) <= _LONGEST_CRON and line.count(" ") == 4:
        try:
            CronSim(line, datetime(2024, 1, 1, tzinfo=UTC))
            return line
        except CronSimError as error:
            reason = str(error)[:1].lower() + str(error)[1:]
    raise ConfigError(
        f"the cron line {line[:80]!r} cannot be read: {reason}",
        hint="it has a minute, hour, day of month, month and day of week: 0 6 * * 1-5",
    )


def _check_zone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, ZoneInfoNotFoundError):
        raise ConfigError(
            f"there is no time zone {name[:40]!r}", hint='write a name like "Europe/Berlin"'
        ) from None
