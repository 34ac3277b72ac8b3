"""Ends the leases of workers whose process has ended on this machine, and saves waiting for them to run out.

A kill is seen within about two seconds, and a lease runs for twelve. What cannot be seen from here (a
machine that is gone, a system without /proc) waits for its leases as before. A process that only
stands still has not ended.
"""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from scrapeq.frontier import KnownWorker, ProcessId
from scrapeq.project.services import Services

log = logging.getLogger(__name__)

#: A worker that was seen so lately lives, whatever the system says: it is seen each second.
SEEN_LATELY_MS = 1_500


@dataclass(frozen=True, slots=True)
class Ended:
    """here: workers whose process has ended on this machine. elsewhere: those of other machines that were
    silent for longer than any lease of theirs runs."""

    here: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)


def ended(known: Iterable[KnownWorker], machine: str, runs: Callable[[ProcessId], bool]) -> Ended:
    """Which workers have ended. `runs` says it of a process of this machine."""
    found = Ended()
    for worker in known:
        if worker.silent_ms is not None and worker.silent_ms < SEEN_LATELY_MS:
            continue
        if worker.process.machine != machine:
            if worker.silent_ms is None:
                found.elsewhere.append(worker.name)
        elif not runs(worker.process):
            found.here.append(worker.name)
    return found


def end_leases_of_ended(services: Services) -> None:
    """The duty; on each machine once in its period."""
    here = this_process()
    if here is None:
        return
    processes = services.frontier.processes
    found = ended(processes.known(), here.machine, is_running)
    for name in found.here:
        log.warning("%s has ended, with %d jobs", name, processes.end_leases(name))
    for name in found.elsewhere:
        processes.forget(name)


def this_process() -> ProcessId | None:
    """Which process this is; None where the system does not say it."""
    pid = os.getpid()
    started = _started(pid)
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        pids = Path("/proc/self/ns/pid").stat().st_ino
    except (OSError, ValueError):
        return None
    if started is None:
        return None
    return ProcessId(f"{socket.gethostname()}:{boot}:{pids}", pid, started)


def is_running(process: ProcessId) -> bool:
    """Whether a process of this machine runs; where the system hides it, it is taken to."""
    try:
        os.kill(process.pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # another user's: it is there
        pass
    started = _started(process.pid)
    return started is None or started == process.started


def _started(pid: int) -> int | None:
    """When a process started, in ticks since the boot; 0 if it has ended and nobody has asked how; None if
    the system does not say."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()  # proc_pid_stat(5), from the third field on
    return 0 if fields[0] in "ZX" else int(fields[19])
