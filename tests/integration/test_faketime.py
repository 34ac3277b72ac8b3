"""That a process under a clock of its own still sleeps: else the tests with wrong clocks try something else."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.faketime import faketime_environment, find_faketime
from tests.faults.system import System

#: Seconds.
AHEAD = "+864000000"

PROGRAM = """
import time
began_s, clock_s = time.monotonic(), time.time()
for _ in range(5):
    time.sleep(0.01)
print(time.monotonic() - began_s >= 0.05, clock_s)
"""


@pytest.fixture
def clock(tmp_path, needs_service):
    """The environment of a process that is 27 years ahead."""
    library = find_faketime() or ""
    needs_service("libfaketime", library, "apt install libfaketime")
    offset = tmp_path / "offset"
    offset.write_text(AHEAD)
    return os.environ | faketime_environment(library, offset)


def sleeps_then(environment: dict[str, str]) -> bool:
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True
    )
    slept, clock_s = run.stdout.split()
    assert float(clock_s) > 2_600_000_000
    return slept == "True"


def test_a_process_with_a_wrong_clock_sleeps_as_long_as_it_asked_to(clock):
    assert sleeps_then(clock)


def test_one_of_the_fault_harness_does_too(clock, tmp_path):
    system = System(tmp_path, "sqlite", own_clock=True)
    system.move_clock(int(AHEAD))

    assert sleeps_then(system.environment(own_clock=True))
