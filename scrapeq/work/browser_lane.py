"""How many jobs of the browser's lane a process claims, and when it looks for some."""

from __future__ import annotations

import time

from scrapeq.work.rendering import Rendering

#: Seconds between two looks at a lane that was empty.
LOOK_S = 0.25
#: Jobs that a process without a browser takes at once, where nobody has one: they are only read.
WITHOUT_BROWSER = 16


class BrowserLane:
    """The lane's jobs are for those with a browser; where nobody has one, for everybody.

    Jobs come here when a browser is crowded, so that another worker's may take them, and when a page
    is known to need one.
    """

    def __init__(self, rendering: Rendering) -> None:
        self._rendering = rendering
        self._look_s = 0.0

    def wanted(self) -> int:
        """How many jobs to claim now; 0: none."""
        if time.monotonic() < self._look_s:
            return 0
        if self._rendering.missing:
            return 0 if self._rendering.any_browser else WITHOUT_BROWSER
        return self._rendering.room

    def found(self, count: int) -> None:
        """A claim gave so many: after none, the next look has time."""
        self._look_s = 0.0 if count else time.monotonic() + LOOK_S
