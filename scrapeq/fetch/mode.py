"""Which way a page is to be fetched: decided here and nowhere else."""

from __future__ import annotations

from scrapeq.models import ScrapingConfig

#: Names of fetchers, as a worker wires them.
HTTP, STEALTH = "http", "stealth"


def fetch_mode(config: ScrapingConfig) -> str:
    """The name of the fetcher that these options want."""
    return STEALTH if config.use_stealth else HTTP
