"""Whether and when a visit may ask: robots.txt first, then the pace of the host."""

from __future__ import annotations

from collections import OrderedDict
from time import monotonic

from scrapeq import urls
from scrapeq.fetch.memory import sleep_until
from scrapeq.fetch.protocols import HostGate
from scrapeq.fetch.robots import Robots
from scrapeq.models import ErrorKind, Failure, ScrapingConfig

#: The pace where none is asked for, in milliseconds.
DEFAULT_GAP_MS = 1000

#: Hosts whose last start is remembered; the gate knows the others.
_REMEMBERED = 10_000


def gap_ms(config: ScrapingConfig, host: str) -> int:
    """Least milliseconds between the starts of two requests to a host, crawl delay apart."""
    if config.delay_between_requests is not None:
        return round(config.delay_between_requests * 1000)
    return 0 if urls.is_local_host(host) else DEFAULT_GAP_MS


class Starts:
    """When requests of this process really left, by host.

    The gate gives turns, but between a turn and its request lies a connection, which takes 0 ms if
    one is open and 100 ms with TLS. Two turns a second apart would so arrive 900 ms apart. So the
    transport asks again here when its connection stands, and what was the start is what is kept.
    """

    def __init__(self) -> None:
        self._last_s: OrderedDict[str, float] = OrderedDict()

    async def wait(self, host: str, gap_s: float) -> None:
        """Return when `gap_s` have passed since the last start to `host`, and note this one."""
        while True:
            start_s = self._last_s.get(host, -gap_s) + gap_s
            if monotonic() >= start_s:
                break
            await sleep_until(start_s)
        self._last_s[host] = monotonic()
        self._last_s.move_to_end(host)
        if len(self._last_s) > _REMEMBERED:
            self._last_s.popitem(last=False)


class PacedTurn:
    """A turn that keeps the pace and asks no robots.txt.

    `claimed` is the host of which a turn was taken already. It must be used at once: a turn that
    was waited with is worth nothing any more, because others have gone since.
    """

    def __init__(
        self, gate: HostGate, starts: Starts, config: ScrapingConfig, claimed: str
    ) -> None:
        self._gate = gate
        self._starts = starts
        self._config = config
        self._claimed = claimed
        self._crawl_delay_ms: dict[str, int] = {}

    async def __call__(self, url: str) -> Failure | None:
        """Wait for the pace of the URL's host."""
        host = urls.host_key(url)
        if self._claimed == host:
            self._claimed = ""
        else:
            await self._gate.wait_turn(host, gap_ms(self._config, host))
        return None

    async def starting(self, url: str) -> None:
        """Wait until the request may leave, as far as this process can see."""
        host = urls.host_key(url)
        wait_ms = max(gap_ms(self._config, host), self._crawl_delay_ms.get(host, 0))
        if wait_ms:
            await self._starts.wait(host, wait_ms / 1000)

    def forfeit(self) -> None:
        """The claimed turn was not used at once."""
        self._claimed = ""

    def slow_down(self, host: str, crawl_delay_ms: int) -> None:
        """Let the starts of this visit be at least that far apart."""
        self._crawl_delay_ms[host] = crawl_delay_ms


class RobotsTurn:
    """A turn that obeys robots.txt, around one that keeps the pace."""

    def __init__(self, pace: PacedTurn, robots: Robots, config: ScrapingConfig) -> None:
        self._pace = pace
        self._robots = robots
        self._config = config

    async def __call__(self, url: str) -> Failure | None:
        """Ask robots.txt (which may use the claimed turn to fetch it), then wait for the pace."""
        rules = await self._robots.rules(urls.origin(url), self._config, self._pace)
        if isinstance(rules, Failure):
            return rules
        if rules.crawl_delay_ms:
            self._pace.slow_down(urls.host_key(url), rules.crawl_delay_ms)
        if not rules.allows(url):
            return Failure(
                ErrorKind.ROBOTS, "robots.txt of this site disallows the page", retryable=False
            )
        return await self._pace(url)

    async def starting(self, url: str) -> None:
        """Wait until the request may leave, as far as this process can see."""
        await self._pace.starting(url)
