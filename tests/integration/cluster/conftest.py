"""Kernels (processes that own a share), and the processes of a home as the system sees them."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from scrapeq import cluster
from scrapeq.cluster import files
from scrapeq.settings import Settings, load_settings

ROOT = Path(__file__).resolve().parents[3]

# A Celery app as small as can be. It asks for its cluster as a worker started by hand would.
TINY_APP = """
from celery import Celery
from celery.signals import worker_process_init
from scrapeq import cluster
from scrapeq.settings import load_settings

cluster.die_with_owner()
connection = cluster.ensure_cluster(load_settings(), workers=0)
app = Celery("tiny_app", broker=connection.broker_url, backend=connection.broker_url)
app.conf.broker_connection_retry_on_startup = True

@worker_process_init.connect
def in_pool_child(**_):
    cluster.die_with_owner()

@app.task(name="add")
def add(left, right):
    return left + right
"""

# Does what a notebook kernel does: joins, says so, lives on through interrupts.
KERNEL = """
import json, os, signal, subprocess, sys
from scrapeq import cluster
from scrapeq.settings import load_settings

connection = cluster.ensure_cluster(
    load_settings(SCRAPEQ_HOME=sys.argv[2]), workers=int(sys.argv[1]), worker_app="tiny_app"
)
signal.signal(signal.SIGINT, lambda *_: print('"interrupted"', flush=True))
print(json.dumps({"url": connection.redis_url, "supervisor": connection.supervisor_pid}), flush=True)
for line in sys.stdin:
    if line == "fork\\n":
        pid = os.fork()
        if pid == 0:
            signal.pause()
    else:
        pid = subprocess.Popen(["sleep", "60"], close_fds=False).pid
    print(pid, flush=True)
"""


class Kernel:
    """A process with a share of the cluster of `home`; ends when it is told or killed."""

    def __init__(self, home: Path, workers: int, app_folder: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", KERNEL, str(workers), str(home)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{app_folder}"},
            start_new_session=True,
        )

    def hear(self) -> Any:
        """The next thing that it says."""
        assert self.process.stdout
        line = self.process.stdout.readline()
        assert line, f"the kernel ended with {self.process.wait()}"
        return json.loads(line)

    def tell(self, what: str) -> Any:
        assert self.process.stdin
        self.process.stdin.write(what + "\n")
        self.process.stdin.flush()
        return self.hear()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def close(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)  # with what it forked
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe
            pipe.close()


def processes_of(home: Path) -> dict[int, str]:
    """Process id and command line of everything that runs for the cluster of `home`.

    All of it, and no kernel, has the home in its environment; but Redis writes its title over
    that, which names its socket.
    """
    mark = b"SCRAPEQ_HOME=" + os.fsencode(home.resolve())
    access = files.read_access(home)
    socket = os.fsencode(access.redis_socket) if access else mark
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            environment = (folder / "environ").read_bytes().split(b"\0")
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ")
        except OSError:
            continue
        if mark in environment or socket in command:
            found[int(folder.name)] = command.decode(errors="replace")
    return found


def eventually(condition: Callable[[], Any], within_s: float = 120) -> Any:
    """What `condition` gives as soon as it is true."""
    deadline = time.monotonic() + within_s
    while not (value := condition()):
        assert time.monotonic() < deadline, f"not within {within_s} s"
        time.sleep(0.02)
    return value


@pytest.fixture(name="eventually")
def eventually_() -> Callable[..., Any]:
    """`eventually(condition, within_s)`: what it gives as soon as it is true."""
    return eventually


@pytest.fixture
def processes(home: Path) -> Callable[[], dict[int, str]]:
    """What runs for the home now: process id and command line; kernels do not count.

    A process that ends loses its environment first and its sockets later: one that was seen counts
    until it has lost all.
    """
    seen: dict[tuple[int, str], str] = {}

    def now() -> dict[int, str]:
        for pid, command in processes_of(home).items():
            if began := _lives_since(pid):
                seen[pid, began] = command
        for pid, began in list(seen):
            if _lives_since(pid) != began:
                del seen[pid, began]
        return {pid: command for (pid, _), command in seen.items()}

    return now


def _lives_since(pid: int) -> str:
    """When a process began, as proc(5) says it; "" for one that is gone, or waits to be reaped."""
    try:
        about = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if about[0] in {"Z", "X"} else about[19]


@pytest.fixture
def app_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of `tiny_app`, where workers that this test starts find it."""
    folder = tmp_path / "code"
    folder.mkdir()
    (folder / "tiny_app.py").write_text(TINY_APP)
    monkeypatch.setenv("PYTHONPATH", f"{ROOT}{os.pathsep}{folder}")
    return folder


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A home in which nothing runs when the test is over."""
    folder = tmp_path / "home"
    yield folder
    cluster.leave(folder)
    cluster.down(folder)
    eventually(lambda: not processes_of(folder))


@pytest.fixture
def settings(home: Path) -> Settings:
    return load_settings(SCRAPEQ_HOME=home)


@pytest.fixture
def start_kernel(home: Path, app_folder: Path) -> Iterator[Callable[..., Kernel]]:
    """Starts a kernel with so many workers in the home, and ends it after the test."""
    kernels: list[Kernel] = []

    def start(workers: int = 0) -> Kernel:
        kernels.append(Kernel(home, workers, app_folder))
        return kernels[-1]

    yield start
    for kernel in kernels:
        kernel.close()
