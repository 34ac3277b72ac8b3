"""What workers do besides jobs, whatever messages come or are lost: duties, each with its period.

Every worker's main process knows all duties, and each is done once in its period by one of them:
whoever takes its lock first, which ends by itself before the period does. A duty may all the same
be done by two at once, when it takes longer than its period: none does harm then.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass

from scrapeq import database
from scrapeq.clock import DAY_MS, now_ms
from scrapeq.errors import RedisFull, RedisUnavailable, ScrapeqError
from scrapeq.project import recovery, scheduling, steering
from scrapeq.project.services import Services
from scrapeq.work.ended_workers import end_leases_of_ended, this_process
from scrapeq.work.notifying import notify

log = logging.getLogger(__name__)

#: Answers of language models that the record keeps: some GB of the longest, 100 MB of usual ones.
MOST_ANSWERS = 200_000
#: Seconds between two looks at what is to be done; no duty is done more often.
LOOK_S = 1.0
#: Seconds that a lock ends before the period of its duty: clocks are not looked at exactly.
EARLIER_S = 0.1


@dataclass(frozen=True, slots=True)
class Duty:
    """Something to do every so many seconds, at least `LOOK_S`, once in a cluster.

    run: blocks until it is done. What it raises is logged, and another process may try at once.
    """

    name: str
    every_s: float
    run: Callable[[Services], object]


def usual_duties(processes: int) -> list[Duty]:
    """What every worker does. processes: how many child processes this one has."""

    def wake(services: Services) -> None:
        if services.frontier.views.is_due():
            workers = max(processes, len(services.frontier.coordination.workers()))
            services.wake(workers - services.queue_length("scraping"))

    def watch(services: Services) -> None:
        services.frontier.coordination.watch(services.frontier.views.is_due())

    here = this_process()
    by_machine = [Duty(f"ended:{here.machine}", 1.0, end_leases_of_ended)] if here else []
    return [
        Duty("recover", 1.0, recovery.recover),
        *by_machine,
        Duty("reconcile", 5.0, steering.reconcile),
        Duty("feed", 5.0, recovery.feed_unfed),
        Duty("audit", 30.0, recovery.audit),
        Duty("wake", 1.0, wake),
        Duty("ai answers", 3600.0, _clean_answers),
        Duty("make room", 60.0, _make_room),
        Duty("erase secrets", 5.0, lambda services: database.secrets.erase_ended(services.engine)),
        Duty("watch", 5.0, watch),
    ]


def slow_duties() -> list[Duty]:
    """What may take longer than others can wait for: each is done in a thread of its own."""
    return [
        Duty("schedules", 2.0, scheduling.start_due),
        Duty("notifications", 2.0, notify),
        Duty("keep only", 3600.0, keep_only),
    ]


def _clean_answers(services: Services) -> None:
    """Let go of answers of language models that are too old, or too many."""
    before_ms = now_ms() - round(services.settings.ai_answers_days * DAY_MS)
    database.ai_answers.clean(services.engine, before_ms, MOST_ANSWERS)


def keep_only(services: Services) -> int:
    """Delete what the settings do not keep: see `Settings.keep_days`; how many jobs."""
    settings = services.settings
    deleted = database.keeping.keep_only(
        services.engine, now_ms(), days=settings.keep_days, rows=settings.keep_rows
    ).jobs
    if deleted:
        log.info("%d jobs of batches that are done were deleted, as SCRAPEQ_KEEP_... says", deleted)
    return deleted


def _make_room(services: Services) -> None:
    database.contents.let_go(services.engine, services.settings.stored_pages_mb * 1_000_000)


class Housekeeping(threading.Thread):
    """Does duties in their order until `stop()`; one that fails does not stop the others."""

    def __init__(
        self, services: Services, duties: Iterable[Duty], name: str = "scrapeq-housekeeping"
    ) -> None:
        super().__init__(name=name, daemon=True)
        self._services = services
        self._duties = tuple(duties)
        self._due_s = {duty.name: 0.0 for duty in self._duties}
        self._troubles: dict[str, str] = {}
        self._stopped = threading.Event()

    def stop(self) -> None:
        """End after the duty that is being done."""
        self._stopped.set()

    def run(self) -> None:
        """A look each second; trouble is logged once, and again when it changes."""
        while not self._stopped.wait(LOOK_S):
            for duty in self._duties:
                if not self._stopped.is_set() and time.monotonic() >= self._due_s[duty.name]:
                    self._try(duty)

    def _try(self, duty: Duty) -> None:
        try:
            self._do(duty)
        except ScrapeqError as error:
            self._trouble(duty, error, level=logging.WARNING)
        except Exception as error:  # the rim: the others are done all the same
            self._trouble(duty, error, level=logging.ERROR)
        else:
            self._troubles.pop(duty.name, None)

    def _do(self, duty: Duty) -> None:
        """Do it, unless another process has in this period."""
        locks, name = self._services.frontier.coordination, f"duty:{duty.name}"
        proof = locks.lock(name, duty.every_s - EARLIER_S)
        if proof is None:
            return
        began_s = time.monotonic()
        try:
            duty.run(self._services)
        except BaseException:
            with suppress(RedisUnavailable, RedisFull):
                locks.unlock(name, proof)
            raise
        self._due_s[duty.name] = began_s + duty.every_s

    def _trouble(self, duty: Duty, error: Exception, *, level: int) -> None:
        message = f"{type(error).__name__}: {error}"
        if message not in self._troubles.values():
            traceback = error if level >= logging.ERROR else None
            log.log(level, "the duty %r waits: %s", duty.name, error, exc_info=traceback)
        self._troubles[duty.name] = message
