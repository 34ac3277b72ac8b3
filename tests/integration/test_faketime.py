"""That a process under a clock of its own still sleeps: else the tests with wrong clocks try something else."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.faketime import faketime_environment, find_faketime

PROGRAM = """
import time
began_s, clock_s = time.monotonic(), time.time()
for _ in range(5):
    time.sleep(0.01)
print(time.monotonic() - began_s >= 0.05, clock_s)
"""


def test_a_process_with_a_wrong_clock_sleeps_as_long_as_it_asked_to(tmp_path, needs_service):
    library = find_faketime() or ""
    needs_service("libfaketime", library, "apt install libfaketime")
    offset = tmp_path / "offset"
    offset.write_text("+864000000")

    run = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env=os.environ | faketime_environment(library, offset),
        capture_output=True,
        text=True,
        check=True,
    )

    slept, clock_s = run.stdout.split()
    assert slept == "True"
    assert float(clock_s) > 2_600_000_000  # 27 years on
