"""The language model's endpoint fails: no worker sends it a request, and later one worker tries it."""

from __future__ import annotations

import itertools

import pytest
import redis

import scrapeq as sq
from scrapeq.frontier import Keys
from scrapeq.project.services import looking_services
from scrapeq.settings import DEFAULT_NAMESPACE, load_settings
from scrapeq.work.endpoint_breaker import EndpointBreaker

KEYS = Keys(DEFAULT_NAMESPACE)
PATIENCE_S = 180
FAILURES = 3


@pytest.fixture(scope="module")
def cluster(tmp_path_factory, llmock_server):
    settings = load_settings(
        SCRAPEQ_HOME=tmp_path_factory.mktemp("home"),
        SCRAPEQ_AI_BASE_URL=llmock_server.base_url("openai"),
        SCRAPEQ_AI_API_KEY="sk-of-no-worth",
        SCRAPEQ_AI_MAX_RETRIES=0,
        SCRAPEQ_AI_BREAKER_FAILURES=FAILURES,
    )
    with sq.LocalCluster(workers=2, home=settings.home, settings=settings) as local:
        yield local


@pytest.fixture
def summarise(queue, request):
    """`summarise()`: the row that the task gave for another text, on one of two workers."""

    numbers = itertools.count()

    def done():
        content = f"{request.node.name}: bakery {next(numbers)} opened on Mill Street."
        sent = queue.services.app.send_task(
            "scrapeq.pipeline.worker.process_content_task", (content,)
        )
        return sent.get(timeout=PATIENCE_S)

    return done


def test_an_endpoint_that_fails_is_paused_and_found_again(summarise, llmock, queue, cluster):
    llmock.fail(503, times=None)
    rows = [summarise() for _ in range(FAILURES)]
    paused = [summarise() for _ in range(6)]

    assert {row["error_kind"] for row in [*rows, *paused]} == {"ai"}
    assert {row["attempts"] for row in paused} == {0}
    assert len(llmock.requests) == FAILURES
    assert "is paused until" in paused[0]["error_message"]
    assert "HTTP 503" in paused[0]["error_message"]
    (paused,) = queue.paused_hosts().to_dict("records")
    assert paused["host"].startswith("ai endpoint 127.0.0.1:")
    assert (paused["state"], paused["error_kind"]) == ("open", "ai")

    llmock.reset()
    with redis.Redis.from_url(cluster.redis_url) as client:
        client.hset(KEYS.host(paused["host"]), "open_until_ms", 1)  # its pause ended in 1970

    assert summarise()["ok"]
    assert queue.paused_hosts().empty
    events = sq.get_job_monitor(cluster.settings).get_host_history()["history"]
    assert [one["event"] for one in events] == ["opened", "closed"]


def test_what_is_wrong_with_one_page_is_no_failure_of_the_endpoint(summarise, llmock, queue):
    llmock.fail(400, times=FAILURES + 2)

    rows = [summarise() for _ in range(FAILURES + 2)]

    assert {row["error_kind"] for row in rows} == {"ai"}
    assert {row["attempts"] for row in rows} == {1}
    assert summarise()["ok"]


def test_without_a_redis_nothing_is_refused(tmp_home):
    services = looking_services(load_settings())
    breaker = EndpointBreaker(services, "example.com")

    for _ in range(20):
        breaker.report("failed", "HTTP 503")

    assert breaker.refusal() is None
