"""One page on its way through the browser: opened, shown, waited for, read."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass, replace
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from scrapeq import urls
from scrapeq.fetch.browser import actions
from scrapeq.fetch.browser.documents import Documents
from scrapeq.fetch.browser.harvest import MARGIN_S, MOST_PIECE_S, Harvest, TooLarge, picture
from scrapeq.fetch.browser.sessions import Window
from scrapeq.fetch.browser.settling import OwnScripts, Settling
from scrapeq.fetch.failed import Failed
from scrapeq.fetch.protocols import Slot
from scrapeq.fetch.response import Response
from scrapeq.models import ErrorKind, Failure, FileKind, PageFile, ScrapingConfig, reveal

if TYPE_CHECKING:
    from playwright.async_api import Browser, CDPSession, Page

log = logging.getLogger(__name__)

#: Files that no text is in: the proxy cannot see the names of those that TLS hides. A picture needs
#: the fonts.
_FILMS, _FONTS = (
    [f"*.{ending}{rest}" for ending in endings for rest in ("", "?*")]
    for endings in (
        ("mp4", "webm", "mp3", "m3u8", "avi", "ogg"),
        ("woff", "woff2", "ttf", "otf"),
    )
)
_AS_HTML = files(__package__).joinpath("page.js").read_text(encoding="utf-8")
_STEALTH = files(__package__).joinpath("stealth.js").read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Rendered:
    """response: the page as it became, its body HTML in UTF-8. note: "", or what is missing of it.
    files: what else it gave, if the options ask for that."""

    response: Response
    note: str = ""
    files: tuple[PageFile, ...] = ()


class Rendering:
    """One page in a window. is_new: the window has shown no page yet. limit: when its time is over."""

    def __init__(
        self,
        window: Window,
        response: Response,
        *,
        config: ScrapingConfig,
        slot: Slot,
        limit: asyncio.Timeout,
        is_new: bool,
    ) -> None:
        self._context = window.context
        self._proxy = window.proxy
        self._response = response
        self._config = config
        self._limit = limit
        self._is_new = is_new
        self._loop = asyncio.get_running_loop()
        self._began_s = self._loop.time()
        self._ended: asyncio.Future[Failure] = self._loop.create_future()
        self._tasks: set[asyncio.Task[None]] = set()
        self._documents = Documents(
            response,
            config=config,
            slot=slot,
            proxy=window.proxy,
            limit=limit,
            end=self._end,
        )
        self._harvest = Harvest(config) if config.brings else None
        self._page: Page
        self._session: CDPSession
        self._scripts: OwnScripts
        self._settling: Settling
        #: Whether the browser has dropped the page before it was there.
        self.was_dropped = False

    async def run(self) -> Rendered | Failure:
        """The page when it has come to rest, or why there is none."""
        from playwright.async_api import Error

        browser = self._context.browser
        assert browser is not None  # noqa: S101 - only contexts on disk have none
        # A page that was about to be opened then never is, and Playwright does not say so.
        browser.on("disconnected", self._on_browser_end)
        if not browser.is_connected():
            self._on_browser_end(browser)
        working = asyncio.create_task(self._work())
        try:
            ends: set[asyncio.Future[Any]] = {working, self._ended}
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            if self._ended.done():
                return self._ended.result()
            return working.result()
        except Failed as failed:
            return self._response.failed(failed.kind, failed.message)
        except Error as error:  # of a page that ended, or that the browser cannot show
            return self._response.failed(ErrorKind.PAGE_CRASH, _reason(error))
        finally:
            browser.remove_listener("disconnected", self._on_browser_end)
            ending: set[asyncio.Future[Any]] = {working, *self._tasks}
            for task in ending:
                task.cancel()
            await asyncio.wait(ending, timeout=1)
            if working.done() and not working.cancelled():
                working.exception()  # it was looked at, or does not matter any more

    async def bring(self, outcome: Rendered | Failure) -> Rendered | Failure:
        """The same with the files that the options ask for."""
        if isinstance(outcome, Failure):
            is_action = outcome.kind is ErrorKind.ACTION
            return (
                replace(outcome, files=await self._picture_of_failure()) if is_action else outcome
            )
        if self._harvest is None:
            return outcome
        ends_s = self._limit.when() or 0
        found, missing = await self._harvest.collect(
            self._page, self._session, ends_s - self._loop.time()
        )
        note = "; ".join([outcome.note, *missing] if outcome.note else missing)
        return replace(outcome, note=note, files=found)

    def leave(self) -> None:
        """The window may be another page's now."""
        with suppress(KeyError):  # it did not come so far
            self._context.remove_listener("page", self._on_other_page)

    async def _picture_of_failure(self) -> tuple[PageFile, ...]:
        """What the window shows when an action has failed; nothing if it cannot be had in time."""
        from playwright.async_api import Error

        most_bytes = int(self._config.max_body_mb * 1e6)
        making = picture(
            self._page, self._session, True, most_bytes=most_bytes, kind=FileKind.FAILED_ACTION
        )
        with suppress(Error, TooLarge, TimeoutError):
            left_s = max(1.0, (self._limit.when() or 0) - self._loop.time() - MARGIN_S)
            async with asyncio.timeout(min(MOST_PIECE_S, left_s)):
                return ((await making)[0],)
        return ()

    async def _work(self) -> Rendered:
        page = self._page = await self._new_page()
        await self._prepare(page)
        await self._show(page)
        if self._config.actions:
            await self._settling.settle()
            await actions.perform(
                self._config.actions,
                page,
                settle=self._settling.settle,
                evaluate=self._scripts.evaluate,
                left_s=lambda: self._settling.left_s,
            )
        note = await self._settling.wait()
        self._documents.is_closed = True
        html = await self._read()
        status = self._documents.status
        if status >= 400:
            if why := self._proxy.refused.get(urls.host_key(page.url)):
                raise why
            kind = ErrorKind.HTTP_4XX if status < 500 else ErrorKind.HTTP_5XX
            raise Failed(kind, f"a script led to a page that answered {status}")
        shown = urls.shown(page.url)
        return Rendered(
            replace(
                self._response,
                final_url=shown
                if shown.startswith(("http://", "https://"))
                else self._response.final_url,
                http_status=status,
                content_type="text/html; charset=utf-8",
                body=html.encode("utf-8", "replace"),
                elapsed_s=self._response.elapsed_s + self._loop.time() - self._began_s,
            ),
            note,
        )

    async def _new_page(self) -> Page:
        from playwright.async_api import Error

        try:
            return await self._context.new_page()
        except Error as error:
            if "timezone" not in str(error).lower():
                raise
            unknown = f"this worker's browser knows no time zone {self._config.timezone!r}"
            raise Failed(ErrorKind.CONFIG, unknown) from error

    async def _prepare(self, page: Page) -> None:
        """Let every document come by here, and nothing be opened beside the page."""
        if self._config.use_stealth and self._is_new:
            await self._context.add_init_script(_STEALTH)
        page.on("crash", lambda _: self._crash("the page ended its browser tab"))
        self._context.on("page", self._on_other_page)  # from now on: not for the first one
        await self._context.add_cookies(self._cookies())
        self._session = session = await self._context.new_cdp_session(page)
        refused = _FILMS if is_seen(self._config) else _FILMS + _FONTS
        await session.send("Network.setBlockedURLs", {"urls": refused})
        if self._harvest is not None:
            await self._harvest.listen(page, session)
        tree = await session.send("Page.getFrameTree")
        main_frame = str(tree["frameTree"]["frame"]["id"])
        self._scripts = OwnScripts(session, main_frame)
        self._settling = Settling(
            page,
            self._scripts,
            config=self._config,
            limit=self._limit,
            is_checking=lambda: self._documents.is_checking,
        )
        await self._documents.listen(page, session, main_frame, self._later)

    async def _show(self, page: Page) -> None:
        from playwright.async_api import Error

        try:
            await page.goto(self._response.final_url, wait_until="commit", timeout=0)
        except Error as error:
            # Nothing of the page has run yet, so it is not the page that has called this off.
            self.was_dropped = "ERR_ABORTED" in str(error)
            raise

    async def _read(self) -> str:
        """Its HTML as it is now. Raises Failed."""
        most_bytes = self._config.max_body_mb * 1e6
        html = await self._scripts.evaluate(f"({_AS_HTML})({most_bytes:.0f})")
        if html is None:
            raise Failed(ErrorKind.EMPTY, "in the browser nothing is left of the page")
        if not html:
            raise Failed(
                ErrorKind.TOO_LARGE,
                f"in the browser the page grew to more than {self._config.max_body_mb:g} MB "
                "(max_body_mb)",
            )
        return str(html)

    def _cookies(self) -> list[Any]:
        """Those that the page's server has set, and the user's own, for whom they belong to."""
        set_by_server = [
            {
                "name": cookie.name,
                "value": cookie.value,
                "domain": cookie.domain if cookie.host_only else f".{cookie.domain}",
                "path": cookie.path,
                "secure": cookie.secure,
                "httpOnly": cookie.http_only,
                **({"sameSite": cookie.same_site} if cookie.same_site else {}),
            }
            for cookie in self._response.cookies
            if cookie.is_allowed
        ]
        home = urls.origin(self._response.url)
        if urls.origin(self._response.final_url) != home:
            return set_by_server
        own = [
            {"name": name, "value": reveal(value), "url": home}
            for name, value in self._config.cookies.items()
        ]
        return [*set_by_server, *own]

    def _on_browser_end(self, _: Browser) -> None:
        self._crash("the browser ended")

    def _on_other_page(self, other: Page) -> None:
        self._later(other.close())

    def _crash(self, message: str) -> None:
        self._end(self._response.failed(ErrorKind.PAGE_CRASH, message))

    def _end(self, failure: Failure) -> None:
        if not self._ended.done():
            self._ended.set_result(failure)

    def _later(self, doing: Any) -> None:
        task = asyncio.ensure_future(doing)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.debug("a page's event: %s", error)


def is_seen(config: ScrapingConfig) -> bool:
    """Whether the page's own pictures and fonts are loaded."""
    return bool(config.screenshot or config.pdf or config.use_stealth)


def _reason(error: Exception) -> str:
    first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    return f"the browser could not show the page: {first[:300]}"
