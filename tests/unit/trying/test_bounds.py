"""A page that takes for ever in the user's own process is given up."""

from __future__ import annotations

import re
import signal
import threading

import pytest

import scrapeq as sq
from scrapeq.errors import InputError
from scrapeq.trying import bounds

EVIL = re.compile(r"(a+)+$")
LONG = "a" * 40 + "!"


def test_an_expression_that_goes_back_and_forth_is_ended():
    before = signal.getsignal(signal.SIGVTALRM)

    with pytest.raises(InputError, match=r"more than 0\.1 s of CPU"), bounds.bounded_cpu(0.1):
        EVIL.search(LONG)

    assert signal.getsignal(signal.SIGVTALRM) is before
    assert signal.getitimer(signal.ITIMER_VIRTUAL) == (0.0, 0.0)


def test_what_ends_in_time_is_left_alone():
    with bounds.bounded_cpu(60):
        found = EVIL.search("aaa")

    assert found
    assert signal.getitimer(signal.ITIMER_VIRTUAL) == (0.0, 0.0)


def test_in_another_thread_it_bounds_nothing_and_does_no_harm():
    found = []

    def look() -> None:
        with bounds.bounded_cpu(0.0):
            found.append(EVIL.search("aaa"))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()

    assert found[0]


def test_a_field_by_an_evil_expression_is_given_up(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(bounds, "CPU_S", 0.1)

    with pytest.raises(InputError, match=r"such as \(a\+\)\+"):
        sq.read_page(
            f"<h1>{LONG}</h1>",
            url="http://shop.example/",
            record={"code": sq.regex(r"(a+)+$")},
        )
