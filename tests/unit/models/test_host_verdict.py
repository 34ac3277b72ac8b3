"""What a failure says about its host."""

from __future__ import annotations

import pytest

from scrapeq.models import ErrorKind, Failure
from scrapeq.models.host_verdict import host_verdict

EXPECTED = {
    # nobody is there: whatever is asked for, it fails
    **dict.fromkeys(["dns", "refused", "connect_timeout", "tls"], "unreachable"),
    # it cannot do its work, perhaps for this page only
    **dict.fromkeys(["reset", "header_timeout", "body_timeout", "http_5xx"], "failed"),
    # an answer came
    **dict.fromkeys(["redirects", "truncated", "decode", "too_large", "http_4xx"], "good"),
    **dict.fromkeys(["not_html", "not_accepted", "empty", "parse", "page_kind", "action"], "good"),
    "rate_limited": "limited",
}


@pytest.mark.parametrize("kind", ErrorKind)
def test_every_kind_says_something_or_nothing(kind):
    assert host_verdict(Failure(kind, "…")) == EXPECTED.get(kind, "")


def test_a_robots_txt_that_cannot_be_had_is_a_failure_of_the_host():
    assert host_verdict(Failure(ErrorKind.ROBOTS, "disallowed", retryable=False)) == ""
    assert host_verdict(Failure(ErrorKind.ROBOTS, "not to be had", retryable=True)) == "unreachable"


@pytest.mark.parametrize("kind", ["dns", "refused", "connect_timeout", "tls", "reset"])
def test_a_broken_proxy_is_no_hosts_fault(kind):
    assert host_verdict(Failure(ErrorKind(kind), "…"), by_proxy=True) == ""


def test_what_came_through_a_proxy_counts():
    assert host_verdict(Failure(ErrorKind.HTTP_5XX, "…"), by_proxy=True) == "failed"
