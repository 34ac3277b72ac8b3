"""The jobs that a process holds leases on, and how many more fetches it may begin: its window.

A page that has come leaves its place in the window, so that the next fetch begins while it waits to be
read: answers come in waves, and a page of a wave waits for all before it. Nor does a place wait for a claim:
some jobs are claimed ahead, as many as lately got a place while a claim took its time.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from scrapeq.frontier import Ending, Lease
from scrapeq.work.waiting import within

#: A window is topped up when this share of it is wanted, or after so many seconds: a claim of many jobs
#: costs little more than one of few.
TOP_UP_SHARE, TOP_UP_AFTER_S = 4, 0.05
#: Fetches that begin in one pass of the loop. All of a window held it up for 0.1 s. With one in a pass a page took
#: 5 to 20 % more CPU (docs/performance.md).
BEGUN_TOGETHER = 16
#: Windows of pages that are fetched or read: where reading is slower than fetching, what is held in memory
#: stays bounded.
MOST_TRIED = 2
#: As many jobs are claimed ahead as left their places in so many seconds, up to this share of the window:
#: topping up, a claim and the record's answer take 0.06.
AHEAD_S, AHEAD_SHARE = 0.1, 2
#: Seconds after which a job that was claimed ahead and has no place yet is given back: another worker may
#: have one, and its host waits.
LATE_S = 0.5


@dataclass(slots=True)
class HeldJob:
    """A job that this process works on, until its lease has ended. task: while it is tried.

    until_s: when its lease ends unless it is renewed, by the monotonic clock.
    """

    lease: Lease
    until_s: float
    task: asyncio.Task[None] | None = None


@dataclass(frozen=True, slots=True)
class Ahead:
    """A job that was claimed ahead of a place for it: what begins it, and since when it waits (monotonic)."""

    lease: Lease
    begin: Callable[[], None]
    since_s: float


class Held:
    """Filled by the claimer, emptied by the saver, watched over by the renewer."""

    def __init__(self, window: int) -> None:
        self._window = window
        self._some = max(1, window // TOP_UP_SHARE)  # places that count as a good part of it
        self._together = min(self._some, BEGUN_TOGETHER)
        self._jobs: dict[str, HeldJob] = {}
        self._trying: set[int] = set()  # tokens of those that are not only waiting to be saved
        self._reading: set[int] = set()  # of these, those whose pages have come
        self._ahead: deque[Ahead] = deque()
        #: When places became free lately.
        self._freed_s: deque[float] = deque(maxlen=window // AHEAD_SHARE)
        self._is_beginning = self._is_stopping = False
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
        """Fetches that may be begun.

        While many pages wait to be read the CPU is what all wait for, and fetches that begin together cost it
        less (a page 0.9, with sites that answer at once): then it is as many as begin together, or 0.
        """
        trying, reading = len(self._trying), len(self._reading)
        places = min(self._window - (trying - reading), MOST_TRIED * self._window - trying)
        return 0 if reading >= self._together > places else places

    @property
    def wanted(self) -> int:
        """Jobs to claim now: for places that are free, and for some that will be."""
        long_ago_s = time.monotonic() - AHEAD_S
        while self._freed_s and self._freed_s[0] < long_ago_s:
            self._freed_s.popleft()
        return max(0, self.free + len(self._freed_s) - len(self._ahead))

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

    def begin_soon(self, lease: Lease, begin: Callable[[], None]) -> None:
        """Call `begin` when the job has a place: in the loop's next pass if one is free, and never if it is lost
        meanwhile."""
        self._ahead.append(Ahead(lease, begin, time.monotonic()))
        self._begin_ahead()

    def _begin_ahead(self) -> None:
        if self._ahead and not self._is_beginning and not self._is_stopping and self.free > 0:
            self._is_beginning = True
            asyncio.get_running_loop().call_soon(self._begin_some)

    def _begin_some(self) -> None:
        self._is_beginning = False
        left = 0 if self._is_stopping else min(self.free, BEGUN_TOGETHER)
        while self._ahead and left > 0:
            one = self._ahead.popleft()
            if self.holds(one.lease):
                one.begin()
                left -= 1
        self._begin_ahead()

    def late(self) -> list[Lease]:
        """The leases of jobs that have waited for a place for too long; they wait no more."""
        late = []
        long_ago_s = time.monotonic() - LATE_S
        while self._ahead and self._ahead[0].since_s < long_ago_s and not self.free:
            late.append(self._ahead.popleft().lease)
        return [lease for lease in late if self.holds(lease)]

    def begin(self, lease: Lease, task: asyncio.Task[None]) -> None:
        """The job is being tried."""
        self._jobs[lease.job_id].task = task
        self._trying.add(lease.token)

    def fetched(self, lease: Lease) -> None:
        """The page has come, and is about to be read. Again does nothing."""
        if lease.token in self._trying and lease.token not in self._reading:
            self._reading.add(lease.token)
            self._freed_s.append(time.monotonic())
            self._go_on()

    def tried(self, lease: Lease) -> None:
        """The try has come to its end, its lease has not. Again does nothing."""
        if lease.token in self._trying:
            if lease.token not in self._reading:
                self._freed_s.append(time.monotonic())
            self._trying.remove(lease.token)
            self._reading.discard(lease.token)
            self._go_on()

    def _go_on(self) -> None:
        """There may be a place."""
        self._begin_ahead()
        self._changed.set()
        if self.wanted >= self._some:
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
        """Wait until a good part of the window is wanted, or for a moment."""
        if self.wanted < self._some:
            self._room.clear()
            await within(self._room.wait(), TOP_UP_AFTER_S)

    def stop(self) -> None:
        """Begin nothing that was claimed ahead, and wake whoever waits for a change."""
        self._is_stopping = True
        self._changed.set()
        self._room.set()
