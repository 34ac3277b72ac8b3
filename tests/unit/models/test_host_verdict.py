"""What a failure says about its host."""

from __future__ import annotations

import pytest

from scrapeq.models import ErrorKind, Failure, host_verdict

#: The other side is not there, or cannot do its work; with what is wrong, any page of it fails.
FAILED = {
    "dns",
    "refused",
    "connect_timeout",
    "tls",
    "reset",
    "header_timeout",
    "body_timeout",
    "http_5xx",
}
#: An answer came.
GOOD = {
    "redirects",
    "truncated",
    "decode",
    "too_large",
    "http_4xx",
    "not_html",
    "empty",
    "parse",
}


@pytest.mark.parametrize("kind", ErrorKind)
def test_every_kind_says_something_or_nothing(kind):
    expected = "failed" if kind in FAILED else "good" if kind in GOOD else ""
    if kind is ErrorKind.RATE_LIMITED:
        expected = "limited"

    assert host_verdict(Failure(kind, "…")) == expected


def test_a_robots_txt_that_cannot_be_had_is_a_failure_of_the_host():
    assert host_verdict(Failure(ErrorKind.ROBOTS, "disallowed", retryable=False)) == ""
    assert host_verdict(Failure(ErrorKind.ROBOTS, "not to be had", retryable=True)) == "failed"


@pytest.mark.parametrize("kind", ["dns", "refused", "connect_timeout", "tls", "reset"])
def test_a_broken_proxy_is_no_hosts_fault(kind):
    assert host_verdict(Failure(ErrorKind(kind), "…"), by_proxy=True) == ""


def test_what_came_through_a_proxy_counts():
    assert host_verdict(Failure(ErrorKind.HTTP_5XX, "…"), by_proxy=True) == "failed"
