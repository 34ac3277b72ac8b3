"""The dashboard's server: who may speak with it, and what it does for them."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pandas as pd
import pytest
from fastapi.testclient import TestClient

import scrapeq as sq
from scrapeq.api.app import make_app
from scrapeq.api.people import OneToken
from scrapeq.dashboards import SECTIONS, Dashboard, Requests, sections
from scrapeq.dashboards import requests as dashboard_requests

TOKEN = "a-token-of-this-test"
HERE = "http://127.0.0.1:8765"
PATIENCE_S = 180


@pytest.fixture
def dashboard(queue) -> Dashboard:
    return Dashboard(queue=queue)


@pytest.fixture
def stranger(dashboard) -> TestClient:
    """Somebody who does not know the token."""
    return TestClient(
        make_app(dashboard, OneToken(TOKEN, "me")), base_url=HERE, follow_redirects=False
    )


@pytest.fixture
def person(stranger: TestClient) -> TestClient:
    """Somebody whose browser opened the address that was printed."""
    assert stranger.get("/", params={"token": TOKEN}).status_code == 200
    return stranger


def ask(client: TestClient, **request) -> dict[str, str]:
    answer: dict[str, str] = client.post("/requests", content=json.dumps(request)).json()
    return answer


PATHS = ("/", "/dashboard.js", "/dashboard.css", "/events", "/exports/some/csv")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("token", ["", "wrong", TOKEN[:-1], f"{TOKEN}x", "é"])
def test_without_the_token_nothing_is_told(stranger, path, token):
    for asked in (
        stranger.get(path, params={"token": token} if token else {}),
        stranger.get(path, headers={"Cookie": f"scrapeq-8765={token}".encode()}),
        stranger.get(path, headers={"Authorization": f"Bearer {token}".encode()}),
    ):
        assert asked.status_code == 401
        assert "token" in asked.text


def test_the_token_is_a_cookie_that_no_other_page_sends_or_reads(stranger):
    cookie = stranger.get("/", params={"token": TOKEN}).headers["set-cookie"].lower()

    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert stranger.get("/").status_code == 200


def test_a_program_may_send_the_token_as_bearer(stranger):
    assert stranger.get("/", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200


def test_a_name_that_leads_here_is_refused(person):
    assert person.get("/", headers={"Host": "rebound.example:8765"}).status_code == 400


def test_a_page_of_another_origin_can_do_nothing(person):
    for origin in ("https://evil.example", "http://127.0.0.1:9", "null"):
        answer = person.post("/requests", content="{}", headers={"Origin": origin})
        assert answer.status_code == 403
    assert person.post("/requests", content="{}", headers={"Origin": HERE}).status_code == 200


def test_a_page_of_another_port_can_lead_here_and_do_nothing(person, web, scrape):
    batch = scrape([web.url("/article/1")], name="exported")
    for site in ("same-site", "cross-site"):
        header = {"Sec-Fetch-Site": site}
        for path in (f"/exports/{batch.id}/csv", "/events", "/dashboard.js"):
            assert person.get(path, headers=header).status_code == 403
        assert person.post("/requests", content="{}", headers=header).status_code == 403
        assert person.get("/", params={"token": TOKEN}, headers=header).status_code == 200


def test_a_page_loads_nothing_from_elsewhere_and_is_framed_by_nobody(person):
    page = person.get("/")

    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert page.headers["cache-control"] == "no-store"
    assert set(re.findall(r'(?:src|href)="([^"]*)"', page.text)) == {
        "data:,",
        "page.css",
        "dashboard.css",
        "dashboard.js",
    }


def test_urls_are_submitted_and_the_table_comes_back(person, web, queue):
    urls = [web.url(f"/article/{number}") for number in range(300, 305)]
    said = ask(
        person,
        do="submit",
        way="urls",
        urls="\n".join(["", *urls, "  "]),
        name="by hand",
        options={"main_text": "off", "custom_selectors": "headline = h1\nall[] = a"},
    )
    assert said == {"message": "by hand: 5 rows are being fetched"}
    config = queue.find_batch("by hand").config
    assert config.custom_selectors == {"headline": "h1", "all": ["a"]}
    assert config.main_text == "off"

    sq.attach("by hand", queue=queue).wait(PATIENCE_S)
    answer = person.get(f"/exports/{queue.find_batch('by hand').id}/jsonl")
    assert 'filename="by-hand.jsonl"' in answer.headers["content-disposition"]
    rows = [json.loads(line) for line in answer.text.splitlines()]
    assert [row["headline"] for row in rows] == [
        web.page(f"/article/{n}").title for n in range(300, 305)
    ]


def test_stored_pages_are_fetched_again_if_that_is_asked_for(person, web, queue, asked):
    request = {"do": "submit", "way": "urls", "urls": web.url("/article/310")}
    for name, refresh, requests in (("first", False, 1), ("second", False, 1), ("third", True, 2)):
        ask(person, **request, name=name, refresh=refresh)
        sq.attach(name, queue=queue).wait(PATIENCE_S)
        assert len(asked()) == requests


def test_what_has_no_name_is_called_by_the_time(person, web, queue):
    said = ask(person, do="submit", way="urls", urls=web.url("/article/311"))["message"]

    (newest,) = queue.list_batches(1)
    assert re.fullmatch(r"dashboard \d{4}-\d\d-\d\d \d\d:\d\d:\d\d", newest.name)
    assert said == f"{newest.name}: 1 row is being fetched"


def test_an_uploaded_file_is_submitted_once(person, web, queue):
    rows = pd.DataFrame(
        {"firm": ["a", "b"], "page": [web.url("/article/1"), web.url("/article/2")]}
    )
    key = person.post("/files/..%2F..%2Ffirms.CSV", content=rows.to_csv(index=False)).json()["file"]
    request = {"do": "submit", "way": "file", "file": key, "column": "page", "name": "uploaded"}

    assert ask(person, **request) == {"message": "uploaded: 2 rows are being fetched"}
    assert queue.find_batch("uploaded").url_column == "page"
    assert "did not arrive" in ask(person, **request)["error"]


def test_a_file_that_is_too_large_is_not_kept(person, monkeypatch):
    monkeypatch.setattr("scrapeq.api.dashboard.MOST_FILE", 1000)
    answer = person.post("/files/urls.txt", content=b"x" * 1001).json()

    assert "sq.scrape" in answer["error"]


def test_a_request_that_is_too_large_is_refused(person, monkeypatch):
    monkeypatch.setattr("scrapeq.api.dashboard.MOST_BODY", 1000)

    assert person.post("/requests", content=b"x" * 1001).status_code == 413


@pytest.mark.parametrize(
    ("request_", "why"),
    [
        ("no json", "this cannot be understood"),
        ("[]", "this cannot be understood"),
        ("[" * 100_000, "this cannot be understood"),
        ('{"do": "submit", "way": "elsewhere", "urls": "x"}', "this cannot be understood"),
        ('{"do": "submit", "way": "urls", "urls": " \\n "}', "there are no URLs"),
        ('{"do": "submit", "way": "urls", "urls": "x", "options": {"colour": "red"}}', "'colour'"),
        (
            '{"do": "submit", "way": "urls", "urls": "x", "options": {"max_retries": "-1"}}',
            "max_retries",
        ),
        (
            '{"do": "submit", "way": "urls", "urls": "x", "options": {"headers": "Accept"}}',
            "write one a line, like Accept-Language: de",
        ),
        (
            '{"do": "submit", "way": "frame", "frame": "[\\"df\\", \\"link\\"]"}',
            "no table is chosen",
        ),
        ('{"do": "explode", "batch": "x"}', "there is no action 'explode'"),
        ('{"do": "export", "batch": "x", "name": "csv"}', "there is no action 'export'"),
        ('{"do": "cancel", "batch": "no such batch"}', "there is no batch 'no such batch'"),
        ('{"do": "cancel", "batch": "x", "__class__": "y"}', "this cannot be understood"),
    ],
)
def test_what_cannot_be_done_is_answered_with_why(person, request_, why):
    said = person.post("/requests", content=request_).json()["error"]
    assert why in said
    assert "sqlite3" not in said  # where the record lies is said on its own machine only


def test_an_export_that_cannot_be_is_404(person, web, scrape):
    batch = scrape([web.url("/article/1")], name="one")

    assert person.get("/exports/none/csv").status_code == 404
    assert person.get(f"/exports/{batch.id}/exe").status_code == 404


def test_many_save_the_same_batch_at_once_under_a_long_foreign_name(person, dashboard, web, scrape):
    batch = scrape([web.url("/article/1")], name="猫" * 200)
    batch.wait(PATIENCE_S)

    with ThreadPoolExecutor(6) as people:
        answers = list(people.map(lambda _: person.get(f"/exports/{batch.id}/csv"), range(12)))
    assert [answer.status_code for answer in answers] == [200] * 12
    assert len({answer.content for answer in answers}) == 1
    assert web.url("/article/1") in answers[0].text


def test_an_upload_that_breaks_off_or_is_never_submitted_is_not_kept(dashboard):
    requests = Requests(dashboard)
    with suppress(ConnectionError), requests.upload("urls.txt") as (_, file):
        file.write(b"half")
        raise ConnectionError
    assert {path.name for path in requests.folder.iterdir()} <= {"held.lock"}

    keys = []
    for _ in range(dashboard_requests.MOST_UPLOADS + 2):
        with requests.upload("urls.txt") as (key, file):
            file.write(b"x")
        keys.append(key)
    assert {path.stem for path in requests.folder.iterdir()} - {"held"} == set(keys[2:])


def test_all_who_look_at_once_share_one_picture(dashboard, monkeypatch):
    drawn = []

    def draw(name, _dashboard):
        drawn.append(name)
        return name

    monkeypatch.setattr(sections, "drawn", draw)

    with ThreadPoolExecutor(6) as people:
        pictures = list(people.map(lambda _: dashboard.changed({}), range(6)))
    assert drawn == list(SECTIONS)
    assert pictures == [{name: name for name in SECTIONS}] * 6


def test_only_parts_that_changed_travel(queue, web, scrape, eventually):
    dashboard = Dashboard(queue=queue, same_s=0)
    scrape([web.url("/article/1")], name="quiet").wait(PATIENCE_S)
    shown: dict[str, str] = {}

    assert set(dashboard.changed(shown)) == set(SECTIONS)
    # when workers have taken the last wake-ups, only the clock goes on
    eventually(lambda: set(dashboard.changed(shown)) <= {"status", "charts", "workers"})
    assert "quiet" in shown["batches"]


def test_a_notebook_saves_beside_itself_and_overwrites_nothing(dashboard, web, scrape, tmp_path):
    batch = scrape([web.url("/article/1")], name="../firms")
    requests = Requests(dashboard, save_to=tmp_path)
    batch.wait(PATIENCE_S)

    for _ in range(2):
        answer = requests.answer({"do": "export", "batch": batch.id, "name": "csv"})
        assert "wrote" in answer["message"]
    assert {path.name for path in tmp_path.iterdir()} == {"firms.csv", "firms-2.csv"}


def test_secrets_that_were_typed_are_told_nowhere(person, dashboard, web, queue, caplog):
    caplog.set_level("DEBUG")
    typed = {
        "headers": "X-Key: OPEN-SESAME",
        "cookies": "sid: OPEN-SESAME",
        "proxy": "http://ali:OPEN-SESAME@127.0.0.1:9",
        "max_retries": "0",
    }
    request = {"do": "submit", "way": "urls", "urls": web.url("/article/77"), "name": "cave"}
    told = [str(ask(person, **request, options=typed))]
    for wrong in ({"headers": "OPEN-SESAME"}, {"proxy": "OPEN-SESAME"}, {"max_age": "OPEN-SESAME"}):
        answer = ask(person, **request, options=wrong)
        assert "error" in answer
        told.append(str(answer))
    batch = sq.attach("cave", queue=queue).wait(PATIENCE_S)
    told += [person.get("/").text, *dashboard.changed({}).values(), *dashboard.picture()]
    told += [person.get(f"/exports/{batch.id}/{ending}").text for ending in ("csv", "jsonl")]

    assert batch.progress.failed == 1  # through a proxy that is not there
    assert [text for text in [*told, caplog.text] if "SESAME" in text] == []


def test_a_name_of_strangers_cannot_turn_an_answer_around(person, web, scrape):
    batch = scrape([web.url("/article/1")], name="\u202egood")

    assert ask(person, do="cancel", batch=batch.id) == {"message": "\ufffdgood: cancelled"}


def test_what_went_wrong_inside_is_said_and_does_not_leak(dashboard, monkeypatch, caplog):
    monkeypatch.setattr(dashboard, "steer", lambda *_: 1 / 0)
    answer = dashboard_requests.Requests(dashboard).answer({"do": "cancel", "batch": "x"})

    assert answer == {"error": "this failed: ZeroDivisionError; see the log of scrapeq"}
    assert "ZeroDivisionError" in caplog.text
