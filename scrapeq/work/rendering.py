"""Which pages a browser shows, and what is read of them then."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial

from scrapeq.extract import sniff
from scrapeq.extract.sniff import START_BYTES
from scrapeq.fetch import BrowserFailed, Challenged, PoliteFetcher, Response
from scrapeq.frontier import BrowserReport
from scrapeq.models import (
    Content,
    DocumentKind,
    Failure,
    Lane,
    PageFile,
    PageKind,
    Recipe,
    ScrapingConfig,
    SlotOwner,
)
from scrapeq.work.browser_needs import BrowserNeeds
from scrapeq.work.refusal import refused
from scrapeq.work.stages import Stages

log = logging.getLogger(__name__)

#: What a script makes another page of.
_NOT_YET_A_PAGE = frozenset({PageKind.SCRIPT_SHELL, PageKind.REDIRECT_STUB, PageKind.CHALLENGE})


@dataclass(frozen=True, slots=True)
class ReadPage:
    """A page with what was read of it. reason: why a browser showed it, or should have and did not;
    None: nothing asked for one."""

    response: Response | None
    outcome: Content | Failure
    rendered: bool = False
    reason: str | None = None
    files: tuple[PageFile, ...] = ()


@dataclass(frozen=True, slots=True)
class _NotShown:
    """why: what the browser lacks or does, in words."""

    why: str


class Rendering:
    """Reads pages, in the browser those that need it.

    A page that needs a browser goes on in the browser's lane where this process has none and another
    has, or while its own is crowded: one that is free takes it. What needed one is remembered by its
    host and the shape of its path, so that its like are not fetched here only to be moved.
    """

    def __init__(self, fetcher: PoliteFetcher, stages: Stages) -> None:
        renderer = fetcher.renderer
        #: Why there is no browser and how to get one; "" if there is one.
        self.missing = renderer.missing if renderer is not None else "this worker has none"
        self._pages = renderer.pages if renderer is not None else 0
        self._begun: set[int] = set()  # tokens of pages on their way to the browser, or in it
        self._fetcher = fetcher
        self._stages = stages
        self.needs = BrowserNeeds()
        #: Whether a worker has a browser; others tell of theirs.
        self.any_browser = not self.missing

    @property
    def report(self) -> BrowserReport | None:
        """What to tell others of the browser; None if there is none."""
        renderer = self._fetcher.renderer
        if renderer is None or self.missing:
            return None
        return BrowserReport(
            renderer.is_up, renderer.open_pages, renderer.rendered, renderer.memory_mb
        )

    @property
    def room(self) -> int:
        """Pages that could be begun now, and would not wait for the browser."""
        return max(0, self._pages - len(self._begun))

    @contextmanager
    def place(self, token: int, href: str, config: ScrapingConfig, lane: Lane) -> Iterator[bool]:
        """Inside it a page is fetched and read under the lease of `token`; whether it is to be, here.

        False for a page that will need a browser while this process's has more to do than it can.
        """
        expected = lane is Lane.BROWSER or self._will_need(href, config)
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
        response: Response | Challenged,
        config: ScrapingConfig,
        recipe: Recipe,
        *,
        owner: SlotOwner,
        lane: Lane,
        batch_id: str,
    ) -> ReadPage | None:
        """A page that was fetched, read; None: it is to go on in the browser's lane.

        Inside its `place`; `owner` is its lease. batch_id: whose `session` it may be in, and whose
        budget the last stages spend.
        """
        page = await self._read(response, config, recipe, owner=owner, lane=lane, batch_id=batch_id)
        if page is None or page.response is None or not isinstance(page.outcome, Content):
            return page
        if refused(page.outcome, recipe) is not None:
            return page
        self._begun.discard(owner.token)  # what comes now needs no browser
        leave = partial(self._fetcher.leave_host, owner)
        outcome = await self._stages.finish(
            page.response, config, recipe, page.outcome, batch_id=batch_id, leave_host=leave
        )
        return replace(page, outcome=outcome)

    async def _read(
        self,
        response: Response | Challenged,
        config: ScrapingConfig,
        recipe: Recipe,
        *,
        owner: SlotOwner,
        lane: Lane,
        batch_id: str,
    ) -> ReadPage | None:
        if isinstance(response, Challenged):
            return await self._after_check(
                response, config, recipe, owner=owner, lane=lane, batch_id=batch_id
            )
        content: Content | Failure | None = None
        if response.render_reason is not None:  # a stored page, which is what it became already
            content = await self._stages.run(response, config, recipe)
            return ReadPage(response, content, rendered=True, reason=response.render_reason)
        if config.always_renders and _is_html(response):
            reason = _asked(config)
        else:
            content = await self._stages.run(response, config, recipe)
            need = None if config.render == "never" or config.only_stored else _need(content)
            if need is None:
                return ReadPage(response, content)
            reason = need
            self.needs.note(response.url)
        shown = await self._show(
            response, config, recipe, owner=owner, lane=lane, batch_id=batch_id, reason=reason
        )
        if not isinstance(shown, _NotShown):
            return shown
        if content is None:
            content = await self._stages.run(response, config, recipe)
        return ReadPage(response, content, reason=f"{reason}; not rendered: {shown.why}")

    async def _after_check(
        self,
        refused: Challenged,
        config: ScrapingConfig,
        recipe: Recipe,
        *,
        owner: SlotOwner,
        lane: Lane,
        batch_id: str,
    ) -> ReadPage | None:
        """What comes after a check against robots; None: it is to go on in the browser's lane.

        If nothing does, it stays the refusal that it was, and is not tried again.
        """
        if refused.page is None or config.render == "never":
            return ReadPage(None, refused)
        reason = str(PageKind.CHALLENGE)
        shown = await self._show(
            refused.page, config, recipe, owner=owner, lane=lane, batch_id=batch_id, reason=reason
        )
        if isinstance(shown, _NotShown):
            return ReadPage(None, refused, reason=f"{reason}; not rendered: {shown.why}")
        if shown is not None and shown.response is refused.page:  # it failed in the browser
            final = replace(refused, retryable=False)
            reason += "; the browser did not get past it"
            return ReadPage(None, final, rendered=True, reason=reason, files=shown.files)
        return shown

    async def _show(
        self,
        response: Response,
        config: ScrapingConfig,
        recipe: Recipe,
        *,
        owner: SlotOwner,
        lane: Lane,
        batch_id: str,
        reason: str,
    ) -> ReadPage | _NotShown | None:
        """A page as it became in the browser, read; None: it is to go on in the browser's lane."""
        if owner.token not in self._begun and self._is_crowded(lane):
            return None
        if self.missing:
            return _NotShown(self.missing)
        self._begun.add(owner.token)
        try:
            rendered = await self._fetcher.render(response, config, owner, batch_id)
        except BrowserFailed as error:
            log.warning("%s", error)
            return _NotShown(str(error))
        if isinstance(rendered, Failure):
            return ReadPage(response, rendered, rendered=True, reason=reason, files=rendered.files)
        content = await self._stages.run(rendered.response, config, recipe)
        whole = f"{reason}; {rendered.note}" if rendered.note else reason
        return ReadPage(
            rendered.response, content, rendered=True, reason=whole, files=rendered.files
        )

    def _is_crowded(self, lane: Lane) -> bool:
        """Whether another worker's browser is the better place for a page that needs one.

        As many pages wait here as are open, or there is none here. Who claimed in the browser's lane
        waits, too.
        """
        if lane is not Lane.HTTP:
            return False
        if self.missing:
            return self.any_browser
        return len(self._begun) >= 2 * self._pages

    def _will_need(self, href: str, config: ScrapingConfig) -> bool:
        if config.always_renders:
            return True
        return config.render == "auto" and not config.only_stored and self.needs.is_known(href)


def _asked(config: ScrapingConfig) -> str:
    """Why every page of a batch is shown in a browser."""
    wanted = ("actions",) * bool(config.actions) + config.brings
    return 'render="always"' if config.render == "always" else f"for {', '.join(wanted)}"


def _need(content: Content | Failure) -> str | None:
    """Why a page needs a browser, from what plain HTTP gave of it."""
    if isinstance(content, Failure):
        return None
    if content.browser_need is None and content.page_kind in _NOT_YET_A_PAGE:
        return str(content.page_kind)
    return content.browser_need


def _is_html(response: Response) -> bool:
    """Whether a browser may show it: what is called HTML, or nothing, and begins like no other document."""
    if response.content_type and "html" not in response.content_type.lower():
        return False
    found = sniff(response.body[:START_BYTES], response.content_type)
    return isinstance(found, Failure) or found.kind is DocumentKind.HTML
