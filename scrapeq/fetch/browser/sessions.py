"""Windows that are kept for the next page of the same host and batch: the option `session`.

A session belongs to one batch, so to one owner and one set of options, and to one host. It shows one
page at a time, as one person with one tab. It ends when no page comes for a while, when there are too
many, with its browser, and when a page in it hangs or crashes: the next page gets a new one.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from scrapeq.fetch.browser.process import CLOSE_S, BrowserProcess
from scrapeq.fetch.browser.proxy import GuardProxy
from scrapeq.fetch.cookies import Cookie

if TYPE_CHECKING:
    from playwright.async_api import BrowserContext

#: Seconds that a session waits for its host's next page: by default no longer Crawl-delay is waited for
#: (`crawl_delay_cap_s`).
IDLE_S = 300.0


class SessionKey(NamedTuple):
    """Whose a session is: a batch's, at a host as `urls.host_key` has it."""

    batch_id: str
    host: str


@dataclass(frozen=True, slots=True)
class Window:
    """A context of a browser, and the proxy that all of it goes through. resources: both, to close."""

    context: BrowserContext
    proxy: GuardProxy
    process: BrowserProcess
    resources: AsyncExitStack

    async def close(self) -> None:
        """Close the context, then its proxy; a second call does nothing."""
        await self.resources.aclose()


@dataclass(slots=True)
class Session:
    """window: None before the first page. cookies: what it held after the last one.
    users: pages that are in it, or wait for it."""

    window: Window | None = None
    cookies: tuple[Cookie, ...] = field(default=(), repr=False)
    users: int = 0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    timer: asyncio.TimerHandle | None = None

    async def next_window(self) -> Window | None:
        """The window for the next page; None if there is none, or its browser is ending."""
        if self.window is None or self.window.process.reuse(self.window.context):
            return self.window
        await self.drop()
        return None

    async def keep(self, window: Window) -> None:
        """Close what a page has left open, and note which cookies it holds now."""
        try:
            async with asyncio.timeout(CLOSE_S):
                for page in window.context.pages:
                    await page.close()
                held = await window.context.cookies()
        except Exception:  # a time-out, or a browser that is gone
            self.window = window
            await self.drop()
        else:
            self.window = window
            self.cookies = tuple(Cookie.of_browser(dict(one)) for one in held)

    async def drop(self) -> None:
        """End the window, and what it held; the next page gets a new one."""
        window, self.window, self.cookies = self.window, None, ()
        if window is not None:
            await window.close()


class Sessions:
    """Those of one worker process; at most `most` are kept that show no page."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[SessionKey, Session] = OrderedDict()  # the last used one is last
        self._ending: set[asyncio.Task[None]] = set()

    @property
    def idle(self) -> int:
        """Sessions that show no page."""
        return sum(not one.users for one in self._kept.values())

    def cookies(self, key: SessionKey) -> tuple[Cookie, ...]:
        """What a session held after its last page; nothing if there is none."""
        return self._kept[key].cookies if key in self._kept else ()

    @asynccontextmanager
    async def use(self, key: SessionKey) -> AsyncIterator[Session]:
        """The session of a batch and host; inside it no other page is in it."""
        session = self._kept.setdefault(key, Session())
        session.users += 1
        if session.timer is not None:
            session.timer.cancel()
        try:
            async with session.lock:
                yield session
        finally:
            session.users -= 1
            if not session.users:
                self._rest(key, session)

    def end_old(self) -> None:
        """End those whose browser is not the one for new pages any more, and those that are too many."""
        idle = [key for key, one in self._kept.items() if not one.users]
        for place, key in enumerate(idle):
            window = self._kept[key].window
            is_old = window is None or not window.process.is_newest(window.context)
            if is_old or len(idle) - place > self._most:
                self._end(key)

    async def close(self) -> None:
        """End all of them; a second call does nothing."""
        for key in list(self._kept):
            self._end(key)
        if self._ending:
            await asyncio.wait(self._ending)

    def _rest(self, key: SessionKey, session: Session) -> None:
        if self._kept.get(key) is not session:  # all were ended meanwhile
            self._drop(session)
        elif session.window is None:
            del self._kept[key]
        else:
            self._kept.move_to_end(key)
            session.timer = asyncio.get_running_loop().call_later(IDLE_S, self._end, key)

    def _end(self, key: SessionKey) -> None:
        session = self._kept.pop(key)
        if session.timer is not None:
            session.timer.cancel()
        self._drop(session)

    def _drop(self, session: Session) -> None:
        task = asyncio.ensure_future(session.drop())
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)
