"""Lanes: a job says what it needs, a worker what it serves; a claim matches them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import redis

from scrapeq.frontier import Addition, Due, Ending, Frontier
from scrapeq.models import Lane

Add = Callable[..., int]
Eventually = Callable[..., Any]

LONG_MS = 600_000
BOTH = (Lane.HTTP, Lane.BROWSER)


class Worker:
    """A worker that serves some lanes: what is claimed, and how it ends."""

    def __init__(self, frontier: Frontier, *lanes: Lane) -> None:
        self.frontier = frontier
        self.lanes = lanes

    def take(self, count: int = 100, **named: Any) -> list[Any]:
        claim = self.frontier.jobs.claim("w", count, LONG_MS, lanes=self.lanes, **named)
        return list(claim.leases)

    def end(self, lease: Any, verb: Any, **named: Any) -> None:
        ending = Ending(lease.job_id, lease.token, verb, **named)
        assert self.frontier.jobs.finish([ending])[0] == 1

    def move(self, lease: Any, lane: Lane = Lane.BROWSER) -> None:
        self.end(lease, "move", lane=lane, verdict="good")


@pytest.fixture
def http(frontier: Frontier) -> Worker:
    return Worker(frontier, Lane.HTTP)


@pytest.fixture
def browser(other: Frontier) -> Worker:
    """The second user of lanes: it claims what a first try moved."""
    return Worker(other, Lane.BROWSER)


@pytest.fixture
def add_in(frontier: Frontier) -> Callable[..., int]:
    """`add_in(lane, "a", "b", host="h", ...)`: make jobs due in a lane."""

    def add_in_(lane: Lane, *ids: str, host: str = "h", gap_ms: int = 0, priority: int = 5) -> int:
        due = [Due(one, host, gap_ms, lane) for one in ids]
        return frontier.jobs.add_many([Addition("batch", due, priority, 100_000, False)])

    return add_in_


def ids(leases: list[Any]) -> list[str]:
    return [lease.job_id for lease in leases]


def test_a_first_try_moves_a_job_and_a_browser_takes_it(
    add: Add, http: Worker, browser: Worker, frontier: Frontier
) -> None:
    add("a", "b")
    a, b = http.take()
    assert browser.take() == []

    http.move(a)
    http.end(b, "done")

    assert http.take() == []
    (again,) = browser.take()
    assert (again.job_id, again.tries, again.lost) == ("a", 1, 0)  # the first was no try
    assert again.token > a.token
    browser.end(again, "done")
    assert frontier.views.counts()["open"] == 0


def test_what_is_due_in_any_lane_is_seen(frontier: Frontier, add_in: Callable[..., int]) -> None:
    """Who notes that due jobs stand still asks for all lanes."""
    assert not frontier.views.is_due()
    add_in(Lane.BROWSER, "a")

    assert frontier.views.is_due()
    assert not frontier.views.is_due([Lane.HTTP])


def test_a_job_whose_lane_nobody_serves_holds_up_nobody(
    add: Add, add_in: Add, http: Worker, frontier: Frontier, eventually: Eventually
) -> None:
    add_in(Lane.BROWSER, "rendered first", "rendered too", host="h", gap_ms=1, priority=1)
    add("plain", "plain too", host="h", gap_ms=1, max_per_host=1)

    assert ids(http.take()) == ["plain"]
    frontier.throttle.end_slot("h")
    frontier.jobs.forget(["plain"])

    assert ids(eventually(http.take)) == ["plain too"]
    frontier.throttle.end_slot("h")
    frontier.jobs.forget(["plain too"])
    claim = frontier.jobs.claim("w", 9, LONG_MS)
    assert (claim.leases, claim.next_ms, claim.suspects) == ((), None, 0)
    assert not frontier.views.is_due([Lane.HTTP])
    eventually(lambda: frontier.views.is_due([Lane.BROWSER]))
    assert frontier.views.next_ids() == ["rendered first", "rendered too"]


def test_lanes_share_the_slot_of_their_host(
    add: Add, add_in: Add, http: Worker, browser: Worker, frontier: Frontier, eventually: Eventually
) -> None:
    add("plain", host="h", gap_ms=1)
    add_in(Lane.BROWSER, "rendered", host="h", gap_ms=1)

    assert ids(http.take()) == ["plain"]
    assert browser.take() == []  # the slot is held

    frontier.throttle.end_slot("h")
    assert ids(eventually(browser.take)) == ["rendered"]


def test_who_serves_both_lanes_takes_the_best_first(
    add: Add, add_in: Add, frontier: Frontier
) -> None:
    add("3", priority=5, host="a")
    add_in(Lane.BROWSER, "2", priority=2, host="b")
    add("1", priority=1, host="a")
    add_in(Lane.BROWSER, "4", priority=9, host="a")

    assert ids(Worker(frontier, *BOTH).take()) == ["1", "2", "3", "4"]


def test_a_job_that_moves_keeps_its_place(
    add: Add, add_in: Add, http: Worker, browser: Worker
) -> None:
    add("first")
    add_in(Lane.BROWSER, "second", "third")
    (first,) = http.take()

    http.move(first)

    assert ids(browser.take(2)) == ["first", "second"]


def test_tries_that_were_lost_do_not_count_after_a_move(
    add: Add, frontier: Frontier, http: Worker, browser: Worker, eventually: Eventually
) -> None:
    add("a")
    assert eventually(lambda: frontier.jobs.claim("doomed", 9, 1).leases)
    (second,) = eventually(http.take)
    assert (second.tries, second.lost) == (2, 1)

    http.move(second)

    (third,) = browser.take()
    assert (third.tries, third.lost) == (1, 0)
    browser.end(third, "retry", wait_ms=1, error_kind="page_crash")
    (fourth,) = eventually(browser.take)
    assert (fourth.tries, fourth.lost) == (2, 0)  # a retry stays in its lane


def test_a_suspect_of_one_lane_runs_alone_there_and_not_elsewhere(
    add_in: Add, other: Frontier, http: Worker, browser: Worker, eventually: Eventually
) -> None:
    add_in(Lane.BROWSER, "a")
    for _ in range(2):
        eventually(lambda: other.jobs.claim("doomed", 9, 1, lanes=[Lane.BROWSER]).leases)
    eventually(lambda: other.jobs.claim("b", 9, LONG_MS, lanes=[Lane.BROWSER]).suspects)

    assert http.take(alone=True) == []
    assert ids(browser.take(alone=True)) == ["a"]


def test_a_paused_batch_is_released_into_its_lanes(
    add: Add, add_in: Add, frontier: Frontier, http: Worker, browser: Worker
) -> None:
    add("plain")
    add_in(Lane.BROWSER, "rendered")
    frontier.jobs.stop_batch("batch", "paused")
    assert http.take() == browser.take() == []

    frontier.jobs.release_batch("batch")

    assert ids(http.take()) == ["plain"]
    assert ids(browser.take()) == ["rendered"]


def test_a_paused_host_tells_the_jobs_of_all_its_lanes(
    add: Add, add_in: Add, frontier: Frontier, http: Worker
) -> None:
    add("a", "b")
    add_in(Lane.BROWSER, "c")
    (a,) = http.take(1)
    http.end(a, "done", verdict="limited", pause_ms=LONG_MS)

    (paused,) = frontier.views.paused()

    assert paused.waiting == 2


def test_lanes_leave_nothing_in_redis(
    add: Add, add_in: Add, client: redis.Redis, frontier: Frontier, http: Worker, browser: Worker
) -> None:
    add("a", "moves back")
    add_in(Lane.BROWSER, "b", "c", host="other")
    for lease in http.take():
        http.move(lease)
    for lease in browser.take():
        if lease.job_id == "moves back":
            browser.move(lease, Lane.HTTP)
        elif lease.job_id != "c":
            browser.end(lease, "done")
    frontier.jobs.forget(["c"])
    (back,) = http.take()
    http.end(back, "done")
    assert http.take() == []  # and so no notice is left

    left = set(client.scan_iter("*"))
    lasting = {"epoch", "seq", "token", "clock", "host:h", "host:other"}
    assert left == {f"scrapeq:{name}" for name in lasting}
