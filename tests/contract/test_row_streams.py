"""Rows in pieces are the same rows, in each of the databases, whatever the pieces."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped] # it has no types
import pytest
import sqlalchemy as sa
from pyarrow import parquet

import scrapeq as sq
from scrapeq import database, frames
from scrapeq.client import row_streams
from scrapeq.database.new_job import NewJob
from scrapeq.errors import ConfigError
from scrapeq.frames import Format, packing, streamed
from scrapeq.models import Batch, ErrorKind, Links, ScrapingConfig

ROWS = 11


class Product(sq.Record):
    """Fields of each type that a stream has a place for, or none."""

    name: str = sq.css("h1")
    price: float = sq.css(".price")
    sold: int = sq.css(".sold")
    tags: list[str] = sq.css(".tag")


@pytest.fixture
def table() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "firm": [f"firm {row}" if row % 3 else None for row in range(ROWS)],
            "size": list(range(ROWS)),
            "notes": [{"row": row} if row % 2 else None for row in range(ROWS)],
            "url": [f"given {row}" for row in range(ROWS)],
        },
        index=[f"label {row}" for row in range(ROWS)],
    )


@pytest.fixture
def batch(
    record: sa.Engine,
    submit: Callable[..., Batch],
    save: Any,
    result: Any,
    table: pd.DataFrame,
    monkeypatch: pytest.MonkeyPatch,
) -> Batch:
    """A batch of `ROWS` rows whose input is in parts of four; two more rows were appended."""
    monkeypatch.setattr(packing, "ROWS_A_PART", 4)
    config = ScrapingConfig(custom_selectors={"all": ["a"]}, record=Product, extract_links=True)
    made = submit(
        "b", ROWS, config=config, url_column="url", table=frames.pack_table(table), refused=[2]
    )
    fields = {"all": ["x", "y"], "name": "Ä\0B", "price": 1.5, "sold": 2**70, "tags": ["t"]}
    links = Links.from_json([{"url": f"https://x/{n}", "text": "", "rel": ""} for n in range(3)])
    for row in range(0, ROWS, 2):
        if row != 2:
            save(result(f"b-{row}", fields=fields, links=links))
    save(result("b-3", error_kind="dns", elapsed_s=None))
    with database.engine.write_transaction(record) as connection:
        new = [
            NewJob(f"b-a{row}", 0, f"https://y/{row}", f"https://y/{row}", "y", 5) for row in (1, 2)
        ]
        database.batches.append_jobs(connection, "b", new, 0)
    found = database.batches.find_batch(record, made.id)
    assert found is not None
    return found


def pieces_of(record: sa.Engine, batch: Batch, **more: Any) -> row_streams.BatchRows:
    queue: Any = SimpleNamespace(services=SimpleNamespace(engine=record))
    return row_streams.BatchRows(queue, batch, **more)


def whole(record: sa.Engine, batch: Batch) -> pd.DataFrame:
    """The table as a handle gives it."""
    return frames.pages_frame(
        database.page_rows.page_rows(record, batch.id),
        database.page_rows.PAGE_ROW_COLUMNS,
        total=batch.total,
        table=frames.unpack_table(database.batches.input_parts(record, batch.id)),
        asked=batch.config.recipe.asked,
        url_column=batch.url_column,
    )


@pytest.mark.parametrize("limit", [1, 3, 100])
def test_pieces_come_to_the_whole_table(
    record: sa.Engine, batch: Batch, limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_streams, "FIRST_ROWS", limit)
    monkeypatch.setattr(row_streams, "LEAST_ROWS", 1)
    monkeypatch.setattr(row_streams, "MOST_ROWS", limit)
    pieces = pieces_of(record, batch)

    found = pa.concat_tables(row_streams.tables(pieces))

    expected = whole(record, batch)
    assert found.schema == pieces.schema
    assert found.column_names == list(expected.columns)
    for name in ("firm", "size", "url", "ok", "title", "status_code"):
        if name in expected:
            column = expected[name].astype(object)
            assert found[name].to_pylist() == list(column.where(column.notna(), None)), name
    assert [json.loads(one) if one else None for one in found["notes"].to_pylist()] == [
        *({"row": row} if row % 2 else None for row in range(ROWS)),
        None,
        None,
    ]
    assert found["all"].to_pylist()[0] == ["x", "y"]
    assert found["name"].to_pylist()[0] == "ÄB"  # no database and no spreadsheet takes a NUL
    assert found["sold"].to_pylist()[0] is None  # has no place in 64 bits
    assert found["price"].to_pylist()[:2] == [1.5, None]


def test_each_format_is_a_whole_file(record: sa.Engine, batch: Batch) -> None:
    pieces = pieces_of(record, batch)
    table = pa.concat_tables(row_streams.tables(pieces))

    def written(form: Format) -> bytes:
        return b"".join(streamed(row_streams.tables(pieces), pieces.schema, form))

    assert parquet.read_table(io.BytesIO(written(Format.PARQUET))).equals(table)
    assert pa.ipc.open_stream(written(Format.ARROW)).read_all().equals(table)
    lines = written(Format.JSONL).decode().splitlines()
    assert [json.loads(line)["notes"] for line in lines[:2]] == [None, {"row": 1}]
    rows = pd.read_csv(io.BytesIO(written(Format.CSV)))
    assert list(rows.columns) == table.column_names
    assert len(rows) == ROWS + 2


def test_some_columns_in_the_order_asked_for(record: sa.Engine, batch: Batch) -> None:
    pieces = pieces_of(record, batch, columns=["title", "size", "title"])
    table = pa.concat_tables(row_streams.tables(pieces))

    assert table.column_names == ["title", "size"]
    with pytest.raises(ConfigError, match="no column 'x'"):
        pieces_of(record, batch, columns=["x"])


def test_links_and_errors_in_pieces(record: sa.Engine, batch: Batch) -> None:
    queue: Any = SimpleNamespace(services=SimpleNamespace(engine=record))
    links, errors = row_streams.BatchLinks(queue, batch), row_streams.BatchErrors(queue, batch)

    first, last = links.after(-1, 2)
    assert (first["row"].to_pylist(), last) == ([0, 0, 0, 4, 4, 4], 4)
    rest, last = links.after(4, 100)
    assert (set(rest["row"].to_pylist()), last) == ({6, 8, 10}, None)
    found, last = errors.after(-1, 100)
    assert found["row"].to_pylist() == [2, 3]
    assert found["error_kind"].to_pylist() == ["scheme", "dns"]
    only, _ = row_streams.BatchErrors(queue, batch, [ErrorKind.DNS]).after(-1, 100)
    assert only["row"].to_pylist() == [3]
