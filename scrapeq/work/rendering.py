"""Which pages a browser shows, and what is read of them then."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from yarl import URL

from scrapeq import urls
from scrapeq.fetch import BrowserFailed, PoliteFetcher, Response
from scrapeq.models import (
    Content,
    Failure,
    Lane,
    PageKind,
    Recipe,
    ScrapingConfig,
    SlotOwner,
)
from scrapeq.work.stages import Stages

log = logging.getLogger(__name__)

#: Shapes of addresses that are remembered, and for how many seconds: a site is seldom built anew.
MOST_SHAPES, REMEMBERED_S = 10_000, 3600.0
_ASKED = 'render="always"'
#: What a script makes another page of.
_NOT_YET_A_PAGE = frozenset({PageKind.SCRIPT_SHELL, PageKind.REDIRECT_STUB, PageKind.CHALLENGE})


@dataclass(frozen=True, slots=True)
class ReadPage:
    """A page with what was read of it. reason: why a browser showed it, or should have and did not;
    None: nothing asked for one."""

    response: Response
    outcome: Content | Failure
    rendered: bool = False
    reason: str | None = None


class Rendering:
    """Reads pages, in the browser those that need it.

    A page that needs a browser while this process's is crowded goes on in the browser's lane: one
    that is free takes it. What needed one is remembered by its host and the shape of its path, so
    that its like are not fetched here only to be moved.
    """

    def __init__(self, fetcher: PoliteFetcher, stages: Stages) -> None:
        renderer = fetcher.renderer
        #: Why there is no browser and how to get one; "" if there is one.
        self.missing = renderer.missing if renderer is not None else "this worker has none"
        self._pages = renderer.pages if renderer is not None else 0
        self._begun: set[int] = set()  # tokens of pages on their way to the browser, or in it
        self._fetcher = fetcher
        self._stages = stages
        self._needed: dict[str, float] = {}  # shape → until when it is remembered

    @property
    def room(self) -> int:
        """Pages that could be begun now, and would not wait for the browser."""
        return max(0, self._pages - len(self._begun))

    @contextmanager
    def place(self, token: int, href: str, config: ScrapingConfig, lane: Lane) -> Iterator[bool]:
        """Inside it a page is fetched and read under the lease of `token`; whether it is to be, here.

        False for a page that will need a browser while this process's has more to do than it can.
        """
        expected = not self.missing and (lane is Lane.BROWSER or self._will_need(href, config))
        if expected and self._is_crowded(lane):
            yield False
            return
        if expected:
            self._begun.add(token)
        try:
            yield True
        finally:
            self._begun.discard(token)

    async def read(
        self,
        response: Response,
        config: ScrapingConfig,
        recipe: Recipe,
        *,
        owner: SlotOwner,
        lane: Lane,
    ) -> ReadPage | None:
        """A page that was fetched, read; None: it is to go on in the browser's lane.

        Inside its `place`; `owner` is its lease.
        """
        content: Content | Failure | None = None
        if response.render_reason is not None:  # a stored page, which is what it became already
            content = await self._stages.run(response, config, recipe)
            return ReadPage(response, content, rendered=True, reason=response.render_reason)
        if config.always_renders and _is_html(response):
            reason: str | None = _ASKED if config.render == "always" else "actions"
        else:
            content = await self._stages.run(response, config, recipe)
            reason = None if config.render == "never" else _need(content)
            if reason is None:
                return ReadPage(response, content)
            self._remember(response.url)
        missing = self.missing
        if not missing:
            if owner.token not in self._begun and self._is_crowded(lane):
                return None
            self._begun.add(owner.token)
            try:
                rendered = await self._fetcher.render(response, config, owner)
            except BrowserFailed as error:
                log.warning("%s", error)
                missing = str(error)
            else:
                if isinstance(rendered, Failure):
                    return ReadPage(response, rendered, rendered=True, reason=reason)
                shown = rendered.response
                content = await self._stages.run(shown, config, recipe)
                whole = f"{reason}; {rendered.note}" if rendered.note else reason
                return ReadPage(shown, content, rendered=True, reason=whole)
        if content is None:
            content = await self._stages.run(response, config, recipe)
        return ReadPage(response, content, reason=f"{reason}; not rendered: {missing}")

    def _is_crowded(self, lane: Lane) -> bool:
        """Whether as many pages wait as are open; who claimed in the browser's lane waits, too."""
        return lane is Lane.HTTP and len(self._begun) >= 2 * self._pages

    def _will_need(self, href: str, config: ScrapingConfig) -> bool:
        if config.render == "auto" and not config.actions:
            return self._needed.get(_shape(href), 0) > time.monotonic()
        return config.always_renders

    def _remember(self, href: str) -> None:
        if len(self._needed) >= MOST_SHAPES:
            self._needed.clear()
        self._needed[_shape(href)] = time.monotonic() + REMEMBERED_S


def _need(content: Content | Failure) -> str | None:
    """Why a page needs a browser, from what plain HTTP gave of it."""
    if isinstance(content, Failure):
        return None
    if content.browser_need is None and content.page_kind in _NOT_YET_A_PAGE:
        return str(content.page_kind)
    return content.browser_need


def _is_html(response: Response) -> bool:
    return "html" in response.content_type.lower() or not response.content_type


def _shape(href: str) -> str:
    """The host and the path, without what tells one page of a kind from another: numbers and names."""
    segments = URL(href, encoded=True).raw_path.split("/")[:6]
    plain = ("*" if re.search(r"\d|.{24}", segment) else segment for segment in segments[:-1])
    return urls.host_key(href) + "/".join(plain)
