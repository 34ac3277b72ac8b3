"""Submitting many jobs: scrapeq's bulk beside Celery's apply_async for each URL, on one Redis.

Nobody works meanwhile. When scrapeq has returned, the jobs are committed in the database too.
"""

from __future__ import annotations

import statistics
import time

from celery import Celery


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
