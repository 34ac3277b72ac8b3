"""Sums that only rise: closed minutes are added up once, and the newest ones at each look."""

from __future__ import annotations

import sqlalchemy as sa

from scrapeq.clock import MINUTE_MS, now_ms
from scrapeq.database import ai_spending, totals
from scrapeq.database.engine import write_transaction
from scrapeq.database.minutes import count_errors, count_finished
from scrapeq.database.schema import history
from scrapeq.models import AICost


def count(engine: sa.Engine, minutes_ago: int, good: int, bad: int) -> None:
    at_ms = now_ms() - minutes_ago * MINUTE_MS
    with write_transaction(engine) as connection:
        count_finished(connection, at_ms, good, bad, [0.1] * good, rendered=1)
        count_errors(connection, at_ms, {"dns": bad})


def test_old_and_new_minutes_count_once(record: sa.Engine) -> None:
    total = totals.RunningTotal()
    assert total.until_now(record).succeeded == 0
    count(record, 60 * 24 * 400, 5, 2)  # before the first look of a server that begins now
    count(record, 0, 1, 0)
    server = totals.RunningTotal()

    first = server.until_now(record)
    count(record, 1, 10, 1)  # a minute that is not closed yet
    second = server.until_now(record)

    assert (first.succeeded, first.failed, first.rendered) == (6, 2, 2)
    assert (second.succeeded, second.failed) == (16, 3)
    assert second.errors == {"dns": 3}
    assert sum(second.latencies.values()) == second.timed == 16
    assert second.time_s > 1.5
    assert server.until_now(record) == second


def test_closed_minutes_are_not_read_again(record: sa.Engine) -> None:
    count(record, 60, 5, 0)
    server = totals.RunningTotal()
    server.until_now(record)
    with write_transaction(record) as connection:
        connection.execute(history.delete())

    assert server.until_now(record).succeeded == 5


def test_models_and_batches(record: sa.Engine, submit) -> None:
    submit("a")
    submit("b")
    cost = AICost(calls=1, cached=2, input_tokens=3, output_tokens=4, cost_nano=5)
    ai_spending.add(record, "a", "little", cost)
    ai_spending.add(record, "b", "little", cost)

    assert totals.ai_by_model(record)["little"] | {"unpriced": 0, "unknown": 0} == {
        "calls": 2,
        "cached": 4,
        "input_tokens": 6,
        "output_tokens": 8,
        "cost_nano": 10,
        "unpriced": 0,
        "unknown": 0,
    }
    assert totals.unfinished_by_state(record) == {"open": 2, "paused": 0}
