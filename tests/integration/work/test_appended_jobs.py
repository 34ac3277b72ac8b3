"""Jobs that a result appends, and jobs of a lane, on their way into Redis; no worker takes part."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from functools import partial

import pytest

from scrapeq import database
from scrapeq.database import Result
from scrapeq.database.new_job import NewJob
from scrapeq.frontier import Ending
from scrapeq.models import Fetched, Lane, ScrapingConfig
from scrapeq.pipeline.job_queue import JobQueue
from scrapeq.project import recovery
from scrapeq.project.services import open_services
from scrapeq.settings import load_settings
from scrapeq.work.attempt import Outcome
from scrapeq.work.held import Held
from scrapeq.work.saver import Saver
from scrapeq.work.waiting import StoreThreads

URL = "https://site.example/"
UNPACED = ScrapingConfig(delay_between_requests=0, respect_robots=False)


@pytest.fixture
def services(cluster, tmp_path, request):
    """Services of a namespace that no worker of the cluster serves, with a record of their own."""
    opened = open_services(
        load_settings(
            SCRAPEQ_HOME=tmp_path,
            SCRAPEQ_NAMESPACE=f"lonely{request.node.name.count('_')}",
            REDIS_URL=cluster.redis_url,
        ),
        start=False,
    )
    recovery.recover(opened)  # as a worker does that finds an empty Redis
    yield opened
    opened.frontier.coordination.clear()
    opened.engine.dispose()


@pytest.fixture
def claim(services):
    """`claim(Lane.HTTP)`: the leases on what is due in this lane."""

    def claim_(*lanes):
        return services.frontier.jobs.claim("tester", 10, 60_000, lanes=lanes).leases

    return claim_


def test_what_a_result_appends_is_due_at_once(services, claim):
    batch = JobQueue(services).submit_batch([URL], UNPACED)
    (lease,) = claim(Lane.HTTP)
    link = NewJob(f"{batch.id}-a", 0, f"{URL}a", f"{URL}a", "site.example", 5)
    page = Fetched(
        job_id=lease.job_id,
        batch_id=batch.id,
        row=0,
        url=URL,
        ok=True,
        final_url=URL,
        http_status=200,
        attempts=1,
        fetched_at=datetime.now(UTC),
        elapsed_s=0.1,
        body_bytes=1,
    )
    result = Result(page, lease.token, URL, "recipe", 1_000, appended=[link])
    saver = Saver(
        services.engine,
        services.frontier,
        call=StoreThreads(),
        held=Held(4),
        window=4,
        feed=partial(recovery.feed_appended, services),
    )

    saver.keep(Outcome(Ending(lease.job_id, lease.token, "done"), result))
    asyncio.run(saver.finish())

    assert [one.job_id for one in claim(Lane.HTTP)] == [link.id]


def test_an_emptied_redis_gets_a_job_back_in_its_lane(services, claim):
    queue = JobQueue(services)
    moved, other = (queue.submit_batch([f"{URL}{name}"], UNPACED) for name in ("moved", "other"))
    database.jobs.set_lanes(services.engine, {f"{moved.id}-0": Lane.BROWSER})
    services.frontier.coordination.clear()

    assert recovery.recover(services)

    assert [one.job_id for one in claim(Lane.HTTP)] == [f"{other.id}-0"]
    assert [one.job_id for one in claim(Lane.BROWSER)] == [f"{moved.id}-0"]
