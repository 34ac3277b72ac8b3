"""Tells the other workers of this process's browser, and learns of theirs."""

from __future__ import annotations

import asyncio
import logging

from scrapeq.errors import ScrapeqError
from scrapeq.frontier import Frontier
from scrapeq.work.rendering import Rendering
from scrapeq.work.waiting import Call

log = logging.getLogger(__name__)

#: Seconds between two times: how late a worker learns what pages of a kind need.
EVERY_S = 2.0


class BrowserPresence:
    """One call to Redis every two seconds, whatever is fetched."""

    def __init__(self, worker: str, rendering: Rendering, frontier: Frontier, call: Call) -> None:
        self._worker = worker
        self._rendering = rendering
        self._browsers = frontier.browsers
        self._call = call
        self._since: int | None = None

    async def run(self) -> None:
        """Tell and learn for ever; while Redis is away, later."""
        while True:
            await self.tell()
            await asyncio.sleep(EVERY_S)

    async def tell(self) -> None:
        """Tell and learn once; nothing where Redis is away."""
        rendering = self._rendering
        news = rendering.needs.news()
        report = rendering.report
        try:
            learned = await self._call(self._browsers.tell, self._worker, report, news, self._since)
        except ScrapeqError as error:
            rendering.needs.again(news)
            log.debug("nothing was told of the browser: %s", error)
            return
        self._since = learned.newest
        rendering.any_browser = learned.is_any
        rendering.needs.learn(learned)
