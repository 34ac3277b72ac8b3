"""What a worker's main process does each second, whatever messages come or are lost."""

from __future__ import annotations

import logging
import threading

from scrapeq.errors import ScrapeqError
from scrapeq.project import recovery, steering
from scrapeq.project.services import Services

log = logging.getLogger(__name__)

EVERY_S = 1.0
#: Rounds between two looks for batches that nobody put into Redis, and between two audits.
FEED_EVERY, AUDIT_EVERY = 5, 30


class Housekeeping(threading.Thread):
    """Repairs Redis from the record, and rings while anything is due; ends with `stop()`."""

    def __init__(self, services: Services, processes: int) -> None:
        super().__init__(name="scrapeq-housekeeping", daemon=True)
        self._services = services
        self._processes = processes
        self._stopped = threading.Event()
        self._trouble = ""

    def stop(self) -> None:
        """End after the round that is going on."""
        self._stopped.set()

    def run(self) -> None:
        """A round a second; trouble is logged once, and again when it changes."""
        rounds = 0
        while not self._stopped.wait(EVERY_S):
            rounds += 1
            try:
                self._round(rounds)
                self._trouble = ""
            except ScrapeqError as error:
                if str(error) != self._trouble:
                    log.warning("housekeeping waits: %s", error)
                self._trouble = str(error)
            except Exception:  # the rim: the next round may do better
                log.exception("housekeeping")

    def _round(self, number: int) -> None:
        recovery.recover(self._services)
        if number % FEED_EVERY == 0:
            steering.reconcile(self._services)
            recovery.feed_unfed(self._services)
        if number % AUDIT_EVERY == 0:
            recovery.audit(self._services)
        if self._services.frontier.views.is_due():
            waiting = self._services.queue_lengths()["scraping"]
            self._services.wake(self._processes - waiting)
