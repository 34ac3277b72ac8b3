"""Selectors and records tried out on one page."""

from __future__ import annotations

from decimal import Decimal

import pandas as pd
import pytest

import scrapeq as sq
from scrapeq.errors import ConfigError, InputError
from scrapeq.trying import try_selector

PAGE = """
<html><head><title>Shoes</title></head><body><main id="main"><h1>The shoe</h1>
<div class="card"><b class="price-new">12.50</b></div><div class="card"><b class="price-new">13</b></div>
<a href="/x">go</a><p class="empty">  </p><table class="specs"><tr><th>Size</th></tr><tr><td>S</td></tr></table>
</main><script>draw(".stock-level")</script></body></html>"""


class Product(sq.Record):
    name: str = sq.css("h1")
    price: Decimal | None = sq.css(".price-new")
    specs: pd.DataFrame | None = sq.table(".specs")
    gone: str = sq.css(".sku")


@pytest.fixture(scope="module")
def page():
    return sq.read_page(PAGE, url="http://h/shop/", record=Product)


def test_the_fields_are_there_at_once_with_their_types(page):
    assert page.values["name"] == "The shoe"
    assert page.values["price"] == Decimal("12.50")
    assert page.values["specs"]["Size"].tolist() == ["S"]
    assert page.sources["price"] == "css .price-new"
    assert page.violations["field"].tolist() == ["gone"]
    assert page.content.title == "Shoes"


def test_a_selector_shows_what_matches_and_where(page):
    found = page.select(".price-new")

    assert list(found) == ["12.50", "13"]
    assert [one.where for one in found.matches] == [
        "#main > div:nth-of-type(1) > b",
        "#main > div:nth-of-type(2) > b",
    ]
    assert found.why == ""
    assert found.df["value"].tolist() == ["12.50", "13"]
    for match in found.matches:
        assert list(page.select(match.where)) == [match.value]


def test_attributes_texts_and_xpath_are_selected_too(page):
    assert list(page.select("a::attr(href)")) == ["/x"]
    assert list(page.select("h1::text")) == ["The shoe"]
    assert list(page.select("//b")) == ["12.50", "13"]


@pytest.mark.parametrize(
    ("selector", "why"),
    [
        (".price_new", "the page has no class 'price_new'; it has .price-new (2)"),
        (".price", "the page has no class 'price'; it has .price-new (2)"),
        ("#mian h1", "the page has no id 'mian'; it has #main (1)"),
        ("article", "the page has no element 'article'"),
        (".card .sku", "'.card' matches 2 elements, none with '.sku'"),
        (".card > h1", "'.card' matches 2 elements, none with 'h1'"),
        ("h1.card", "each name in it is on the page, but never together"),
        ("a::attr(title)", "1 element match, none with an attribute 'title'"),
        ("[data-price]", "the page has no attribute 'data-price'"),
        (".stock-level", "the name stands in a script"),
        ("//h2", "the XPath gives nothing on this page"),
    ],
)
def test_nothing_is_explained(page, selector, why):
    found = page.select(selector)

    assert not found
    assert why in found.why
    assert why.split("'")[0] in repr(found)


@pytest.mark.parametrize(
    ("selector", "problem"),
    [
        ("h1[", "the selector 'h1[' is not valid CSS"),
        ("//h1[", "the selector '//h1[' is not valid XPath (Invalid expression)"),
        ("h1::before", "the selector 'h1::before' has a pseudo-element other than"),
        ("", "the selector '' is not valid CSS"),
        (None, "a selector is text, and None is NoneType"),
        (["h1"], "a selector is text, and ['h1'] is list"),
    ],
)
def test_what_is_no_selector_is_shown_as_it_was_written(page, selector, problem):
    for ask in (
        page.select,
        lambda it: try_selector(it, [(0, page)]),
        lambda it: try_selector(it, []),
    ):
        with pytest.raises(ConfigError) as caught:
            ask(selector)
        assert caught.value.problem.startswith(problem)
        assert 'write CSS like "h1"' in caught.value.hint


def test_a_long_selector_is_cut_in_its_error(page):
    with pytest.raises(ConfigError) as caught:
        page.select("h1 " * 5_000 + "[")

    assert len(caught.value.problem) < 300


def test_a_page_that_needs_a_browser_says_so():
    shell = '<html><body><div id="root"></div><script src="app.js"></script></body></html>'

    assert 'render="always"' in sq.read_page(shell).select("h1").why


def test_pictures_of_a_page_and_a_selection_hold_no_markup_of_strangers():
    page = sq.read_page(
        "<h1 class='x'>&lt;script&gt;alert(1)&lt;/script&gt;</h1>", record={"a": "h1"}
    )

    for shown in (page._repr_html_(), page.select("h1")._repr_html_()):
        assert "alert(1)" in shown
        assert "<script>" not in shown


@pytest.mark.parametrize("source", [b"%PDF-1.7 ...", ""])
def test_what_is_no_page_is_refused(source):
    with pytest.raises(InputError):
        sq.read_page(source)


@pytest.mark.parametrize("source", [None, 5])
def test_what_is_no_text_is_refused(source):
    with pytest.raises(InputError, match="cannot be read from"):
        sq.read_page(source)


def test_an_address_that_is_none_is_refused():
    with pytest.raises(InputError, match="url="):
        sq.read_page("<p>", url="http://[")


def test_many_matches_are_placed_as_far_as_they_are_shown():
    page = sq.read_page("".join(f"<p>{number}</p>" for number in range(3_000)))

    found = page.select("p")

    assert len(found) == 3_000
    assert (bool(found.matches[0].where), found.matches[-1].where) == (True, "")


def test_a_document_says_what_looks_into_it():
    found = sq.read_page(b'{"a": "<1"}', url="http://h/a.json", record={"a": sq.jmespath("a")})

    assert found.values == {"a": "<1"}
    assert "this is no web page (json)" in found.select("h1").why


def test_nuls_in_a_text_do_not_make_it_a_file():
    assert sq.read_page("<h1>a\0b</h1>", record={"x": "h1"}).values == {"x": "ab"}
