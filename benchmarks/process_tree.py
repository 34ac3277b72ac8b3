"""What a tree of processes uses: CPU and memory, read from /proc. Linux only.

Not resource.getrusage: it counts children only when they have ended and were awaited by everybody
up to us, and a supervised worker lives on after the work that is to be measured.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36  # prctl(2)


def adopt_orphans() -> None:
    """From now on a descendant that leaves its parent becomes our child, so `tree` finds it."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def tree(but_not: int) -> list[int]:
    """All our descendants, except the process `but_not` and its own."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                children.setdefault(int(_stat(int(entry.name))[1]), []).append(int(entry.name))
    found: list[int] = []
    waiting = [os.getpid()]
    while waiting:
        born = [pid for pid in children.get(waiting.pop(), []) if pid != but_not]
        found += born
        waiting += born
    return found


def _stat(pid: int) -> list[str]:
    """The fields of /proc/pid/stat from the third on (proc(5)): state, parent, ..."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()


def cpu_s(but_not: int) -> float:
    """User and system seconds of the tree so far, those that ended and were awaited included."""
    ticks = 0
    for pid in tree(but_not):
        with contextlib.suppress(OSError):
            ticks += sum(map(int, _stat(pid)[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def peak_memory_mb(but_not: int) -> Iterator[list[float]]:
    """MB of the whole tree, looked at twice a second. Shared pages count once (Pss)."""
    seen = [0.0]
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.5):
            kilobytes = 0
            for pid in tree(but_not):
                with contextlib.suppress(OSError, StopIteration):
                    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
                    kilobytes += int(next(line for line in rollup if line[:4] == "Pss:").split()[1])
            seen.append(kilobytes / 1000)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield seen
    finally:
        over.set()
        watcher.join()


def end_all(but_not: int, within_s: float = 20) -> None:
    """Return when no descendant is left; those that do not end by themselves are killed."""
    deadline = time.monotonic() + within_s
    while left := tree(but_not):
        for pid in left:
            with contextlib.suppress(OSError):
                if time.monotonic() > deadline:
                    os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, os.WNOHANG)  # only our own children can be awaited: no matter
        time.sleep(0.05)
