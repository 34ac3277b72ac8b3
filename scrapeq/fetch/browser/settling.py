"""When a page is what it will be: it has come to rest, or what was waited for is there."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from scrapeq.models import ScrapingConfig

if TYPE_CHECKING:
    from playwright.async_api import CDPSession, Page

#: Seconds between two looks at a page, and for how long nothing may have changed until it rests: what frameworks do in a row is milliseconds apart, an answer from afar 100 to 300.
LOOK_S, REST_S = 0.1, 0.5
#: Seconds after which a page counts as settled that never rests: tickers, polling, endless loading.
MOST_SETTLING_S = 10.0
#: Seconds of the whole that are kept for reading a page that was waited for to the end.
KEPT_S = 3.0
#: What a page is not at rest without; pictures and films change nothing in it.
_AWAITED = frozenset({"document", "script", "xhr", "fetch", "stylesheet"})
#: Waits, in the page, until nothing changes: its state, how much is in it, how much of that is text.
#: False if time is over before that.
_RESTS = """async (look_ms, rest_ms, most_ms) => {
    const began = performance.now();
    let seen = "", since = began;
    for (let now = began; now - began <= most_ms; now = performance.now()) {
        const progress = [document.readyState, document.getElementsByTagName("*").length,
            document.body ? document.body.textContent.length : 0].join();
        if (progress !== seen || document.readyState !== "complete") [seen, since] = [progress, now];
        else if (now - since >= rest_ms) return true;
        await new Promise((go) => setTimeout(go, look_ms));
    }
    return false;
}"""
#: Waits, in the page, until a selector matches. False if time is over before that, null where
#: Playwright has to be asked: it knows texts and shadow roots. It puts a program of its own into each
#: page that it looks into, which costs CPU and memory (see docs/performance.md).
_MATCHES = """async (selector, look_ms, most_ms) => {
    const began = performance.now();
    while (performance.now() - began <= most_ms) {
        try {
            if (document.querySelector(selector)) return true;
        } catch {
            return null;
        }
        for (const one of document.querySelectorAll("*")) if (one.shadowRoot) return null;
        await new Promise((go) => setTimeout(go, look_ms));
    }
    return false;
}"""


class OwnScripts:
    """Scripts of ours in a page, in a world of their own: what the page's scripts have made of
    `Element` and its kind does not matter there."""

    def __init__(self, session: CDPSession, frame_id: str) -> None:
        self._session = session
        self._frame_id = frame_id
        self._world: int | None = None  # each document has another

    async def evaluate(self, expression: str) -> Any:
        """A value from the page, waited for if it is a promise. Raises Playwright's Error."""
        from playwright.async_api import Error

        if self._world is None:
            world = {"frameId": self._frame_id, "worldName": "scrapeq"}
            made = await self._session.send("Page.createIsolatedWorld", world)
            self._world = int(made["executionContextId"])
        asked = {
            "expression": expression,
            "contextId": self._world,
            "returnByValue": True,
            "awaitPromise": True,
        }
        try:
            answer = await self._session.send("Runtime.evaluate", asked)
        except Error:
            self._world = None  # it has become another document
            raise
        if problem := answer.get("exceptionDetails"):
            raise Error(str(problem.get("text")))
        return answer["result"].get("value")


class Settling:
    """Waits for one page; made before the page is shown.

    limit: when its time is over. is_checking: whether it is a check that has not led on yet.
    """

    def __init__(
        self,
        page: Page,
        scripts: OwnScripts,
        *,
        config: ScrapingConfig,
        limit: asyncio.Timeout,
        is_checking: Callable[[], bool],
    ) -> None:
        self._page = page
        self._scripts = scripts
        self._config = config
        self._limit = limit
        self._is_checking = is_checking
        self._loop = asyncio.get_running_loop()
        self._under_way: set[Any] = set()  # requests
        self._busy_s = self._loop.time()  # when the last of them ended
        page.on("request", self._on_request)
        page.on("requestfinished", self._on_request_end)
        page.on("requestfailed", self._on_request_end)

    async def wait(self) -> str:
        """Wait until the page is what it will be; what it still lacks, in words."""
        if selector := self._config.wait_for:
            note = await self._wait_for(selector)
        else:
            note = await self.settle()
        if self._config.wait_time:
            await asyncio.sleep(self._config.wait_time)
        return note

    async def settle(self) -> str:
        """Wait until nothing is loaded and nothing changes for `REST_S`, or time is over."""
        from playwright.async_api import Error

        most_s = min(MOST_SETTLING_S, self.left_s)
        ends_s = self._loop.time() + most_s
        while (left_s := ends_s - self._loop.time()) > 0:
            if not self._is_busy:
                rests = False
                with suppress(Error):  # it is about to become another document
                    rests = await self._call(_RESTS, 1000 * LOOK_S, 1000 * REST_S, 1000 * left_s)
                if rests and not self._is_busy and self._loop.time() - self._busy_s >= REST_S:
                    return ""
            await asyncio.sleep(LOOK_S)
        return f"the page was still at work after {most_s:.0f} s"

    @property
    def left_s(self) -> float:
        """Seconds that may be waited: a part of the time is kept for what comes after it."""
        ends_s = self._limit.when()
        left_s = MOST_SETTLING_S if ends_s is None else ends_s - self._loop.time()
        return max(0.1, left_s - self._config.wait_time - min(KEPT_S, left_s / 4))

    async def _wait_for(self, selector: str) -> str:
        """Wait until a selector matches, or time is over; what then is missing, in words."""
        from playwright.async_api import Error
        from playwright.async_api import TimeoutError as NotThere

        left_s = self.left_s
        ends_s = self._loop.time() + left_s
        matches: bool | None = None
        with suppress(Error):  # it is about to become another document, or the browser has ended
            matches = await self._call(_MATCHES, selector, 1000 * LOOK_S, 1000 * left_s)
        if matches is None:
            most_ms = max(1.0, 1000 * (ends_s - self._loop.time()))
            with suppress(NotThere):
                await self._page.wait_for_selector(selector, state="attached", timeout=most_ms)
                matches = True
        return "" if matches else f"{selector!r} (wait_for) did not come within {left_s:.0f} s"

    async def _call(self, function: str, *arguments: str | float) -> Any:
        return await self._scripts.evaluate(f"({function})(...{json.dumps(arguments)})")

    @property
    def _is_busy(self) -> bool:
        return bool(self._under_way) or self._is_checking()

    def _on_request(self, request: Any) -> None:
        if request.resource_type in _AWAITED:
            self._under_way.add(request)

    def _on_request_end(self, request: Any) -> None:
        if request in self._under_way:
            self._under_way.remove(request)
            self._busy_s = self._loop.time()
