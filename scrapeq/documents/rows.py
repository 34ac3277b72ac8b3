"""Rows of a file to a table: which of them is the header, and how many are kept."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from scrapeq.models.found_table import Cell, FoundTable

#: Cells of all tables of a document: to clean so many takes 2 s, of the 10 that the reading child has.
MOST_CELLS = 500_000
#: Columns, as many as Excel has, and characters of a cell, as many as it takes.
MOST_COLUMNS, MOST_CHARACTERS = 16_384, 32_767
#: Rows that may stand above a header: a title, a note, an empty line.
MOST_ABOVE = 20


def table_of(rows: Sequence[Sequence[Cell]], caption: str | None = None) -> FoundTable | None:
    """A table of rows that may be of different lengths; None if nothing is in them.

    Empty rows at the edges and columns without anything are left out. What stands above the header in a
    single cell is its caption, unless there is one. The first row is the header if it is all text, as
    wide as the table, and another row is not like it; else columns are called `col_1` and so on.
    """
    kept = [[_short(cell) for cell in row[:MOST_COLUMNS]] for row in rows]
    kept = _without_edges(kept)
    if not kept:
        return None
    width = max(map(len, kept))
    used = [
        place
        for place in range(width)
        if any(place < len(row) and row[place] is not None for row in kept)
    ]
    grid: list[list[Cell]] = [
        [row[place] if place < len(row) else None for place in used] for row in kept
    ]
    above = 0
    if len(used) > 1:
        while above < min(MOST_ABOVE, len(grid) - 1) and _filled(grid[above]) <= 1:
            above += 1
    if above and not _is_header(grid[above], grid[above + 1 :]):
        above = 0  # it is no title but a first row with gaps
    above_it = [str(cell) for row in grid[:above] for cell in row if cell is not None]
    body = _without_edges(grid[above:])
    if _is_header(body[0], body[1:]):
        names, body = [None if cell is None else str(cell) for cell in body[0]], body[1:]
    else:
        names = [None] * len(used)
    return FoundTable.named(names, body, caption or " ".join(above_it)[:1_000] or None)


def enough(rows: Iterable[Sequence[Cell]], most_cells: int) -> tuple[list[list[Cell]], int]:
    """The first rows that have so many cells together, and how many rows there are."""
    kept: list[list[Cell]] = []
    cells = count = 0
    for row in rows:
        count += 1
        if cells < most_cells:
            # An empty cell costs something too, and so does an empty row
            cells += len(row) + 1
            kept.append(list(row[:MOST_COLUMNS]))
    return kept, count


def as_text(tables: Iterable[FoundTable], most: int) -> str | None:
    """What tables say: a line for each row, its cells separated by tabs."""
    lines: list[str] = []
    length = 0
    for table in tables:
        for row in ([table.caption] if table.caption else None, table.columns, *table.rows):
            if row is not None:
                line = "\t".join("" if cell is None else str(cell) for cell in row)
                lines.append(line)
                length += len(line) + 1
            if length > most:
                return "\n".join(lines)[:most]
        lines.append("")
    return "\n".join(lines).strip() or None


def _short(cell: Cell) -> Cell:
    """A cell with white space at its edges cut; None for an empty one."""
    return cell[:MOST_CHARACTERS].strip() or None if isinstance(cell, str) else cell


def _filled(row: Sequence[Cell]) -> int:
    return sum(cell is not None for cell in row)


def _without_edges(rows: Sequence[list[Cell]]) -> list[list[Cell]]:
    filled = [place for place, row in enumerate(rows) if _filled(row)]
    return list(rows[filled[0] : filled[-1] + 1]) if filled else []


def _is_header(first: Sequence[Cell], others: Sequence[Sequence[Cell]]) -> bool:
    """Whether a row names the columns of those below: text in most places, no number among it, no
    name twice, and no row below that repeats one of its names in the same place."""
    names = [cell for cell in first if cell is not None]
    if not names or not others or 2 * len(names) < len(first):
        return False
    if any(not isinstance(name, str) or _NUMBER.fullmatch(name) for name in names):
        return False
    if len(set(names)) < len(names) and len(names) < 3:
        return False
    if any(
        isinstance(cell, (int, float)) or _is_number(cell) for row in others[:50] for cell in row
    ):
        return True
    below = others[:50]
    return not any(
        one is not None and row[place] == one
        for place, one in enumerate(first)
        for row in below
        if place < len(row)
    )


def _is_number(cell: Cell) -> bool:
    return isinstance(cell, str) and _NUMBER.fullmatch(cell) is not None


#: Numbers, shares, prices and days: what names no column. A year alone does, in tables by year.
_NUMBER = re.compile(r"(?!(?:19|20)\d\d$)[-+(]?\s*[€$£¥]?\s*\d[\d.,:/'’  -]*\s*[%€$£¥)]?")
