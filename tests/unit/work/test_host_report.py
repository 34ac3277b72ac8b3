"""What a try says about which host, and the row of a page that was not asked for."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from scrapeq.fetch import Response
from scrapeq.frontier import GivenUp
from scrapeq.models import Content, ErrorKind, Failure, ScrapingConfig
from scrapeq.work.host_report import HostReport, given_up, report

CONFIG = ScrapingConfig(retry_backoff_s=2, retry_after_cap_s=600)
HERE = Response(
    url="https://here.example/a",
    final_url="https://here.example/a",
    http_status=200,
    headers=(),
    content_type="text/html",
    body=b"",
    redirects=(),
    fetched_at=datetime(2026, 11, 23, tzinfo=UTC),
    elapsed_s=0.1,
)
THERE = replace(HERE, final_url="https://there.example/b", redirects=("https://here.example/a",))


def said(outcome, response=None, config=CONFIG, jitter=0.0):
    return report("here.example", outcome, response, config, jitter)


def failure(kind, at="https://here.example/a", **named):
    return Failure(ErrorKind(kind), "…", final_url=at, **named)


def test_a_page_is_a_good_report_on_the_host_that_gave_it():
    assert said(Content(), HERE) == HostReport("good")
    assert said(Content(), THERE) == HostReport("good", about="there.example")
    assert said(failure("parse"), HERE) == HostReport("good")  # it came, and could not be read


def test_a_failure_is_about_the_host_that_it_met():
    assert said(failure("reset")) == HostReport("failed")
    assert said(failure("reset", at=None)) == HostReport("failed")
    assert said(failure("reset", "http://there.example:8080/")) == HostReport(
        "failed", about="there.example:8080"
    )


@pytest.mark.parametrize(
    ("retry_after_s", "jitter", "pause_s"),
    [(None, 0, 1), (None, 1, 2), (0, 0, 1), (30, 0, 30), (30, 1, 31), (100_000, 0, 600)],
)
def test_a_host_is_left_alone_as_it_asks_or_for_the_backoff(retry_after_s, jitter, pause_s):
    limited = failure("rate_limited", retry_after_s=retry_after_s)

    report = HostReport("limited", pause_s=pause_s, is_named=bool(retry_after_s))
    assert said(limited, jitter=jitter) == report


def test_a_failing_proxy_says_nothing_of_the_host():
    proxied = CONFIG.replace(proxy="http://proxy.example:3128")

    assert said(failure("refused"), config=proxied) == HostReport()


def test_a_page_that_was_tried_keeps_its_own_error():
    why = GivenUp(90_000, 2, "reset", "hung up", "http_5xx", "the server answered 500")

    row = given_up("here.example", why)

    assert row.kind is ErrorKind.HTTP_5XX
    assert not row.may_retry
    assert row.message.startswith("the server answered 500; here.example has failed for ")
    assert "retry_failed()" in row.message


def test_the_row_says_what_happened_and_what_to_do():
    why = GivenUp(
        failing_ms=960_000, probes=5, error_kind="refused", error_message="nobody listens"
    )

    row = given_up("here.example", why)

    assert row.kind is ErrorKind.BREAKER_OPEN
    assert not row.may_retry
    assert row.message.startswith("here.example has failed for 16 min ")
    assert "5 single requests" in row.message
    assert "refused: nobody listens" in row.message
    assert "retry_failed()" in row.message
