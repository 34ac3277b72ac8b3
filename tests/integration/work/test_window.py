"""A worker's window: what does not count in it."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field

from scrapeq.models import Content, ErrorKind, Failure, ScrapingConfig
from scrapeq.pipeline.job_queue import JobQueue
from scrapeq.project import recovery
from scrapeq.project.services import open_services
from scrapeq.settings import load_settings
from scrapeq.work.child_stages import READ
from scrapeq.work.loop import WorkLoop
from scrapeq.work.stages import FetchedPage


@dataclass
class Together:
    """A stage that every page waits in until two of them have come to it."""

    name: str = "wait for another"
    kind: ErrorKind = ErrorKind.PARSE
    limit_s: float = 60.0
    come: int = 0
    both: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self, page: FetchedPage) -> Content | Failure:
        self.come += 1
        if self.come == 2:
            self.both.set()
        await self.both.wait()
        return page.content or Content()


def test_a_page_that_waits_to_be_read_leaves_its_place_to_the_next_fetch(web, cluster, tmp_path):
    settings = load_settings(
        SCRAPEQ_HOME=tmp_path,
        SCRAPEQ_NAMESPACE="window",
        REDIS_URL=cluster.redis_url,
        SCRAPEQ_ALLOW_PRIVATE_ADDRESSES=True,
        SCRAPEQ_WINDOW=1,
    )
    services = open_services(settings, start=False)
    recovery.recover(services)
    links = [web.url("/article/1"), web.url("/article/2")]
    options = ScrapingConfig(main_text="off", respect_robots=False, delay_between_requests=0)
    loop = WorkLoop(services, stages=(READ, Together()))
    loop.start()
    try:
        queue = JobQueue(services)
        batch_id = queue.submit_batch(links, options).id
        deadline_s = time.monotonic() + 120
        while (
            not (batch := queue.find_batch(batch_id)).is_complete and time.monotonic() < deadline_s
        ):
            loop.drain(0.2)
    finally:
        loop.stop()

    assert (batch.completed, batch.failed) == (2, 0)
