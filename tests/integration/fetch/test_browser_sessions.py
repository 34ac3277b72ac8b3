"""The option `session`: pages of one host in one batch share what a browser holds, and no others do."""

from __future__ import annotations

import asyncio
import os
import re
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest

from scrapeq.fetch import PoliteFetcher, Rendered, Response
from scrapeq.fetch.browser import process as process_module
from scrapeq.fetch.browser import sessions as sessions_module
from scrapeq.models import ErrorKind, Failure, ScrapingConfig

#: Counts the visits of one browser, in localStorage and in a cookie.
COUNTS = b"""<p></p><script>
localStorage.visits = 1 + (Number(localStorage.visits) || 0);
document.cookie = 'visits=' + localStorage.visits;
open('/other');
document.querySelector('p').append('visit ' + localStorage.visits + '.');
</script>"""
HANGS = b"<script>localStorage.visits = 70; while (true) {}</script>"


@dataclass
class Visitor:
    """Fetches and shows pages of one site, as an attempt does."""

    fetcher: PoliteFetcher
    site: Any

    async def outcome(
        self, path: str = "/", batch: str = "a", host: str = "127.0.0.1", **options: Any
    ) -> Rendered | Failure:
        config = ScrapingConfig.build(**{"respect_robots": False, "session": True, **options})
        url = f"http://{host}:{self.site.port}{path}"
        response = await self.fetcher.go_on(url, config, batch_id=batch)
        assert isinstance(response, Response), response
        return await self.fetcher.render(response, config, batch_id=batch)

    async def visits(self, **about: Any) -> int:
        """Which visit it is, by what the page says."""
        outcome = await self.outcome(**about)
        assert isinstance(outcome, Rendered), outcome
        found = re.search(rb"visit (\d+)\.", outcome.response.body)
        assert found, outcome.response.body
        return int(found[1])

    @property
    def process(self) -> Any:
        """The browser."""
        assert self.fetcher.renderer is not None
        return self.fetcher.renderer._plain


@pytest.fixture
def tell(kit: Any, browser_is_here: None) -> Callable[..., None]:
    """Run a story with a browser of its own; `pages` may be open at once, and as many sessions kept."""

    def run(story: Callable[[Visitor], Awaitable[None]], pages: int = 4) -> None:
        site = kit.Site({"/": kit.page(COUNTS), "/hangs": kit.page(HANGS), "/other": kit.page()})

        async def within() -> None:
            async with site.serve(), kit.open_browser(pages=pages) as fetcher:
                await story(Visitor(fetcher, site))

        asyncio.run(within())

    return run


def test_its_pages_share_what_a_browser_holds(tell: Callable[..., None]) -> None:
    async def story(visitor: Visitor) -> None:
        assert await visitor.visits() == 1
        assert await visitor.visits() == 2
        of_http = [one.headers.get("cookie") for one in visitor.site.requests if one.path == "/"]
        assert of_http == [None, "visits=1"]

    tell(story)


def test_without_it_each_page_is_somebody_elses(tell: Callable[..., None]) -> None:
    async def story(visitor: Visitor) -> None:
        assert [await visitor.visits(session=False) for _ in range(2)] == [1, 1]

    tell(story)


def test_it_crosses_no_batch_and_no_host(tell: Callable[..., None]) -> None:
    async def story(visitor: Visitor) -> None:
        assert await visitor.visits() == 1
        assert await visitor.visits(batch="b") == 1
        assert await visitor.visits(host="localhost") == 1
        assert await visitor.visits() == 2
        of_http = [one.headers.get("cookie") for one in visitor.site.requests if one.path == "/"]
        assert of_http == [None, None, None, "visits=1"]

    tell(story)


def test_pages_at_the_same_time_come_one_after_another(tell: Callable[..., None]) -> None:
    async def story(visitor: Visitor) -> None:
        together = await asyncio.gather(*(visitor.visits() for _ in range(4)))
        assert sorted(together) == [1, 2, 3, 4]

    tell(story)


def test_after_a_killed_browser_there_is_a_new_one(tell: Callable[..., None]) -> None:
    async def story(visitor: Visitor) -> None:
        assert await visitor.visits() == 1
        [tree] = visitor.process._trees.values()
        os.kill(tree.pid, signal.SIGKILL)
        assert await visitor.visits() == 1
        assert await visitor.visits() == 2

    tell(story)


def test_a_page_that_hangs_ends_it(tell: Callable[..., None]) -> None:
    async def story(visitor: Visitor) -> None:
        assert await visitor.visits() == 1
        hung = await visitor.outcome("/hangs", total_timeout_s=2)
        assert isinstance(hung, Failure), hung
        assert hung.kind is ErrorKind.PAGE_TIMEOUT
        assert await visitor.visits() == 1

    tell(story)


def test_it_ends_with_a_browser_that_is_renewed(
    tell: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process_module, "MOST_PAGES", 3)

    async def story(visitor: Visitor) -> None:
        assert [await visitor.visits() for _ in range(3)] == [1, 2, 3]
        assert await visitor.visits(session=False) == 1  # in a new browser
        while len(visitor.process._trees) > 1:  # the old one has no page any more
            await asyncio.sleep(0.05)
        assert await visitor.visits() == 1

    tell(story)


def test_too_many_end_the_one_that_waits_longest(tell: Callable[..., None]) -> None:
    async def story(visitor: Visitor) -> None:
        assert [await visitor.visits(batch=batch) for batch in "abc"] == [1, 1, 1]
        assert [await visitor.visits(batch=batch) for batch in "cba"] == [2, 2, 1]
        assert visitor.fetcher.renderer is not None
        while (
            visitor.fetcher.renderer.open_pages
        ):  # one that waits is none; the third is being closed
            await asyncio.sleep(0.05)

    tell(story, pages=2)


def test_it_ends_when_no_page_comes(
    tell: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions_module, "IDLE_S", 0.05)

    async def story(visitor: Visitor) -> None:
        assert await visitor.visits() == 1
        while visitor.process.open_pages:
            await asyncio.sleep(0.05)
        assert await visitor.visits() == 1

    tell(story)
