"""A table with its column of URLs as a file that is sent to a server."""

from __future__ import annotations

import pandas as pd

from scrapeq.frames.sent_files import sent_file
from scrapeq.frames.url_column import UrlColumn

#: What the column is called where the input has no name for it.
URL_NAME = "url"


def table_to_send(column: UrlColumn) -> tuple[bytes, str]:
    """The table as a Parquet file, with its index, and the name of its column of URLs.

    The server has the very table that a notebook would keep: what no table can carry is kept as text and
    named in a UserWarning.
    """
    name = column.name
    table = column.table
    if name is None or name not in table.columns.map(str):
        name = URL_NAME
        values = [None if one is None else str(one) for one in column.values]
        table = table.assign(**{name: pd.array(values, dtype="string")})
    return sent_file(table), name
