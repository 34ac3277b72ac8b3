"""A machine's clock that jumps by an hour, under a real Redis: nothing stops, and nothing is lost."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import redis

from scrapeq.clock import now_ms
from scrapeq.frontier import BrowserReport, Due, Ending, Frontier

Moved = tuple[redis.Redis, Callable[[int], None]]
Eventually = Callable[..., Any]

HOUR_S = 3_600
LONG_MS = 600_000


@pytest.fixture
def frontier(moved: Moved) -> Frontier:
    return Frontier(moved[0])


@pytest.fixture
def jump(moved: Moved, eventually: Eventually) -> Callable[[int], None]:
    """`jump(seconds)`: back once Redis has the other clock."""
    client, move = moved

    def jump_(seconds: int) -> None:
        before_s = client.time()[0]
        move(seconds)
        eventually(lambda: abs(client.time()[0] - before_s) > HOUR_S / 2)

    return jump_


def add(frontier: Frontier, *ids: str, host: str = "h", gap_ms: int = 0) -> None:
    frontier.jobs.add(
        "batch",
        [Due(one, host, gap_ms) for one in ids],
        priority=5,
        max_per_host=8,
        respect_robots=False,
    )


def take(frontier: Frontier, lease_ms: int = LONG_MS) -> list[Any]:
    return list(frontier.jobs.claim("w", 9, lease_ms).leases)


def test_a_clock_that_goes_back_stops_nothing(
    moved: Moved, frontier: Frontier, jump: Callable[[int], None], eventually: Eventually
) -> None:
    client, _ = moved
    add(frontier, "paced", "paced too", host="paced", gap_ms=200)
    add(frontier, "retried", "silent")
    leases = {one.job_id: one for one in take(frontier, lease_ms=300)}
    assert set(leases) == {"paced", "retried", "silent"}
    retried, paced = leases["retried"], leases["paced"]
    frontier.jobs.finish([Ending("retried", retried.token, "retry", 300, error_kind="reset")])
    frontier.jobs.finish([Ending("paced", paced.token, "done")])
    frontier.throttle.take_slot("other", 200, 200)
    assert frontier.coordination.lock("duty", 0.3)
    assert frontier.coordination.may_notify(0.5)
    assert frontier.browsers.tell("w", BrowserReport()).is_any
    told_ms, about = json.loads(str(client.hget("scrapeq:browsers", "w")))
    client.hset(
        "scrapeq:browsers", "w", json.dumps([told_ms - 19_000, about])
    )  # silent for that long
    frontier.jobs.renew("gone", 300, [])
    client.zincrby("scrapeq:workers", -9_500, "gone")  # it is silent for that long

    jump(-HOUR_S)

    found: set[str] = set()

    def all_taken() -> bool:
        found.update(one.job_id for one in take(frontier))
        return found == {"paced too", "retried", "silent"}

    eventually(all_taken, 30)
    eventually(lambda: frontier.coordination.lock("duty", 60), 30)
    eventually(lambda: frontier.coordination.may_notify(0.5), 30)
    eventually(lambda: frontier.coordination.workers() == [], 30)
    eventually(lambda: not frontier.browsers.tell("other", None).is_any, 30)
    assert eventually(
        lambda: type(frontier.throttle.take_slot("other", 200, 200)).__name__ == "SlotTaken", 30
    )


def test_a_clock_that_goes_ahead_takes_no_work_from_who_lives(
    frontier: Frontier, jump: Callable[[int], None], eventually: Eventually
) -> None:
    add(frontier, "held", "silent")
    held, silent = take(frontier, lease_ms=10_000)
    frontier.jobs.renew("w", 10_000, [(held.job_id, held.token), (silent.job_id, silent.token)])

    jump(HOUR_S)

    assert take(frontier) == []
    assert frontier.jobs.renew("w", LONG_MS, [(held.job_id, held.token)]) == set()
    (again,) = eventually(lambda: take(frontier), 30)
    assert again.job_id == "silent"
    assert frontier.jobs.finish([Ending(held.job_id, held.token, "done")])[0] == 1


def test_a_paused_host_is_told_by_the_clock_of_who_asks(
    frontier: Frontier, moved: Moved, jump: Callable[[int], None]
) -> None:
    jump(-HOUR_S)
    add(frontier, "a", "b")
    (first, *_) = take(frontier)
    frontier.jobs.finish(
        [Ending(first.job_id, first.token, "retry", 1, verdict="limited", pause_ms=60_000)]
    )

    (paused,) = frontier.views.paused()

    assert 50_000 < paused.until_ms - now_ms() <= 60_000
