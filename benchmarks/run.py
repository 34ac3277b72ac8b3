"""scrapeq beside its peers: the same pages from the same site in one run, printed as ratios.

    python benchmarks/run.py --peers-python .venv-peers/bin/python

Every subject does the same work (see subject.py), in slots, `--repeats` times; medians are shown.
The absolute numbers belong to this machine and this hour and mean nothing elsewhere; the site runs
on the same CPUs. robots.txt is off and there is no delay, for all alike. scrapeq writes durable
rows and could be killed at any moment without losing one; its peers write JSON lines.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

import process_tree
from measure import Measured, crawl, medians_of, versions
from submission import compare_submission, submit_one_by_one

HERE = Path(__file__).parent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--peers-python", default=sys.executable)
    parser.add_argument("--pages", type=int, default=6000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--delay-s", type=float, default=0.0, help="of the site, before an answer")
    parser.add_argument("--jobs", type=int, default=20_000, help="submitted; 0: do not compare")
    parser.add_argument("--only", nargs="*", help="names of crawlers")
    options = parser.parse_args()
    # Subjects run in folders of their own. Not resolve(): the link is what makes it a venv's Python.
    options.peers_python = str(Path(options.peers_python).absolute())

    process_tree.adopt_orphans()
    crawlee = [options.peers_python, HERE / "crawl_crawlee.py"]
    crawlers: dict[str, tuple[list[object], list[str]]] = {
        "scrapeq": ([sys.executable, HERE / "crawl_scrapeq.py"], []),
        "crawlee": (crawlee, ["2"]),
        "crawlee1": (crawlee, ["1"]),
        "scrapy": ([options.peers_python, HERE / "crawl_scrapy.py"], []),
    }
    rounds: dict[str, list[Measured]] = {name: [] for name in options.only or crawlers}
    for number in range(1, options.repeats + 1):
        for name, done in rounds.items():
            command, more = crawlers[name]
            done.append(crawl(command, options.pages, options.delay_s, more))
            load = os.getloadavg()[0]
            print(
                f"round {number}: {name:8} {done[-1].pages_per_s:7,.0f} pages/s, load {load:.1f}",
                flush=True,
            )
    print_table(rounds, options.pages, options.peers_python)
    if options.jobs:
        compare_submission(options.jobs, options.repeats)
        submit_one_by_one(options.repeats)


def print_table(rounds: dict[str, list[Measured]], pages: int, peers_python: str) -> None:
    """Medians, and each as a ratio to scrapeq's (or to the first subject's)."""
    medians, base = medians_of(rounds)
    print(
        f"\n{pages:,} pages, medians of {len(next(iter(rounds.values())))}; {versions(peers_python, 'scrapy', 'crawlee', 'selectolax')}"
    )
    print("Compare the ratios; the absolute numbers mean nothing on another machine.\n")
    print(f"{'':10}{'pages/s':>16}{'CPU ms/page':>16}{'peak MB':>16}{'ready after s':>16}")
    for name, row in medians.items():
        cells = "".join(
            f"{row[key]:{'9.2f' if key == 'cpu_ms_per_page' else '9,.1f'}} {row[key] / base[key]:5.2f}x"
            for key in ("pages_per_s", "cpu_ms_per_page", "peak_mb", "start_s")
        )
        print(f"{name:10}{cells}")


if __name__ == "__main__":
    main()
