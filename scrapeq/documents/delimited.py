"""CSV and its like: characters that are a table."""

from __future__ import annotations

import csv
from collections import Counter
from io import StringIO
from itertools import islice

from scrapeq.documents.document import Document, Found
from scrapeq.documents.rows import MOST_CELLS, as_text, enough, table_of

#: Characters of the tables' text in a row of the record; `tables` has all that is kept.
MOST_TEXT = 1_000_000
#: What may stand between two values, the likelier ones first.
DELIMITERS = (",", ";", "\t", "|")
#: Rows and characters from which the delimiter is told; characters of the longest line of a table.
LOOKED_AT, LOOKED_AT_CHARACTERS, LONGEST_LINE = 100, 100_000, 1_000_000


def read_delimited(document: Document) -> Found:
    """Its table, up to `MOST_CELLS`; what has no rows stays text.

    The delimiter is the one that gives most of the first rows the same number of cells, two at least;
    a first line `sep=;`, as Excel writes it, says it. Quotes are those of RFC 4180.
    """
    text = document.text.lstrip("\ufeff")
    first, _, _ = text[:1_000].partition("\n")
    delimiter = ""
    if first.lower().startswith("sep=") and len(first.strip()) == 5:
        delimiter, text = first.strip()[4], text[len(first) + 1 :]
    if max(map(len, islice(_lines(text), 1_000)), default=0) > LONGEST_LINE:
        return Found(
            "csv", text=text[:MOST_TEXT], metadata={"problem": "a line is too long for a table"}
        )
    delimiter = delimiter or _delimiter(
        text, is_tabs=document.media_type.endswith("tab-separated-values")
    )
    csv.field_size_limit(LONGEST_LINE)
    metadata: dict[str, object] = {"delimiter": delimiter}
    try:
        kept, count = enough(csv.reader(_lines(text), delimiter=delimiter), MOST_CELLS)
    except csv.Error as error:
        # A quote that is never closed swallows all behind it
        unquoted = csv.reader(_lines(text), delimiter=delimiter, quoting=csv.QUOTE_NONE)
        try:
            kept, count = enough(unquoted, MOST_CELLS)
        except csv.Error:
            return Found("csv", text=text[:MOST_TEXT], metadata={"problem": str(error)[:200]})
    metadata["rows"] = count
    if count > len(kept):
        metadata["rows_kept"] = len(kept)
    table = table_of(kept)
    tables = [table] if table else []
    return Found("csv", text=as_text(tables, MOST_TEXT), metadata=metadata, tables=tables)


def _lines(text: str) -> StringIO:
    """The lines of a text, one by one, with what ends them: a quoted cell may hold some."""
    return StringIO(text, newline="")


def _delimiter(text: str, *, is_tabs: bool) -> str:
    start = text[:LOOKED_AT_CHARACTERS]
    lines = list(_lines(start))
    if len(start) < len(text):
        lines = lines[:-1] or lines  # the last one is cut
    best = (0.0, 0)
    chosen = "\t" if is_tabs else ","
    for delimiter in ("\t",) if is_tabs else DELIMITERS:
        try:
            rows = list(islice(csv.reader(lines, delimiter=delimiter), LOOKED_AT))
        except csv.Error:
            continue
        widths = Counter(len(row) for row in rows if row)
        width, count = max(widths.items(), key=lambda one: (one[0] > 1, one[1]), default=(0, 0))
        rating = (count / sum(widths.values()) if width > 1 else 0.0, width)
        if rating > best:
            best, chosen = rating, delimiter
    return chosen
