"""When a host may be asked: its gap, its turns, its limit, and what its robots.txt says."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import pytest
import redis

from scrapeq.frontier import Ending, Frontier, UnknownRedis, connect
from scrapeq.models import SlotOwner, SlotTaken, SlotWait

Add = Callable[..., int]
Take = Callable[..., list[Any]]
Eventually = Callable[..., Any]

LONG_MS = 600_000


def wait_ms(answer: object) -> int:
    """How long to wait and ask again."""
    assert isinstance(answer, SlotWait)
    return answer.wait_ms


def test_without_a_gap_nothing_is_held(add: Add, take: Take, other: Frontier) -> None:
    add("a", "b", "c")

    assert len(take(2)) == 2
    assert other.throttle.take_slot("h", 0, LONG_MS) == SlotTaken()


def test_a_claim_with_a_gap_holds_the_turn(
    add: Add, take: Take, frontier: Frontier, other: Frontier
) -> None:
    add("a", "b", gap_ms=1)
    add("elsewhere", host="other", gap_ms=1)

    assert [lease.job_id for lease in take()] == ["a", "elsewhere"]
    claim = other.jobs.claim("v", 9, LONG_MS)
    assert claim.leases == ()
    assert claim.next_ms is not None
    assert claim.next_ms > 1_000  # the turn is held, though the gap of 1 ms is long over
    assert wait_ms(other.throttle.take_slot("h", 1, LONG_MS)) > 0


def test_the_gap_runs_from_when_the_answer_began(
    add: Add, take: Take, frontier: Frontier, now_ms: Callable[[], int], eventually: Eventually
) -> None:
    add("a", "b", gap_ms=150)
    take()

    answered_ms = now_ms()
    frontier.throttle.end_slot("h")
    (b,) = eventually(take)

    assert b.job_id == "b"
    assert now_ms() - answered_ms >= 150


def test_a_turn_that_was_not_used_is_free_at_once(
    add: Add, take: Take, frontier: Frontier, other: Frontier
) -> None:
    add("a", "b", gap_ms=LONG_MS)
    take()

    frontier.throttle.end_slot("h", used=False)

    assert [lease.job_id for lease in take()] == ["b"]
    frontier.throttle.end_slot("h", used=False)
    assert other.throttle.take_slot("h", LONG_MS, LONG_MS) == SlotTaken()


def test_a_turn_not_used_leaves_the_gap_of_the_one_before(
    add: Add, take: Take, frontier: Frontier, now_ms: Callable[[], int], eventually: Eventually
) -> None:
    add("a", "b", "c", gap_ms=100)
    take()
    answered_ms = now_ms()
    frontier.throttle.end_slot("h")
    eventually(take)
    frontier.throttle.end_slot("h", used=False)

    assert take()[0].job_id == "c"
    assert now_ms() - answered_ms >= 100


def test_take_turn_holds_too(add: Add, take: Take, frontier: Frontier, other: Frontier) -> None:
    assert frontier.throttle.take_slot("h", 1, LONG_MS) == SlotTaken()
    add("a", gap_ms=1)
    add("b", host="h", gap_ms=0, priority=9)

    assert take() == []
    # look again soon: it may end at any time
    assert 0 < wait_ms(other.throttle.take_slot("h", 1, LONG_MS)) <= 50


def test_a_hold_that_nobody_ends_was_used_at_its_last_moment(
    add: Add, take: Take, frontier: Frontier, now_ms: Callable[[], int], eventually: Eventually
) -> None:
    add("b", gap_ms=120)
    held_from_ms = now_ms()
    assert frontier.throttle.take_slot("h", 120, 60) == SlotTaken()

    eventually(take)

    assert now_ms() - held_from_ms >= 60 + 120


def test_a_worker_that_lives_keeps_the_turn_of_its_claim(
    add: Add, take: Take, frontier: Frontier, now_ms: Callable[[], int], eventually: Eventually
) -> None:
    add("a", "b", gap_ms=1)
    (a,) = take(1, lease_ms=50)
    began_ms = now_ms()

    frontier.jobs.renew("w", LONG_MS, [("a", a.token)])
    eventually(lambda: now_ms() > began_ms + 60)

    assert take() == []
    frontier.throttle.end_slot("h")
    assert eventually(take)[0].job_id == "b"


def test_a_lease_that_is_ended_takes_its_turn_along(
    add: Add, take: Take, frontier: Frontier, eventually: Eventually
) -> None:
    add("a", "b", gap_ms=20)
    (a,) = take(1)

    frontier.jobs.finish([Ending("a", a.token, "done")])  # and nobody said when its answer began

    assert eventually(take)[0].job_id == "b"


def test_an_ended_lease_leaves_the_turn_of_somebody_else(
    add: Add, take: Take, frontier: Frontier, other: Frontier, eventually: Eventually
) -> None:
    add("a", "b", gap_ms=1)
    (a,) = take(1, lease_ms=1)
    # nobody looked for its end yet
    eventually(lambda: other.throttle.take_slot("h", 1, LONG_MS) == SlotTaken())

    assert frontier.jobs.finish([Ending("a", a.token, "done")])[0] == 1

    assert take() == []
    other.throttle.end_slot("h")
    assert eventually(take)[0].job_id == "b"


def test_who_was_silent_for_too_long_does_not_end_the_turn_of_the_next(
    add: Add, take: Take, frontier: Frontier, other: Frontier, eventually: Eventually
) -> None:
    add("frozen", "next", "third", gap_ms=1)
    (frozen,) = take(1, lease_ms=1)
    (again,) = eventually(lambda: take(1))
    assert again.job_id == "frozen"

    other.throttle.end_slot("h", frozen.owner)

    assert take() == []
    assert wait_ms(frontier.throttle.take_slot("h", 1, LONG_MS)) > 0
    other.throttle.end_slot("h", again.owner)
    assert eventually(take)[0].job_id == "next"


def test_the_owner_of_a_turn_that_was_taken_later_ends_it(
    frontier: Frontier, other: Frontier, eventually: Eventually
) -> None:
    assert frontier.throttle.take_slot("h", 1, LONG_MS, SlotOwner(7, "a")) == SlotTaken()

    other.throttle.end_slot("h", SlotOwner(8, "b"))
    assert 0 < wait_ms(other.throttle.take_slot("h", 1, LONG_MS, SlotOwner(8, "b"))) <= 50

    other.throttle.end_slot("h", SlotOwner(7, "a"))
    eventually(lambda: other.throttle.take_slot("h", 1, LONG_MS, SlotOwner(8, "b")) == SlotTaken())


def test_a_call_that_comes_late_ends_no_later_slot_of_its_lease(
    frontier: Frontier, other: Frontier
) -> None:
    first, second = SlotOwner(7, "a", 1), SlotOwner(7, "a", 2)
    assert frontier.throttle.take_slot("h", 1, LONG_MS, first) == SlotTaken()
    assert frontier.throttle.take_slot("h", 1, LONG_MS, second) == SlotTaken()

    for used in (True, False):
        frontier.throttle.end_slot("h", first, used=used)

    assert 0 < wait_ms(other.throttle.take_slot("h", 1, LONG_MS)) <= 50


def test_what_a_lease_holds_it_is_given_again(
    add: Add, take: Take, frontier: Frontier, other: Frontier
) -> None:
    """The answer to its first call was lost on the way, or a claim's slot is wanted by another name."""
    add("a", gap_ms=1)
    (lease,) = take(1)
    for number in (1, 1):
        owner = lease.owner._replace(number=number)
        assert other.throttle.take_slot("h", LONG_MS, LONG_MS, owner) == SlotTaken()
    other.throttle.end_slot("h", owner)

    assert wait_ms(frontier.throttle.take_slot("h", LONG_MS, LONG_MS, owner)) > 1_000


def test_who_waits_for_a_turn_goes_before_new_claims(
    add: Add,
    take: Take,
    frontier: Frontier,
    other: Frontier,
    now_ms: Callable[[], int],
    eventually: Eventually,
) -> None:
    add("a", "b", gap_ms=1)
    take(1)
    frontier.throttle.end_slot("h")
    ended_ms = now_ms()
    assert wait_ms(other.throttle.take_slot("h", LONG_MS, LONG_MS)) > 1_000
    eventually(lambda: now_ms() > ended_ms + 1)  # the gap that b asks for is over

    assert take() == []
    assert eventually(lambda: other.throttle.take_slot("h", 1, 1) == SlotTaken())
    assert eventually(take)[0].job_id == "b"


def test_who_waited_and_went_away_blocks_nobody(
    add: Add, take: Take, frontier: Frontier, other: Frontier, eventually: Eventually
) -> None:
    add("a", "b", gap_ms=1)
    take(1)
    assert wait_ms(other.throttle.take_slot("h", 1, LONG_MS)) > 0  # and never asks again
    frontier.throttle.end_slot("h")

    assert eventually(take)[0].job_id == "b"


def test_no_two_of_many_clients_come_closer_than_the_gap(redis_url: str, add: Add) -> None:
    """Four clients, half of them claiming and half taking turns, and the clock of Redis."""
    add(*(f"job{number}" for number in range(12)), gap_ms=30)
    starts: list[int] = []
    seen = threading.Lock()

    def ask(client: redis.Redis, frontier: Frontier) -> None:
        seconds, micros = client.time()
        with seen:
            starts.append(seconds * 1_000_000 + micros)
        frontier.throttle.end_slot("h")

    def claiming(_: int) -> None:
        with contextlib.closing(connect(redis_url)) as client:
            frontier = Frontier(client)
            while frontier.views.counts()["open"]:
                for lease in frontier.jobs.claim("w", 3, LONG_MS).leases:
                    ask(client, frontier)
                    frontier.jobs.finish([Ending(lease.job_id, lease.token, "done")])

    def turning(_: int) -> None:
        with contextlib.closing(connect(redis_url)) as client:
            frontier = Frontier(client)
            for _ in range(6):
                while frontier.throttle.take_slot("h", 30, LONG_MS) != SlotTaken():
                    pass
                ask(client, frontier)

    with ThreadPoolExecutor(4) as pool:
        done = [pool.submit(work, 0) for work in (claiming, turning, claiming, turning)]
        for one in done:
            one.result(60)

    assert len(starts) == 24
    # A start is seen after it was allowed and before the end that the next gap runs from, which
    # Redis rounds down to a millisecond.
    gaps = [after - before for before, after in pairwise(sorted(starts))]
    assert min(gaps) >= 29_000


def test_a_host_that_must_wait_holds_nobody_back(add: Add, take: Take) -> None:
    add("a", "b", host="slow", gap_ms=LONG_MS, priority=1)
    add(*(f"c{number}" for number in range(50)), host="quick", priority=9)

    assert len(take(60)) == 51


def test_a_host_is_asked_by_so_many_at_once(add: Add, take: Take, frontier: Frontier) -> None:
    add("a", "b", "c", "d", max_per_host=2)

    first, second = take()
    assert take() == []
    frontier.jobs.finish([Ending(first.job_id, first.token, "done")])
    (third,) = take()
    frontier.jobs.finish([Ending(second.job_id, second.token, "retry", LONG_MS)])
    (fourth,) = take()

    assert [one.job_id for one in (first, second, third, fourth)] == ["a", "b", "c", "d"]


def test_until_robots_txt_is_known_one_at_a_time(
    add: Add, take: Take, frontier: Frontier, eventually: Eventually
) -> None:
    add("a", "b", "c", respect_robots=True, max_per_host=2)

    assert [lease.job_id for lease in take()] == ["a"]
    frontier.throttle.set_robots_known("h", 0, LONG_MS)
    assert [lease.job_id for lease in take()] == ["b"]


def test_who_does_not_ask_robots_txt_does_not_wait_for_it(add: Add, take: Take) -> None:
    add("a", "b", respect_robots=False)

    assert len(take()) == 2


def test_robots_txt_is_forgotten_after_a_time(
    add: Add, take: Take, frontier: Frontier, eventually: Eventually, now_ms: Callable[[], int]
) -> None:
    frontier.throttle.set_robots_known("h", 0, 20)
    until_ms = now_ms() + 20
    eventually(lambda: now_ms() > until_ms)
    add("a", "b", respect_robots=True)

    assert len(take()) == 1


def test_crawl_delay_is_a_gap_for_those_who_respect_it(
    add: Add, take: Take, frontier: Frontier, now_ms: Callable[[], int], eventually: Eventually
) -> None:
    frontier.throttle.set_robots_known("h", 150, LONG_MS)
    add("a", "b", respect_robots=True)

    assert len(take()) == 1
    answered_ms = now_ms()
    frontier.throttle.end_slot("h")
    eventually(take)

    assert now_ms() - answered_ms >= 150


def test_who_does_not_wait_for_so_long_a_crawl_delay_is_claimed_to_be_told(
    add: Add, take: Take, frontier: Frontier
) -> None:
    frontier.throttle.set_robots_known("h", LONG_MS, LONG_MS)
    add("patient", "patient too", respect_robots=True)
    assert [lease.job_id for lease in take()] == ["patient"]
    frontier.throttle.end_slot("h")

    add("a", "b", batch="other", respect_robots=True, crawl_delay_cap_ms=LONG_MS - 1, priority=1)

    assert [lease.job_id for lease in take()] == ["a", "b"]


def test_the_longer_of_gap_and_crawl_delay_counts(
    add: Add, take: Take, frontier: Frontier, eventually: Eventually
) -> None:
    frontier.throttle.set_robots_known("h", LONG_MS, LONG_MS)
    add("polite", "polite too", respect_robots=True, gap_ms=1)
    add("rude", batch="rude", gap_ms=1, priority=9)
    take()
    frontier.throttle.end_slot("h")

    assert take() == []
    frontier.jobs.forget(["polite too"])
    assert eventually(take)[0].job_id == "rude"


def test_robots_txt_is_kept_for_every_worker(
    frontier: Frontier, other: Frontier, eventually: Eventually
) -> None:
    assert frontier.throttle.robots("https://example.com") is None
    frontier.throttle.keep_robots("https://example.com", '{"text": "Disallow: /"}', 600)
    frontier.throttle.keep_robots("https://example.org", "soon gone", 0.001)

    assert other.throttle.robots("https://example.com") == '{"text": "Disallow: /"}'
    eventually(lambda: other.throttle.robots("https://example.org") is None)


def test_hosts_whose_pace_keeps_a_batch_going_are_told_slowest_first(
    frontier: Frontier, add: Add, take: Take
) -> None:
    add(*[f"many{n}" for n in range(50)], host="many.example", gap_ms=1_000)
    add(*[f"slow{n}" for n in range(11)], host="slow.example", gap_ms=20_000)
    add("one", "two", host="quick.example", gap_ms=1_000)
    add(*[f"free{n}" for n in range(500)], host="free.example", gap_ms=0)
    assert len(take(4)) == 4  # one of each host that has a pace: now they must wait

    assert frontier.views.slow_hosts("batch", 5, 10) == [
        ("slow.example", 10, 200.0),
        ("many.example", 49, 49.0),
    ]
    assert frontier.views.slow_hosts("batch", 1, 10) == [("slow.example", 10, 200.0)]
    assert frontier.views.slow_hosts("another", 5, 10) == []


def test_after_redis_was_emptied_the_gap_and_the_crawl_delay_run_from_then(
    client: redis.Redis, add: Add, take: Take, frontier: Frontier, other: Frontier
) -> None:
    client.flushall()
    with pytest.raises(UnknownRedis):  # a request in the middle of a fetch waits, too
        other.throttle.take_slot("slow", 0, LONG_MS)
    frontier.throttle.put_back_crawl_delays({"slow": LONG_MS})
    frontier.coordination.set_epoch(2, was_emptied=True)
    add("s", host="slow", gap_ms=1, respect_robots=True)
    add("paced", host="paced", gap_ms=LONG_MS)
    add("free", host="free")

    assert [lease.job_id for lease in take()] == ["free"]
    assert wait_ms(other.throttle.take_slot("slow", 0, LONG_MS)) > 1_000
    assert wait_ms(other.throttle.take_slot("paced", LONG_MS, LONG_MS)) > 1_000


def test_a_job_that_waits_for_something_else_leaves_its_place_at_the_host(
    frontier, client, add, take
):
    add("a", "b", "c", max_per_host=1)
    (first,) = take()
    assert take() == []

    frontier.throttle.leave(first.owner)
    frontier.throttle.leave(first.owner)

    (second,) = take()
    assert take() == []
    frontier.jobs.finish([Ending(first.job_id, first.token, "done", verdict="good")])
    assert take() == []  # its end frees no other's place
    frontier.jobs.finish([Ending(second.job_id, second.token, "done", verdict="good")])
    (third,) = take()
    frontier.jobs.finish([Ending(third.job_id, third.token, "done", verdict="good")])


def test_a_lease_that_was_lost_leaves_nobodys_place(frontier, add, take, eventually):
    add("a", "b", max_per_host=1)
    (lost,) = take(lease_ms=1)
    (again,) = eventually(take)
    assert again.token != lost.token

    frontier.throttle.leave(lost.owner)

    assert take() == []
