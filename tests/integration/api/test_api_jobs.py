"""Jobs over REST, as another program manages them: over a socket, with real workers."""

from __future__ import annotations

import time

import pytest

from scrapeq.models.person import Right


@pytest.fixture
def program(served):
    return served.person("program")


def test_a_job_is_submitted_followed_and_read(program, web, eventually):
    new = program.post(
        "/v1/jobs",
        json={"url": web.url("/article/1"), "config": {"max_retries": 0}, "priority": 2},
    )
    assert new.status_code == 201
    path = new.headers["location"]
    assert path == f"/v1/jobs/{new.json()['id']}"
    eventually(lambda: program.get(path).json()["status"] == "completed")

    job = program.get(path).json()

    assert job["priority"] == 2
    assert job["result"]["title"] == web.page("/article/1").title
    assert program.get(f"{path}/progress").json()["progress_percentage"] == 100
    assert program.post(f"{path}/cancel").json() == {"cancelled": False}
    listed = program.get("/v1/jobs?status=completed").json()["jobs"]
    assert job["id"] in [one["id"] for one in listed]
    assert program.get("/v1/queue").json()["status_counts"]["completed"] >= 1
    assert program.get("/v1/system").json()["health_status"] in {"HEALTHY", "DEGRADED"}
    assert program.get("/v1/history?hours=1").json()["history"][-1]["jobs_processed"] >= 1
    assert program.get(f"/v1/batches/{job['id']}").json()["owner"] == "program"


def test_a_job_is_cancelled_and_put_back(program, web):
    url = web.url(f"/slow/60?{time.time_ns()}")
    path = program.post("/v1/jobs", json={"url": url}).headers["location"]

    active = program.get("/v1/jobs/active").json()["jobs"]
    assert path.rpartition("/")[2] in [one["id"] for one in active]
    assert program.get("/v1/jobs/active/summary").json()["total_active"] >= 1
    assert program.post(f"{path}/cancel").json() == {"cancelled": True}
    assert program.get(path).json()["status"] == "cancelled"
    assert program.patch(path, json={"status": "pending"}).json()["status"] in {
        "pending",
        "running",
    }
    failed = program.patch(path, json={"status": "failed", "error_message": "I saw it"}).json()
    assert (failed["status"], failed["error_message"]) == ("failed", "I saw it")
    completed = program.patch(path, json={"status": "completed"})
    assert completed.status_code == 409
    assert "after failed may come: pending" in completed.json()["hint"]


def test_what_happened_elsewhere_is_counted(program):
    for number in range(2):
        body = {"success": bool(number), "processing_time_s": 2}
        assert program.post("/v1/jobs/elsewhere/completions", json=body).status_code == 201
    error = {"job_id": "elsewhere", "error_type": "no_price", "message": "there was none"}
    assert program.post("/v1/errors", json=error).status_code == 201

    assert "no_price" in [
        one["error_kind"] for one in program.get("/v1/errors?limit=1000").json()["errors"]
    ]


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "words"),
    [
        ("GET", "/v1/jobs/nobody", None, 404, "there is no job"),
        ("POST", "/v1/jobs/nobody/cancel", None, 404, "there is no job"),
        ("PATCH", "/v1/jobs/nobody", {"status": "failed"}, 404, "there is no job"),
        ("POST", "/v1/jobs", {"url": "no url at all"}, 422, "URL"),
        ("POST", "/v1/jobs", {"url": "https://a.example", "priority": 77}, 422, "priority"),
        ("POST", "/v1/jobs", {"url": "https://a.example", "config": {"no": 1}}, 422, "no option"),
        ("POST", "/v1/jobs", {"url": "https://a.example", "colour": 1}, 422, "colour"),
        ("POST", "/v1/jobs", [], 422, "body"),
        ("GET", "/v1/jobs?status=gone", None, 422, "status"),
        ("GET", "/v1/jobs?limit=0", None, 422, "limit"),
        ("GET", "/v1/jobs?limit=1&limit=2", None, 422, "twice"),
        ("GET", "/v1/jobs?stauts=failed", None, 422, "'stauts'"),
        ("GET", "/v1/history?hours=nan", None, 422, "hours"),
        ("GET", "/v1/elsewhere", None, 404, "nothing at this address"),
        ("DELETE", "/v1/jobs", None, 405, "does not take this method"),
        ("GET", "/v1/batches/none", None, 404, "there is no batch 'none'"),
        ("GET", "/v1/jobs/none", None, 404, "there is no job 'none'"),
        ("POST", "/v1/batches", {"urls": []}, 422, "urls"),
        ("POST", "/v1/batches", {}, 422, "give urls, or rows"),
        ("POST", "/v1/batches", {"rows": [{"a": 1}], "url_column": "b"}, 422, "'b'"),
        ("POST", "/v1/batches", {"urls": ["x"], "config": {"max_age": "soon"}}, 422, "max_age"),
    ],
)
def test_what_goes_wrong_is_a_problem_with_advice(program, method, path, body, status, words):
    answer = program.request(method, path, json=body)

    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert words in problem["detail"]
    assert problem["hint"]
    assert "sqlite3" not in answer.text  # where the server keeps its record is not said


def test_a_body_that_is_no_json_is_refused_as_such(program):
    for body in (b"{", b"\xff", b"[" * 100_000):
        headers = {"Content-Type": "application/json"}
        answer = program.post("/v1/jobs", content=body, headers=headers)
        assert answer.status_code in {400, 422}
        assert answer.headers["content-type"] == "application/problem+json"


def test_a_secret_that_was_sent_comes_back_nowhere(program, web):
    config = {"headers": {"X-Key": "OPEN-SESAME"}, "cookies": {"sid": "OPEN-SESAME"}}
    answers = [
        program.post("/v1/jobs", json={"url": web.url("/article/5"), "config": config}),
        program.post("/v1/jobs", json={"url": "x", "config": {**config, "max_retries": -1}}),
        program.post("/v1/jobs", json={"url": "x", "config": {"headers": "OPEN-SESAME"}}),
    ]
    answers.append(program.get(f"/v1/batches/{answers[0].json()['id']}"))

    assert answers[-1].json()["options"]["headers"] == {"X-Key": "**********"}
    assert not [one for one in answers if "SESAME" in one.text]


def test_whoever_submits_may_not_use_the_workers_own_secrets(served, web):
    zoe, chief = served.person("zoë"), served.person("chief", Right.ADMINISTER)
    for config in (
        {"headers": {"X": "env:SCRAPEQ_DATABASE_URL"}},
        {"proxy": "http://127.0.0.1:9"},
        {"allow_private_addresses": True},
        {"storage_state": "shop"},
    ):
        body = {"url": web.url("/article/6"), "config": config}
        refused = zoe.post("/v1/jobs", json=body)
        assert refused.status_code == 403
        assert next(iter(config)) in refused.text or "env:NAME" in refused.text
    body = {"url": web.url("/article/6"), "config": {"allow_private_addresses": True}}
    assert chief.post("/v1/jobs", json=body).status_code == 201
