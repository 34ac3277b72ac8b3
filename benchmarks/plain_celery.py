"""Plain Celery with the guide's settings under faults, for comparison with `make faults`.

    python benchmarks/plain_celery.py --tasks 2000 --rounds 3 --silence-s 60

A task for each URL fetches it and writes a row to SQLite. In each round workers are killed (kill -9
of pool children and of whole workers) and, in another, Redis is killed and started again, once with
its append-only file and once without. Counted are tasks that were sent and have no row when nothing
has come for `--silence-s` seconds (Celery's visibility timeout is an hour: what it would bring back
then is counted as lost in that time), and pages that were asked for more than once.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import redis
from celery import Celery
from kombu.entity import Exchange, Queue

from scrapeq.cluster.redis_server import find_binary
from scrapeq.testing import LittleWeb

HOSTS = 8
#: Seconds between two strikes.
EVERY_S = 1.5

app = Celery("plain", broker=os.environ.get("PLAIN_BROKER"), backend=os.environ.get("PLAIN_BROKER"))
app.conf.update(
    task_serializer="json",
    result_serializer="json",
    accept_content=["json"],
    timezone="UTC",
    enable_utc=True,
    task_routes={"plain.scrape": {"queue": "scraping"}},
    task_queues=[Queue("scraping", Exchange("scraping"), routing_key="scraping")],
    worker_prefetch_multiplier=1,
    task_acks_late=True,
    worker_max_tasks_per_child=1000,
    task_default_retry_delay=60,
    task_max_retries=3,
    worker_send_task_events=True,
    task_send_events=True,
    broker_connection_retry_on_startup=True,
)


@app.task(name="plain.scrape", bind=True)
def scrape(self: object, row: int, url: str) -> int:
    """Fetch a page with the standard library, and write its row."""
    from urllib.request import urlopen

    with urlopen(url, timeout=20) as answer:
        body = answer.read()
    connection = sqlite3.connect(os.environ["PLAIN_ROWS"], timeout=60, isolation_level=None)
    connection.execute("INSERT INTO rows VALUES (?, ?)", (row, len(body)))
    connection.close()
    return row


def make_rows(path: Path) -> None:
    """The file that rows are written to."""
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE rows (row INTEGER, bytes INTEGER)")
    connection.close()


@dataclass
class Stage:
    """A Redis with an append-only file, two workers that are started again when they end."""

    folder: Path
    processes: int = 2

    def __post_init__(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.rows = self.folder / "rows.sqlite3"
        make_rows(self.rows)
        self.broker = f"redis://127.0.0.1:{self.port}/0"
        self.workers: list[subprocess.Popen[bytes]] = []
        self.deaths = 0

    def start_redis(self) -> None:
        options = {"port": self.port, "bind": "127.0.0.1", "dir": self.folder, "appendonly": "yes"}
        words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
        self.redis = subprocess.Popen(
            [str(find_binary()), *words, "--save", ""], stdout=subprocess.DEVNULL
        )
        with redis.Redis(port=self.port) as client:
            while not _answers(client):
                time.sleep(0.01)

    def kill_redis(self, *, with_its_file: bool) -> None:
        """Kill it, wait a second, and start it again."""
        self.redis.kill()
        self.redis.wait()
        if not with_its_file:
            for path in self.folder.glob("appendonlydir/*"):
                path.unlink()
        time.sleep(1)
        self.start_redis()

    def keep_workers(self) -> None:
        """Start workers again that have ended, as a supervisor does."""
        for worker in [one for one in self.workers if one.poll() is not None]:
            self.workers.remove(worker)
            self.deaths += 1
        while len(self.workers) < self.processes:
            name = f"w{random.randrange(10**9)}@%h"
            command = [sys.executable, "-m", "celery", "-A", "plain_celery", "worker"]
            with (self.folder / "worker.log").open("ab") as log:
                self.workers.append(
                    subprocess.Popen(
                        [*command, "--concurrency=2", "--loglevel=info", "-n", name],
                        cwd=Path(__file__).parent,
                        env=self.environment,
                        stdout=log,
                        stderr=log,
                        start_new_session=True,
                    )
                )

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "PLAIN_BROKER": self.broker, "PLAIN_ROWS": str(self.rows)}

    def count(self) -> Counter[int]:
        """How many rows each task has."""
        connection = sqlite3.connect(self.rows, timeout=60)
        found = Counter(row for (row,) in connection.execute("SELECT row FROM rows"))
        connection.close()
        return found

    def close(self) -> None:
        for worker in self.workers:
            os.killpg(worker.pid, signal.SIGKILL)
            worker.wait()
        self.redis.kill()
        self.redis.wait()


def _answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.ConnectionError:
        return False


def kill_a_child(stage: Stage) -> None:
    main = random.choice(stage.workers).pid
    found = subprocess.run(["pgrep", "-P", str(main)], capture_output=True, text=True, check=False)
    if children := found.stdout.split():
        os.kill(int(random.choice(children)), signal.SIGKILL)


def kill_a_worker(stage: Stage) -> None:
    os.killpg(random.choice(stage.workers).pid, signal.SIGKILL)


def restart_redis(stage: Stage) -> None:
    stage.kill_redis(with_its_file=True)


def restart_redis_empty(stage: Stage) -> None:
    stage.kill_redis(with_its_file=False)


#: What is done, how often in a round.
STRIKES: dict[str, tuple[Callable[[Stage], None], int]] = {
    "pool child killed": (kill_a_child, 5),
    "worker killed": (kill_a_worker, 5),
    "Redis killed, its file kept": (restart_redis, 2),
    "Redis killed, its file lost": (restart_redis_empty, 1),
}


def one_round(name: str, tasks: int, silence_s: float) -> tuple[int, int, int, int, float]:
    """Strikes; tasks without a row; rows beyond the first; pages asked for again; longest wait in s
    after the last strike until another row came."""
    strike, times = STRIKES[name]
    with (
        tempfile.TemporaryDirectory(prefix="plain-") as folder,
        LittleWeb(HOSTS, latency_s=0.1) as web,
    ):
        stage = Stage(Path(folder))
        stage.start_redis()
        try:
            with Celery("sender", broker=stage.broker, set_as_current=False) as sender:
                for row in range(tasks):
                    url = web.url(f"/article/{row}", row % HOSTS)
                    sender.send_task("plain.scrape", (row, url), queue="scraping")
            stage.keep_workers()
            while len(stage.count()) < tasks / 20:
                time.sleep(0.1)
            for _ in range(times):
                strike(stage)
                time.sleep(EVERY_S)
                stage.keep_workers()
            seen, since, longest = len(stage.count()), time.monotonic(), 0.0
            while seen < tasks and time.monotonic() - since < silence_s:
                stage.keep_workers()
                time.sleep(0.2)
                if (now := len(stage.count())) > seen:
                    longest = max(longest, time.monotonic() - since)
                    seen, since = now, time.monotonic()
            rows = stage.count()
            asked = Counter(hit.path for hit in web.log())
            again = sum(asked.values()) - len(asked)
            return times, tasks - len(rows), sum(rows.values()) - len(rows), again, longest
        finally:
            stage.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--tasks", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--silence-s", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    random.seed(options.seed)
    print("| fault | times | tasks | lost | duplicated | fetched again | longest wait, s |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for name in STRIKES:
        found = [one_round(name, options.tasks, options.silence_s) for _ in range(options.rounds)]
        times, lost, twice, again = (sum(column) for column in list(zip(*found, strict=True))[:4])
        longest = max(one[4] for one in found)
        sent = options.tasks * options.rounds
        print(
            f"| {name} | {times} | {sent:,} | {lost:,} | {twice:,} | {again:,} | {longest:.1f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
