"""How long to leave a host alone between two requests: the one rule, for submitters and for workers."""

from __future__ import annotations

from functools import lru_cache

from scrapeq import urls
from scrapeq.models import ScrapingConfig

#: Where the options give no other pace, in milliseconds: what Scrapy's project template sets.
DEFAULT_GAP_MS = 1000

#: A column of a million rows has far fewer hosts.
_is_local = lru_cache(maxsize=10_000)(urls.is_local_host)


def gap_ms(config: ScrapingConfig, host: str) -> int:
    """Least milliseconds between the starts of two requests to a host, Crawl-delay apart.

    What was asked for; else a second, and nothing for a host on this machine.
    """
    if config.delay_between_requests is not None:
        return round(config.delay_between_requests * 1000)
    return 0 if _is_local(host) else DEFAULT_GAP_MS
