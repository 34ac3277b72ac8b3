"""The time limits of one fetch: which phase it is in, and when that must end."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from types import TracebackType
from typing import Self

from scrapeq.fetch.failed import Failed
from scrapeq.models import ErrorKind, ScrapingConfig


class Phase(IntEnum):
    """What is being waited for."""

    CONNECT = 0  # the name, the connection, TLS
    HEAD = 1  # the complete head of the answer
    BODY = 2  # the next piece of the body


class Watch:
    """Ends a fetch that takes too long, as an async context around all of it.

    `enter` starts a phase, whose limit runs from then; for the body it is called again with each
    piece. The total runs over all phases and redirects, and stands still inside `paused`, where
    the fetch waits for politeness and not for the server. elapsed_s: of the total, before it began.

    Raises:
        Failed: on leaving the context, of the kind of the phase in which time was over; the total
            may be over in any of them.
    """

    def __init__(self, config: ScrapingConfig, elapsed_s: float = 0.0) -> None:
        self._limits_s = (  # by phase
            config.connect_timeout_s,
            config.first_byte_timeout_s,
            config.idle_timeout_s,
        )
        self._total_s = config.total_timeout_s
        self._loop = asyncio.get_running_loop()
        self._began_s = self._loop.time() - elapsed_s
        self._phase = Phase.CONNECT
        self._ends_s = math.inf
        self._timer: asyncio.TimerHandle | None = None
        self._timeout = asyncio.timeout(None)

    @property
    def elapsed_s(self) -> float:
        """Seconds spent so far, without the pauses."""
        return self._loop.time() - self._began_s

    def enter(self, phase: Phase) -> None:
        """Begin `phase`, or begin it anew."""
        self._phase = phase
        ends_s = self._loop.time() + self._limits_s[phase]
        self._ends_s = min(ends_s, self._began_s + self._total_s)
        # The end mostly moves away from the timer, which then rings in vain, once, if at all.
        if self._timer is None or self._ends_s < self._timer.when():
            self._set_timer()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Let time stand still; the next phase begins with `enter`."""
        began_s = self._loop.time()
        self._ends_s = math.inf
        try:
            yield
        finally:
            self._began_s += self._loop.time() - began_s

    async def __aenter__(self) -> Self:
        await self._timeout.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()
        try:
            await self._timeout.__aexit__(kind, error, traceback)
        except TimeoutError:
            raise self._failed() from None

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(self._ends_s, self._ring)

    def _ring(self) -> None:
        self._timer = None
        if self._ends_s <= self._loop.time():
            self._timeout.reschedule(self._ends_s)
        elif self._ends_s < math.inf:
            self._set_timer()

    def _failed(self) -> Failed:
        over_s = self._limits_s[self._phase]
        if self.elapsed_s >= self._total_s:
            waited = f"all of it took longer than {self._total_s:g} s (total_timeout_s)"
        elif self._phase is Phase.CONNECT:
            waited = f"no connection within {over_s:g} s (connect_timeout_s)"
        elif self._phase is Phase.HEAD:
            waited = f"no complete answer head within {over_s:g} s (first_byte_timeout_s)"
        else:
            waited = f"nothing more of the page came for {over_s:g} s (idle_timeout_s)"
        return Failed(_KINDS[self._phase], waited)


_KINDS = {
    Phase.CONNECT: ErrorKind.CONNECT_TIMEOUT,
    Phase.HEAD: ErrorKind.HEADER_TIMEOUT,
    Phase.BODY: ErrorKind.BODY_TIMEOUT,
}
