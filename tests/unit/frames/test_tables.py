"""The tables of a batch."""

from __future__ import annotations

import pandas as pd
import pytest

from scrapeq import frames
from scrapeq.errors import ConfigError, NotFound
from scrapeq.models import FoundTable

URL = "https://x.example/<b>"
NUMBERS = FoundTable(["n", "x", "name", "flag"], [[1, 1.5, "a", True], [None, 2, "=1+1", None]])
MIXED = FoundTable(["odd"], [[1], ["two"]], "<i>Caption</i>")


@pytest.fixture
def tables() -> frames.Tables:
    chunks = [[(0, URL, [NUMBERS.to_json(), MIXED.to_json()])], [(7, URL, [MIXED.to_json()])]]
    return frames.found_tables(chunks)


def test_each_table_is_a_frame_with_types(tables):
    first = tables[0]

    assert first.dtypes.astype(str).tolist() == ["Int64", "Float64", "string", "boolean"]
    assert first["n"].tolist() == [1, pd.NA]
    assert tables[-1]["odd"].tolist() == ["1", "two"]
    assert [len(one) for one in tables] == [2, 2, 2]
    assert len(tables[1:]) == 2
    with pytest.raises(IndexError, match="there are 3 tables"):
        tables[3]


def test_a_table_is_found_by_its_page(tables):
    assert tables.frame(0, 1).equals(tables[1])
    assert tables.frame(7).equals(tables[2])
    with pytest.raises(NotFound, match=r"row 7 has no table 3.*\n?.*it has 1, counted from 0"):
        tables.frame(7, 3)
    with pytest.raises(NotFound, match="page_fields"):
        tables.frame(1)


def test_the_list_says_where_each_is_and_is_escaped(tables):
    assert tables.df.to_dict("records")[1] == {
        "row": 0,
        "page_url": URL,
        "number": 1,
        "caption": "<i>Caption</i>",
        "rows": 2,
        "columns": "odd",
    }
    assert "<i>" not in tables._repr_html_()
    assert repr(tables) == "<Tables 3 of 2 pages>"
    assert frames.found_tables([]).df.columns.tolist() == tables.df.columns.tolist()


def test_each_is_saved_as_a_file(tables, tmp_path):
    paths = tables.save(tmp_path / "all")

    assert [path.name for path in paths] == ["0-0.csv", "0-1.csv", "7-0.csv"]
    assert "'=1+1" in paths[0].read_text()
    (parquet, *_) = tables.save(tmp_path / "all", ".parquet")
    assert pd.read_parquet(parquet)["n"].tolist()[0] == 1
    with pytest.raises(ConfigError, match="tables cannot be written as 'csv'"):
        tables.save(tmp_path, "csv")
    with pytest.raises(ConfigError, match="cannot be made"):
        tables.save(paths[0])


def test_many_columns_and_none(tables):
    empty = frames.table_frame(FoundTable(["a", "b"], []))

    assert empty.columns.tolist() == ["a", "b"]
    assert len(empty) == 0
