"""What the machine says: a browser's processes and their memory, and how much a browser may take."""

from __future__ import annotations

import os
import shutil
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

#: MB of memory that a browser without a page takes, and that a page adds: measured with the headless
#: shell 150 and 30, with all of Chromium 200 and 75; pages of shops and newspapers take twice that.
BASE_MB, PAGE_MB = 250, 150
#: The share of the memory that all browsers of a machine may take; the rest is for what fetches and reads.
SHARE = 0.5
#: Pages that a CPU draws side by side: most of a page's time it waits for answers and for its rest.
PAGES_PER_CPU = 4
#: Seconds in which what was killed is gone.
_GONE_S = 2.0


@dataclass(frozen=True, slots=True)
class Limits:
    """memory_mb: of this machine or container; None where it does not say. cpus: a fraction in a
    container that has only a part of their time."""

    memory_mb: float | None
    cpus: float

    @classmethod
    def here(cls, cgroups: Path = Path("/sys/fs/cgroup")) -> Limits:
        """What this process may take: the machine's, or less where a control group (of version 2 or
        1) says so. cgroups: where those are."""
        memory_mb = None
        with suppress(AttributeError, ValueError, OSError):
            memory_mb = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e6
        cpus: float = os.cpu_count() or 1
        if hasattr(os, "sched_getaffinity"):
            cpus = len(os.sched_getaffinity(0))
        for folder in _own_groups(cgroups):
            for file in ("memory.max", "memory.limit_in_bytes"):
                if (limit := _numbers(folder / file)) and memory_mb is not None:
                    memory_mb = min(memory_mb, limit[0] / 1e6)
            if len(quota := _numbers(folder / "cpu.max")) == 2:
                cpus = min(cpus, quota[0] / quota[1])
            quota = _numbers(folder / "cpu.cfs_quota_us") + _numbers(folder / "cpu.cfs_period_us")
            if len(quota) == 2 and quota[0] > 0:
                cpus = min(cpus, quota[0] / quota[1])
        return cls(memory_mb, cpus)

    def pages(self, most: int, processes: int) -> int:
        """Pages that one of so many worker processes shows at once: at most `most`, at least 1."""
        bear = PAGES_PER_CPU * self.cpus / processes
        if self.memory_mb is not None:
            bear = min(bear, (SHARE * self.memory_mb / processes - BASE_MB) / PAGE_MB)
        return max(1, min(most, int(bear)))


def most_memory_mb(pages: int) -> int:
    """What a browser may hold before it is replaced: twice what so many pages should take."""
    return 2 * (BASE_MB + pages * PAGE_MB)


def _own_groups(cgroups: Path) -> list[Path]:
    """The folders of this process's control groups and of those above them."""
    found = [cgroups, cgroups / "memory", cgroups / "cpu"]
    with suppress(OSError):
        for line in Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines():
            _, kinds, own = line.split(":", 2)
            root = cgroups / kinds if kinds else cgroups
            here = root / own.strip("/")
            found += [here, *(one for one in here.parents if root in one.parents or one == root)]
    return found


def _numbers(file: Path) -> list[int]:
    """The numbers in a file; none if it says that there is no limit, or is not there."""
    try:
        words = file.read_text(encoding="ascii").split()
        return [int(word) for word in words]
    except (OSError, ValueError):
        return []


@dataclass(frozen=True, slots=True)
class BrowserTree:
    """A browser's first process (pid), the script that started it (top; itself if there is none),
    their parent (Playwright's driver), and the folder of the profile."""

    pid: int
    top: int
    driver: int
    folder: Path | None

    @classmethod
    def of(cls, pid: int) -> BrowserTree:
        """What Linux says of it; without Linux the driver is 0 and the folder None."""
        with suppress(OSError, StopIteration):
            named = next(word for word in _command(pid) if word.startswith("--user-data-dir="))
            top = pid
            while named in _command(driver := _parent(top)):
                top = driver
            return cls(pid, top, driver, Path(named.partition("=")[2]))
        return cls(pid, pid, 0, None)

    @property
    def runs(self) -> bool:
        """Whether it does; another process with its number is not taken for it."""
        with suppress(OSError):
            return f"--user-data-dir={self.folder}" in _command(self.pid)
        return False

    def memory_mb(self) -> int:
        """Of all its processes, what they share counted once. Takes milliseconds."""
        held_kb = 0
        for pid in _family(self.pid) if self.runs else ():
            with suppress(OSError, ValueError, StopIteration):
                lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
                held_kb += int(next(line for line in lines if line.startswith("Pss:")).split()[1])
        return held_kb // 1000

    def kill(self) -> None:
        """End the browser and its driver, whatever they do, and remove the profile. Waits for a moment."""
        doomed = _family(self.top) | _family(self.pid) if self.runs else set()
        with suppress(OSError):
            if self.driver and any("playwright" in word for word in _command(self.driver)):
                doomed.add(self.driver)
        for pid in doomed:
            with suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        ends_s = time.monotonic() + _GONE_S
        while self.runs and time.monotonic() < ends_s:
            time.sleep(0.02)
        self.clear()

    def clear(self) -> None:
        """Remove the profile, if its browser has left it."""
        if self.folder is not None and not self.runs:
            shutil.rmtree(self.folder, ignore_errors=True)


def _parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def _command(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/cmdline").read_bytes().decode("utf-8", "replace").split("\0")


def _family(pid: int) -> set[int]:
    """A process and all below it."""
    found = {pid}
    with suppress(OSError):
        for children in Path(f"/proc/{pid}/task").glob("*/children"):
            for child in map(int, children.read_text().split()):
                found |= _family(child)
    return found
