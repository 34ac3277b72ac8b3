"""Which pages would be shown in a browser: python benchmarks/browser_need.py FOLDER... [--write]

Each FOLDER has pages as *.html.gz that plain HTTP gives whole. Beside them stand the pages that say
nothing by themselves: those written by hand (tests/unit/extract/test_browser_need.py) and those that
eight frameworks' builds made (tests/client_rendered). Prints for each signal how many of both it chose,
and what the look costs beside reading. --write: the table into docs/how-to/browser.md.
"""

from __future__ import annotations

import argparse
import gzip
import sys
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from selectolax.lexbor import LexborHTMLParser
from written import put, today

from scrapeq.extract import extract
from scrapeq.extract.browser_need import browser_need
from scrapeq.models import Content, Recipe

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))
from tests.client_rendered import DRAWN  # noqa: E402
from tests.unit.extract.test_browser_need import SHELLS  # noqa: E402


class Count:
    """Pages by the signal that chose them, and seconds of CPU."""

    def __init__(self, pages: Iterable[bytes], **selectors: str) -> None:
        self.chosen: Counter[str] = Counter()
        self.pages, self.reading_s, self.looking_s = 0, 0.0, 0.0
        recipe = Recipe(main_text="fast", custom_selectors=selectors)
        for body in pages:
            began_s = time.process_time()
            content = extract(
                body, url="http://a.example/", content_type="text/html", recipe=recipe
            )
            self.reading_s += time.process_time() - began_s
            if not isinstance(content, Content):
                continue
            self.pages += 1
            tree = LexborHTMLParser(body.decode("utf-8", "replace"))
            began_s = time.process_time()
            browser_need(tree, content.text, content.fields)
            self.looking_s += time.process_time() - began_s
            if content.browser_need is not None:
                self.chosen[content.browser_need] += 1


def main() -> None:
    parser = argparse.ArgumentParser(description="Pages that browser_need chooses.")
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--write", action="store_true", help="into docs/how-to/browser.md")
    options = parser.parse_args()
    real = [path for folder in options.folders for path in sorted(folder.rglob("*.html.gz"))]
    whole = Count((gzip.decompress(path.read_bytes()) for path in real), headline="h1")
    hand = Count((html.encode() for html in SHELLS.values()), price=".price")
    built = Count((html.encode() for html in DRAWN.values()), price=".price")
    print(f"looking takes {whole.looking_s / whole.reading_s:.1%} of what reading takes")
    text = table(whole, hand, built)
    print(text)
    if options.write:
        put("how-to/browser.md", "signals", __file__, f"Measured on {today()}:", text)


def table(whole: Count, hand: Count, built: Count) -> str:
    """As Markdown; precision: the share of client-rendered pages among all that a signal chose."""
    lines = [
        f"| signal | of {hand.pages} shells by hand | of {built.pages} built from packages "
        f"| of {whole.pages:,} real pages, whole | precision |",
        "|---|---:|---:|---:|---:|",
    ]
    for signal in [*sorted(whole.chosen | hand.chosen | built.chosen), "all"]:
        needed, built_ones, not_needed = (
            count.chosen.total() if signal == "all" else count.chosen[signal]
            for count in (hand, built, whole)
        )
        share = (needed + built_ones) / (needed + built_ones + not_needed)
        lines.append(f"| {signal} | {needed} | {built_ones} | {not_needed} | {share:.0%} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
