"""Columns of tables that hold nothing but numbers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrapeq.clean import clean_content
from scrapeq.clean.locales import day_comes_first, decimal_of
from scrapeq.clean.tables import with_numbers
from scrapeq.models import Content, FoundTable


def column(*cells, language=None):
    table = FoundTable(["A"], [[cell] for cell in cells])
    return [row[0] for row in with_numbers(table, language).rows]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (["1", "2", None], [1, 2, None]),
        (["1,5", "2", "–"], [1.5, 2.0, None]),
        (["1.234,5", "1.234"], [1234.5, 1234.0]),
        (["1,234", "1,234,567"], [1234, 1234567]),
        (["1\u202f234", "−5", "n/a"], [1234, -5, None]),
        (["12,5 %", "3\xa0%", "…"], [12.5, 3.0, None]),
        (["12[3]", "13 [a]"], [12, 13]),
        (["(5)", "+7"], [-5, 7]),
        (["１２", "١٢"], [12, 12]),
    ],
)
def test_a_column_of_numbers_is_read(written, read):
    assert column(*written) == read
    assert list(map(type, column(*written))) == list(map(type, read))


@pytest.mark.parametrize(
    "written",
    [
        ["1", "two"],
        ["–", "n/a"],
        ["007", "008"],
        ["12 %", "13"],
        ["1,234", "5,678"],
        ["1.5", "2,5"],
        ["2024-01-05", "2024-01-06"],
        ["10²", "3"],
        ["9" * 20, "1"],
        ["1.2.3", "1.2.4"],
        ["€ 5", "€ 6"],
        ["", ""],
    ],
)
def test_what_is_not_only_numbers_stays_text(written):
    assert column(*written) == written


def test_evidence_comes_from_the_column_then_the_table_then_the_language():
    table = FoundTable(["A", "B"], [["1,234", "0,5"], ["5,678", "1,25"]])

    assert with_numbers(table).rows == [[1.234, 0.5], [5.678, 1.25]]
    assert column("1,234", "5,678", language="en-GB") == [1234, 5678]
    assert column("1,234", "5,678", language="de") == [1.234, 5.678]
    assert column("1,234", "5,678", language="xx") == ["1,234", "5,678"]
    assert column("1.234,5", "1.234", language="en") == [1234.5, 1234.0]


def test_columns_that_are_read_already_are_left_alone():
    table = FoundTable(["A"], [[1.5], [True], [None]])

    assert with_numbers(table) is table


def test_the_tables_of_a_page_are_cleaned():
    table = FoundTable(["A\u200b", "B"], [["x\0", "1 000"]], " Cap ")

    content = clean_content(Content(tables=[table.to_json()], language="fr"))

    assert content.tables == [{"caption": "Cap", "columns": ["A", "B"], "rows": [["x", 1000]]}]
    assert ("tables", "number") in [(one["field"], one["change"]) for one in content.changes]


@given(st.lists(st.lists(st.text(max_size=12) | st.none(), min_size=2, max_size=2), max_size=5))
def test_any_table_keeps_its_shape(rows):
    table = with_numbers(FoundTable(["A", "B"], rows), "de")

    assert [len(row) for row in table.rows] == [2] * len(rows)
    assert with_numbers(table, "de") == table


@pytest.mark.parametrize(
    ("tag", "sign", "day_first"),
    [
        ("de", ",", True),
        ("en-US", ".", False),
        ("en_GB", ".", True),
        ("pt-BR", ",", True),
        ("de-CH", ".", True),
        ("zh-Hant-TW", ".", None),
        ("de-XX", ",", True),
        ("qq", None, None),
        ("", None, None),
        ("not a tag", None, None),
    ],
)
def test_what_a_language_writes(tag, sign, day_first):
    assert decimal_of(tag) == sign
    assert day_comes_first(tag) is day_first
