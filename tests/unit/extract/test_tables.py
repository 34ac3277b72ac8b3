"""Tables of a page: as a browser lays them out, without those that are layout."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from scrapeq.extract import tables
from scrapeq.extract.tables import table_of, tables_of
from scrapeq.models import FoundTable


def found(markup: str) -> list[FoundTable]:
    return tables_of(LexborHTMLParser(markup))


def only(markup: str) -> FoundTable:
    (table,) = found(markup)
    assert all(len(row) == len(table.columns) for row in table.rows)
    return table


def test_a_table_has_caption_columns_and_rows():
    table = only("""
        <table><caption>Prices <b>2026</b></caption>
        <thead><tr><th>Chair<th>Price</thead>
        <tfoot><tr><td>All<td>21</tfoot>
        <tr><td>Blue<br>chair<td>9 €<tr><td>Red chair<td></table>""")

    assert table == FoundTable(
        ["Chair", "Price"],
        [["Blue\nchair", "9 €"], ["Red chair", None], ["All", "21"]],
        "Prices 2026",
    )
    assert FoundTable.from_json(table.to_json()) == table
    assert repr(table) == "<FoundTable 'Prices 2026' 3 rows × 2 columns>"


def test_spans_stand_in_each_place_that_they_cover():
    table = only("""
        <table><tr><th>Country<th>Year<th>Value
        <tr><td rowspan=2>Chile<td>2024<td rowspan="0">5
        <tr><td>2025
        <tr><td colspan=2>all years</table>""")

    assert table.rows == [
        ["Chile", "2024", "5"],
        ["Chile", "2025", "5"],
        ["all years", "all years", "5"],
    ]


def test_a_span_of_rows_ends_with_its_group():
    table = only("""
        <table><thead><tr><th rowspan=9>A<th>B</thead>
        <tbody><tr><td rowspan=9>1<td>2</tbody><tbody><tr><td>3<td>4</tbody></table>""")

    assert table.columns == ["A", "B"]
    assert table.rows == [["1", "2"], ["3", "4"]]


def test_several_header_rows_are_joined():
    table = only("""
        <table><tr><th rowspan=2>Country<th colspan=2>Population<th colspan=2>Area
        <tr><th>2010<th>2020<th>km²<th>mi²
        <tr><th scope=row>Chile<td>17<td>19<td>756<td>292</table>""")

    assert table.columns == [
        "Country",
        "Population 2010",
        "Population 2020",
        "Area km²",
        "Area mi²",
    ]
    assert table.rows == [["Chile", "17", "19", "756", "292"]]


@pytest.mark.parametrize(
    ("markup", "columns"),
    [
        ("<tr><td><b>A</b><td><strong> B </strong><tr><td>1<td>2", ["A", "B"]),
        ("<tr><td><b>A</b><td>x<tr><td>1<td>2", ["col_1", "col_2"]),
        ("<tr><td>1<td>2<tr><td>3<td>4", ["col_1", "col_2"]),
        ("<tr><th>Name<td>x<tr><th>Price<td>9", ["col_1", "col_2"]),
        ("<tr><td><th>Price<th>Price<tr><td>a<td>1<td>2", ["col_1", "Price", "Price_2"]),
        ("<tr><th>a<th>b<tr><th>c<th>d<tr><th>e<th>f", ["a", "b"]),
    ],
)
def test_columns_are_called_by_what_the_header_says(markup, columns):
    assert only(f"<table>{markup}</table>").columns == columns


def test_a_header_over_the_whole_table_is_its_caption():
    table = only(
        "<table><tr><th colspan=2>Tower<tr><th>Height<td>90 m<tr><th>Built<td>1931</table>"
    )

    assert table.caption == "Tower"
    assert table.rows == [["Height", "90 m"], ["Built", "1931"]]


def test_a_figure_names_its_table():
    figure = "<figure><div><table><tr><th>A<tr><td>1</table></div><figcaption>Ships</figcaption>"

    assert only(figure).caption == "Ships"


def test_sections_stand_in_the_first_column_and_repeated_headers_nowhere():
    table = only("""
        <table><tr><th>Name<th>Price
        <tr><td colspan=2>Chairs<tr><td>Blue<td>1
        <tr><th>Name<th>Price<tr><td>Red<td>2</table>""")

    assert table.rows == [["Chairs", None], ["Blue", "1"], ["Red", "2"]]


def test_columns_and_rows_that_hold_nothing_are_left_out():
    table = only("""
        <table><tr><th>A<th><th>B<tr><td>1<td><td>2<tr><td><td><td>
        <tr><td colspan=100>Note</table>""")

    assert table.columns == ["A", "B"]
    assert table.rows == [["1", "2"], ["Note", None]]


def test_a_picture_alone_is_what_it_is_called():
    table = only("<table><tr><th>Has<th>It<tr><td>Seat<td><img src=y.png alt=yes></table>")

    assert table.rows == [["Seat", "yes"]]


DATA = "<tr><td>a<td>1<tr><td>b<td>2"


@pytest.mark.parametrize(
    "markup",
    [
        f"<table role=presentation><thead><tr><th>A<th>B</thead>{DATA}</table>",
        f"<table role=none>{DATA}</table>",
        "<table><tr><td>one row<td>of two columns</table>",
        "<table><tr><td>one<tr><td>column</table>",
        f"<table><tr><td><h2>News</h2><td>x{DATA}</table>",
        f"<table><tr><td><form><input name=q></form><td>x{DATA}</table>",
        "<table><tr><td>a<td><td><tr><td><td><td>b</table>",
        f"<table><tr><td>{'word ' * 100}<td>{'word ' * 100}<tr><td>{'word ' * 100}<td>x</table>",
        "<table><thead><tr><th>A<th>B</thead></table>",
        "<table></table>",
        "<table><tr><td></table>",
    ],
)
def test_layout_is_no_table(markup):
    assert found(markup) == []


@pytest.mark.parametrize(
    "markup",
    [
        f"<table>{DATA}</table>",
        "<table role=grid><tr><td>1</table>",
        "<table><caption>A</caption><tr><td>1</table>",
        "<table><thead><tr><td>A</thead><tr><td>1</table>",
        "<table><tr><th>A<td>1</table>",
    ],
)
def test_what_says_that_it_is_data_is_kept(markup):
    assert len(found(markup)) == 1


def test_a_table_inside_another_is_a_table_of_its_own():
    inner = f"<table><caption>Inner</caption>{DATA}</table>"

    assert [one.caption for one in found(f"<table><tr><td>x<td>{inner}<tr><td>y<td>z</table>")] == [
        "Inner"
    ]
    outer, nested = found(f"<table><tr><th>Name<th>More<tr><td>x<td>see {inner} below</table>")
    assert outer.rows == [["x", "see below"]]
    assert nested.caption == "Inner"


def test_one_element_gives_its_table_whatever_it_looks_like():
    tree = LexborHTMLParser(
        "<div id=a><table role=presentation><tr><td>Weight<td>5 kg</table></div><p id=b>x</p>"
    )

    for where in ("#a", "table"):
        assert [table_of(node).rows for node in tree.css(where)] == [[["Weight", "5 kg"]]]
    assert [table_of(node) for node in tree.css("#b")] == [None]


HEAD = "<table><tr><th>A<th>B"


def test_spans_are_bounded_as_the_standard_bounds_them(monkeypatch):
    wide = only(f"{HEAD}<tr><td colspan=999999>1<td>2<tr><td>3<td>4</table>")
    assert wide.rows[-1] == ["3", "4"]
    assert only(f"{HEAD}<tr><td rowspan=-1 colspan=x>1<td>2</table>").rows == [["1", "2"]]
    assert only(f'{HEAD}<tr><td colspan=" 1.5">1<td rowspan="+2px">2</table>').rows == [["1", "2"]]
    assert (tables.MAX_COLSPAN, tables.MAX_ROWSPAN) == (1000, 65534)


def test_one_cell_cannot_fill_the_memory():
    rows = "<tr>" * 70_000
    spanning = "<td colspan=1000 rowspan=65534>" + "x" * 10_000

    kept = found(f"<table><tr>{'<th>A' * 1000}<tr>{spanning}{rows}</table>")

    cells = sum(len(str(cell)) for one in kept for row in one.rows for cell in row)
    assert cells < 4 * tables.MAX_CHARACTERS


def test_many_tables_and_deep_ones_are_bounded():
    assert len(found(f"<table>{HEAD[7:]}<tr><td>1<td>2</table>" * 300)) == tables.MAX_TABLES
    deep = f"{HEAD}<tr><td>1<td>" * 100 + "x" + "</table>" * 100
    assert len(found(deep)) == tables.MAX_LEVELS


@given(
    st.lists(
        st.sampled_from(
            [
                *(
                    "<table>",
                    "</table>",
                    "<tr>",
                    "<td>",
                    "<th>",
                    "<td colspan=3>",
                    "<td rowspan=2>",
                ),
                *(
                    "<td rowspan=0>",
                    "<thead>",
                    "</thead>",
                    "<tfoot>",
                    "<caption>c",
                    "a",
                    "1",
                    "<b>b",
                ),
                *("<th colspan=2 rowspan=3>", "<tbody>", "<img alt=x>"),
            ]
        ),
        max_size=40,
    )
)
def test_any_markup_gives_whole_tables(parts):
    for table in found("<table><tr><th>A<th>B<tr>" + "".join(parts)):
        assert len(set(table.columns)) == len(table.columns) > 0
        assert all(table.columns)
        assert table.rows
        assert all(len(row) == len(table.columns) for row in table.rows)
