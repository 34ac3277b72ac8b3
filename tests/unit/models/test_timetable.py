"""When something is due: intervals, times of day and cron lines, in zones whose clocks change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrapeq.errors import ConfigError
from scrapeq.models.timetable import MOST_COUNTED, Timetable


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def times(timetable: Timetable, after: str, count: int, anchor: str | None = None) -> list[str]:
    """So many times after a moment, in UTC."""
    moment, begin, found = utc(after), utc(anchor or after), []
    for _ in range(count):
        moment = following(timetable, moment, begin)
        found.append(moment.strftime("%m-%d %H:%M"))
    return found


def following(timetable: Timetable, moment: datetime, anchor: datetime) -> datetime:
    found = timetable.next_after(moment, anchor)
    assert found is not None
    return found


BERLIN = "Europe/Berlin"  # 2026: forward on March 29 at 02:00, back on October 25 at 03:00


def test_an_interval_counts_from_when_it_was_made():
    six_hours = Timetable.of(every="6h")

    assert times(six_hours, "2026-03-28 10:07", 3) == ["03-28 16:07", "03-28 22:07", "03-29 04:07"]
    assert times(six_hours, "2026-04-01 00:00", 1, "2026-03-28 10:07") == ["04-01 04:07"]
    assert times(six_hours, "2026-03-01 00:00", 1, "2026-03-28 10:07") == ["03-28 16:07"]


def test_a_day_without_a_time_of_day_is_24_hours():
    day = Timetable.of(every="1d", timezone=BERLIN)

    assert times(day, "2026-03-28 10:00", 2) == ["03-29 10:00", "03-30 10:00"]


def test_a_time_of_day_stays_when_clocks_change():
    daily = Timetable.of(every="1d", at="06:00", timezone=BERLIN)

    assert times(daily, "2026-03-27 12:00", 3) == ["03-28 05:00", "03-29 04:00", "03-30 04:00"]
    assert times(daily, "2026-10-23 12:00", 3) == ["10-24 04:00", "10-25 05:00", "10-26 05:00"]


@pytest.mark.parametrize(
    "timetable",
    [
        Timetable.of(every="1d", at="02:30", timezone=BERLIN),
        Timetable.of(cron="30 2 * * *", timezone=BERLIN),
    ],
    ids=["every", "cron"],
)
def test_a_time_that_does_not_exist_is_due_when_clocks_go_forward(timetable):
    assert times(timetable, "2026-03-27 12:00", 3) == ["03-28 01:30", "03-29 01:00", "03-30 00:30"]


@pytest.mark.parametrize(
    "timetable",
    [
        Timetable.of(every="1d", at="02:30", timezone=BERLIN),
        Timetable.of(cron="30 2 * * *", timezone=BERLIN),
    ],
    ids=["every", "cron"],
)
def test_a_time_that_exists_twice_is_due_once(timetable):
    assert times(timetable, "2026-10-24 12:00", 2) == ["10-25 00:30", "10-26 01:30"]
    # also asked between the two, and at each of them
    for asked in ("00:30", "01:00", "01:30"):
        assert times(timetable, f"2026-10-25 {asked}", 1, "2026-10-01 12:00") == ["10-26 01:30"]


def test_every_hour_by_cron_goes_by_the_time_that_passes():
    hourly = Timetable.of(cron="0 * * * *", timezone=BERLIN)

    assert times(hourly, "2026-03-29 00:00", 2) == ["03-29 01:00", "03-29 02:00"]
    assert times(hourly, "2026-10-25 00:00", 2) == ["10-25 01:00", "10-25 02:00"]


def test_a_day_that_begins_at_one_o_clock():
    # In Cairo clocks go from 00:00 to 01:00 on 2026-04-24
    nightly = Timetable.of(every="1d", at="00:30", timezone="Africa/Cairo")

    assert times(nightly, "2026-04-22 12:00", 3) == ["04-22 22:30", "04-23 22:00", "04-24 21:30"]


def test_every_second_day_keeps_its_days():
    second = Timetable.of(every="2d", at="06:00", timezone=BERLIN)

    assert times(second, "2026-03-27 12:00", 3) == ["03-28 05:00", "03-30 04:00", "04-01 04:00"]
    assert times(second, "2026-03-30 04:00", 1, "2026-03-27 12:00") == ["04-01 04:00"]


def test_every_week_keeps_its_day():
    weekly = Timetable.of(every="1w", at="23:00", timezone="America/New_York")

    assert times(weekly, "2026-11-28 12:00", 2) == ["11-29 04:00", "12-06 04:00"]


def test_working_days_by_cron():
    line = Timetable.of(cron="0  6 * * MON-FRI", timezone=BERLIN)

    assert line.cron == "0 6 * * MON-FRI"
    assert times(line, "2026-11-27 12:00", 2) == ["11-30 05:00", "12-01 05:00"]


@pytest.mark.parametrize(
    ("given_", "words"),
    [
        ({"every": "6h"}, "every 6 hours"),
        ({"every": "1 h"}, "every hour"),
        ({"every": "30min"}, "every 30 minutes"),
        ({"every": "1d", "at": "6:00", "timezone": BERLIN}, "every day at 06:00 (Europe/Berlin)"),
        ({"every": "2w", "at": "18:30"}, "every 2 weeks at 18:30 (UTC)"),
        ({"cron": "0 6 * * 1-5"}, "at 06:00 on Monday through Friday (UTC)"),
    ],
)
def test_it_says_when_in_words(given_, words):
    assert Timetable.of(**given_).words == words


@pytest.mark.parametrize(
    ("given_", "part"),
    [
        ({}, "either `every` or `cron`"),
        ({"every": "1d", "cron": "0 6 * * *"}, "either `every` or `cron`"),
        ({"every": "10s"}, "every is '10s'"),
        ({"every": "0h"}, "every is '0h'"),
        ({"every": 5}, "every is 5"),
        ({"every": "999999w"}, "more than ten years"),
        ({"every": "6h", "at": "06:00"}, "no time of day"),
        ({"every": "1d", "at": "6 Uhr"}, "at is '6 Uhr'"),
        ({"every": "1d", "at": "24:00"}, "at is '24:00'"),
        ({"cron": "0 6 * * *", "at": "06:00"}, "`at` has no place"),
        ({"cron": "0 6 * *"}, "cannot be read: it has not five fields"),
        ({"cron": "0 0 6 * * *"}, "not five fields"),
        ({"cron": "61 * * * *"}, "bad minute"),
        ({"cron": "0 0 31 2 *"}, "cannot be read"),
        ({"cron": "x" * 10_000}, "cannot be read"),
        ({"cron": "0 0 29 2 1#6"}, ""),
        ({"every": "1d", "at": "06:00", "timezone": "Europe/Berln"}, "no time zone 'Europe/Berln'"),
        ({"every": "1d", "at": "06:00", "timezone": "../etc/passwd"}, "no time zone"),
    ],
)
def test_what_cannot_be_kept_is_refused_with_what_to_write(given_, part):
    with pytest.raises(ConfigError) as refused:
        Timetable.of(**given_)

    assert part in refused.value.problem
    assert refused.value.hint


def test_a_long_mistake_is_named_in_short():
    with pytest.raises(ConfigError, match="every is '11") as refused:
        Timetable.of(every="1" * 8_000 + "d")

    assert len(str(refused.value)) < 200


DAILY = Timetable.of(every="1d", at="06:00", timezone=BERLIN)
WORKDAYS = Timetable.of(cron="0 6 * * 1-5", timezone=BERLIN)


@pytest.mark.parametrize(
    ("before", "change", "words"),
    [
        (DAILY, {}, "every day at 06:00 (Europe/Berlin)"),
        (DAILY, {"at": "7:00"}, "every day at 07:00 (Europe/Berlin)"),
        (DAILY, {"every": "1d", "at": "07:00"}, "every day at 07:00 (Europe/Berlin)"),
        (DAILY, {"every": "2w"}, "every 2 weeks at 06:00 (Europe/Berlin)"),
        (DAILY, {"timezone": "Asia/Tokyo"}, "every day at 06:00 (Asia/Tokyo)"),
        (DAILY, {"every": "6h"}, "every 6 hours"),
        (DAILY, {"at": ""}, "every day"),
        (DAILY, {"cron": "0 7 * * 1"}, "at 07:00 on Monday (Europe/Berlin)"),
        (WORKDAYS, {"timezone": "UTC"}, "at 06:00 on Monday through Friday (UTC)"),
        (WORKDAYS, {"every": "1d", "at": "07:00"}, "every day at 07:00 (Europe/Berlin)"),
        (WORKDAYS, {"every": "1d"}, "every day"),
    ],
)
def test_what_is_left_out_of_a_change_stays(before, change, words):
    assert before.changed(**change).words == words


@pytest.mark.parametrize(
    ("before", "change", "part"),
    [
        (WORKDAYS, {"at": "07:00"}, "`at` has no place"),
        (DAILY, {"every": "6h", "at": "07:00"}, "no time of day"),
        (DAILY, {"every": "1d", "cron": "0 6 * * *"}, "either `every` or `cron`"),
        (DAILY, {"every": "often"}, "every is 'often'"),
        (DAILY, {"every": 5}, "every is 5"),
        (DAILY, {"timezone": ""}, "no time zone ''"),
    ],
)
def test_a_change_that_cannot_be_kept_is_refused(before, change, part):
    with pytest.raises(ConfigError) as refused:
        before.changed(**change)

    assert part in refused.value.problem


def test_an_interval_has_the_same_times_in_every_zone():
    six_hours = Timetable.of(every="6h")

    assert six_hours.changed(timezone=BERLIN).has_same_times(six_hours)
    assert not six_hours.changed(every="5h").has_same_times(six_hours)
    assert not DAILY.changed(timezone="UTC").has_same_times(DAILY)
    assert not DAILY.changed(at="").has_same_times(DAILY)
    assert not DAILY.has_same_times(DAILY.changed(at=""))


def test_missed_times_are_counted_up_to_a_bound():
    every_minute = Timetable.of(every="1m")
    start = utc("2026-01-01 00:00")

    assert every_minute.count_between(start, start + timedelta(minutes=5), start) == 5
    assert every_minute.count_between(start, start + timedelta(days=99), start) == MOST_COUNTED


@given(
    moment=st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC)),
    after=st.timedeltas(timedelta(0), timedelta(days=900)),
    minutes=st.integers(0, 24 * 60 - 1),
    days=st.integers(1, 9),
    zone=st.sampled_from([BERLIN, "America/New_York", "Africa/Cairo", "Australia/Lord_Howe"]),
)
def test_the_next_time_is_later_and_within_the_step(moment, after, minutes, days, zone):
    at = f"{minutes // 60:02}:{minutes % 60:02}"
    timetable = Timetable.of(every=f"{days}d", at=at, timezone=zone)

    found = following(timetable, moment + after, moment)

    assert moment + after < found <= moment + after + timedelta(days=days, hours=2)
    assert following(timetable, found - timedelta(seconds=1), moment) == found
