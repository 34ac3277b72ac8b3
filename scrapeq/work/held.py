"""The jobs that a process holds leases on, and how many more fetches it may begin: its window.

A page that has come leaves its place in the window, so that the next fetch begins while it waits to be
read: answers come in waves, and a page of a wave waits for all before it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from scrapeq.frontier import Ending, Lease
from scrapeq.work.waiting import within

#: A window is topped up when this share of it is free, or after so many seconds: fewer, larger
#: claims while pages keep the loop busy, and no place that stays empty for long while it waits.
TOP_UP_SHARE, TOP_UP_AFTER_S = 4, 0.02
#: Windows of pages that are fetched or read: where reading is slower than fetching, what is held in memory
#: stays bounded.
MOST_TRIED = 2


@dataclass(slots=True)
class HeldJob:
    """A job that this process works on, until its lease has ended. task: while it is tried.

    until_s: when its lease ends unless it is renewed, by the monotonic clock.
    """

    lease: Lease
    until_s: float
    task: asyncio.Task[None] | None = None


class Held:
    """Filled by the claimer, emptied by the saver, watched over by the renewer."""

    def __init__(self, window: int) -> None:
        self._window = window
        self._enough_free = max(1, window // TOP_UP_SHARE)
        self._jobs: dict[str, HeldJob] = {}
        self._trying: set[int] = set()  # tokens of those that are not only waiting to be saved
        self._reading: set[int] = set()  # of these, those whose pages have come
        self._changed = asyncio.Event()
        self._room = asyncio.Event()

    def __len__(self) -> int:
        return len(self._jobs)

    def __contains__(self, job_id: str) -> bool:
        return job_id in self._jobs

    def holds(self, lease: Lease) -> bool:
        """Whether it is held yet: not when it ended meanwhile, nor when its job was claimed anew."""
        held = self._jobs.get(lease.job_id)
        return held is not None and held.lease.token == lease.token

    def may_begin(self, lease: Lease) -> bool:
        """Whether it is held, and was told of in time: after its end another worker may have the job, and
        the slot at its host."""
        return self.holds(lease) and time.monotonic() < self._jobs[lease.job_id].until_s

    @property
    def free(self) -> int:
        """Fetches that may be begun."""
        trying = len(self._trying)
        return min(self._window - (trying - len(self._reading)), MOST_TRIED * self._window - trying)

    @property
    def is_trying(self) -> bool:
        """Whether any job is under way."""
        return bool(self._trying)

    @property
    def leases(self) -> list[Lease]:
        """All leases that have not ended."""
        return [held.lease for held in self._jobs.values()]

    def take(self, leases: Iterable[Lease], until_s: float) -> None:
        """They were claimed, and last until then. An older try of the same job, which was ended meanwhile, stops: else two of
        them would ask its host."""
        leases = list(leases)
        self.lose([self._jobs[one.job_id].lease for one in leases if one.job_id in self._jobs])
        for lease in leases:
            self._jobs[lease.job_id] = HeldJob(lease, until_s)

    def renewed(self, leases: Iterable[Lease], until_s: float) -> None:
        """They last until then; those that ended meanwhile stay ended."""
        for lease in leases:
            if self.holds(lease):
                self._jobs[lease.job_id].until_s = until_s

    def begin(self, lease: Lease, task: asyncio.Task[None]) -> None:
        """The job is being tried."""
        self._jobs[lease.job_id].task = task
        self._trying.add(lease.token)

    def fetched(self, lease: Lease) -> None:
        """The page has come, and is about to be read."""
        if lease.token in self._trying:
            self._reading.add(lease.token)
            self._is_freed()

    def tried(self, lease: Lease) -> None:
        """The try has come to its end, its lease has not. Again does nothing."""
        if lease.token in self._trying:
            self._trying.remove(lease.token)
            self._reading.discard(lease.token)
            self._is_freed()

    def _is_freed(self) -> None:
        self._changed.set()
        if self.free >= self._enough_free:
            self._room.set()

    def end(self, endings: Sequence[Ending]) -> None:
        """Leases have ended; one that was claimed anew meanwhile has another token, and stays."""
        for ending in endings:
            held = self._jobs.get(ending.job_id)
            if held is not None and held.lease.token == ending.token:
                del self._jobs[ending.job_id]
        self._changed.set()

    def lose(self, leases: Iterable[Lease]) -> None:
        """They are not ours any more: their tries stop. A job that was claimed anew goes on."""
        for lease in leases:
            if not self.holds(lease):
                continue
            held = self._jobs.pop(lease.job_id)
            if held.task is not None:
                held.task.cancel()
                # Here, for a task that is cancelled before its first step says nothing itself
                self.tried(held.lease)
            self._changed.set()

    async def let_end(self, grace_s: float) -> None:
        """Give the tries that long to end by themselves, and stop the others."""
        tasks = [held.task for held in self._jobs.values() if held.task is not None]
        if not tasks:
            return
        await asyncio.wait(tasks, timeout=grace_s)
        for task in tasks:
            task.cancel()

    async def changed(self, most_s: float) -> None:
        """Wait until a try or a lease ends, or for so long."""
        self._changed.clear()
        await within(self._changed.wait(), most_s)

    async def room(self) -> None:
        """Wait until a good part of the window is free, or for a moment."""
        if self.free < self._enough_free:
            self._room.clear()
            await within(self._room.wait(), TOP_UP_AFTER_S)

    def stop_waiting(self) -> None:
        """Wake whoever waits for a change."""
        self._changed.set()
        self._room.set()
