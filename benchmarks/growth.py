"""What grows with the number of jobs, and what must not.

    python benchmarks/growth.py --peers-python .venv-peers/bin/python [--parts runs tables lag] [--million] [--write]

runs: the same run with 1,000, 10,000 and 100,000 jobs, each by a notebook of its own with two workers. tables:
`batch.df` of 100,000 pages and `sq.jobs()` of a million jobs, in turns with ADBC, which reads the same columns
of the same SQLite file into Arrow; no page is fetched for them. lag: how late a heartbeat on a worker's loop
is while pages are read. Compare figures of one run. --write: into docs/performance.md. Linux only.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import filled_record
import process_tree
import redis
from lag import lags_of
from limits import table
from measure import HERE, HOSTS, serving, versions
from used import measured, resident_mb
from written import put, today

import scrapeq as sq
from scrapeq import database
from scrapeq.pipeline.monitor import JobMonitor
from scrapeq.settings import Settings, load_settings

SIZES = [1_000, 10_000, 100_000]
WORKERS = 2
#: Pages before each run: imports are done, connections open, every page of the site is stored.
WARM = 1_024
PAGES, JOBS, ROUNDS = 100_000, 1_000_000, 3
#: Pages for each line of lags.
LAG_PAGES = 4_000

#: What `batch.df` and `sq.jobs()` show, as whoever knows the tables would ask for it.
DF_QUERY = """
SELECT j.url, j.status, j.error_kind, j.error_message, j.page_kind, j.page_kind_signal, p.document, p.title,
    p.text, p.http_status, p.language, p.author, p.published_ms, j.attempts, p.fetched_ms, p.elapsed_s,
    p.body_bytes, j.from_store, p.rendered, p.render_reason
FROM jobs AS j LEFT JOIN pages AS p ON p.job_id = j.id WHERE j.batch_id = 'filled' ORDER BY j.row
"""
JOBS_QUERY = """
SELECT j.id, b.name, j.batch_id, j.row, j.url, j.host, j.status, j.priority, j.attempts, j.error_kind,
    j.error_message, j.started_ms, j.finished_ms, j.elapsed_s, p.http_status, j.from_store, p.rendered
FROM jobs AS j LEFT JOIN pages AS p ON p.job_id = j.id JOIN batches AS b ON b.id = j.batch_id
ORDER BY j.finished_ms DESC, j.id DESC
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parts: dict[str, Callable[[argparse.Namespace], str]] = {
        "runs": runs,
        "tables": tables,
        "lag": lag,
    }
    parser.add_argument("--parts", nargs="*", choices=[*parts], default=[*parts])
    parser.add_argument(
        "--peers-python", default=sys.executable, help="that has adbc-driver-sqlite"
    )
    parser.add_argument("--records", type=Path, help="a folder where filled records are, and stay")
    parser.add_argument("--million", action="store_true", help="a run of 1,000,000 jobs, too")
    parser.add_argument("--write", action="store_true", help="into docs/performance.md")
    options = parser.parse_args()
    process_tree.adopt_orphans()
    for name in options.parts:
        found = f"{parts[name](options)}\n\n{_load()}"
        print(f"\n{found}", flush=True)
        if options.write:
            put("performance.md", f"growth-{name}", __file__, found)


def _load() -> str:
    return (
        f"Measured on {today()}, on {len(os.sched_getaffinity(0))} CPUs with a load of "
        f"{os.getloadavg()[1]:.0f} in the last five minutes."
    )


def _in_a_process(work: Callable[..., None], *arguments: object) -> Any:
    """What `work` sends from a fresh process."""
    context = multiprocessing.get_context("spawn")
    receiving, sending = context.Pipe(duplex=False)
    process = context.Process(target=work, args=(sending, *arguments))
    process.start()
    sending.close()
    try:
        return receiving.recv()
    finally:
        process.join()


# -- runs ------------------------------------------------------------------------------------------


def runs(options: argparse.Namespace) -> str:
    rows = []
    for jobs in [*SIZES, *([1_000_000] if options.million else [])]:
        with serving([HERE / "static_site.py", "--hosts", HOSTS, "--small"]) as (_, port):
            rows.append([f"{jobs:,}", *_in_a_process(_run, jobs, port)])
            print(rows[-1], flush=True)
    head = ["jobs", "jobs a second", "CPU, ms a job", "to submit, µs of CPU a job"]
    head += ["the notebook's memory grows by at most, MB", "a worker at most, MB"]
    head += ["Redis, bytes an open job", "Redis at the end, MB", "the record, bytes a job"]
    return table(f"The same run: pages of 2 kB, no main text, {WORKERS} workers", head, rows)


def _run(sending: Any, jobs: int, port: int) -> None:
    process_tree.adopt_orphans()
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        settings = load_settings(SCRAPEQ_HOME=Path(name) / "home")
        with sq.LocalCluster(WORKERS, settings=settings) as cluster:
            queue = sq.get_job_queue(cluster.settings)
            monitor = JobMonitor(queue)
            while len(monitor.get_queues().workers) < WORKERS:
                time.sleep(0.1)
            _scrape(queue, port, WARM, "warm").wait()
            pids = [int(one.rpartition(":")[2]) for one in monitor.get_queues().workers]
            for pid in pids:
                Path(f"/proc/{pid}/clear_refs").write_text("5")
            with redis.Redis.from_url(cluster.redis_url) as client:
                client.config_resetstat()
                before, bytes_before = client.info("memory")["used_memory"], _bytes(settings)
                cpu_s = process_tree.cpu_s(os.getpid()) + time.process_time()
                with measured() as used:
                    submitting_s = time.process_time()
                    batch = _scrape(queue, port, jobs, "measured")
                    submitting_s = time.process_time() - submitting_s
                    batch.wait()
                cpu_s = process_tree.cpu_s(os.getpid()) + time.process_time() - cpu_s
                memory = client.info("memory")
            if batch.progress.completed != jobs:
                raise SystemExit("a page failed")
            grown = memory["used_memory_peak"] - before
            sending.send(
                [
                    f"{jobs / used['wall_s']:,.0f}",
                    f"{1000 * cpu_s / jobs:.2f}",
                    f"{1e6 * submitting_s / jobs:.0f}",
                    f"{used['peak_mb']:.0f}",
                    f"{max(resident_mb('VmHWM', pid) for pid in pids):.0f}",
                    f"{grown / jobs:.0f}",
                    f"{memory['used_memory'] / 1e6:.1f}",
                    f"{(_bytes(settings) - bytes_before) / jobs:.0f}",
                ]
            )


def _scrape(queue: sq.JobQueue, port: int, pages: int, word: str, **options: Any) -> sq.BatchHandle:
    return sq.scrape(
        [f"http://127.0.0.{n % HOSTS + 1}:{port}/page/{n}?{word}" for n in range(pages)],
        queue=queue,
        respect_robots=False,
        delay_between_requests=0,
        max_per_host=64,
        allow_private_addresses=True,
        **{"main_text": "off", **options},
    )


def _bytes(settings: Settings) -> int:
    """The size of the record, with what is still in its log."""
    with closing(sqlite3.connect(settings.database_path)) as connection:
        pages, size = (
            connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("page_count", "page_size")
        )
    return int(pages * size)


# -- tables ----------------------------------------------------------------------------------------


def tables(options: argparse.Namespace) -> str:
    rows = []
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        for what, count, contents, query in (
            ("df", PAGES, filled_record.articles(), DF_QUERY),
            ("jobs", JOBS, filled_record.BARE, JOBS_QUERY),
        ):
            settings = load_settings(SCRAPEQ_HOME=(options.records or Path(name)) / what)
            if not settings.database_path.exists():
                engine = database.open_database(settings)
                filled_record.fill(engine, "filled", count, contents)
                engine.dispose()
            ours, peers = [], []
            for _ in range(ROUNDS):
                ours.append(_read_by_us(what, settings))
                peers.append(_read_by_adbc(options.peers_python, settings, query))
            rows += _compared(what, count, ours, peers)
    head = ["", "seconds", "CPU, s", "ratio of CPU", "its size, MB", "memory at most, MB"]
    head += ["ratio of memory to its size"]
    known = versions(options.peers_python, "adbc-driver-sqlite", "pyarrow")
    return table(
        f"Tables of one SQLite file, medians of {ROUNDS} rounds in turns; {known}", head, rows
    )


def _compared(
    what: str, count: int, ours: Sequence[dict[str, float]], peers: Sequence[dict[str, float]]
) -> list[list[str]]:
    one, other = (
        {name: statistics.median(round_[name] for round_ in rounds) for name in rounds[0]}
        for rounds in (ours, peers)
    )
    if not one["rows"] == other["rows"] == count or one["columns"] != other["columns"]:
        raise SystemExit(f"not the same: {one} and {other}")
    called = f"`batch.df` of {count:,} pages" if what == "df" else f"`sq.jobs()` of {count:,} jobs"
    return [
        [
            f"{who}, {one['columns']:.0f} columns",
            f"{found['wall_s']:.1f}",
            f"{found['cpu_s']:.2f}",
            f"{found['cpu_s'] / other['cpu_s']:.1f}",
            f"{found['mb']:.0f}",
            f"{found['peak_mb']:.0f}",
            f"{found['peak_mb'] / found['mb']:.1f}",
        ]
        for who, found in ((called, one), ("ADBC into Arrow, the same", other))
    ]


def _read_by_us(what: str, settings: Settings) -> dict[str, float]:
    return _json_of(
        [sys.executable, HERE / "read_scrapeq.py", what],
        env={**os.environ, "SCRAPEQ_HOME": str(settings.home)},
    )


def _read_by_adbc(python: str, settings: Settings, query: str) -> dict[str, float]:
    return _json_of([python, HERE / "read_adbc.py", settings.database_path], input=query)


def _json_of(command: Sequence[object], **options: Any) -> dict[str, float]:
    done = subprocess.run(
        list(map(str, command)), check=True, stdout=subprocess.PIPE, text=True, **options
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found


# -- lag -------------------------------------------------------------------------------------------


def lag(_: argparse.Namespace) -> str:
    rows = []
    for called, small, options in (
        ("2 kB, the title; on the loop", True, {"page_fields": "title"}),
        ("68 kB, the title; on the loop", False, {"page_fields": "title"}),
        (
            "68 kB, title, links, three short selectors; on the loop",
            False,
            {
                "page_fields": "title",
                "extract_links": True,
                "custom_selectors": {"price": ".price", "by": ".author", "on": "time"},
            },
        ),
        ("68 kB, main text; in a child", False, {"main_text": "fast"}),
    ):
        site = [HERE / "static_site.py", "--hosts", HOSTS, *(["--small"] if small else [])]
        with (
            serving(site) as (_, port),
            tempfile.TemporaryDirectory(prefix="bench-") as name,
            sq.LocalCluster(0, settings=load_settings(SCRAPEQ_HOME=Path(name) / "home")) as cluster,
        ):
            queue = sq.get_job_queue(cluster.settings)
            with lags_of(cluster.settings) as lags:
                _scrape(queue, port, 256, "warm", **options).wait()
                lags.begin()
                _scrape(queue, port, LAG_PAGES, "measured", **options).wait()
                found = lags.end()
            for who in ("worker", "idle"):
                rows.append([called if who == "worker" else "an idle loop beside it"])
                rows[-1] += [f"{1000 * seconds:.1f}" for seconds in found[who]]
            print(rows[-2:], flush=True)
    head = [
        "pages, and what is read of them",
        "p50, ms",
        "p99, ms",
        "most, ms",
        "of p99 the loop's own CPU, ms",
    ]
    return table("How late a heartbeat of 10 ms is on a worker's loop", head, rows)


if __name__ == "__main__":
    main()
