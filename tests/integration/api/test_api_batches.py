"""Batches over REST: as JSON and as files, steered by their owners."""

from __future__ import annotations

import io
import json
import uuid

import pandas as pd
import pytest

import scrapeq as sq
from scrapeq.models.person import Right


@pytest.fixture
def ali(served):
    return served.person("ali")


def submitted(person, web, numbers=range(3), **more):
    urls = [web.url(f"/article/{number}") for number in numbers]
    body = {"urls": urls, "config": {"main_text": "off"}} | more
    answer = person.post("/v1/batches", json=body)
    assert answer.status_code in {200, 201}, answer.text
    return answer


def test_a_batch_is_the_same_as_in_a_notebook(ali, web, queue, eventually):
    first = submitted(ali, web, name="firms")
    assert first.status_code == 201
    batch = first.json()
    assert first.headers["location"] == f"/v1/batches/{batch['id']}"
    assert (batch["owner"], batch["total"], batch["options"]["main_text"]) == ("ali", 3, "off")
    eventually(lambda: ali.get("/v1/batches/firms/progress").json()["completed"] == 3)

    again = submitted(ali, web, name="firms")
    assert again.status_code == 200
    assert again.json()["id"] == batch["id"]
    assert "nothing was submitted" in again.json()["note"]
    other = submitted(ali, web, range(2), name="firms")
    assert (other.status_code, other.json()["run"]) == (201, 2)
    assert [one["id"] for one in ali.get("/v1/batches").json()["batches"]][:2] == [
        other.json()["id"],
        batch["id"],
    ]
    titles = [web.page(f"/article/{number}").title for number in range(3)]
    assert list(sq.attach(batch["id"], queue=queue).df["title"]) == titles


def test_a_table_keeps_its_columns(ali, web, queue):
    rows = [{"firm": "A", "link": web.url("/article/1")}, {"firm": None, "link": None}]
    batch = ali.post("/v1/batches", json={"rows": rows, "url_column": "link"}).json()

    frame = sq.attach(batch["id"], queue=queue).wait(120).df
    assert list(frame["firm"].astype(object).where(frame["firm"].notna(), None)) == ["A", None]
    assert list(frame["ok"]) == [True, False]


def table_bytes(rows: pd.DataFrame, ending: str) -> bytes:
    into = io.BytesIO()
    if ending == "csv":
        rows.to_csv(into, index=False)
    elif ending == "jsonl":
        rows.to_json(into, orient="records", lines=True)
    elif ending == "parquet":
        rows.to_parquet(into)
    else:
        rows.to_excel(into, index=False)
    return into.getvalue()


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet", "xlsx"])
def test_a_file_is_submitted(ali, web, queue, ending):
    rows = pd.DataFrame({"firm": ["a", "b"], "page": [web.url("/article/1"), "none"]})
    answer = ali.post(
        "/v1/batches/file",
        files={"file": (f"../../firms.{ending}", table_bytes(rows, ending))},
        data={"url_column": "page", "config": '{"main_text": "off"}', "priority": "2"},
    )

    assert answer.status_code == 201, answer.text
    handle = sq.attach(answer.json()["id"], queue=queue).wait(120)
    assert list(handle.df["firm"]) == ["a", "b"]
    assert list(handle.df["ok"]) == [True, False]


@pytest.mark.parametrize(
    ("name", "body", "data", "words"),
    [
        ("firms.exe", b"x", {}, "cannot be read from a .exe file"),
        ("firms", b"x", {}, "nameless"),
        ("firms.csv.gz", b"x", {}, "cannot be read from a .gz file"),
        ("firms.xlsx", b"x", {}, "this is no .xlsx file"),
        ("firms.parquet", b"x", {}, "this is no .parquet file"),
        ("firms.csv", b"", {}, ""),
        ("firms.csv", b"url\nhttps://a.example\n", {"url_column": "no"}, "'no'"),
        ("firms.csv", b"url\nhttps://a.example\n", {"config": "{"}, "config is no JSON"),
        ("firms.csv", b"url\nhttps://a.example\n", {"config": "[]"}, "config is no object"),
        ("firms.csv", b"url\nhttps://a.example\n", {"config": '{"a": 1}'}, "no option 'a'"),
        ("firms.csv", b"url\nhttps://a.example\n", {"priority": "77"}, "priority"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused(ali, name, body, data, words):
    answer = ali.post("/v1/batches/file", files={"file": (name, body)}, data=data)

    assert answer.status_code == 422, answer.text
    assert words in answer.json()["detail"]
    assert answer.json()["hint"]


def test_a_file_that_grows_when_it_is_unpacked_is_refused(ali, monkeypatch):
    monkeypatch.setattr("scrapeq.api.uploads.MOST_UNPACKED", 100)
    rows = pd.DataFrame({"url": ["https://a.example/"] * 1_000})
    for ending in ("xlsx", "parquet"):
        answer = ali.post(
            "/v1/batches/file", files={"file": (f"x.{ending}", table_bytes(rows, ending))}
        )
        assert answer.status_code == 422
        assert "when it is unpacked" in answer.json()["detail"]


def test_a_batch_is_paused_goes_on_and_is_tried_again(ali, web, eventually):
    urls = [web.url(f"/slow/60?{uuid.uuid4()}") for _ in range(3)]
    body = {"urls": urls, "config": {"main_text": "off", "respect_robots": False}}
    path = ali.post("/v1/batches", json=body).headers["location"]

    paused = ali.post(f"{path}/pause").json()
    assert (paused["changed"], paused["batch"]["state"]) == (True, "paused")
    assert ali.post(f"{path}/resume").json()["batch"]["state"] == "open"
    assert ali.post(f"{path}/cancel").json()["rows"] == 3
    assert ali.get(path).json()["state"] == "cancelled"
    assert ali.post(f"{path}/pause").json()["changed"] is False
    assert ali.post(f"{path}/retry", json={"kinds": ["dns"]}).json()["rows"] == 0
    again = ali.post(f"{path}/retry").json()
    assert (again["rows"], again["batch"]["state"]) == (3, "open")
    ali.post(f"{path}/cancel")


def test_only_its_owner_or_an_administrator_changes_a_batch(served, ali, web):
    zoe, chief = served.person("zoë"), served.person("chief", Right.ADMINISTER)
    reader = served.person("reader", Right.READ)
    path = submitted(ali, web).headers["location"]
    job = ali.post("/v1/jobs", json={"url": web.url("/article/9")}).headers["location"]

    for what in ("pause", "resume", "cancel", "retry"):
        refused = zoe.post(f"{path}/{what}")
        assert refused.status_code == 403
        assert "belongs to ali" in refused.json()["detail"]
    assert zoe.post(f"{job}/cancel").status_code == 403
    assert zoe.patch(job, json={"status": "failed"}).status_code == 403
    assert zoe.get(path).status_code == 200  # the project is shared
    assert chief.post(f"{path}/cancel").status_code == 200
    for method, place in (("POST", "/v1/batches"), ("POST", "/v1/jobs"), ("POST", f"{path}/pause")):
        refused = reader.request(method, place, json={"urls": ["x"], "url": "x"})
        assert refused.status_code == 403
        assert "scrapeq token create NAME --right submit" in refused.json()["hint"]
    assert ali.post("/v1/queue/cleanup", json={}).status_code == 403
    assert ali.get("/v1/audit").status_code == 403
    assert chief.post("/v1/queue/cleanup", json={"max_age_days": 36_500}).json() == {"jobs": 0}


def test_a_request_that_is_sent_again_is_done_once(served, ali, web):
    zoe = served.person("zoë")
    key = {"Idempotency-Key": str(uuid.uuid4())}
    body = {"url": web.url("/article/1")}
    first = ali.post("/v1/jobs", json=body, headers=key)
    again = ali.post("/v1/jobs", json=body, headers=key)

    assert again.status_code == first.status_code == 201
    assert again.content == first.content
    assert again.headers["location"] == first.headers["location"]
    assert again.headers["idempotency-replayed"] == "true"
    other = ali.post("/v1/jobs", json=body | {"priority": 1}, headers=key)
    assert other.status_code == 422
    assert "another request" in other.json()["detail"]
    assert zoe.post("/v1/jobs", json=body, headers=key).json()["id"] != first.json()["id"]
    for bad in ("", "x" * 201, "a b"):
        refused = ali.post("/v1/jobs", json=body, headers={"Idempotency-Key": bad})
        assert refused.status_code == 422


def test_a_file_that_is_sent_again_is_submitted_once(ali, web):
    key = {"Idempotency-Key": str(uuid.uuid4())}
    ids = set()
    for number in (1, 1, 2):
        content = f"url\n{web.url(f'/article/{number}')}\n".encode()
        answer = ali.post("/v1/batches/file", files={"file": ("a.csv", content)}, headers=key)
        ids.add((answer.status_code, answer.json().get("id")))

    assert sorted(status for status, _ in ids) == [201, 422]


def test_a_refusal_is_given_again_as_well(ali):
    key = {"Idempotency-Key": str(uuid.uuid4())}
    answers = [ali.post("/v1/jobs", json={"url": "no url"}, headers=key) for _ in range(2)]

    assert [one.status_code for one in answers] == [422, 422]
    assert answers[0].content == answers[1].content
    assert answers[1].headers["content-type"] == "application/problem+json"


def test_every_change_is_in_the_audit_log(served, web):
    zoe, chief = served.person("zoë"), served.person("chief", Right.ADMINISTER)
    job = zoe.post("/v1/jobs", json={"url": web.url("/article/1")}).json()["id"]
    zoe.post("/v1/jobs", json={"url": "no url"})
    zoe.post("/v1/jobs/nobody/cancel")
    zoe.post("/requests", content=json.dumps({"do": "cancel", "batch": "nobody"}))
    zoe.get("/v1/jobs")

    log = chief.get("/v1/audit", params={"person": "zoë", "limit": 4}).json()
    entries = [(one["action"], one["target"], one["status"]) for one in log["entries"]]
    assert entries == [
        ("dashboard cancel", "nobody", 422),
        ("cancel_job", "nobody", 404),
        ("submit_job", "", 422),
        ("submit_job", job, 201),
    ]
    assert "there is no job" in log["entries"][1]["result"]
    more = chief.get("/v1/audit", params={"person": "zoë", "cursor": log["next_cursor"]}).json()
    assert all(one["id"] < int(log["next_cursor"]) for one in more["entries"])


def test_a_body_that_does_not_say_that_it_is_json_is_told_so(ali):
    for body in (b'{"urls": ["https://a.example/"]}', b""):
        answer = ali.post("/v1/batches", content=body)

        assert answer.status_code == 422
        assert "Content-Type: application/json" in answer.json()["hint"]
