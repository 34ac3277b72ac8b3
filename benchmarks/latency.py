"""One page that somebody waits for, on an idle worker: from submitting it to its row, beside plain Celery.

    python benchmarks/latency.py [--write]

scrapeq's row is durable and read: first with the title alone, then with what every page gets (main
text, author, date, language, metadata). Celery's task fetches with the standard library and writes a
row to SQLite (`plain_celery.py`); its answer comes through Redis. One page after the other, in turns.
--write: into docs/performance.md.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from written import put, today

import scrapeq as sq
from scrapeq.models import JobStatus, ScrapingConfig
from scrapeq.testing import LittleWeb

HERE = Path(__file__).parent
#: Seconds between two looks at a job whose row is waited for.
LOOK_S = 0.0005
FINISHED = {JobStatus.COMPLETED, JobStatus.FAILED}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--pages", type=int, default=100, help="of each kind")
    parser.add_argument("--write", action="store_true", help="into docs/performance.md")
    options = parser.parse_args()
    with sq.LocalCluster(workers=1, temporary=True) as cluster, LittleWeb(hosts=1) as web:
        os.environ["PLAIN_BROKER"] = cluster.connection.broker_url
        rows = Path(cluster.settings.home) / "plain.db"
        os.environ["PLAIN_ROWS"] = str(rows)
        import plain_celery  # reads where its broker is

        plain_celery.make_rows(rows)
        command = ["-m", "celery", "-A", "plain_celery", "worker", "-c1", "-Qplain", "-lerror"]
        worker = subprocess.Popen([sys.executable, *command], cwd=HERE)
        try:
            kinds = kinds_of(sq.get_job_queue(cluster.settings), plain_celery.scrape)
            took_ms = measured(kinds, options.pages, web)
        finally:
            worker.terminate()
            worker.wait()
    lines = [
        "| | p50, ms | p90, ms | as a ratio to Celery's p50 |",
        "|---|---:|---:|---:|",
    ]
    peer = statistics.median(took_ms["Celery, apply_async().get()"])
    for name, some in took_ms.items():
        middle, most = statistics.median(some), statistics.quantiles(some, n=10)[8]
        lines.append(f"| {name} | {middle:.1f} | {most:.1f} | {middle / peer:.2f} |")
    about = (
        f"Measured on {today()}, {options.pages} of each in turns, load {os.getloadavg()[0]:.1f}."
    )
    print(about, *lines, sep="\n")
    if options.write:
        put("performance.md", "latency", __file__, about, "\n".join(lines))


def kinds_of(queue: sq.JobQueue, scrape: object) -> dict[str, Callable[[str], object]]:
    """What is done with a URL, by its name in the table."""
    title = {"main_text": "off", "page_fields": "title", "allow_private_addresses": True}
    whole = {"allow_private_addresses": True}

    def row(url: str, options: dict[str, object]) -> None:
        job = queue.submit_scraping_job(url, ScrapingConfig(**options))
        while queue.get_job_status(job.id).status not in FINISHED:
            time.sleep(LOOK_S)

    def wait(url: str, options: dict[str, object]) -> None:
        sq.scrape([url], queue=queue, **options).wait(60)

    return {
        "submit_scraping_job, to the row with its title": lambda url: row(url, title),
        "the same with main text and all fields": lambda url: row(url, whole),
        "scrape().wait(), title": lambda url: wait(url, title),
        "scrape().wait(), main text and all fields": lambda url: wait(url, whole),
        "Celery, apply_async().get()": lambda url: scrape.apply_async((0, url), queue="plain").get(
            60
        ),
    }


def measured(
    kinds: dict[str, Callable[[str], object]], pages: int, web: LittleWeb
) -> dict[str, list[float]]:
    """Milliseconds of each page, by kind; the first of each, which load what is needed, are left out."""
    took_ms: dict[str, list[float]] = {name: [] for name in kinds}
    for number in range(pages + 10):
        for place, (name, ask) in enumerate(kinds.items()):
            url = web.url(f"/article/{number}?kind={place}")
            began = time.perf_counter()
            ask(url)
            if number >= 10:
                took_ms[name].append(1000 * (time.perf_counter() - began))
    return took_ms


if __name__ == "__main__":
    main()
