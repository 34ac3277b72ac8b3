"""A table as bytes and back."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped] # it has no types
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scrapeq.frames import PAGE_COLUMNS, pack_table, packing, pages_frame, unpack_table


def back(table):
    return unpack_table(pack_table(table))


def test_dtypes_and_missing_values_survive():
    table = pd.DataFrame(
        {
            "text": ["a", None, "ü"],
            "string": pd.array(["a", None, "c"], dtype="string"),
            "whole": [1, 2, 3],
            "nullable": pd.array([1, None, 3], dtype="Int64"),
            "real": [1.5, np.nan, np.inf],
            "flag": pd.array([True, None, False], dtype="boolean"),
            "kind": pd.Categorical(["b", "a", None], categories=["b", "a"], ordered=True),
            "when": pd.to_datetime(pd.Series(["2024-01-01", None, "2025-06-01"]), utc=True),
            "local": pd.DatetimeIndex(["2024-01-01", None, "2025-06-01"]).tz_localize(
                "Europe/Berlin"
            ),
            "took": pd.to_timedelta([1, 2, None], unit="s"),
            "month": pd.period_range("2024-01", periods=3, freq="M"),
            5: [1, 2, 3],
        }
    )

    pd.testing.assert_frame_equal(back(table), table)


def test_objects_survive_where_json_or_arrow_has_them():
    table = pd.DataFrame(
        {
            "mixed": pd.Series([1, "a", None], dtype=object),
            "lists": [["a"], [], ["b", "c"]],
            "dicts": [{"a": 1}, {"b": [2]}, {}],
            "texts": pd.Series(["a", None, "c"], dtype=object),
            "days": [dt.date(2024, 1, 1), None, dt.date(2025, 1, 1)],
            "money": [Decimal("1.10"), None, Decimal("2.20")],
            "lone": pd.Series(["a\ud800", "b", "c"], dtype=object),
            "none": pd.Series([None, None, None], dtype=object),
        },
        dtype=object,
    )

    result = back(table)

    assert result.to_dict("list") == table.to_dict("list")
    assert set(result.dtypes.astype(str)) == {"object"}


def test_what_cannot_be_carried_becomes_text_and_is_named():
    table = pd.DataFrame({"good": [1], "place": [(1, 2)], "z": [1 + 2j]})

    with pytest.warns(UserWarning, match="kept as text.*'place', 'z'"):
        parts = pack_table(table)

    assert unpack_table(parts).to_dict("list") == {
        "good": [1],
        "place": ["(1, 2)"],
        "z": ["(1+2j)"],
    }


@pytest.mark.parametrize(
    ("values", "kept"),
    [
        (pd.cut([1, 4], [0, 2, 4]), ["(0, 2]", "(2, 4]"]),
        (pd.Categorical(pd.period_range("2026-01", periods=2, freq="M")), ["2026-01", "2026-02"]),
        (pd.Categorical([(1, 2), (3, 4)]), ["(1, 2)", "(3, 4)"]),
    ],
    ids=["intervals", "periods", "tuples"],
)
def test_categories_that_arrow_takes_and_does_not_give_back_are_kept_as_text(values, kept):
    with pytest.warns(UserWarning, match="kept as text.*'n'"):
        result = back(pd.DataFrame({"n": values}))

    assert result["n"].tolist() == kept


def test_lists_of_arrow_come_back_as_lists():
    kind = pd.ArrowDtype(pa.list_(pa.int64()))

    result = back(pd.DataFrame({"n": pd.Series([[1], None, [], [2]], dtype=kind)}))

    assert result["n"].tolist() == [[1], None, [], [2]]


@pytest.mark.parametrize(
    "index",
    [
        pd.RangeIndex(3),
        pd.RangeIndex(10, 40, 10, name="n"),
        pd.Index(["x", "y", "x"], name="id"),
        pd.Index([3, 1, 2]),
        pd.Index([3.5, None, 2]),
        pd.DatetimeIndex(["2024-01-01", "2024-01-03", "2024-01-02"], tz="UTC"),
        pd.MultiIndex.from_tuples([("a", 1), ("a", 2), ("b", 1)], names=["s", None]),
        pd.CategoricalIndex(["a", "b", "a"]),
        pd.Index([1, "a", None], dtype=object),
    ],
    ids=lambda index: type(index).__name__,
)
def test_the_index_survives(index):
    table = pd.DataFrame({"a": [1, 2, 3]}, index=index)

    pd.testing.assert_frame_equal(back(table), table)
    pd.testing.assert_index_equal(back(table[[]]).index, index)


def test_an_index_may_be_called_like_a_column():
    table = pd.DataFrame({"a": [1]}, index=pd.Index(["x"], name="a"))

    pd.testing.assert_frame_equal(back(table), table)


def test_tables_without_columns_or_rows_survive():
    for table in (
        pd.DataFrame(index=pd.RangeIndex(120_000)),
        pd.DataFrame({"a": pd.Series([], dtype="Int64"), "b": pd.Series([], dtype="string")}),
    ):
        pd.testing.assert_frame_equal(back(table), table, check_column_type=False)


def test_parts_are_small_compressed_arrow_streams():
    rows = 2 * packing.ROWS_A_PART + 1
    table = pd.DataFrame({"n": range(rows), "kind": pd.Categorical(["a"] * rows)})

    parts = pack_table(table)

    assert [pa.ipc.open_stream(part).read_all().num_rows for part in parts] == [50_000, 50_000, 1]
    assert sum(map(len, parts)) < rows * 8
    pd.testing.assert_frame_equal(unpack_table(parts), table)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.one_of(st.none(), st.text(), st.integers(), st.booleans(), st.lists(st.text()))))
def test_any_column_of_plain_values_comes_back_equal(values):
    table = pd.DataFrame({"x": pd.Series(values, dtype=object)})

    assert back(table)["x"].tolist() == values


LABELS = [
    pd.Timestamp("2026-01-01"),
    pd.Timestamp("2026-01-01 08:00:00.000000001", tz="Europe/Berlin"),
    dt.date(2026, 1, 1),
    ("price", 2026),
    (pd.Timestamp("2026-02-01"), None),
    7,
    2.5,
    "2026-01-01 00:00:00",
]


def test_labels_keep_their_type():
    table = pd.DataFrame([range(len(LABELS))])
    table.columns = pd.Index(LABELS, tupleize_cols=False)
    table.index.name = pd.Timestamp("2026-03-01")

    back = unpack_table(pack_table(table))

    assert back.columns.tolist() == LABELS
    assert [type(one) for one in back.columns] == [type(one) for one in LABELS]
    assert str(getattr(back.columns[1], "tz", None)) == "Europe/Berlin"
    assert back.index.name == pd.Timestamp("2026-03-01")


def test_dates_over_a_pivoted_table_stay_dates():
    days = pd.date_range("2026-01-01", periods=3, tz="UTC")

    back = unpack_table(pack_table(pd.DataFrame([[1, 2, 3]], columns=days)))

    assert back.columns.tolist() == days.tolist()


def test_a_label_that_becomes_text_is_named():
    month = pd.Period("2026-01", "M")

    with pytest.warns(UserWarning, match=r"labels that are kept as text.*Period\('2026-01', 'M'\)"):
        parts = pack_table(pd.DataFrame({month: [1], "2026-01": [2]}))

    back = unpack_table(parts)
    assert back.columns.tolist() == ["2026-01", "2026-01"]
    pages = pages_frame([], PAGE_COLUMNS, total=1, table=back, asked={})
    assert list(pages.columns[:2]) == ["2026-01", "2026-01_input"]
