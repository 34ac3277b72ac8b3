"""How late the loop of a worker is: a heartbeat on it, while it works, and on an idle loop beside it.

The work loop runs in a process of its own, as in a worker, without Celery around it.
"""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from scrapeq.project import recovery
from scrapeq.project.services import open_services
from scrapeq.settings import Settings
from scrapeq.work.loop import WorkLoop

BEAT_S = 0.010


class Lags:
    """Processes that beat."""

    def __init__(self, pipes: dict[str, Any]) -> None:
        self._pipes = pipes

    def begin(self) -> None:
        """What was before does not count."""
        for pipe in self._pipes.values():
            pipe.send("begin")
            pipe.recv()

    def end(self) -> dict[str, tuple[float, ...]]:
        """Since `begin`, by name, in seconds: median, 99th percentile and maximum, and the 99th percentile of
        what of it was CPU of the loop itself: the rest waits for a CPU, or for another thread's Python."""
        found = {}
        for name, pipe in self._pipes.items():
            pipe.send("end")
            late_s, own_s = (_met(one) for one in zip(*pipe.recv(), strict=True))
            found[name] = (*(_at(late_s, percent) for percent in (50, 99, 100)), _at(own_s, 99))
        return found


@contextmanager
def lags_of(settings: Settings) -> Iterator[Lags]:
    """A worker ("worker") of a project that has none, and an idle loop ("idle")."""
    context = multiprocessing.get_context("spawn")
    pipes, processes = {}, []
    for name, work in (("worker", _worker), ("idle", _idle)):
        pipes[name], theirs = context.Pipe()
        processes.append(context.Process(target=work, args=(theirs, settings)))
        processes[-1].start()
    try:
        for pipe in pipes.values():
            pipe.recv()  # it is ready
        yield Lags(pipes)
    finally:
        for pipe in pipes.values():
            with suppress(OSError):
                pipe.send("stop")
        for process in processes:
            process.join()


def _worker(pipe: Any, settings: Settings) -> None:
    # As `work.process` has it in a worker
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    alone = settings.model_copy(update={"workers": 1})
    services = open_services(alone, start=False)
    recovery.recover(services)
    work = WorkLoop(services)
    work.start()
    threading.Thread(target=work.drain, args=(3_600,), daemon=True).start()
    _beat(pipe, work._loop)
    work.stop()


def _idle(pipe: Any, _: Settings) -> None:
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    _beat(pipe, loop)


def _beat(pipe: Any, loop: asyncio.AbstractEventLoop) -> None:
    """Beat until "stop"."""
    late_s: list[tuple[float, float]] = []

    async def beat() -> None:
        while True:
            due_s, cpu_s = loop.time() + BEAT_S, time.thread_time()
            await asyncio.sleep(BEAT_S)
            late = loop.time() - due_s
            late_s.append((late, min(late, time.thread_time() - cpu_s)))

    beating = asyncio.run_coroutine_threadsafe(beat(), loop)
    pipe.send("ready")
    while (word := pipe.recv()) != "stop":
        if word == "begin":
            late_s.clear()
        pipe.send(late_s[:])
    beating.cancel()


def _met(late_s: Sequence[float]) -> list[float]:
    """What beats at any time would have met, in order: a stop of 0.1 s keeps ten waiting, of which one was
    sent."""
    return sorted(one - beat * BEAT_S for one in late_s for beat in range(1 + int(one / BEAT_S)))


def _at(met: Sequence[float], percent: int) -> float:
    return met[min(len(met) - 1, len(met) * percent // 100)]
