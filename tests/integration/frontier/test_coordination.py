"""What workers tell of themselves: which queues they listen to, and whether due jobs are claimed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from scrapeq.frontier import Frontier, Listener

Add = Callable[..., int]
Take = Callable[..., list[Any]]
Eventually = Callable[..., Any]


def test_workers_say_which_queues_they_listen_to(frontier: Frontier, other: Frontier) -> None:
    both = Listener("host:1", 4, ("cleaning", "processing"))
    one = Listener("host:2", 1, ("celery",))

    frontier.coordination.listen(both)
    frontier.coordination.listen(both)
    other.coordination.listen(one)

    assert sorted(frontier.coordination.listeners(), key=str) == sorted([both, one], key=str)
    other.coordination.forget_listener(both)
    assert frontier.coordination.listeners() == [one]


def test_work_stands_still_from_the_first_look_without_a_claim(
    frontier: Frontier, add: Add, take: Take, eventually: Eventually
) -> None:
    watch, stalled_s = frontier.coordination.watch, frontier.coordination.stalled_s
    add("a", "b")
    assert stalled_s() == 0

    watch(frontier.views.is_due())
    first = eventually(stalled_s)
    watch(frontier.views.is_due())
    assert eventually(lambda: stalled_s() > first)

    take(1)
    assert stalled_s() == 0  # a claim, even if nobody has looked since
    watch(frontier.views.is_due())
    assert eventually(stalled_s) > 0
    take(1)
    watch(frontier.views.is_due())
    assert stalled_s() == 0
