"""The web as a worker process sees it: a fetcher for each mode, every rule kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from scrapeq import urls
from scrapeq.fetch.browser import Rendered, Renderer
from scrapeq.fetch.cookies import Cookie
from scrapeq.fetch.mode import fetch_mode
from scrapeq.fetch.protocols import Fetcher, HostThrottle, RobotsCache, Slot
from scrapeq.fetch.response import Response
from scrapeq.fetch.robots import Robots
from scrapeq.fetch.slots import PacedSlot, RobotsSlot, RulesSlot
from scrapeq.fetch.trail import Trail
from scrapeq.models import ErrorKind, Failure, ScrapingConfig, SlotOwner

#: How often a fetch is left to wait for a host. From then on it waits where it is: if Redis is too
#: full to keep a robots.txt, a fetch could be left without end. Chains of more redirects that all have
#: to wait are not known.
MOST_WAITS = 10


class PoliteFetcher:
    """Fetches URLs from one event loop; as many at once as its caller starts.

    fetchers: by the names that `mode` gives. throttle and robots: shared with other processes or in
    memory (`MemoryThrottle`, `MemoryRobots`). mode: the name of the fetcher that options want.
    renderer: the browser of this process, if it has one.
    """

    def __init__(
        self,
        *,
        fetchers: Mapping[str, Fetcher],
        throttle: HostThrottle,
        robots: RobotsCache,
        mode: Callable[[ScrapingConfig], str] = fetch_mode,
        renderer: Renderer | None = None,
    ) -> None:
        self.renderer = renderer
        self._fetchers = dict(fetchers)
        self._throttle = throttle
        self._mode = mode
        self._robots = Robots(robots, throttle, self._fetch_robots)

    async def leave_host(self, owner: SlotOwner) -> None:
        """The job of a lease asks its host for nothing more; see `HostThrottle.leave`."""
        await self._throttle.leave(owner)

    async def fetch(
        self, url: str, config: ScrapingConfig, owner: SlotOwner | None = None
    ) -> Response | Failure:
        """One try of one job, which waits here for every host that it meets; see `go_on`."""
        result = await self._go_on(url, config, owner, None, patient=True)
        assert not isinstance(result, Trail)  # noqa: S101 - it is patient
        return result

    async def go_on(
        self,
        url: str,
        config: ScrapingConfig,
        owner: SlotOwner | None = None,
        trail: Trail | None = None,
        batch_id: str = "",
    ) -> Response | Failure | Trail:
        """One try of one job, from its beginning or from where it was left.

        A Trail where the next request has to wait for its host: then the caller takes a slot of
        `Trail.host` when it is free, and calls this again with the trail.

        The caller has taken a slot of that host, or else the URL's, and calls this at once; `owner`
        is whose slot it is; batch_id, whose `session`. robots.txt (if `respect_robots`), pace, redirects, limits and the
        address guard are seen to here; all that a server can do ends as a Failure. What is raised
        is a fault of ours, and the caller's to catch: there is one place for it in a worker, around
        the whole attempt.
        """
        patient = trail is not None and trail.waits >= MOST_WAITS
        return await self._go_on(url, config, owner, trail, patient=patient, batch_id=batch_id)

    async def _go_on(
        self,
        url: str,
        config: ScrapingConfig,
        owner: SlotOwner | None,
        trail: Trail | None,
        *,
        patient: bool,
        batch_id: str = "",
    ) -> Response | Failure | Trail:
        parsed = urls.parse(url)
        if isinstance(parsed, Failure):
            return parsed
        claimed = trail.host if trail else parsed.host
        pace = PacedSlot(self._throttle, config, claimed=claimed, owner=owner, patient=patient)
        slot = self._slot(pace, config, trail.robots if trail else None)
        try:
            fetcher = self._fetcher(config)
            if isinstance(fetcher, Failure):
                return fetcher
            held: tuple[Cookie, ...] = ()
            if config.session and self.renderer is not None:
                held = self.renderer.session_cookies(batch_id, parsed.host)
            result = await fetcher.fetch(parsed.href, config, slot, trail=trail, held=held)
            if isinstance(result, Trail):
                return replace(result, waits=1 + (trail.waits if trail else 0))
        finally:
            await pace.forfeit()
        if isinstance(result, Response) and result.url != url:
            return replace(result, url=url)
        return result

    async def render(
        self,
        response: Response,
        config: ScrapingConfig,
        owner: SlotOwner | None = None,
        batch_id: str = "",
    ) -> Rendered | Failure:
        """What a browser makes of a page that was fetched; only where there is a `renderer`.

        Waits for a place in the browser. Raises BrowserFailed where the browser itself is ill.
        """
        assert self.renderer is not None  # noqa: S101 - the caller has looked
        pace = PacedSlot(self._throttle, config, claimed="", owner=owner)
        try:
            return await self.renderer.render(response, config, self._slot(pace, config), batch_id)
        finally:
            await pace.forfeit()

    async def close(self) -> None:
        """Close all fetchers and the browser; a second call does nothing."""
        if self.renderer is not None:
            await self.renderer.close()
        for fetcher in self._fetchers.values():
            await fetcher.close()

    async def _fetch_robots(
        self, url: str, config: ScrapingConfig, slot: PacedSlot, trail: Trail | None
    ) -> Response | Failure | Trail:
        fetcher = self._fetcher(config)
        if isinstance(fetcher, Failure):
            return fetcher
        return await fetcher.fetch(url, config, RulesSlot(slot), cut=True, trail=trail)

    def _slot(
        self, pace: PacedSlot, config: ScrapingConfig, robots_trail: Trail | None = None
    ) -> Slot:
        if not config.respect_robots:
            return pace
        return RobotsSlot(pace, self._robots, config, robots_trail)

    def _fetcher(self, config: ScrapingConfig) -> Fetcher | Failure:
        """The fetcher that the options want; a Failure if this worker has none such."""
        mode = self._mode(config)
        if fetcher := self._fetchers.get(mode):
            return fetcher
        return Failure(
            ErrorKind.CONFIG,
            f"this worker cannot fetch in the mode {mode!r} that the options ask for; it has: "
            + ", ".join(sorted(self._fetchers)),
        )
