"""When an endpoint wants to be left alone, all threads of this process leave it alone.

Redis is not asked: each worker process learns it from its own first refusal, and the breaker, which all
share, sees to an endpoint that stays so.
"""

from __future__ import annotations

import threading
import time
from functools import lru_cache


class Pace:
    """The pause of one endpoint."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._until_s = 0.0

    def pause(self, seconds: float) -> None:
        """Let nobody ask for so long from now."""
        with self._lock:
            self._until_s = max(self._until_s, time.monotonic() + seconds)

    def wait(self) -> None:
        """Return when the pause is over."""
        while (left_s := self._until_s - time.monotonic()) > 0:
            time.sleep(left_s)


@lru_cache(maxsize=64)
def pace_of(base_url: str | None) -> Pace:
    """The same for every caller of this process."""
    return Pace()
