"""Whether what is asked for by name can be met at all, before a row is submitted."""

from __future__ import annotations

from scrapeq.extract.selectors import check_selectors
from scrapeq.models import ScrapingConfig


def check_options(config: ScrapingConfig) -> None:
    """Do nothing if the selectors and the record can be understood. Raises ConfigError."""
    check_selectors(config.custom_selectors)
    if config.record is not None:
        from scrapeq.records import check_record  # with the parsers that it asks

        check_record(config.record)
