"""A batch as it goes on, over REST: server-sent events that go on where they were broken off."""

from __future__ import annotations

import json
import threading
import uuid

import pytest

from scrapeq.client import access
from scrapeq.client.row_streams import finished_after
from scrapeq.errors import DatabaseUnavailable
from scrapeq.models.person import Right


@pytest.fixture
def ali(served):
    return served.person("ali")


def events(person, path, last_id=None, most=10_000, **params):
    """The events of a batch until it ends, or so many of them: (event, id, data)."""
    headers = {} if last_id is None else {"Last-Event-ID": last_id}
    found, fields = [], {}
    with person.stream("GET", f"{path}/events", headers=headers, params=params) as answer:
        if answer.status_code != 200:
            return answer.status_code
        assert answer.headers["content-type"].startswith("text/event-stream")
        for line in answer.iter_lines():
            name, _, value = line.partition(": ")
            fields[name] = value
            if not line and "data" in fields:  # an empty line ends an event
                found.append((fields["event"], fields.get("id"), json.loads(fields["data"])))
                fields = {}
                if len(found) >= most:
                    break
    return found


def submitted(person, web, paths):
    body = {
        "urls": [web.url(f"{path}?{uuid.uuid4()}") for path in paths],
        "config": {"main_text": "off", "max_retries": 0},
    }
    return person.post("/v1/batches", json=body).headers["location"]


def rows_of(found):
    return [data["row"] for event, _, data in found if event == "row"]


def test_every_row_comes_once_and_then_the_end(ali, web):
    path = submitted(ali, web, [*(f"/article/{n}" for n in range(5)), "/status/404"])

    found = events(ali, path)

    assert sorted(rows_of(found)) == list(range(6))
    assert found[-1][0] == "end"
    assert (found[-1][2]["completed"], found[-1][2]["failed"]) == (5, 1)
    failed = next(data for _, _, data in found if data.get("status") == "failed")
    assert (failed["row"], failed["error_kind"]) == (5, "http_4xx")
    assert {event for event, _, _ in found} == {"row", "progress", "end"}


def test_what_was_broken_off_goes_on(ali, web):
    path = submitted(ali, web, [f"/article/{n}" for n in range(6)])
    first = [one for one in events(ali, path, most=4) if one[0] == "row"]
    last_id = first[-1][1] if first else "0"

    rest = events(ali, path, last_id)

    assert sorted(rows_of(first) + rows_of(rest)) == list(range(6))
    ids = [int(number) for event, number, _ in first + rest if event == "row"]
    assert ids == sorted(set(ids))
    assert events(ali, path, str(ids[-1])) == 204  # a browser connects no more


def test_a_token_that_is_revoked_hears_no_more(served, queue, ali, web):
    path = submitted(ali, web, ["/slow/600"])
    eve = served.person("eve", Right.READ)
    with eve.stream("GET", f"{path}/events") as answer:
        lines = answer.iter_lines()
        next(line for line in lines if line.startswith("event: progress"))
        access.revoke_tokens(queue, "eve")
        heard = list(lines)  # it ends

    assert "event: end" not in heard
    assert eve.get(path).status_code == 401
    ali.post(f"{path}/cancel")


def test_rows_may_be_left_out(ali, web):
    path = submitted(ali, web, ["/article/1"])

    assert {event for event, _, _ in events(ali, path, rows="false")} == {"progress", "end"}


def test_a_batch_that_is_tried_again_tells_of_it(ali, web):
    path = submitted(ali, web, ["/status/500"])
    found = events(ali, path)
    last_id = next(number for event, number, _ in found if event == "row")
    ali.post(f"{path}/retry")

    assert rows_of(events(ali, path, last_id)) == [0]


def test_many_follow_one_batch(served, web):
    people = [served.person(f"person {number}") for number in range(8)]
    path = submitted(people[0], web, [f"/article/{n}" for n in range(4)])
    found: list[list[int]] = []
    threads = [
        threading.Thread(target=lambda one=one: found.append(sorted(rows_of(events(one, path)))))
        for one in people
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)

    assert found == [[0, 1, 2, 3]] * 8


def test_a_record_that_is_away_is_told_and_waited_for(ali, web, monkeypatch):
    path = submitted(ali, web, ["/article/1"])
    real, calls = finished_after, []

    def sometimes(*asked):
        calls.append(asked)
        if len(calls) < 3:
            raise DatabaseUnavailable("it is away", hint="wait")
        return real(*asked)

    monkeypatch.setattr("scrapeq.api.following.finished_after", sometimes)
    found = events(ali, path)

    assert [data for event, _, data in found if event == "away"] == [
        {"detail": "it is away", "hint": "wait"}
    ]
    assert rows_of(found) == [0]


@pytest.mark.parametrize("last_id", ["x", "-1", "1.5"])
def test_an_id_that_was_never_given_is_refused(ali, web, last_id):
    path = submitted(ali, web, ["/article/1"])

    assert events(ali, path, last_id) == 422
    assert events(ali, "/v1/batches/none") == 404
