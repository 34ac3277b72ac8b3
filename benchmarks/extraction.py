"""How well main text, title, author and date are read: python benchmarks/extraction.py FOLDER

FOLDER is the unpacked development part of the web-content-extraction-benchmark (WCXB), with
html/*.html.gz and ground-truth/*.json below it. Prints a row for each kind of page:

    text     mean per page of the word F1 (bags of words, in lower case)
    title    right, after folding case, width and punctuation; of the pages that have one
    author   F1 over pages of the same set of names
    date     F1 over pages of the same day
    invented pages for which an author or a date was given although there is none
    cpu_ms   CPU milliseconds a page, all of it, then without the main text
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import time
import unicodedata
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

from scrapeq.extract import extract
from scrapeq.models import Content, Failure, Recipe

_WORD = re.compile(r"\w+")
_AND = re.compile(r"\s*(?:[;,&]|\band\b)\s*")


def word_f1(found: str | None, truth: str | None) -> float:
    """2 * common words / all words of both; 1 if both are empty."""
    ours, theirs = (Counter(_WORD.findall((text or "").lower())) for text in (found, truth))
    every = ours.total() + theirs.total()
    return 2 * (ours & theirs).total() / every if every else 1.0


def fold(text: str | None) -> str:
    """Letters and digits in one case, words apart."""
    return " ".join(_WORD.findall(unicodedata.normalize("NFKC", text or "").casefold()))


def names(text: str | None) -> frozenset[str]:
    return frozenset(name for part in _AND.split(text or "") if (name := fold(part)))


class Score:
    """Right, wrong and missing values of one field, and F1 of them."""

    def __init__(self) -> None:
        self.right = self.given = self.there = self.invented = 0

    def add(self, found: Any, truth: Any) -> None:
        self.right += bool(truth) and found == truth
        self.given += bool(found)
        self.there += bool(truth)
        self.invented += bool(found) and not truth

    @property
    def f1(self) -> float:
        return 2 * self.right / max(1, self.given + self.there)


def main() -> None:
    parser = argparse.ArgumentParser(description="Scores of extraction on WCXB.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--every", type=int, default=1, help="take each n-th page only")
    parser.add_argument("--main-text", choices=["best", "fast", "off"], default="best")
    options = parser.parse_args()

    pages = sorted(options.folder.rglob("*.html.gz"))[:: options.every]
    texts: dict[str, list[float]] = defaultdict(list)
    titles, authors, dates = (defaultdict(Score) for _ in range(3))
    cpu_s: Counter[str] = Counter()
    for path in pages:
        number = path.name.partition(".")[0]
        truth_file = path.parent.parent / "ground-truth" / f"{number}.json"
        about = json.loads(truth_file.read_text(encoding="utf-8"))
        truth, kind = about["ground_truth"], about["_internal"]["page_type"]["primary"]
        body = gzip.decompress(path.read_bytes())
        for how in {options.main_text, "off"}:
            began = time.process_time()
            page = extract(
                body,
                url=about.get("url") or truth.get("url") or "",
                content_type="text/html",
                recipe=Recipe(main_text=how, extract_links=True, extract_images=True),
            )
            cpu_s[how] += time.process_time() - began
            if how == options.main_text:
                result = page if isinstance(page, Content) else Content()
                if isinstance(page, Failure):
                    print(f"{number}: {page.kind} {page.message}")
        day = str(result.published_at.date()) if result.published_at else ""
        for group in (kind, "all"):
            if truth.get("main_content") is not None:
                texts[group].append(word_f1(result.text, truth["main_content"]))
            titles[group].add(fold(result.title), fold(truth.get("title")))
            authors[group].add(names(result.author), names(truth.get("author")))
            dates[group].add(day, (truth.get("publish_date") or "")[:10])

    print(f"{'pages':14}{'n':>6}{'text':>7}{'title':>7}{'author':>8}{'date':>7}{'invented':>12}")
    for group in sorted(texts, key=lambda name: (name == "all", name)):
        title, author, date = titles[group], authors[group], dates[group]
        print(
            f"{group:14}{len(texts[group]):6}{sum(texts[group]) / len(texts[group]):7.3f}"
            f"{title.right / max(1, title.there):7.3f}{author.f1:8.3f}{date.f1:7.3f}"
            f"{author.invented:>6}{date.invented:>6}"
        )
    for how, seconds in cpu_s.items():
        print(f"cpu_ms main_text={how}: {1000 * seconds / len(pages):.1f}")


if __name__ == "__main__":
    main()
