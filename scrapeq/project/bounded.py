"""Asking a service within a time, so that a frozen one does not freeze whoever looks."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager
from contextvars import Context, ContextVar, copy_context
from datetime import datetime, timedelta
from typing import TypeVar

from scrapeq import clock
from scrapeq.errors import DatabaseUnavailable, RedisUnavailable

#: Seconds that a picture may wait, for all that it needs together; what answers does so in a few
#: milliseconds.
BUDGET_S = 1.0
#: Seconds that a question has whose answer nothing stands in for, so that an error follows: a machine
#: or a network that is busy for some seconds is no fault.
ANSWER_S = 10.0
#: Seconds that each service gets at least, also when another one has used up the budget.
LEAST_S = 0.1
#: After so long without a question nobody knows whether a service that is away was away all the time; cards and
#: dashboards ask every few seconds.
UNKNOWN_AFTER = timedelta(minutes=1)

_T = TypeVar("_T")
_ends_s: ContextVar[float | None] = ContextVar("end_of_the_budget", default=None)


@contextmanager
def budget(seconds: float | None = None) -> Iterator[None]:
    """What is asked inside the block has so many seconds together, by default `BUDGET_S`; never more
    than what is left of a block around it."""
    around_s = _ends_s.get()
    ends_s = time.monotonic() + (BUDGET_S if seconds is None else seconds)
    token = _ends_s.set(ends_s if around_s is None else min(around_s, ends_s))
    try:
        yield
    finally:
        _ends_s.reset(token)


class Bounded:
    """One service that may freeze. It is asked in a thread of its own, one at a time: while an answer
    is overdue, the next question of a picture fails at once, and no thread piles up.

    silent: the error for an answer that does not come, made from the time since when.
    """

    def __init__(self, silent: Callable[[datetime], Exception]) -> None:
        self._silent = silent
        self._start_anew()
        #: Since when each question found it away; None while it answers.
        self.since: datetime | None = None
        self._found_away = clock.now()

    def _start_anew(self) -> None:
        self._free = threading.Lock()
        self._is_overdue = False
        self._began_s: float | None = None
        self._process_id = os.getpid()

    def ask(self, look: Callable[[], _T]) -> _T:
        """What `look` gives, within the budget, or within `BUDGET_S` where there is none. It must not
        ask the same service in this way itself. Raises what it raises, and the error for silence."""
        ends_s = _ends_s.get() or time.monotonic() + BUDGET_S
        if self._process_id != os.getpid():  # a fork: the thread that held the lock is not here
            self._start_anew()
        left_s = _left_s(ends_s)
        is_hopeless = self._is_overdue and left_s <= BUDGET_S
        if not self._free.acquire(timeout=0 if is_hopeless else left_s):
            raise self._is_away()
        answer = self._run(look, copy_context())
        if not wait([answer], _left_s(ends_s)).done:
            self._is_overdue = True
            raise self._is_away()
        try:
            value = answer.result()
        except (RedisUnavailable, DatabaseUnavailable):
            self._is_away()
            raise
        except Exception:
            self.since = None
            raise
        self.since = None
        return value

    def begin(self, work: Callable[[], object], every_s: float) -> None:
        """Have it done in the background: not twice at a time, nor twice within `every_s`."""
        if self._process_id != os.getpid():
            self._start_anew()
        now_s = time.monotonic()
        if self._began_s is not None and now_s - self._began_s < every_s:
            return
        if self._free.acquire(blocking=False):
            self._began_s = now_s
            self._run(work, Context())

    def _run(self, work: Callable[[], _T], context: Context) -> Future[_T]:
        self._is_overdue = False
        answer: Future[_T] = Future()
        free = self._free

        def run() -> None:
            try:
                answer.set_result(context.run(work))
            except BaseException as error:
                answer.set_exception(error)
            finally:
                free.release()

        try:
            # A daemon: a process ends while it waits for a service that is away
            threading.Thread(target=run, name="scrapeq-asking", daemon=True).start()
        except RuntimeError:
            free.release()
            raise
        return answer

    def _is_away(self) -> Exception:
        now = clock.now()
        if self.since is None or now - self._found_away > UNKNOWN_AFTER:
            self.since = now
        self._found_away = now
        return self._silent(self.since)


def _left_s(ends_s: float) -> float:
    return max(LEAST_S, ends_s - time.monotonic())
