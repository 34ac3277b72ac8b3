"""How many jobs of the browser's lane a process claims, and when it looks for some."""

from __future__ import annotations

import time

from scrapeq.frontier import Frontier
from scrapeq.work.rendering import Rendering
from scrapeq.work.waiting import Call

#: Seconds between two looks at a lane that was empty.
LOOK_S = 0.25
#: Seconds between two times that a process says that it has a browser, or asks whether anybody has.
PRESENCE_S = 5.0
#: Jobs that a process without a browser takes at once, where nobody has one: they are only read.
WITHOUT_BROWSER = 16


class BrowserLane:
    """The lane's jobs are for those with a browser; where nobody has one, for everybody.

    Jobs come here when a browser is crowded, so that another worker's may take them, and when a page
    is known to need one.
    """

    def __init__(self, rendering: Rendering, frontier: Frontier, call: Call) -> None:
        self._rendering = rendering
        self._frontier = frontier
        self._call = call
        self._look_s = 0.0
        self._presence_s = 0.0
        self._is_ours = False

    async def wanted(self) -> int:
        """How many jobs to claim now; 0: none. Raises what the stores raise."""
        now_s = time.monotonic()
        if now_s < self._look_s:
            return 0
        if now_s >= self._presence_s:
            self._presence_s = now_s + PRESENCE_S
            coordination = self._frontier.coordination
            if not self._rendering.missing:
                await self._call(coordination.note_browser)
                self._is_ours = True
            else:
                self._is_ours = not await self._call(coordination.any_browser)
        if not self._is_ours:
            return 0
        return WITHOUT_BROWSER if self._rendering.missing else self._rendering.room

    def found(self, count: int) -> None:
        """A claim gave so many: after none, the next look has time."""
        self._look_s = 0.0 if count else time.monotonic() + LOOK_S
