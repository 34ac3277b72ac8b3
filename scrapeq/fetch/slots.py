"""Whether and when a request may be sent: robots.txt first, then the pace of the host."""

from __future__ import annotations

import asyncio
import itertools

from scrapeq import urls
from scrapeq.fetch.protocols import HostThrottle, MustWait
from scrapeq.fetch.robots import Robots, Rules
from scrapeq.fetch.trail import Trail
from scrapeq.models import BreakerOpen, ErrorKind, Failure, ScrapingConfig, SlotOwner, SlotTaken
from scrapeq.throttle import gap_ms

#: Slots that were taken here, of whatever lease.
_NUMBERS = itertools.count(1)

#: How long a request waits here for the host that its job was claimed for; with a longer wait, as for
#: any other host, the job is left, and its place is free for others. Twice the usual pace: what
#: follows a robots.txt or a redirect of the same site then needs no second claim.
WAIT_HERE_MS = 2_000


class PacedSlot:
    """A slot that keeps the pace and asks no robots.txt; at most one is held at a time.

    `claimed` is the host of which a slot was taken already, `owner` whose the slots are. `patient`:
    it waits here for as long as it takes, and the fetch is never left. At a host without a pace the
    throttle is not asked at all.
    """

    def __init__(
        self,
        throttle: HostThrottle,
        config: ScrapingConfig,
        claimed: str,
        owner: SlotOwner | None = None,
        *,
        patient: bool = True,
    ) -> None:
        self._throttle = throttle
        self._config = config
        self._owner = owner
        self._home = claimed
        self._patient = patient
        self._held = claimed
        self._is_claim = True  # what is held was taken by the caller, and not used yet
        self._is_asked = False  # what is held was taken of the throttle here
        self._slot_owner = owner  # of what is held, with its number
        self._crawl_delay_ms: dict[str, int] = {}
        self._ending: asyncio.Task[None] | None = None

    async def __call__(self, url: str) -> Failure | MustWait | None:
        """Wait for the pace of the URL's host, and hold its slot; a Failure if its breaker is open."""
        return await self.take(url)

    async def take(self, url: str, *, alone: bool = False) -> Failure | MustWait | None:
        """As above. alone: even without a pace, a host has one such slot at a time."""
        host = urls.host_key(url)
        gap_ms = self._wait_ms(host)
        if self._is_claim and self._held == host:
            self._is_claim = False
            if gap_ms or not alone:
                return None
            self._held = ""
        await self.forfeit()
        self._is_asked = alone or gap_ms > 0
        if self._is_asked:
            if self._owner is not None:
                self._slot_owner = self._owner._replace(number=next(_NUMBERS))
            most_ms = WAIT_HERE_MS if host == self._home else 0
            slot = await self._throttle.wait_slot(
                host, gap_ms, self._slot_owner, None if self._patient else most_ms
            )
            if not isinstance(slot, SlotTaken) and not self._patient:
                return MustWait()
            if isinstance(slot, BreakerOpen):
                open_s = slot.open_ms / 1000
                return Failure(
                    ErrorKind.BREAKER_OPEN,
                    f"{host} failed again and again and is paused for another {open_s:.0f} s; "
                    "later, retry_failed() asks again",
                    retry_after_s=open_s,
                )
        self._held = host
        return None

    def answered(self) -> None:
        """The answer began, or the request failed: the slot ends. Again does nothing."""
        if self._held and not self._is_claim:
            self._end(used=True)

    async def forfeit(self) -> None:
        """Give back a claim that was not used, and wait until the last slot has ended."""
        if self._held:
            self._end(used=not self._is_claim)
        if self._ending is not None:
            await self._ending

    def may_wait_for(self, host: str) -> bool:
        """Whether what has to wait for the host waits here; otherwise the fetch is to be left."""
        return self._patient or host == self._home

    async def slow_down(self, host: str, crawl_delay_ms: int) -> None:
        """The host's robots.txt asks for a crawl delay. The throttle gets it again each time, because
        it may have forgotten it."""
        self._crawl_delay_ms[host] = crawl_delay_ms
        await self._throttle.set_crawl_delay(host, crawl_delay_ms)

    def _end(self, *, used: bool) -> None:
        host, self._held, self._is_claim = self._held, "", False
        if self._is_asked or self._wait_ms(host):
            ending = _ended(self._throttle, host, self._slot_owner, used)
            self._ending = asyncio.create_task(ending)

    def _wait_ms(self, host: str) -> int:
        return max(gap_ms(self._config, host), self._crawl_delay_ms.get(host, 0))


class RulesSlot:
    """The slot of a request for robots.txt, which is held until its rules are known: then its
    `PacedSlot` is told `answered()`.

    Else another worker might ask the host meanwhile, sooner after it than its Crawl-delay allows.
    """

    def __init__(self, pace: PacedSlot) -> None:
        self._pace = pace

    async def __call__(self, url: str) -> Failure | MustWait | None:
        """Wait for the pace of the URL's host, and hold its only slot."""
        return await self._pace.take(url, alone=True)

    def answered(self) -> None:
        """An answer says nothing yet."""


class RobotsSlot:
    """A slot that obeys robots.txt, around one that keeps the pace.

    trail: where the fetch of the first robots.txt was left.
    """

    def __init__(
        self, pace: PacedSlot, robots: Robots, config: ScrapingConfig, trail: Trail | None = None
    ) -> None:
        self._pace = pace
        self._robots = robots
        self._config = config
        self._trail = trail

    async def __call__(self, url: str) -> Failure | MustWait | None:
        """Ask robots.txt (which may use the claimed slot to fetch it), then wait for the pace."""
        trail, self._trail = self._trail, None
        rules = await self._robots.rules(urls.origin(url), self._config, self._pace, trail)
        if not isinstance(rules, Rules):
            return rules
        if rules.crawl_delay_ms > self._longest_ms(url):
            return Failure(
                ErrorKind.ROBOTS,
                f"robots.txt of this site asks for {rules.crawl_delay_ms / 1000:,g} s between two "
                f"requests (Crawl-delay), more than crawl_delay_cap_s "
                f"({self._config.crawl_delay_cap_s:,g} s); raise that to wait so long for each page",
                retryable=False,
            )
        if rules.crawl_delay_ms:
            await self._pace.slow_down(urls.host_key(url), rules.crawl_delay_ms)
        if not rules.allows(url):
            return Failure(
                ErrorKind.ROBOTS, "robots.txt of this site disallows the page", retryable=False
            )
        return await self._pace(url)

    def answered(self) -> None:
        """The answer began, or the request failed: the slot ends."""
        self._pace.answered()

    def _longest_ms(self, url: str) -> float:
        """The longest Crawl-delay that is waited for: what is asked for anyway is no wait."""
        return max(1000 * self._config.crawl_delay_cap_s, gap_ms(self._config, urls.host_key(url)))


async def _ended(throttle: HostThrottle, host: str, owner: SlotOwner | None, used: bool) -> None:
    await throttle.end_slot(host, owner, used=used)
