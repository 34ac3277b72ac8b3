"""Rendering: what a browser makes of a page that HTTP has brought.

The answer of plain HTTP is the document that the browser shows, so a page costs its server no
second request, and robots.txt, pace, redirects, Retry-After and the address guard hold for it as for
every other page. What the page then asks for goes through a `GuardProxy`. Where a script leads to
another document, that one needs robots.txt and a slot like any request.
"""

from __future__ import annotations

import asyncio
import base64
import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from scrapeq import urls
from scrapeq.errors import ConfigError
from scrapeq.fetch.browser import actions
from scrapeq.fetch.browser.finding import FoundBrowser
from scrapeq.fetch.browser.harvest import MARGIN_S, MOST_PIECE_S, Harvest, TooLarge, picture
from scrapeq.fetch.browser.machine import most_memory_mb
from scrapeq.fetch.browser.process import BrowserProcess
from scrapeq.fetch.browser.proxy import GuardProxy
from scrapeq.fetch.failed import Failed
from scrapeq.fetch.logins import load
from scrapeq.fetch.protocols import MustWait, Slot
from scrapeq.fetch.resolve import Names
from scrapeq.fetch.response import Response
from scrapeq.fetch.route import Routes
from scrapeq.models import ErrorKind, Failure, FileKind, PageFile, ScrapingConfig, reveal

if TYPE_CHECKING:
    from playwright.async_api import BrowserContext, CDPSession, Page

log = logging.getLogger(__name__)

#: Seconds between two looks at whether a page has come to rest, and for how long nothing may have
#: changed then: what frameworks do in a row is milliseconds apart, an answer from afar 100 to 300.
LOOK_S, REST_S = 0.1, 0.5
#: Seconds after which a page counts as settled that never rests: tickers, polling, endless loading.
MOST_SETTLING_S = 10.0
#: Seconds of the whole that are kept for reading a page that was waited for to the end.
KEPT_S = 3.0
#: Browsers that may end while they show a page: the page itself may be why, or another beside it.
MOST_BROWSERS = 3
#: Documents that the scripts of one page may lead to; see `max_redirects` for those of servers.
MOST_DOCUMENTS = 10
#: Files that no text is in: the proxy cannot see the names of those that TLS hides. A picture needs
#: the fonts.
_FILMS, _FONTS = (
    [f"*.{ending}{rest}" for ending in endings for rest in ("", "?*")]
    for endings in (
        ("mp4", "webm", "mp3", "m3u8", "avi", "ogg"),
        ("woff", "woff2", "ttf", "otf"),
    )
)
#: Fields of the answer that were about its way here, or that the browser gets otherwise.
_NOT_HANDED_ON = frozenset(
    {"content-encoding", "content-length", "transfer-encoding", "set-cookie", "connection"}
)
_AS_HTML = files(__package__).joinpath("page.js").read_text(encoding="utf-8")
#: How far a page is: its state, how much is in it, how much of that is text.
_PROGRESS = """[document.readyState, document.getElementsByTagName("*").length,
    document.body ? document.body.textContent.length : 0].join()"""


@dataclass(frozen=True, slots=True)
class Rendered:
    """response: the page as it became, its body HTML in UTF-8. note: "", or what is missing of it.
    files: what else it gave, if the options ask for that."""

    response: Response
    note: str = ""
    files: tuple[PageFile, ...] = ()


class Renderer:
    """The browser of one worker process; at most `pages` of its pages are open at once."""

    def __init__(self, found: FoundBrowser, routes: Routes, pages: int) -> None:
        #: Why there is no browser and how to get one, as a sentence; "" if there is one.
        self.missing = found.missing
        self._routes = routes
        self._names = Names()
        most_mb = most_memory_mb(pages)
        self._process = BrowserProcess(found, most_mb=most_mb)
        self._with_pictures = BrowserProcess(found, pictures=True, most_mb=most_mb)
        self._places = asyncio.Semaphore(pages)
        self.pages = pages
        #: Pages that were shown, or begun to be.
        self.rendered = 0

    async def render(
        self, response: Response, config: ScrapingConfig, slot: Slot
    ) -> Rendered | Failure:
        """What the page becomes in a browser; waits for a free place.

        All that a page can do is a Failure. Raises BrowserFailed where the browser itself is ill.
        """
        async with self._places:
            self.rendered += 1
            for _ in range(MOST_BROWSERS):
                outcome = await self._render(response, config, slot)
                if outcome is not None:
                    return outcome
        return _failure(
            response,
            ErrorKind.PAGE_CRASH,
            f"the browser ended {MOST_BROWSERS} times while it showed this page",
        )

    @property
    def memory_mb(self) -> int:
        """Of all processes of the browser, at the last look."""
        return self._process.memory_mb + self._with_pictures.memory_mb

    @property
    def is_up(self) -> bool:
        """Whether a browser runs."""
        return self._process.is_up or self._with_pictures.is_up

    @property
    def open_pages(self) -> int:
        """Pages that are open."""
        return self._process.open_pages + self._with_pictures.open_pages

    async def close(self) -> None:
        """End the browser; a second call does nothing."""
        await self._process.close()
        await self._with_pictures.close()
        self._names.close()

    async def _render(
        self, response: Response, config: ScrapingConfig, slot: Slot
    ) -> Rendered | Failure | None:
        """What the page becomes; None if the browser ended meanwhile, which may be another's fault."""
        limit_s = max(1.0, config.total_timeout_s - response.elapsed_s) + config.wait_time
        looks = _looks(config)
        if config.storage_state:
            try:
                looks["storage_state"] = load(self._routes.logins, config.storage_state).state
            except ConfigError as error:
                return _failure(response, ErrorKind.CONFIG, str(error))
        async with GuardProxy(self._routes, config, self._names) as proxy:
            seen = config.screenshot or config.pdf
            process = self._with_pictures if seen else self._process
            context = await process.context(
                proxy={"server": proxy.url},
                accept_downloads=False,
                service_workers="block",
                **looks,
            )
            try:
                async with asyncio.timeout(limit_s) as limit:
                    rendering = _Rendering(
                        context, response, config=config, proxy=proxy, slot=slot, limit=limit
                    )
                    outcome = await rendering.bring(await rendering.run())
            except TimeoutError:
                outcome = _failure(
                    response,
                    ErrorKind.PAGE_TIMEOUT,
                    f"in the browser the page did not end within {limit_s:g} s (total_timeout_s)",
                )
            finally:
                await asyncio.shield(process.give_back(context))
            is_crash = isinstance(outcome, Failure) and outcome.kind is ErrorKind.PAGE_CRASH
            if is_crash and not await process.is_well(context.browser):
                return None
            return outcome


class _Rendering:
    """One page on its way through the browser."""

    def __init__(
        self,
        context: BrowserContext,
        response: Response,
        *,
        config: ScrapingConfig,
        proxy: GuardProxy,
        slot: Slot,
        limit: asyncio.Timeout,
    ) -> None:
        self._context = context
        self._proxy = proxy
        self._response = response
        self._config = config
        self._slot = slot
        self._limit = limit
        self._loop = asyncio.get_running_loop()
        self._began_s = self._loop.time()
        self._documents = 0  # that were shown, or asked for
        self._status = response.http_status
        self._ended: asyncio.Future[Failure] = self._loop.create_future()
        self._under_way: set[Any] = set()  # requests
        self._changed_s = self._began_s
        self._tasks: set[asyncio.Task[None]] = set()
        self._session: CDPSession
        self._main_frame = ""
        self._page: Page
        self._is_read = False
        self._harvest = Harvest(config) if config.brings else None
        self._world: int | None = None  # where our own scripts run; each document has another

    async def run(self) -> Rendered | Failure:
        """The page when it has come to rest, or why there is none."""
        from playwright.async_api import Error

        working = asyncio.create_task(self._work())
        try:
            ends: set[asyncio.Future[Any]] = {working, self._ended}
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            if self._ended.done():
                return self._ended.result()
            return working.result()
        except Failed as failed:
            return _failure(self._response, failed.kind, failed.message)
        except Error as error:  # of a page that ended, or that the browser cannot show
            return _failure(self._response, ErrorKind.PAGE_CRASH, _reason(error))
        finally:
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
        await page.goto(self._response.final_url, wait_until="commit", timeout=0)
        if self._config.actions:
            await self._settle()
            await actions.perform(
                self._config.actions,
                page,
                settle=self._settle,
                evaluate=self._evaluate,
                left_s=lambda: self._left_s,
            )
        note = await self._wait(page)
        self._is_read = True  # from now on it leads nowhere
        html = await self._evaluate(f"({_AS_HTML})({self._config.max_body_mb * 1e6:.0f})")
        if html is None:
            raise Failed(ErrorKind.EMPTY, "in the browser nothing is left of the page")
        if not html:
            raise Failed(
                ErrorKind.TOO_LARGE,
                f"in the browser the page grew to more than {self._config.max_body_mb:g} MB "
                "(max_body_mb)",
            )
        if self._status >= 400:
            if why := self._proxy.refused.get(urls.host_key(page.url)):
                raise why
            kind = ErrorKind.HTTP_4XX if self._status < 500 else ErrorKind.HTTP_5XX
            raise Failed(kind, f"a script led to a page that answered {self._status}")
        shown = urls.shown(page.url)
        return Rendered(
            replace(
                self._response,
                final_url=shown
                if shown.startswith(("http://", "https://"))
                else self._response.final_url,
                http_status=self._status,
                content_type="text/html; charset=utf-8",
                body=str(html).encode("utf-8", "replace"),
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

    # -- before the page ---------------------------------------------------------------------

    async def _prepare(self, page: Page) -> None:
        """Let every document come by here, and nothing be opened beside the page."""
        page.on(
            "crash", lambda _: self._end(ErrorKind.PAGE_CRASH, "the page ended its browser tab")
        )
        page.on("response", self._on_response)
        self._context.on("page", self._on_other_page)  # from now on: not for the first one
        page.on("request", self._on_request)
        page.on("requestfinished", self._on_request_ended)
        page.on("requestfailed", self._on_request_failed)
        await self._context.add_cookies(self._cookies())
        self._session = session = await self._context.new_cdp_session(page)
        session.on("Fetch.requestPaused", lambda event: self._later(self._decide(session, event)))
        seen = self._config.screenshot or self._config.pdf
        await session.send("Network.setBlockedURLs", {"urls": _FILMS if seen else _FILMS + _FONTS})
        if self._harvest is not None:
            await self._harvest.listen(page, session)
        patterns = [{"urlPattern": "*", "resourceType": "Document"}]
        if self._config.headers:
            home = urls.origin(self._response.final_url)
            patterns.append({"urlPattern": f"{home}/*"})
        await session.send("Fetch.enable", {"patterns": patterns})
        tree = await session.send("Page.getFrameTree")
        self._main_frame = tree["frameTree"]["frame"]["id"]

    def _cookies(self) -> list[Any]:
        """Those that the page's server has set, and the user's own, for whom they belong to."""
        set_by_server = [
            {
                "name": cookie.name,
                "value": cookie.value,
                "domain": cookie.domain if cookie.host_only else f".{cookie.domain}",
                "path": cookie.path,
                "secure": cookie.secure,
            }
            for cookie in self._response.cookies
        ]
        home = urls.origin(self._response.url)
        if urls.origin(self._response.final_url) != home:
            return set_by_server
        own = [
            {"name": name, "value": reveal(value), "url": home}
            for name, value in self._config.cookies.items()
        ]
        return [*set_by_server, *own]

    async def _decide(self, session: CDPSession, event: Mapping[str, Any]) -> None:
        """Show, let through or refuse a request that is held."""
        from playwright.async_api import Error

        request_id, url = event["requestId"], str(event["request"]["url"])
        with suppress(Error):  # the page has ended meanwhile
            is_main = event.get("resourceType") == "Document" and (
                event.get("frameId") == self._main_frame
            )
            if not is_main:
                await self._let_through(session, request_id, event)
            elif self._documents == 0:
                self._documents = 1
                await session.send("Fetch.fulfillRequest", self._as_it_came(request_id))
            elif not self._is_read and await self._may_lead_to(url):
                await self._let_through(session, request_id, event)
            else:
                # "Aborted" leaves a page as it is, for its picture
                why = "Aborted" if self._is_read else "BlockedByClient"
                refused = {"requestId": request_id, "errorReason": why}
                await session.send("Fetch.failRequest", refused)

    def _as_it_came(self, request_id: str) -> dict[str, Any]:
        response = self._response
        return {
            "requestId": request_id,
            "responseCode": response.http_status,
            "responseHeaders": [
                {"name": name, "value": value}
                for name, value in response.headers
                if name.lower() not in _NOT_HANDED_ON
            ],
            "body": base64.b64encode(response.body).decode("ascii"),
        }

    async def _let_through(
        self, session: CDPSession, request_id: str, event: Mapping[str, Any]
    ) -> None:
        changes: dict[str, Any] = {"requestId": request_id}
        url = str(event["request"]["url"])
        if self._config.headers and urls.origin(url) == urls.origin(self._response.url):
            headers = dict(event["request"]["headers"])
            headers |= {name: reveal(value) for name, value in self._config.headers.items()}
            changes["headers"] = [{"name": name, "value": value} for name, value in headers.items()]
        await session.send("Fetch.continueRequest", changes)

    async def _may_lead_to(self, url: str) -> bool:
        """Whether the page may become another document: with robots.txt and a slot, as any request.

        A refusal ends the page with its reason, as a redirect of a server would.
        """
        self._documents += 1
        if self._documents > MOST_DOCUMENTS:
            self._end(ErrorKind.REDIRECTS, f"the page leads on more than {MOST_DOCUMENTS} times")
            return False
        if not url.startswith(("http://", "https://")):
            self._end(ErrorKind.SCHEME, f"the page leads to a {url.partition(':')[0][:20]}: URL")
            return False
        ends_s, began_s = self._limit.when(), self._loop.time()
        self._limit.reschedule(None)  # politeness is no fault of the page
        try:
            refused = await self._slot(url)
        finally:
            waited_s = self._loop.time() - began_s
            self._limit.reschedule(None if ends_s is None else ends_s + waited_s)
        assert not isinstance(refused, MustWait)  # noqa: S101 - a browser's slots are patient
        if refused is not None and not self._ended.done():
            self._ended.set_result(replace(refused, final_url=urls.shown(url)))
        return refused is None

    # -- while it loads ----------------------------------------------------------------------

    async def _wait(self, page: Page) -> str:
        """Wait until the page is what it will be; what it still lacks, in words."""
        from playwright.async_api import TimeoutError as NotThere

        note = ""
        if selector := self._config.wait_for:
            left_s = self._left_s
            try:
                await page.wait_for_selector(selector, state="attached", timeout=1000 * left_s)
            except NotThere:
                note = f"{selector!r} (wait_for) did not come within {left_s:.0f} s"
        else:
            note = await self._settle()
        if self._config.wait_time:
            await asyncio.sleep(self._config.wait_time)
        return note

    @property
    def _left_s(self) -> float:
        """Seconds that may be waited: a part of the time is kept for what comes after it."""
        ends_s = self._limit.when()
        left_s = MOST_SETTLING_S if ends_s is None else ends_s - self._loop.time()
        return max(0.1, left_s - self._config.wait_time - min(KEPT_S, left_s / 4))

    async def _settle(self) -> str:
        """Wait until nothing is loaded and nothing changes for `REST_S`, or time is over."""
        from playwright.async_api import Error

        seen, since_s = "", self._loop.time()
        most_s = min(MOST_SETTLING_S, self._left_s)
        ends_s = since_s + most_s
        while self._loop.time() < ends_s:
            try:
                progress = str(await self._evaluate(_PROGRESS))
            except Error:  # it is about to become another document
                progress = ""
            now_s = self._loop.time()
            if progress != seen or not progress.startswith("complete") or self._under_way:
                seen, since_s = progress, now_s
            elif now_s - since_s >= REST_S:
                return ""
            await asyncio.sleep(LOOK_S)
        return f"the page was still at work after {most_s:.0f} s"

    def _on_other_page(self, other: Page) -> None:
        self._later(other.close())

    async def _evaluate(self, expression: str) -> Any:
        """A value from the page, by a script in a world of its own: what the page's scripts have
        made of `Element` and its kind does not matter there. Raises Playwright's Error."""
        from playwright.async_api import Error

        if self._world is None:
            world = {"frameId": self._main_frame, "worldName": "scrapeq"}
            made = await self._session.send("Page.createIsolatedWorld", world)
            self._world = int(made["executionContextId"])
        asked = {"expression": expression, "contextId": self._world, "returnByValue": True}
        try:
            answer = await self._session.send("Runtime.evaluate", asked)
        except Error:
            self._world = None  # it has become another document
            raise
        if problem := answer.get("exceptionDetails"):
            raise Error(str(problem.get("text")))
        return answer["result"].get("value")

    def _on_request(self, request: Any) -> None:
        if request.resource_type in {"document", "script", "xhr", "fetch", "stylesheet"}:
            self._under_way.add(request)

    def _on_request_ended(self, request: Any) -> None:
        self._under_way.discard(request)

    def _on_request_failed(self, request: Any) -> None:
        """A document that a script led to and that could not be had ends the page.

        A download and an answer without content are "aborted", and the page stays.
        """
        self._under_way.discard(request)
        problem = str(request.failure)
        if not _is_main_document(request) or "ABORTED" in problem or "BLOCKED" in problem:
            return
        if why := self._proxy.refused.get(urls.host_key(request.url)):
            self._end(why.kind, why.message)
        else:
            self._end(ErrorKind.RESET, f"a script led to a page that did not come: {problem}")

    def _on_response(self, response: Any) -> None:
        if _is_main_document(response.request):
            self._status = response.status
            self._slot.answered()

    # -- its end -----------------------------------------------------------------------------

    def _end(self, kind: ErrorKind, message: str) -> None:
        if not self._ended.done():
            self._ended.set_result(_failure(self._response, kind, message))

    def _later(self, doing: Any) -> None:
        task = asyncio.ensure_future(doing)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.debug("a page's event: %s", error)


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
    return found


def _is_main_document(request: Any) -> bool:
    return bool(request.is_navigation_request() and request.frame.parent_frame is None)


def _failure(response: Response, kind: ErrorKind, message: str) -> Failure:
    return Failure(kind, message, http_status=response.http_status, final_url=response.final_url)


def _reason(error: Exception) -> str:
    first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    return f"the browser could not show the page: {first[:300]}"
