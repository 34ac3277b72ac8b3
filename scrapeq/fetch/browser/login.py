"""Logging in once: by hand in a visible browser, or by actions in one without a window."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scrapeq import urls
from scrapeq.errors import ConfigError, InputError
from scrapeq.fetch import logins
from scrapeq.fetch.browser import actions as page_actions
from scrapeq.fetch.browser.finding import FoundBrowser, find_browser, whole_browser
from scrapeq.fetch.browser.process import NO_WEBDRIVER, BrowserProcess
from scrapeq.fetch.browser.proxy import GuardProxy
from scrapeq.fetch.failed import Failed
from scrapeq.fetch.resolve import Names
from scrapeq.fetch.route import Routes
from scrapeq.models import Failure, ScrapingConfig
from scrapeq.models.config import LOGIN_NAME
from scrapeq.settings import Settings, load_settings, make_home

if TYPE_CHECKING:
    from playwright.async_api import BrowserContext, Frame

#: Seconds for the page to load, and for it to come to rest before and after each action.
LOAD_S, REST_S = 30.0, 10.0
#: Seconds between two looks at what a visible browser holds: what it had when it closed is gone.
LOOK_S = 0.5


def login(
    name: str,
    url: str,
    *,
    actions: Sequence[dict[str, Any]] | str = (),
    settings: Settings | None = None,
) -> Path:
    """Log in and keep what the browser holds then; the path of the file, which is a secret.

    Without `actions` a browser opens at `url`: log in, and close it. With them (see the option
    `actions`) they are done in a browser without a window. `storage_state=name` uses the login.
    A login of the same name is replaced.

    Raises ConfigError where there is no browser or no display, or an action could not be done.
    """
    settings = settings or load_settings()
    if not re.fullmatch(LOGIN_NAME, name):
        raise InputError(
            "a login's name has letters, digits, _ and -, at most 64", hint="write one like shop"
        )
    parsed = urls.parse(url)
    if isinstance(parsed, Failure):
        raise InputError(parsed.message, hint="write a URL like https://shop.example/login")
    config = ScrapingConfig.build(actions=actions)
    found = find_browser(settings.browser)
    if found.missing:
        raise ConfigError(found.missing, hint="see what `scrapeq doctor` says of the browser")
    if config.actions:
        doing = _by_actions(parsed.href, config, found, settings)
    else:
        doing = _by_hand(parsed.href, _visible(found))
    with ThreadPoolExecutor(1) as thread:  # a notebook's own thread has a loop that runs
        state = thread.submit(asyncio.run, doing).result()
    if not state["cookies"] and not state["origins"]:
        raise ConfigError(
            "the browser held no cookie and nothing else when it was closed", hint="log in first"
        )
    return logins.keep(make_home(settings.home) / "logins", name, state)


async def _by_actions(
    url: str, config: ScrapingConfig, found: FoundBrowser, settings: Settings
) -> dict[str, Any]:
    """What the browser holds after the actions. Its traffic is guarded as that of every page."""
    from playwright.async_api import Error

    routes = Routes(settings.allow_private_addresses, dict(settings.connect_to))
    process, names = BrowserProcess(found), Names()
    try:
        async with GuardProxy(routes, config, names) as proxy:
            context = await process.context(proxy={"server": proxy.url}, accept_downloads=False)
            page = await context.new_page()

            async def settle() -> str:
                with suppress(Error):  # it polls for ever
                    await page.wait_for_load_state("networkidle", timeout=1000 * REST_S)
                return ""

            await page.goto(url, timeout=1000 * LOAD_S)
            await settle()
            await page_actions.perform(
                config.actions,
                page,
                settle=settle,
                evaluate=page.evaluate,
                left_s=lambda: page_actions.ACTION_S,
            )
            return dict(await context.storage_state())
    except Failed as failed:
        raise ConfigError(failed.message, hint="correct the actions") from None
    except Error as error:
        raise _not_opened(error) from None
    finally:
        await process.close()
        names.close()


def _visible(found: FoundBrowser) -> str:
    """The program of a browser that can show a window. Raises ConfigError."""
    by_actions = 'log in by actions: actions=[{"fill": ...}, {"click": ...}]'
    is_headless = not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    if sys.platform == "linux" and is_headless:
        raise ConfigError(
            "there is no display here for a browser to be seen on",
            hint=f"{by_actions}, or log in on another machine and copy the file",
        )
    whole = whole_browser(found)
    if whole == found and "shell" in Path(found.path).name:
        raise ConfigError(
            "the headless shell shows no window",
            hint=f"install Chromium or Chrome, or {by_actions}",
        )
    return whole.path


async def _by_hand(url: str, program: str) -> dict[str, Any]:
    """What the browser held last before it was closed."""
    from playwright.async_api import Error, async_playwright

    async with async_playwright() as playwright:
        is_root = hasattr(os, "getuid") and os.getuid() == 0
        # A person logs in, so it does not say to be driven: some sites let nobody in then.
        browser = await playwright.chromium.launch(
            executable_path=program,
            headless=False,
            chromium_sandbox=not is_root,
            args=[NO_WEBDRIVER],
            ignore_default_args=["--enable-automation"],
        )
        try:
            context = await browser.new_context(no_viewport=True)
            context.on("dialog", lambda _: None)  # else Playwright answers it
            page = await context.new_page()
            try:
                await page.goto(url, wait_until="commit", timeout=1000 * LOAD_S)
            except Error as error:
                if context.pages:  # else it was closed already
                    raise _not_opened(error) from None
            return await _until_closed(context)
        finally:
            with suppress(Error):
                await browser.close()


async def _until_closed(context: BrowserContext) -> dict[str, Any]:
    """Cookies, and localStorage of each origin that was seen.

    Not Playwright's own state of a context: for an origin that no page shows it opens one, in the
    middle of what somebody types.
    """
    from playwright.async_api import Error

    cookies: list[Any] = []
    stored: dict[str, list[Any]] = {}  # by origin
    with suppress(Error):  # it ended while it was asked
        while True:
            is_open = bool(context.pages)
            for frame in [frame for page in context.pages for frame in page.frames]:
                if found := await _stored(frame):
                    stored[found[0]] = found[1]
            cookies = list(await context.cookies())
            if not is_open:
                break
            await asyncio.sleep(LOOK_S)
    origins = [{"origin": one, "localStorage": held} for one, held in stored.items() if held]
    return {"cookies": cookies, "origins": origins}


async def _stored(frame: Frame) -> tuple[str, list[Any]] | None:
    """An origin and its localStorage; None of a frame that has none, went away or shows a dialog."""
    from playwright.async_api import Error

    with suppress(Error, TimeoutError):
        async with asyncio.timeout(LOOK_S):
            origin, entries = await frame.evaluate(_STORED)
            return origin, entries
    return None


_STORED = """[location.origin,
    Object.entries(localStorage).map(([name, value]) => ({ name, value }))]"""


def _not_opened(error: Exception) -> ConfigError:
    first = str(error).strip().splitlines()[0][:300]
    return ConfigError(
        f"the browser could not open the page: {first}", hint="correct the URL, or try again"
    )
