"""How well kinds of pages are told: python benchmarks/page_kinds.py [FOLDER ...]

FOLDERs hold real pages as *.html.gz, such as the unpacked WCXB (see extraction.py), whose pages are
nearly all there to be read: each one that is called something else is printed, for a person to look
at. Then come the pages of our own, by kind, with how many are told; and what it costs, as a share of
reading a page.
"""

from __future__ import annotations

import argparse
import gzip
import json
import time
from collections import Counter
from pathlib import Path
from typing import Any

from scrapeq.extract import extract
from scrapeq.extract import page as reading
from scrapeq.models import Content, PageKind, Recipe
from scrapeq.testing.useless_pages import useless_pages


def told(body: bytes, url: str, asked: str, main_text: str) -> Content:
    content = extract(
        body,
        url=url,
        asked=asked,
        content_type="text/html",
        recipe=Recipe(main_text=main_text),
    )
    return content if isinstance(content, Content) else Content(page_kind=PageKind.PAGE)


def address(path: Path) -> str:
    about = path.parent.parent / "ground-truth" / f"{path.name.partition('.')[0]}.json"
    if not about.is_file():
        return "https://a.example/page"
    known = json.loads(about.read_text(encoding="utf-8"))
    return known.get("url") or known["ground_truth"].get("url") or "https://a.example/page"


def real_pages(folder: Path, main_text: str, every: int) -> None:
    pages = sorted(folder.rglob("*.html.gz"))[::every]
    kinds: Counter[str] = Counter()
    for path in pages:
        url = address(path)
        content = told(gzip.decompress(path.read_bytes()), url, url, main_text)
        kinds[content.page_kind or ""] += 1
        if content.page_kind is not PageKind.PAGE:
            print(f"{path.name[:24]:26}{content.page_kind:14}{content.page_kind_signal}: {url}")
    others = len(pages) - kinds[PageKind.PAGE]
    print(f"{folder}: {others} of {len(pages)} are called no page ({others / len(pages):.2%})\n")


def own_pages() -> None:
    right: Counter[str] = Counter()
    every: Counter[str] = Counter()
    for page in useless_pages():
        content = told(page.markup.encode(), page.url, page.asked, "off")
        every[page.kind] += 1
        right[page.kind] += content.page_kind is page.kind
    for kind in PageKind:
        print(f"{kind:16}{right[kind]:5} of {every[kind]}")


def cost(folder: Path) -> None:
    spent_s = 0.0
    decide = reading.page_kind

    def timed(*args: Any, **named: Any) -> Any:
        nonlocal spent_s
        began_s = time.thread_time()
        try:
            return decide(*args, **named)
        finally:
            spent_s += time.thread_time() - began_s

    bodies = [gzip.decompress(path.read_bytes()) for path in sorted(folder.rglob("*.gz"))[::10]]
    reading.page_kind = timed
    for main_text in ("best", "fast", "off"):
        spent_s, began_s = 0.0, time.thread_time()
        for body in bodies:
            told(body, "https://a.example/page", "", main_text)
        all_s = time.thread_time() - began_s
        share = spent_s / all_s
        print(f"main_text={main_text}: {1e6 * spent_s / len(bodies):.0f} us a page, {share:.2%}")
    reading.page_kind = decide


def main() -> None:
    parser = argparse.ArgumentParser(description="How well kinds of pages are told.")
    parser.add_argument("folders", type=Path, nargs="*")
    parser.add_argument("--every", type=int, default=1, help="take each n-th page only")
    parser.add_argument("--main-text", choices=["best", "fast", "off"], default="fast")
    options = parser.parse_args()
    for folder in options.folders:
        real_pages(folder, options.main_text, options.every)
    own_pages()
    for folder in options.folders[:1]:
        cost(folder)


if __name__ == "__main__":
    main()
