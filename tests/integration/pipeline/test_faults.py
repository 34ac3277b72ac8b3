"""Processes are killed in the middle of a batch: every row is there, and none twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
import redis

import scrapeq as sq
from scrapeq import cluster as clusters
from scrapeq.settings import load_settings
from scrapeq.store import keys
from scrapeq.testing import LittleWeb

ROWS = 500
PATIENCE_S = 90
#: Fetches that one process may have open.
WINDOW = 24

#: A kernel: scrapes, says so, and does nothing else until it is killed.
KERNEL = """
import json, signal, sys
import scrapeq as sq

if __name__ == "__main__":
    urls = json.load(sys.stdin)
    batch = sq.scrape(urls, name="killed", main_text="off", max_per_host=4)
    print(batch.id, flush=True)
    signal.pause()
"""


@pytest.fixture
def settings(cluster):
    return cluster.settings


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    settings = load_settings(
        SCRAPEQ_ALLOW_PRIVATE_ADDRESSES=True,
        SCRAPEQ_HOME=tmp_path_factory.mktemp("home"),
        SCRAPEQ_LEASE_S=3,  # killed work comes back sooner than it usually would
        SCRAPEQ_WINDOW=WINDOW,
    )
    with sq.LocalCluster(workers=2, home=settings.home, settings=settings) as local:
        yield local


@pytest.fixture(scope="module")
def module_web():
    with LittleWeb(hosts=8, latency_s=0.1) as web:
        yield web


@pytest.fixture
def under_way(web, scrape, eventually):
    """A batch of which a fifth is done, and its URLs."""
    batch = scrape([web.url(f"/article/{n}", host=n % 8) for n in range(ROWS)], refresh=True)
    eventually(lambda: batch.progress.done > ROWS // 5, PATIENCE_S)
    return batch


def check_whole(batch, web, refetched=4 * WINDOW):
    """Every row is there once and good, and at most so many pages were asked for again."""
    pages = list(batch.as_completed(PATIENCE_S))
    table = batch.df
    assert sorted(page.row for page in pages) == list(range(ROWS))
    assert table["ok"].all(), table["error_kind"].value_counts()
    assert batch.progress.completed == batch.progress.total == ROWS
    asked = Counter((hit.host, hit.path) for hit in web.log() if hit.path.startswith("/article/"))
    assert len(asked) == ROWS
    assert sum(asked.values()) - ROWS <= refetched


def children_of(pid: int) -> list[int]:
    found = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False)
    return [int(child) for child in found.stdout.split()]


@pytest.fixture
def leases(cluster, queue):
    """`leases()`: how many jobs each worker process has a lease on, by its pid."""

    def count() -> Counter[int]:
        with redis.Redis.from_url(cluster.redis_url, decode_responses=True) as client:
            holders = [held.split("|")[1] for held in client.hvals(keys.HELD)]
        return Counter(int(holder.rpartition(":")[2]) for holder in holders)

    return count


def kill(pids: list[int], leases) -> int:
    """Kill processes at once; how many leases they had."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)  # so that nothing changes between counting and killing
    held = leases()
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    return sum(held[pid] for pid in pids)


def test_a_pool_child_is_killed(under_way, web, leases, eventually):
    ((child, _),) = eventually(lambda: leases().most_common(1))

    held = kill([child], leases)

    check_whole(under_way, web, refetched=held)


def test_a_whole_worker_is_killed(under_way, web, cluster, leases):
    main = cluster.status().worker_pids[0]

    held = kill([main, *children_of(main)], leases)

    check_whole(under_way, web, refetched=held)


def test_workers_are_restarted_softly(under_way, web, cluster):
    cluster.restart_workers()

    check_whole(under_way, web)
    assert under_way.df["attempts"].max() == 1  # what was given back does not count as a try


def test_redis_is_killed(under_way, web, cluster, eventually):
    before = cluster.status().redis_pid

    os.kill(before, signal.SIGKILL)

    eventually(lambda: cluster.status().redis_pid not in (before, None))
    check_whole(under_way, web)


def test_redis_is_emptied(under_way, web, cluster):
    with redis.Redis.from_url(cluster.redis_url) as client:
        client.flushall()

    check_whole(under_way, web)


def test_a_stopped_worker_loses_its_jobs_to_others_and_changes_nothing_later(
    under_way, web, leases, eventually
):
    ((child, _),) = eventually(lambda: leases().most_common(1))
    os.kill(child, signal.SIGSTOP)
    held = leases()[child]
    try:
        under_way.wait(PATIENCE_S)
    finally:
        os.kill(child, signal.SIGCONT)

    check_whole(under_way, web, refetched=held)


def test_a_killed_kernel_leaves_nothing_and_another_goes_on(
    tmp_home: Path, web, eventually, monkeypatch
):
    for name, value in {
        "SCRAPEQ_ALLOW_PRIVATE_ADDRESSES": "true",
        "SCRAPEQ_WORKERS": "2",
        "SCRAPEQ_LEASE_S": "3",
        "SCRAPEQ_WINDOW": str(WINDOW),
    }.items():
        monkeypatch.setenv(name, value)
    urls = [web.url(f"/article/{n}", host=n % 8) for n in range(ROWS)]
    kernel = subprocess.Popen(
        [sys.executable, "-c", KERNEL], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert kernel.stdin
    assert kernel.stdout
    kernel.stdin.write(json.dumps(urls))
    kernel.stdin.close()
    batch_id = kernel.stdout.readline().strip()
    kernel.stdout.close()
    eventually(lambda: web.hits() > ROWS // 5, PATIENCE_S)

    kernel.kill()
    kernel.wait()

    eventually(lambda: not clusters.status(tmp_home).running, 10)
    seen = web.hits()
    batch = sq.attach("killed")
    assert batch.id == batch_id
    assert batch.progress.done < ROWS
    assert seen < ROWS
    check_whole(batch, web)
    clusters.leave(tmp_home)
    eventually(lambda: not clusters.status(tmp_home).running, 10)
