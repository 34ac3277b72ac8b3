"""Which workers have ended, by what is known of them and what the system says."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace

import pytest

from scrapeq.frontier import KnownWorker, ProcessId
from scrapeq.work.ended_workers import ended, is_running, this_process

HERE, ELSEWHERE = ProcessId("here", 7, 1), ProcessId("elsewhere", 7, 1)


@pytest.mark.parametrize(
    ("process", "silent_ms", "runs", "is_here", "is_elsewhere"),
    [
        (HERE, 3_000, False, True, False),
        (HERE, None, False, True, False),
        (HERE, 3_000, True, False, False),  # it stands still
        (HERE, None, True, False, False),
        (HERE, 1_000, False, False, False),  # who was just seen lives
        (ELSEWHERE, 3_000, False, False, False),
        (ELSEWHERE, None, False, False, True),
    ],
)
def test_only_what_ended_on_this_machine_is_said_to(
    process, silent_ms, runs, is_here, is_elsewhere
):
    found = ended([KnownWorker("w", process, silent_ms)], "here", lambda _: runs)

    assert (found.here, found.elsewhere) == (["w"] * is_here, ["w"] * is_elsewhere)


@pytest.mark.skipif(this_process() is None, reason="this system does not say which process it is")
def test_a_process_runs_until_it_has_ended_and_no_later_one_is_taken_for_it():
    here = this_process()
    assert here is not None
    assert is_running(here)
    assert not is_running(replace(here, started=here.started + 1))

    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        assert is_running(replace(here, pid=child.pid, started=_ticks(child.pid)))
        stopped = replace(here, pid=child.pid, started=_ticks(child.pid))
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # a zombie
        assert not is_running(stopped)
    assert not is_running(stopped)


def _ticks(pid: int) -> int:
    """Its start, as proc_pid_stat(5) has it."""
    with open(f"/proc/{pid}/stat") as stat:
        return int(stat.read().rpartition(")")[2].split()[19])
