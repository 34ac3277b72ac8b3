"""Memory over a long crawl: RSS of each worker process, and what Redis uses, at intervals.

    python benchmarks/memory.py --pages 100000 --workers 2

Small pages, no main text, in batches. Prints a line every `--every` pages, and at the end the
growth of each process from the first third (warm-up) to the end. Linux only: RSS is read from
/proc.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import redis

import scrapeq as sq
from scrapeq.pipeline.monitor import JobMonitor
from scrapeq.settings import load_settings
from scrapeq.testing import LittleWeb

HOSTS = 16
#: Share of the pages that is warm-up: caches fill, and the allocator finds its size.
WARM_UP = 1 / 3


def rss_mb(pid: int) -> float:
    """Resident memory of a process, as the kernel counts it (proc(5))."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1000
    return 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--pages", type=int, default=100_000)
    parser.add_argument("--batch", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--every", type=int, default=5_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="scrapeq-") as home, LittleWeb(HOSTS) as web:
        settings = load_settings(
            SCRAPEQ_HOME=Path(home) / "home", SCRAPEQ_ALLOW_PRIVATE_ADDRESSES=True
        )
        with sq.LocalCluster(options.workers, settings=settings) as cluster:
            queue = sq.get_job_queue(cluster.settings)
            with redis.Redis.from_url(cluster.redis_url) as client:
                seen = _crawl(options, web, queue, client)
                _print_growth(seen)
                used = client.info("memory")["used_memory"] / 1e6
                print(f"Redis when all is done: {used:.1f} MB in {client.dbsize()} keys")


def _crawl(
    options: argparse.Namespace, web: LittleWeb, queue: sq.JobQueue, client: redis.Redis
) -> list[tuple[float, dict[int, float]]]:
    """The share of the pages that was done at each look, and RSS in MB by pid."""
    monitor = JobMonitor(queue)
    while len(monitor.get_queues().workers) < options.workers:
        time.sleep(0.1)
    pids = sorted(int(worker.rpartition(":")[2]) for worker in monitor.get_queues().workers)
    print("pages    " + "".join(f"{f'pid {pid}':>12}" for pid in pids) + "   Redis  (MB)")
    seen: list[tuple[float, dict[int, float]]] = []
    for start in range(0, options.pages, options.batch):
        urls = [
            web.url(f"/article/{page}", page % HOSTS)
            for page in range(start, start + options.batch)
        ]
        batch = sq.scrape(urls, queue=queue, main_text="off")
        while True:
            done = start + batch.progress.done
            if done // options.every > len(seen) or batch.is_done:
                now = {pid: rss_mb(pid) for pid in pids}
                used = client.info("memory")["used_memory"] / 1e6
                cells = "".join(f"{now[pid]:12.1f}" for pid in pids)
                print(f"{done:<9,}{cells}{used:8.1f}", flush=True)
                seen.append((done / options.pages, now))
            if batch.is_done:
                break
            time.sleep(0.25)
        web.clear()
    return seen


def _print_growth(seen: list[tuple[float, dict[int, float]]]) -> None:
    warm = next(now for share, now in seen if share >= WARM_UP)
    last = seen[-1][1]
    for pid, before in warm.items():
        print(
            f"pid {pid}: {before:.1f} MB after warm-up, {last[pid]:.1f} MB at the end "
            f"({100 * (last[pid] / before - 1):+.1f} %)"
        )


if __name__ == "__main__":
    main()
