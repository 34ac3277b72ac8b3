"""What becomes of a work loop of which a part ends unexpectedly, or waits for a record that is locked."""

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


STOPPED = """
import gc, os, threading
from scrapeq.work.process import WorkProcess

def comes_back(call):
    thread = threading.Thread(target=call, daemon=True)
    thread.start()
    thread.join(60)
    return not thread.is_alive()

first = WorkProcess()
loop = first.loop
first.stop()
print(comes_back(lambda: loop.drain(3_600)))  # a wake-up that was on its way
second = WorkProcess()
second.stop()
print(comes_back(lambda: second.loop.drain(3_600)))  # it was about to begin
print(any("scrapeq-loop" == one.name for one in threading.enumerate()), flush=True)
del first, loop, second
gc.collect()  # what was left open is a warning
os._exit(0)
"""


LOCKED = """
import asyncio, os, threading
from scrapeq.frontier.jobs import Jobs
from scrapeq.project.services import open_services
from scrapeq.work.loop import WorkLoop

renewed, freed = threading.Semaphore(0), threading.Event()

def renew(self, *_):
    renewed.release()
    return set()

Jobs.renew = renew
loop = WorkLoop(open_services(start=False))
loop.start()
renewed.acquire(timeout=60)  # by then it has begun
for _ in range(20):
    asyncio.run_coroutine_threadsafe(loop._call(freed.wait), loop._loop)
print(all(renewed.acquire(timeout=60) for _ in range(6)), flush=True)
os._exit(0)
"""


def run_program(program, cluster, home):
    own = {
        "SCRAPEQ_HOME": str(home),
        "SCRAPEQ_NAMESPACE": "ending",
        "REDIS_URL": cluster.redis_url,
    }
    return subprocess.run(
        [sys.executable, "-W", "always::ResourceWarning", "-c", program],
        env=os.environ | own,
        capture_output=True,
        text=True,
        check=False,
    )


def test_leases_are_renewed_while_all_else_waits_for_a_record_that_is_locked(cluster, tmp_path):
    run = run_program(LOCKED, cluster, tmp_path)

    assert run.stdout.split() == ["True"], run.stderr


def test_a_part_that_ends_unexpectedly_ends_the_process(cluster, tmp_path):
    run = run_program(PROGRAM, cluster, tmp_path)

    assert run.stdout.split() == ["Claimer", "1", "Renewer", "1", "Saver", "1"], run.stderr
    assert run.stderr.count("the work loop ended") == 3
    assert "ZeroDivisionError" in run.stderr


def test_who_waits_for_a_loop_that_has_ended_goes_on(cluster, tmp_path):
    run = run_program(STOPPED, cluster, tmp_path)

    assert run.stdout.split() == ["True", "True", "False"], run.stderr
    assert "unclosed" not in run.stderr
