"""Workers are killed and Redis is emptied while a model is asked: no row is lost, and no budget is overspent."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import redis

import scrapeq as sq
from scrapeq.settings import load_settings
from tests.model_endpoint import Endpoint, counted

PATIENCE_S = 300  # a call whose worker was killed holds its question for a minute and more
ROWS = 12
#: How many pages one worker asks about at once; one may have claimed all rows.
PLACES = 2
#: What one answer of `counted` costs at these prices, and the most that a call may cost.
COST_USD, MOST_USD = (1000 + 100) / 1e6, 10_000 / 1e6
RECORD = {"name": "h1", "mood": sq.ai("its mood")}


class Model(Endpoint):
    """Answers at once, or not before `go_on` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.go_on = threading.Event()
        self.always = self.answer

    def answer(self, _: dict[str, Any]) -> Any:
        self.go_on.wait(PATIENCE_S)
        return counted(json.dumps({"mood": "calm"}))


@pytest.fixture(scope="module")
def endpoint() -> Iterator[Model]:
    one = Model()
    yield one
    one.go_on.set()
    one.close()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory, endpoint):
    settings = load_settings(
        SCRAPEQ_ALLOW_PRIVATE_ADDRESSES=True,
        SCRAPEQ_HOME=tmp_path_factory.mktemp("home"),
        SCRAPEQ_LEASE_S=4,
        SCRAPEQ_AI_BASE_URL=endpoint.url,
        SCRAPEQ_AI_MODEL="my-own-7b",
        SCRAPEQ_AI_INPUT_PRICE=1,
        SCRAPEQ_AI_OUTPUT_PRICE=1,
        SCRAPEQ_AI_MAX_RETRIES=0,
        SCRAPEQ_AI_MAX_OUTPUT_TOKENS=200,
        SCRAPEQ_AI_CONCURRENCY=PLACES,
    )
    with sq.LocalCluster(workers=2, home=settings.home, settings=settings) as local:
        yield local


@pytest.fixture
def asked_of(web, scrape, endpoint, own_numbers):
    """`asked_of(budget_usd)`: a batch whose first questions have reached the model, which is silent."""

    def begun(budget_usd: float) -> sq.BatchHandle:
        endpoint.asked.clear()
        endpoint.go_on.clear()
        links = [web.url(f"/product/{own_numbers + n}", host=n % 8) for n in range(ROWS)]
        batch: sq.BatchHandle = scrape(links, record=RECORD, ai_budget=budget_usd)
        return batch

    yield begun
    endpoint.go_on.set()


def test_killed_workers_lose_no_row_and_their_calls_count_at_their_most(
    asked_of, endpoint, cluster, eventually
):
    batch = asked_of(ROWS * MOST_USD)
    eventually(lambda: len(endpoint.asked) >= PLACES, PATIENCE_S)

    for pid in cluster.status().worker_pids:
        os.kill(pid, signal.SIGKILL)
    before = len(endpoint.asked)
    eventually(lambda: len(endpoint.asked) > before, PATIENCE_S)  # others go on
    endpoint.go_on.set()
    batch.wait(PATIENCE_S)

    table, cost = batch.df, batch.cost
    assert table["ok"].all()
    assert len(table) == ROWS
    assert table["mood"].notna().all(), batch.violations["message"].tolist()
    # one that was killed between the record and the model counts too
    assert PLACES <= before <= cost.unknown
    assert cost.calls == ROWS
    assert len(endpoint.asked) <= cost.calls + cost.unknown
    assert len(endpoint.asked) * COST_USD <= cost.usd <= ROWS * MOST_USD


def test_an_emptied_redis_forgets_no_spending(asked_of, endpoint, cluster, eventually):
    budget_usd = 6.5 * COST_USD
    batch = asked_of(budget_usd)
    eventually(lambda: endpoint.asked, PATIENCE_S)

    with redis.Redis.from_url(cluster.redis_url) as client:
        client.flushall()
    endpoint.go_on.set()
    batch.wait(PATIENCE_S)

    cost = batch.cost
    assert batch.df["ok"].all()
    assert len(endpoint.asked) * COST_USD <= budget_usd
    assert cost.usd <= budget_usd
    assert batch.df["mood"].notna().sum() == cost.calls
    assert "no room" in " ".join(batch.violations["message"])


def test_a_page_that_waits_for_the_model_leaves_its_place_at_the_host(
    endpoint, web, scrape, own_numbers, eventually
):
    endpoint.go_on.clear()
    paths = [f"/product/{own_numbers + n}" for n in range(5)]
    links = [web.url(path) for path in paths]
    try:
        batch = scrape(links, record=RECORD, max_per_host=1, delay_between_requests=0)

        eventually(lambda: all(map(web.hits, paths)), PATIENCE_S)
        assert batch.progress.done == 0  # nobody has an answer yet
    finally:
        endpoint.go_on.set()
    assert batch.wait(PATIENCE_S).df["ok"].all()
