"""Who a page in the browser believes to be asked by: window, language, time zone, user agent, proxy."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

import pytest

from scrapeq.fetch import Rendered
from scrapeq.models import ErrorKind, Failure, ScrapingConfig

SAYS = b"""<pre></pre><script>fetch('/seen').then(() => document.querySelector('pre').append(
[innerWidth, innerHeight, navigator.language, Intl.DateTimeFormat().resolvedOptions().timeZone,
navigator.userAgent].join('|')))</script>"""
LOOKS: dict[str, Any] = {
    "viewport": "390x844",
    "locale": "de-AT",
    "timezone": "Asia/Tokyo",
    "user_agent": "Ours/1",
}


@pytest.fixture(scope="module")
def seen(kit: Any, browser_is_here: None) -> dict[str, Any]:
    """What pages and servers saw, by what was asked for."""
    site, proxy = kit.Site(), kit.Site()
    site.pages |= {"/": kit.page(SAYS), "/seen": kit.page(b"")}
    proxy.pages |= {"*": kit.page(SAYS)}

    async def run() -> dict[str, Any]:
        async with site.serve(), proxy.serve(), kit.open_browser() as fetcher:

            async def render(
                url: str, changes: dict[str, Any] | None = None, **options: Any
            ) -> Any:
                config = ScrapingConfig.build(respect_robots=False, **options)
                config = config.model_copy(update=changes)  # which is not validated
                return await kit.render(fetcher, url, config)

            own = await render(f"{site.url}/", **LOOKS)
            requests = list(site.requests)
            unknown = await render(f"{site.url}/", {"timezone": "Mars/Base"})
            through = await render(
                "http://shop.example/", proxy=f"http://ann:hunter2@127.0.0.1:{proxy.port}"
            )
            return {
                "own": own,
                "requests": requests,
                "unknown": unknown,
                "through": through,
                "proxied": list(proxy.requests),
            }

    return asyncio.run(run())


def test_the_page_sees_what_was_asked_for(seen: dict[str, Any]) -> None:
    assert isinstance(seen["own"], Rendered), seen["own"]
    assert b"390|844|de-AT|Asia/Tokyo|Ours/1" in seen["own"].response.body


def test_its_server_is_told_the_same_by_http_and_by_the_browser(seen: dict[str, Any]) -> None:
    by_http, *by_browser = seen["requests"]

    assert [request.path for request in by_browser] == ["/seen"]
    for request in seen["requests"]:
        assert request.headers["user-agent"] == "Ours/1"
        assert request.headers["accept-language"].startswith("de-AT")
    assert by_http.headers["accept-language"] == "de-AT,de;q=0.9"


def test_a_time_zone_that_the_browser_does_not_know_is_named(seen: dict[str, Any]) -> None:
    assert isinstance(seen["unknown"], Failure), seen["unknown"]
    assert seen["unknown"].kind is ErrorKind.CONFIG
    assert "'Mars/Base'" in seen["unknown"].message


def test_all_of_a_page_comes_through_a_proxy_with_a_password(seen: dict[str, Any]) -> None:
    login = "Basic " + base64.b64encode(b"ann:hunter2").decode()

    assert isinstance(seen["through"], Rendered), seen["through"]
    assert [request.path for request in seen["proxied"]] == [
        "http://shop.example/",
        "http://shop.example/seen",
    ]
    assert {request.headers["proxy-authorization"] for request in seen["proxied"]} == {login}
