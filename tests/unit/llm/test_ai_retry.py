"""When a call is made again: what the endpoint says comes before what we would do."""

from __future__ import annotations

import pytest

from scrapeq.llm.retry import hinted_s, is_worth_retrying, wait_s

NOW_S = 1_800_000_000.0


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "3"}, 3.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after": "Fri, 15 Jan 2027 08:00:07 GMT"}, 7.0),
        ({"retry-after": "Fri, 15 Jan 2021 08:00:00 GMT"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-4"}, None),
        ({"retry-after": "inf"}, None),
        ({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "120ms"}, 0.12),
        ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "6m0s"}, 360.0),
        ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "7"}, 7.0),
        ({"x-ratelimit-remaining-tokens": "5", "x-ratelimit-reset-tokens": "6m0s"}, None),
        ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "a while"}, None),
        (
            {
                "retry-after": "2",
                "x-ratelimit-remaining-requests": "0",
                "x-ratelimit-reset-requests": "1h",
            },
            2.0,
        ),
    ],
)
def test_the_hints_of_an_endpoint(headers, seconds):
    assert hinted_s(headers, NOW_S) == (None if seconds is None else pytest.approx(seconds))


def test_without_a_hint_the_wait_doubles_up_to_a_bound():
    waits = [wait_s({}, tries, NOW_S, 0.0) for tries in range(1, 8)]

    assert waits == [0.5, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0]
    assert wait_s({}, 1, NOW_S, 1.0) == 0.375


def test_a_hint_is_never_cut_short():
    assert wait_s({"retry-after": "3"}, 1, NOW_S, 1.0) > 3.0


@pytest.mark.parametrize(
    ("status", "code", "headers", "again"),
    [
        (None, None, {}, True),
        (429, "rate_limit_exceeded", {}, True),
        (429, "insufficient_quota", {}, False),
        (500, None, {}, True),
        (503, None, {}, True),
        (503, None, {"x-should-retry": "false"}, False),
        (408, None, {}, True),
        (409, None, {}, True),
        (400, None, {}, False),
        (400, None, {"x-should-retry": "true"}, True),
        (401, None, {}, False),
        (302, None, {}, False),
    ],
)
def test_what_may_succeed_later(status, code, headers, again):
    assert is_worth_retrying(status, code, headers) is again
