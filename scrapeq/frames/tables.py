"""The tables that were found on the pages of a batch, each a DataFrame when it is asked for."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, overload

import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped] # it has no types

from scrapeq.errors import ConfigError, NotFound
from scrapeq.frames.columns import TEXT, array, make_frame, rows_frame
from scrapeq.frames.exporting import export
from scrapeq.frames.file_formats import EXPORTED, in_words
from scrapeq.models import FoundTable
from scrapeq.models.found_table import Cell

_TYPES = {
    "row": pa.int64(),
    "page_url": TEXT,
    "number": pa.int64(),
    "caption": TEXT,
    "rows": pa.int64(),
    "columns": TEXT,
}


class Tables(Sequence[pd.DataFrame]):
    """The tables of a batch, in the order of pages and, within a page, of the document.

    `tables[3]` is the fourth as a DataFrame, `tables.frame(row, number)` one by its page. `df` lists
    them; that is also what a notebook shows.
    """

    def __init__(self, found: Sequence[tuple[int, str, int, FoundTable]]) -> None:
        """found: row, page's URL, number of the table on the page (from 0), and the table."""
        self._found = found
        self._places = {(row, number): place for place, (row, _, number, _) in enumerate(found)}

    @property
    def df(self) -> pd.DataFrame:
        """One row per table.

        Columns: row (of the input, from 0), number (of the table on its page, from 0), rows Int64 ·
        page_url, caption string · columns string (the names, with commas between them).
        """
        return rows_frame(
            _TYPES,
            [
                (row, url, number, table.caption, len(table.rows), ", ".join(table.columns))
                for row, url, number, table in self._found
            ],
        )

    def frame(self, row: int, number: int = 0) -> pd.DataFrame:
        """The table of an input row (from 0), on request not the first one of its page.

        Raises NotFound if there is none.
        """
        if (row, number) not in self._places:
            count = sum(one == row for one, _ in self._places)
            raise NotFound(
                f"row {row} has no table {number}",
                hint=f"it has {count}, counted from 0"
                if count
                else 'scrape with page_fields="all", or with "tables" among them; batch.tables.df '
                "lists what was found",
            )
        return self[self._places[row, number]]

    def save(self, folder: str | os.PathLike[str], ending: str = ".csv") -> list[Path]:
        """Write each table into a folder, which is made; the paths, in order.

        A file is called by its row and its number on the page, as `12-0.csv`. ending: one of those
        of `batch.export`, which also says how text is kept from doing harm. Raises ConfigError where
        it cannot be written.
        """
        if ending not in EXPORTED:
            raise ConfigError(
                f"tables cannot be written as {ending!r}", hint=f"write {in_words(EXPORTED)}"
            )
        target = Path(folder).expanduser()
        try:
            target.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(
                f"{target} cannot be made: {error.strerror or error}",
                hint="save the tables to another folder",
            ) from error
        return [
            export(frame, target / f"{row}-{number}{ending}")
            for (row, _, number, _), frame in zip(self._found, self, strict=True)
        ]

    def __len__(self) -> int:
        return len(self._found)

    @overload
    def __getitem__(self, place: int) -> pd.DataFrame: ...
    @overload
    def __getitem__(self, place: slice) -> Tables: ...
    def __getitem__(self, place: int | slice) -> pd.DataFrame | Tables:
        if isinstance(place, slice):
            return Tables(self._found[place])
        if (
            not -len(self) <= place < len(self)
        ):  # a sequence that is walked through ends with IndexError
            raise IndexError(f"there are {len(self):,} tables, counted from 0; .df lists them")
        return table_frame(self._found[place][-1])

    def __iter__(self) -> Iterator[pd.DataFrame]:
        return (table_frame(table) for *_, table in self._found)

    def __repr__(self) -> str:
        pages = len({row for row, *_ in self._found})
        return f"<Tables {len(self):,} of {pages:,} pages>"

    def _repr_html_(self) -> str:
        return str(self.df._repr_html_())  # type: ignore[operator] # it is not typed


def found_tables(chunks: Iterable[Sequence[tuple[int, str, Any]]]) -> Tables:
    """The tables of pages; chunks: lists of (row, page's URL, what `FoundTable.to_json` gave)."""
    return Tables(
        [
            (row, page_url, number, FoundTable.from_json(table))
            for chunk in chunks
            for row, page_url, tables in chunk
            for number, table in enumerate(tables)
        ]
    )


def table_frame(table: FoundTable) -> pd.DataFrame:
    """The table as a DataFrame: columns of numbers are Int64 or Float64, of truths boolean, all
    others string; what is missing is NA."""
    places = range(len(table.columns))
    columns = [[row[place] for row in table.rows] for place in places]
    types = {str(place): _type(column) for place, column in zip(places, columns, strict=True)}
    arrays = {
        name: [array(_of_one_type(column, kind), kind)]
        for (name, kind), column in zip(types.items(), columns, strict=True)
    }
    frame = make_frame(types, arrays)
    frame.columns = pd.Index(table.columns)
    return frame


def _type(column: Sequence[Cell]) -> pa.DataType:
    kinds = {type(cell) for cell in column} - {type(None)}
    if kinds == {bool}:
        return pa.bool_()
    if kinds == {int} and all(abs(cell) < 2**63 for cell in column if isinstance(cell, int)):
        return pa.int64()
    return pa.float64() if kinds and kinds <= {int, float} else TEXT


def _of_one_type(column: Sequence[Cell], kind: pa.DataType) -> Sequence[Cell]:
    if kind == pa.float64():
        return [None if cell is None else float(cell) for cell in column]
    if kind == TEXT:
        return [None if cell is None else str(cell) for cell in column]
    return column
