"""A part of the work loop that ends unexpectedly ends the process, which its supervisor replaces."""

from __future__ import annotations

import os
import subprocess
import sys

PROGRAM = """
import logging, os, sys, threading
from scrapeq.project.services import open_services
from scrapeq.work.claimer import Claimer
from scrapeq.work.loop import WorkLoop
from scrapeq.work.renewer import Renewer
from scrapeq.work.saver import Saver

logging.basicConfig()

async def ends(self, *_):
    raise ZeroDivisionError

for part in (Claimer, Renewer, Saver):
    pid = os.fork()
    if pid == 0:
        part.run = ends
        WorkLoop(open_services(start=False)).start()
        threading.Event().wait(120)
        os._exit(0)
    print(part.__name__, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
"""


def test_a_part_that_ends_unexpectedly_ends_the_process(cluster, tmp_path):
    own = {
        "SCRAPEQ_HOME": str(tmp_path),
        "SCRAPEQ_NAMESPACE": "ending",
        "REDIS_URL": cluster.redis_url,
    }

    run = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env=os.environ | own,
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.stdout.split() == ["Claimer", "1", "Renewer", "1", "Saver", "1"], run.stderr
    assert run.stderr.count("the work loop ended") == 3
    assert "ZeroDivisionError" in run.stderr
