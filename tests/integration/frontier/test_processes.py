"""A worker whose process has ended: its leases end at once, and nobody else's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from scrapeq.frontier import Frontier, ProcessId
from scrapeq.frontier.scripts import CHUNK

Add = Callable[..., int]
Take = Callable[..., list[Any]]

LONG_MS = 600_000
PROCESS = ProcessId("machine", 7, 1)


def test_workers_tell_which_process_they_are(frontier: Frontier) -> None:
    frontier.jobs.renew("one", LONG_MS, [], PROCESS)
    frontier.jobs.renew("untold", LONG_MS, [])
    (known,) = frontier.processes.known()
    assert (known.name, known.process) == ("one", PROCESS)
    assert known.silent_ms is not None

    frontier.coordination.forget_worker("one")
    assert [one.silent_ms for one in frontier.processes.known()] == [None]

    frontier.processes.forget("one")
    assert frontier.processes.known() == []


def test_the_jobs_of_an_ended_worker_are_claimed_at_once_and_count_as_lost(
    add: Add, frontier: Frontier, other: Frontier
) -> None:
    add("a", "b", "c")
    (a,) = frontier.jobs.claim("ended", 1, LONG_MS).leases
    (b,) = frontier.jobs.claim("lives", 1, LONG_MS).leases
    frontier.jobs.renew("ended", LONG_MS, [("a", a.token)], PROCESS)
    frontier.jobs.renew("lives", LONG_MS, [("b", b.token)], PROCESS)

    assert other.processes.end_leases("ended") == 1

    again = other.jobs.claim("lives", 9, LONG_MS).leases
    assert [(one.job_id, one.tries, one.lost) for one in again] == [("a", 2, 1), ("c", 1, 0)]
    assert other.processes.end_leases("ended") == 0
    assert other.coordination.workers() == ["lives"]
    assert frontier.jobs.renew("lives", LONG_MS, [("b", b.token)]) == set()


def test_more_than_one_call_holds(add: Add, frontier: Frontier) -> None:
    add(*(f"job{number}" for number in range(CHUNK + 5)))
    assert len(frontier.jobs.claim("ended", CHUNK + 5, LONG_MS).leases) == CHUNK + 5

    assert frontier.processes.end_leases("ended") == CHUNK + 5

    assert len(frontier.jobs.claim("lives", 2 * CHUNK, LONG_MS).leases) == CHUNK + 5


def test_the_slot_that_an_ended_worker_held_is_free_after_its_gap(
    add: Add, take: Take, frontier: Frontier
) -> None:
    add("a", "b", gap_ms=50)
    (lease,) = frontier.jobs.claim("ended", 9, LONG_MS).leases
    assert lease.job_id == "a"
    waits_ms = frontier.jobs.claim("w", 9, LONG_MS).next_ms
    assert waits_ms is not None
    assert waits_ms > 1_000

    frontier.processes.end_leases("ended")

    waits_ms = frontier.jobs.claim("w", 9, LONG_MS).next_ms
    assert waits_ms is None or waits_ms <= 50
