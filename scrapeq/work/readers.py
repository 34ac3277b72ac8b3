"""Reading pages where it can be bounded: a worker's loop never waits on a page for long.

A page that is light for its recipe is read at once, which costs less than sending it elsewhere;
any other in a child process that may be ended. What is done with it there is a list of stages.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import struct
import sys
import time
from asyncio.subprocess import Process
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from scrapeq.extract import is_light
from scrapeq.fetch import Response
from scrapeq.models import Content, ErrorKind, Failure, Recipe
from scrapeq.work.child_stages import CLEAN, READ, ChildStage, Source, run_stages
from scrapeq.work.own_failure import LOG

log = logging.getLogger(__name__)

#: Seconds in which a child neither answers nor uses any CPU: it is frozen, or waits for something
#: that never comes. One that waits for a CPU on a busy machine is bounded by its CPU alone.
FROZEN_S = 60.0
#: Seconds with one page after which a child counts as stuck, and another may be started beside it.
STUCK_S = 3.0
#: Seconds that a child whose pipe has closed may take to be gone.
ENDING_S = 5.0
#: Children that a page is given to, one after the other, while each ends without having reached the
#: page's own bounds: killed from outside, crashed, or stood still. One end says nothing about the
#: page; three in a row do, as with workers (`lua/claim.lua`).
MOST_READS = 3
#: Seconds before the second child, twice as many before the third: what kills processes, such as a
#: machine without memory, lasts for longer than a child takes to start (0.5 s).
AGAIN_S = 1.0
#: How a child ended that was ended because it stood still; no exit code and no signal.
STOOD_STILL = -1_000
#: How a child ended that had not begun to read. That says nothing about the page, so it is no read; and
#: how many such ends are waited out: a machine on which none starts must not hold its jobs for ever.
NOT_STARTED, MOST_STARTS = -1_001, 20
#: Signals that a process causes itself: a fault in C code, or memory that was refused to it.
_FAULTS = frozenset(
    {signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGTRAP}
)
_CHILD = "scrapeq.work.reader_child"
#: Bytes that a child may answer: far above what extract's own bounds on texts and links allow.
_LONGEST_ANSWER = 256 * 1024 * 1024


class Readers:
    """Up to `count` reading children, and as many again while some are stuck."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._idle: deque[Process] = deque()
        self._alive: set[Process] = set()
        self._starting: set[Process] = set()  # have not said yet that they are ready
        self._busy_since: dict[Process, float] = {}
        self._free = asyncio.Condition()
        #: Held by the one page that is read on the loop in one pass of it. When answers come all at once, to
        #: read every page before anything else would stop the loop for as long as they all take.
        self._reading_here = asyncio.Lock()

    async def read(
        self,
        response: Response,
        recipe: Recipe,
        stages: Sequence[ChildStage] = (READ, CLEAN),
        content: Content | None = None,
    ) -> Content | Failure:
        """What the stages make of the page; the kind of one of them if that took too much.

        content: what stages before these found.
        """
        body, url, content_type = response.body, response.final_url, response.content_type
        if all(stage.light for stage in stages) and is_light(body, recipe, content_type, url):
            source = Source(body, url, content_type, recipe, light=True, asked=response.asked)
            async with self._reading_here:
                light = run_stages(stages, source, content)
                await asyncio.sleep(0)  # the next page is read in a later pass of the loop
            return light
        reads = starts = 0
        while True:
            errand = _Errand(response, recipe, stages, content)
            found = await self._try(errand)
            if found == NOT_STARTED and starts < MOST_STARTS:
                starts += 1
                await asyncio.sleep(AGAIN_S)
                continue
            reads += 1
            if not isinstance(found, int):
                return found
            if found == -signal.SIGPROF:
                return errand.exceeded
            log.warning("a process that read %s was lost (%s)", url[:200], _how(found))
            if reads == MOST_READS or found == NOT_STARTED:
                return _lost(found, errand)
            await asyncio.sleep(AGAIN_S * 2 ** (reads - 1))

    async def _try(self, errand: _Errand) -> Content | Failure | int:
        """What one child makes of the page, or how it ended: its exit code, below 0 for a signal."""
        child = await self._take()
        self._busy_since[child] = time.monotonic()
        try:
            await self._started(child)
        except (asyncio.IncompleteReadError, ConnectionError, TimeoutError):
            await self._end(child)
            return NOT_STARTED
        except BaseException:
            await self._end(child)
            raise
        try:
            answer = await _ask_while_it_works(child, errand)
        except (asyncio.IncompleteReadError, ConnectionError):
            # It is ending. A kill in this moment could make its exit status be taken by the wrong
            # one, and asyncio would then make up a 255.
            with suppress(TimeoutError):
                await asyncio.wait_for(child.wait(), ENDING_S)
            await self._end(child)
            return child.returncode if child.returncode is not None else -signal.SIGKILL
        except TimeoutError:
            await self._end(child)
            return STOOD_STILL
        except BaseException:
            await self._end(child)  # cancelled in the middle: nothing waits for its answer
            raise
        if answer["is_last"]:
            await self._end(child)
        else:
            del self._busy_since[child]
            async with self._free:
                self._idle.append(child)
                self._free.notify()
        found = answer["found"]
        if "content" in found:
            return Content.from_json(found["content"])
        return Failure(ErrorKind(found["kind"]), found["message"], retryable=False)

    async def start(self, count: int | None = None) -> None:
        """Start so many children, or all, before the first page comes: their imports take half a second.

        Another is started when a page comes while those are busy.
        """
        async with self._free:
            while len(self._alive) < min(count or self._count, self._count):
                self._idle.append(await self._spawn())

    @property
    def pids(self) -> list[int]:
        """The children's process ids, for whoever watches what they cost."""
        return [child.pid for child in self._alive]

    async def close(self) -> None:
        """End the children."""
        for child in list(self._alive):
            await self._end(child)

    async def _take(self) -> Process:
        async with self._free:
            while True:
                while self._idle:
                    child = self._idle.popleft()
                    if child.returncode is None:
                        return child
                    self._alive.discard(child)
                    self._starting.discard(child)
                if len(self._alive) < self._count + min(self._stuck(), self._count):
                    return await self._spawn()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._free.wait(), STUCK_S / 2)

    async def _started(self, child: Process) -> None:
        """Wait until a child is ready for its first page."""
        if child in self._starting:
            if child.stdout is None:  # it is a pipe, see _spawn
                raise ConnectionError("the child has no pipes")
            await asyncio.wait_for(child.stdout.readexactly(4), FROZEN_S)
            self._starting.discard(child)

    def _stuck(self) -> int:
        """How many children have been with one page for too long."""
        long_ago = time.monotonic() - STUCK_S
        return sum(since < long_ago for since in self._busy_since.values())

    async def _spawn(self) -> Process:
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            _CHILD,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=_LONGEST_ANSWER,
        )
        self._alive.add(child)
        self._starting.add(child)
        return child

    async def _end(self, child: Process) -> None:
        self._alive.discard(child)
        self._starting.discard(child)
        self._busy_since.pop(child, None)
        if child.returncode is None:
            child.kill()
        await child.wait()
        async with self._free:
            self._free.notify()


class _Errand:
    """What a child is to do with one page, and how far it has come."""

    def __init__(
        self,
        response: Response,
        recipe: Recipe,
        stages: Sequence[ChildStage],
        content: Content | None,
    ) -> None:
        self.body = response.body
        self.request = json.dumps(
            {
                "url": response.final_url,
                "asked": response.asked,
                "content_type": response.content_type,
                "recipe": recipe.model_dump(),
                "length": len(response.body),
                "stages": [stage.to_json() for stage in stages],
                "content": content.to_json() if content is not None else None,
            }
        ).encode()
        failures = [stage.exceeded for stage in stages]
        self._left = [
            after for before, after in pairwise(failures) if after != before
        ]  # see reader_child: an empty frame stands for each
        self.exceeded = failures[0]

    def goes_on(self) -> None:
        """A stage with other failures begins."""
        self.exceeded = self._left.pop(0)


def _lost(ended: int, errand: _Errand) -> Failure:
    """The row of a page that ended each of its readers, though it stayed within its bounds."""
    if ended == NOT_STARTED:
        return Failure(
            ErrorKind.WORKER_LOST,
            f"no process that reads pages could start, {MOST_STARTS} times; {LOG} may say why; then "
            "retry_failed() reads it again",
        )
    if ended == STOOD_STILL:
        return Failure(
            ErrorKind.WORKER_LOST,
            f"the process that read the page stood still for {FROZEN_S:g} s, {MOST_READS} times in a row; "
            "retry_failed() reads it again",
        )
    if ended >= 0:
        return Failure(
            ErrorKind.INTERNAL,
            f"the process that read the page ended by itself, {MOST_READS} times in a row "
            f"({_how(ended)}); {LOG} says why",
        )
    if -ended in _FAULTS:
        return replace(
            errand.exceeded,
            message=f"reading the page made its process crash, {MOST_READS} times in a row ({_how(ended)})",
        )
    return Failure(
        ErrorKind.WORKER_LOST,
        f"the process that read the page was ended from outside, {MOST_READS} times in a row "
        f"({_how(ended)}), as systems do when memory runs out; give the workers more memory, or "
        "start fewer (SCRAPEQ_WORKERS), then retry_failed()",
    )


def _how(ended: int) -> str:
    """How a child ended, in words."""
    if ended in {STOOD_STILL, NOT_STARTED}:
        return "it stood still" if ended == STOOD_STILL else "it did not start"
    if ended >= 0:
        return f"exit code {ended}"
    try:
        return signal.Signals(-ended).name
    except ValueError:  # a real-time signal has no name
        return f"signal {-ended}"


async def _ask_while_it_works(child: Process, errand: _Errand) -> dict[str, Any]:
    """The child's answer; TimeoutError when it has stood still for FROZEN_S.

    Where there is no /proc nobody knows whether it works, and it has FROZEN_S by the clock.
    """
    async with asyncio.timeout(FROZEN_S) as limit:
        watch = asyncio.create_task(_prolong_while_it_works(limit, child.pid))
        try:
            return await _ask(child, errand)
        finally:
            watch.cancel()


async def _prolong_while_it_works(limit: asyncio.Timeout, pid: int) -> None:
    before_s: float | None = None
    while True:
        await asyncio.sleep(FROZEN_S / 4)
        used_s = _cpu_s(pid)
        if used_s != before_s and not limit.expired():
            limit.reschedule(asyncio.get_running_loop().time() + FROZEN_S)
        before_s = used_s


def _cpu_s(pid: int) -> float | None:
    """CPU seconds that a process has used; None if it is gone or there is no /proc."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()  # proc_pid_stat(5), from the third field on
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def _ask(child: Process, errand: _Errand) -> dict[str, Any]:
    if child.stdin is None or child.stdout is None:  # both are pipes, see _spawn
        raise ConnectionError("the child has no pipes")
    request = errand.request
    child.stdin.write(struct.pack(">I", len(request)) + request + errand.body)
    await child.stdin.drain()
    while not (length := int.from_bytes(await child.stdout.readexactly(4))):
        errand.goes_on()
    if length > _LONGEST_ANSWER:
        raise ConnectionError("the child's answer is longer than any page's")
    answer: dict[str, Any] = json.loads(await child.stdout.readexactly(length))
    return answer
