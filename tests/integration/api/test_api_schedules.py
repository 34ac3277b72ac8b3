"""Schedules and notifications over REST, and by the client."""

from __future__ import annotations

import uuid

import pandas as pd
import pytest

import scrapeq as sq
from scrapeq.client import Client
from scrapeq.errors import ConfigError, NotAllowed, NotFound
from scrapeq.models.person import Right


@pytest.fixture
def name() -> str:
    """With what a path must carry."""
    return f"prices/{uuid.uuid4().hex[:6]} ü%?"


@pytest.fixture
def ali(served):
    return served.person("ali")


@pytest.fixture
def client(served, queue):
    with Client(served.url, served.token("ali")) as client:
        yield client
        for one in sq.schedules(queue=queue)["schedule"]:
            schedule = sq.schedule(one, queue=queue)
            schedule.delete()


@pytest.fixture
def rows(web) -> pd.DataFrame:
    return pd.DataFrame({"firm": list("ab"), "link": [web.url("/article/1"), None]}, index=[3, 5])


def test_a_schedule_is_that_of_a_notebook(client, ali, web, queue, rows, name):
    made = client.schedule(
        name, rows, url="link", every="1d", at="06:00", timezone="Europe/Berlin", main_text="off"
    )
    local = sq.schedule(name, queue=queue)

    assert made.note.startswith("2 rows every day at 06:00 (Europe/Berlin); next ")
    assert (made.next_at, local.schedule.owner) == (local.next_at, "ali")
    pd.testing.assert_frame_equal(client.schedules(), sq.schedules(queue=queue))
    again = client.schedule(
        name, rows, url="link", every="1d", at="06:00", timezone="Europe/Berlin", main_text="off"
    )
    assert again.note.startswith("the same schedule as before")
    later = client.schedule(name, at="07:00")
    assert "and is every day at 07:00 (Europe/Berlin); next" in later.note
    assert "07:00 (Asia/Tokyo); next" in client.schedule(name, timezone="Asia/Tokyo").note
    body = {"name": name, "every": "2d", "urls": [web.url("/article/1")]}
    assert (
        ali.post("/v1/schedules", json=body).json()["when"] == "every 2 days at 07:00 (Asia/Tokyo)"
    )
    assert "is every 2 days; next" in client.schedule(name, at="").note
    file = {"file": ("rows.csv", f"link\n{web.url('/article/1')}\n")}
    sent = ali.post("/v1/schedules/file", data={"name": name, "at": "08:00"}, files=file)
    assert sent.json()["when"] == "every 2 days at 08:00 (Asia/Tokyo)"
    changed = client.schedule(name, every="6h", max_retries=1)
    assert "and is every 6 hours" in changed.note
    assert made._repr_html_().count("every 6 hours") == 1
    assert repr(made).startswith("<RemoteSchedule 'prices/")


def test_it_is_paused_goes_on_runs_and_is_deleted(client, queue, rows, name):
    schedule = client.schedule(name, rows, url="link", every="52w", main_text="off")

    assert schedule.last is None
    assert schedule.pause().next_at is None
    assert list(client.schedules()["state"]) == ["paused"]
    assert schedule.resume().next_at is not None
    run = schedule.run_now()
    assert run.note == f"run 1 of {name!r}"
    assert [schedule.schedule.last_batch_id, schedule.last is not None] == [run.id, True]
    local = sq.attach(run.id, queue=queue).wait(180)
    pd.testing.assert_frame_equal(run.df, local.df)
    assert list(run.df.index) == [3, 5]
    assert run.id == client.attach(name).id
    schedule.delete()
    with pytest.raises(NotFound, match="no schedule"):
        client.schedule(name)
    with pytest.raises(NotFound, match="no schedule"):
        schedule.run_now()


def test_the_rows_of_a_run_have_the_columns_of_the_input(client, ali, queue, rows, name):
    run = client.schedule(name, rows, url="link", every="52w", main_text="off").run_now()
    run.wait(180)

    listed = ali.get(f"/v1/batches/{run.id}/rows").json()["rows"]
    assert [row["firm"] for row in listed] == ["a", "b"]


def test_only_its_owner_and_administrators_change_it(client, served, rows, name):
    client.schedule(name, rows, url="link", every="52w")

    with Client(served.url, served.token("eva")) as eva:
        theirs = eva.schedule(name)
        for change in (theirs.pause, theirs.resume, theirs.run_now, theirs.delete):
            with pytest.raises(NotAllowed, match="belongs to ali"):
                change()
        with pytest.raises(NotAllowed, match="belongs to ali"):
            eva.schedule(name, every="6h")
    with Client(served.url, served.token("chief", Right.ADMINISTER)) as chief:
        assert chief.schedule(name).pause().schedule.paused
    with Client(served.url, served.token("max", Right.READ)) as reader:
        assert reader.schedule(name).schedule.paused
        with pytest.raises(NotAllowed, match="may read"):
            reader.schedule(name).resume()


def test_what_cannot_be_met_is_refused(client, served, web, rows, name):
    with pytest.raises(ConfigError, match="what to scrape is not given"):
        client.schedule(name, every="6h")
    with pytest.raises(ConfigError, match="every is 'often'"):
        client.schedule(name, rows, url="link", every="often")
    with pytest.raises(ConfigError, match="no time zone"):
        client.schedule(name, [web.url("/")], every="1d", at="06:00", timezone="Berlin")
    with pytest.raises(ConfigError, match="no URL that can be"):
        client.schedule(name, rows, url="link", every="6h", notify="mailto:x")
    with pytest.raises(NotAllowed, match="env:NAME as notify may only be used"):
        client.schedule(name, rows, url="link", every="6h", notify="env:HOOK")
    with pytest.raises(NotAllowed, match="env:NAME as notify_secret"):
        client.scrape([web.url("/")], notify=web.url("/hook"), notify_secret="env:KEY")
    with pytest.raises(NotAllowed, match="proxy may only be used"):
        client.schedule(name, rows, url="link", every="6h", proxy="http://127.0.0.1:1")
    with pytest.raises(ConfigError, match="no database keeps"):
        client.schedule("a\0b", rows, url="link", every="6h")
    assert client.schedules().empty


def test_a_name_that_no_database_keeps_is_no_schedule(client, ali, rows):
    client.schedule("ab", rows, url="link", every="6h")

    for refused in (ali.get("/v1/schedules/a%00b"), ali.post("/v1/schedules/a%00b/run")):
        assert refused.status_code == 404
        assert "there is no schedule" in refused.json()["detail"]


def test_who_is_notified_is_listed_without_what_may_be_a_secret(client, queue, web, rows, name):
    hook = web.url("/hook?key=secret")
    batch = client.scrape([web.url("/article/2")], notify=hook, main_text="off").wait(180)
    scheduled = client.schedule(name, rows, url="link", every="52w", notify=hook)

    listed = client.notifications(batch.id)
    expected = sq.notifications(batch.id, queue=queue)
    assert list(listed["notification_id"]) == list(expected["notification_id"])
    assert listed.dtypes.equals(expected.dtypes)
    assert "secret" not in listed.to_csv()
    assert "secret" not in scheduled.schedule.model_dump_json()
    assert scheduled.schedule.notify.to.startswith("http://127.0.0.1:")
    assert client.schedule(name, notify_when="changed").schedule.notify.when == "changed"
    assert client.schedule(name, max_retries=0).schedule.notify.when == "changed"
    assert client.schedule(name, notify="").schedule.notify is None
    with pytest.raises(ConfigError, match="it notifies nobody"):
        client.schedule(name, notify_when="changed")


def test_what_was_changed_is_in_the_audit_log(client, served, rows, name):
    client.schedule(name, rows, url="link", every="52w").pause().delete()

    entries = served.person("chief", Right.ADMINISTER).get("/v1/audit").json()["entries"]
    assert [(one["action"], one["person"]) for one in entries[:3]] == [
        ("delete_schedule", "ali"),
        ("pause_schedule", "ali"),
        ("put_schedule_of_file", "ali"),
    ]
