"""Jobs over REST, as another program manages them."""

from __future__ import annotations

import time

import pytest
from fastapi.testclient import TestClient

from scrapeq.api.dashboard import make_app
from scrapeq.dashboards import Dashboard

TOKEN = "a-token-of-this-test"
HERE = "http://127.0.0.1:8765"


@pytest.fixture
def program(queue) -> TestClient:
    app = make_app(Dashboard(queue=queue), TOKEN)
    return TestClient(app, base_url=HERE, headers={"Authorization": f"Bearer {TOKEN}"})


def test_a_job_is_submitted_followed_and_read(program, web, eventually):
    new = program.post(
        "/api/jobs",
        json={"url": web.url("/article/1"), "config": {"max_retries": 0}, "priority": 2},
    )
    assert new.status_code == 201
    path = f"/api/jobs/{new.json()['id']}"
    eventually(lambda: program.get(path).json()["status"] == "completed")

    job = program.get(path).json()

    assert job["priority"] == 2
    assert job["result"]["title"] == web.page("/article/1").title
    assert program.get(f"{path}/progress").json()["progress_percentage"] == 100
    assert program.delete(path).json() == {"cancelled": False}
    assert job["id"] in [one["id"] for one in program.get("/api/jobs?status=completed").json()]
    assert program.get("/api/queue").json()["status_counts"]["completed"] >= 1
    assert program.get("/api/metrics").json()["health_status"] in {"HEALTHY", "DEGRADED"}
    assert program.get("/api/history?hours=1").json()["history"][-1]["jobs_processed"] >= 1


def test_a_job_is_cancelled_and_put_back(program, web):
    url = web.url(f"/slow/60?{time.time_ns()}")
    path = f"/api/jobs/{program.post('/api/jobs', json={'url': url}).json()['id']}"

    assert program.delete(path).json() == {"cancelled": True}
    assert program.get(path).json()["status"] == "cancelled"
    assert program.patch(path, json={"status": "pending"}).json()["status"] in {
        "pending",
        "running",
    }
    failed = program.patch(path, json={"status": "failed", "error_message": "I saw it"}).json()
    assert (failed["status"], failed["error_message"]) == ("failed", "I saw it")


def test_what_goes_wrong_is_said(program):
    for method, path, body, status, words in [
        ("GET", "/api/jobs/nobody", None, 404, "there is no job"),
        ("DELETE", "/api/jobs/nobody", None, 404, "there is no job"),
        ("POST", "/api/jobs", {"url": "no url at all"}, 422, ""),
        ("POST", "/api/jobs", {"url": "https://a.example", "priority": 77}, 422, "priority is 77"),
        ("POST", "/api/jobs", {"url": "https://a.example", "config": {"no": 1}}, 422, "no option"),
        ("GET", "/api/jobs?status=gone", None, 422, "status_filter"),
        ("GET", "/api/history?hours=nan", None, 422, "hours is nan"),
    ]:
        answer = program.request(method, path, json=body)
        assert answer.status_code == status, (path, answer.text)
        assert words in answer.json()["error"]
        assert "hint" in answer.json()


def test_without_the_token_nothing_is_told(program):
    del program.headers["Authorization"]

    for method, path in [("GET", "/api/jobs"), ("POST", "/api/jobs"), ("DELETE", "/api/jobs/x")]:
        assert program.request(method, path).status_code == 401
