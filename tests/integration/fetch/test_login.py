"""A login that is kept once and used by every fetch and every rendered page."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from scrapeq.errors import ConfigError, InputError
from scrapeq.fetch import Rendered, Response, Routes
from scrapeq.fetch.browser.login import login
from scrapeq.models import ErrorKind, Failure, ScrapingConfig
from scrapeq.settings import load_settings

FORM = b"<form action=/enter><input name=secret><button>Go</button></form>"
INSIDE = b"<script>localStorage.name = 'An' + 'n'</script>"
PAGE = b"<p></p><script>document.querySelector('p').append('hello ' + localStorage.name)</script>"
STEPS: list[dict[str, Any]] = [
    {"fill": {"selector": "[name=secret]", "value": "hunter2"}},
    {"click": "button"},
    {"wait": 0.2},
]


def test_it_is_kept_and_used_and_goes_to_no_other_host(
    kit: Any, browser_is_here: None, tmp_path: Path
) -> None:
    site, other = kit.Site(), kit.Site(host="localhost")
    site.pages |= {
        "/login": kit.page(FORM),
        "/enter": kit.page(INSIDE, "Set-Cookie: session=sesame; HttpOnly"),
        "/page": kit.page(PAGE),
    }
    other.pages |= {"/page": kit.page(PAGE)}
    settings = load_settings(SCRAPEQ_HOME=tmp_path, SCRAPEQ_ALLOW_PRIVATE_ADDRESSES=True)

    async def run() -> tuple[Any, ...]:
        async with site.serve(), other.serve():
            path = await asyncio.to_thread(
                login, "shop", f"{site.url}/login", actions=STEPS, settings=settings
            )
            routes = Routes(True, logins=path.parent)
            config = ScrapingConfig.build(respect_robots=False, storage_state="shop")
            async with kit.open_browser(routes, pages=1) as fetcher:
                response = await fetcher.fetch(f"{site.url}/page", config)
                assert isinstance(response, Response), response
                shown = await fetcher.render(response, config)
                await fetcher.fetch(f"http://localhost:{other.port}/page", config)
                missing = await fetcher.fetch(
                    f"{site.url}/page", config.replace(storage_state="nobody")
                )
            return path, response, shown, missing

    path, response, shown, missing = asyncio.run(run())

    assert path == tmp_path / "logins" / "shop.json"
    assert path.stat().st_mode & 0o777 == 0o600
    assert "secret=hunter2" in next(r.path for r in site.requests if "/enter" in r.path)
    assert site.requests[-1].headers["cookie"] == "session=sesame"
    assert response.cookies == ()  # what is kept of a visit is none of the login's
    assert isinstance(shown, Rendered), shown
    assert b"hello Ann" in shown.response.body
    assert other.requests
    assert all("cookie" not in request.headers for request in other.requests)
    assert isinstance(missing, Failure)
    assert missing.kind is ErrorKind.CONFIG
    assert "scrapeq login nobody" in missing.message
    assert "sesame" not in f"{response} {shown} {missing}"


def test_a_login_that_does_not_work_keeps_nothing(
    kit: Any, browser_is_here: None, tmp_path: Path
) -> None:
    site = kit.Site()
    site.pages |= {"/login": kit.page(FORM)}
    settings = load_settings(SCRAPEQ_HOME=tmp_path, SCRAPEQ_ALLOW_PRIVATE_ADDRESSES=True)

    async def run() -> None:
        async with site.serve():
            await asyncio.to_thread(
                login, "shop", f"{site.url}/login", actions=[{"wait": 0.1}], settings=settings
            )

    with pytest.raises(ConfigError, match="held no cookie"):
        asyncio.run(run())
    assert not list(tmp_path.rglob("*.json"))


def test_without_a_display_it_says_what_to_do(
    browser_is_here: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setattr("sys.platform", "linux")

    with pytest.raises(ConfigError, match="no display") as refused:
        login("shop", "https://shop.example/login")
    assert "log in by actions" in str(refused.value)


@pytest.mark.parametrize(("name", "url"), [("../shop", "https://a.example"), ("shop", "nothing")])
def test_a_name_and_a_url_are_needed(name: str, url: str) -> None:
    with pytest.raises(InputError):
        login(name, url)


def test_a_damaged_file_is_named_and_not_shown(tmp_path: Path) -> None:
    from scrapeq.fetch import logins

    logins.keep(tmp_path, "shop", {"cookies": [{"name": "sesame"}]})

    with pytest.raises(ConfigError, match="is damaged") as refused:
        logins.load(tmp_path, "shop")
    assert "sesame" not in str(refused.value)
    assert json.loads(logins.path_of(tmp_path, "shop").read_text())
