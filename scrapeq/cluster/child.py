"""One supervised process: started, started again when it dies, ended with all that it started."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable

STEADY_S = 60.0  # who lived this long was no part of a crash loop
#: What a killed worker held is worked on again within 15 s, also after many kills in a row. A worker that
#: ends at its start costs a second of CPU each time.
MAX_DELAY_S = 5.0


def restart_delay_s(crashes_in_a_row: int) -> float:
    """How long to wait before the next start: 0.1 s, then twice as long each time, up to 5 s."""
    if crashes_in_a_row <= 0:
        return 0.0
    return min(MAX_DELAY_S, 0.1 * 2.0 ** min(crashes_in_a_row - 1, 20))


class Child:
    """A process that should be running, and the plan for when it is not.

    `start` starts the program as the leader of a group of its own. Times are of time.monotonic().
    """

    def __init__(self, name: str, start: Callable[[], subprocess.Popen[bytes]]) -> None:
        self.name = name
        self.restarts = 0
        self.crashes = 0
        self.last_end = ""
        self.started_at = 0.0
        self.start_at = 0.0
        self.kill_at: float | None = None
        self._start = start
        self._process: subprocess.Popen[bytes] | None = None
        self._failed_to_start = False

    @property
    def pid(self) -> int | None:
        """Its process id while it runs."""
        return self._process.pid if self._process else None

    @property
    def problem(self) -> str:
        """What is wrong with it, for a person; empty when it runs well."""
        now = time.monotonic()
        if self.crashes < 2 or (self._process and now - self.started_at >= STEADY_S):
            return ""
        wait_s = max(0.0, self.start_at - now)
        plan = "runs again" if self._process else f"starts again in {wait_s:.1f} s"
        return f"{self.name} died {self.crashes} times in a row ({self.last_end}); {plan}"

    def start_if_due(self, now: float) -> bool:
        """Start it when it is not running and its wait is over; whether it was started."""
        if self._process or now < self.start_at:
            return False
        if self.last_end:
            self.restarts += 1
        self.started_at = now
        try:
            self._process = self._start()
        except OSError as error:  # out of processes, memory or descriptors; or the program left
            self._note_end(now, str(error))
            self._failed_to_start = True
            return False
        return True

    def reap(self, now: float) -> bool:
        """Whether it has just ended, or not even started. What it left in its group is killed."""
        if self._failed_to_start:
            self._failed_to_start = False
            return True
        if self.kill_at and now >= self.kill_at:
            self.signal(signal.SIGKILL)
            self.kill_at = now + 1
        if not self._process or not _has_ended(self._process):
            return False
        # Before its process id is given back, and could become another's
        _signal_group(self._process.pid, signal.SIGKILL)
        code = self._process.wait()
        wanted = self.kill_at is not None
        self._process = self.kill_at = None
        if wanted:
            self.crashes, self.start_at, self.last_end = 0, now, "it was asked to end"
        else:
            self._note_end(now, f"signal {-code}" if code < 0 else f"exit status {code}")
        return True

    def end(self, now: float, most_s: float) -> None:
        """Ask it to end, and kill it and its group if it has not within `most_s`."""
        if not self._process:
            return
        if self.kill_at is None:  # once: a second signal would make Celery drop its work
            self._process.terminate()
        self.kill_at = min(self.kill_at or now + most_s, now + most_s)

    def signal(self, number: int) -> None:
        """Send a signal to its whole group."""
        if self._process:
            _signal_group(self._process.pid, number)

    def _note_end(self, now: float, how: str) -> None:
        self.crashes = 1 if now - self.started_at >= STEADY_S else self.crashes + 1
        self.last_end = how
        self.start_at = now + restart_delay_s(self.crashes)


def _has_ended(process: subprocess.Popen[bytes]) -> bool:
    """Whether a child has ended. Where it can, it stays a zombie, so that its id stays its own."""
    if hasattr(os, "waitid"):  # macOS has it from Python 3.13 on
        flags = os.WEXITED | os.WNOHANG | os.WNOWAIT
        return os.waitid(os.P_PID, process.pid, flags) is not None
    return process.poll() is not None


def _signal_group(leader_pid: int, number: int) -> None:
    # Nobody is left there; on macOS also: only zombies are
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader_pid, number)
