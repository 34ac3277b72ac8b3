"""What fetch needs from others, and the door beside HTTP that a browser will use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from scrapeq.fetch.cookies import Cookie
from scrapeq.fetch.response import Response
from scrapeq.fetch.trail import Trail
from scrapeq.models import (
    BreakerOpen,
    Failure,
    ScrapingConfig,
    SlotOwner,
    SlotTaken,
    SlotWait,
)

RobotsState = Literal["ok", "allow_all", "unreachable"]


@dataclass(frozen=True, slots=True)
class RobotsEntry:
    """The robots.txt of an origin, as it is kept.

    state: "ok", the rules are in `text` (at most 500 KiB, RFC 9309, section 2.5); "allow_all",
    there is none (section 2.3.1.3), `text` is empty; "unreachable", not now (section 2.3.1.4),
    `text` is the reason as a sentence. fetched_at_ms: Unix time in milliseconds.
    """

    state: RobotsState
    text: str
    fetched_at_ms: int


class HostThrottle(Protocol):
    """When may I ask this host? Shared by everybody who asks it.

    `host` is the politeness key of `scrapeq.urls.host_key`.
    """

    async def wait_slot(
        self,
        host: str,
        gap_ms: int,
        owner: SlotOwner | None = None,
        at_most_ms: int | None = None,
    ) -> SlotTaken | SlotWait | BreakerOpen:
        """`SlotTaken` when the next request to `host` may start; it is held until `end_slot`.

        That is when nobody holds it and the larger of `gap_ms` and the known crawl delay has
        passed since the last one ended. There is no slot while the host's breaker is open.
        `SlotWait` if that would be in more than `at_most_ms`; None waits for as long as it takes.
        `owner` is whose the slot is; None is anybody's.
        """

    async def end_slot(self, host: str, owner: SlotOwner | None = None, *, used: bool) -> None:
        """The answer to the request began, or it failed: the gap runs from now.

        Only then has the request certainly arrived: counted from when it left, two requests a
        second apart may arrive nearer to each other, by what a connection takes. Not `used`: no
        request was made, and the slot is free at once. If the slot has become another owner's,
        nothing changes.
        """

    async def leave(self, owner: SlotOwner) -> None:
        """The host of a lease has answered, and what its job waits for now is elsewhere: it counts no more
        among those that are open there at once."""

    async def set_crawl_delay(self, host: str, crawl_delay_ms: int) -> None:
        """The robots.txt of `host` is known; its slots are at least `crawl_delay_ms` apart."""


class RobotsCache(Protocol):
    """What is known of robots.txt, by origin ("https://example.com")."""

    async def get(self, origin: str) -> RobotsEntry | None:
        """The entry that was put last and has not expired, or None."""

    async def put(self, origin: str, entry: RobotsEntry, ttl_s: float) -> None:
        """Keep `entry` for `ttl_s` seconds, instead of an older one."""


@dataclass(frozen=True, slots=True)
class MustWait:
    """The request has to wait for its host, and the fetch is to be left until then.

    robots: what has to wait is a redirect of the site's robots.txt.
    """

    robots: Trail | None = None


class Slot(Protocol):
    """The permission to send a request, asked for before each request of a fetch."""

    async def __call__(self, url: str) -> Failure | MustWait | None:
        """Wait until a request to `url` may start; a Failure if it may not start at all.

        Covers robots.txt and the pace of the host. Of a fetch's first request the host's slot has
        been taken by whoever started the fetch.
        """

    def answered(self) -> None:
        """The answer began, or the request failed: others may have their slot."""


class Fetcher(Protocol):
    """One way to get a page: plain HTTP, a browser's TLS over HTTP, or later a browser.

    A new one is a file of its own and a line where the worker wires them (`work/fetchers.py`).
    """

    async def fetch(
        self,
        url: str,
        config: ScrapingConfig,
        slot: Slot,
        *,
        cut: bool = False,
        trail: Trail | None = None,
        held: Sequence[Cookie] = (),
    ) -> Response | Failure | Trail:
        """One try. Takes a slot before every request, also for each redirect. held: cookies that are
        there before it; they are sent to whom they belong, and are none of the visit's own.

        A Trail where the slot says that the next request must wait; with `trail` it goes on there.
        All that a server can do is a Failure; what is raised is a fault of ours. cut: a body that
        is too large ends at its limit instead of being refused, as RFC 9309 wants for robots.txt.
        """

    async def close(self) -> None:
        """Close connections and whatever else is open; a second call does nothing."""
