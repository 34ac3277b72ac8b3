"""The one rim: whatever raises while a job is tried, the job ends as a row of its own."""

from __future__ import annotations

import asyncio

import pytest

from scrapeq.database.jobs import Work
from scrapeq.fetch import MemoryRobots, MemoryThrottle, PoliteFetcher
from scrapeq.frontier import Lease
from scrapeq.models import ErrorKind, ScrapingConfig
from scrapeq.work.attempt import Plan, attempt
from scrapeq.work.readers import Readers
from scrapeq.work.rendering import Rendering
from scrapeq.work.stages import Stages


class Raises:
    """A fetcher with a fault of its own."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    async def fetch(self, url, config, slot, *, cut=False, trail=None, held=()):
        raise self.error

    async def close(self):
        """Nothing is open."""


@pytest.mark.parametrize(
    ("error", "kind"),
    [(KeyError("x"), ErrorKind.INTERNAL), (ImportError("curl"), ErrorKind.CONFIG)],
)
def test_an_error_of_a_fetcher_is_ours_and_final(error, kind):
    config = ScrapingConfig(respect_robots=False, max_retries=5)
    url = "http://shop.example/"
    fetcher = PoliteFetcher(
        fetchers={"http": Raises(error)}, throttle=MemoryThrottle(), robots=MemoryRobots()
    )

    outcome = asyncio.run(
        attempt(
            Lease("job", token=1, tries=1, lost=0),
            Work("job", "batch", 0, url, url, "shop.example", done=False),
            Plan(config, config.recipe, config.recipe.digest),
            None,
            fetcher,
            Rendering(fetcher, Stages(Readers(1))),
        )
    )

    assert outcome.result.page.error_kind is kind
    assert outcome.ending.verb == "done"
    assert outcome.ending.verdict == ""
