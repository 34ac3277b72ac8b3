"""What `scrapeq doctor` looks at: each check with what it found and what to do."""

from __future__ import annotations

import importlib.util
import platform
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from scrapeq import cluster, database
from scrapeq.errors import ClusterFailed, ScrapeqError
from scrapeq.frontier import check_redis, connect
from scrapeq.settings import Settings, load_settings, make_home

#: Bytes of free disk below which a scrape of some thousand pages may not fit.
LITTLE_SPACE = 500_000_000
#: Seconds that Redis has to answer.
ANSWER_S = 3.0


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at. `result`: what was found, and for a bad one what to do."""

    what: str
    good: bool
    result: str


def checks() -> Iterator[Check]:
    """Each check in turn; none raises."""
    yield Check("Python", sys.version_info >= (3, 11), platform.python_version())
    try:
        settings = load_settings()
    except ScrapeqError as error:
        yield Check("settings", False, str(error))
        return
    yield _attempt("reading pages", _reading)
    yield _attempt("home", lambda: f"{make_home(settings.home)}")
    free = shutil.disk_usage(settings.home.parent).free
    yield Check("disk", free > LITTLE_SPACE, f"{free / 1e9:.1f} GB free")
    yield _attempt("database", lambda: _database(settings))
    yield _attempt("Redis", lambda: _redis(settings))
    yield _attempt("browser", lambda: _browser(settings))
    for extra, module in (("ai", "openai"), ("postgres", "psycopg")):
        there = importlib.util.find_spec(module) is not None
        result = "installed" if there else f'not installed; pip install "scrapeq[{extra}]" adds it'
        yield Check(f"extra {extra}", True, result)


def _attempt(what: str, look: Callable[[], str]) -> Check:
    try:
        return Check(what, True, look())
    except (ScrapeqError, OSError, ImportError) as error:
        return Check(what, False, str(error))


def _reading() -> str:
    """What a worker does with a page, on a small one."""
    from scrapeq.clean import clean_content
    from scrapeq.extract import extract
    from scrapeq.models import Failure, Recipe

    body = (
        b"<html><title>t</title><h1>A title</h1><p>Words enough to be read by anybody.</p></html>"
    )
    found = extract(body, url="http://localhost/", content_type="text/html", recipe=Recipe())
    if isinstance(found, Failure) or clean_content(found).title is None:
        raise ClusterFailed("a page cannot be read", hint="install scrapeq again")
    return "works"


def _database(settings: Settings) -> str:
    engine = database.open_database(settings)
    engine.dispose()
    where = engine.url.render_as_string(hide_password=True)
    if settings.shared and settings.database_url is None:
        return f"{where}; workers on other machines need SCRAPEQ_DATABASE_URL"
    return where


def _browser(settings: Settings) -> str:
    """Which one, and whether it shows a page."""
    import asyncio

    from scrapeq.fetch import find_browser
    from scrapeq.fetch.browser import BrowserProcess

    found = find_browser(settings.browser)
    if found.missing:
        return f"none, so pages that need one are marked as such; {found.missing}"

    async def show() -> str:
        process = BrowserProcess(found)
        try:
            context = await process.context()
            page = await context.new_page()
            await page.set_content("<p>...</p><script>document.body.textContent = 'works'</script>")
            return f"{found.path}, {process.version}, {await page.inner_text('body')}"
        finally:
            await process.close()

    return asyncio.run(show())


def _redis(settings: Settings) -> str:
    if not settings.shared:
        cluster.ensure_cluster(settings, workers=0)
    client = connect(
        cluster.redis_url(settings), named_by=settings.redis_named_by, timeout_s=ANSWER_S
    )
    check_redis(client)
    kind = "shared" if settings.shared else "private"
    return f"{kind}, version {client.info('server')['redis_version']}"
