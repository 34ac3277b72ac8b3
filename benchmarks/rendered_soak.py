"""Memory over many rendered pages, and what is left of their browsers at the end.

    python benchmarks/rendered_soak.py --pages 2000

Every page is drawn by a script and shown in a browser. A line every `--every` pages: memory of the
workers, and of their browsers with the drivers, shared pages counted once. Then the cluster is closed:
whatever of its processes or profile folders is there after 10 s makes it fail. Linux only: reads /proc.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

import process_tree

import scrapeq as sq
from scrapeq.settings import load_settings
from scrapeq.testing import LittleWeb

HOSTS = 8
#: Share of the pages that is warm-up: both browsers have been renewed once by then.
WARM_UP = 1 / 2
GONE_S = 10.0


@dataclass(frozen=True)
class Look:
    """What is there when a share of the pages is done: MB of workers and browsers, and their profiles."""

    share: float
    mb: Mapping[str, float]
    profiles: frozenset[Path]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--pages", type=int, default=2_000)
    parser.add_argument("--batch", type=int, default=500)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--every", type=int, default=100)
    options = parser.parse_args()
    process_tree.adopt_orphans()
    with tempfile.TemporaryDirectory(prefix="scrapeq-") as folder, LittleWeb(HOSTS) as web:
        before = set(process_tree.tree(0))
        settings = load_settings(
            SCRAPEQ_HOME=Path(folder) / "home",
            SCRAPEQ_ALLOW_PRIVATE_ADDRESSES=True,
            SCRAPEQ_WORKERS=options.workers,
        )
        with sq.LocalCluster(options.workers, settings=settings) as cluster:
            seen = _render(options, web, sq.get_job_queue(cluster.settings), before)
            profiles = {one for look in seen for one in look.profiles}
        left = _left(before, profiles)
    _print_growth(seen)
    print(f"left {GONE_S:g} s after the end: {', '.join(left) or 'no process, no profile folder'}")
    if left:
        raise SystemExit(1)


def _render(
    options: argparse.Namespace, web: LittleWeb, queue: sq.JobQueue, before: set[int]
) -> list[Look]:
    print("pages    pages/s  workers  browsers  (MB)")
    seen: list[Look] = []
    began_s = time.monotonic()
    for start in range(0, options.pages, options.batch):
        pages = range(start, min(start + options.batch, options.pages))
        batch = sq.scrape(
            [web.url(f"/drawn/{page}", page % HOSTS) for page in pages],
            queue=queue,
            main_text="off",
            render="always",
            wait_for="h1",
            max_per_host=16,
        )
        while True:
            is_done = batch.is_done
            done = start + batch.progress.done
            if done // options.every > len(seen) or is_done:
                look = _look(done / options.pages, set(process_tree.tree(0)) - before)
                pace = done / (time.monotonic() - began_s)
                cells = f"{look.mb['workers']:9.0f}{look.mb['browsers']:10.0f}"
                print(f"{done:<9,}{pace:7.1f}{cells}", flush=True)
                seen.append(look)
            if is_done:
                break
            time.sleep(0.25)
        table = batch.df
        if not (table["ok"] & table["rendered"]).all():
            raise SystemExit(table[["error_kind", "error_message"]].dropna().to_string())
        web.clear()
    return seen


def _look(share: float, pids: set[int]) -> Look:
    """Workers with the processes that read for them, and browsers with their drivers."""
    found, profiles = {"workers": 0.0, "browsers": 0.0}, set()
    for pid in pids:
        with contextlib.suppress(OSError, StopIteration):
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
            rollup = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
            kilobytes = int(next(line for line in rollup if line.startswith("Pss:")).split()[1])
            if b"celery" in command or b"reader_child" in command:
                found["workers"] += kilobytes / 1000
            elif b"chrom" in command or b"playwright" in command:
                found["browsers"] += kilobytes / 1000
            for word in command.split(b"\0"):
                if word.startswith(b"--user-data-dir="):
                    profiles.add(Path(os.fsdecode(word.partition(b"=")[2])))
    return Look(share, found, frozenset(profiles))


def _left(before: set[int], profiles: set[Path]) -> list[str]:
    """What there still is after `GONE_S`, or nothing as soon as there is nothing."""
    deadline = time.monotonic() + GONE_S
    while True:
        left = [_named(pid) for pid in set(process_tree.tree(0)) - before if _runs(pid)]
        left += [str(path) for path in profiles if path.exists()]
        if not left or time.monotonic() > deadline:
            return left
        time.sleep(0.1)


def _runs(pid: int) -> bool:
    """Whether it does; a zombie that nobody has asked for does not."""
    with contextlib.suppress(OSError):
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0]
        return state != "Z"
    return False


def _named(pid: int) -> str:
    with contextlib.suppress(OSError):
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode("utf-8", "replace").split("\0")
        return f"{pid} ({' '.join(words[:3])})"
    return str(pid)


def _print_growth(seen: list[Look]) -> None:
    """The mean of the looks in each of the last two quarters: one look may meet a new browser."""
    for what in ("workers", "browsers"):
        third = mean(look.mb[what] for look in seen if WARM_UP < look.share <= 0.75)
        last = mean(look.mb[what] for look in seen if look.share > 0.75)
        change = 100 * (last / third - 1)
        print(
            f"{what}: {third:.0f} MB in the third quarter, {last:.0f} MB in the last ({change:+.1f} %)"
        )


if __name__ == "__main__":
    main()
