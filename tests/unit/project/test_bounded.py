"""Asking a service that may be frozen: who looks is soon told, who needs the answer waits for it."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

import pytest

from scrapeq import clock
from scrapeq.errors import RedisUnavailable
from scrapeq.project import bounded
from scrapeq.project.bounded import Bounded, budget

LONG_S = 60.0


def silent(since: datetime) -> Exception:
    return RedisUnavailable(f"silent since {since}", hint="wait")


@pytest.fixture
def service() -> Bounded:
    return Bounded(silent)


def test_who_looks_is_told_at_once_while_an_answer_is_overdue(service):
    thawed = threading.Event()
    with budget(0.0), pytest.raises(RedisUnavailable):
        service.ask(lambda: thawed.wait(LONG_S))

    with budget(), pytest.raises(RedisUnavailable):
        service.ask(lambda: pytest.fail("it was asked beside the overdue one"))
    assert service.since is not None
    thawed.set()


def test_who_needs_the_answer_waits_for_the_overdue_one(service):
    thawed = threading.Event()
    with budget(0.0), pytest.raises(RedisUnavailable):
        service.ask(lambda: thawed.wait(LONG_S))

    threading.Timer(0.2, thawed.set).start()
    with budget(bounded.BUDGET_S + LONG_S):
        assert service.ask(lambda: "here") == "here"
    assert service.since is None


def test_since_when_it_is_away_is_known_as_long_as_it_is_asked(service, monkeypatch):
    def is_away() -> None:
        raise RedisUnavailable("away", hint="wait")

    def asked_after(pause):
        later = clock.now() + pause
        monkeypatch.setattr(clock, "now", lambda: later)
        with pytest.raises(RedisUnavailable):
            service.ask(is_away)
        return service.since

    first = asked_after(timedelta())
    assert asked_after(bounded.UNKNOWN_AFTER / 2) == first
    assert asked_after(bounded.UNKNOWN_AFTER) == first
    assert asked_after(2 * bounded.UNKNOWN_AFTER) == clock.now()  # it may have been there meanwhile


def test_a_block_inside_has_no_more_than_what_is_left_around_it(service):
    with budget(0.0), budget(LONG_S), pytest.raises(RedisUnavailable):
        service.ask(lambda: threading.Event().wait(bounded.LEAST_S * 20))
