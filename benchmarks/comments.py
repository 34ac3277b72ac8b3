"""How right comments and posts are, on pages whose text is known and on those that declare their posts.

    python benchmarks/comments.py FOLDER [--half held-out] [--write]

FOLDER is one of `labelled_pages.py` with pages of several kinds, of which those called "forum" are threads. See
docs/evaluation.md for what is counted. CPU is of `comments_of` with the structured data that it asks for.
"""

from __future__ import annotations

import argparse
import re
import time
from collections import Counter
from functools import cache, partial
from pathlib import Path

from labelled_pages import HALVES, labelled_pages
from selectolax.lexbor import LexborHTMLParser
from written import put

from scrapeq.extract.bounds import for_lexbor
from scrapeq.extract.charset import decode
from scrapeq.extract.comment_blocks import Block, comment_blocks
from scrapeq.extract.comments import Comment, comments_of
from scrapeq.extract.declared import declarations
from scrapeq.extract.links import Joiner, base_of
from scrapeq.extract.structured import structured_of

THREAD = "forum"
_WORD = re.compile(r"\w+")


def words(text: str) -> Counter[str]:
    return Counter(_WORD.findall(text.lower()))


def f1(one: Counter[str], other: Counter[str]) -> float:
    every = one.total() + other.total()
    return 2 * (one & other).total() / every if every else 1.0


def matched(declared: list[Comment], blocks: list[Block]) -> tuple[int, int, int]:
    """How many declared posts are found by the markup; of these, with the same author and day."""
    left = {place: words(one.text) for place, one in enumerate(blocks)}
    found = authors = days = 0
    for one in declared:
        own = words(one.text)
        best = max(left, key=lambda place: f1(own, left[place]), default=None)
        if best is None or f1(own, left[best]) < 0.8:
            continue
        del left[best]
        block = blocks[best]
        found += 1
        authors += one.author == block.author
        if one.published_at is not None and block.published_at is not None:
            days += abs((one.published_at - block.published_at).total_seconds()) <= 86_400
    return found, authors, days


def measured(folder: Path, half: str) -> list[str]:
    """The lines for the page."""
    texts: list[tuple[float, float, float]] = []
    kinds: Counter[str] = Counter()
    given: Counter[str] = Counter()
    declared_, blocks_, same = 0, 0, Counter[str]()
    cpu_s: list[float] = []
    for page in labelled_pages(folder, half):
        decoded = decode(page.body, "text/html")
        tree = LexborHTMLParser(for_lexbor(decoded.text))
        about = declarations(tree)
        items = cache(partial(structured_of, tree, about, Joiner(base_of(about.base, page.url))))
        began = time.process_time()
        found, source = comments_of(tree, items)
        cpu_s.append(time.process_time() - began)
        kind = "threads" if page.kind == THREAD else "other pages"
        kinds[kind] += 1
        given[f"{kind}, {source or 'nothing'}"] += 1
        if page.kind != THREAD:
            continue
        ours = words("\n".join(f"{one.author or ''} {one.text}" for one in found))
        known = words(str(page.known.get("text") or ""))
        common = (ours & known).total()
        texts.append(
            (common / max(1, ours.total()), common / max(1, known.total()), f1(ours, known))
        )
        if source not in {None, "blocks"} and len(found) > 1:
            blocks = comment_blocks(tree)
            declared_ += len(found)
            blocks_ += len(blocks)
            same.update(dict(zip(("found", "author", "day"), matched(found, blocks), strict=True)))
    number = max(1, len(texts))
    precision, recall, f = (sum(one[place] for one in texts) / number for place in range(3))
    rows = [
        f"{kinds['threads']} threads and {kinds['other pages']} other pages of the {half} half; "
        f"{1000 * sum(cpu_s) / max(1, len(cpu_s)):.1f} ms of CPU a page.",
        "",
        "| | |",
        "|---|---:|",
        f"| text of threads: precision, recall, F1 | {precision:.3f}, {recall:.3f}, {f:.3f} |",
        f"| posts by the markup, declared posts | {blocks_}, {declared_} |",
        f"| declared posts that are found by the markup | {same['found'] / max(1, declared_):.3f} |",
        f"| of these, the same author, the same day | {same['author'] / max(1, same['found']):.3f}, "
        f"{same['day'] / max(1, same['found']):.3f} |",
    ]
    rows += [f"| {name} | {count} |" for name, count in sorted(given.items())]
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--half", choices=HALVES, default=HALVES[1])
    parser.add_argument("--write", action="store_true", help="into docs/evaluation.md")
    options = parser.parse_args()
    lines = measured(options.folder, options.half)
    print("\n".join(lines))
    if options.write:
        put("evaluation.md", "comments", __file__, "\n".join(lines))


if __name__ == "__main__":
    main()
