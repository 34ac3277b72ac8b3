"""Waiting for what workers write into the record: how long to pause between looks, and what to do
while waiting. A record that is away for a while is waited for, as Redis is."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from contextvars import copy_context
from typing import TypeVar

from scrapeq.errors import (
    DatabaseUnavailable,
    RedisUnavailable,
    ServiceAwayWarning,
    WaitTimeout,
    warn,
)
from scrapeq.project.away import record_away, redis_away
from scrapeq.project.services import Services
from scrapeq.project.staffing import look_after_workers, warn_without_workers

#: Seconds between two looks: short at first, so that a page that is there at once is seen at once, and
#: then a fifth more each time, so that a wait is a fifth longer than it has to be at most. One look
#: takes half a millisecond.
FIRST_PAUSE_S, PAUSE_GROWS, LONGEST_PAUSE_S = 0.003, 1.2, 0.2
#: Seconds between two looks at whether anybody works, and without workers until a warning: a worker
#: needs three to start.
LOOK_AFTER_S, NO_WORKERS_S = 5, 20
#: Seconds that the record may be away until a warning: a restart takes two.
RECORD_AWAY_S = 5
#: Seconds that a read waits for a PostgreSQL that is away, until it raises: a restart with recovery
#: is over by then.
MOST_AWAY_S = 60

#: Seconds between two small questions beside a read, and that the server may be silent in the middle of one:
#: then the read is given up.
LOOK_BESIDE_S, SILENT_S = 1, 10

_T = TypeVar("_T")


class Waiting:
    """Waits for one thing. Iterating gives how many seconds to pause before the next look, longer and
    longer; a look is asked through `look` or `read`.

    Meanwhile a private cluster that has ended is started again; a queue without workers, and a
    service that does not answer, is warned of once. Iterating raises WaitTimeout when the time is
    over, with `what` is not done, and what `why_late` gives. remark: what is to be warned of, once;
    "" for nothing.
    """

    def __init__(
        self,
        services: Services,
        what: str,
        timeout_s: float | None,
        why_late: Callable[[], str] = lambda: "",
        remark: Callable[[], str] = lambda: "",
    ) -> None:
        self._services = services
        self._what = what
        self._timeout_s = timeout_s
        self._why_late = why_late
        self._remark = remark
        self._record = _AwayRecord(services)

    def look(self, look: Callable[[], _T]) -> _T | None:
        """What a short look at the record gives; None while the record does not answer."""
        return self.read(lambda: self._services.record.ask(look))

    def read(self, read: Callable[[], _T]) -> _T | None:
        """The same for what may take longer than a second."""
        try:
            value = read()
        except DatabaseUnavailable as error:
            self._record.note(error)
            return None
        self._record.answers()
        return value

    def __iter__(self) -> Iterator[float]:
        began = looked_after = idle_since = time.monotonic()
        pause_s = FIRST_PAUSE_S
        warned = remarked = False
        while True:
            yield pause_s
            pause_s = min(pause_s * PAUSE_GROWS, LONGEST_PAUSE_S)
            now = time.monotonic()
            if self._timeout_s is not None and now - began > self._timeout_s:
                self._time_is_over(self._timeout_s)
            if now - looked_after > LOOK_AFTER_S:
                looked_after = now
                if self._works():
                    idle_since = now
                elif not warned and now - idle_since > NO_WORKERS_S:
                    warned = True
                    self._warn()
                if not remarked and (remark := self._remark()):
                    remarked = True
                    warn(remark, ServiceAwayWarning)

    def _works(self) -> bool:
        services = self._services
        try:
            return services.private.ask(lambda: look_after_workers(services))
        except RedisUnavailable:  # it takes longer than a second, and goes on
            return False

    def _warn(self) -> None:
        try:
            self._services.check_redis()
        except RedisUnavailable as error:
            away = redis_away(self._services, error)
            warn(f"{away.what}: {away.advice}", ServiceAwayWarning)
        else:
            warn_without_workers(self._services)

    def _time_is_over(self, timeout_s: float) -> None:
        why = self._record.in_words or self._why_late()
        raise WaitTimeout(
            f"{self._what} after {timeout_s:g} s{f': {why}' if why else ''}",
            hint="the work goes on: wait again",
        )


class _AwayRecord:
    """How long the record has been away, and a warning when that is long."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._since_s: float | None = None
        self._warned = False
        #: That it is away, in a few words; "" while it answers.
        self.in_words = ""

    def answers(self) -> None:
        self._since_s, self.in_words = None, ""

    def note(self, error: DatabaseUnavailable) -> None:
        now_s = time.monotonic()
        away = record_away(self._services, error)
        self.in_words = away.what
        if self._since_s is None:
            self._since_s = now_s
        elif not self._warned and now_s - self._since_s > RECORD_AWAY_S:
            self._warned = True
            warn(f"{away.what}: waiting for it. {away.advice}", ServiceAwayWarning)


def patiently(services: Services, read: Callable[[], _T], *, changes: bool = False) -> _T:
    """What a read of the record gives. A PostgreSQL that is away, or is silent in the middle, is waited
    for, and warned of after some seconds. Raises DatabaseUnavailable after about `MOST_AWAY_S`, and for
    SQLite at once. changes: it is no read but a change, which is not left in the middle: whether it
    happened would not be known."""
    record = _AwayRecord(services)
    is_file = services.engine.dialect.name == "sqlite"  # which is never silent
    ends_s = time.monotonic() + MOST_AWAY_S
    while True:
        try:
            services.check_record()
            if is_file or changes:
                return read()
            return _while_it_answers(services, read)
        except DatabaseUnavailable as error:
            if is_file or time.monotonic() > ends_s:
                raise
            record.note(error)
        time.sleep(LONGEST_PAUSE_S)


def _while_it_answers(services: Services, read: Callable[[], _T]) -> _T:
    """What a read gives, however long it takes, as long as the server answers a small question beside
    it: neither the driver nor the network notices one that is frozen. Raises DatabaseUnavailable after
    `SILENT_S` of silence; the read then ends in its own thread, whenever that is."""
    answer: Future[_T] = Future()
    context = copy_context()

    def run() -> None:
        try:
            answer.set_result(context.run(read))
        except BaseException as error:
            answer.set_exception(error)

    threading.Thread(target=run, name="scrapeq-reading", daemon=True).start()
    silent_since_s: float | None = None
    while not wait([answer], LOOK_BESIDE_S).done:
        try:
            services.check_record()
        except DatabaseUnavailable:
            silent_since_s = silent_since_s or time.monotonic()
            if time.monotonic() - silent_since_s > SILENT_S:
                raise
        else:
            silent_since_s = None
    return answer.result()
