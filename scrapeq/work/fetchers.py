"""The fetchers of a worker: the one place where a mode gets its fetcher."""

from __future__ import annotations

from collections.abc import Iterable

from scrapeq.fetch import Fetcher, Observer, http_fetchers
from scrapeq.settings import Settings


def open_fetchers(settings: Settings, observers: Iterable[Observer] = ()) -> dict[str, Fetcher]:
    """What this worker can fetch with, by mode (see `fetch_mode`)."""
    return http_fetchers(
        allow_private_addresses=settings.allow_private_addresses,
        connect_to=settings.connect_to,
        observers=observers,
    )
