"""Schedules on a cluster that works: who starts their runs, how often, and what they keep."""

from __future__ import annotations

import threading
import uuid
import warnings
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import pytest

import scrapeq as sq
from scrapeq import database
from scrapeq.database.engine import write_transaction
from scrapeq.database.schema import schedules as table
from scrapeq.errors import ConfigError, NotFound, RedisFull, RedisUnavailable, ScheduleWarning
from scrapeq.frontier.coordination import Coordination
from scrapeq.pipeline.job_queue import JobQueue
from scrapeq.project import scheduling, steering, submitting
from scrapeq.testing import LittleWeb

Make = Callable[..., sq.ScheduleHandle]
DAY = timedelta(days=1)


@pytest.fixture
def rows(web: LittleWeb) -> pd.DataFrame:
    """Two pages, an empty cell and what is no URL, each with a label."""
    urls = [record["url"] for record in web.urls(2)]
    return pd.DataFrame({"label": list("abcd"), "link": [*urls, None, "mailto:x"]})


@pytest.fixture
def name() -> str:
    """A name that no batch of another test has."""
    return f"prices-{uuid.uuid4().hex[:6]}"


@pytest.fixture
def make(cluster: sq.LocalCluster, queue: JobQueue) -> Iterator[Make]:
    """`sq.schedule` without its warning; what it made is gone after the test."""

    def make_(name: str, *given: Any, **options: Any) -> sq.ScheduleHandle:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ScheduleWarning)
            return sq.schedule(name, *given, queue=queue, **options)

    yield make_
    for one in database.schedules.listed(queue.services.engine):
        database.schedules.delete(queue.services.engine, one.schedule.name)
        if one.schedule.last_batch_id is not None:
            batch = sq.attach(one.schedule.last_batch_id, queue=queue)
            batch.cancel()


def runs(queue: JobQueue, name: str) -> list[int]:
    """The numbers of the runs of a name."""
    found = sq.batches(limit=None, queue=queue)
    return sorted(found.loc[found["batch"] == name, "run"])


def next_of(handle: sq.ScheduleHandle) -> datetime:
    assert handle.next_at is not None
    return handle.next_at


def make_due(queue: JobQueue, name: str, at: datetime) -> None:
    """As if its next time had been then, and nothing had worked since."""
    with write_transaction(queue.services.engine) as connection:
        change = table.update().where(table.c.name == name)
        times = {"made_ms": at - 7 * DAY, "next_ms": at}
        connection.execute(
            change.values({key: round(one.timestamp() * 1000) for key, one in times.items()})
        )


def test_workers_start_a_run_when_its_time_has_come(
    name: str, make: Make, rows: pd.DataFrame, queue: JobQueue, eventually: Callable[..., Any]
) -> None:
    handle = make(name, rows, "link", every="1d", custom_selectors={"headline": "h1"})
    now = datetime.now(UTC)
    make_due(queue, name, now - 3.5 * DAY)  # and three times passed since

    batch = eventually(lambda: handle.last).wait(timeout=120)

    assert batch.batch.name == name
    assert list(batch.df["label"]) == list("abcd")
    assert batch.df["headline"].notna().tolist() == [True, True, False, False]
    assert len(batch.errors) == 2
    seen = handle.schedule
    assert seen.next_at > now
    assert seen.missed == 3
    assert not seen.error_message
    assert runs(queue, name) == [1]


def test_many_that_look_at_once_start_one_run(
    name: str, make: Make, rows: pd.DataFrame, queue: JobQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where no lock in Redis keeps them apart, as when it was emptied: the record does."""
    monkeypatch.setattr(Coordination, "lock", lambda *_: "proof")
    monkeypatch.setattr(Coordination, "unlock", lambda *_: None)
    handle = make(name, rows, "link", every="1d")
    due = next_of(handle) + timedelta(seconds=1)
    started: list[Any] = []
    all_ready = threading.Barrier(4)

    def look() -> None:
        all_ready.wait()
        started.extend(scheduling.start_due(queue.services, due))

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(started) == 1
    assert runs(queue, name) == [1]
    assert handle.next_at == due + DAY - timedelta(seconds=1)


def test_runs_count_up_and_fetch_anew(
    name: str, make: Make, rows: pd.DataFrame, queue: JobQueue, asked: Callable[[], list[Any]]
) -> None:
    handle = make(name, rows, "link", every="1d")
    first = handle.run_now().wait(timeout=120)
    before = len(asked())

    (second,) = scheduling.start_due(queue.services, handle.next_at)
    sq.attach(second.id, queue=queue).wait(timeout=120)

    assert (first.batch.run, second.run) == (1, 2)
    assert len(asked()) >= before + 2
    assert second.from_store == 0
    changes = sq.compare(first, name, queue=queue)
    assert set(changes["change"].dropna()) <= {"same", "changed"}
    assert handle.last.id == second.id


def test_a_time_that_comes_while_a_run_is_under_way_has_none(
    name: str, make: Make, rows: pd.DataFrame, queue: JobQueue
) -> None:
    page = rows["link"][0]
    waits = [page, f"{page}?again"]  # the second row waits for its host
    handle = make(name, waits, every="1d", delay_between_requests=3600)
    handle.run_now()
    due = next_of(handle)

    assert scheduling.start_due(queue.services, due) == []

    seen = handle.schedule
    assert seen.missed == 1
    assert "run 1 was still under way" in seen.error_message
    assert seen.next_at == due + DAY
    frame = sq.schedules(queue=queue)
    assert list(frame["state"]) == ["running"]
    assert "under way" in frame["error"][0]
    under_way = handle.run_now()
    assert "was under way" in under_way.note
    assert under_way.id == handle.last.id


def test_a_schedule_that_cannot_start_says_why_and_keeps_no_other(
    make: Make, rows: pd.DataFrame, queue: JobQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = (make(name, rows, "link", every="1d") for name in ("bad", "good"))
    usual = submitting.accepted

    def accepted(services: Any, submission: Any, **named: Any) -> Any:
        if submission.name == "bad":
            raise RuntimeError("no such thing")
        return usual(services, submission, **named)

    monkeypatch.setattr(scheduling, "accepted", accepted)

    (started,) = scheduling.start_due(queue.services, next_of(good) + DAY / 2)

    assert started.name == "good"
    assert "RuntimeError: no such thing" in bad.schedule.error_message
    assert bad.last is None
    assert bad.next_at > good.schedule.made_at + DAY


def test_a_redis_that_is_away_or_full_loses_no_time(
    name: str, make: Make, rows: pd.DataFrame, queue: JobQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    handle = make(name, rows, "link", every="1d")
    due = handle.next_at

    def away(*_: Any, **__: Any) -> Any:
        raise RedisUnavailable("away")

    with monkeypatch.context() as patched:
        patched.setattr(Coordination, "lock", away)
        with pytest.raises(RedisUnavailable):
            scheduling.start_due(queue.services, due)
    assert handle.next_at == due  # it is due until it is answered

    def full(*_: Any) -> Any:
        raise RedisFull("full")

    with monkeypatch.context() as patched:
        patched.setattr(steering, "begin", full)
        (batch,) = scheduling.start_due(queue.services, due)

    # accepted, and put into Redis by housekeeping
    assert sq.attach(batch.id, queue=queue).wait(timeout=120).is_done


def test_the_same_name_again_changes_it(
    name: str, make: Make, rows: pd.DataFrame, queue: JobQueue
) -> None:
    first = make(name, rows, "link", every="6h", custom_selectors={"a": "h1"})
    times = first.schedule.made_at, first.next_at

    again = make(name, rows, "link", every="6h", custom_selectors={"a": "h1"})
    assert "the same schedule as before" in again.note
    assert (again.schedule.made_at, again.next_at) == times

    assert "its time zone is Asia/Tokyo" in make(name, timezone="Asia/Tokyo").note
    assert (first.schedule.made_at, first.next_at) == times  # an interval goes by no clock

    make(name, every="1d", at="06:00", timezone="Europe/Berlin")
    seen = first.schedule
    assert seen.timetable.words == "every day at 06:00 (Europe/Berlin)"
    assert seen.config.custom_selectors == {"a": "h1"}
    assert seen.rows == 4

    assert "has another 1 row;" in make(name, rows.head(1), "link", max_retries=0, priority=2).note
    seen = first.schedule
    assert (seen.rows, seen.priority, seen.config.max_retries) == (1, 2, 0)
    assert seen.config.custom_selectors == {}
    assert seen.timetable.at == "06:00"

    make(name, max_retries=1)
    assert first.schedule.config.max_retries == 1

    assert make(name).schedule == first.schedule

    for change, words in (
        ({"at": "07:00"}, "every day at 07:00 (Europe/Berlin)"),
        ({"timezone": "Asia/Tokyo"}, "every day at 07:00 (Asia/Tokyo)"),
        ({"cron": "0 6 * * 1-5"}, "at 06:00 on Monday through Friday (Asia/Tokyo)"),
    ):
        assert f"and is {words}; next" in make(name, **change).note


def test_how_it_notifies_is_changed_alone(make: Make, rows: pd.DataFrame, name: str) -> None:
    hook, other = "https://hooks.example/1", "https://hooks.example/2"
    make(name, rows, url="link", every="52w")
    with pytest.raises(ConfigError, match="it notifies nobody, so there is nothing to say of how"):
        make(name, notify_when="changed")
    begun = make(name, notify=hook, notify_secret="env:KEY")
    assert "it notifies https://hooks.example/… when done" in begun.note

    changed = make(name, notify_when="changed")

    assert changed.note.startswith("it notifies when changed; next")
    kept = changed.schedule.notify
    assert (kept.url.get_secret_value(), kept.secret, kept.when) == (hook, "env:KEY", "changed")
    assert "signed with another secret" in make(name, notify_secret="env:KEY2").note
    assert "the same schedule" in make(name, notify_when="changed").note
    assert make(name, max_retries=1).schedule.notify.when == "changed"
    anew = make(name, notify=other).schedule.notify
    assert (anew.url.get_secret_value(), anew.secret, anew.when) == (other, None, "done")
    with pytest.raises(ConfigError, match="notify_when is 'sometimes'"):
        make(name, notify_when="sometimes")
    with pytest.raises(ConfigError, match=r"notify_when is .'done'"):
        make(name, notify_when=["done"])
    assert "it notifies nobody any more" in make(name, notify="").note


def test_pause_resume_and_delete(
    name: str, make: Make, rows: pd.DataFrame, queue: JobQueue
) -> None:
    handle = make(name, rows, "link", every="1d")
    due = handle.next_at

    assert handle.pause().next_at is None
    assert scheduling.start_due(queue.services, due) == []
    assert list(sq.schedules(queue=queue)["state"]) == ["paused"]
    assert "paused" in repr(handle)
    make_due(queue, name, datetime.now(UTC) - DAY)
    assert handle.resume().next_at > datetime.now(UTC)
    assert handle.last is None  # what passed meanwhile is not made up for

    batch = handle.run_now().wait(timeout=120)
    handle.delete()

    assert sq.schedules(queue=queue).empty
    assert len(batch.df) == 4
    for act in (handle.pause, handle.run_now, handle.delete, lambda: handle.last):
        with pytest.raises(NotFound, match="no schedule"):
            act()
    assert "no schedule" in repr(handle)
    assert "no schedule" in handle._repr_html_()


def test_the_table_and_the_card(make: Make, rows: pd.DataFrame, queue: JobQueue) -> None:
    make("<b>weekly</b>", rows, "link", cron="0 6 * * 1-5", timezone="Europe/Berlin")
    make("hourly", rows, "link", every="1h")
    make("forgotten", rows, "link", every="1h").pause()

    frame = sq.schedules(queue=queue)

    assert len(frame) == 3
    assert frame["next_at"].dropna().is_monotonic_increasing
    weekly = frame.set_index("schedule").loc["<b>weekly</b>"]
    assert weekly["when"] == "at 06:00 on Monday through Friday (Europe/Berlin)"
    assert weekly["state"] == "waiting"
    assert weekly["rows"] == 4
    assert weekly["missed"] == 0
    assert weekly[["last_at", "batch_id", "failed", "error"]].isna().all()
    assert str(frame["next_at"].dtype) == "datetime64[us, UTC]"
    card = make("<b>weekly</b>")._repr_html_()
    assert "&lt;b&gt;weekly" in card
    assert "<b>weekly" not in card


def test_a_time_that_nobody_answered_is_seen(
    name: str, make: Make, rows: pd.DataFrame, queue: JobQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    handle = make(name, rows, "link", every="1d")

    monkeypatch.setattr(sq.clock, "now", lambda: handle.schedule.next_at + timedelta(minutes=2))

    assert list(sq.schedules(queue=queue)["state"]) == ["overdue"]


@pytest.mark.parametrize(
    ("given", "part"),
    [
        ({}, "what to scrape is not given"),
        ({"every": "1d"}, "what to scrape is not given"),
        ({"source": ["https://a.example/"]}, "when is not given"),
        ({"source": ["https://a.example/"], "every": "10s"}, "every is '10s'"),
        ({"source": ["https://a.example/"], "every": "1d", "priority": 0}, "priority is 0"),
        ({"source": ["https://a.example/"], "every": "1d", "max_retrys": 0}, "max_retries"),
    ],
    ids=str,
)
def test_what_cannot_be_a_schedule_is_refused(
    make: Make, queue: JobQueue, given: dict[str, Any], part: str
) -> None:
    with pytest.raises((ConfigError, NotFound)) as refused:
        make("new", **{"max_retries": 3, **given} if given else {"priority": 3})

    assert part in str(refused.value)
    assert sq.schedules(queue=queue).empty


def test_who_is_alone_is_warned_and_told_what_to_do(
    name: str, rows: pd.DataFrame, queue: JobQueue
) -> None:
    with pytest.warns(ScheduleWarning, match="scrapeq up") as warned:
        handle = sq.schedule(name, rows, "link", every="1d", queue=queue)

    assert warned[0].filename == __file__
    handle.delete()
