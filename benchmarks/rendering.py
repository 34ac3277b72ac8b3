"""Rendered pages a second, scrapeq beside its peers: the same pages in the same Chromium.

    python benchmarks/rendering.py --peers-python .venv-peers/bin/python [--write]

First a site whose pages a script draws, then the same with pictures, which scrapeq does not load unless
it is asked to, then a mixed one, four fifths of which HTTP gives whole.
Every subject has as many pages open (subject.OPEN_PAGES) and the same warm-up, waits for the same
selector, and must find everything; every second round has the other order. --write: the result, with
its date, into docs/performance.md.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import process_tree
import subject
from measure import HERE, Measured, medians_of, run, versions
from written import put, today

from scrapeq.fetch import find_browser

HOSTS = 8


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--peers-python", default=sys.executable)
    parser.add_argument("--pages", type=int, default=200, help="that a script draws")
    parser.add_argument("--mixed", type=int, default=1000, help="of the mixed site")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--only", nargs="*", help="names of subjects")
    parser.add_argument("--write", action="store_true", help="into docs/performance.md")
    options = parser.parse_args()
    peers = str(Path(options.peers_python).absolute())
    program = find_browser().path
    process_tree.adopt_orphans()
    ours: list[object] = [sys.executable, HERE / "render_scrapeq.py"]
    crawlee: list[object] = [peers, HERE / "render_crawlee.py"]
    plain: list[object] = [peers, HERE / "render_playwright.py"]
    drawn = {
        "scrapeq": (ours, ["always"]),
        "Crawlee, PlaywrightCrawler": (crawlee, [program, "playwright"]),
        "Playwright, a context for each page": (plain, [program, "context"]),
        "Playwright, a browser for each page": (plain, [program, "browser"]),
    }
    mixed = {
        "scrapeq": (ours, ["mixed"]),
        "Crawlee, AdaptivePlaywrightCrawler": (crawlee, [program, "adaptive"]),
    }
    paths = [f"/drawn/{number}" for number in range(options.pages)]
    illustrated = [f"/illustrated/{number}" for number in range(options.pages)]
    both = [f"/{'page' if number % 5 else 'drawn'}/{number}" for number in range(options.mixed)]
    parts = []
    for title, subjects, asked in (
        (f"{options.pages:,} pages that a script draws", drawn, paths),
        (f"{options.pages:,} pages that a script draws, with pictures", drawn, illustrated),
        (f"{options.mixed:,} pages, four fifths of them whole", mixed, both),
    ):
        rounds = measured_rounds(subjects, asked, options.repeats, options.only)
        if rounds:
            parts.append(f"**{title}**\n\n{table(rounds)}")
            print(f"\n{parts[-1]}\n", flush=True)
    if options.write:
        write(parts, versions(peers, "crawlee", "playwright"), options.repeats)


def measured_rounds(
    subjects: Mapping[str, tuple[list[object], list[str]]],
    paths: list[str],
    repeats: int,
    only: Sequence[str] | None,
) -> dict[str, list[Measured]]:
    site: list[object] = [HERE / "drawn_site.py", "--hosts", HOSTS]
    done: dict[str, list[Measured]] = {
        name: [] for name in subjects if not only or any(one in name for one in only)
    }
    for number in range(1, repeats + 1):
        for name, measured in list(done.items())[:: 1 if number % 2 else -1]:
            command, more = subjects[name]
            one = run(command, site, paths, {"whole": len(paths)}, HOSTS, more)
            measured.append(one)
            print(f"round {number}: {name:36} {one.pages_per_s:6.1f} pages/s", flush=True)
    return done


def table(rounds: Mapping[str, Sequence[Measured]]) -> str:
    """Medians as Markdown; in brackets each as a ratio to scrapeq's (or the first one's)."""
    medians, base = medians_of(rounds)
    lines = ["| | pages a second | CPU, ms a page | most memory, MB |", "|---|---:|---:|---:|"]
    for name, row in medians.items():
        cells = (
            f"{row[key]:,.{digits}f} ({row[key] / base[key]:.2f})"
            for key, digits in (("pages_per_s", 1), ("cpu_ms_per_page", 0), ("peak_mb", 0))
        )
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def write(parts: Sequence[str], peers: str, repeats: int) -> None:
    """Put the tables between the marks in docs/performance.md."""
    about = (
        f"Measured on {today()}; medians of {repeats} rounds, in "
        f"turns; {subject.OPEN_PAGES} pages open at once; {peers}. In brackets: the ratio to scrapeq."
    )
    put("performance.md", "rendering", __file__, about, *parts)


if __name__ == "__main__":
    main()
