"""Doing something once in a while, however often it is asked for."""

from __future__ import annotations

import time


class Every:
    """Says whether something is due that is done every so many seconds; at first it is."""

    def __init__(self, every_s: float) -> None:
        self._every_s = every_s
        self._due_at_s = 0.0

    @property
    def is_due(self) -> bool:
        """Whether so many seconds have passed since it was done."""
        return time.monotonic() >= self._due_at_s

    def done(self) -> None:
        """It was done now."""
        self._due_at_s = time.monotonic() + self._every_s
