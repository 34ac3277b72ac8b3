"""The jobs that a process holds: its window, and leases that end, are lost, or are claimed anew."""

from __future__ import annotations

import asyncio
import math
import time
from functools import partial
from itertools import pairwise

import pytest

from scrapeq.frontier import Ending, Lease
from scrapeq.work.held import AHEAD_S, AHEAD_SHARE, BEGUN_TOGETHER, LATE_S, Held

#: When a lease ends that lasts for the whole test.
LATER_S = math.inf


def lease(job_id: str, token: int = 1) -> Lease:
    return Lease(job_id, token, tries=1, lost=0)


async def forever() -> None:
    await asyncio.Event().wait()


@pytest.fixture
def now_s(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The monotonic clock: its one item, which a test may move on."""
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def test_a_place_is_free_again_after_the_try_and_not_after_the_lease():
    async def story():
        held = Held(2)
        first = lease("a")
        held.take([first], LATER_S)
        task = asyncio.create_task(forever())
        held.begin(first, task)
        assert (held.free, held.is_trying, "a" in held) == (1, True, True)

        held.tried(first)
        assert (held.free, held.is_trying, "a" in held) == (2, False, True)

        held.end([Ending("a", 1, "done")])
        assert len(held) == 0
        task.cancel()

    asyncio.run(story())


def test_a_page_that_has_come_leaves_its_place_and_two_windows_are_the_most():
    async def story():
        held, tasks = Held(2), []
        jobs = [lease(name, number) for number, name in enumerate("abcd")]
        held.take(jobs, LATER_S)
        for number, job in enumerate(jobs):
            assert held.free > 0
            tasks.append(asyncio.create_task(forever()))
            held.begin(job, tasks[-1])
            held.fetched(job)
            held.fetched(job)
            assert held.free == min(2, 3 - number)

        held.tried(jobs[0])
        assert (held.free, held.is_trying) == (1, True)
        held.fetched(jobs[0])  # too late: it is not tried any more
        held.lose(jobs[1:])
        assert (held.free, held.is_trying) == (2, False)
        await asyncio.wait(tasks[1:])
        tasks[0].cancel()

    asyncio.run(story())


def test_whoever_waits_for_room_goes_on_when_a_page_has_come():
    async def story():
        held = Held(1)
        held.take([lease("a")], LATER_S)
        task = asyncio.create_task(forever())
        held.begin(lease("a"), task)
        waiting = asyncio.create_task(held.changed(60))
        await asyncio.sleep(0)

        held.fetched(lease("a"))

        await asyncio.wait_for(waiting, 30)
        task.cancel()

    asyncio.run(story())


def test_a_job_that_is_lost_before_its_task_began_gives_its_place_back():
    async def story():
        held = Held(1)
        one = lease("a")
        held.take([one], LATER_S)
        task = asyncio.create_task(forever())
        held.begin(one, task)

        held.lose([one, lease("unknown")])
        await asyncio.wait({task})

        assert task.cancelled()
        assert (held.free, len(held)) == (1, 0)

    asyncio.run(story())


def test_the_end_of_an_old_lease_does_not_end_a_newer_one():
    held = Held(1)
    held.take([lease("a", token=7)], LATER_S)

    held.lose([lease("a", token=6)])
    held.end([Ending("a", 6, "done")])

    assert held.leases == [lease("a", token=7)]


def test_tries_that_do_not_end_within_the_grace_are_stopped():
    async def story():
        held = Held(2)
        held.take([lease("quick"), lease("slow", 2)], LATER_S)
        quick, slow = asyncio.create_task(asyncio.sleep(0)), asyncio.create_task(forever())
        held.begin(lease("quick"), quick)
        held.begin(lease("slow", 2), slow)

        await held.let_end(0.05)
        await asyncio.wait({quick, slow})

        assert not quick.cancelled()
        assert slow.cancelled()

    asyncio.run(story())


def test_a_job_that_is_claimed_anew_is_tried_once_at_a_time():
    async def story():
        held = Held(2)
        held.take([lease("a", token=1)], LATER_S)
        older = asyncio.create_task(forever())
        held.begin(lease("a", token=1), older)

        held.take([lease("a", token=2)], LATER_S)
        await asyncio.wait({older})

        assert older.cancelled()
        assert (held.free, [one.token for one in held.leases]) == (2, [2])

    asyncio.run(story())


def test_a_job_whose_lease_is_over_does_not_begin_unless_it_was_renewed():
    held = Held(3)
    late, lost, renewed = lease("late"), lease("lost", 2), lease("renewed", 3)
    held.take([late, lost, renewed], time.monotonic())
    held.lose([lost])

    held.renewed([renewed, lost], LATER_S)

    assert [held.holds(one) for one in (late, lost, renewed)] == [True, False, True]
    assert [held.may_begin(one) for one in (late, lost, renewed)] == [False, False, True]


async def some_passes() -> None:
    """Of the loop: jobs begin in those."""
    for _ in range(4):
        await asyncio.sleep(0)


class Begun:
    """Begins jobs of a window when they have places, and knows which."""

    def __init__(self, held: Held) -> None:
        self.held = held
        self.names: list[str] = []

    async def ask(self, *names: str) -> None:
        for name in names:
            one = lease(name, ord(name))
            self.held.take([one], LATER_S)
            self.held.begin_soon(one, partial(self._begin, one))
        await some_passes()

    def _begin(self, one: Lease) -> None:
        self.names.append(one.job_id)
        self.held.begin(one, asyncio.create_task(forever()))


def test_a_job_that_was_claimed_ahead_begins_when_a_place_is_free():
    async def story():
        held = Held(2)
        begun = Begun(held)
        await begun.ask(*"abcdef")
        assert begun.names == ["a", "b"]

        held.fetched(lease("a", ord("a")))
        held.tried(lease("a", ord("a")))
        await some_passes()
        assert begun.names == ["a", "b", "c"]
        held.lose([lease("d", ord("d")), lease("b", ord("b"))])
        await some_passes()
        assert begun.names == ["a", "b", "c", "e"]

        held.stop()
        held.tried(lease("c", ord("c")))
        await some_passes()
        assert begun.names == ["a", "b", "c", "e"]
        assert [one.job_id for one in held.leases] == ["a", "c", "e", "f"]

    asyncio.run(story())


def test_as_many_are_claimed_ahead_as_lately_left_their_places(now_s):
    async def story():
        held = Held(8)
        begun = Begun(held)
        assert held.wanted == 8
        await begun.ask(*"abcdefgh")
        assert held.wanted == 0

        for name in "abcde":
            held.tried(lease(name, ord(name)))
        assert (held.free, held.wanted) == (5, 5 + 8 // AHEAD_SHARE)
        await begun.ask(*"ijklmnopq")
        assert ("".join(begun.names), held.free, held.wanted) == ("abcdefghijklm", 0, 0)

        now_s[0] += AHEAD_S + 0.001
        held.tried(lease("f", ord("f")))
        await some_passes()
        assert (begun.names[-1], held.wanted) == ("n", 0)  # three are ahead, and one has left
        for name in "ghi":
            held.tried(lease(name, ord(name)))
        await some_passes()
        assert (begun.names[-1], held.wanted) == ("q", 4)

    asyncio.run(story())


def test_while_many_pages_wait_to_be_read_jobs_begin_together():
    async def story():
        held = Held(8)  # a good part of it: 2
        begun = Begun(held)
        await begun.ask(*"abcdefghijkl")
        for name in "ab":
            held.fetched(lease(name, ord(name)))
            await some_passes()
        assert (begun.names[8:], held.free) == (["i"], 0)

        held.fetched(lease("c", ord("c")))
        await some_passes()
        assert (begun.names[9:], held.free) == (["j", "k"], 0)
        held.fetched(lease("d", ord("d")))
        await some_passes()
        assert (begun.names[11:], held.free, held.wanted) == ([], 0, 4 - 1)
        for name in "abc":
            held.tried(lease(name, ord(name)))
        await some_passes()
        assert (begun.names[11:], held.free) == (["l"], 0)

    asyncio.run(story())


def test_few_jobs_begin_in_one_pass_of_the_loop():
    async def story():
        held = Held(100)
        begun = Begun(held)
        asked = asyncio.create_task(begun.ask(*map(chr, range(1_000, 1_100))))
        counts = [0]
        while counts[-1] < 100:
            await asyncio.sleep(0)
            counts.append(len(begun.names))
        await asked

        assert max(b - a for a, b in pairwise(counts)) == BEGUN_TOGETHER

    asyncio.run(story())


def test_a_job_that_waits_too_long_for_a_place_is_given_back(now_s):
    async def story():
        held = Held(2)
        begun = Begun(held)
        await begun.ask(*"abcd")
        held.lose([lease("c", ord("c"))])
        now_s[0] += LATE_S
        assert held.late() == []
        now_s[0] += 0.001
        assert [one.job_id for one in held.late()] == ["d"]

        held.tried(lease("a", ord("a")))
        await some_passes()
        assert (begun.names, held.late()) == (["a", "b"], [])

    asyncio.run(story())
