"""What a process does with the jobs that it claimed."""

from __future__ import annotations

import asyncio
import math
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
        held.take([Lease(ANEW.job_id, 4, 2, 0)], math.inf)
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


def test_a_claim_that_is_answered_after_its_leases_ended_is_given_back() -> None:
    """Their hosts may have been claimed by others meanwhile."""
    held = Held(8)
    begun: list[Assignment] = []
    given_back: list[Lease] = []

    async def late(function: Any, /, *arguments: Any, **named: Any) -> Any:
        claim = await call(function, *arguments, **named)
        await asyncio.sleep(0.002)
        return claim

    async def assignments(leases: Sequence[Lease]) -> tuple[list[Assignment], list[Lease]]:
        return [Assignment(lease, None, None) for lease in leases], []  # type: ignore[arg-type]

    async def claim_once() -> None:
        claimer = Claimer(
            "w",
            SimpleNamespace(jobs=SimpleNamespace(claim=lambda *_, **__: Claim((KEPT,), None, 0))),  # type: ignore[arg-type]
            call=late,
            lease_ms=1,
            held=held,
            saver=SimpleNamespace(give_back=given_back.append),  # type: ignore[arg-type]
            assignments=SimpleNamespace(of=assignments),  # type: ignore[arg-type]
            browser=SimpleNamespace(wanted=lambda: 0),  # type: ignore[arg-type]
            browser_only=False,
            notices=SimpleNamespace(),  # type: ignore[arg-type]
        )

        await claimer._claim(begun.append)

    asyncio.run(claim_once())

    assert (begun, given_back) == ([], [KEPT])
