"""scrapeq beside its peers and beside bare loops: the same pages from the same site, as ratios.

    python benchmarks/run.py --peers-python .venv-peers/bin/python [--write]

Every subject does the same work (see subject.py), in turns, `--repeats` times; medians are shown.
The absolute numbers belong to this machine and this hour and mean nothing elsewhere; the site runs
on the same CPUs. robots.txt is off and there is no delay, for all alike. scrapeq writes durable
rows and could be killed at any moment without losing one; its peers write JSON lines. --write: the
tables, with the date, the load and which rounds were noisy, into docs/performance.md.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import process_tree
from measure import Measured, crawl, medians_of, versions
from submission import compare_submission, submit_one_by_one
from written import bars, put, today

HERE = Path(__file__).parent
LIMIT = "bare loops of aiohttp and selectolax, two processes"
#: A round is called noisy if its CPU a page is so much above the least of the same subject.
NOISY = 1.15


@dataclass(frozen=True)
class Part:
    """What is crawled: how long the site takes for an answer, requests in flight, how many pages as a
    share of `--pages`, and which selectors are asked for (see `subject.ASKED`)."""

    title: str
    delay_s: float = 0.0
    in_flight: int = 128
    share: float = 1.0
    asked: str = "article"


PARTS = {
    "short": Part("Title, links, three short selectors", asked="short"),
    "article": Part("The same with the text of the article"),
    "slow": Part("0.2 s an answer, 64 in flight", 0.2, 64, 0.4),
    "many": Part("0.2 s an answer, 512 in flight", 0.2, 512),
    "real": Part("Real pages: title, links, three short selectors", share=0.4, asked="real"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--peers-python", default=sys.executable)
    parser.add_argument("--pages", type=int, default=6000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--parts", nargs="*", choices=PARTS, default=list(PARTS))
    parser.add_argument(
        "--corpus", type=Path, help="a folder of real pages, for the part of that name"
    )
    parser.add_argument("--jobs", type=int, default=20_000, help="submitted; 0: do not compare")
    parser.add_argument("--only", nargs="*", help="names of subjects")
    parser.add_argument("--write", action="store_true", help="into docs/performance.md")
    options = parser.parse_args()
    # Subjects run in folders of their own. Not resolve(): the link is what makes it a venv's Python.
    options.peers_python = str(Path(options.peers_python).absolute())
    process_tree.adopt_orphans()
    crawlee = [options.peers_python, HERE / "crawl_crawlee.py"]
    subjects: dict[str, tuple[list[object], list[str]]] = {
        LIMIT: ([sys.executable, HERE / "crawl_bare.py"], []),
        "scrapeq, two workers": ([sys.executable, HERE / "crawl_scrapeq.py"], []),
        "Crawlee, two processes": (crawlee, ["2"]),
        "Crawlee, one process": (crawlee, ["1"]),
        "Scrapy, two processes": ([options.peers_python, HERE / "crawl_scrapy.py"], []),
    }
    chosen = {
        name: how
        for name, how in subjects.items()
        if not options.only or any(one in name for one in options.only)
    }
    tables, speeds = [], {}
    for name in options.parts:
        part, corpus = PARTS[name], options.corpus if name == "real" else None
        if name == "real" and corpus is None:
            print("Real pages are left out: --corpus FOLDER names where they are.", flush=True)
            continue
        rounds = rounds_of(chosen, part, options.pages, options.repeats, corpus)
        tables.append(table(part, rounds))
        medians, base = medians_of(rounds)
        speeds[part.title] = {
            name: row["pages_per_s"] / base["pages_per_s"] for name, row in medians.items()
        }
        print(f"\n{tables[-1]}\n", flush=True)
    if options.jobs:
        compare_submission(options.jobs, options.repeats)
        submit_one_by_one(options.repeats)
    if options.write:
        peers = versions(options.peers_python, "scrapy", "crawlee", "selectolax")
        put(
            "performance.md",
            "crawling",
            __file__,
            f"Measured on {today()} on {len(os.sched_getaffinity(0))} CPUs; medians of {options.repeats} "
            f"rounds of {options.pages:,} pages (less where the site is slow), in turns; {peers}. In "
            "brackets: the ratio to the bare loops.",
            bars("crawling", "Pages a second, as a ratio to bare loops", speeds),
            *tables,
        )


def rounds_of(
    subjects: Mapping[str, tuple[list[object], list[str]]],
    part: Part,
    pages: int,
    repeats: int,
    corpus: Path | None,
) -> dict[str, list[Measured]]:
    """Each subject's rounds, in turns; every second one in the other order."""
    rounds: dict[str, list[Measured]] = {name: [] for name in subjects}
    for number in range(1, repeats + 1):
        for name, done in list(rounds.items())[:: 1 if number % 2 else -1]:
            command, more = subjects[name]
            one = crawl(
                command,
                round(pages * part.share),
                part.delay_s,
                more,
                in_flight=part.in_flight,
                asked=part.asked,
                corpus=corpus,
            )
            done.append(one)
            load = os.getloadavg()[0]
            print(
                f"{part.title}, {number}: {name:52} {one.pages_per_s:7,.0f} pages/s, load {load:.1f}",
                flush=True,
            )
    return rounds


def table(part: Part, rounds: Mapping[str, Sequence[Measured]]) -> str:
    """Medians as Markdown; in brackets each as a ratio to that of the first subject."""
    medians, base = medians_of(rounds)
    lines = [
        f"**{part.title}**\n",
        "| | pages a second | CPU, ms a page | most memory, MB | noisy rounds |",
        "|---|---:|---:|---:|---:|",
    ]
    for name, row in medians.items():
        cells = [
            f"{row[key]:,.{digits}f} ({row[key] / base[key]:.2f})"
            for key, digits in (("pages_per_s", 0), ("cpu_ms_per_page", 2), ("peak_mb", 0))
        ]
        least = min(one.cpu_ms_per_page for one in rounds[name])
        noisy = sum(one.cpu_ms_per_page > NOISY * least for one in rounds[name])
        lines.append(f"| {name} | {' | '.join(cells)} | {noisy} of {len(rounds[name])} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
