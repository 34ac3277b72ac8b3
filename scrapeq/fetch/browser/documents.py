"""Which documents a page may be: the one that HTTP has brought, then those its scripts lead to.

The first is given to the browser as it came. Each that a script leads to needs robots.txt and a slot
like any request, and its refusal ends the page with the reason, as a redirect of a server would.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from scrapeq import urls
from scrapeq.fetch.browser.proxy import GuardProxy
from scrapeq.fetch.protocols import MustWait, Slot
from scrapeq.fetch.response import Response
from scrapeq.models import ErrorKind, Failure, ScrapingConfig, reveal

if TYPE_CHECKING:
    from playwright.async_api import CDPSession, Page

#: Documents that the scripts of one page may lead to; see `max_redirects` for those of servers.
MOST_DOCUMENTS = 10
#: Fields of the answer that were about its way here, or that the browser gets otherwise.
_NOT_HANDED_ON = frozenset(
    {"content-encoding", "content-length", "transfer-encoding", "set-cookie", "connection"}
)


class Documents:
    """Those of one page.

    limit: the page's time, which stands still while a document waits for its slot. end: ends the page.
    """

    def __init__(
        self,
        response: Response,
        *,
        config: ScrapingConfig,
        slot: Slot,
        proxy: GuardProxy,
        limit: asyncio.Timeout,
        end: Callable[[Failure], None],
    ) -> None:
        self._response = response
        self._config = config
        self._slot = slot
        self._proxy = proxy
        self._limit = limit
        self._end = end
        self._loop = asyncio.get_running_loop()
        self._main_frame = ""
        self._count = 0  # that were shown, or asked for
        #: Of the newest one.
        self.status = response.http_status
        #: Whether the page has been read, and leads nowhere any more.
        self.is_closed = False

    @property
    def is_checking(self) -> bool:
        """Whether it is a check against robots that has not led on yet."""
        return self._response.http_status >= 400 and self._count < 2

    async def listen(
        self, page: Page, session: CDPSession, main_frame: str, later: Callable[[Any], None]
    ) -> None:
        """Let every document of the page come by here. later: does something beside the page."""
        self._main_frame = main_frame
        page.on("response", self._on_response)
        page.on("requestfailed", self._on_request_failed)
        session.on("Fetch.requestPaused", lambda event: later(self._decide(session, event)))
        patterns = [{"urlPattern": "*", "resourceType": "Document"}]
        if self._config.headers:
            home = urls.origin(self._response.final_url)
            patterns.append({"urlPattern": f"{home}/*"})
        await session.send("Fetch.enable", {"patterns": patterns})

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
            elif self._count == 0:
                self._count = 1
                await session.send("Fetch.fulfillRequest", self._as_it_came(request_id))
            elif not self.is_closed and await self._may_lead_to(url):
                await self._let_through(session, request_id, event)
            else:
                # "Aborted" leaves a page as it is, for its picture
                why = "Aborted" if self.is_closed else "BlockedByClient"
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
        """Whether the page may become another document; if not, it has ended."""
        self._count += 1
        if self._count > MOST_DOCUMENTS:
            self._fail(ErrorKind.REDIRECTS, f"the page leads on more than {MOST_DOCUMENTS} times")
            return False
        if not url.startswith(("http://", "https://")):
            self._fail(ErrorKind.SCHEME, f"the page leads to a {url.partition(':')[0][:20]}: URL")
            return False
        ends_s, began_s = self._limit.when(), self._loop.time()
        self._limit.reschedule(None)  # politeness is no fault of the page
        try:
            refused = await self._slot(url)
        finally:
            waited_s = self._loop.time() - began_s
            self._limit.reschedule(None if ends_s is None else ends_s + waited_s)
        assert not isinstance(refused, MustWait)  # noqa: S101 - a browser's slots are patient
        if refused is not None:
            self._end(replace(refused, final_url=urls.shown(url)))
        return refused is None

    def _on_request_failed(self, request: Any) -> None:
        """A document that a script led to and that could not be had ends the page.

        A download and an answer without content are "aborted", and the page stays.
        """
        problem = str(request.failure)
        if not _is_main(request) or "ABORTED" in problem or "BLOCKED" in problem:
            return
        if why := self._proxy.refused.get(urls.host_key(request.url)):
            self._fail(why.kind, why.message)
        else:
            self._fail(ErrorKind.RESET, f"a script led to a page that did not come: {problem}")

    def _on_response(self, response: Any) -> None:
        if _is_main(response.request):
            self.status = response.status
            self._slot.answered()

    def _fail(self, kind: ErrorKind, message: str) -> None:
        self._end(self._response.failed(kind, message))


def _is_main(request: Any) -> bool:
    return bool(request.is_navigation_request() and request.frame.parent_frame is None)
