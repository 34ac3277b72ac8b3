"""When a try is followed by another, and how Retry-After is read."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrapeq.fetch import parse_retry_after, retry_wait_s
from scrapeq.models import ErrorKind, Failure, ScrapingConfig

NOW = datetime(2026, 11, 6, 8, 49, 37, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0),
        ("120", 120),
        (" 7 ", 7),
        ("Fri, 06 Nov 2026 08:50:37 GMT", 60),  # IMF-fixdate
        ("Friday, 06-Nov-26 08:50:37 GMT", 60),  # RFC 850
        ("Fri Nov  6 08:50:37 2026", 60),  # asctime
        ("Fri, 06 Nov 2026 10:50:37 +0200", 60),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
        ("-5", None),
        ("1.5", None),
        ("1e9", None),
        ("soon", None),
        ("", None),
        ("٣", None),
        ("Fri, 99 Nov 2026 08:50:37 GMT", None),
        ("Fri, 06 Nov 99999 08:50:37 GMT", None),
        ("9" * 400, None),
    ],
)
def test_retry_after_in_every_form(value, seconds):
    assert parse_retry_after(value, NOW) == seconds


@given(st.text(max_size=60))
def test_no_retry_after_is_too_strange(value):
    seconds = parse_retry_after(value, NOW)

    assert seconds is None or seconds >= 0


CONFIG = ScrapingConfig(max_retries=3, retry_backoff_s=2, retry_after_cap_s=600)
FLAKY = Failure(ErrorKind.HTTP_5XX, "the server answered 500")


def test_the_wait_doubles_and_at_least_half_of_it_is_fixed():
    shortest = [retry_wait_s(FLAKY, tries, CONFIG, jitter=0) for tries in (1, 2, 3)]
    longest = [retry_wait_s(FLAKY, tries, CONFIG, jitter=1) for tries in (1, 2, 3)]

    assert shortest == [1, 2, 4]
    assert longest == [2, 4, 8]


def test_after_the_last_retry_a_failure_is_final():
    assert retry_wait_s(FLAKY, 4, CONFIG, jitter=0.5) is None
    assert retry_wait_s(FLAKY, 1, CONFIG.replace(max_retries=0), jitter=0.5) is None


@pytest.mark.parametrize("kind", [ErrorKind.HTTP_4XX, ErrorKind.SCHEME, ErrorKind.ADDRESS])
def test_what_will_not_change_is_final(kind):
    assert retry_wait_s(Failure(kind, "no"), 1, CONFIG, jitter=0.5) is None


def test_a_failure_may_say_itself_whether_it_passes():
    passing = Failure(ErrorKind.ROBOTS, "not now", retryable=True)
    final = Failure(ErrorKind.HTTP_5XX, "never", retryable=False)

    assert retry_wait_s(passing, 1, CONFIG, jitter=0) == 1
    assert retry_wait_s(final, 1, CONFIG, jitter=0) is None


def test_retry_after_is_the_least_wait_up_to_the_cap():
    limited = Failure(ErrorKind.RATE_LIMITED, "429", retry_after_s=120)
    endless = Failure(ErrorKind.RATE_LIMITED, "429", retry_after_s=1e9)
    hasty = Failure(ErrorKind.RATE_LIMITED, "429", retry_after_s=0)

    assert retry_wait_s(limited, 1, CONFIG, jitter=0) == 120
    assert 120 < retry_wait_s(limited, 1, CONFIG, jitter=1) <= 122
    assert retry_wait_s(endless, 1, CONFIG, jitter=0) == 600
    assert retry_wait_s(hasty, 1, CONFIG, jitter=0) == 1


def test_a_twentieth_try_is_still_a_number():
    patient = CONFIG.replace(max_retries=20, retry_backoff_s=3600)

    assert retry_wait_s(FLAKY, 20, patient, jitter=1) == 3600 * 2**19


@pytest.mark.parametrize(
    ("date", "seconds"),
    [
        ("Fri, 06 Nov 2026 08:40:37 GMT", 5),  # its clock is nine minutes slow
        ("Fri, 06 Nov 2026 09:49:37 GMT", 0),  # or fast, and it wants nothing
        ("nonsense", None),
        ("", None),
    ],
)
def test_a_date_is_read_against_the_servers_own_clock(date, seconds):
    value = "Fri, 06 Nov 2026 08:40:42 GMT"
    by_our_clock = 0  # that time has passed here

    waited = parse_retry_after(value, NOW, server_date=date)

    assert waited == (by_our_clock if seconds is None else seconds)


def test_seconds_need_no_clock():
    assert parse_retry_after("6", NOW, server_date="Fri, 06 Nov 2020 08:40:37 GMT") == 6


def test_a_constant_wish_is_a_constant_wait():
    asked = Failure(ErrorKind.RATE_LIMITED, "429", retry_after_s=6)

    assert [retry_wait_s(asked, tries, CONFIG, jitter=0) for tries in (1, 2, 3)] == [6, 6, 6]
    assert [retry_wait_s(asked, tries, CONFIG, jitter=1) for tries in (1, 2, 3)] == [7, 7, 7]
