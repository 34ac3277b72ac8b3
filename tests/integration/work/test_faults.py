"""What is promised beside lost 0 and doubled 0, which tests/faults counts: processes and stores are
hurt in the middle of a batch, and the rows say what they should."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import redis

import scrapeq as sq
from scrapeq import cluster as clusters
from scrapeq.errors import RedisEvicts, RedisFull
from scrapeq.frontier import Keys
from scrapeq.project.services import open_services
from scrapeq.settings import DEFAULT_NAMESPACE, load_settings
from scrapeq.testing import LittleWeb

KEYS = Keys(DEFAULT_NAMESPACE)
WORKERS = 2
ROWS = 300
PATIENCE_S = 180
LEASE_S = 2

#: A page that no test waits for.
DEADLY = "/slow/600"
#: A kernel: scrapes, says so, and does nothing else until it is killed.
KERNEL = """
import signal, sys
import scrapeq as sq

if __name__ == "__main__":
    batch = sq.scrape(sys.argv[1:], name="left-alone", main_text="off", max_per_host=1)
    print(batch.id, flush=True)
    signal.pause()
"""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    settings = load_settings(
        SCRAPEQ_ALLOW_PRIVATE_ADDRESSES=True,
        SCRAPEQ_HOME=tmp_path_factory.mktemp("home"),
        SCRAPEQ_LEASE_S=LEASE_S,  # killed work comes back sooner than it usually would
        SCRAPEQ_WINDOW=24,
    )
    with sq.LocalCluster(workers=WORKERS, home=settings.home, settings=settings) as local:
        yield local


@pytest.fixture(scope="module")
def module_web():
    with LittleWeb(hosts=8, latency_s=0.1) as web:
        yield web


@pytest.fixture
def client(cluster):
    with redis.Redis.from_url(cluster.redis_url, decode_responses=True) as connected:
        yield connected


@pytest.fixture
def under_way(web, scrape, eventually):
    """A batch of which a fifth is done."""
    batch = scrape([web.url(f"/article/{n}", host=n % 8) for n in range(ROWS)], refresh=True)
    eventually(lambda: batch.progress.done > ROWS // 5, PATIENCE_S)
    return batch


# -- jobs that are bad for their worker, or slow ------------------------------------------------


def kill_whoever_asks(
    web: LittleWeb, job_id: str, client: redis.Redis, over: threading.Event
) -> None:
    """Be the page that ends its process: whoever asks for it is killed."""
    killed = 0
    while not over.wait(0.02):
        if web.hits(DEADLY) > killed:
            held = client.hget(KEYS.held, job_id)
            assert held
            os.kill(int(json.loads(held)[1].rpartition(":")[2]), signal.SIGKILL)
            killed += 1


def test_a_job_that_ends_its_process_is_lost_and_its_neighbours_are_not(web, scrape, queue, client):
    good = [web.url(f"/slow/0.3?row={n}", host=n % 8) for n in range(40)]
    deadly = queue.submit_scraping_job(web.url(DEADLY))
    over = threading.Event()
    killer = threading.Thread(target=kill_whoever_asks, args=(web, deadly.id, client, over))
    killer.start()
    try:
        batch = scrape(good)
        job = queue.wait(deadly.id, PATIENCE_S)
        table = batch.wait(PATIENCE_S).df
    finally:
        over.set()
        killer.join()

    assert job.error_kind is sq.ErrorKind.WORKER_LOST
    # twice with all others, then apart: alone at once, or in smaller and smaller groups (32, 8, 1)
    times = int(re.search(r"ended (\d) times", job.error_message)[1])
    assert 3 <= times <= 5
    assert web.hits(DEADLY) == times
    assert table["ok"].all()


def test_a_job_slower_than_a_lease_runs_once(web, queue):
    job = queue.submit_scraping_job(web.url(f"/slow/{2 * LEASE_S}"))

    assert queue.wait(job.id, PATIENCE_S).attempts == 1
    assert web.hits(f"/slow/{2 * LEASE_S}") == 1


# -- cancelled work never comes back ------------------------------------------------------------


def kill_redis(cluster, client, eventually):
    before = cluster.status().redis_pid
    os.kill(before, signal.SIGKILL)
    eventually(lambda: cluster.status().redis_pid not in (before, None))
    eventually(lambda: cluster.status().redis_memory_bytes)  # it answers


def empty_redis(cluster, client, eventually):
    client.flushall()


def kill_workers(cluster, client, eventually):
    for pid in cluster.status().worker_pids:
        os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("strike", [kill_redis, empty_redis, kill_workers])
def test_what_was_cancelled_never_starts_whatever_happens(
    strike, under_way, web, scrape, cluster, client, eventually
):
    assert under_way.progress.done < ROWS
    under_way.cancel()
    returned_ms = time.monotonic() * 1000

    strike(cluster, client, eventually)

    after = scrape([web.url(f"/product/{n}", host=n % 8) for n in range(40)], refresh=True)
    assert after.wait(PATIENCE_S).df["ok"].all()  # everything has been put right by now
    late = [hit for hit in web.log() if hit.path.startswith("/article") and hit.at_ms > returned_ms]
    # What was on its way, eight at a host at most, ends within 2 s, as it is promised.
    assert len(late) <= 8 * 8
    assert all(hit.at_ms < returned_ms + 2_000 for hit in late)
    assert set(under_way.errors["error_kind"]) == {"cancelled"}
    assert under_way.progress.done == ROWS


# -- stores that are full or locked -------------------------------------------------------------


def test_a_full_redis_is_said_to_be_full_and_takes_no_batch(
    under_way, web, queue, client, eventually
):
    living = queue.services.frontier.coordination.workers
    # One that was killed by an earlier test is known for a while yet.
    workers = eventually(lambda: set(living()) if len(living()) == WORKERS else None)
    client.config_set("maxmemory", 1)
    try:
        with pytest.raises(RedisFull, match="Redis is full"):
            queue.submit_batch([web.url("/article/refused")], batch_id="refused")
        done = under_way.progress.done
        eventually(lambda: under_way.progress.done > done or under_way.is_done)
    finally:
        client.config_set("maxmemory", 0)

    assert under_way.wait(PATIENCE_S).df["ok"].all()
    # A full Redis takes no sign of life either: the same ones are known again a second later.
    eventually(lambda: set(living()) == workers)
    assert queue.find_batch("refused").state == "cancelled"
    assert web.hits("/article/refused") == 0


def test_a_redis_that_evicts_is_refused_at_connect(cluster, client):
    client.config_set("maxmemory-policy", "allkeys-lru")
    try:
        with pytest.raises(RedisEvicts, match="maxmemory-policy noeviction"):
            open_services(cluster.settings, start=False)
    finally:
        client.config_set("maxmemory-policy", "noeviction")


# -- owners -------------------------------------------------------------------------------------


def test_a_kernel_that_restarts_finds_a_detached_cluster_at_work(
    tmp_home: Path, web, eventually, monkeypatch
):
    monkeypatch.setenv("SCRAPEQ_ALLOW_PRIVATE_ADDRESSES", "true")
    monkeypatch.setenv("SCRAPEQ_WORKERS", "1")
    clusters.up(load_settings())
    try:
        kernel = subprocess.Popen(
            [sys.executable, "-c", KERNEL, *(web.url(f"/article/{n}") for n in range(60))],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert kernel.stdout
        batch_id = kernel.stdout.readline().strip()
        kernel.kill()
        kernel.wait()
        kernel.stdout.close()
        seen = web.hits()
        eventually(lambda: web.hits() > seen, PATIENCE_S)  # though nobody looks

        batch = sq.attach("left-alone")

        assert batch.id == batch_id
        assert batch.wait(PATIENCE_S).df["ok"].all()
        assert len(web.log()) <= 61  # with robots.txt: each page once
    finally:
        clusters.leave(tmp_home)
        clusters.down(tmp_home)
