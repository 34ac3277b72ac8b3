"""Sending notifications to a server on loopback: signed, through the guard, again until they are taken."""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa

from scrapeq import database
from scrapeq.database import notifications
from scrapeq.database.engine import write_transaction
from scrapeq.models import Batch, ScrapingConfig
from scrapeq.models.notification import Notification, Notify
from scrapeq.settings import load_settings
from scrapeq.work import notifying
from tests.receiver import Receiver

#: When each is made: one after another.
_made_ms = itertools.count(1)
NOW = datetime(2026, 3, 1, 6, 0, tzinfo=UTC)


class Clock:
    """The time that the notifications go by."""

    def __init__(self) -> None:
        self.now = NOW

    def later(self, **by: float) -> None:
        self.now += timedelta(**by)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(notifying, "clock", lambda _services: made.now)
    return made


@pytest.fixture
def notify(record: sa.Engine, clock: Clock) -> Callable[..., Notification]:
    """`notify(allow=True)`: what workers do about notifications; the newest of them."""

    def notify_(*, allow: bool = True) -> Notification:
        settings = load_settings(SCRAPEQ_ALLOW_PRIVATE_ADDRESSES=allow)
        services: Any = SimpleNamespace(engine=record, settings=settings)
        notifying.notify(services)
        return notifications.listed(record, None, 1)[0].notification

    return notify_


@pytest.fixture
def run(
    record: sa.Engine, submit: Callable[..., Batch], save: Callable[..., int], result: Any
) -> Callable[..., None]:
    """`run("b1", notify, titles)`: a finished run of "prices" whose pages have these titles; None failed."""

    def run_(batch_id: str, wanted: Notify | None, titles: list[str | None]) -> None:
        submit(
            batch_id,
            len(titles),
            name="prices",
            config=ScrapingConfig.build(cookies={"session": "hunter2"}),
        )
        if wanted is not None:
            with write_transaction(record) as connection:
                notifications.add(connection, batch_id, wanted, next(_made_ms))
        pages = {
            f"{batch_id}-{row}": {"error_kind": "dns"} if title is None else {"title": title}
            for row, title in enumerate(titles)
        }
        # the same URLs in each run
        save(*(result(job_id, **page) for job_id, page in pages.items()))

    return run_


def test_it_is_signed_and_says_what_was_done(
    run: Callable[..., None], notify: Callable[..., Notification], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOOK_SECRET", "whsec_" + base64.b64encode(b"a key").decode())
    with Receiver(200) as receiver:
        run("b1", Notify.of(receiver.url, "env:HOOK_SECRET"), ["a", None])
        sent = notify()

    (got,) = receiver.received
    assert sent.state == "delivered"
    assert got.headers["webhook-id"] == sent.id
    assert got.headers["webhook-timestamp"] == str(round(NOW.timestamp()))
    signed = f"{sent.id}.{got.headers['webhook-timestamp']}.".encode() + got.body
    expected = base64.b64encode(hmac.new(b"a key", signed, hashlib.sha256).digest()).decode()
    assert got.headers["webhook-signature"] == f"v1,{expected}"
    body = json.loads(got.body)
    assert body["type"] == "batch.finished"
    assert body["data"]["counts"]["failed"] == 1
    assert body["data"]["errors"] == {"dns": 1}
    assert b"hunter2" not in got.body


def test_one_that_is_not_taken_is_sent_again_with_the_same_body(
    run: Callable[..., None], notify: Callable[..., Notification], clock: Clock
) -> None:
    with Receiver(503, 302, 200) as receiver:
        run("b1", Notify.of(receiver.url), ["a"])
        first = notify()
        assert (first.state, first.attempts, first.http_status) == ("due", 1, 503)
        assert first.error_message == "the answer was 503"
        assert notify().attempts == 1  # it waits

        clock.later(seconds=12)
        assert notify().http_status == 302  # no redirect is followed
        clock.later(hours=1)
        assert notify().state == "delivered"
        clock.later(days=1)
        notify()

    assert len(receiver.received) == 3
    assert len({(got.headers["webhook-id"], got.body) for got in receiver.received}) == 1
    assert "webhook-signature" not in receiver.received[0].headers


def test_who_asks_for_time_gets_it(
    run: Callable[..., None], notify: Callable[..., Notification], clock: Clock
) -> None:
    with Receiver(429, 200, headers={"Retry-After": "600"}) as receiver:
        run("b1", Notify.of(receiver.url), ["a"])
        waits = notify()
    assert waits.next_at == NOW + timedelta(seconds=600)


def test_it_is_given_up_after_a_day_or_when_the_other_side_says_so(
    run: Callable[..., None], notify: Callable[..., Notification], clock: Clock
) -> None:
    with Receiver(410) as receiver:
        run("b1", Notify.of(receiver.url), ["a"])
        assert notify().state == "given_up"
    run("b2", Notify.of(receiver.url), ["a"])  # nobody listens there any more
    last = notify()
    assert "refused the connection" in last.error_message
    for _ in range(notifying.MOST_ATTEMPTS - 1):
        clock.later(hours=8)
        last = notify()
    assert (last.state, last.attempts) == ("given_up", notifying.MOST_ATTEMPTS)


def test_a_private_address_is_told_only_where_that_is_allowed(
    run: Callable[..., None], notify: Callable[..., Notification], clock: Clock
) -> None:
    with Receiver() as receiver:
        run("b1", Notify.of(receiver.url), ["a"])
        kept = notify(allow=False)
        assert receiver.received == []
        assert "SCRAPEQ_ALLOW_PRIVATE_ADDRESSES" in kept.error_message
        clock.later(minutes=1)
        assert notify(allow=True).state == "delivered"


def test_a_variable_that_is_not_set_is_said_and_tried_again(
    run: Callable[..., None],
    notify: Callable[..., Notification],
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with Receiver() as receiver:
        run("b1", Notify.of("env:HOOK_URL", "env:HOOK_SECRET"), ["a"])
        monkeypatch.setenv("HOOK_URL", receiver.url)
        assert "HOOK_SECRET is not set" in notify().error_message
        monkeypatch.setenv("HOOK_SECRET", "a key")
        clock.later(minutes=1)
        assert notify().state == "delivered"
    assert receiver.received[0].path == "/hook"


def test_only_what_changed_is_told(
    run: Callable[..., None], notify: Callable[..., Notification], clock: Clock
) -> None:
    with Receiver() as receiver:
        wanted = Notify.of(receiver.url, when="changed")
        run("b1", wanted, ["a", None, "c"])
        assert notify().state == "delivered"  # all of it is new
        run("b2", wanted, ["a", None, "c"])
        assert notify().state == "skipped"
        run("b3", wanted, ["b", "x", None])
        assert notify().state == "delivered"

    bodies = [json.loads(got.body)["data"] for got in receiver.received]
    assert [body["run"] for body in bodies] == [1, 3]
    assert bodies[0]["compared"] is None
    assert bodies[1]["compared"]["run"] == 2
    assert bodies[1]["compared"]["counts"] == {"changed": 1, "broke": 1, "mended": 1}
    assert len(bodies[1]["compared"]["examples"]) == 3


def test_one_that_is_away_holds_up_no_other(
    record: sa.Engine, run: Callable[..., None], notify: Callable[..., Notification]
) -> None:
    with Receiver() as receiver:
        run("b1", Notify.of("http://127.0.0.1:1/"), ["a"])
        run("b2", Notify.of(receiver.url), ["a"])
        notify()
        states = {
            one.notification.batch_id: one.notification.state
            for one in notifications.listed(record, None, 9)
        }

    assert states == {"b1": "due", "b2": "delivered"}
    assert database.notifications.due(record, 2**53, 9)[0].batch_id == "b1"
