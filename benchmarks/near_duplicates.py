"""How many near duplicates are found among real pages and changed ones, and how long a million rows take.

    python benchmarks/near_duplicates.py FOLDER [--half held-out] [--write]

FOLDER is one of `labelled_pages.py`. Beside the main text of each page ("fast", of 20 words and more) stands the
same text with words or lines changed, taken from all pages. Truth is the share of phrases of three words that two
texts have in common, counted exactly. Found: the changed text names its own page. Wrong: it names another one.
CPU for a million rows is of `first_alike` alone, with one row in seven a near duplicate.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from labelled_pages import HALVES, labelled_pages
from written import put

from scrapeq.extract import extract
from scrapeq.frames.near_duplicates import ALIKE, first_alike
from scrapeq.minhash import minhash_of, numbers_of
from scrapeq.models import Content, Recipe

RANDOM = Random(2)
MILLION = 1_000_000


def texts_of(folder: Path, half: str) -> Iterator[str]:
    """The main texts of pages, as a batch has them."""
    recipe = Recipe(main_text="fast")
    for page in labelled_pages(folder, half):
        read = extract(page.body, url=page.url, content_type="text/html", recipe=recipe)
        if isinstance(read, Content) and len((read.text or "").split()) >= 20:
            yield read.text or ""


def words_changed(text: str, share: float, words: list[str]) -> str:
    """This share of the words is another one."""
    return " ".join(
        RANDOM.choice(words) if RANDOM.random() < share else word for word in text.split(" ")
    )


def lines_changed(text: str, share: float, words: list[str]) -> str:
    """This share of the lines is away, and as many of twelve words are new."""
    lines = [line for line in text.splitlines() if RANDOM.random() >= share]
    for _ in range(max(1, round(len(lines) * share))):
        lines.insert(RANDOM.randrange(len(lines) + 1), " ".join(RANDOM.choices(words, k=12)))
    return "\n".join(lines)


CHANGES: list[tuple[str, Callable[[str, float, list[str]], str], float]] = [
    *(("words", words_changed, share) for share in (0.01, 0.02, 0.05, 0.1)),
    *(("lines", lines_changed, share) for share in (0.05, 0.1, 0.2)),
]


def phrases(text: str) -> set[Any]:
    words = text.casefold().split()
    return set(zip(words, words[1:], words[2:], strict=False)) or {tuple(words)}


def shared(one: set[Any], other: set[Any]) -> float:
    return len(one & other) / len(one | other)


def numbers(texts: list[str]) -> Any:
    parts = [numbers_of(minhash_of(text)) or b"" for text in texts]
    return np.frombuffer(b"".join(parts), np.uint8).reshape(len(texts), -1)


def rows_of(texts: list[str]) -> list[str]:
    """The table of changed texts, and a sentence about the others."""
    known, words = list(map(phrases, texts)), [word for text in texts for word in text.split()]
    own = numbers(texts)
    alone = first_alike(own)
    pairs = sum(
        shared(known[one], known[other]) >= ALIKE
        for one, other in itertools.combinations(range(len(texts)), 2)
        if not known[one].isdisjoint(known[other])
    )
    rows = [
        "| changed | share in common, median | alike | found of them | found of the others | wrong |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for name, change, share in CHANGES:
        changed = [change(text, share, words) for text in texts]
        first = first_alike(np.concatenate([own, numbers(changed)]))[len(texts) :]
        common = [shared(one, phrases(text)) for one, text in zip(known, changed, strict=True)]
        right = [found in {place, alone[place]} and found >= 0 for place, found in enumerate(first)]
        alike = [hit for hit, much in zip(right, common, strict=True) if much >= ALIKE]
        wrong = sum(found >= 0 and not hit for found, hit in zip(first, right, strict=True))
        others = sum(right) - sum(alike)
        cells = (
            f"{share:.0%} of {name}",
            f"{statistics.median(common):.2f}",
            str(len(alike)),
            f"{sum(alike) / max(1, len(alike)):.3f}",
            str(others),
            str(wrong),
        )
        rows.append(f"| {' | '.join(cells)} |")
    found = int((alone >= 0).sum())
    rows += ["", f"Of the pages themselves {pairs} pairs are alike, and {found} rows are found."]
    return rows


def million() -> float:
    """CPU seconds for a million rows."""
    draw = np.random.default_rng(1)
    rows = draw.integers(0, 256, (MILLION, 128), dtype=np.uint8)
    for place in range(MILLION // 2, MILLION // 2 + MILLION // 10):
        rows[place] = np.where(draw.random(128) < 0.1, rows[place], rows[place - MILLION // 2])
    rows[draw.permutation(MILLION)[: MILLION // 20]] = rows[0]
    began = time.process_time()
    first_alike(rows)
    return time.process_time() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--half", choices=HALVES, default=HALVES[1])
    parser.add_argument("--write", action="store_true", help="into docs/evaluation.md")
    options = parser.parse_args()
    texts = list(texts_of(options.folder, options.half))
    rows = rows_of(texts)
    head = (
        f"{len(texts)} texts of the {options.half} half; a million rows: {million():.1f} s of CPU."
    )
    lines = [head, "", *rows]
    print("\n".join(lines))
    if options.write:
        put("evaluation.md", "near duplicates", __file__, "\n".join(lines))


if __name__ == "__main__":
    main()
