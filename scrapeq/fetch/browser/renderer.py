"""Rendering: what a browser makes of a page that HTTP has brought.

The answer of plain HTTP is the document that the browser shows, so a page costs its server no
second request, and robots.txt, pace, redirects, Retry-After and the address guard hold for it as for
every other page. What the page then asks for goes through a `GuardProxy`. Where a script leads to
another document, that one needs robots.txt and a slot like any request.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from typing import Any

from scrapeq import urls
from scrapeq.errors import ConfigError
from scrapeq.fetch.browser.finding import FoundBrowser, whole_browser
from scrapeq.fetch.browser.machine import most_memory_mb
from scrapeq.fetch.browser.process import BrowserProcess
from scrapeq.fetch.browser.proxy import GuardProxy
from scrapeq.fetch.browser.rendering import Rendered, Rendering, is_seen
from scrapeq.fetch.browser.sessions import Session, SessionKey, Sessions, Window
from scrapeq.fetch.cookies import Cookie
from scrapeq.fetch.logins import load
from scrapeq.fetch.protocols import Slot
from scrapeq.fetch.resolve import Names
from scrapeq.fetch.response import Response
from scrapeq.fetch.route import Routes
from scrapeq.models import ErrorKind, Failure, ScrapingConfig

#: Times that a page is shown where its browser ended, or dropped it before it was there: the page
#: itself may be why, or another beside it.
MOST_TRIES = 3
#: Pixels of the screen with `use_stealth`: the most usual one. A window as large as its screen is not.
_SCREEN = (1920, 1080)
#: The time zone with `use_stealth` where the machine's is UTC, which servers have and people have not;
#: it goes with the language en-US.
_ZONE = "America/New_York"


class Renderer:
    """The browser of one worker process; at most `pages` of its pages are open at once."""

    def __init__(self, found: FoundBrowser, routes: Routes, pages: int) -> None:
        #: Why there is no browser and how to get one, as a sentence; "" if there is one.
        self.missing = found.missing
        self._routes = routes
        self._names = Names()
        most_mb = most_memory_mb(pages)
        self._plain = BrowserProcess(found, most_mb=most_mb)
        self._with_pictures = BrowserProcess(found, pictures=True, most_mb=most_mb)
        self._stealthy = BrowserProcess(whole_browser(found), stealth=True, most_mb=most_mb)
        self._processes = (self._plain, self._with_pictures, self._stealthy)
        self._sessions = Sessions(pages)
        self._places = asyncio.Semaphore(pages)
        self.pages = pages
        #: Pages that were shown, or begun to be.
        self.rendered = 0

    async def render(
        self, response: Response, config: ScrapingConfig, slot: Slot, batch_id: str = ""
    ) -> Rendered | Failure:
        """What the page becomes in a browser; waits for a free place. batch_id: whose `session` it is.

        All that a page can do is a Failure. Raises BrowserFailed where the browser itself is ill.
        """
        try:
            if not config.session:
                return await self._in_a_place(response, config, slot, None)
            key = SessionKey(batch_id, urls.host_key(response.final_url))
            async with self._sessions.use(key) as session:
                return await self._in_a_place(response, config, slot, session)
        finally:
            self._sessions.end_old()

    def session_cookies(self, batch_id: str, host: str) -> tuple[Cookie, ...]:
        """What the session of a batch at a host held after its last page here; nothing without one."""
        return self._sessions.cookies(SessionKey(batch_id, host))

    async def _in_a_place(
        self, response: Response, config: ScrapingConfig, slot: Slot, session: Session | None
    ) -> Rendered | Failure:
        async with self._places:
            self.rendered += 1
            for _ in range(MOST_TRIES):
                outcome = await self._render(response, config, slot, session)
                if outcome is not None:
                    return outcome
        return response.failed(
            ErrorKind.PAGE_CRASH,
            f"the browser ended or dropped this page {MOST_TRIES} times",
        )

    @property
    def memory_mb(self) -> int:
        """Of all processes of the browser, at the last look."""
        return sum(process.memory_mb for process in self._processes)

    @property
    def is_up(self) -> bool:
        """Whether a browser runs."""
        return any(process.is_up for process in self._processes)

    @property
    def open_pages(self) -> int:
        """Pages that are open."""
        return sum(process.open_pages for process in self._processes) - self._sessions.idle

    async def close(self) -> None:
        """End the browser; a second call does nothing."""
        await self._sessions.close()
        for process in self._processes:
            await process.close()
        self._names.close()

    def _process(self, config: ScrapingConfig) -> BrowserProcess:
        """The browser for these options."""
        if config.use_stealth:
            return self._stealthy
        return self._with_pictures if is_seen(config) else self._plain

    async def _render(
        self, response: Response, config: ScrapingConfig, slot: Slot, session: Session | None
    ) -> Rendered | Failure | None:
        """What the page becomes; None if the browser ended meanwhile or dropped it, which may be
        another's fault."""
        limit_s = max(1.0, config.total_timeout_s - response.elapsed_s) + config.wait_time
        kept = await session.next_window() if session is not None else None
        try:
            window = kept or await self._open(config)
        except ConfigError as error:
            return response.failed(ErrorKind.CONFIG, str(error))
        outcome: Rendered | Failure | None = None
        rendering: Rendering | None = None
        try:
            async with asyncio.timeout(limit_s) as limit:
                rendering = Rendering(
                    window, response, config=config, slot=slot, limit=limit, is_new=not kept
                )
                outcome = await rendering.bring(await rendering.run())
        except TimeoutError:
            outcome = response.failed(
                ErrorKind.PAGE_TIMEOUT,
                f"in the browser the page did not end within {limit_s:g} s (total_timeout_s)",
            )
        finally:
            if rendering is not None:
                rendering.leave()
            await asyncio.shield(_leave(window, session, outcome))
        if not isinstance(outcome, Failure) or outcome.kind is not ErrorKind.PAGE_CRASH:
            return outcome
        is_well = await window.process.is_well(window.context.browser)
        return outcome if is_well and not (rendering and rendering.was_dropped) else None

    async def _open(self, config: ScrapingConfig) -> Window:
        """A window in the browser for these options. Raises ConfigError, BrowserFailed."""
        looks = _looks(config)
        if config.storage_state:
            looks["storage_state"] = load(self._routes.logins, config.storage_state).state
        process = self._process(config)
        async with AsyncExitStack() as opened:
            proxy = await opened.enter_async_context(GuardProxy(self._routes, config, self._names))
            context = await process.context(
                proxy={"server": proxy.url},
                accept_downloads=False,
                service_workers="allow" if config.use_stealth else "block",
                **looks,
            )
            opened.push_async_callback(process.give_back, context)
            return Window(context, proxy, process, opened.pop_all())


async def _leave(
    window: Window, session: Session | None, outcome: Rendered | Failure | None
) -> None:
    """Close the window, or keep it for its session: not after a page that hangs or crashed, for only
    with its context does a script end."""
    ends = outcome is None or (isinstance(outcome, Failure) and outcome.kind in _ENDING_SESSIONS)
    if session is not None and not ends:
        await session.keep(window)
        return
    if session is not None:
        session.window = window
        await session.drop()
    else:
        await window.close()


_ENDING_SESSIONS = frozenset({ErrorKind.PAGE_TIMEOUT, ErrorKind.PAGE_CRASH})


def _looks(config: ScrapingConfig) -> dict[str, Any]:
    """What the options say of the browser itself, as Playwright's options of a context."""
    found: dict[str, Any] = {}
    if config.user_agent:
        found["user_agent"] = config.user_agent
    if config.viewport:
        width, height = map(int, config.viewport.split("x"))
        found["viewport"] = {"width": width, "height": height}
    if config.locale:
        found["locale"] = config.locale
    if config.timezone:
        found["timezone_id"] = config.timezone
    if config.use_stealth:
        window = found.get("viewport", {"width": 0, "height": 0})
        width, height = _SCREEN
        found["screen"] = {
            "width": max(width, window["width"]),
            "height": max(height, window["height"]),
        }
        if time.tzname[0] == "UTC":
            found.setdefault("timezone_id", _ZONE)
    return found
