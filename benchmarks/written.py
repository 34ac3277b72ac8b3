"""Results in the documents: each between two marks that name the benchmark which writes them."""

from __future__ import annotations

import datetime
from pathlib import Path

DOCS = Path(__file__).parent.parent / "docs"


def put(document: str, name: str, by: str, *parts: str) -> None:
    """Have the parts, and nothing else, between the marks of `name` in a page of docs/.

    by: the benchmark's file. Raises ValueError where the page has no such marks.
    """
    path = DOCS / document
    begin, end = f"<!-- {name}: written by benchmarks/{Path(by).name} -->", "<!-- end -->"
    before, mark, rest = path.read_text(encoding="utf-8").partition(begin)
    _, ended, after = rest.partition(end)
    if not (mark and ended):
        raise ValueError(f"{path} has no part {begin} ... {end}")
    body = "\n\n".join(parts)
    path.write_text(f"{before}{begin}\n\n{body}\n\n{end}{after}", encoding="utf-8")


def today() -> str:
    """The day, as the documents write it."""
    return f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d}"
