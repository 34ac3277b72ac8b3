"""What a process knows about its cluster: where its Redis is, and how the whole is doing."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from scrapeq import display


@dataclass(frozen=True)
class Connection:
    """A running private cluster. Its repr, and so logs and notebooks, hold no password."""

    home: Path
    socket_path: Path
    worker_count: int
    supervisor_pid: int
    password: str = field(repr=False)

    @property
    def redis_url(self) -> str:
        """For redis-py. Holds the password: never print it."""
        return f"unix://:{quote(self.password, safe='')}@{quote(str(self.socket_path))}?db=0"

    @property
    def broker_url(self) -> str:
        """For Celery, as broker and as result backend. Holds the password: never print it."""
        return (
            f"redis+socket://:{quote(self.password, safe='')}@{quote(str(self.socket_path))}"
            "?virtual_host=0"
        )

    @property
    def worker_broker_url(self) -> str:
        """The same for a worker of this process's own home, whose monitors print it: no password."""
        provider = "scrapeq.cluster.credentials.PrivateRedis"
        return (
            f"redis+socket://{quote(str(self.socket_path))}"
            f"?virtual_host=0&credential_provider={provider}"
        )


@dataclass(frozen=True)
class ClusterStatus:
    """How a private cluster is doing. `running` False: all other facts are empty.

    `owners` are the processes (kernels, scripts) that hold it open; a `detached` cluster needs
    none. `problem` tells what keeps dying and when it is tried again; empty when all is well.
    """

    home: Path
    running: bool = False
    detached: bool = False
    owners: int = 0
    supervisor_pid: int | None = None
    uptime_s: float = 0.0
    redis_pid: int | None = None
    redis_version: str = ""
    redis_memory_bytes: int = 0
    redis_restarts: int = 0
    worker_count: int = 0
    worker_pids: tuple[int, ...] = ()
    worker_restarts: int = 0
    problem: str = ""

    def __repr__(self) -> str:
        home = display.plain(self.home, 120)
        if not self.running:
            return f"<ClusterStatus nothing runs in {home!r}>"
        problem = f", problem: {display.plain(self.problem, 200)}" if self.problem else ""
        return (
            f"<ClusterStatus {self._redis()}, {self._workers()}, "
            f"up for {display.seconds(self.uptime_s)} in {home!r}{problem}>"
        )

    def _repr_html_(self) -> str:
        return self.card("private cluster")

    def card(self, title: str) -> str:
        """Its picture as HTML, under this title; grey while nothing runs."""
        if not self.running:
            note = "scrape() and get_job_queue() start it, and so does scrapeq up"
            return display.card(title, {"home": self.home}, note=note, away="nothing runs")
        owners = "the process that holds it"
        if self.owners != 1:
            owners = f"the last of {self.owners} processes that hold it"
        restarts = {"Redis": self.redis_restarts, "workers": self.worker_restarts}
        facts: dict[str, object] = {
            "Redis": f"{self._redis()}, {self.redis_memory_bytes / 1e6:.1f} MB",
            "up for": display.seconds(self.uptime_s),
            "ends": "with scrapeq down" if self.detached else f"with {owners}",
            "home": self.home,
        }
        if restarted := display.joined(
            {name: number for name, number in restarts.items() if number}
        ):
            facts["started again"] = restarted
        workers = self._workers()
        return display.card(title, facts, note=self.problem or None, corner=workers)

    def _workers(self) -> str:
        return display.counted(self.worker_count, "worker process", "worker processes")

    def _redis(self) -> str:
        return self.redis_version or "a Redis that does not answer"

    @property
    def log_folder(self) -> Path:
        """Where supervisor.log, redis.log and worker.log are."""
        return self.home / "logs"
