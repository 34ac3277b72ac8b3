"""Submitting many jobs: scrapeq's bulk beside Celery's apply_async for each URL, on one Redis; and one
by one, beside what the disk does.

Nobody works meanwhile. When scrapeq has returned, the jobs are committed in the database too.
"""

from __future__ import annotations

import os
import resource
import statistics
import threading
import time
from collections.abc import Callable
from pathlib import Path

from celery import Celery

#: Bytes that SQLite writes before it waits for the disk when one job is submitted: ten pages.
COMMIT_BYTES = 40_960
#: Jobs that are submitted one by one in a round, and threads that do so together.
ONE_BY_ONE, THREADS = 500, 16


def compare_submission(jobs: int, repeats: int) -> None:
    """Print jobs submitted a second by both, medians of interleaved rounds, and their ratio."""
    import scrapeq as sq

    rates: dict[str, list[float]] = {"scrapeq": [], "apply_async": []}
    with sq.LocalCluster(workers=0, temporary=True) as cluster:
        queue = sq.get_job_queue(cluster.settings)
        celery = Celery("plain", broker=cluster.connection.broker_url)

        @celery.task(name="plain.scrape", ignore_result=True)
        def scrape(job_id: str, url: str) -> None: ...

        for number in range(repeats):
            urls = [f"http://127.0.0.{n % 32 + 1}/page/{number}/{n}" for n in range(jobs)]

            began = time.monotonic()
            batch = queue.submit_batch(urls)
            rates["scrapeq"].append(jobs / (time.monotonic() - began))
            assert batch.total == jobs

            began = time.monotonic()
            for n, url in enumerate(urls):
                scrape.apply_async(args=[str(n), url])
            rates["apply_async"].append(jobs / (time.monotonic() - began))
            assert celery.control.purge() == jobs

    print(f"\nSubmitting {jobs:,} jobs, medians of {repeats}")
    ours, theirs = (statistics.median(many) for many in rates.values())
    print(f"scrapeq, committed in the database  {ours:9,.0f} jobs/s  {ours / theirs:6.1f}x")
    print(f"Celery, apply_async for each        {theirs:9,.0f} jobs/s     1.0x")


def submit_one_by_one(repeats: int) -> None:
    """Print jobs a second that one thread and 16 threads submit one by one, and how often the disk of the
    same folder can be waited for, medians of interleaved rounds."""
    import scrapeq as sq

    rates: dict[str, list[float]] = {"disk": [], "one": [], "threads": []}
    cpu_ms: list[float] = []
    with sq.LocalCluster(workers=0, temporary=True) as cluster:
        queue = sq.get_job_queue(cluster.settings)

        def submit(count: int) -> None:
            for number in range(count):
                queue.submit_scraping_job(f"http://127.0.0.{number % 32 + 1}/page/{number}")

        submit(50)  # what is loaded and opened first
        for _ in range(repeats):
            rates["disk"].append(1 / _seconds(lambda: _write(cluster.settings.home), ONE_BY_ONE))
            used = resource.getrusage(resource.RUSAGE_SELF)
            rates["one"].append(1 / _seconds(lambda: submit(ONE_BY_ONE), ONE_BY_ONE))
            now = resource.getrusage(resource.RUSAGE_SELF)
            took_s = now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime
            cpu_ms.append(1000 * took_s / ONE_BY_ONE)
            rates["threads"].append(1 / _seconds(lambda: _together(submit), ONE_BY_ONE))

    disk, one, threads = (statistics.median(many) for many in rates.values())
    print(f"\nSubmitting one by one, medians of {repeats}; load {os.getloadavg()[0]:.1f}")
    print(f"the disk: {COMMIT_BYTES:,} bytes and fdatasync {disk:9,.0f} times/s  1.00x")
    print(f"one thread, each on the disk           {one:9,.0f} jobs/s   {one / disk:.2f}x")
    print(
        f"{THREADS} threads                             {threads:9,.0f} jobs/s   {threads / disk:.2f}x"
    )
    print(f"CPU of a submit {statistics.median(cpu_ms):.2f} ms")


def _seconds(work: Callable[[], object], count: int) -> float:
    """Seconds for one of `count` things that `work` does."""
    began = time.monotonic()
    work()
    return (time.monotonic() - began) / count


def _write(folder: Path) -> None:
    """Write and wait for the disk, `ONE_BY_ONE` times, as often over the same place as SQLite does."""
    path, data = folder / "disk-rate", b"x" * COMMIT_BYTES
    with path.open("wb", buffering=0) as file:
        for number in range(ONE_BY_ONE):
            if number % 100 == 0:
                file.seek(0)
            file.write(data)
            os.fdatasync(file.fileno())
    path.unlink()


def _together(submit: Callable[[int], None]) -> None:
    """Have `ONE_BY_ONE` jobs submitted by all threads."""
    counts = [len(range(first, ONE_BY_ONE, THREADS)) for first in range(THREADS)]
    threads = [threading.Thread(target=submit, args=(count,)) for count in counts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
