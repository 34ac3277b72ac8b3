"""Pages that frameworks draw in the browser: chosen by what HTTP brings, and read when they are there.

Eight frameworks, built from their packages (`tests/client_rendered`), in one browser, side by side.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import pytest

from scrapeq.extract import extract
from scrapeq.fetch import Rendered, Response
from scrapeq.models import Content, Recipe, ScrapingConfig
from tests.client_rendered import DRAWN, OFFERS, WHOLE, files

RECIPE = Recipe(main_text="fast", custom_selectors={"headline": "h1", "price": ".price"})


@dataclass(frozen=True)
class Found:
    """need: why the page is to be rendered, by what HTTP brought. outcome: what it became then."""

    need: str | None
    outcome: Any = None


def read(response: Response) -> Content:
    content = extract(
        response.body, url=response.url, content_type=response.content_type, recipe=RECIPE
    )
    assert isinstance(content, Content)
    return content


@pytest.fixture(scope="module")
def found(kit: Any, browser_is_here: None) -> dict[str, Found]:
    """What became of every page, of those of each kind."""
    site = kit.Site()
    for path, (body, content_type, encoding) in files().items():
        lines = [f"Content-Type: {content_type}"]
        lines += [f"Content-Encoding: {encoding}"] if encoding else []
        site.pages[path] = kit.page(body, *lines)

    async def run() -> dict[str, Found]:
        async with site.serve(), kit.open_browser() as fetcher:
            config = ScrapingConfig.build(respect_robots=False, total_timeout_s=60)

            async def look(name: str) -> Found:
                response = await fetcher.fetch(f"{site.url}/page/{name}", config)
                assert isinstance(response, Response)
                need = read(response).browser_need
                if need is None:
                    return Found(None)
                return Found(need, await fetcher.render(response, config))

            names = [*DRAWN, *WHOLE]
            return dict(zip(names, await asyncio.gather(*map(look, names)), strict=True))

    return asyncio.run(run())


@pytest.mark.parametrize("name", DRAWN)
def test_a_page_that_is_drawn_in_the_browser_is_rendered_and_whole(
    name: str, found: dict[str, Found]
) -> None:
    page = found[name]

    assert page.need is not None
    assert isinstance(page.outcome, Rendered), page.outcome
    assert page.outcome.response.body.count(b'<b class="price"') >= OFFERS
    assert read(page.outcome.response).fields == {"headline": "The shop", "price": "11.50 EUR"}


@pytest.mark.parametrize("name", WHOLE)
def test_a_page_that_its_server_drew_is_not_rendered(name: str, found: dict[str, Found]) -> None:
    assert found[name].need is None
