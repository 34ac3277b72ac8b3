"""Open jobs as Redis takes them, with what their batch's options ask of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import TYPE_CHECKING

from scrapeq import frontier
from scrapeq.throttle import gap_ms

if TYPE_CHECKING:
    from scrapeq.database.jobs import OpenJob
    from scrapeq.frontier import Addition
    from scrapeq.models import ScrapingConfig


#: Where jobs that send no request wait in place of their host, and how many are read at once: no pace
#: and no breaker holds them up, and they hold up nobody.
NO_HOST, MOST_READ = "stored pages", 1_000


def additions(batch_id: str, config: ScrapingConfig, jobs: Iterable[OpenJob]) -> Iterator[Addition]:
    """Jobs of one batch in their order: neighbours of the same priority together."""
    for priority, some in groupby(jobs, key=lambda job: job.priority):
        due = [_due(config, job) for job in some]
        yield frontier.Addition(
            batch_id,
            due,
            priority,
            MOST_READ if config.only_stored else config.max_per_host,
            config.respect_robots and not config.only_stored,
            round(1000 * config.crawl_delay_cap_s),
        )


def _due(config: ScrapingConfig, job: OpenJob) -> frontier.Due:
    if config.only_stored:
        return frontier.Due(job.id, NO_HOST, 0, job.lane)
    return frontier.Due(job.id, job.host, gap_ms(config, job.host), job.lane)
