"""One Redis, one PostgreSQL, workers on two machines: each with a home of its own."""

from __future__ import annotations

import os
import signal
import time
from itertools import pairwise

import pytest
import redis

import scrapeq as sq
from scrapeq.errors import NoWorkersWarning
from scrapeq.models import JobStatus
from scrapeq.settings import load_settings
from scrapeq.testing import LittleWeb

WORKER = "celery -A scrapeq.pipeline.worker worker --loglevel=info --concurrency=2"
DELAY_S = 0.3
PATIENCE_S = 180


@pytest.fixture
def machine(environment, postgres_url, start, tmp_path, monkeypatch):
    """`machine("first")`: a worker that shares nothing but Redis and the database with others."""
    shared = {
        "SCRAPEQ_DATABASE_URL": postgres_url,
        "SCRAPEQ_CONNECT_TO": "{}",
        "SCRAPEQ_ALLOW_PRIVATE_ADDRESSES": "true",
    }
    for name, value in shared.items():
        monkeypatch.setenv(name, value)

    def begin(name, flags="", **more):
        home = str(tmp_path / name)
        return start(f"{WORKER} -n {name}@%h {flags}", SCRAPEQ_HOME=home, **shared, **more)

    return begin


@pytest.fixture
def two_machines(machine):
    """Two workers, and a queue beside them."""
    workers = [machine(name) for name in ("first", "second")]
    for worker in workers:
        worker.says(" ready.")
    return workers


def test_one_machine_has_the_browser(machine, tmp_path, browser_is_here, eventually):
    machine("renderer", "--queues=rendering").says(" ready.")
    queue = sq.get_job_queue(load_settings())
    frontier = queue.services.frontier
    eventually(lambda: len(frontier.browsers.reports()) == 2)
    assert frontier.coordination.workers() == []  # nobody who fetches
    with pytest.warns(NoWorkersWarning):
        waits = queue.submit_scraping_job("http://127.0.0.1:9/")
    time.sleep(1)  # it looks four times in a second
    assert queue.get_job_status(waits.id).status is JobStatus.PENDING
    queue.cancel_job(waits.id)
    machine("fetcher", SCRAPEQ_BROWSER=str(tmp_path / "nothing")).says(" ready.")
    eventually(lambda: len(frontier.coordination.workers()) == 2)

    with LittleWeb(hosts=2) as web:
        links = [
            web.url(f"/{kind}/{n}", host=n % 2) for n in range(4) for kind in ("drawn", "product")
        ]
        table = sq.scrape(links, custom_selectors={"headline": "h1"}).wait(PATIENCE_S).df

    assert table["headline"].notna().all()
    assert list(table["rendered"]) == [True, False] * 4


def test_a_batch_is_worked_on_politely_by_both(two_machines, eventually):
    queue = sq.get_job_queue(load_settings())
    eventually(lambda: len(queue.services.frontier.coordination.workers()) == 4)
    with LittleWeb(hosts=6) as web:
        urls = [web.url(f"/article/{row}", host=row % 6) for row in range(60)]

        batch = sq.scrape(urls, queue=queue, delay_between_requests=DELAY_S, extract_links=True)
        batch.wait(90)

        frame = batch.df
        assert frame["url"].tolist() == urls
        assert frame["ok"].all()
        assert batch.links["row"].nunique() == 60
        for host in {hit.host for hit in web.log()}:
            starts = sorted(hit.at_ms for hit in web.log() if hit.host == host)
            assert len(starts) == 11  # ten pages and one robots.txt
            assert min(b - a for a, b in pairwise(starts)) >= DELAY_S * 1000


def test_a_machine_that_burns_down_costs_nothing(two_machines):
    queue = sq.get_job_queue(load_settings())
    with LittleWeb(hosts=4) as web:
        urls = [web.url(f"/slow/0.2?row={row}", host=row % 4) for row in range(120)]
        batch = sq.scrape(urls, queue=queue, max_per_host=4, main_text="off")
        pages = batch.as_completed(timeout=180)
        for _ in range(20):
            next(pages)

        os.killpg(two_machines[0].pid, signal.SIGKILL)
        batch.wait(90)

        assert batch.df["ok"].all()
        assert len(batch.pages()) == 120
        assert web.hits("/slow/0.2") <= 120 + 16  # what one machine held is fetched again


def test_a_worker_outlives_a_redis_that_dies_while_it_works(machine, redis_server, eventually):
    worker = machine("only", "--concurrency=4")
    worker.says(" ready.")
    queue = sq.get_job_queue(load_settings())
    eventually(queue.services.frontier.coordination.workers)
    with LittleWeb(hosts=4) as web, redis.Redis(port=redis_server.port) as client:
        urls = [web.url(f"/slow/0.5?row={row}", host=row % 4) for row in range(60)]
        batch = sq.scrape(urls, queue=queue, delay_between_requests=0)
        next(batch.as_completed(timeout=PATIENCE_S))

        def stopped_in_the_middle():
            """Stopped while it works on a message and waits for the next."""
            os.kill(worker.pid, signal.SIGSTOP)
            waits = any(
                one["cmd"] == "brpop" and "b" in one["flags"] for one in client.client_list()
            )
            if waits and client.hlen("unacked"):
                return True
            os.kill(worker.pid, signal.SIGCONT)
            return False

        eventually(stopped_in_the_middle)
        client.client_kill_filter(_type="pubsub")  # it hears of this first, and BRPOP is not over
        redis_server.stop()
        os.kill(worker.pid, signal.SIGCONT)
        worker.says("Cannot connect to redis", PATIENCE_S)
        redis_server.start()

        assert batch.wait(PATIENCE_S).df["ok"].all()
        assert worker.running
