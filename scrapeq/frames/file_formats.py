"""Which files hold a table: the endings of those that are read and of those that are written.

It loads no pandas: whoever offers a choice of files asks here.
"""

from __future__ import annotations

from collections.abc import Sequence

#: Endings of the files that a column of URLs is read from.
READ = (".csv", ".tsv", ".jsonl", ".ndjson", ".parquet", ".xlsx", ".txt")
#: Endings of the files that a table is written to.
WRITTEN = (".csv", ".jsonl", ".parquet", ".xlsx")
#: Those that are compressed inside: the others may end in `.gz` as well, if they are read.
PACKED = frozenset({".parquet", ".xlsx"})
#: All that `export` writes.
EXPORTED = tuple(
    ending + packing
    for ending in WRITTEN
    for packing in (("",) if ending in PACKED else ("", ".gz"))
)


def in_words(endings: Sequence[str]) -> str:
    """The endings as a sentence names them: ".csv, .jsonl or .xlsx"."""
    return f"{', '.join(endings[:-1])} or {endings[-1]}"
