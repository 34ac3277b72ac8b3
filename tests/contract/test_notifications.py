"""Notifications in the record: made with their batch, and moved by one process at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from scrapeq import database
from scrapeq.database import notifications
from scrapeq.database.engine import write_transaction
from scrapeq.models import Batch
from scrapeq.models.notification import Notification, NotificationState, Notify

Submit = Callable[..., Batch]
NOW = datetime(2026, 3, 1, 6, 0, tzinfo=UTC)
NOW_MS = round(NOW.timestamp() * 1000)
NOTIFY = Notify.of("https://hooks.example/s3cret", "env:HOOK", "changed")


@pytest.fixture
def waiting(record: sa.Engine, submit: Submit) -> Callable[[str], None]:
    """`waiting("b")`: a batch of two rows with a notification."""

    def waiting_(batch_id: str) -> None:
        submit(batch_id, 2, name=batch_id)
        with write_transaction(record) as connection:
            notifications.add(connection, batch_id, NOTIFY, NOW_MS)

    return waiting_


def the_notification(engine: sa.Engine) -> Notification:
    (one,) = notifications.listed(engine, None, 10)
    return one.notification


def test_a_notification_waits_for_the_end_of_its_batch(
    record: sa.Engine, waiting: Callable[[str], None], save, result
) -> None:
    for batch_id in ("open", "done", "stopped"):
        waiting(batch_id)
    assert notifications.to_prepare(record, NOW_MS, 10) == []

    save(result("done-0"), result("done-1", error_kind="dns"))
    database.jobs.cancel_jobs(record, "stopped")

    assert {one.batch_id for one in notifications.to_prepare(record, NOW_MS, 10)} == {
        "done",
        "stopped",
    }
    assert notifications.to_prepare(record, NOW_MS, 1)[0].notify == NOTIFY


def test_of_many_that_prepare_one_does(
    record: sa.Engine, waiting: Callable[[str], None], save, result
) -> None:
    waiting("b")
    save(result("b-0"), result("b-1"))
    (seen,) = notifications.to_prepare(record, NOW_MS, 10)

    assert notifications.hold(record, seen, NOW + timedelta(seconds=60))
    assert not notifications.hold(record, seen, NOW + timedelta(seconds=60))
    assert notifications.to_prepare(record, NOW_MS, 10) == []
    # who died in the middle of it holds it no longer
    (again,) = notifications.to_prepare(record, NOW_MS + 60_000, 10)
    assert notifications.hold(record, again, NOW + timedelta(seconds=120))


def test_what_is_prepared_is_due_until_it_is_taken(
    record: sa.Engine, waiting: Callable[[str], None]
) -> None:
    waiting("b")
    notifications.prepared(record, the_notification(record), "{}", NOW)
    (due,) = notifications.due(record, NOW_MS, 10)
    assert (due.body, due.state, due.attempts) == ("{}", NotificationState.DUE, 0)

    assert notifications.take(record, due, NOW + timedelta(seconds=10))
    assert notifications.due(record, NOW_MS, 10) == []
    notifications.refused(record, due, "the answer was 503", 503, NOW + timedelta(seconds=40))
    (again,) = notifications.due(record, NOW_MS + 40_000, 10)
    assert (again.attempts, again.http_status, again.id) == (1, 503, due.id)

    notifications.delivered(record, again, 204, NOW)
    assert notifications.due(record, NOW_MS + 10**9, 10) == []
    taken = the_notification(record)
    assert (taken.state, taken.http_status, taken.error_message) == ("delivered", 204, "")
    # what another process notes later changes nothing
    notifications.refused(record, again, "too late", None, None)
    assert the_notification(record) == taken


def test_of_many_that_see_a_notification_one_sends_it(
    record: sa.Engine, waiting: Callable[[str], None], open_record: Callable[[], sa.Engine]
) -> None:
    waiting("b")
    notifications.prepared(record, the_notification(record), "{}", NOW)
    (due,) = notifications.due(record, NOW_MS, 10)
    engines = [open_record() for _ in range(4)]
    taken: list[bool] = []

    def take(engine: sa.Engine) -> None:
        taken.append(notifications.take(engine, due, NOW))

    threads = [threading.Thread(target=take, args=(engine,)) for engine in engines]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(taken) == [False, False, False, True]


def test_one_that_is_given_up_or_left_out_is_sent_no_more(
    record: sa.Engine, waiting: Callable[[str], None]
) -> None:
    waiting("b")
    waiting("c")
    first, second = (one.notification for one in notifications.listed(record, None, 10))
    notifications.skipped(record, first)
    notifications.prepared(record, second, "{}", NOW)
    notifications.refused(record, second, "gone", 410, None)

    assert notifications.due(record, NOW_MS + 10**9, 10) == []
    states = {one.batch: one.notification.state for one in notifications.listed(record, None, 10)}
    assert sorted(states.values()) == ["given_up", "skipped"]


def test_a_batch_gets_one_notice_for_a_url_and_they_go_with_it(
    record: sa.Engine, submit: Submit
) -> None:
    submit("b", 1, refused=[0])

    assert notifications.add_missing(record, "b", NOTIFY, NOW_MS)
    assert not notifications.add_missing(record, "b", NOTIFY, NOW_MS)
    assert notifications.add_missing(record, "b", Notify.of("https://other.example/"), NOW_MS)
    assert len(notifications.listed(record, "b", 10)) == 2

    database.jobs.delete_before(record, 2**53)
    assert notifications.listed(record, None, 10) == []
