"""Renews leases, and stops the jobs that are not ours any more."""

from __future__ import annotations

import asyncio
import time

from scrapeq.errors import RedisFull, RedisUnavailable
from scrapeq.frontier import Frontier, ProcessId
from scrapeq.work.held import Held
from scrapeq.work.waiting import Call

#: Seconds between two renewals: a cancelled job stops within two of them.
RENEW_S = 1.0


class Renewer:
    """Says each second that this worker lives and what it holds."""

    def __init__(
        self,
        name: str,
        frontier: Frontier,
        *,
        call: Call,
        lease_ms: int,
        held: Held,
        process: ProcessId | None,
    ) -> None:
        self._name = name
        self._process = process
        self._frontier = frontier
        self._call = call
        self._lease_ms = lease_ms
        self._held = held

    async def run(self) -> None:
        """Renew for ever."""
        while True:
            leases = self._held.leases
            until_s = time.monotonic() + self._lease_ms / 1000
            tokens = [(lease.job_id, lease.token) for lease in leases]
            try:
                gone: set[str] = await self._call(
                    self._frontier.jobs.renew,
                    self._name,
                    self._lease_ms,
                    tokens,
                    self._process,
                )
            except (RedisUnavailable, RedisFull):
                pass  # the leases may end; whoever takes a job over has a newer token
            else:
                self._held.lose(lease for lease in leases if lease.job_id in gone)
                self._held.renewed(leases, until_s)
            await asyncio.sleep(RENEW_S)
