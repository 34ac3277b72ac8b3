"""Workers that end with their supervisor, shown with a pipe and real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from scrapeq.cluster import lifeline

# A worker and its pool child; both say their process id when they hold the line.
WORKER = """
import os, signal
from scrapeq.cluster import die_with_owner

die_with_owner()
if os.fork() == 0:
    die_with_owner()
os.write(1, f"{os.getpid()}\\n".encode())
signal.pause()
"""


@pytest.fixture
def start_worker():
    started = []

    def start(environment, fds=()):
        worker = subprocess.Popen(
            [sys.executable, "-c", WORKER],
            env={**os.environ, **environment},
            pass_fds=fds,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        started.append(worker)
        return worker, {int(worker.stdout.readline()) for _ in range(2)}

    yield start
    for worker in started:
        if worker.poll() is None:
            os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()
        worker.stdout.close()


def test_a_worker_and_its_children_end_when_the_line_is_cut(start_worker):
    line, owner = os.pipe()
    worker, pids = start_worker({lifeline.OWNER_FD: lifeline.describe_owner_fd(line)}, [line])
    assert len(pids) == 2
    os.close(line)
    assert worker.poll() is None

    os.close(owner)

    assert worker.wait(180) == -signal.SIGKILL
    assert worker.stdout.read() == b""  # the end of file comes when its child is gone too


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of the death")
def test_pool_children_end_with_a_killed_worker(start_worker):
    line, owner = os.pipe()
    worker, _ = start_worker({lifeline.OWNER_FD: lifeline.describe_owner_fd(line)}, [line])

    worker.kill()

    assert worker.stdout.read() == b""
    os.close(line)
    os.close(owner)


def test_a_number_that_is_another_file_by_now_is_left_alone(start_worker):
    line, owner = os.pipe()
    described = lifeline.describe_owner_fd(line)
    other, other_end = os.pipe()
    os.dup2(other, line)

    worker, _ = start_worker({lifeline.OWNER_FD: described}, [line])
    for fd in (line, owner, other, other_end):
        os.close(fd)

    with pytest.raises(subprocess.TimeoutExpired):
        worker.wait(0.5)
    assert lifeline._owner_fd(described) is None
    assert lifeline._owner_fd("nonsense") is None


def test_a_worker_without_a_supervisor_is_left_alone(start_worker):
    worker, pids = start_worker({})

    worker.kill()

    for pid in pids - {worker.pid}:
        os.kill(pid, signal.SIGTERM)  # still there
