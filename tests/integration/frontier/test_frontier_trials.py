"""Trials: jobs that lost their worker twice are tried apart, a few at a time, by one worker."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import pytest
import redis

from scrapeq.frontier import Ending, Frontier, Lease
from scrapeq.models import Lane

Add = Callable[..., int]
Take = Callable[..., list[Any]]
Eventually = Callable[..., Any]

LONG_MS = 600_000
OVER = -10_000


class Cluster:
    """Workers that claim, and die when they hold a guilty job."""

    def __init__(self, frontier: Frontier, client: redis.Redis) -> None:
        self.frontier = frontier
        self.client = client
        self.born = 0

    def worker(self) -> str:
        """A new worker process."""
        self.born += 1
        return f"worker{self.born}"

    def claim(self, worker: str, count: int, *, alone: bool, lane: Lane = Lane.HTTP) -> list[Lease]:
        jobs = self.frontier.jobs
        return list(jobs.claim(worker, count, LONG_MS, alone=alone, lanes=[lane]).leases)

    def die(self, leases: list[Lease]) -> None:
        """The worker that holds them ends, and their leases too."""
        for lease in leases:
            self.client.zadd("scrapeq:leases", {lease.job_id: 1})
        self.frontier.jobs.claim("somebody", 0, LONG_MS)

    def end(self, leases: list[Lease]) -> None:
        endings = [Ending(one.job_id, one.token, "done") for one in leases]
        assert self.frontier.jobs.finish(endings)[0] == len(leases)

    def lose(self, times: int = 2) -> None:
        """Let whatever is due lose its worker so often."""
        for _ in range(times):
            for lane in Lane:
                self.die(self.claim(self.worker(), 1_000, alone=False, lane=lane))

    def next_turn(self) -> None:
        """As if the turn of the worker that tries suspects, and the rest after it, were over."""
        self.shift(OVER)

    def shift(self, ms: int) -> None:
        for name in ("since_ms", "began_ms"):
            if self.client.hexists("scrapeq:trial", name):
                self.client.hincrby("scrapeq:trial", name, ms)


@pytest.fixture
def cluster(frontier: Frontier, client: redis.Redis) -> Cluster:
    return Cluster(frontier, client)


def ids(leases: list[Lease]) -> list[str]:
    return [lease.job_id for lease in leases]


def test_a_job_that_ends_its_workers_is_guilty_after_three(add: Add, cluster: Cluster) -> None:
    add("guilty")
    cluster.lose()
    assert cluster.claim("a", 9, alone=True) == []  # it becomes a suspect

    tried = cluster.claim("a", 9, alone=True)
    assert [(one.job_id, one.lost, one.is_guilty) for one in tried] == [("guilty", 2, False)]
    cluster.die(tried)

    (verdict,) = cluster.claim("b", 9, alone=False)
    assert (verdict.job_id, verdict.lost, verdict.is_guilty) == ("guilty", 3, True)
    cluster.die([verdict])
    (again,) = cluster.claim("c", 9, alone=False)
    assert (again.lost, again.is_guilty) == (4, True)


def test_suspects_wait_for_nobody_and_hold_up_nobody(add: Add, cluster: Cluster) -> None:
    add(*(f"s{number}" for number in range(36)))
    cluster.lose()
    add("usual", "urgent", host="other")
    add("first", host="other", priority=1)

    assert ids(cluster.claim("a", 1, alone=False)) == ["first"]
    assert ids(cluster.claim("b", 9, alone=False)) == ["usual", "urgent"]  # `a` tries suspects
    add("usual too", host="other")
    add("first too", host="other", priority=1)
    assert ids(cluster.claim("a", 9, alone=False)) == ["first too"]  # and takes better ones only
    assert ids(cluster.claim("b", 9, alone=True)) == ["usual too"]  # one worker tries, no other

    tried = cluster.claim("a", 99, alone=True)
    assert ids(tried) == [f"s{number}" for number in range(32)]
    assert cluster.claim("b", 99, alone=True) == []
    cluster.end(tried)
    assert ids(cluster.claim("a", 99, alone=True)) == ["s32", "s33", "s34", "s35"]


def test_a_worker_that_does_not_get_empty_tries_them_all_the_same(
    add: Add, cluster: Cluster
) -> None:
    add("s1", "s2")
    cluster.lose()
    add("slow", host="other")
    assert ids(cluster.claim("a", 9, alone=True)) == ["slow"]
    assert cluster.claim("a", 9, alone=False) == []

    cluster.shift(-2_000)

    assert ids(cluster.claim("a", 9, alone=False)) == ["s1", "s2"]


def test_others_have_their_turn_where_there_is_one_worker(add: Add, cluster: Cluster) -> None:
    add("s1")
    cluster.lose()
    cluster.claim("a", 9, alone=False)
    assert ids(cluster.claim("a", 9, alone=True)) == ["s1"]
    add("usual", host="other")
    assert cluster.claim("a", 9, alone=False) == []

    cluster.next_turn()

    assert ids(cluster.claim("a", 9, alone=False)) == ["usual"]


def test_who_does_not_take_its_turn_leaves_it_to_others(add: Add, cluster: Cluster) -> None:
    add("s1")
    cluster.lose()
    cluster.claim("a", 9, alone=False)
    assert cluster.claim("a", 9, alone=False) == []  # `a` takes the turn, and dies

    cluster.next_turn()

    assert ids(cluster.claim("b", 9, alone=True)) == ["s1"]


def test_places_of_a_full_host_are_kept_for_the_next_trial(
    add: Add, cluster: Cluster, eventually: Eventually
) -> None:
    add("s1", "s2", max_per_host=2)
    cluster.lose()
    add("o1", "o2", "o3", "o4", max_per_host=2)
    beside = cluster.claim("b", 9, alone=True)
    assert ids(beside) == ["o1", "o2"]  # who has the host's places, while `a` gets its turn
    assert cluster.claim("a", 9, alone=True) == []

    cluster.end(beside[:1])
    assert cluster.claim("b", 9, alone=False) == []
    assert cluster.claim("a", 9, alone=True) == []  # it waits for the other one, to try both
    add("better", priority=1, max_per_host=2)
    better = cluster.claim("b", 9, alone=False)
    assert ids(better) == ["better"]
    cluster.end([*beside[1:], *better])

    tried = cluster.claim("a", 9, alone=True)
    assert ids(tried) == ["s1", "s2"]
    cluster.end(tried)
    assert ids(eventually(lambda: cluster.claim("b", 9, alone=True))) == ["o3", "o4"]


def test_places_are_kept_for_the_suspects_of_each_lane(add: Add, cluster: Cluster) -> None:
    add("s1", host="h", max_per_host=1)
    add("s2", host="i", max_per_host=1, lane=Lane.BROWSER)
    cluster.lose()
    add("o1", "o2", host="h", max_per_host=1)
    add("o3", "o4", host="i", max_per_host=1, lane=Lane.BROWSER)
    beside = [*cluster.claim("b", 9, alone=True)]
    beside += cluster.claim("b", 9, alone=False, lane=Lane.BROWSER)
    assert ids(beside) == ["o1", "o3"]
    for lane in Lane:
        assert cluster.claim("a", 9, alone=True, lane=lane) == []  # it has its turn, in both lanes

    cluster.end(beside)

    for lane in Lane:
        assert cluster.claim("b", 9, alone=False, lane=lane) == []


def test_places_that_were_kept_are_free_again_when_nobody_takes_them(
    add: Add, cluster: Cluster, eventually: Eventually
) -> None:
    add("s1", max_per_host=1)
    cluster.lose()
    add("o1", "o2", max_per_host=1)
    beside = cluster.claim("b", 9, alone=True)
    assert cluster.claim("a", 9, alone=True) == []  # it takes the turn, and dies

    cluster.end(beside)

    assert ids(eventually(lambda: cluster.claim("b", 9, alone=True))) == ["o2"]


def test_what_a_trial_takes_along_is_not_blamed(add: Add, cluster: Cluster) -> None:
    add("s1", "s2")
    cluster.lose()
    add("beside", host="other", priority=1)
    beside = cluster.claim("a", 9, alone=True)
    assert ids(beside) == ["beside"]
    assert cluster.claim("a", 9, alone=False) == []
    cluster.shift(-2_000)
    tried = cluster.claim("a", 9, alone=False)
    assert ids(tried) == ["s1", "s2"]

    cluster.die(tried)
    cluster.die(beside)

    (again,) = cluster.claim("b", 1, alone=False)
    assert (again.job_id, again.tries, again.lost) == ("beside", 1, 0)


def test_one_that_was_not_tried_alone_is_not_found_guilty(add: Add, cluster: Cluster) -> None:
    add("s1")
    cluster.lose()
    add("better", host="other", priority=1)
    cluster.claim("a", 9, alone=True)
    assert cluster.claim("a", 9, alone=False) == []
    cluster.shift(-2_000)
    tried = cluster.claim("a", 9, alone=False)
    assert ids(tried) == ["s1"]

    cluster.die(tried)

    assert cluster.claim("b", 9, alone=True) == []
    (again,) = cluster.claim("b", 9, alone=True)
    assert (again.job_id, again.lost, again.is_guilty) == ("s1", 3, False)


def test_a_suspect_that_ends_well_is_none_any_more(
    add: Add, cluster: Cluster, frontier: Frontier, take: Take, eventually: Eventually
) -> None:
    add("a")
    cluster.lose()
    take()
    (lease,) = take(alone=True)

    frontier.jobs.finish([Ending(lease.job_id, lease.token, "retry", 1)])

    assert [(one.job_id, one.lost) for one in eventually(take)] == [("a", 0)]


def test_a_suspect_whose_host_must_wait_blocks_nobody(
    add: Add, cluster: Cluster, take: Take, frontier: Frontier
) -> None:
    add("a", host="slow")
    cluster.lose()
    take()
    frontier.throttle.take_slot("slow", 1, LONG_MS)

    assert frontier.jobs.claim("w", 9, LONG_MS).suspects == 0
    assert take(alone=True) == []


def test_how_many_of_a_batch_are_tried_apart(
    add: Add, cluster: Cluster, frontier: Frontier
) -> None:
    add(*(f"s{number}" for number in range(40)), batch="a")
    add("other", batch="b")
    assert frontier.views.batch_counts("a").tried_apart == 0
    cluster.lose()
    cluster.claim("w", 9, alone=True)
    cluster.claim("w", 99, alone=True)

    assert frontier.views.batch_counts("a").tried_apart == 40
    assert frontier.views.batch_counts("b").tried_apart == 1


@pytest.mark.parametrize("seed", range(5))
def test_the_guilty_are_found_and_no_other(seed: int, add: Add, cluster: Cluster) -> None:
    """Three workers, many jobs, some of which end whoever holds them; each page takes a moment."""
    random = Random(seed)
    names = [f"job{number}" for number in range(120)]
    guilty = set(random.sample(names, 6))
    add(*names)
    held: dict[str, list[Lease]] = {cluster.worker(): [] for _ in range(3)}
    ended: set[str] = set()
    convicted: set[str] = set()
    steps = 0

    while len(ended) + len(convicted) < len(names):
        steps += 1
        assert steps < 5_000
        worker = random.choice(sorted(held))
        mine = held[worker]
        if random.random() < 0.5:
            mine += cluster.claim(worker, 8 - len(mine), alone=not mine)
            verdicts = [one for one in mine if one.is_guilty]
            cluster.end(verdicts)
            convicted |= set(ids(verdicts))
            held[worker] = [one for one in mine if not one.is_guilty]
        elif mine:
            one = random.choice(mine)
            if one.job_id in guilty:
                cluster.die(mine)
                del held[worker]
                held[cluster.worker()] = []
            else:
                cluster.end([one])
                ended.add(one.job_id)
                mine.remove(one)
        else:
            cluster.shift(-500)

    assert convicted == guilty
