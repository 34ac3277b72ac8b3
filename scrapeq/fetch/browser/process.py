"""One browser of a worker process: started when it is first needed, renewed before it grows old."""

from __future__ import annotations

import asyncio
import logging
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from scrapeq.errors import ScrapeqError
from scrapeq.fetch.browser.finding import FoundBrowser
from scrapeq.fetch.browser.machine import BrowserTree

if TYPE_CHECKING:
    from playwright.async_api import Browser, BrowserContext, Playwright

log = logging.getLogger(__name__)

#: Pages after which a browser is replaced: what it keeps for itself grows with every page.
MOST_PAGES = 500
#: Seconds that a browser may take to start, and to do what takes it milliseconds when it is well.
START_S, CLOSE_S = 30.0, 5.0
#: Seconds between two looks at a browser, and after which one that does not answer counts as hung: long,
#: for a busy machine must not have it killed, and short enough that its pages are shown in time.
LOOK_S, HUNG_S = 1.5, 8.0

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
#: `navigator.webdriver` is false, as a person's is (the W3C's WebDriver, 4: a driven browser says so).
NO_WEBDRIVER = "--disable-blink-features=AutomationControlled"
#: Where requests go that belong to no page: nowhere (port 9, discard).
_NOWHERE = "http://127.0.0.1:9"


class BrowserFailed(ScrapeqError):
    """The browser does not start, or it ended under a page."""


class BrowserProcess:
    """Gives out contexts, each a browser that knows nothing of the others.

    pictures: whether it loads those of a page, which Chromium decides for all of its pages at once.
    stealth: whether it says nothing of being driven; it loads pictures then, for a page that waits for
    one waits for ever otherwise. most_mb: of memory, after which it is replaced. It is looked at every
    `LOOK_S`: one that does not answer within `HUNG_S` is killed, and whoever waits for its pages gets an
    error.
    """

    def __init__(
        self,
        found: FoundBrowser,
        *,
        pictures: bool = False,
        stealth: bool = False,
        most_mb: int = 2_000,
    ) -> None:
        self._path = found.path
        self._switches = [*_SWITCHES] if pictures or stealth else [*_SWITCHES, _NO_PICTURES]
        self._stealth = stealth
        if stealth:
            self._switches.append(NO_WEBDRIVER)
        self._sandbox = not hasattr(os, "getuid") or os.getuid() != 0
        self._starting = asyncio.Lock()
        self._playwright: Playwright | None = None
        self._browser: Browser | None = None
        self._most_mb = most_mb
        self._given = 0  # contexts of this browser
        self._trees: dict[Browser, BrowserTree] = {}  # those that were not ended
        self._watching: asyncio.Task[None] | None = None
        #: Of all its processes, at the last look; 0 where the system does not say.
        self.memory_mb = 0
        self._open: dict[int, int] = {}  # by browser: contexts that are open
        #: Its version, and what it calls itself to servers; once it runs.
        self.version = self.user_agent = ""

    async def context(self, **options: Any) -> BrowserContext:
        """A new context; the browser is started if there is none, replaced if it is old.

        Raises BrowserFailed.
        """
        try:
            browser, context = await self._open_context(options)
        except Exception:  # a browser that was killed a moment ago; a second one is not tried
            browser, context = await self._open_context(options)
        self._given += 1
        self._open[id(browser)] = self._open.get(id(browser), 0) + 1
        return context

    async def _open_context(self, options: dict[str, Any]) -> tuple[Browser, BrowserContext]:
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
        return browser, context

    def is_newest(self, context: BrowserContext) -> bool:
        """Whether a context is of the browser that new pages get."""
        return context.browser is self._browser and self.is_up

    def reuse(self, context: BrowserContext) -> bool:
        """Whether a context may show another page, which is counted then; else it is to be given back."""
        if not self.is_newest(context) or self._given >= MOST_PAGES:
            return False
        self._given += 1
        return True

    @property
    def open_pages(self) -> int:
        """Contexts that were given out and not given back."""
        return sum(self._open.values())

    @property
    def is_up(self) -> bool:
        """Whether its browser runs."""
        return self._browser is not None and self._browser.is_connected()

    async def is_well(self, browser: Browser | None) -> bool:
        """Whether a browser answers; one that does not is ended."""
        if browser is None or browser not in self._trees:
            return False
        try:
            async with asyncio.timeout(HUNG_S):
                session = await browser.new_browser_cdp_session()
                await session.send("Browser.getVersion")
                await session.detach()
                return True
        except TimeoutError:
            await self.end(browser, is_hung=True)
        except Exception:  # it has ended
            await self.end(browser)
        return False

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

    async def end(self, browser: Browser, *, is_hung: bool = False) -> None:
        """End a browser with all its pages: softly, or if it does not answer with its driver."""
        if self._browser is browser:
            self._browser = None
        tree = self._trees.pop(browser, None)
        answers = False
        if not is_hung:
            with suppress(Exception):  # it is gone, or Playwright is, or it hangs
                async with asyncio.timeout(CLOSE_S):
                    await browser.close()
                    answers = True
        if tree is None:
            return
        if answers and not tree.runs:
            await asyncio.to_thread(tree.clear)
        else:
            await self._kill(tree)

    async def close(self) -> None:
        """End everything; a second call does nothing."""
        if self._watching is not None:
            self._watching.cancel()
            self._watching = None
        for browser in list(self._trees):
            await self.end(browser)
        await self._stop_driver()
        self.memory_mb = 0

    async def _kill(self, tree: BrowserTree) -> None:
        await asyncio.to_thread(tree.kill)
        if tree.driver:
            await self._stop_driver()  # which was ended with it

    async def _stop_driver(self) -> None:
        if self._playwright is not None:
            playwright, self._playwright = self._playwright, None
            with suppress(Exception):
                async with asyncio.timeout(CLOSE_S):
                    await playwright.stop()

    async def _watch(self) -> None:
        """Look at the browsers for as long as there are any."""
        while self._trees:
            await asyncio.sleep(LOOK_S)
            for browser in list(self._trees):
                if not await self.is_well(browser):
                    log.warning("a browser did not answer and was ended")
            trees = list(self._trees.values())
            held_mb = [await asyncio.to_thread(tree.memory_mb) for tree in trees]
            self.memory_mb = sum(held_mb)
            newest = self._trees.get(self._browser) if self._browser is not None else None
            if newest is not None and held_mb[trees.index(newest)] > self._most_mb:
                self._given = MOST_PAGES  # the next page gets a new one
        self.memory_mb = 0
        self._watching = None

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
            manager = async_playwright()
            self._playwright = await manager.start()
            _read_its_error(manager)
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
        user_agent = str(about["userAgent"])
        renamed = f"--user-agent={user_agent.replace('Headless', '')}"
        if self._stealth and "Headless" in user_agent and renamed not in self._switches:
            # A switch, for a shared worker shows what its program is called, whatever a page is.
            self._switches.append(renamed)
            await browser.close()
            return await self._start()
        processes = (await session.send("SystemInfo.getProcessInfo"))["processInfo"]
        await session.detach()
        first = next(int(one["id"]) for one in processes if one["type"] == "browser")
        self._trees[browser] = BrowserTree.of(first)
        if self._watching is None:
            self._watching = asyncio.create_task(self._watch())
        self.version, self.user_agent = str(about["product"]), user_agent
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


def _read_its_error(manager: Any) -> None:
    """Read the error with which Playwright's driver may end, so that asyncio logs none that nobody read.

    All calls under way fail with it anyway. Only by names of its inside (1.65) is it to be had; where
    these are others, a line in the log is all that is different.
    """
    with suppress(AttributeError):
        ended: asyncio.Future[None] = manager._client._transport.on_error_future
        ended.add_done_callback(lambda one: one.cancelled() or one.exception())


_HINT = "see what `scrapeq doctor` says of the browser"
