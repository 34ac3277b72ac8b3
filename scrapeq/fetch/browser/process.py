"""One browser of a worker process: started when it is first needed, renewed before it grows old."""

from __future__ import annotations

import asyncio
import logging
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from scrapeq.errors import ScrapeqError
from scrapeq.fetch.browser.finding import FoundBrowser

if TYPE_CHECKING:
    from playwright.async_api import Browser, BrowserContext, Playwright

log = logging.getLogger(__name__)

#: Pages after which a browser is replaced: what it keeps for itself grows with every page.
MOST_PAGES = 500
#: Seconds that a browser may take to start, and to do what takes it milliseconds when it is well.
START_S, CLOSE_S = 30.0, 5.0

#: MB that the scripts of one page may keep; more ends the page. Half of what a tab of Chrome may on a
#: machine with 2 GB.
MOST_HEAP_MB = 512

#: Nothing but what a page needs: no requests of the browser's own, no address looked up or reached
#: past the proxy. The last three are Chromium's documented switches.
_SWITCHES = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-domain-reliability",
    "--disable-sync",
    "--no-first-run",
    "--no-pings",
    "--disable-quic",
    "--dns-prefetch-disable",
    "--mute-audio",
    f"--js-flags=--max-old-space-size={MOST_HEAP_MB}",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
)
_NO_PICTURES = "--blink-settings=imagesEnabled=false"
#: Where requests go that belong to no page: nowhere (port 9, discard).
_NOWHERE = "http://127.0.0.1:9"


class BrowserFailed(ScrapeqError):
    """The browser does not start, or it ended under a page."""


class BrowserProcess:
    """Gives out contexts, each a browser that knows nothing of the others.

    pictures: whether it loads those of a page, which Chromium decides for all of its pages at once.
    """

    def __init__(self, found: FoundBrowser, *, pictures: bool = False) -> None:
        self._path = found.path
        self._switches = [*_SWITCHES] if pictures else [*_SWITCHES, _NO_PICTURES]
        self._sandbox = not hasattr(os, "getuid") or os.getuid() != 0
        self._starting = asyncio.Lock()
        self._playwright: Playwright | None = None
        self._browser: Browser | None = None
        self._given = 0  # contexts of this browser
        self._open: dict[int, int] = {}  # by browser: contexts that are open
        #: Its version, and what it calls itself to servers; once it runs.
        self.version = self.user_agent = ""

    async def context(self, **options: Any) -> BrowserContext:
        """A new context; the browser is started if there is none, replaced if it is old.

        Raises BrowserFailed.
        """
        async with self._starting:
            browser = self._browser
            if browser is None or not browser.is_connected() or self._given >= MOST_PAGES:
                browser = await self._replace()
        try:
            async with asyncio.timeout(START_S):
                context = await browser.new_context(
                    **{"user_agent": self.user_agent or None, **options}
                )
        except Exception as error:  # whatever Playwright raises when its browser is ill
            await self.end(browser)
            raise BrowserFailed("the browser opens no page", hint=_HINT) from error
        self._given += 1
        self._open[id(browser)] = self._open.get(id(browser), 0) + 1
        return context

    async def give_back(self, context: BrowserContext) -> None:
        """Close a context. A browser that does not is ended: nothing less ends a script in it."""
        browser = context.browser
        try:
            async with asyncio.timeout(CLOSE_S):
                await context.close()
        except Exception:  # a time-out, or a browser that is gone
            if browser is not None:
                await self.end(browser)
        key = id(browser)
        self._open[key] = self._open.get(key, 1) - 1
        if self._open[key] <= 0:
            del self._open[key]
            if browser is not None and browser is not self._browser:
                await self.end(browser)  # it was replaced, and this was its last page

    async def end(self, browser: Browser) -> None:
        """End a browser with all its pages."""
        if self._browser is browser:
            self._browser = None
        with suppress(Exception):  # it is gone, or Playwright is
            async with asyncio.timeout(CLOSE_S):
                await browser.close()

    async def close(self) -> None:
        """End everything; a second call does nothing."""
        if self._browser is not None:
            await self.end(self._browser)
        if self._playwright is not None:
            playwright, self._playwright = self._playwright, None
            with suppress(Exception):
                async with asyncio.timeout(CLOSE_S):
                    await playwright.stop()

    async def _replace(self) -> Browser:
        old, self._browser, self._given = self._browser, None, 0
        if old is not None and not self._open.get(id(old)):
            await self.end(old)
        try:
            async with asyncio.timeout(START_S):
                self._browser = await self._start()
        except Exception as error:
            await self.close()
            reason = str(error).strip().splitlines()[0] if str(error).strip() else "no answer"
            raise BrowserFailed(f"the browser does not start: {reason}", hint=_HINT) from error
        return self._browser

    async def _start(self) -> Browser:
        from playwright.async_api import async_playwright

        if self._playwright is None:
            self._playwright = await async_playwright().start()
        if self._sandbox:
            try:
                browser = await self._launch(self._playwright)
            except Exception as error:  # in a container that lets no process make a namespace
                if "sandbox" not in str(error).lower():
                    raise
                self._sandbox = False
        if not self._sandbox:
            log.warning("the browser runs without a sandbox: root and most containers have none")
            browser = await self._launch(self._playwright)
        session = await browser.new_browser_cdp_session()
        about = await session.send("Browser.getVersion")
        await session.detach()
        self.version, self.user_agent = str(about["product"]), str(about["userAgent"])
        return browser

    async def _launch(self, playwright: Playwright) -> Browser:
        return await playwright.chromium.launch(
            executable_path=self._path,
            args=self._switches,
            chromium_sandbox=self._sandbox,
            proxy={"server": _NOWHERE},
            handle_sigint=False,
            handle_sigterm=False,
            handle_sighup=False,
        )


_HINT = "see what `scrapeq doctor` says of the browser"
