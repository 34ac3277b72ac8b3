"""How many real pages would be shown in a browser: python benchmarks/browser_need.py FOLDER...

Each FOLDER has pages as *.html.gz that plain HTTP gives whole. Prints for each signal how many pages
it chose, with the characters of text that were read of them, and what the look costs beside reading.
"""

from __future__ import annotations

import argparse
import gzip
import time
from collections import defaultdict
from pathlib import Path

from selectolax.lexbor import LexborHTMLParser

from scrapeq.extract import extract
from scrapeq.extract.browser_need import browser_need
from scrapeq.models import Content, Recipe


def main() -> None:
    parser = argparse.ArgumentParser(description="Pages that browser_need chooses.")
    parser.add_argument("folders", type=Path, nargs="+")
    chosen: dict[str, list[int]] = defaultdict(list)
    pages, reading_s, looking_s = 0, 0.0, 0.0
    for folder in parser.parse_args().folders:
        for path in sorted(folder.rglob("*.html.gz")):
            body = gzip.decompress(path.read_bytes())
            began_s = time.process_time()
            recipe = Recipe(main_text="fast", custom_selectors={"headline": "h1"})
            content = extract(
                body, url="http://a.example/", content_type="text/html", recipe=recipe
            )
            reading_s += time.process_time() - began_s
            if not isinstance(content, Content):
                continue
            pages += 1
            tree = LexborHTMLParser(body.decode("utf-8", "replace"))
            began_s = time.process_time()
            browser_need(tree, content.text, content.fields)
            looking_s += time.process_time() - began_s
            if content.browser_need is not None:
                chosen[content.browser_need].append(len(content.text or ""))
    print(f"{pages:,} pages; looking takes {looking_s / reading_s:.1%} of what reading takes")
    for signal, lengths in sorted(chosen.items()):
        print(f"{signal:18} {len(lengths):5} {len(lengths) / pages:7.2%}  text: {sorted(lengths)}")


if __name__ == "__main__":
    main()
