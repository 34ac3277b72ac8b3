"""The tables of a page, cell by cell as a browser lays them out, and never those that are layout.

Which tables are data is decided by these rules, the first that holds:

1. `role="presentation"` or `role="none"`: layout, the page says so itself.
2. A caption, a thead, a th, or `role` table, grid or treegrid: data.
3. Another table inside: layout.
4. Fewer than two rows or two columns: layout.
5. Headings, forms, sections, navigation or frames inside: layout.
6. More than half of the cells empty, or 200 characters in a cell on average: layout.

What is left is data. A table without a single row below its header is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from selectolax.lexbor import LexborHTMLParser, LexborNode

from scrapeq.extract.element_text import text_of, tidy
from scrapeq.models import FoundTable

#: The HTML standard's bounds (WHATWG HTML, 4.9.11): what is more counts as this.
MAX_COLSPAN, MAX_ROWSPAN = 1_000, 65_534
#: Of one page: tables that are kept, those that are looked at, and how deep they may be nested.
MAX_TABLES, MAX_LOOKED_AT, MAX_LEVELS = 200, 2_000, 8
#: Of all tables of a page together. A cell counts as often as its spans repeat it, and so do its
#: characters: one cell may span a thousand columns of as many rows.
MAX_CELLS, MAX_CHARACTERS = 200_000, 5_000_000
MAX_COLUMNS = 1_000
MAX_CELL_CHARACTERS = 20_000
#: Rows at the top that may be a header together.
MAX_HEADER_ROWS = 8
#: Characters of a cell, on average, that make a table prose in columns.
_PROSE = 200


def tables_of(tree: LexborHTMLParser) -> list[FoundTable]:
    """The data tables of a page in its order, nested ones too.

    A cell that spans columns or rows stands in each of them; where one spans a whole row, as the
    heading of a section does, it stands in the first column only. Several header rows are joined:
    "2024 Price". Columns in which no cell begins, and empty columns and rows, are left out. Texts
    keep their line breaks; of a picture alone its alternative text is taken.
    """
    found: list[FoundTable] = []
    budget = _Budget()
    levels: dict[int, int] = {}
    containing: set[int] = set()
    tables = tree.css("table")[:MAX_LOOKED_AT]
    for node in tables:
        around = _table_around(node)
        levels[node.mem_id] = levels.get(around, MAX_LEVELS) + 1 if around else 0
        containing.add(around)
    for node in tables:
        if len(found) == MAX_TABLES or budget.is_spent:
            break
        has_tables = node.mem_id in containing
        is_data = _says_data(node)
        if (
            is_data is False
            or (is_data is None and has_tables)
            or levels[node.mem_id] >= MAX_LEVELS
        ):
            continue
        drawn = _drawn(node, budget, has_tables=has_tables)
        if drawn is None or (is_data is None and drawn.looks_like_layout):
            continue
        if table := drawn.table():
            found.append(table)
    return found


def table_of(node: LexborNode) -> FoundTable | None:
    """The table of one element: itself, or the first inside it; None if there is none, or no row.

    Whoever asks for an element means it: the rules on layout are not applied.
    """
    table = node if node.tag == "table" else node.css_first("table")
    if table is None:
        return None
    drawn = _drawn(table, _Budget(), has_tables=len(table.css("table")) > 1)
    return drawn.table() if drawn is not None else None


def _says_data(table: LexborNode) -> bool | None:
    """Whether a table says that it is data (rule 2) or layout (rule 1); None if it says nothing."""
    role = (table.attributes.get("role") or "").strip().lower()
    if role in {"presentation", "none"}:
        return False
    if role in {"table", "grid", "treegrid"}:
        return True
    for child in table.iter():
        if child.tag in {"caption", "thead"}:
            return True
        rows = child.iter() if child.tag in _GROUPS else [child]
        if any(cell.tag == "th" for row in rows if row.tag == "tr" for cell in row.iter()):
            return True
    return None


# --- the grid ----------------------------------------------------------------------------------


@dataclass(slots=True)
class _Budget:
    """What may still be kept of a page's tables."""

    cells: int = MAX_CELLS
    characters: int = MAX_CHARACTERS

    @property
    def is_spent(self) -> bool:
        return self.cells <= 0 or self.characters <= 0


@dataclass(slots=True, eq=False)
class _Spot:
    """One cell as it was written, in all the places that it spans. column: where it begins."""

    text: str
    is_header: bool
    is_bold: bool
    column: int


@dataclass(slots=True)
class _Row:
    """spots: by the number of their column. is_head: whether it stands in a thead."""

    spots: dict[int, _Spot]
    is_head: bool

    def has_only(self, kind: str) -> bool:
        """Whether all cells with text are of a kind: is_header or is_bold."""
        with_text = [spot for spot in self.spots.values() if spot.text]
        return bool(with_text) and all(getattr(spot, kind) for spot in with_text)

    @property
    def single(self) -> _Spot | None:
        """The one cell that the row is made of, if it is one."""
        first = next(iter(self.spots.values()), None)
        return first if first and all(one is first for one in self.spots.values()) else None


@dataclass(slots=True)
class _Drawn:
    """A table as a browser lays it out."""

    node: LexborNode
    caption: str
    rows: list[_Row] = field(default_factory=list)

    @property
    def looks_like_layout(self) -> bool:
        """Rules 4 to 6, for a table that says nothing of itself."""
        spots = [spot for row in self.rows for spot in row.spots.values()]
        if len(self.rows) < 2 or len({spot.column for spot in spots}) < 2:
            return True
        if self.node.css_first(_NOT_IN_DATA) is not None:
            return True
        empty = sum(not spot.text for spot in spots)
        return empty * 2 > len(spots) or sum(len(one.text) for one in spots) > _PROSE * len(spots)

    def table(self) -> FoundTable | None:
        """The value, None without a row of data."""
        rows = [row for row in self.rows if any(spot.text for spot in row.spots.values())]
        caption = self.caption or _figure_caption(self.node)
        columns = _columns(rows)
        while len(rows) > 1 and len(columns) > 1 and _is_title(rows[0]):
            title = rows.pop(0).single
            caption = caption or tidy(title.text if title else "")
        heads = _header_rows(rows)
        header, body = rows[:heads], rows[heads:]
        names = [_joined(header, column) for column in columns]
        last = {spot.text for spot in header[-1].spots.values()} if header else set()
        values = [
            _values(row, columns)
            for row in body
            if not (row.has_only("is_header") and {one.text for one in row.spots.values()} == last)
        ]
        kept = [
            place
            for place, name in enumerate(names)
            if name or any(row[place] is not None for row in values)
        ]
        if not kept or not values:
            return None
        return FoundTable.named(
            [names[place] for place in kept],
            [[row[place] for place in kept] for row in values],
            caption or None,
        )


def _drawn(table: LexborNode, budget: _Budget, *, has_tables: bool) -> _Drawn | None:
    """The table with its cells in their places, None for one that has none."""
    caption = ""
    groups: list[tuple[str, list[LexborNode]]] = []
    feet: list[tuple[str, list[LexborNode]]] = []
    for child in table.iter():
        tag = child.tag
        if tag == "caption" and not caption:
            caption = tidy(_text(child, has_tables=has_tables))[:MAX_CELL_CHARACTERS]
        elif tag in _GROUPS:
            rows = [row for row in child.iter() if row.tag == "tr"]
            (feet if tag == "tfoot" else groups).append((tag or "", rows))
        elif tag == "tr":
            groups.append(("tbody", [child]))
    drawn = _Drawn(table, caption)
    for tag, rows in [*groups, *feet]:
        drawn.rows += _laid_out(rows, budget, is_head=tag == "thead", has_tables=has_tables)
    return drawn if drawn.rows else None


def _laid_out(
    rows: list[LexborNode], budget: _Budget, *, is_head: bool, has_tables: bool
) -> Iterator[_Row]:
    """The rows of one group; what spans rows ends with it, as in a browser."""
    hanging: dict[
        int, tuple[_Spot, int]
    ] = {}  # by column: a cell from above, the rows it still has
    for row in rows:
        if budget.is_spent:
            return
        spots = {column: spot for column, (spot, _) in hanging.items()}
        spanning = {
            column: (spot, left - 1) for column, (spot, left) in hanging.items() if left > 1
        }
        column = 0
        for cell in row.iter():
            if cell.tag not in _CELLS:
                continue
            while column in spots:
                column += 1
            if column >= MAX_COLUMNS:
                break
            attributes = cell.attributes
            width = min(max(_number(attributes.get("colspan"), 1), 1), MAX_COLSPAN)
            height = min(_number(attributes.get("rowspan"), 1), MAX_ROWSPAN) or MAX_ROWSPAN
            text = _text(cell, has_tables=has_tables)[:MAX_CELL_CHARACTERS]
            spot = _Spot(text, cell.tag == "th", _is_bold(cell), column)
            for place in range(column, min(column + width, MAX_COLUMNS)):
                if place not in spots:
                    spots[place] = spot
                    if height > 1:
                        spanning[place] = spot, height - 1
            column += width
        budget.cells -= len(spots) + 1
        budget.characters -= sum(len(spot.text) for spot in spots.values())
        hanging = spanning
        yield _Row(spots, is_head)


def _number(written: str | None, default: int) -> int:
    """A number as HTML reads one (WHATWG HTML, 2.3.4.2): what stands behind its digits is ignored."""
    match = _DIGITS.match(written or "")
    return int(match[1][:6]) if match else default


def _text(cell: LexborNode, *, has_tables: bool) -> str:
    """What is written in a cell, but for the tables in it, which are tables of their own."""
    if has_tables and cell.css_first("table") is not None:
        # Only a copy may be cut
        copy = LexborHTMLParser(f"<div>{''.join(child.html or '' for child in cell.iter(True))}")
        for inner in [one for one in copy.css("table") if not _table_around(one)]:
            inner.decompose()
        return text_of(copy.body) if copy.body is not None else ""
    text = text_of(cell)
    if not text and (picture := cell.css_first("img[alt]")) is not None:
        return tidy(picture.attributes.get("alt") or "")
    return text


def _is_bold(cell: LexborNode) -> bool:
    """Whether all that is in a cell is one bold element."""
    only = [one for one in cell.iter(include_text=True) if one.tag != "-text" or one.text().strip()]
    return len(only) == 1 and only[0].tag in {"b", "strong"}


def _table_around(node: LexborNode) -> int:
    """The `mem_id` of the table that an element is in; 0 if it is in none."""
    above = node.parent
    while above is not None and above.tag != "table":
        above = above.parent
    return 0 if above is None else above.mem_id


# --- from the grid to the value ----------------------------------------------------------------


def _columns(rows: list[_Row]) -> list[int]:
    """The columns in which a cell begins: a colspan of 100 that means "all" makes no others."""
    beginning = {
        spot.column for row in rows if row.single is None for spot in row.spots.values()
    } or {0}
    return sorted(beginning)


def _is_title(row: _Row) -> bool:
    """Whether a row is one header cell over the whole table, which is its name and no column's."""
    only = row.single
    return only is not None and (only.is_header or row.is_head) and len(row.spots) > 1


def _header_rows(rows: list[_Row]) -> int:
    """How many rows at the top name the columns: those of the thead; else those of th cells alone;
    else a first row that is bold, where the second is not. At least one row is left for data."""
    heads = 0
    while heads < len(rows) and rows[heads].is_head:
        heads += 1
    if heads:
        return min(heads, MAX_HEADER_ROWS)
    while heads < min(len(rows) - 1, MAX_HEADER_ROWS) and rows[heads].has_only("is_header"):
        heads += 1
    if heads and all(row.has_only("is_header") for row in rows):
        return 1
    if not heads and len(rows) > 1 and rows[0].single is None:
        return int(rows[0].has_only("is_bold") and not rows[1].has_only("is_bold"))
    return heads


def _joined(header: list[_Row], column: int) -> str:
    """The name of a column: the texts of the header rows, each once where one spans several."""
    texts = [tidy(row.spots[column].text) for row in header if column in row.spots]
    return " ".join(dict.fromkeys(filter(None, texts)))


def _values(row: _Row, columns: list[int]) -> list[str | None]:
    if row.single is not None:
        return [row.single.text or None, *[None] * (len(columns) - 1)]
    return [row.spots[column].text or None if column in row.spots else None for column in columns]


def _figure_caption(table: LexborNode) -> str:
    """What the figure that a table stands in is called."""
    above = table.parent
    for _ in range(3):
        if above is None or above.tag in {"body", "td", "th"}:
            return ""
        if above.tag == "figure":
            caption = above.css_first("figcaption")
            return tidy(text_of(caption))[:MAX_CELL_CHARACTERS] if caption is not None else ""
        above = above.parent
    return ""


_GROUPS = frozenset({"thead", "tbody", "tfoot"})
_CELLS = frozenset({"td", "th"})
_DIGITS = re.compile(r"[\t\n\f\r ]*\+?([0-9]+)")
_NOT_IN_DATA = (
    "h1, h2, h3, form, input:not([type=hidden]), select, textarea, article, section, nav, header, "
    "footer, main, aside, iframe, object, embed"
)
