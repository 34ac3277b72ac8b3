"""Cookies that a page's server has set, on their way into the browser."""

from __future__ import annotations

import asyncio
from typing import Any

from scrapeq.fetch import Rendered
from scrapeq.models import ScrapingConfig

SAYS = b"""<p></p><script>
const say = (text) => document.querySelector('p').append(text, '; ');
say('scripts see ' + document.cookie);
cookieStore.getAll().then((all) => {
  for (const one of all) say(one.name + ' is ' + one.sameSite);
  return fetch('/seen');
});
</script>"""
SET = (
    "Set-Cookie: hidden=1; HttpOnly",
    "Set-Cookie: shown=2; SameSite=Strict",
    "Set-Cookie: __Host-odd=3; Domain=127.0.0.1",  # browsers keep no such cookie
    "Set-Cookie: other=4; SameSite=None",  # nor this one
)


def test_they_are_there_as_their_server_set_them(kit: Any, browser_is_here: None) -> None:
    site = kit.Site()
    site.pages = {"/": kit.page(SAYS, *SET), "/seen": kit.page(b"")}

    async def run() -> Any:
        async with site.serve(), kit.open_browser(pages=1) as fetcher:
            config = ScrapingConfig.build(respect_robots=False)
            return await kit.render(fetcher, f"{site.url}/", config)

    outcome = asyncio.run(run())

    assert isinstance(outcome, Rendered), outcome
    said = outcome.response.body.decode()
    assert "scripts see shown=2;" in said
    assert "shown is strict" in said
    assert sorted(site.requests[-1].headers["cookie"].split("; ")) == ["hidden=1", "shown=2"]
