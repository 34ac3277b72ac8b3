"""What makes two requests different, and which of them may say who asks."""

from __future__ import annotations

from typing import Any

import pytest

from scrapeq.models import RequestIdentity, ScrapingConfig


def identity(**options: Any) -> RequestIdentity:
    return RequestIdentity.of(ScrapingConfig.build(**options))


DIFFERENT: list[dict[str, Any]] = [
    {},
    {"cookies": {"session": "a"}},
    {"cookies": {"session": "b"}},
    {"cookies": {"other": "a"}},
    {"cookies": {"session": "env:SESSION"}},
    {"headers": {"Authorization": "Bearer a"}},
    {"headers": {"Accept-Language": "de"}},
    {"headers": {"Accept-Language": "fr"}},
    {"user_agent": "another"},
    {"proxy": "http://ann:hunter2@proxy.example:8080"},
    {"proxy": "http://proxy.example:8080"},
    {"use_stealth": True},
    {"viewport": "390x844"},
    {"storage_state": "shop"},
    {"session": True},
    {"locale": "de-DE"},
    {"timezone": "Europe/Berlin"},
    {"screenshot": True},
    {"screenshot": "full"},
    {"pdf": True},
    {"capture": ["*/a"]},
    {"capture": ["*/b"]},
    {"console": True},
]


def test_whatever_is_sent_otherwise_is_another_request() -> None:
    digests = [identity(**options).digest for options in DIFFERENT]

    assert len(set(digests)) == len(DIFFERENT)
    assert "hunter2" not in repr([identity(**options) for options in DIFFERENT])


@pytest.mark.parametrize(
    "options",
    [{"max_retries": 0}, {"main_text": "off"}, {"delay_between_requests": 2.0}, {"max_age": 60}],
)
def test_what_is_not_sent_makes_no_difference(options: dict[str, Any]) -> None:
    assert identity(**options) == identity()


def test_the_order_and_the_case_of_names_make_no_difference() -> None:
    one = identity(headers={"Accept": "a", "X-Key": "b"}, cookies={"a": "1", "b": "2"})
    other = identity(headers={"x-key": "b", "accept": "a"}, cookies={"b": "2", "a": "1"})

    assert one == other


@pytest.mark.parametrize(
    ("options", "is_secret"),
    [
        ({}, False),
        ({"user_agent": "another", "use_stealth": True}, False),
        ({"screenshot": True, "capture": "*"}, False),
        ({"screenshot": True, "cookies": {"a": "1"}}, True),
        ({"headers": {"Accept-Language": "de", "accept": "text/html"}}, False),
        ({"headers": {"X-Api-Key": "k"}}, True),
        ({"headers": {"Authorization": "Bearer a"}}, True),
        ({"cookies": {"lang": "de"}}, True),  # nobody knows what a cookie says
        ({"storage_state": "shop"}, True),
        ({"session": True}, True),  # its cookies may say whose it is
        ({"proxy": "http://proxy.example:8080"}, True),  # it may know who asks
    ],
)
def test_what_may_say_who_asks_is_secret(options: dict[str, Any], is_secret: bool) -> None:
    assert identity(**options).is_secret is is_secret
