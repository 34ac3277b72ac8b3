"""What is attacked: a little web, a kernel with its private cluster, and a record."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, Self

import redis

from scrapeq import cluster, database
from scrapeq.cluster import files
from scrapeq.fetch import find_browser
from scrapeq.fetch.browser.machine import BrowserTree
from scrapeq.frontier import Keys
from scrapeq.pipeline.job_queue import JobQueue
from scrapeq.project.services import open_services
from scrapeq.settings import DEFAULT_NAMESPACE, load_settings
from scrapeq.testing import LittleWeb
from tests.faketime import faketime_environment, find_faketime
from tests.faults.disk import SmallDisk, can_mount
from tests.postgres import PostgresServer, find_postgres

KEYS = Keys(DEFAULT_NAMESPACE)
ROOT = Path(__file__).resolve().parents[2]
HOSTS = 8
DISK_MB = 400
#: The Crawl-delay of the host after these, where no rows of the batches are; nor are they at the next.
PACED_S = 5
#: Runs a program that has a small /dev/shm of its own, and so have its children.
_OWN_SHM = 'mount -t tmpfs -o size=16m,mode=1777 scrapeq /dev/shm && exec "$@"'
OWN_SHM = ("unshare", "--mount", "sh", "-c", _OWN_SHM, "sh")

Database = Literal["sqlite", "postgresql"]


def eventually(condition: Callable[[], Any], within_s: float = 120) -> Any:
    """What `condition` gives as soon as it is true."""
    deadline = time.monotonic() + within_s
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {within_s} s")
        time.sleep(0.02)
    return value


class System:
    """All of it, running, in `folder`; use it in a `with` block.

    mains, children: worker processes, and pool children of each. lease_s, window: as in settings.
    own_shm: what runs there has a small /dev/shm (`shm`) of its own; only root may have that.
    own_clock: what runs there has a clock that `move_clock` sets, if libfaketime is here.
    The database lies on a small disk where one can be mounted (`disk` is None elsewhere).
    """

    def __init__(
        self,
        folder: Path,
        record: Database,
        *,
        mains: int = 2,
        children: int = 1,
        lease_s: float = 12,
        window: int = 24,
        latency_s: float = 0.1,
        own_clock: bool = False,
        own_shm: bool = False,
    ) -> None:
        self._folder = folder
        self._shape = str(mains), str(children)
        self._ends = contextlib.ExitStack()
        self.home = folder / "home"
        self.record: Database = record
        self.worker_processes = mains * children
        self.lease_s = lease_s
        self.places = self.worker_processes * window
        self.web = LittleWeb(HOSTS + 2, latency_s=latency_s, crawl_delay_s={HOSTS: PACED_S})
        self.disk: SmallDisk | None = None
        self.postgres: PostgresServer | None = None
        self._offset = folder / "clock"
        self._clock: dict[str, str] = {}
        self._within = OWN_SHM if own_shm else ()
        if own_clock and (library := find_faketime()):
            self._offset.write_text("+0")
            self._clock = faketime_environment(library, self._offset)
        self._options = {
            "SCRAPEQ_HOME": str(self.home),
            "SCRAPEQ_ALLOW_PRIVATE_ADDRESSES": "true",
            "SCRAPEQ_LEASE_S": str(lease_s),
            "SCRAPEQ_WINDOW": str(window),
            "SCRAPEQ_WORKERS": str(mains * children),
        }
        if self._clock and (browser := find_browser().path):
            self._options["SCRAPEQ_BROWSER"] = str(_with_our_clock(browser, folder / "browser"))

    def __enter__(self) -> Self:
        with self._ends:  # what was begun is ended if the rest fails
            self._begin()
            self._ends = self._ends.pop_all()
        return self

    def _begin(self) -> None:
        data = self._folder / "disk"
        self._folder.chmod(0o711)  # PostgreSQL's user goes through it
        if can_mount():
            self.disk = SmallDisk(data, DISK_MB)
            self._ends.callback(self.disk.close)
        else:
            data.mkdir()
        if self.record == "postgresql":
            binaries = find_postgres()
            if binaries is None:
                raise FileNotFoundError("PostgreSQL is not installed: apt install postgresql")
            self.postgres = PostgresServer(binaries, data)
            self.postgres.start()
            self._ends.callback(self.postgres.end)
            url = self.postgres.new_database()
        else:
            url = f"sqlite:///{data / 'scrapeq.sqlite3'}"
        self._options["SCRAPEQ_DATABASE_URL"] = url
        self._ends.enter_context(self.web)
        self.settings = load_settings(**self._options)
        self._ends.callback(self._end_cluster)
        self.start_kernel()
        self.queue = JobQueue(open_services(self.settings, start=False))
        self._ends.callback(self.queue.services.engine.dispose)
        eventually(self.workers_ready)

    def __exit__(self, *_: object) -> None:
        self._ends.close()

    def _end_cluster(self) -> None:
        self.kernel.kill()
        self.kernel.wait()
        for pipe in (self.kernel.stdin, self.kernel.stdout):
            if pipe:
                pipe.close()
        with contextlib.suppress(TimeoutError):
            eventually(lambda: not self.processes(), 10)
        cluster.down(self.home)

    # -- the kernel --------------------------------------------------------------------------

    def program(
        self,
        name: str,
        *arguments: str,
        own_clock: bool = False,
        within: Sequence[str] = (),
    ) -> subprocess.Popen[bytes]:
        """A program of this folder, with the environment of the kernel; by default with our clock."""
        return subprocess.Popen(
            [*within, sys.executable, str(Path(__file__).with_name(name)), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=self.environment(own_clock=own_clock),
            cwd=self._folder,
        )

    def environment(self, *, own_clock: bool) -> dict[str, str]:
        """The environment of the kernel, with its clock or with ours."""
        found = {**os.environ, **(self._clock if own_clock else {}), **self._options}
        found["PYTHONPATH"] = os.pathsep.join([str(ROOT), found.get("PYTHONPATH", "")])
        return found

    def start_kernel(self) -> None:
        """Start a kernel; back when its cluster answers."""
        self.kernel = self.program("kernel.py", *self._shape, own_clock=True, within=self._within)
        assert self.kernel.stdout
        if self.kernel.stdout.readline() != b"ready\n":
            raise RuntimeError(f"the kernel ended with {self.kernel.wait()}")
        self._redis_url = cluster.redis_url(self.settings)

    def move_clock(self, seconds: int) -> None:
        """Set the clock of the kernel and all its processes that far from ours."""
        self._offset.write_text(f"{seconds:+d}")

    @property
    def shm(self) -> Path:
        """/dev/shm as the kernel and all its processes see it."""
        return Path("/proc", str(self.kernel.pid), "root", "dev", "shm")

    def workers_ready(self) -> bool:
        """Whether every worker process has been heard of."""
        return len(self.queue.services.frontier.coordination.workers()) >= self.worker_processes

    # -- Redis -------------------------------------------------------------------------------

    @contextlib.contextmanager
    def redis(self) -> Iterator[redis.Redis]:
        """A client of the private Redis, with the privileges of its owner."""
        url = self._redis_url
        with redis.Redis.from_url(url, decode_responses=True, socket_timeout=5) as client:
            yield client

    def redis_answers(self) -> bool:
        """Whether it takes commands now."""
        try:
            with self.redis() as client:
                return bool(client.ping())
        except Exception:  # away, loading, or the whole cluster is
            return False

    def append_only_file(self) -> Path:
        """The file that Redis appends to now."""
        return max((self.home / "redis").rglob("*.incr.aof"), key=lambda path: path.stat().st_mtime)

    # -- who has what ------------------------------------------------------------------------

    def held_by_pid(self) -> dict[int, set[str]]:
        """The jobs that each worker process has a lease on, by its pid."""
        found: dict[int, set[str]] = defaultdict(set)
        with self.redis() as client:
            for job_id, held in client.hgetall(KEYS.held).items():
                found[int(json.loads(held)[1].rpartition(":")[2])].add(str(job_id))
        return found

    def tokens(self, job_ids: set[str]) -> dict[str, str]:
        """The lease of each of the jobs that has one."""
        asked = sorted(job_ids)
        if not asked:
            return {}
        with self.redis() as client:
            found = zip(asked, client.hmget(KEYS.held, asked), strict=True)
            return {job_id: json.loads(held)[0] for job_id, held in found if held}

    def mains(self) -> list[int]:
        """The main processes of the workers."""
        return list(cluster.status(self.home).worker_pids)

    def children(self, main: int) -> list[int]:
        """The children of a worker's main process."""
        found = subprocess.run(
            ["pgrep", "-P", str(main)], capture_output=True, text=True, check=False
        )
        return [int(pid) for pid in found.stdout.split()]

    def readers(self) -> list[int]:
        """The processes that read pages."""
        workers = [child for main in self.mains() for child in self.children(main)]
        return [reader for worker in workers for reader in self.children(worker)]

    def browsers(self) -> list[BrowserTree]:
        """The browsers of the workers."""
        found = []
        for pid in self.processes():
            with contextlib.suppress(OSError):
                command = Path(f"/proc/{pid}/cmdline").read_bytes()
                if b"--user-data-dir=" in command and b"--type=" not in command:
                    found.append(BrowserTree.of(pid))
        return found

    def renderers(self) -> list[int]:
        """The processes that show pages in them."""
        found, waiting = [], [browser.pid for browser in self.browsers()]
        while waiting:
            pid = waiting.pop()
            with contextlib.suppress(OSError):
                if b"--type=renderer" in Path(f"/proc/{pid}/cmdline").read_bytes():
                    found.append(pid)
            waiting += self.children(pid)
        return found

    def processes(self) -> set[int]:
        """Everything that runs for this home and is no kernel: supervisor, Redis, workers, readers.

        All of it has the home in its environment, but Redis writes its title over that.
        """
        mark = b"SCRAPEQ_HOME=" + os.fsencode(self.home)
        access = files.read_access(self.home)
        socket = os.fsencode(access.redis_socket) if access else mark
        found = set()
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                environment = (folder / "environ").read_bytes().split(b"\0")
                command = (folder / "cmdline").read_bytes()
                if (mark in environment and b"kernel.py" not in command) or socket in command:
                    found.add(int(folder.name))
        return found

    def finished(self, batch_ids: list[str]) -> int:
        """Rows of these batches that are final in the record."""
        engine = self.queue.services.engine
        found = [database.batches.find_batch(engine, batch_id) for batch_id in batch_ids]
        return sum(batch.done for batch in found if batch)


def _with_our_clock(program: str, folder: Path) -> Path:
    """A program in this folder that is the other one, without libfaketime: a browser under it never starts."""
    folder.mkdir()
    wrapper = folder / Path(program).name
    wrapper.write_text(f'#!/bin/sh\nunset LD_PRELOAD\nexec {shlex.quote(program)} "$@"\n')
    wrapper.chmod(0o755)
    return wrapper
