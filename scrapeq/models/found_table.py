"""A table that was found on a page or in a file, as a plain value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from scrapeq import display

#: What a cell may hold: JSON's own values, so that a table crosses every border as it is.
Cell = str | int | float | bool | None


@dataclass(frozen=True, slots=True, repr=False)
class FoundTable:
    """columns: a name for each, none empty, none twice. rows: each as long as `columns`, None where
    nothing was written. caption: what the table is called, None if it is called nothing.

    The cells of a page are text; those of a file, and of columns that cleaning found to be numbers,
    may be of other types.
    """

    columns: list[str] = field(default_factory=list)
    rows: list[list[Cell]] = field(default_factory=list)
    caption: str | None = None

    @classmethod
    def named(
        cls, names: Iterable[str | None], rows: Sequence[Sequence[Cell]], caption: str | None = None
    ) -> Self:
        """The table with a name for each column: `col_2` for an empty one, `Price_2` for the second
        of two that are called Price. Rows that are too short are filled up, longer ones cut."""
        columns = unique_names(names)
        width = len(columns)
        whole = [[*row[:width], *[None] * (width - len(row))] for row in rows]
        return cls(columns, whole, caption)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values, not copies."""
        return {"caption": self.caption, "columns": self.columns, "rows": self.rows}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The table that `to_json` was called on."""
        return cls(data["columns"], data["rows"], data["caption"])

    def __repr__(self) -> str:
        name = f"{display.plain(self.caption, 60)!r} " if self.caption else ""
        return f"<FoundTable {name}{len(self.rows):,} rows × {len(self.columns):,} columns>"


def unique_names(names: Iterable[str | None]) -> list[str]:
    """A name for each, in their order: `col_1` for the first if it is empty, `Price_2` for a second
    Price.

    >>> unique_names(["Price", "", "Price", None])
    ['Price', 'col_2', 'Price_2', 'col_4']
    """
    given = [" ".join((name or "").split()) for name in names]
    taken = set(given)
    used: set[str] = set()
    result = []
    for place, wanted in enumerate(given, 1):
        name = wanted or f"col_{place}"
        if name in used or not wanted:
            stem, number = (name, 2) if wanted else (name, 1)
            name = f"{stem}_{number}" if wanted else stem
            while name in taken or name in used:
                number += 1
                name = f"{stem}_{number}"
        used.add(name)
        result.append(name)
    return result
