"""Workbooks: xlsx, xlsm, xlsb, xls and ods, a table for each sheet.

Read by calamine, which is written in Rust: see docs/decisions/0022.
"""

from __future__ import annotations

import lzma
import math
import re
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from functools import partial
from io import BytesIO
from itertools import islice
from typing import Any

from scrapeq.documents.delimited import MOST_TEXT
from scrapeq.documents.document import Document, Found
from scrapeq.documents.markup import local_name, parse, text_of
from scrapeq.documents.moments import moment, written
from scrapeq.documents.rows import MOST_CELLS, as_text, enough, table_of
from scrapeq.models import ErrorKind, Failure
from scrapeq.models.found_table import Cell

#: Bytes that the parts of a workbook may have, unpacked: ten times the largest body.
MOST_UNPACKED = 200 * 1024 * 1024
#: Places of a sheet up to its last cell, empty ones included: calamine takes 32 bytes for each.
MOST_PLACES = 30_000_000
#: Sheets that are read, and bytes of the part that says who wrote it.
MOST_SHEETS, LONGEST_ABOUT = 200, 100_000
#: What an archive that cannot be read raises.
_BROKEN = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, OSError, EOFError, NotImplementedError),
    *(ValueError, KeyError, RuntimeError),
)


#: The rows of a sheet that have no more than so many cells, about, and how many rows it has; None where
#: nobody counted.
_Rows = Callable[[int], tuple[Iterable[Sequence[Any]], int | None]]


def read_workbook(document: Document) -> Found | Failure:
    """A table for each sheet that has something in it, up to `MOST_CELLS` in all.

    Numbers and truths stay what they are, dates become ISO 8601, formulas are the values that were
    saved with them.
    """
    about: dict[str, str] = {}
    read = _by_calamine
    try:
        if document.body[:2] == b"PK":
            with zipfile.ZipFile(BytesIO(document.body)) as archive:
                unpacked = sum(part.file_size for part in archive.infolist())
                if unpacked > MOST_UNPACKED:
                    return _unreadable(f"it holds more than {MOST_UNPACKED // 1024**2} MB")
                about = _about(archive)
                if max(_extents(archive), default=0) > MOST_PLACES:
                    read = _by_openpyxl
        sheets = read(document.body)
    except _BROKEN as error:
        return _unreadable(str(error))
    return _found(sheets, about)


def _found(sheets: Sequence[tuple[str, _Rows]], about: Mapping[str, str]) -> Found:
    tables = []
    listed: list[dict[str, Any]] = []
    left = MOST_CELLS
    for name, rows in sheets[:MOST_SHEETS]:
        sheet: dict[str, Any] = {"name": name[:200]}
        listed.append(sheet)
        try:
            found, height = rows(max(0, left))
            kept, _ = enough(([_cell(one) for one in row] for row in found), left)
        except _BROKEN as error:
            sheet["problem"] = str(error)[:200]
            continue
        left -= sum(len(row) + 1 for row in kept)
        if height is not None:
            sheet["rows"] = height
        if height is None or height > len(kept):
            sheet["rows_kept"] = len(kept)
        if table := table_of(kept, name):
            tables.append(table)
    times = {name: written(moment(about.get(name))) for name in ("created", "modified")}
    return Found(
        "workbook",
        text=as_text(tables, MOST_TEXT),
        title=about.get("title"),
        author=about.get("creator"),
        published_at=moment(about.get("created")),
        metadata={"sheets": listed, **{name: one for name, one in times.items() if one}},
        tables=tables,
        sources=dict.fromkeys(("title", "author", "published_at"), "docProps"),
    )


def _by_calamine(body: bytes) -> list[tuple[str, _Rows]]:
    """The sheets of any workbook. Rust has all of a sheet, Python only what is taken."""
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        workbook = CalamineWorkbook.from_filelike(BytesIO(body))
    except CalamineError as error:
        raise ValueError(str(error)) from error

    def rows(name: str, most_cells: int) -> tuple[Iterable[Sequence[Any]], int]:
        try:
            sheet = workbook.get_sheet_by_name(name)
        except CalamineError as error:
            raise ValueError(str(error)) from error
        count = most_cells // max(1, sheet.width) + 1
        return sheet.to_python(skip_empty_area=True, nrows=count), sheet.height

    return [(name, partial(rows, name)) for name in workbook.sheet_names]


def _by_openpyxl(body: bytes) -> list[tuple[str, _Rows]]:
    """The same of an xlsx with a cell far away, row by row: empty places take no memory here. It takes
    ten times as long, so it ends with the cells that are kept."""
    from openpyxl import load_workbook  # type: ignore[import-untyped] # has no types

    try:
        workbook = load_workbook(BytesIO(body), read_only=True, data_only=True)
    except Exception as error:  # of a broken one it raises whatever it stumbles on
        raise ValueError(f"{type(error).__name__}: {error}") from error

    def rows(name: str, most_cells: int) -> tuple[Iterable[Sequence[Any]], None]:
        kept: list[Sequence[Any]] = []
        try:
            sheet = workbook[name]
            sheet.reset_dimensions()  # what it says of its size
            kept += islice(sheet.iter_rows(values_only=True), most_cells)
        except Exception as error:
            raise ValueError(f"{type(error).__name__}: {error}") from error
        return kept, None

    return [(name, partial(rows, name)) for name in workbook.sheetnames]


def _unreadable(why: str) -> Failure:
    return Failure(ErrorKind.PARSE, f"the workbook cannot be read: {why[:300]}", retryable=False)


def _cell(value: Any) -> Cell:
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            return None  # JSON has no such number
        return int(value) if value.is_integer() and abs(value) < 2**53 else value
    if isinstance(value, datetime):
        return value.isoformat(sep=" ") if value.time() != time() else value.date().isoformat()
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    return str(value)


def _extents(archive: zipfile.ZipFile) -> Iterator[int]:
    """How many places each sheet of an xlsx has, from its first to its last row and column.

    One stray cell at the far corner makes 17 billion, and a program written in Rust that is refused
    memory ends its process.
    """
    for part in archive.infolist():
        if part.filename.startswith("xl/worksheets/") and part.filename.endswith(".xml"):
            columns: set[bytes] = set()
            rows: set[int] = set()
            with archive.open(part) as file:
                before = b""
                while piece := file.read(SCANNED_BYTES):
                    piece = before + piece
                    found = _PLACE.findall(piece)
                    columns.update(column for column, _ in found)
                    rows.update(
                        (int(found[0][1]), max(int(row) for _, row in found)) if found else ()
                    )
                    before = piece[-20:]  # a place may be cut in two
            if rows:
                numbers = [_column_number(column) for column in columns]
                yield (max(numbers) - min(numbers) + 1) * (max(rows) - min(rows) + 1)


def _column_number(letters: bytes) -> int:
    """A is 1, XFD 16,384."""
    number = 0
    for letter in letters:
        number = 26 * number + letter - 64
    return number


#: Bytes of a sheet that are looked at at once.
SCANNED_BYTES = 1024 * 1024
_PLACE = re.compile(rb"""\sr=["']([A-Z]{1,3})([0-9]{1,7})["']""")


def _about(archive: zipfile.ZipFile) -> dict[str, str]:
    """What docProps/core.xml says of an Office workbook (ECMA-376, part 2, section 11)."""
    try:
        part = archive.getinfo("docProps/core.xml")
    except KeyError:
        return {}
    if part.file_size > LONGEST_ABOUT:
        return {}
    with archive.open(part) as file:
        root = parse(file.read(LONGEST_ABOUT).decode("utf-8", "replace"))
    found = {} if root is None else {local_name(one): text_of(one, 1_000) for one in root}
    return {name: value for name, value in found.items() if value}
