"""A Redis of our own on a unix socket, and frontiers that speak with it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from scrapeq.clock import DAY_MS
from scrapeq.frontier import Due, Frontier, connect
from scrapeq.models import Lane
from tests.faketime import faketime_environment, find_faketime
from tests.redis_server import check_redis_program, redis_server


def eventually(condition: Callable[[], Any], within_s: float = 120) -> Any:
    """What `condition` gives as soon as it is true."""
    deadline = time.monotonic() + within_s
    while not (value := condition()):
        assert time.monotonic() < deadline, f"not within {within_s} s"
        time.sleep(0.002)
    return value


@pytest.fixture(name="eventually", scope="session")
def eventually_() -> Callable[..., Any]:
    """`eventually(condition, within_s)`: what it gives as soon as it is true."""
    return eventually


@pytest.fixture(scope="session")
def redis_url(needs_service: Callable[[str, object, str], None]) -> Iterator[str]:
    """The URL of a Redis server of our own; it ends with us."""
    check_redis_program(needs_service)
    with redis_server() as (url, _):
        yield url


@pytest.fixture
def moved(
    needs_service: Callable[[str, object, str], None], tmp_path: Path
) -> Iterator[tuple[redis.Redis, Callable[[int], None]]]:
    """A Redis of its own, known to the record, and `move(seconds)`, which sets its machine's clock
    that far from ours."""
    library = find_faketime()
    check_redis_program(needs_service)
    needs_service("libfaketime", library, "apt install libfaketime")
    offset = tmp_path / "offset"
    offset.write_text("+0")

    def move(seconds: int) -> None:
        offset.write_text(f"{seconds:+d}")

    with (
        redis_server(environment=faketime_environment(library or "", offset)) as (url, _),
        contextlib.closing(connect(url)) as connected,
    ):
        Frontier(connected).coordination.set_epoch(1)
        yield connected, move


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    """A client of an empty Redis that is known to the record."""
    with contextlib.closing(connect(redis_url)) as connected:
        connected.flushall()
        Frontier(connected).coordination.set_epoch(1)
        yield connected


@pytest.fixture
def frontier(client: redis.Redis) -> Frontier:
    return Frontier(client)


@pytest.fixture
def other(client: redis.Redis, redis_url: str) -> Iterator[Frontier]:
    """A second frontier with a connection of its own."""
    with contextlib.closing(connect(redis_url)) as connected:
        yield Frontier(connected)


@pytest.fixture
def add(frontier: Frontier) -> Callable[..., int]:
    """`add("a", "b", host="h", ...)`: make jobs due; each has the letters of its id as it is."""

    def add_(
        *ids: str,
        batch: str = "batch",
        host: str = "h",
        gap_ms: int = 0,
        priority: int = 5,
        max_per_host: int = 100_000,
        respect_robots: bool = False,
        crawl_delay_cap_ms: int = DAY_MS,
        lane: Lane = Lane.HTTP,
    ) -> int:
        return frontier.jobs.add(
            batch,
            [Due(one, host, gap_ms, lane) for one in ids],
            priority=priority,
            max_per_host=max_per_host,
            respect_robots=respect_robots,
            crawl_delay_cap_ms=crawl_delay_cap_ms,
        )

    return add_


#: A lease that no test outlives.
LONG_MS = 600_000


@pytest.fixture
def take(frontier: Frontier) -> Callable[..., list[Any]]:
    """`take(count=100)`: the leases that a claim gives now."""

    def take_(count: int = 100, lease_ms: int = LONG_MS, **named: Any) -> list[Any]:
        return list(frontier.jobs.claim("w", count, lease_ms, **named).leases)

    return take_


@pytest.fixture
def now_ms(client: redis.Redis) -> Callable[[], int]:
    """The time as Redis has it."""

    def now_ms_() -> int:
        seconds, micros = client.time()
        return int(seconds) * 1000 + int(micros) // 1000

    return now_ms_
