"""Waits in Redis, while a worker process rests, for the notice that jobs are due.

Celery's wake-up takes some milliseconds of each side, and there is one in half a second; a notice comes
with the jobs, and costs next to nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from scrapeq.errors import RedisFull, RedisUnavailable
from scrapeq.frontier import Frontier
from scrapeq.work.waiting import AGAIN_S

#: Seconds of one question to Redis: shorter than those after which a silent one counts as away.
ASK_S = 3.0


class Notices(threading.Thread):
    """Calls `noticed` in its own thread for each notice that comes while it listens.

    A notice wakes one worker. So a process that has work leaves it to others: it may take one more, after
    `ignore`, that it was waiting for before.
    """

    def __init__(self, frontier: Frontier, noticed: Callable[[], object]) -> None:
        super().__init__(name="scrapeq-notices", daemon=True)
        self._coordination = frontier.coordination
        self._noticed = noticed
        self._listens = threading.Event()
        self._stopped = threading.Event()

    def listen(self) -> None:
        """Take notices from now on."""
        self._listens.set()

    def ignore(self) -> None:
        """Leave them to other workers."""
        self._listens.clear()

    def stop(self) -> None:
        """End, when the question under way is answered."""
        self._stopped.set()
        self._listens.set()

    def run(self) -> None:
        """Ask Redis again and again. While it is away there are no notices."""
        while True:
            self._listens.wait()
            if self._stopped.is_set():
                return
            try:
                is_noticed = self._coordination.await_notice(ASK_S)
            except (RedisUnavailable, RedisFull):
                self._stopped.wait(AGAIN_S)
                continue
            if is_noticed and not self._stopped.is_set():
                self._noticed()
