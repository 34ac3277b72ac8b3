"""Which version of scrapeq this process has, as it tells others."""

from __future__ import annotations

from functools import cache
from importlib.metadata import PackageNotFoundError, version


@cache
def own_version() -> str:
    """As pip installed it; "" where it was not installed, as in a folder of its source."""
    try:
        return version("scrapeq")
    except PackageNotFoundError:
        return ""
