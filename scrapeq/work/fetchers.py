"""What a worker fetches and renders with: the one place where a mode gets its fetcher."""

from __future__ import annotations

from collections.abc import Iterable

from scrapeq.fetch import Fetcher, Observer, Renderer, Routes, find_browser, http_fetchers
from scrapeq.fetch.browser import Limits
from scrapeq.settings import Settings


def open_fetchers(settings: Settings, observers: Iterable[Observer] = ()) -> dict[str, Fetcher]:
    """What this worker can fetch with, by mode (see `fetch_mode`)."""
    return http_fetchers(
        allow_private_addresses=settings.allow_private_addresses,
        connect_to=settings.connect_to,
        observers=observers,
        logins=settings.home / "logins",
    )


def open_renderer(settings: Settings) -> Renderer:
    """The browser of this worker, which starts with its first page; it may be missing."""
    routes = Routes(
        settings.allow_private_addresses, dict(settings.connect_to), settings.home / "logins"
    )
    pages = Limits.here().pages(settings.browser_pages, settings.workers)
    return Renderer(find_browser(settings.browser), routes, pages)
