"""What a batch leaves behind in Redis when it is done: nothing of its own."""

from __future__ import annotations

import pytest
import redis

from scrapeq.frontier import Keys
from scrapeq.settings import DEFAULT_NAMESPACE

KEYS = Keys(DEFAULT_NAMESPACE)

ROWS = 2_000
PATIENCE_S = 600
#: Bytes for what is not a batch's: connections, robots.txt, the paces of hosts, Celery's own keys.
ALLOWANCE = 1_000_000


@pytest.fixture(scope="module")
def cluster(own_cluster):
    return own_cluster


@pytest.fixture
def client(cluster):
    with redis.Redis.from_url(cluster.redis_url, decode_responses=True) as connected:
        yield connected


def held(client: redis.Redis) -> dict[str, int]:
    """How much each key of ours holds, but for what belongs to hosts, workers and Redis itself."""
    sizes = {"hash": client.hlen, "zset": client.zcard, "set": client.scard}
    ours = [key for key in client.scan_iter(f"{KEYS.prefix}*") if client.type(key) in sizes]
    others = (
        f"{KEYS.prefix}host:",
        KEYS.clock,
        KEYS.workers,
        KEYS.processes,
        KEYS.versions,
        KEYS.listeners,
        KEYS.browsers,
        KEYS.breakers,
        # On a busy machine a host may have failed, and a worker may have been taken for ended.
        f"{KEYS.prefix}failing",
        f"{KEYS.prefix}trial",
        f"{KEYS.prefix}excused",
    )
    return {key: sizes[client.type(key)](key) for key in ours if not key.startswith(others)}


def test_a_finished_batch_leaves_nothing(web, scrape, client, eventually):
    scrape([web.url(f"/article/{n}", host=n % 8) for n in range(8)]).wait(PATIENCE_S)
    before = client.info("memory")["used_memory"]
    urls = [web.url(f"/article/{n}?again", host=n % 8) for n in range(ROWS)]
    urls += [web.url(f"/flaky/1?row={n}", host=n % 8) for n in range(40)]  # some that are retried

    batch = scrape(urls, max_per_host=32)
    cancelled = scrape([web.url(f"/slow/60?row={n}") for n in range(40)])
    eventually(lambda: client.hlen(KEYS.job) > ROWS // 2)
    paused = scrape([web.url(f"/article/{n}?paused") for n in range(40)]).pause()
    cancelled.cancel()
    assert batch.wait(PATIENCE_S).df["ok"].all()
    paused.resume().wait(PATIENCE_S)

    try:
        eventually(lambda: not held(client))
    finally:
        print("held:", held(client))
    assert not list(client.scan_iter(f"*{batch.id}*"))
    # what connections were sent is given back by and by
    eventually(lambda: client.info("memory")["used_memory"] < before + ALLOWANCE)
