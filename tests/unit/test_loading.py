"""What loading the tasks does to the process that asks for them, which may be a notebook."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import gc
import scrapeq.pipeline.worker
print(gc.isenabled(), gc.get_freeze_count())
"""


def test_what_a_notebook_made_is_still_collected_when_it_has_loaded_the_tasks():
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    )

    assert run.stdout.split() == ["True", "0"]
