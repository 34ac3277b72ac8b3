"""Leases: who may say what became of a job, and what happens when nobody says it."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import redis

from scrapeq.errors import RedisFull, RedisUnavailable, ScrapeqError
from scrapeq.frontier import Due, Ending, Frontier, UnknownRedis, check_redis, connect

Add = Callable[..., int]
Take = Callable[..., list[Any]]
Eventually = Callable[..., Any]

LONG_MS = 600_000


def end(frontier: Frontier, lease: Any, verb: Any, wait_ms: int = 0, **named: Any) -> int:
    return frontier.jobs.finish([Ending(lease.job_id, lease.token, verb, wait_ms, **named)])[0]


def test_a_finished_job_is_gone(add: Add, take: Take, frontier: Frontier) -> None:
    add("a")
    (lease,) = take()

    assert end(frontier, lease, "done") == 1
    assert end(frontier, lease, "done") == 0
    assert frontier.views.counts()["open"] == 0
    assert frontier.jobs.claim("w", 9, LONG_MS).next_ms is None


def test_a_silent_lease_ends_and_is_counted(
    add: Add, take: Take, frontier: Frontier, eventually: Eventually
) -> None:
    add("a")
    (first,) = take(lease_ms=1)

    (second,) = eventually(take)

    assert (first.tries, first.lost) == (1, 0)
    assert (second.tries, second.lost) == (2, 1)
    assert second.token > first.token


def test_a_lease_whose_worker_never_heard_of_it_is_no_loss(
    add: Add, take: Take, frontier: Frontier, eventually: Eventually
) -> None:
    add("a")
    take(lease_ms=20)  # the answer is lost; the worker goes on, and says so

    def taken_again() -> list[Any]:
        frontier.jobs.renew("w", LONG_MS, [])
        return take()

    (again,) = eventually(taken_again)

    assert (again.tries, again.lost) == (2, 0)


@pytest.mark.parametrize("verb", ["done", "retry", "release"])
def test_who_comes_back_after_the_lease_changes_nothing(
    verb: str, add: Add, take: Take, frontier: Frontier, eventually: Eventually
) -> None:
    add("a")
    (old,) = take(lease_ms=1)
    (new,) = eventually(take)

    assert end(frontier, old, verb) == 0
    assert frontier.jobs.renew("old", LONG_MS, [("a", old.token)]) == {"a"}
    assert frontier.views.standings(["a"])["a"].running
    assert frontier.jobs.renew("new", LONG_MS, [("a", new.token)]) == set()


def test_a_renewed_lease_lives_on(
    add: Add, take: Take, frontier: Frontier, now_ms: Callable[[], int], eventually: Eventually
) -> None:
    add("a")
    (lease,) = take(lease_ms=50)
    began_ms = now_ms()

    assert frontier.jobs.renew("w", LONG_MS, [("a", lease.token)]) == set()
    eventually(lambda: now_ms() > began_ms + 60)

    assert take() == []
    assert end(frontier, lease, "done") == 1


def test_released_jobs_are_due_again_untried(add: Add, take: Take, frontier: Frontier) -> None:
    add("a", "b")
    (first,) = take(1)

    assert end(frontier, first, "release") == 1
    (again,) = take(1)

    assert (again.job_id, again.tries, again.lost) == ("a", 1, 0)


def test_a_retry_waits_its_time_and_says_why(
    add: Add, take: Take, frontier: Frontier, now_ms: Callable[[], int], eventually: Eventually
) -> None:
    add("a")
    (lease,) = take()

    failed_ms = now_ms()
    end(frontier, lease, "retry", 100, error_kind="reset", error_message="it broke")

    assert frontier.views.batch_counts("batch") == (0, 1, 0)
    standing = frontier.views.standings(["a"])["a"]
    assert (standing.error_kind, standing.error_message) == ("reset", "it broke")
    next_ms = frontier.jobs.claim("w", 9, LONG_MS).next_ms
    assert next_ms is not None
    assert next_ms <= 100
    (again,) = eventually(take)
    assert now_ms() - failed_ms >= 100
    assert (again.tries, again.lost) == (2, 0)
    assert frontier.views.batch_counts("batch") == (1, 0, 0)


def lose(frontier: Frontier, eventually: Eventually) -> None:
    """Let whatever is due lose its worker."""
    assert frontier.jobs.claim("doomed", 100, 1).leases
    eventually(
        lambda: not frontier.jobs.claim("w", 0, 1).leases and not frontier.views.counts()["running"]
    )


@pytest.mark.parametrize(("verb", "tries"), [("retry", 1), ("release", 0)])
def test_tries_that_were_lost_do_not_count_once_one_was_not(
    verb: str, tries: int, add: Add, take: Take, frontier: Frontier, eventually: Eventually
) -> None:
    add("a")
    lose(frontier, eventually)
    (lease,) = take()
    assert (lease.tries, lease.lost) == (2, 1)

    end(frontier, lease, verb)

    (again,) = eventually(take)
    assert (again.tries, again.lost) == (tries + 1, 0)


def test_a_worker_that_renews_is_known(frontier: Frontier) -> None:
    frontier.jobs.renew("one", LONG_MS, [])
    frontier.jobs.renew("two", LONG_MS, [])
    assert sorted(frontier.coordination.workers()) == ["one", "two"]

    frontier.coordination.forget_worker("one")

    assert frontier.coordination.workers() == ["two"]
    assert frontier.views.counts()["workers"] == 1


def test_a_silent_worker_is_dropped(frontier: Frontier, client: redis.Redis) -> None:
    client.zadd("scrapeq:workers", {"long gone": 1})
    frontier.jobs.renew("here", LONG_MS, [])

    assert frontier.coordination.workers() == ["here"]


def test_an_emptied_redis_gives_nothing_until_it_is_known_again(
    add: Add, take: Take, frontier: Frontier, client: redis.Redis
) -> None:
    add("a")
    (old,) = take()
    client.flushall()
    add("a")

    with pytest.raises(UnknownRedis):
        take()
    run_id, epoch = frontier.coordination.identity()
    assert run_id
    assert epoch is None

    frontier.coordination.set_epoch(2)
    (new,) = take()
    assert new.token > old.token + 1_000_000  # whatever the old Redis gave out meanwhile
    assert end(frontier, old, "done") == 0
    assert frontier.coordination.identity() == (run_id, 2)


def test_a_doubted_lease_ends_soon_unless_it_is_renewed(
    add: Add, take: Take, frontier: Frontier, eventually: Eventually
) -> None:
    add("gone", host="a", gap_ms=1)
    add("waits", host="a", gap_ms=1)
    add("kept", host="b")
    kept = next(lease for lease in take() if lease.job_id == "kept")

    frontier.jobs.shorten_leases(50)
    assert frontier.jobs.renew("w", LONG_MS, [("kept", kept.token)]) == set()

    (again,) = eventually(take)  # the host's turn, which the lost lease held, is free too
    assert again.job_id == "gone"
    assert end(frontier, again, "done") == 1
    assert [lease.job_id for lease in eventually(take)] == ["waits"]
    assert end(frontier, kept, "done") == 1


def test_doubt_makes_no_lease_longer(
    add: Add, take: Take, frontier: Frontier, eventually: Eventually
) -> None:
    add("a")
    take(lease_ms=20)

    frontier.jobs.shorten_leases(LONG_MS)

    assert eventually(take)


def test_a_lock_is_held_by_one_until_it_lets_go(frontier: Frontier, other: Frontier) -> None:
    proof = frontier.coordination.lock("feed", 60)
    assert proof

    assert other.coordination.lock("feed", 60) is None
    assert other.coordination.lock("something else", 60)
    other.coordination.unlock("feed", "another proof")
    assert other.coordination.lock("feed", 60) is None
    frontier.coordination.unlock("feed", proof)
    assert other.coordination.lock("feed", 60)
    frontier.coordination.unlock("feed", proof)
    assert frontier.coordination.lock("feed", 60) is None


def test_a_lock_ends_by_itself(frontier: Frontier, other: Frontier, eventually: Eventually) -> None:
    frontier.coordination.lock("feed", 0.01)

    assert eventually(lambda: other.coordination.lock("feed", 60))


def test_one_wake_up_is_enough(frontier: Frontier, other: Frontier) -> None:
    assert frontier.coordination.may_notify(0.5)
    assert not other.coordination.may_notify(0.5)


def test_each_new_job_wakes_a_worker_that_rests(
    add: Add, take: Take, frontier: Frontier, other: Frontier
) -> None:
    with ThreadPoolExecutor(1) as resting:
        woken = resting.submit(other.coordination.await_notice, 60)
        add("a")
        assert woken.result(60)

    assert not frontier.coordination.await_notice(0.01)
    take()
    add("b", "c")
    add("b")  # it is known
    assert frontier.coordination.await_notice(0.01)
    assert other.coordination.await_notice(0.01)
    assert not other.coordination.await_notice(0.01)


def test_who_finds_nothing_due_spares_others_the_look(
    add: Add, take: Take, frontier: Frontier, other: Frontier
) -> None:
    add("a", "b")
    take(1)
    assert frontier.coordination.await_notice(0.01)  # one is due yet

    take()
    assert take() == []

    assert not other.coordination.await_notice(0.01)


def test_no_more_notices_wait_than_there_may_be_workers(
    add: Add, frontier: Frontier, client: redis.Redis
) -> None:
    add(*(f"j{number}" for number in range(40)))
    frontier.coordination.notify(40)

    assert client.llen("scrapeq:notices") == 16
    assert 0 < client.ttl("scrapeq:notices") <= 86_400


@pytest.fixture
def full(client: redis.Redis, add: Add) -> Any:
    """Fills Redis to its limit; what it held before is there still."""
    client.setrange("ballast", 1_000_000, "x")  # sent whole, it would count twice for a while

    def fill() -> None:
        while client.info("memory")["lazyfree_pending_objects"]:  # else there is room in a moment
            time.sleep(0.001)
        client.config_set("maxmemory", client.info("memory")["used_memory"] - 500_000)

    yield fill
    client.config_set("maxmemory", 0)


def test_a_full_redis_takes_no_job_and_says_so(frontier: Frontier, full: Any) -> None:
    full()

    with pytest.raises(RedisFull, match="Redis is full"):
        frontier.jobs.add("b", [Due("a", "h", 0)], priority=5, max_per_host=8, respect_robots=False)


def test_work_goes_on_in_a_full_redis(
    add: Add,
    take: Take,
    frontier: Frontier,
    client: redis.Redis,
    eventually: Eventually,
    full: Any,
) -> None:
    add("done", "retry", "release", gap_ms=1, host="a")
    add("lost", "forgotten", host="b")
    full()
    client.script_flush()  # nor do the scripts need to be there already

    (done,) = take(1)
    assert frontier.jobs.renew("w", LONG_MS, [("done", done.token)]) == set()
    frontier.throttle.set_robots_known("a", 0, LONG_MS)
    frontier.throttle.keep_robots("https://a", "x" * 100, 60)
    assert frontier.throttle.robots("https://a") is None
    assert not frontier.coordination.may_notify(0.5)
    frontier.coordination.notify(1)
    frontier.throttle.end_slot("a")
    assert end(frontier, done, "done") == 1
    (retry,) = eventually(lambda: [one for one in take(1, lease_ms=1) if one.job_id == "retry"])
    assert frontier.jobs.forget(["lost", "forgotten", "release"]) == 3
    end(frontier, retry, "retry", 1)


def test_a_batch_can_be_cancelled_in_a_full_redis(
    add: Add, take: Take, frontier: Frontier, full: Any
) -> None:
    add("a", "b", batch="unwanted")
    full()

    frontier.jobs.stop_batch("unwanted", "cancelled")

    assert take() == []


def test_a_redis_that_evicts_is_refused(client: redis.Redis) -> None:
    check_redis(client)
    client.config_set("maxmemory-policy", "allkeys-lru")
    try:
        with pytest.raises(ScrapeqError, match="maxmemory-policy is allkeys-lru") as caught:
            check_redis(client)
    finally:
        client.config_set("maxmemory-policy", "noeviction")

    assert "noeviction" in caught.value.hint


def test_a_redis_that_is_away_is_said_to_be(redis_url: str) -> None:
    with connect(redis_url + "-not-there") as client:
        nobody = Frontier(client)

        for ask in (
            nobody.coordination.ping,
            nobody.views.is_due,
            nobody.views.counts,
            nobody.coordination.identity,
        ):
            with pytest.raises(RedisUnavailable, match="Error connecting to Redis"):
                ask()
