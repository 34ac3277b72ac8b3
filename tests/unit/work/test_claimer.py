"""What a process does with the jobs that it claimed."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from scrapeq.frontier import Claim, Lease
from scrapeq.models import Lane
from scrapeq.work.assignments import Assignment
from scrapeq.work.claimer import Claimer
from scrapeq.work.held import Held

KEPT, LOST, ANEW = Lease("kept", 1, 1, 0), Lease("lost", 2, 1, 0), Lease("anew", 3, 1, 0)


async def forever() -> None:
    await asyncio.Event().wait()


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
        await asyncio.sleep(0)

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
        await asyncio.sleep(0)

    asyncio.run(claim_once())

    assert (begun, given_back) == ([], [KEPT])


def claimer_of(
    held: Held, claims: list[Claim], wanted: list[int], give_back: Callable[[Lease], None]
) -> Claimer:
    """A claimer that is given these claims, one after the other, and then stops."""

    def claim(_: str, count: int, *rest: Any, **named: Any) -> Claim:
        wanted.append(count)
        if len(claims) == 1:
            claimer.stop()
        return claims.pop(0)

    async def of(leases: Sequence[Lease]) -> tuple[list[Assignment], list[Lease]]:
        return [Assignment(lease, None, None) for lease in leases], []  # type: ignore[arg-type]

    async def nothing(_: float) -> None:
        return

    claimer = Claimer(
        "w",
        SimpleNamespace(jobs=SimpleNamespace(claim=claim)),  # type: ignore[arg-type]
        call=call,
        lease_ms=60_000,
        held=held,
        saver=SimpleNamespace(  # type: ignore[arg-type]
            is_behind=False, give_back=give_back, stop_waiting=lambda: None, saved=nothing
        ),
        assignments=SimpleNamespace(of=of),  # type: ignore[arg-type]
        browser=SimpleNamespace(wanted=lambda: 0),  # type: ignore[arg-type]
        browser_only=False,
        notices=SimpleNamespace(ignore=lambda: None, listen=lambda: None),  # type: ignore[arg-type]
    )
    claimer.allow(math.inf)
    return claimer


def test_a_job_that_waits_too_long_for_a_place_goes_back_to_all_workers(monkeypatch) -> None:
    monkeypatch.setattr("scrapeq.work.held.LATE_S", -1)
    held, given_back = Held(1), []

    async def claim_once() -> None:
        def give_back(lease: Lease) -> None:
            given_back.append(lease)
            claimer.stop()

        claims = [Claim((KEPT, ANEW), 0, 0), Claim((), None, 0)]  # one more than there are places
        claimer = claimer_of(held, claims, [], give_back)
        await claimer.run(lambda one: held.begin(one.lease, asyncio.create_task(forever())))

    asyncio.run(claim_once())

    assert given_back == [ANEW]


def test_nothing_is_claimed_ahead_while_suspects_wait_for_their_trial() -> None:
    held = Held(4)
    wanted: list[int] = []
    jobs = [Lease(str(number), number, 1, 0) for number in range(4)]

    async def claim() -> None:
        claims = [Claim(tuple(jobs), 0, 1), Claim((), None, 0)]
        claimer = claimer_of(held, claims, wanted, lambda _: None)
        await claimer.run(lambda one: held.begin(one.lease, asyncio.create_task(tries(one.lease))))

    async def tries(lease: Lease) -> None:
        if lease.token < 3:
            held.fetched(lease)
        await forever()

    asyncio.run(claim())

    assert wanted == [4, 3]
