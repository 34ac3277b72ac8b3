"""Pausing, resuming, cancelling and forgetting, and what is left in Redis after it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import redis

from scrapeq.frontier import Addition, Due, Ending, Frontier

Add = Callable[..., int]
Take = Callable[..., list[Any]]
Eventually = Callable[..., Any]

LONG_MS = 600_000
#: What may be there when no job is: counters, what is known of hosts and workers, the epoch, and what goes
#: within half a second.
LASTING = (
    "epoch",
    "token",
    "seq",
    "host:",
    "robots:",
    "workers",
    "trial",
    "kept",
    "clock",
    "lock:",
    "notices",
)


def ids(leases: list[Any]) -> list[str]:
    return [lease.job_id for lease in leases]


def left_over(client: redis.Redis) -> list[str]:
    return [
        key
        for key in map(str, client.keys("*"))
        if not key.removeprefix("scrapeq:").startswith(LASTING)
    ]


def test_a_paused_batch_starts_nothing(
    add: Add, take: Take, frontier: Frontier, other: Frontier
) -> None:
    add("a1", "a2", batch="a")
    add("b1", batch="b", priority=9)
    (a1,) = take(1)
    other.jobs.stop_batch("a", "paused")

    assert ids(take()) == ["b1"]
    assert frontier.jobs.renew("w", LONG_MS, [("a1", a1.token)]) == set()  # what runs ends
    assert frontier.jobs.claim("w", 9, LONG_MS).next_ms != 0  # nothing is due now


def test_a_resumed_batch_goes_on_in_its_order(
    add: Add, take: Take, frontier: Frontier, eventually: Eventually
) -> None:
    add("a1", "a2", "a3", batch="a")
    add("b1", batch="b")
    (a1,) = take(1)
    frontier.jobs.stop_batch("a", "paused")
    frontier.jobs.finish([Ending("a1", a1.token, "retry", 1)])
    assert ids(take()) == ["b1"]
    eventually(lambda: not take() and frontier.views.batch_counts("a") == (0, 0, 0))

    frontier.jobs.release_batch("a")

    assert ids(take()) == ["a1", "a2", "a3"]


def test_a_large_paused_batch_holds_nobody_back(add: Add, take: Take, frontier: Frontier) -> None:
    for host in range(10):
        add(*(f"{host}-{number}" for number in range(700)), batch="large", host=f"host{host}")
    frontier.jobs.stop_batch("large", "paused")
    add("small", batch="small", priority=9)

    assert ids(take(1)) == ["small"]

    frontier.jobs.release_batch("large")
    assert len(take(7_000)) == 7_000


def test_a_paused_suspect_waits_and_holds_nobody_back(
    add: Add, take: Take, frontier: Frontier, eventually: Eventually
) -> None:
    add("suspect", batch="a")
    for _ in range(2):
        eventually(lambda: frontier.jobs.claim("doomed", 9, 1).leases)
    eventually(lambda: frontier.jobs.claim("w", 9, 1).suspects)
    frontier.jobs.stop_batch("a", "paused")

    assert frontier.jobs.claim("w", 9, LONG_MS, alone=True).leases == ()
    assert not frontier.views.is_due()

    frontier.jobs.release_batch("a")
    assert frontier.jobs.claim("w", 9, LONG_MS).suspects == 1
    assert ids(take(alone=True)) == ["suspect"]


def test_cancelling_stops_what_runs_and_what_waits(
    add: Add, take: Take, frontier: Frontier, other: Frontier
) -> None:
    add("runs", "waits", batch="a")
    add("b1", batch="b")
    (runs,) = take(1)
    frontier.jobs.stop_batch("a", "cancelled")

    assert other.jobs.renew("w", LONG_MS, [("runs", runs.token)]) == {"runs"}
    assert ids(take()) == ["b1"]
    assert frontier.views.standings(["waits"])["waits"].known is False


def test_a_cancelled_job_is_not_its_workers_any_more(
    add: Add, take: Take, frontier: Frontier, client: redis.Redis
) -> None:
    add("a", "b", max_per_host=1)
    (lease,) = take()

    assert frontier.jobs.forget(["a", "nobody"]) == 1

    assert frontier.jobs.renew("w", LONG_MS, [("a", lease.token)]) == {"a"}
    assert frontier.jobs.finish([Ending("a", lease.token, "retry", 1)])[0] == 0
    assert ids(take()) == ["b"]  # and its place at the host is free


def test_when_all_is_done_nothing_is_left(
    add: Add, take: Take, frontier: Frontier, client: redis.Redis, eventually: Eventually
) -> None:
    verbs = ["done", "retry", "release", "lost"]
    for number in range(40):
        add(f"job{number}", host=f"host{number % 7}", batch=f"batch{number % 3}", gap_ms=number % 2)
    frontier.jobs.stop_batch("batch2", "paused")
    running = 0
    while frontier.views.counts()["open"]:
        for lease in frontier.jobs.claim(
            "w", 3, 5 if running % 5 == 0 else LONG_MS, alone=True
        ).leases:
            running += 1
            host = f"host{int(lease.job_id[3:]) % 7}"
            frontier.throttle.end_slot(host)
            verb: Any = "done" if lease.tries > 4 else verbs[running % 4]
            if verb != "lost":
                frontier.jobs.finish(
                    [Ending(lease.job_id, lease.token, verb, 1, error_kind="reset")]
                )
            else:
                frontier.jobs.renew("w", 1, [(lease.job_id, lease.token)])
        if running > 60:
            frontier.jobs.release_batch("batch2")

    assert running > 60
    assert left_over(client) == []


def test_when_all_is_forgotten_nothing_is_left(
    add: Add, take: Take, frontier: Frontier, client: redis.Redis, eventually: Eventually
) -> None:
    names = ["ready", "running", "later", "suspect", "parked", "retried"]
    add("suspect", host="s")
    for _ in range(2):
        eventually(lambda: frontier.jobs.claim("doomed", 9, 1).leases)
    eventually(lambda: frontier.jobs.claim("w", 9, 1).suspects)
    add("later", host="l")
    assert take() == []  # "w" is to try the suspect
    (later,) = frontier.jobs.claim("another", 9, LONG_MS).leases
    frontier.jobs.finish([Ending("later", later.token, "retry", LONG_MS, error_kind="reset")])
    add("parked", batch="paused", host="p")
    frontier.jobs.stop_batch("paused", "paused")
    take()
    add("running", "ready", host="r", gap_ms=1)
    assert ids(list(frontier.jobs.claim("another", 9, LONG_MS).leases)) == ["running"]

    assert frontier.jobs.forget(names) == 5
    frontier.jobs.release_batch("paused")

    assert left_over(client) == []


def test_everything_that_lasts_but_counters_expires(
    add: Add, take: Take, frontier: Frontier, client: redis.Redis
) -> None:
    add("a", gap_ms=1)
    take()
    frontier.throttle.take_slot("other", 1, LONG_MS)
    frontier.throttle.take_slot("other", 1, LONG_MS)
    frontier.throttle.set_robots_known("third", 0, LONG_MS)
    frontier.throttle.keep_robots("https://example.com", "", 60)
    frontier.coordination.may_notify(0.5)
    frontier.coordination.lock("feed", 60)

    forever = {key for key in client.keys("*") if client.ttl(key) < 0} - set(
        client.keys("scrapeq:workers")
    )

    frontier.jobs.forget(["a"])
    lasting = {"scrapeq:epoch", "scrapeq:token", "scrapeq:seq", "scrapeq:clock"}
    assert forever & set(client.keys("*")) == lasting


def test_many_batches_are_added_in_their_order(frontier: Frontier, take: Take) -> None:
    jobs = [(f"b{number}", f"j{number}") for number in range(2_500)]
    additions = [Addition(batch, [Due(job, "h", 0)], 5, 100_000, False) for batch, job in jobs]
    additions.append(Addition("urgent", [Due("urgent", "h", 0)], 1, 100_000, False))

    assert frontier.jobs.add_many(additions) == 2_501
    assert frontier.jobs.add_many(additions) == 0

    taken = [lease.job_id for lease in take(300)]
    assert taken[:3] == ["urgent", "j0", "j1"]
    assert taken == ["urgent", *(job for _, job in jobs)][: len(taken)]


def test_what_an_older_version_left_is_removed_and_nobody_elses(
    add: Add, frontier: Frontier, client: redis.Redis
) -> None:
    add("a", "b")
    client.hset("scrapeq:job", "old", "5|1|0|8|1|h|batch")
    client.set("scrapeq2:job", "of another namespace")
    proof = frontier.coordination.lock("recovery", 60)

    frontier.coordination.clear()

    assert set(client.scan_iter("*")) == {
        "scrapeq2:job",
        "scrapeq:lock:recovery",
        "scrapeq:clock",
    }
    frontier.coordination.unlock("recovery", proof or "")


def test_a_redis_that_forgot_the_scripts_is_given_them_again(
    frontier: Frontier, client: redis.Redis
) -> None:
    client.script_flush()

    few = [Addition("b", [Due("a", "h", 0)], 5, 8, False)]
    many = [Addition("b", [Due(job_id, "h", 0)], 5, 8, False) for job_id in "bcd"]

    assert frontier.jobs.add_many(few) == 1
    client.script_flush()
    assert frontier.jobs.add_many(many) == 3
    assert frontier.views.standings(["a"])["a"].known
    client.script_flush()
    assert frontier.jobs.add_many(few) == 0
