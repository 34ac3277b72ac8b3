"""What a process does with the jobs that it claimed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from scrapeq.frontier import Claim, Lease
from scrapeq.models import Lane
from scrapeq.work.assignments import Assignment
from scrapeq.work.claimer import Claimer
from scrapeq.work.held import Held

KEPT, LOST, ANEW = Lease("kept", 1, 1, 0), Lease("lost", 2, 1, 0), Lease("anew", 3, 1, 0)


async def call(function: Any, /, *arguments: Any, **named: Any) -> Any:
    return function(*arguments, **named)


@pytest.mark.parametrize("lane", list(Lane))
def test_a_lease_that_ended_while_the_record_was_slow_is_not_worked_on(lane: Lane) -> None:
    held, begun = Held(8), []

    async def slow_record(leases: Sequence[Lease]) -> tuple[list[Assignment], list[Lease]]:
        held.lose([LOST])
        held.take([Lease(ANEW.job_id, 4, 2, 0)])
        return [Assignment(lease, None, None) for lease in leases], []  # type: ignore[arg-type]

    async def claim_once() -> None:
        claims = iter([Claim((KEPT, LOST, ANEW), None, 0)])
        browser = SimpleNamespace(wanted=lambda: int(lane is Lane.BROWSER), found=lambda _: None)
        claimer = Claimer(
            "w",
            SimpleNamespace(jobs=SimpleNamespace(claim=lambda *_, **__: next(claims))),  # type: ignore[arg-type]
            call=call,
            lease_ms=1_000,
            held=held,
            saver=SimpleNamespace(),  # type: ignore[arg-type]
            assignments=SimpleNamespace(of=slow_record),  # type: ignore[arg-type]
            browser=browser,  # type: ignore[arg-type]
            browser_only=lane is Lane.BROWSER,
            notices=SimpleNamespace(),  # type: ignore[arg-type]
        )

        await claimer._claim(lambda one: begun.append((one.lease, one.lane)))

    asyncio.run(claim_once())

    assert begun == [(KEPT, lane)]
