"""Waiting in a work loop: for an event or a time, and for the stores, in threads."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, ParamSpec, Protocol, TypeVar

from scrapeq.errors import DatabaseUnavailable, RedisFull, RedisUnavailable

T = TypeVar("T")
P = ParamSpec("P")

#: What passes by itself, or when a person mends it: work waits for it.
STORES_AWAY = (RedisUnavailable, RedisFull, DatabaseUnavailable)
#: Seconds until a dead Redis or a locked database is tried again.
AGAIN_S = 1.0


class Call(Protocol):
    """Runs a blocking call of a store off the loop."""

    async def __call__(
        self, function: Callable[P, T], /, *arguments: P.args, **named: P.kwargs
    ) -> T:
        """What `function` returns or raises."""


class StoreThreads:
    """A `Call` with a few threads."""

    def __init__(self, count: int = 4) -> None:
        self._threads = ThreadPoolExecutor(count, thread_name_prefix="scrapeq-store")

    async def __call__(
        self, function: Callable[P, T], /, *arguments: P.args, **named: P.kwargs
    ) -> T:
        """What `function` returns or raises."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, lambda: function(*arguments, **named))


async def within(waiting: Coroutine[Any, Any, Any], seconds: float) -> None:
    """Wait for something, but no longer than that."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):  # wait_for would make a task of it
            await waiting
