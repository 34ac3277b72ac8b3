"""Logging in by hand: in a browser that is seen, by keys that are pressed."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scrapeq.errors import ConfigError
from scrapeq.fetch import find_browser
from scrapeq.fetch.browser import login as by_hand
from scrapeq.fetch.browser.finding import whole_browser
from scrapeq.fetch.browser.login import login
from scrapeq.settings import Settings, load_settings

#: Pressed a tenth of a second apart: what looks at the browser every half second has to let them be.
TYPED = "abcdefghijklmnopqrstuvwxyz"
FORM = b"""<script>localStorage.seen = 'form'</script>
<form action=/enter><input name=word autofocus onfocus="fetch('/ready')"></form>"""


@pytest.fixture
def display(needs_service: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A display of this test's own, that nobody sees."""
    program = shutil.which("Xvfb")
    whole = whole_browser(find_browser()).path
    needs_service("a display", program and shutil.which("xdotool"), "apt install xvfb xdotool")
    needs_service("all of Chromium", "" if "shell" in whole else whole, "apt install chromium")
    reading, writing = os.pipe()
    arguments = [str(program), "-displayfd", str(writing), "-nolisten", "tcp"]
    with subprocess.Popen(arguments, pass_fds=[writing], stderr=subprocess.DEVNULL) as server:
        try:
            os.close(writing)
            with os.fdopen(reading) as answer:
                monkeypatch.setenv("DISPLAY", f":{answer.readline().strip()}")
            monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
            yield
        finally:
            server.terminate()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A home of this test's own."""
    return load_settings(SCRAPEQ_HOME=tmp_path, SCRAPEQ_ALLOW_PRIVATE_ADDRESSES=True)


async def press(*keys: str) -> None:
    """Keys, as somebody at the display presses them."""
    await asyncio.to_thread(subprocess.run, ["xdotool", *keys], check=True)


async def asked(site: Any, path: str, times: int = 1) -> None:
    """Wait until a page has been asked for."""
    while sum(one.startswith(path) for one in site.paths()) < times:
        await asyncio.sleep(0.05)


def test_what_somebody_types_arrives_and_what_the_browser_held_is_kept(
    kit: Any, display: None, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: set[str] = set()
    look = by_hand._stored

    async def look_and_say(frame: Any) -> Any:
        found = await look(frame)
        seen.update((found or ())[:1])
        return found

    monkeypatch.setattr(by_hand, "_stored", look_and_say)
    site, other = kit.Site(), kit.Site(host="localhost")
    site.pages = {"/ready": kit.page(b""), "/login": kit.page(FORM)}
    other.pages = {
        "/form": kit.page(FORM.replace(b"'form'", b"'other'")),
        "/ready": kit.page(b""),
        "/enter": kit.page(b"inside<script>fetch('/inside')</script>", "Set-Cookie: s=1; HttpOnly"),
        "/inside": kit.page(b""),
    }

    async def run() -> Path:
        async with asyncio.timeout(60), site.serve(), other.serve():
            there = f"Location: http://localhost:{other.port}/form"
            site.pages["/enter"] = kit.page(b"", there, status="302 Found")
            logging_in = asyncio.create_task(
                asyncio.to_thread(login, "shop", f"{site.url}/login", settings=settings)
            )
            await asked(site, "/ready")
            while (
                site.url not in seen
            ):  # who leaves a page within half a second takes nothing of it along
                await asyncio.sleep(0.05)
            await press("key", "a", "Return")
            await asked(other, "/ready")
            await press("type", "--delay", "100", TYPED)
            await press("key", "Return")
            await asked(other, "/inside")
            await press("key", "ctrl+w")
            return await logging_in

    kept = json.loads(asyncio.run(run()).read_text())

    assert f"/enter?word={TYPED}" in other.paths()
    assert [(one["name"], one["value"], one["httpOnly"]) for one in kept["cookies"]] == [
        ("s", "1", True)
    ]
    assert {one["origin"]: one["localStorage"] for one in kept["origins"]} == {
        site.url: [{"name": "seen", "value": "form"}],
        other.url: [{"name": "seen", "value": "other"}],
    }


def test_a_page_that_cannot_be_opened_is_said_to_be(display: None, settings: Settings) -> None:
    with pytest.raises(ConfigError, match="could not open the page"):
        login("shop", "http://127.0.0.1:1/", settings=settings)
