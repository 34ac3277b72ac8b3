"""Metrics of a real project: behind the token, in Prometheus's formats, right after a scrape."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families

from scrapeq.api.app import make_app
from scrapeq.api.metrics import as_text
from scrapeq.api.people import OneToken
from scrapeq.dashboards import Dashboard
from scrapeq.pipeline.job_queue import get_looking_queue
from scrapeq.project.version import own_version
from scrapeq.settings import load_settings

TOKEN = "a-token-of-this-test"
PATIENCE_S = 180


@pytest.fixture
def server(queue) -> TestClient:
    return TestClient(
        make_app(Dashboard(queue=queue), OneToken(TOKEN, "me")), base_url="http://127.0.0.1:8765"
    )


def values(text: str) -> dict[tuple[str, ...], float]:
    """The samples by name and labels."""
    return {
        (one.name, *one.labels.values()): one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
    }


def test_after_a_scrape_they_say_what_was_done(server, scrape, web, eventually):
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    before = values(server.get("/metrics", headers=bearer).text)
    scrape([web.url("/article/1"), web.url("/article/2"), web.url("/status/404")]).wait(PATIENCE_S)
    eventually(
        lambda: values(server.get("/metrics", headers=bearer).text)[
            "scrapeq_workers", own_version()
        ]
    )

    found = values(server.get("/metrics", headers=bearer).text)

    def more(*key: str) -> float:
        return found[key] - before.get(key, 0)

    assert more("scrapeq_pages_finished_total", "succeeded") == 2
    assert more("scrapeq_pages_finished_total", "failed") == 1
    assert more("scrapeq_page_errors_total", "http_4xx") == 1
    assert more("scrapeq_fetch_duration_seconds_count") == 3
    assert found["scrapeq_jobs", "completed"] >= 2
    assert found["scrapeq_redis_up",] == found["scrapeq_record_up",] == 1
    assert found["scrapeq_worker_processes", "any"] == 2
    assert found["scrapeq_jobs_open",] == found["scrapeq_jobs_due",] == 0
    assert found["scrapeq_redis_memory_bytes",] > 0
    assert found["scrapeq_record_size_bytes",] > 0


def test_open_jobs_are_counted_where_they_stand(queue, web):
    batch = queue.submit_batch(
        [web.url(f"/article/{n}") for n in range(5)], {"delay_between_requests": 60}
    )
    found = values(as_text(queue))
    queue.cancel_batch(batch.id)

    assert found["scrapeq_batches", "open"] >= 1
    assert found["scrapeq_jobs_open",] >= 4
    assert found["scrapeq_hosts_throttled",] + found["scrapeq_hosts_ready",] >= 1


def test_they_need_the_token(server):
    assert server.get("/metrics").status_code == 401


def test_openmetrics_is_spoken_to_who_prefers_it(server):
    headers = {
        "Authorization": f"Bearer {TOKEN}",
        "Accept": "application/openmetrics-text;version=1.0.0,text/plain;q=0.5",
    }
    answer = server.get("/metrics", headers=headers)

    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    assert answer.text.endswith("# EOF\n")


def test_where_nothing_runs_they_say_so(tmp_path):
    queue = get_looking_queue(load_settings(SCRAPEQ_HOME=tmp_path / "home"))

    found = values(as_text(queue))

    assert found["scrapeq_redis_up",] == 0
    assert found["scrapeq_record_up",] == 1
    assert ("scrapeq_jobs_due",) not in found
