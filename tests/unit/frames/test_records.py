"""Typed columns of records, and the long tables beside them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from typing import Literal

import numpy as np
import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped] # it has no types
import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest
from pydantic import HttpUrl

import scrapeq as sq
from scrapeq.frames import (
    export,
    items_frame,
    selector_health_frame,
    sources_frame,
    violations_frame,
)
from scrapeq.frames.asked import asked_column
from scrapeq.models.record_class import record_spec

TABLE = {"columns": ["Size"], "rows": [["S"], ["L"]], "caption": None}


class Offer(sq.Record):
    seller: str = sq.css("b")
    price: Decimal | None = sq.css("i")


class Product(sq.Record):
    name: str = sq.css("a")
    price: Decimal | None = sq.css("a")
    stock: int | None = sq.css("a")
    rating: float | None = sq.css("a")
    new: bool | None = sq.css("a")
    day: date | None = sq.css("a")
    seen: datetime | None = sq.css("a")
    link: HttpUrl | None = sq.css("a")
    size: Literal["S", "L"] | None = sq.css("a")
    specs: pd.DataFrame | None = sq.table("a")
    prices: list[Decimal] = sq.css("a")
    best: Offer | None = sq.each("a", Offer)
    offers: list[Offer] = sq.each("a", Offer)


FIELDS = {one.name: one for one in record_spec(Product).fields}
VALUES = {
    **{"name": "Shoe", "price": "12.50", "stock": 3, "rating": 4.5, "new": True, "size": "S"},
    **{"day": "2024-05-03", "seen": "2024-05-03T10:00:00+02:00", "link": "http://h/"},
    **{"specs": TABLE, "prices": ["1.5", "2"], "best": {"seller": "A", "price": "1"}},
    "offers": [{"seller": "A", "price": "1"}, {"seller": "B", "price": None}],
}


def column(name, *values, order=None):
    return pd.Series(asked_column(FIELDS[name], list(values), order))


@pytest.mark.parametrize(
    ("name", "dtype", "value"),
    [
        ("name", "string", "Shoe"),
        ("price", "decimal128(38, 2)[pyarrow]", Decimal("12.50")),
        ("stock", "Int64", 3),
        ("rating", "Float64", 4.5),
        ("new", "boolean", True),
        ("day", "date32[day][pyarrow]", date(2024, 5, 3)),
        ("seen", "datetime64[us, UTC]", datetime(2024, 5, 3, 8, tzinfo=UTC)),
        ("link", "string", "http://h/"),
        ("size", "category", "S"),
        ("prices", "object", [Decimal("1.5"), Decimal(2)]),
        ("best", "object", {"seller": "A", "price": Decimal(1)}),
    ],
)
def test_a_field_is_a_column_of_its_type(name, dtype, value):
    found = column(name, VALUES[name], None)

    assert str(found.dtype) == dtype
    assert found[0] == value
    assert pd.isna(found[1])


def test_rows_that_are_not_there_yet_are_missing():
    for name in FIELDS:
        found = column(name, VALUES[name], order=np.array([-1, 0]))

        assert pd.isna(found[0])
        assert found.notna()[1]


def test_a_table_is_a_frame_in_a_cell():
    (found,) = column("specs", TABLE)

    assert found["Size"].tolist() == ["S", "L"]


def test_numbers_that_no_column_holds_stay_python_s():
    assert column("stock", 2**70, 1)[0] == 2**70
    assert column("price", "1" * 50, "0.1")[0] == Decimal("1" * 50)


def chunk(values):
    return [[(0, "http://h/0", values), (4, "http://h/4", None)]]


def test_items_point_back_to_their_page():
    items = items_frame(chunk(VALUES), record_spec(Product))

    assert items["row"].tolist() == [0, 0]
    assert items["page_url"].tolist() == ["http://h/0"] * 2
    assert items["number"].tolist() == [0, 1]
    assert items["seller"].tolist() == ["A", "B"]
    assert items["price"][0] == Decimal(1)
    assert "field" not in items


def test_items_of_several_fields_are_told_apart():
    record = record_spec(
        {"a": sq.each(".a", {"row": "b", "x": "i"}), "b": sq.each(".b", {"y": "i"})}
    )

    items = items_frame(chunk({"a": [{"row": "r", "x": "1"}], "b": [{"y": "2"}]}), record)

    assert items["field"].tolist() == ["a", "b"]
    assert items["row_item"][0] == "r"
    assert items["x"].isna().tolist() == [False, True]


def test_no_items_give_an_empty_frame_with_its_columns():
    items = items_frame([], record_spec(Product))

    assert list(items) == ["row", "page_url", "number", "seller", "price"]
    assert len(items_frame([], None)) == 0


def test_violations_are_rows():
    one = {"field": "price", "kind": "unread", "message": "not a number", "value": "soon"}

    found = violations_frame(chunk([one]))

    assert found.to_dict("records") == [{"row": 0, "page_url": "http://h/0", **one}]


def test_a_source_is_named_for_each_column():
    sources = {"title": "og:title", "fields.title": "css h1", "text": "best", "fields.price": "css"}

    found = sources_frame(chunk(sources), {"title": "h1", "price": "b"})

    assert dict(zip(found["column"], found["source"], strict=True)) == {
        **{"title_page": "og:title", "title": "css h1", "text": "best", "price": "css"},
    }


def whole():
    second = {"name": "Boot"}
    return pd.DataFrame(
        {
            name: asked_column(spec, [VALUES[name], second.get(name)])
            for name, spec in FIELDS.items()
        }
    )


def test_parquet_keeps_the_types(tmp_path):
    schema = pq.read_schema(export(whole(), tmp_path / "x.parquet"))

    assert schema.field("price").type == pa.decimal128(38, 2)
    assert schema.field("day").type == pa.date32()
    assert pa.types.is_timestamp(schema.field("seen").type)
    assert pa.types.is_decimal(schema.field("prices").type.value_type)
    assert pa.types.is_struct(schema.field("best").type)
    assert pa.types.is_struct(schema.field("offers").type.value_type)


@pytest.mark.parametrize("ending", ["csv", "jsonl", "xlsx"])
def test_other_files_take_a_record_too(tmp_path, ending):
    path = export(whole(), tmp_path / f"x.{ending}")

    read = {
        "csv": pd.read_csv,
        "xlsx": partial(pd.read_excel, engine="openpyxl"),
        "jsonl": lambda path: pd.read_json(path, lines=True),
    }[ending](path)
    assert len(read) == 2
    assert float(read["price"][0]) == 12.5
    assert read["name"][0] == "Shoe"
    assert "Size" in str(read["specs"][0])


def test_a_formula_in_a_record_is_defused(tmp_path):
    frame = pd.DataFrame({"name": asked_column(FIELDS["name"], ["=1+1"])})

    assert "'=1+1" in export(frame, tmp_path / "x.csv").read_text(encoding="utf-8-sig")


def test_the_health_of_selectors_shows_what_fell():
    runs = [(1, 0.0, 10, {"price": 10, "name": 10}), (2, 60.0, 10, {"price": 1, "name": 10})]

    found = selector_health_frame(runs)

    fell = found[found["change"] < 0]
    assert fell["field"].tolist() == ["price"]
    assert (fell["share"].iloc[0], fell["change"].iloc[0]) == (0.1, pytest.approx(-0.9))
    assert found["change"].isna().tolist() == [True, True, False, False]
    assert list(selector_health_frame([])) == list(found)


def test_a_run_without_pages_has_no_share():
    found = selector_health_frame([(1, 0.0, 0, {"a": 0}), (2, 1.0, 2, {"a": 1})])

    assert found["share"].isna().tolist() == [True, False]
    assert found["change"].isna().all()
