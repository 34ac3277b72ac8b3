"""The web as a worker process sees it: one fetcher, all connections, every rule kept."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace

from scrapeq import urls
from scrapeq.fetch.http import AioTransport
from scrapeq.fetch.protocols import HostThrottle, RobotsCache, Slot
from scrapeq.fetch.redirects import HttpFetcher
from scrapeq.fetch.resolve import Names
from scrapeq.fetch.response import Response
from scrapeq.fetch.robots import Robots
from scrapeq.fetch.route import Routes
from scrapeq.fetch.slots import PacedSlot, RobotsSlot
from scrapeq.fetch.stealth import CurlTransport
from scrapeq.models import ErrorKind, Failure, ScrapingConfig, SlotOwner

_log = logging.getLogger(__name__)


class PoliteFetcher:
    """Visits URLs from one event loop; as many at once as its caller starts.

    throttle and robots: shared with other processes or in memory (`MemoryThrottle`, `MemoryRobots`).
    allow_private_addresses: for jobs that do not say. connect_to: see `Routes`; {"*": "host:port"}
    sends everything to one server.
    """

    def __init__(
        self,
        *,
        throttle: HostThrottle,
        robots: RobotsCache,
        allow_private_addresses: bool,
        connect_to: Mapping[str, str] | None = None,
    ) -> None:
        routes = Routes(allow_private_addresses, dict(connect_to or {}))
        self._throttle = throttle
        self._names = Names()
        self._plain = HttpFetcher(AioTransport(self._names), routes)
        self._stealth = HttpFetcher(CurlTransport(self._names), routes)
        self._robots = Robots(robots, throttle, self._fetch_robots)

    async def fetch(
        self, url: str, config: ScrapingConfig, owner: SlotOwner | None = None
    ) -> Response | Failure:
        """One try of one job.

        The caller has taken a slot of the URL's host, and calls this at once; `owner` is whose
        slot it is. robots.txt (if
        `respect_robots`), pace, redirects, limits and the address guard are seen to here; all
        that a server can do ends as a Failure, never as an exception. With `use_stealth` the
        requests look like a browser's, and everything else stays as it is.
        """
        try:
            return await self._fetch_page(url, config, owner)
        except Exception as error:  # the rim: one row must not take its neighbours with it
            _log.exception("a visit ended with an error of our own")
            return Failure(
                ErrorKind.PROTOCOL,
                f"scrapeq failed on this page ({type(error).__name__}); the worker's log says more",
            )

    async def close(self) -> None:
        """Close all connections; a second call does nothing."""
        await self._plain.close()
        await self._stealth.close()
        self._names.close()

    async def _fetch_page(
        self, url: str, config: ScrapingConfig, owner: SlotOwner | None
    ) -> Response | Failure:
        parsed = urls.parse(url)
        if isinstance(parsed, Failure):
            return parsed
        pace = PacedSlot(self._throttle, config, claimed=parsed.host, owner=owner)
        slot: Slot = RobotsSlot(pace, self._robots, config) if config.respect_robots else pace
        try:
            result = await self._fetcher(config).fetch(parsed.href, config, slot)
        finally:
            await pace.forfeit()
        if isinstance(result, Response) and result.url != url:
            return replace(result, url=url)
        return result

    async def _fetch_robots(
        self, url: str, config: ScrapingConfig, slot: PacedSlot
    ) -> Response | Failure:
        return await self._fetcher(config).fetch(url, config, slot, cut=True)

    def _fetcher(self, config: ScrapingConfig) -> HttpFetcher:
        return self._stealth if config.use_stealth else self._plain
