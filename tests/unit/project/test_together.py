"""A group commit: what comes while one is at work is done together after it."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from scrapeq.errors import AlreadyThere, DatabaseUnavailable, RedisUnavailable
from scrapeq.project.together import Together


class Work:
    """Notes what it is called with. The first call waits until `go_on`."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.calls: list[list[str]] = []
        self.began, self.go_on = threading.Event(), threading.Event()
        self._error = error

    def __call__(self, items: list[str]) -> None:
        self.calls.append(sorted(items))
        if len(self.calls) == 1:
            self.began.set()
            self.go_on.wait(60)
        if self._error and "bad" in items:
            raise self._error


def after_the_first(together: Together[str], work: Work, items: list[str]) -> list[Future[None]]:
    """Add "first", and while it is at work the others, each in its thread."""
    with ThreadPoolExecutor(len(items) + 1) as pool:
        added = [pool.submit(together.add, "first", work)]
        assert work.began.wait(60)
        added += [pool.submit(together.add, item, work) for item in items]
        while len(together._waiting) < len(items):
            time.sleep(0.001)
        work.go_on.set()
    return added


def test_what_comes_meanwhile_is_done_together() -> None:
    together, work = Together[str](), Work()

    added = after_the_first(together, work, ["a", "b", "c"])

    assert [one.exception() for one in added] == [None] * 4
    assert work.calls == [["first"], ["a", "b", "c"]]


def test_who_comes_alone_waits_for_nobody() -> None:
    together, work = Together[str](), Work()
    work.go_on.set()

    for item in "abc":
        together.add(item, work)

    assert work.calls == [["a"], ["b"], ["c"]]


def test_an_error_of_one_does_not_fail_the_others() -> None:
    together, work = Together[str](), Work(AlreadyThere("there is one", hint="take another id"))

    added = after_the_first(together, work, ["a", "bad", "c"])

    assert [type(one.exception()) for one in added] == [*[type(None)] * 2, AlreadyThere, type(None)]
    assert work.calls[:2] == [["first"], ["a", "bad", "c"]]
    assert sorted(work.calls[2:]) == [["a"], ["bad"], ["c"]]


def test_an_error_of_all_is_raised_to_each_and_the_next_goes_on() -> None:
    together, work = Together[str](), Work(RedisUnavailable("it is away", hint="wait"))

    added = after_the_first(together, work, ["a", "bad"])

    assert [type(one.exception()) for one in added[1:]] == [RedisUnavailable] * 2
    together.add("later", work)
    assert work.calls[-1] == ["later"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_leaves_nobody_waiting(error: type[BaseException]) -> None:
    together = Together[str]()

    def interrupted(_items: list[str]) -> None:
        raise error

    with pytest.raises(error):
        together.add("a", interrupted)
    done: list[str] = []
    together.add("b", done.extend)
    assert done == ["b"]


def test_an_interrupt_is_that_of_one_thread() -> None:
    together, work = Together[str](), Work(KeyboardInterrupt())

    added = after_the_first(together, work, ["a", "bad"])

    errors = sorted(type(one.exception()).__name__ for one in added[1:])
    assert added[0].exception() is None
    assert errors == [DatabaseUnavailable.__name__, "KeyboardInterrupt"]
    together.add("later", work)
    assert work.calls[-1] == ["later"]


@pytest.mark.parametrize("is_to_lead", [False, True])
def test_who_is_interrupted_while_it_waits_lets_the_others_go_on(
    is_to_lead: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Interrupted(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            work.go_on.set()
            if is_to_lead:
                super().wait(60)
            raise KeyboardInterrupt

    together, work = Together[str](), Work()
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(together.add, "first", work)
        assert work.began.wait(60)
        with monkeypatch.context() as patched:
            patched.setattr(threading, "Event", Interrupted)
            with pytest.raises(KeyboardInterrupt):
                together.add("a", work)
        assert first.exception(60) is None
        together.add("later", work)

    assert work.calls == [["first"], ["later"]]
