"""What each crawler under test agrees on: its work, and when the clock runs.

A subject is a script that gets a file of URLs and an empty folder, makes itself ready (imports,
processes), says so, waits to be told, crawls, says when every row is on disk, waits while that is
measured, and then says what it found, which must be what is there.
For every page: the title, all links as absolute URLs, and some selectors, which the part of the benchmark
names; one row on disk.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

#: See `crawl_in_processes`.
Crawl = Callable[[list[str], Path, int, Callable[[], None]], None]

#: What the parts of `run.py` differ in: see `environment`.
_IN_FLIGHT, _ASKED = "BENCH_IN_FLIGHT", "BENCH_ASKED"

_SHORT = {"headline": "h1.headline", "author": ".meta .author", "price": ".meta .price"}
#: Selectors for the pages that are made for it, and for real ones.
ASKED = {
    "short": _SHORT,
    "article": _SHORT | {"body": "article .body"},
    "real": {"headline": "h1", "time": "time", "paragraph": "p"},
}
SELECTORS = ASKED[os.environ.get(_ASKED, "article")]

#: Characters that the text of each article is longer than.
SHORTEST_BODY = 5_000

#: What `rendering.py` asks of a page; the price is there when a script has drawn it.
DRAWN_SELECTORS = {"headline": "h1", "price": ".price"}
#: Pages open in browsers at once, for each subject alike.
OPEN_PAGES = 8

#: Requests in flight, for each crawler alike.
IN_FLIGHT = int(os.environ.get(_IN_FLIGHT, "128"))


def environment(in_flight: int, asked: str) -> dict[str, str]:
    """What a subject is to be started with for so many requests in flight. asked: one of `ASKED`."""
    return {_IN_FLIGHT: str(in_flight), _ASKED: asked}


def task() -> tuple[list[str], Path]:
    """The URLs and the folder for the rows, from the command line."""
    urls, folder = sys.argv[1:3]
    return Path(urls).read_text(encoding="utf-8").split(), Path(folder)


def warm_up(urls: list[str]) -> list[str]:
    """What `rendering.py` has shown before the clock runs: each place twice, pages of their own."""
    return [f"{url}?warm" for url in urls[: 2 * OPEN_PAGES]]


def ready() -> None:
    """Say that everything is loaded; return when the clock runs."""
    print("ready", flush=True)
    sys.stdin.readline()


def finished() -> None:
    """Say that every row is on disk; return when what it took was measured."""
    print("finished", flush=True)
    sys.stdin.readline()


def report(rows: int, links: int, prices: int, bodies: int) -> None:
    """Say what is on disk: pages with a title, links of all rows, rows with a price, rows with the whole
    text of an article."""
    found = {"rows": rows, "links": links, "prices": prices, "bodies": bodies}
    print(json.dumps(found), flush=True)


def is_whole(body: str | None) -> bool:
    """Whether it is the text of an article, and not its first line."""
    return body is not None and len(body) > SHORTEST_BODY


def crawl_in_processes(crawl: Crawl, processes: int) -> None:
    """The whole of a subject that crawls in processes, each with a share of the URLs and a file of JSON lines.

    crawl: run in each, with its URLs, its file and the requests that it may have in flight; it loads what it
    needs, calls `begin()`, which returns when the clock runs, and then crawls.
    """
    urls, folder = task()
    fork = multiprocessing.get_context("fork")
    loaded, go = fork.Semaphore(0), fork.Event()

    def begin() -> None:
        loaded.release()
        go.wait()

    feeds = [folder / f"{number}.jsonl" for number in range(processes)]
    crawlers = [
        fork.Process(
            target=crawl, args=(urls[number::processes], feed, IN_FLIGHT // processes, begin)
        )
        for number, feed in enumerate(feeds)
    ]
    for crawler in crawlers:
        crawler.start()
    for _ in crawlers:
        loaded.acquire()
    ready()
    go.set()
    for crawler in crawlers:
        crawler.join()
    finished()
    report_json_lines(feeds)


def report_found(rows: Iterable[Mapping[str, Any]]) -> None:
    """Say how many rows have all that `rendering.py` asks of a page."""
    whole = sum(bool(row["headline"]) and bool(row["price"]) for row in rows)
    print(json.dumps({"whole": whole}), flush=True)


def report_json_lines(paths: list[Path]) -> None:
    """`report` of files with one JSON object a line."""
    rows = [json.loads(line) for path in paths for line in path.open(encoding="utf-8")]
    report(
        rows=sum(bool(row["title"]) for row in rows),
        links=sum(len(row["links"]) for row in rows),
        prices=sum(bool(row.get("price")) for row in rows),
        bodies=sum(is_whole(row.get("body")) for row in rows),
    )
