"""Where the fields of a record are looked for, and what is found there."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from pydantic import HttpUrl

import scrapeq as sq
from scrapeq.extract import extract, is_light
from scrapeq.extract.fields import DataScope, find_fields
from scrapeq.models.record_class import record_spec

PAGE = """
<html><head><base href="/shop/"><script type="application/ld+json">
{"@graph": [{"@type": "WebSite", "name": "Site"},
 {"@type": "Product", "name": "Shoe", "brand": "Acme", "offers": {"price": "12.50"}}]}</script>
<meta property="og:title" content="Shoe!"><script type="application/json">{"page": {"sku": "A1"}}</script>
</head><body><h1>The <b>shoe</b></h1><p class="price">13,00 €</p>
<ul><li class="tag">a</li><li class="tag">b</li></ul><p>SKU: AB12, EAN: 40</p>
<div class="offer"><b>One</b><a href="x">go</a></div><div class="offer"><b>Two</b></div>
<div class="specs"><table><tr><th>Size</th><th>Price</th></tr><tr><td>S</td><td>1</td></tr></table></div>
</body></html>"""


def found(record, page=PAGE):
    recipe = sq.ScrapingConfig.build(record=record, main_text="off").recipe
    content = extract(page.encode(), url="http://h/x", content_type="text/html", recipe=recipe)
    return content.found


def values(source, page=PAGE, *, many=False):
    (one,) = found({"x": (list[str] if many else str, source)}, page)["x"]
    return one.values


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (sq.css("h1"), ["The shoe"]),
        (sq.css("a::attr(href)"), ["x"]),
        (sq.css(".none"), []),
        (sq.xpath("//li/text()"), ["a"]),
        (sq.xpath("string(//h1)"), ["The shoe"]),
        (sq.regex(r"SKU: (\w+)"), ["AB12"]),
        (sq.regex(r"EAN: \d+"), ["EAN: 40"]),
        (sq.structured("offers.price"), ["12.50"]),
        (sq.structured("Product.name"), ["Shoe"]),
        (sq.structured("WebSite.name"), ["Site"]),
        (sq.structured("brand.name"), ["Acme"]),
        (sq.structured("og:title"), ["Shoe!"]),
        (sq.structured("page.sku"), ["A1"]),
        (sq.jmespath("page.sku"), ["A1"]),
        (sq.jmespath("offers.price"), ["12.50"]),
        (sq.ai("what it is"), []),
    ],
)
def test_a_source_gives_the_first_value(source, expected):
    assert values(source) == expected


def test_a_list_has_all_values_and_a_single_field_knows_how_many_there_are():
    assert values(sq.css(".tag"), many=True) == ["a", "b"]
    (one,) = found({"x": "li.tag"})["x"]
    assert one.values == ["a"]


def test_what_gave_a_value_is_named():
    record = {"price": sq.first(sq.structured("offers.price"), sq.css(".price"))}

    assert [one.where for one in found(record)["price"]] == ["json-ld offers.price", "css .price"]


def test_a_link_is_whole_by_the_rules_of_the_page():
    (one,) = found({"x": (HttpUrl | None, sq.css("a::attr(href)"))})["x"]

    assert one.values == ["http://h/shop/x"]


@pytest.mark.parametrize("source", [".offer", sq.xpath("//div[@class='offer']")])
def test_records_are_looked_for_inside_each_element(source):
    record = {"offers": sq.each(source, {"name": "b", "link": "a::attr(href)", "all": "//b"})}

    (one,) = found(record)["offers"]

    assert [[fields["name"][0].values, fields["all"][0].values] for fields in one.records] == [
        [["One"], ["One"]],
        [["Two"], ["Two"]],
    ]
    assert one.records[1]["link"][0].values == []


def test_records_are_looked_for_in_what_the_page_declares():
    record = {"offers": sq.each(sq.structured("offers"), {"price": sq.structured("price")})}

    (one,) = found(record)["offers"]

    assert one.records[0]["price"][0].values == ["12.50"]


def test_a_table_is_found_by_itself_and_by_what_is_around_it():
    for selector in ("table", ".specs"):
        (one,) = found({"x": (pd.DataFrame | None, sq.table(selector))})["x"]

        assert one.values[0]["columns"] == ["Size", "Price"]
        assert one.values[0]["rows"] == [["S", "1"]]


def test_a_json_answer_is_asked_by_paths_and_patterns():
    record = record_spec(
        {
            "price": sq.jmespath("items[0].price"),
            "name": sq.structured("items.name"),
            "css": "h1",
            "items": sq.each(sq.jmespath("items[*]"), {"name": sq.jmespath("name")}),
        }
    )

    fields = find_fields(record, DataScope({"items": [{"price": 1, "name": "a"}, {"name": "b"}]}))

    assert fields["price"][0].values == [1]
    assert fields["name"][0].values == ["a"]
    assert fields["css"][0].values == []
    assert [one["name"][0].values for one in fields["items"][0].records] == [["a"], ["b"]]


@pytest.mark.parametrize(
    ("source", "light"),
    [
        ("h1", True),
        (sq.structured("name"), True),
        ("//h1", False),
        ("h1:has(b)", False),
        (sq.regex("a+"), False),
        (sq.jmespath("a"), False),
    ],
)
def test_only_a_record_of_known_cost_is_read_on_the_loop(source, light):
    recipe = sq.ScrapingConfig.build(record={"x": source}, main_text="off").recipe

    assert is_light(b"<p>", recipe) is light


ROWS = """<ul><li>x</li><table><tr class="r"><td class="a">1</td><td>one</td></tr>
<tr class="r"><td class="a">2</td><td>two</td></tr></table></ul>"""


@pytest.mark.parametrize("rows", [".r", sq.xpath("//tr")])
@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (sq.css("td.a"), ["1", "2"]),
        (sq.xpath("./td[2]"), ["one", "two"]),
        (sq.xpath("td[2]/text()"), ["one", "two"]),
        (sq.xpath("//td[2]"), ["one", "two"]),
        (sq.xpath("@class"), ["r", "r"]),
        (sq.xpath("count(*)"), ["2", "2"]),
        (sq.regex(r"(\w+)$"), ["one", "two"]),
    ],
)
def test_every_source_looks_inside_its_own_element(rows, source, expected):
    """Rows of a table too, which no HTML parser takes alone."""
    (one,) = found({"rows": sq.each(rows, {"x": source})}, ROWS)["rows"]

    assert [fields["x"][0].values for fields in one.records] == [[value] for value in expected]


def test_what_is_left_out_is_counted():
    page = "".join(f"<p class='o'><b>{number}</b></p>" for number in range(5_200))

    (one,) = found({"rows": sq.each(".o", {"x": "b"})}, page)["rows"]

    assert (len(one.records), one.number) == (5_000, 5_200)


def test_any_is_the_value_as_it_is_and_sound():
    record = record_spec({"all": (Any, sq.jmespath("a")), "many": (list[Any], sq.jmespath("a"))})

    fields = find_fields(
        record, DataScope({"a": [1, "\ud800x", {"b": float("inf"), "n": 10**400}]})
    )

    assert fields["all"][0].values == [[1, "?x", {"b": None, "n": "1" + "0" * 400}]]
    assert fields["many"][0].values[0] == 1


def test_a_link_that_leads_nowhere_is_kept_to_be_told():
    (one,) = found({"x": (HttpUrl | None, sq.css("a::attr(href)"))}, '<a href="mailto:a@b">m</a>')[
        "x"
    ]

    assert one.values == ["mailto:a@b"]
