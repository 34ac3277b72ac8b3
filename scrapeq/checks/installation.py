"""Whether the programs and packages of this machine are there and work."""

from __future__ import annotations

import importlib.util
import platform
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from scrapeq.checks.check import Check, bad, good, note
from scrapeq.errors import ScrapeqError

if TYPE_CHECKING:
    from scrapeq.fetch.browser import FoundBrowser

#: The parts that may be left out, each with the module that shows whether it is there, and what for.
EXTRAS = {
    "ai": ("openai", "language models"),
    "browser": ("playwright", "pages that need JavaScript"),
    "postgres": ("psycopg", "a record in PostgreSQL"),
    "server": ("fastapi", "the dashboard and the REST API"),
    "otel": ("opentelemetry.sdk", "traces"),
    "warc": ("warcio", "WARC files"),
}
#: The oldest Python that is tested.
OLDEST = (3, 11)
#: Seconds in which a browser starts and shows a page, also on a busy machine.
SHOW_S = 30


def python() -> Iterator[Check]:
    """The version of Python."""
    found = platform.python_version()
    if sys.version_info >= OLDEST:
        yield good("Python", found)
    else:
        yield bad("Python", found, "scrapeq needs Python 3.11 or newer: install it there")


def reading() -> Iterator[Check]:
    """What a worker does with a page, on a small one."""
    from scrapeq.clean import clean_content
    from scrapeq.extract import extract
    from scrapeq.models import Failure, Recipe

    body = (
        b"<html><title>t</title><h1>A title</h1><p>Words enough to be read by anybody.</p></html>"
    )
    found = extract(body, url="http://localhost/", content_type="text/html", recipe=Recipe())
    if isinstance(found, Failure) or clean_content(found).title is None:
        yield bad("reading pages", "a page cannot be read", "install scrapeq again")
    else:
        yield good("reading pages", "works")


def extras() -> Iterator[Check]:
    """The parts that may be left out."""
    missing = [name for name, (module, _) in EXTRAS.items() if not _is_there(module)]
    there = ", ".join(name for name in EXTRAS if name not in missing)
    if not missing:
        yield good("extras", f"{there}: all are installed")
        return
    lacking = ", ".join(f"{name} ({EXTRAS[name][1]})" for name in missing)
    yield note(
        "extras",
        f"{there or 'none'} installed; without {lacking}",
        f'where you need them: pip install "scrapeq[{",".join(missing)}]"',
    )


def _is_there(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # the package around it is missing, too
        return False


def browser(configured: Path | None) -> Iterator[Check]:
    """Which one, and whether it shows a page."""
    import asyncio

    from scrapeq.fetch import find_browser

    found = find_browser(configured)
    if found.missing:
        if configured is not None:
            hint = "correct it, or unset it to use the one that is found by itself"
            yield bad("browser", found.missing, hint)
            return
        what, _, how = found.missing.partition(": ")
        yield note("browser", f"{what}, so pages that need one are marked as such", how)
        return

    try:
        yield good("browser", asyncio.run(_shown(found)))
    except (ScrapeqError, TimeoutError) as error:
        why = str(error.__cause__ or "").strip().partition("\n")[0]
        problem = getattr(error, "problem", f"shows no page within {SHOW_S} s")
        yield bad(
            "browser",
            f"{found.path}: {problem}{': ' if why else ''}{why}",
            "name another program in SCRAPEQ_BROWSER, or install this one with all its libraries: "
            "apt install chromium-headless-shell, or playwright install --with-deps chromium-headless-shell",
        )


async def _shown(found: FoundBrowser) -> str:
    import asyncio

    from scrapeq.fetch.browser import BrowserProcess

    process = BrowserProcess(found)
    try:
        async with asyncio.timeout(SHOW_S):
            context = await process.context()
            page = await context.new_page()
            await page.set_content("<p>...</p><script>document.body.textContent = 'works'</script>")
            return f"{found.path}, {process.version}, {await page.inner_text('body')}"
    finally:
        await process.close()
