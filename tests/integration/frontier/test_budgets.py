"""A budget that many workers spend together: never more than there is, whatever Redis forgets."""

from __future__ import annotations

import threading

import pytest
import redis

from scrapeq.frontier import (
    Frontier,
    Granted,
    MustWaitForOthers,
    NoRoom,
    UnknownBudget,
    UnknownRedis,
    connect,
)

HOLD_MS = 60_000


def seed(frontier: Frontier, spent: int = 0, **calls: int) -> bool:
    return frontier.budgets.seed("b", 1, spent, calls, HOLD_MS)


def reserve(frontier: Frontier, call: str, most: int = 40, budget: int = 100) -> object:
    return frontier.budgets.reserve("b", call, most, budget, HOLD_MS)


def test_room_is_taken_and_given_back(frontier: Frontier, other: Frontier) -> None:
    assert reserve(frontier, "one") == UnknownBudget(1)
    assert seed(frontier)
    assert reserve(frontier, "one") == Granted()
    assert reserve(other, "two") == Granted()
    assert reserve(frontier, "three") == MustWaitForOthers()

    other.budgets.settle("b", "two", 10)

    assert reserve(frontier, "three") == Granted()
    frontier.budgets.settle("b", "one", 40)
    frontier.budgets.settle("b", "three", 40)
    assert reserve(other, "four") == NoRoom(90)
    assert reserve(other, "four", most=10) == Granted()


def test_what_is_asked_or_settled_twice_counts_once(frontier: Frontier) -> None:
    seed(frontier)
    for _ in range(3):
        assert reserve(frontier, "one") == Granted()
    for _ in range(3):
        frontier.budgets.settle("b", "one", 30)

    assert reserve(frontier, "two", most=71) == NoRoom(30)
    assert reserve(frontier, "two", most=70) == Granted()


def test_a_call_whose_worker_is_gone_is_spent(frontier: Frontier) -> None:
    seed(frontier)
    frontier.budgets.reserve("b", "lost", 90, 100, 0)

    assert reserve(frontier, "two", most=20) == NoRoom(90)
    frontier.budgets.settle("b", "lost", 1)  # late: it was counted
    assert reserve(frontier, "two", most=20) == NoRoom(90)


def test_after_redis_was_emptied_the_record_says_what_was_spent(
    frontier: Frontier, client: redis.Redis
) -> None:
    seed(frontier)
    reserve(frontier, "one")
    client.flushall()

    with pytest.raises(UnknownRedis):
        reserve(frontier, "two")

    frontier.coordination.set_epoch(2)
    assert reserve(frontier, "two") == UnknownBudget(2)
    assert not seed(frontier, 5)  # read before it was emptied
    assert frontier.budgets.seed("b", 2, 5, {"one": 40, "two": 40, "three": 40}, HOLD_MS)
    assert frontier.budgets.seed("b", 2, 0, {}, HOLD_MS)  # it is known: nothing is changed
    # each of them is in the record already, and is asked about all the same
    assert reserve(frontier, "two") == MustWaitForOthers()
    assert reserve(frontier, "three") == Granted()


def test_many_workers_never_take_more_than_there_is(frontier: Frontier, redis_url: str) -> None:
    seed(frontier)
    granted: list[str] = []

    def work(name: str) -> None:
        client = connect(redis_url)
        try:
            mine = Frontier(client)
            for number in range(30):
                if reserve(mine, f"{name}{number}", most=7) == Granted():
                    granted.append(name)
                    mine.budgets.settle("b", f"{name}{number}", 7)
        finally:
            client.close()

    threads = [threading.Thread(target=work, args=(name,)) for name in "abcdef"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(granted) == 14
    assert reserve(frontier, "last", most=3) == NoRoom(98)


def test_a_budget_is_forgotten_by_redis_in_a_day(frontier: Frontier, client: redis.Redis) -> None:
    seed(frontier, one=3)

    assert 0 < client.pttl("scrapeq:budget:b") <= 86_400_000
