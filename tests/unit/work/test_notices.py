"""How a process that rests learns that jobs are due."""

from __future__ import annotations

import asyncio
import math
import queue
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from scrapeq.errors import RedisUnavailable
from scrapeq.frontier import Claim
from scrapeq.work import notices
from scrapeq.work.claimer import Claimer
from scrapeq.work.held import Held
from scrapeq.work.notices import Notices

WAIT_S = 60


class Redis:
    """Answers `await_notice` with what is put into it; notes that it was asked."""

    def __init__(self) -> None:
        self.answers = queue.Queue[bool | Exception]()
        self.asked = queue.Queue[float]()
        self.coordination = self

    def await_notice(self, most_s: float) -> bool:
        self.asked.put(most_s)
        answer = self.answers.get(timeout=WAIT_S)
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def redis() -> Redis:
    return Redis()


@pytest.fixture
def noticed() -> queue.Queue[str]:
    return queue.Queue()


@pytest.fixture
def resting(redis: Redis, noticed: queue.Queue[str]) -> Iterator[Notices]:
    thread = Notices(redis, lambda: noticed.put("noticed"))  # type: ignore[arg-type]
    thread.start()
    yield thread
    thread.stop()
    redis.answers.put(False)
    thread.join(WAIT_S)
    assert not thread.is_alive()


def test_who_listens_is_told(redis: Redis, resting: Notices, noticed: queue.Queue[str]) -> None:
    resting.listen()
    redis.answers.put(False)
    redis.answers.put(True)

    assert noticed.get(timeout=WAIT_S) == "noticed"


def test_who_has_work_leaves_notices_to_others(redis: Redis, resting: Notices) -> None:
    resting.listen()
    redis.asked.get(timeout=WAIT_S)
    resting.ignore()
    redis.answers.put(False)  # the question that was under way

    with pytest.raises(queue.Empty):
        redis.asked.get(timeout=0.05)

    resting.listen()
    redis.asked.get(timeout=WAIT_S)


def test_it_goes_on_when_redis_was_away(
    redis: Redis,
    resting: Notices,
    noticed: queue.Queue[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(notices, "AGAIN_S", 0)
    redis.answers.put(RedisUnavailable("away", hint="wait"))
    redis.answers.put(True)

    resting.listen()

    assert noticed.get(timeout=WAIT_S) == "noticed"


def test_a_notice_that_comes_during_a_claim_is_not_forgotten() -> None:
    """The claim may have looked before the job came."""
    claims: list[str] = []

    async def look() -> None:
        def claim(*_: Any, **__: Any) -> Claim:
            claims.append("claim")
            if len(claims) == 1:
                claimer.allow(math.inf)
            else:
                claimer.stop()
            return Claim((), None, 0)

        async def call(function: Any, /, *arguments: Any, **named: Any) -> Any:
            return function(*arguments, **named)

        claimer = Claimer(
            "w",
            SimpleNamespace(jobs=SimpleNamespace(claim=claim)),  # type: ignore[arg-type]
            call=call,
            lease_ms=1_000,
            held=Held(8),
            saver=SimpleNamespace(is_behind=False, stop_waiting=lambda: None),  # type: ignore[arg-type]
            assignments=SimpleNamespace(),  # type: ignore[arg-type]
            browser=SimpleNamespace(wanted=lambda: 0),  # type: ignore[arg-type]
            browser_only=False,
            notices=SimpleNamespace(listen=lambda: None, ignore=lambda: None),  # type: ignore[arg-type]
        )
        claimer.allow(math.inf)
        async with asyncio.timeout(WAIT_S):
            await claimer.run(lambda _: None)

    asyncio.run(look())

    assert claims == ["claim", "claim"]
