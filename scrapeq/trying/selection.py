"""What one selector matches on a page, and where."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scrapeq import display

if TYPE_CHECKING:
    import pandas as pd

#: Matches that a card shows.
SHOWN = 20


@dataclass(frozen=True, slots=True)
class Match:
    """One match. where: the way to its element from the page's top, by CSS; "" for what is no element,
    as an XPath that counts, and behind the first 50 matches. markup: how the element begins."""

    value: str
    where: str
    markup: str = ""


class Selection(Sequence[str]):
    """The values that a selector gives on a page, in the page's order: a list of texts that shows where
    they are, and why there are none."""

    def __init__(self, selector: str, matches: Sequence[Match], why: str = "") -> None:
        self.selector = selector
        self.matches = tuple(matches)
        #: Why nothing matches; "" where something does.
        self.why = why

    def __len__(self) -> int:
        return len(self.matches)

    def __getitem__(self, place):  # type: ignore[no-untyped-def] # as a list's: one, or a slice
        values = [one.value for one in self.matches]
        return values[place]

    def __iter__(self) -> Iterator[str]:
        return (one.value for one in self.matches)

    @property
    def df(self) -> pd.DataFrame:
        """One row per match: value, where, markup string."""
        import pandas as pd

        names = ("value", "where", "markup")
        rows = [[getattr(one, name) for name in names] for one in self.matches]
        return pd.DataFrame(rows, columns=list(names)).astype("string")

    def __repr__(self) -> str:
        if not self.matches:
            return f"<Selection {self.selector!r}: nothing matches; {display.plain(self.why, 400)}>"
        first = display.plain(self.matches[0].value, 60)
        return f"<Selection {self.selector!r}: {display.count(len(self))}, the first {first!r}>"

    def _repr_html_(self) -> str:
        facts: dict[str, object] = {
            f"{number + 1} {display.plain(one.where, 120)}": display.plain(one.value, 200)
            for number, one in enumerate(self.matches[:SHOWN])
        }
        more = len(self) - SHOWN
        note = self.why or (f"and {display.count(more)} more" if more > 0 else None)
        return display.card(
            self.selector, facts, note=note, corner=f"{display.count(len(self))} matches"
        )
