"""What one Redis and one database bear, how work grows with worker processes, and what takes room.

    python benchmarks/limits.py [--parts redis record growth] [--write]

The first part has clients claim and finish jobs, with no page and no database. The second has writers save
finished rows, as workers do, 256 in a transaction, each on the disk. The third scrapes a site that answers
after half a second with 1, 2, 4 and 8 worker processes of 16 open fetches each, so that a process alone waits
most of the time. Everything shares the CPUs of this machine, so compare the CPU and the bytes; the rates are
those of one hour. --write: into docs/performance.md. Linux only.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import multiprocessing
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import process_tree
import redis
import sqlalchemy as sa
import static_site
from measure import HERE, serving
from written import put, today

import scrapeq as sq
from scrapeq import database, frontier
from scrapeq.clock import now, now_ms
from scrapeq.database import Result, packed
from scrapeq.database.new_job import NewJob
from scrapeq.extract import extract
from scrapeq.frontier import Due, Ending, Frontier
from scrapeq.models import Content, Fetched, Recipe, ScrapingConfig
from scrapeq.pipeline.monitor import JobMonitor
from scrapeq.settings import Settings, load_settings

sys.path.insert(0, str(HERE.parent))
from tests.postgres import PostgresServer, find_postgres

HOSTS = 32
#: Jobs for all clients of Redis together, and how many one claims at once: a quarter of a window.
JOBS, AT_ONCE = 24_000, 64
#: Rows for each writer of the record, and how many are in one transaction, as of `work.saver`.
ROWS, TOGETHER = 4_096, 256
#: What is open in each worker process, how long the site takes, and pages for each process.
WINDOW, ANSWER_S, PAGES = 16, 0.5, 480
TICKS = os.sysconf("SC_CLK_TCK")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parts: dict[str, Callable[[], str]] = {"redis": redis_part, "record": record, "growth": growth}
    parser.add_argument("--parts", nargs="*", choices=[*parts], default=[*parts])
    parser.add_argument("--write", action="store_true", help="into docs/performance.md")
    options = parser.parse_args()
    process_tree.adopt_orphans()
    tables = []
    for name in options.parts:
        tables.append(parts[name]())
        print(f"\n{tables[-1]}", flush=True)
    if options.write:
        write(tables)


def table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [f"**{title}**", "", f"| {' | '.join(head)} |", "|---|" + "---:|" * (len(head) - 1)]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def together(count: int, work: Callable[..., None], *arguments: object) -> float:
    """Seconds that `count` processes take for it, once all of them are ready."""
    context = multiprocessing.get_context("fork")
    ready = context.Barrier(count + 1)
    processes = [
        context.Process(target=_after, args=(ready, work, number, *arguments))
        for number in range(count)
    ]
    for process in processes:
        process.start()
    ready.wait()
    began = time.monotonic()
    for process in processes:
        process.join()
        if process.exitcode:
            raise SystemExit(f"a process of {work.__name__} ended with {process.exitcode}")
    return time.monotonic() - began


def _after(ready: object, work: Callable[..., None], *arguments: object) -> None:
    ready.wait()  # type: ignore[attr-defined]
    work(*arguments)


# -- Redis -----------------------------------------------------------------------------------------


def redis_part() -> str:
    rows = []
    with sq.LocalCluster(workers=0, temporary=True) as cluster:
        url = cluster.redis_url
        with redis.Redis.from_url(url) as client:
            Frontier(client).coordination.set_epoch(1)
            for clients in (1, 2, 4, 8):
                rows.append(_claims(client, url, clients))
    head = ["clients", "claimed and finished a second", "Redis's CPU, µs a job"]
    head += ["one core of it would bear, a second", "bytes an open job"]
    return table(f"One Redis: {JOBS:,} jobs on {HOSTS} hosts, {AT_ONCE} in a claim", head, rows)


def _claims(client: redis.Redis, url: str, clients: int) -> list[str]:
    jobs = JOBS
    before = client.info("memory")["used_memory"]
    due = [Due(f"{clients}-{one}", f"host{one % HOSTS}", 0) for one in range(jobs)]
    Frontier(client).jobs.add(
        f"batch-{clients}", due, priority=5, max_per_host=10_000, respect_robots=False
    )
    each = (client.info("memory")["used_memory"] - before) / jobs
    cpu_s = _redis_cpu_s(client)
    took_s = together(clients, _claim, url)
    cpu_s = _redis_cpu_s(client) - cpu_s
    if left := Frontier(client).views.counts()["open"]:
        raise SystemExit(f"{left} jobs are left")
    us = 1e6 * cpu_s / jobs
    return [str(clients), f"{jobs / took_s:,.0f}", f"{us:.0f}", f"{1e6 / us:,.0f}", f"{each:.0f}"]


def _redis_cpu_s(client: redis.Redis) -> float:
    found = client.info("cpu")
    return float(found["used_cpu_user"] + found["used_cpu_sys"])


def _claim(number: int, url: str) -> None:
    with frontier.connect(url) as client:
        jobs = Frontier(client).jobs
        while leases := jobs.claim(f"client{number}", AT_ONCE, 60_000).leases:
            jobs.finish([Ending(one.job_id, one.token, "done") for one in leases])


# -- the record ------------------------------------------------------------------------------------


def record() -> str:
    rows = []
    binaries = find_postgres()
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        Path(name).chmod(0o711)  # PostgreSQL's user goes through it
        for number, (kind, content) in enumerate(_contents().items()):
            home = Path(name) / str(number)
            rows += _saved("SQLite", kind, content, load_settings(SCRAPEQ_HOME=home))
        if binaries is not None:
            folder = Path(name) / "postgresql"
            folder.mkdir()
            server = PostgresServer(binaries, folder, durable=True)
            server.start()
            try:
                for kind, content in _contents().items():
                    url = server.new_database()
                    settings = load_settings(SCRAPEQ_HOME=Path(name), SCRAPEQ_DATABASE_URL=url)
                    rows += _saved("PostgreSQL", kind, content, settings, server)
            finally:
                server.end()
    head = ["", "a row holds", "writers", "rows a second", "CPU of writers, ms a row"]
    head += ["CPU of the server, ms a row", "bytes a row"]
    return table(f"One database: rows of finished pages, {TOGETHER} in a transaction", head, rows)


def _contents() -> dict[str, tuple[Content, bytes | None]]:
    """What a row may hold: a page of the benchmark's site, with 15 kB of article, read as a worker does."""
    page = static_site.page(0)
    read = {
        "title": extract(
            page,
            url="http://127.0.0.1/",
            content_type="text/html",
            recipe=Recipe(main_text="off", page_fields=("title",)),
        ),
        "all": extract(
            page,
            url="http://127.0.0.1/",
            content_type="text/html",
            recipe=Recipe(extract_links=True),
        ),
    }
    return {
        "title": (read["title"], None),
        "text, 215 links": (read["all"], None),
        "text, 215 links, the page": (read["all"], page),
    }


def _saved(
    where: str,
    kind: str,
    what: tuple[Content, bytes | None],
    settings: Settings,
    server: PostgresServer | None = None,
) -> list[list[str]]:
    rows = []
    numbers = itertools.count()
    engine = database.open_database(settings)
    total = 0
    for writers in (1, 4):
        batch_ids = [f"batch{next(numbers)}" for _ in range(writers)]
        for batch_id in batch_ids:
            _submit(engine, batch_id)
        engine.dispose()  # nothing open is forked
        own = resource.getrusage(resource.RUSAGE_CHILDREN)
        server_s = _server_cpu_s(server)
        took_s = together(writers, _save, settings, batch_ids, what)
        now_used = resource.getrusage(resource.RUSAGE_CHILDREN)
        used_s = now_used.ru_utime + now_used.ru_stime - own.ru_utime - own.ru_stime
        server_s = _server_cpu_s(server) - server_s
        count = ROWS * writers
        total += count
        rows.append([where, kind, str(writers), f"{count / took_s:,.0f}"])
        rows[-1] += [f"{1000 * used_s / count:.2f}"]
        rows[-1] += [f"{1000 * server_s / count:.2f}" if server else "", ""]
    size = database.inspection.inspect_record(settings).size_bytes
    rows[-1][-1] = f"{size / total:,.0f}"
    engine.dispose()
    return rows


def _submit(engine: sa.Engine, batch_id: str) -> None:
    jobs = (
        NewJob(f"{batch_id}-{row}", row, _url(row), _url(row), f"host{row % HOSTS}.example", 5)
        for row in range(ROWS)
    )
    database.batches.add_batch(
        engine,
        batch_id=batch_id,
        name=None,
        config=ScrapingConfig(),
        fingerprint="",
        total=ROWS,
        rows=jobs,
    )


def _url(row: int) -> str:
    return f"http://host{row % HOSTS}.example/page/{row}"


def _save(
    number: int, settings: Settings, batch_ids: list[str], what: tuple[Content, bytes | None]
) -> None:
    content, html = what
    batch_id = batch_ids[number]
    engine = database.open_database(settings)
    for first in range(0, ROWS, TOGETHER):
        results = [_result(batch_id, row, content, html) for row in range(first, first + TOGETHER)]
        if database.results.save_results(engine, results).kept != TOGETHER:
            raise SystemExit("rows were not kept")
    engine.dispose()


def _result(batch_id: str, row: int, content: Content, html: bytes | None) -> Result:
    url = _url(row)
    page = Fetched(
        job_id=f"{batch_id}-{row}",
        batch_id=batch_id,
        row=row,
        url=url,
        ok=True,
        final_url=url,
        http_status=200,
        attempts=1,
        fetched_at=now(),
        elapsed_s=0.25,
        body_bytes=68_000,
    )
    return Result(
        page=page,
        content=packed(content),
        token=row + 1,
        url_key=url,
        recipe="recipe",
        started_ms=now_ms(),
        html=None if html is None else html + f"<!-- {batch_id} {row} -->".encode(),
        content_type="text/html; charset=utf-8",
    )


def _server_cpu_s(server: PostgresServer | None) -> float:
    """Seconds of the server's processes that live, and of those that have ended."""
    if server is None:
        return 0.0
    pid = server.processes()[0]
    ticks = 0
    for one in [*_children(pid), pid]:
        with contextlib.suppress(OSError):  # it has ended: the last one counts it
            fields = Path(f"/proc/{one}/stat").read_text().rpartition(") ")[2].split()
            ticks += sum(map(int, fields[11:15]))
    return ticks / TICKS


def _children(pid: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


# -- growth ----------------------------------------------------------------------------------------


def growth() -> str:
    rows, alone = [], 0.0
    site: list[object] = [HERE / "static_site.py", "--hosts", HOSTS, "--delay-s", ANSWER_S]
    for workers in (1, 2, 4, 8):
        with serving(site) as (site_pid, port):
            rate, cpu_ms, each_mb, rest_mb = _grown(workers, site_pid, port)
        alone = alone or rate
        cells = [
            f"{rate:.0f} ({rate / alone:.1f})",
            f"{100 * rate / (workers * WINDOW / ANSWER_S):.0f} %",
        ]
        cells += [
            f"{cpu_ms:.1f}",
            f"{cpu_ms * rate / 1000:.2f}",
            f"{each_mb:.0f}",
            f"{rest_mb:.0f}",
        ]
        rows.append([str(workers), *cells])
    head = ["worker processes", "pages a second (as a ratio to one)", "of what their windows allow"]
    head += ["CPU, ms a page", "CPUs in use", "memory of a worker process, MB", "of all else, MB"]
    title = f"Growth: {WINDOW} fetches open in each process, pages of 68 kB after {ANSWER_S} s"
    return table(f"{title}, on {len(os.sched_getaffinity(0))} CPUs", head, rows)


def _grown(workers: int, site_pid: int, port: int) -> tuple[float, float, float, float]:
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        os.environ |= {"SCRAPEQ_WINDOW": str(WINDOW)}
        settings = load_settings(SCRAPEQ_HOME=Path(name) / "home")

        def scrape(word: str, pages: int) -> sq.BatchHandle:
            return sq.scrape(
                [f"http://127.0.0.{n % HOSTS + 1}:{port}/page/{n}?{word}" for n in range(pages)],
                queue=queue,
                main_text="off",
                respect_robots=False,
                delay_between_requests=0,
                max_per_host=64,
                allow_private_addresses=True,
            )

        with sq.LocalCluster(workers, settings=settings) as cluster:
            queue = sq.get_job_queue(cluster.settings)
            monitor = JobMonitor(queue)
            while len(monitor.get_queues().workers) < workers:
                time.sleep(0.1)
            scrape("warm", 4 * workers * WINDOW).wait()
            cpu_s, began = process_tree.cpu_s(site_pid), time.monotonic()
            batch = scrape("measured", PAGES * workers).wait()
            took_s = time.monotonic() - began
            cpu_s = process_tree.cpu_s(site_pid) - cpu_s
            if not batch.df["ok"].all():
                raise SystemExit("a page failed")
            pids = {int(one.rpartition(":")[2]) for one in monitor.get_queues().workers}
            memory = {pid: _pss_mb(pid) for pid in process_tree.tree(site_pid)}
            # with the reader of each, its child
            mine = sum(mb for pid, mb in memory.items() if pid in pids or _parent(pid) in pids)
    process_tree.end_all(but_not=site_pid)
    pages = PAGES * workers
    return pages / took_s, 1000 * cpu_s / pages, mine / workers, sum(memory.values()) - mine


def _parent(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()[1])
    except OSError:
        return 0


def _pss_mb(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1000


def write(tables: Sequence[str]) -> None:
    """Put the tables between the marks in docs/performance.md."""
    about = (
        f"Measured on {today()}, once, on "
        f"{len(os.sched_getaffinity(0))} CPUs with a load of {os.getloadavg()[1]:.0f} in the last five "
        "minutes: rates are lower than those of a quiet machine, CPU and bytes are not."
    )
    put("performance.md", "limits", __file__, about, *tables)


if __name__ == "__main__":
    main()
