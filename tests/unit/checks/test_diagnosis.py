"""What was looked at, as a table, as words, as a card; and looks that fail or hang."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest

from scrapeq.checks.check import CheckState, Diagnosis, bad, good, note
from scrapeq.checks.clocks import clock_check
from scrapeq.checks.looking import Look, look_at
from scrapeq.errors import ConfigError


def diagnosis(*checks):
    return Diagnosis(version="1.2.3", checked_at=datetime(2026, 3, 1, tzinfo=UTC), checks=checks)


ILL = diagnosis(
    good("Python", "3.13"),
    note("queues", "nobody listens to cleaning", "start a worker"),
    bad("Redis", "<b>away</b>\u202e", "start Redis"),
)


def test_what_is_bad_is_told_first_with_what_to_do():
    shown = ILL._repr_html_()

    assert not ILL.is_good
    assert [one.name for one in ILL.bad] == ["Redis"]
    assert repr(ILL) == "<Diagnosis 1 bad, 1 note, 1 good: Redis: <b>away</b>\ufffd>"
    assert shown.index("start Redis") < shown.index("start a worker") < shown.index("Python")
    assert "<b>" not in shown
    assert "\u202e" not in shown
    assert "1 is good" in shown


def test_where_all_is_good_the_list_is_open():
    well = diagnosis(good("Python", "3.13"), good("Redis", "8"))

    assert well.is_good
    assert repr(well) == "<Diagnosis 2 good>"
    assert "<details style" in well._repr_html_()
    assert " open>" in well._repr_html_()


def test_it_is_a_table():
    frame = ILL.df

    assert list(frame) == ["name", "state", "result", "hint"]
    assert list(frame["state"]) == ["good", "note", "bad"]
    assert list(frame["state"].cat.categories) == [one.value for one in CheckState]
    assert diagnosis().df.empty


def test_it_travels_as_json():
    assert Diagnosis.model_validate_json(ILL.model_dump_json()) == ILL


def test_a_look_that_fails_or_hangs_is_a_bad_check_and_the_others_are_there():
    def ours():
        yield good("first", "there")
        raise ConfigError("wrong", hint="correct it")

    def theirs():
        raise ZeroDivisionError("oh")

    for_ever = threading.Event()

    def hanging():
        for_ever.wait()
        yield good("hanging", "")

    found = look_at(
        [
            Look("ours", 60, ours),
            Look("theirs", 60, theirs),
            Look("hanging", 0.01, hanging),
            Look("two", 60, lambda: [good("a", "1"), good("b", "2")]),
        ]
    )
    for_ever.set()

    assert [(one.name, one.state.value) for one in found] == [
        *(("ours", "bad"), ("theirs", "bad"), ("hanging", "bad"), ("a", "good"), ("b", "good")),
    ]
    assert (found[0].result, found[0].hint) == ("wrong", "correct it")
    assert "ZeroDivisionError: oh" in found[1].result
    assert "no answer within" in found[2].result


@pytest.mark.parametrize("ahead_s", [0, 4.9, -4.9])
def test_clocks_that_are_close_are_good(ahead_s):
    assert clock_check("clock", ahead_s).state is CheckState.GOOD


def test_a_clock_that_is_ahead_is_noted():
    assert "3 min 00 s ahead of" in clock_check("clock", 180).result
