"""One selector tried on many stored pages: on how many it matches, and what the others have instead."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scrapeq import display
from scrapeq.extract.selectors import checked_selector
from scrapeq.trying.explaining import near_names
from scrapeq.trying.reading import Reading

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class TriedPage:
    """row: of the input, from 0. matches: how many. value: the first. near: names that the page has in
    place of one that it lacks. why: in words, where nothing matches."""

    row: int
    url: str
    matches: int
    value: str | None = None
    near: tuple[str, ...] = ()
    why: str = ""


class SelectorTrial:
    """What a selector gives on some pages of a batch."""

    def __init__(self, selector: str, pages: Iterable[TriedPage]) -> None:
        self.selector = selector
        self.pages = tuple(pages)

    @property
    def matched(self) -> int:
        """On how many pages it matches."""
        return sum(one.matches > 0 for one in self.pages)

    @property
    def summary(self) -> str:
        """In a sentence: "matches on 28 of 40 pages; on 12 there is .price-new instead"."""
        total = len(self.pages)
        if not total:
            return "no page is stored to try it on"
        summary = f"matches on {self.matched:,} of {total:,} page{'s' if total != 1 else ''}"
        missed = [one for one in self.pages if not one.matches]
        near = Counter(one.near[0] for one in missed if one.near)
        for name, count in near.most_common(2):
            summary += f"; on {count:,} there is {name} instead"
        if missed and not near:
            summary += f"; elsewhere, {missed[0].why}"
        return summary

    @property
    def df(self) -> pd.DataFrame:
        """One row per page: row int64 · url string · matches Int64 · value, near, why string."""
        import pandas as pd

        rows = [
            (one.row, one.url, one.matches, one.value, ", ".join(one.near) or None, one.why or None)
            for one in self.pages
        ]
        frame = pd.DataFrame(rows, columns=["row", "url", "matches", "value", "near", "why"])
        kinds = dict.fromkeys(("url", "value", "near", "why"), "string")
        return frame.astype({"row": "int64", "matches": "Int64", **kinds})

    def __repr__(self) -> str:
        return f"<SelectorTrial {self.selector!r} {display.plain(self.summary, 300)}>"

    def _repr_html_(self) -> str:
        facts: dict[str, object] = {
            display.address(one.url, 80): display.plain(one.value or one.why or "–", 200)
            for one in self.pages[:20]
        }
        corner = f"{self.matched:,} of {len(self.pages):,}"
        return display.card(self.selector, facts, note=self.summary, corner=corner)


def try_selector(selector: str, readings: Iterable[tuple[int, Reading]]) -> SelectorTrial:
    """The selector on each page. Raises ConfigError for what is no selector."""
    checked_selector(selector)  # also where there is no page
    return SelectorTrial(selector, [_tried(selector, row, one) for row, one in readings])


def _tried(selector: str, row: int, reading: Reading) -> TriedPage:
    found = reading.select(selector)
    if found:
        return TriedPage(row, reading.url, len(found), found[0])
    near = tuple(near_names(reading.tree, selector))
    return TriedPage(row, reading.url, 0, near=near, why=found.why)
