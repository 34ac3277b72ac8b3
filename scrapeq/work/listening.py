"""Says each second which queues a worker listens to, so that messages that wait in others are noticed."""

from __future__ import annotations

import threading
from contextlib import suppress

from scrapeq.errors import RedisFull, RedisUnavailable
from scrapeq.frontier import Listener
from scrapeq.project.services import Services
from scrapeq.project.version import own_version

#: Seconds between two times; after 10 s of silence a worker counts as gone.
EVERY_S = 1.0


class Listening(threading.Thread):
    """Until `stop()`, in the main process of a worker."""

    def __init__(self, services: Services, listener: Listener) -> None:
        super().__init__(name="scrapeq-listening", daemon=True)
        self._coordination = services.frontier.coordination
        self._listener = listener
        self._stopped = threading.Event()

    def run(self) -> None:
        """A short write each second; while Redis is away there is nobody to tell."""
        while True:
            with suppress(RedisUnavailable, RedisFull):
                self._coordination.listen(self._listener, own_version())
            if self._stopped.wait(EVERY_S):
                break
        with suppress(RedisUnavailable, RedisFull):
            self._coordination.forget_listener(self._listener)

    def stop(self) -> None:
        """The worker listens no more."""
        self._stopped.set()
