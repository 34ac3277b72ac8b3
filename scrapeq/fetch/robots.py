"""robots.txt as RFC 9309 has it: read, remembered, and asked for once."""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from time import monotonic, time
from typing import TYPE_CHECKING

from protego import Protego

from scrapeq import urls
from scrapeq.fetch.protocols import HostThrottle, MustWait, RobotsCache, RobotsEntry
from scrapeq.fetch.response import Response
from scrapeq.fetch.trail import Trail
from scrapeq.models import ErrorKind, Failure, ScrapingConfig

if TYPE_CHECKING:
    from scrapeq.fetch.slots import PacedSlot

#: The name that robots.txt knows us by, also when a browser's headers are sent (`use_stealth`).
PRODUCT_TOKEN = "scrapeq"  # noqa: S105 - RFC 9309 calls it a token

#: RFC 9309, section 2.5: at least 500 kibibytes are to be parsed; what follows is cut off.
MAX_BYTES = 500 * 1024

#: RFC 9309, section 2.4: not to be used for longer than 24 hours.
TTL_S = 24 * 3600.0

#: A site that failed is asked for its robots.txt again after this. Jobs wait that long.
UNREACHABLE_TTL_S = 60.0

#: Rules are parsed once and then used this long before the cache is read again.
_FRESH_S = 60.0
_REMEMBERED = 2_000
_REMEMBERED_CHARACTERS = 16_000_000

#: Crawl-delays are read up to a year; how much is waited for is `crawl_delay_cap_s`.
MAX_CRAWL_DELAY_S = 365 * 86_400.0

#: RFC 9309, section 2.3.1.2: at least five redirects are followed.
_REDIRECTS = 5

#: robots.txt is small. These bound what the job's own limits allow.
_TIMEOUT_S = 30.0
_FIRST_BYTE_TIMEOUT_S = 15.0

#: Failures that say nothing about robots.txt: the site as a whole cannot be spoken with, or is not to
#: be asked, and the page would fare no better. They are the job's failures as they are. Where the site
#: was asked and did not answer in time, its robots.txt is unreachable: section 2.3.1.4.
_SITE_FAILED = frozenset(
    {
        ErrorKind.ADDRESS,
        ErrorKind.DNS,
        ErrorKind.REFUSED,
        ErrorKind.CONNECT_TIMEOUT,
        ErrorKind.TLS,
        ErrorKind.RESET,
        ErrorKind.PROTOCOL,
        ErrorKind.BREAKER_OPEN,
        ErrorKind.INTERNAL,
        ErrorKind.CONFIG,
    }
)

#: "Unavailable" (RFC 9309, section 2.3.1.3): there is no robots.txt to obey.
_UNAVAILABLE = frozenset({ErrorKind.REDIRECTS, ErrorKind.SCHEME, ErrorKind.HTTP_4XX})


@dataclass(frozen=True, slots=True)
class Rules:
    """What one origin's robots.txt says to us. `crawl_delay_ms` is 0 if it says nothing."""

    parsed: Protego | None
    crawl_delay_ms: int = 0

    def allows(self, url: str) -> bool:
        """Whether the page may be fetched."""
        return self.parsed is None or self.parsed.can_fetch(url, PRODUCT_TOKEN)


Fetch = Callable[
    [str, ScrapingConfig, "PacedSlot", Trail | None], Awaitable[Response | Failure | Trail]
]


class Robots:
    """The rules of each origin, fetched when they are first needed.

    Fetches that need the same robots.txt at the same time share one request.
    """

    def __init__(self, cache: RobotsCache, throttle: HostThrottle, fetch: Fetch) -> None:
        self._cache = cache
        self._throttle = throttle
        self._fetch = fetch
        self._remembered: OrderedDict[str, tuple[Rules, float, int]] = OrderedDict()
        self._characters = 0
        self._flights: dict[str, asyncio.Future[Rules | Failure | None]] = {}

    async def rules(
        self,
        origin: str,
        config: ScrapingConfig,
        slot: PacedSlot,
        trail: Trail | None = None,
    ) -> Rules | Failure | MustWait:
        """The rules of `origin`, or why nothing of it may be fetched now.

        A request for them takes its slot from `slot`. Crawl-delay is made known to the throttle.
        trail: where the fetch of this robots.txt was left.
        """
        while True:
            if (known := self._recall(origin)) is not None:
                return known
            flight = self._flights.get(origin)
            if flight is None:
                return await self._lead(origin, config, slot, trail)
            # The leader may need the slot that was claimed for this fetch.
            await slot.forfeit()
            if not slot.may_wait_for(urls.host_key(origin)):
                return MustWait()
            await asyncio.wait({flight})
            result = flight.result()
            if result is not None:  # None: the leader was cancelled or must wait; another may lead
                return result

    async def _lead(
        self, origin: str, config: ScrapingConfig, slot: PacedSlot, trail: Trail | None
    ) -> Rules | Failure | MustWait:
        flight: asyncio.Future[Rules | Failure | None] = asyncio.get_running_loop().create_future()
        self._flights[origin] = flight
        result: Rules | Failure | None = None
        try:
            found = await self._load(origin, config, slot, trail)
            if not isinstance(found, MustWait):
                result = found
            return found
        finally:
            slot.answered()  # if its slot was taken for this: see RulesSlot
            del self._flights[origin]
            flight.set_result(result)

    async def _load(
        self, origin: str, config: ScrapingConfig, slot: PacedSlot, trail: Trail | None
    ) -> Rules | Failure | MustWait:
        entry = await self._cache.get(origin)
        if entry is None:
            answer = await self._fetch(f"{origin}/robots.txt", _small(config), slot, trail)
            if isinstance(answer, Trail):
                return MustWait(answer if answer.redirects else None)
            if isinstance(answer, Failure) and answer.kind in _SITE_FAILED:
                return answer
            entry = _entry(answer)
            unreachable = entry.state == "unreachable"
            await self._cache.put(origin, entry, UNREACHABLE_TTL_S if unreachable else TTL_S)
        if entry.state == "unreachable":
            left_s = entry.fetched_at_ms / 1000 + UNREACHABLE_TTL_S - time()
            return Failure(
                ErrorKind.ROBOTS,
                f"robots.txt could not be had, so nothing of this site may be fetched now: "
                f"{entry.text}",
                retryable=True,
                retry_after_s=max(0.0, min(left_s, UNREACHABLE_TTL_S)),
            )
        rules = await _parse(entry)
        await self._throttle.set_crawl_delay(urls.host_key(origin), rules.crawl_delay_ms)
        self._remember(origin, rules, len(entry.text))
        return rules

    def _recall(self, origin: str) -> Rules | None:
        rules, until_s, _ = self._remembered.get(origin, (None, 0.0, 0))
        if rules is None or monotonic() >= until_s:
            return None
        self._remembered.move_to_end(origin)
        return rules

    def _remember(self, origin: str, rules: Rules, characters: int) -> None:
        if origin in self._remembered:
            self._characters -= self._remembered.pop(origin)[2]
        self._remembered[origin] = (rules, monotonic() + _FRESH_S, characters)
        self._characters += characters
        while len(self._remembered) > _REMEMBERED or (
            self._characters > _REMEMBERED_CHARACTERS and len(self._remembered) > 1
        ):
            self._characters -= self._remembered.popitem(last=False)[1][2]


def _small(config: ScrapingConfig) -> ScrapingConfig:
    """The options of a job with the limits of a robots.txt, which is asked for as by anybody: what it
    says counts for everybody, and a redirect may have led to a site that is not the credentials' own."""
    agent = {name: text for name, text in config.headers.items() if name.lower() == "user-agent"}
    return config.model_copy(
        update={
            "headers": agent,
            "cookies": {},
            "storage_state": None,
            "max_body_mb": MAX_BYTES / 1e6,
            "max_redirects": _REDIRECTS,
            "total_timeout_s": min(config.total_timeout_s, _TIMEOUT_S),
            "first_byte_timeout_s": min(config.first_byte_timeout_s, _FIRST_BYTE_TIMEOUT_S),
        }
    )


def _entry(answer: Response | Failure) -> RobotsEntry:
    now_ms = int(time() * 1000)
    if isinstance(answer, Response):
        # 304 and other 3xx that lead nowhere come without a body and forbid nothing
        return RobotsEntry("ok", answer.body.decode("utf-8", "replace"), now_ms)
    # 429 is a 4xx, so RFC 9309 lets the page be asked for; it will then say 429 itself
    if answer.kind in _UNAVAILABLE or answer.http_status == 429:
        return RobotsEntry("allow_all", "", now_ms)
    return RobotsEntry("unreachable", answer.message, now_ms)


async def _parse(entry: RobotsEntry) -> Rules:
    if not entry.text:
        return Rules(None)
    if len(entry.text) > 64 * 1024:  # 500 KB take 0.1 s: more than the loop may stand still
        return await asyncio.to_thread(parse_rules, entry.text)
    return parse_rules(entry.text)


def parse_rules(text: str) -> Rules:
    """The rules of a robots.txt for our product token."""
    lines = _tidy(text)
    # For Google's parser a Crawl-delay is no rule and ends no list of user agents: those before it and
    # behind it share the rules that follow. Whom the delay itself is meant for, the place of its line says.
    rules = [line for line in lines if not line.startswith(_DELAY)]
    parsed = Protego.parse("\n".join(rules))
    if len(rules) == len(lines):
        return Rules(parsed)
    delay_s = Protego.parse("\n".join(lines)).crawl_delay(PRODUCT_TOKEN) or 0.0
    return Rules(parsed, round(min(delay_s, MAX_CRAWL_DELAY_S) * 1000))


_DELAY = "crawl-delay: "
_LINE_END = re.compile(r"\r\n|\r|\n")
_LINE = re.compile(
    r"\s*(?:(?P<agent>user[- ]?agent)|(?P<allow>allow)|(?P<disallow>diss?all?ow|diasllow|disallaw)"
    r"|(?P<delay>crawl[- ]?delay))(?:\s*:|\s)(?P<value>[^#]*)",
    re.IGNORECASE,
)
_TOKEN = re.compile(r"[a-zA-Z_-]+")  # RFC 9309, section 2.2.1


def _tidy(text: str) -> list[str]:
    """The lines that matter, in the one form that is read without doubt.

    Against the differences that were measured between protego and Google's parser on 4,231 real
    files: a byte order mark, lines that are no rules between the user agents of a group, user
    agents that are more than a product token ("scrapeq/1.0", "Googlebot Images"), and rules that
    are absolute URLs, which match nothing. All agents that are not us become one, which also
    keeps a file with 50,000 of them cheap.
    """
    lines = []
    for line in _LINE_END.split(text.removeprefix("\ufeff")):
        found = _LINE.match(line)
        if not found:
            continue
        value = found["value"].strip()
        if found["agent"]:
            lines.append(f"user-agent: {_agent(value)}")
        elif found["delay"]:
            lines.append(f"{_DELAY}{value}")
        else:
            # An empty rule says nothing, but it ends the user agents of its group.
            path = value if value.startswith(("/", "*")) else ""
            lines.append(f"{'allow' if found['allow'] else 'disallow'}: {path}")
    return lines


def _agent(value: str) -> str:
    if value.startswith("*"):
        return "*"
    token = _TOKEN.match(value)
    return PRODUCT_TOKEN if token and token[0].lower() == PRODUCT_TOKEN else "another"
