"""Who is next: priority, then the order of submission, over hosts, retries and workers."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from scrapeq.frontier import Due, Ending, Frontier, connect

Add = Callable[..., int]
Take = Callable[..., list[Any]]


def ids(leases: list[Any]) -> list[str]:
    return [lease.job_id for lease in leases]


def test_priority_is_exact_over_many_hosts(add: Add, take: Take) -> None:
    wanted = []
    order = random.Random(7)
    for number in range(300):
        priority = order.randint(1, 9)
        job_id = f"job{number}"
        add(job_id, host=f"host{order.randrange(40)}", priority=priority)
        wanted.append((priority, number, job_id))

    taken = [job for count in (1, 7, 300) for job in ids(take(count))]

    assert taken == [job_id for _, _, job_id in sorted(wanted)]


def test_jobs_of_one_call_keep_their_order(add: Add, take: Take) -> None:
    jobs = [f"job{number}" for number in range(2_500)]  # more than one call of the script

    assert add(*jobs) == 2_500
    assert [job for _ in range(25) for job in ids(take(100))] == jobs


def test_a_retry_comes_back_to_its_place(
    frontier: Frontier, add: Add, take: Take, eventually: Callable[..., Any]
) -> None:
    add("first", "second", priority=5)
    (first,) = take(1)
    frontier.jobs.finish([Ending("first", first.token, "retry", 1, error_kind="reset")])
    add("urgent", priority=1)
    add("last", priority=9)
    eventually(lambda: not take(0) and frontier.views.batch_counts("batch") == (0, 0, 0))

    assert ids(take()) == ["urgent", "first", "second", "last"]


def test_waiting_retries_are_exact_among_themselves(
    frontier: Frontier, add: Add, take: Take, eventually: Callable[..., Any]
) -> None:
    for number in range(1_500):  # more than one sweep puts right
        add(f"job{number}", host=f"host{number % 50}", priority=9 - number % 9)
    leases = take(1_500)
    frontier.jobs.finish([Ending(lease.job_id, lease.token, "retry", 1) for lease in leases])
    eventually(lambda: frontier.views.counts()["retrying"] == 1_500 and frontier.views.is_due())

    again = eventually(lambda: take(1_500))

    assert ids(again) == ids(leases)
    assert {lease.tries for lease in again} == {2}


def test_many_hosts_that_come_free_together_are_all_looked_at(
    frontier: Frontier,
    add: Add,
    take: Take,
    now_ms: Callable[[], int],
    eventually: Callable[..., Any],
) -> None:
    hosts = [f"host{number}" for number in range(1_500)]
    for number, host in enumerate(hosts):
        add(f"{host}-a", f"{host}-b", host=host, gap_ms=1, priority=2 if number < 1_499 else 1)
    assert len(take(1_500)) == 1_500
    for host in hosts:
        frontier.throttle.end_slot(host)
    ended_ms = now_ms()
    eventually(lambda: now_ms() > ended_ms + 1)

    # the host with the best job came free last
    assert ids(take(1)) == ["host1499-b"]


def test_a_job_that_is_added_twice_is_one(frontier: Frontier, add: Add, take: Take) -> None:
    assert add("a", "b") == 2
    assert add("b", "a", priority=1, host="elsewhere") == 0
    (a,) = take(1)
    assert add("a") == 0

    assert a.job_id == "a"
    assert frontier.views.counts()["open"] == 2
    assert ids(take()) == ["b"]


def test_nobody_gets_what_somebody_has(
    add: Add, frontier: Frontier, redis_url: str, other: Frontier
) -> None:
    jobs = [f"job{number}" for number in range(1_200)]
    for number in range(0, 1_200, 100):
        add(*jobs[number : number + 100], host=f"host{number}", priority=1 + number // 200)

    def work(name: str) -> list[Any]:
        mine: list[Any] = []
        with contextlib.closing(connect(redis_url)) as client:
            frontier = Frontier(client)
            while leases := frontier.jobs.claim(name, 13, 600_000).leases:
                mine += leases
        return mine

    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(work, [f"worker{number}" for number in range(6)]))

    everything = [lease for mine in found for lease in mine]
    assert sorted(ids(everything)) == sorted(jobs)
    assert len({lease.token for lease in everything}) == 1_200
    for mine in found:  # each worker went down the priorities
        assert [int(job[3:]) // 200 for job in ids(mine)] == sorted(
            int(job[3:]) // 200 for job in ids(mine)
        )


def test_two_that_add_at_once_add_once(frontier: Frontier, redis_url: str) -> None:
    due = [Due(f"job{number}", f"host{number % 5}", 0) for number in range(3_000)]

    def add(_: int) -> int:
        with contextlib.closing(connect(redis_url)) as client:
            return Frontier(client).jobs.add(
                "batch", due, priority=5, max_per_host=8, respect_robots=False
            )

    with ThreadPoolExecutor(4) as pool:
        added = list(pool.map(add, range(4)))

    assert sum(added) == 3_000
    assert frontier.views.counts()["open"] == 3_000


def test_ids_may_hold_anything(add: Add, take: Take, frontier: Frontier) -> None:
    add("a|b|c", "\ud800 \0 ü", batch="x|y|7", host="example.com:8080")

    leases = take(1) + take(1)

    assert ids(leases) == ["a|b|c", "\ud800 \0 ü"]
    assert frontier.views.batch_counts("x|y|7") == (2, 0, 0)
    assert frontier.jobs.finish([Ending(one.job_id, one.token, "done") for one in leases])[0] == 2
    assert frontier.views.counts()["open"] == 0


def test_why_a_try_failed_may_hold_anything(frontier: Frontier, add: Add, take: Take) -> None:
    add("a")
    (lease,) = take()

    ending = Ending("a", lease.token, "retry", 60_000)
    ending = replace(ending, error_kind="of a newer worker", error_message="a: \ud83d\0 <b>")
    frontier.jobs.finish([ending])

    standing = frontier.views.standings(["a", "b"])
    assert standing["a"].error_kind == "of a newer worker"
    assert standing["a"].error_message == "a: \ud83d\0 <b>"
    assert (standing["a"].retrying, standing["a"].running, standing["a"].tries) == (True, False, 1)
    assert not standing["b"].known


def test_what_is_next_is_listed_whatever_it_waits_for(
    frontier: Frontier, add: Add, take: Take
) -> None:
    add("again", host="a")
    (again,) = take(1)
    frontier.jobs.finish([Ending("again", again.token, "retry", 60_000, error_kind="reset")])
    add("runs", host="b")
    assert ids(take(1)) == ["runs"]
    add("second", "third", host="c", priority=5)
    add("first", host="d", priority=1)
    add("throttled", host="e", gap_ms=60_000)
    add("throttled too", host="e", gap_ms=60_000)
    assert ids(take(1)) == ["first"]

    assert frontier.views.next_ids() == ["second", "third", "throttled", "throttled too", "again"]
    assert frontier.views.next_ids(2) == ["second", "third"]


def test_jobs_of_a_paused_batch_are_next_too(frontier: Frontier, add: Add, take: Take) -> None:
    add("paused")
    frontier.jobs.stop_batch("batch", "paused")
    assert take() == []  # which puts it aside

    assert frontier.views.next_ids() == ["paused"]
