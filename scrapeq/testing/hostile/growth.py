"""How much memory a piece of work costs: resident memory at its peak, from /proc. Linux only."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from scrapeq.work.readers import Readers


class Growth:
    """What this process and its reading children grow by, from when this was made.

    A peak is the kernel's own (VmHWM in proc_pid_status(5)), set back at the beginning. A child
    that is started later counts from its first look on. Everything is 0 where there is no /proc.
    """

    def __init__(self, readers: Readers) -> None:
        self._readers = readers
        self._before_kb: dict[int, int] = {}
        self._peak_kb: dict[int, int] = {}
        self._left_kb: dict[int, int] = {}
        for pid in self._pids():
            with suppress(OSError):  # no Linux, or gone
                Path(f"/proc/{pid}/clear_refs").write_text("5")
        self.look()

    def look(self) -> None:
        """Read the figures of all processes that are there now."""
        self._left_kb.clear()
        for pid in self._pids():
            with suppress(OSError):
                status = Path(f"/proc/{pid}/status").read_text()
                figures = dict(line.split(":", 1) for line in status.splitlines())
                now_kb = _kb(figures.get("VmRSS", "0"))
                before_kb = self._before_kb.setdefault(pid, now_kb)
                self._left_kb[pid] = now_kb - before_kb
                self._peak_kb[pid] = max(
                    self._peak_kb.get(pid, 0), _kb(figures.get("VmHWM", "0")) - before_kb
                )

    @property
    def own_peak_mb(self) -> float:
        """What this process had grown by at its peak, in MB (10^6 bytes)."""
        return self._peak_kb.get(os.getpid(), 0) * 1024 / 1e6

    @property
    def children_peak_mb(self) -> float:
        """The same of all children together."""
        return sum(self._peak_kb.values()) * 1024 / 1e6 - self.own_peak_mb

    @property
    def own_left_mb(self) -> float:
        """What this process was still grown by at the last look."""
        return self._left_kb.get(os.getpid(), 0) * 1024 / 1e6

    @property
    def children_left_mb(self) -> float:
        """The same of all children together."""
        return sum(self._left_kb.values()) * 1024 / 1e6 - self.own_left_mb

    def _pids(self) -> list[int]:
        return [os.getpid(), *self._readers.pids]


def _kb(figure: str) -> int:
    """A line like "  1234 kB"; a process that has ended has none."""
    return int(figure.split(maxsplit=1)[0])
