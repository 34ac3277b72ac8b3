"""Selectors that a model names: what it is shown and asked, and what proves them."""

from __future__ import annotations

from decimal import Decimal
from functools import cache

import pandas as pd
import pytest

import scrapeq as sq
from scrapeq.errors import ConfigError
from scrapeq.models.record import Way
from scrapeq.models.record_class import record_spec
from scrapeq.trying.outline import MOST_CHARACTERS, outline
from scrapeq.trying.suggestion import Suggestion, proved, question


class Product(sq.Record):
    name: str = sq.ai("what it is called")
    price: Decimal | None = sq.first(sq.structured("offers.price"), sq.ai("the price"))
    tags: list[str] = sq.css(".old")
    specs: pd.DataFrame | None = sq.table("table")


def page(number, **classes):
    price, tag = classes.get("price", "price"), classes.get("tag", "tag")
    return sq.read_page(
        f"<main id='m'><h1>Shoe {number}</h1><b class='{price}' itemprop='price'>£{number}.50</b>"
        f"<i class='{tag}'>red</i><i class='{tag}'>new</i><script>x()</script></main>"
    )


@cache
def pages():
    """Four of one kind. Not read where this file is loaded: every process of a run loads it."""
    return [page(1), page(2), page(3, price="other", tag="other"), page(4, tag="other")]


def judged(*others, **answer):
    given = {name: {"selector": one[0], "value": one[1]} for name, one in answer.items()}
    return {one.name: one for one in proved(record_spec(Product), given, others or pages())}


def test_the_outline_has_a_line_for_each_text_and_no_script():
    assert outline(pages()[0].tree).splitlines() == [
        "main#m > h1 | Shoe 1",
        "main#m > b.price[itemprop=price] | £1.50",
        "main#m > i.tag | red",
        "main#m > i.tag | new",
    ]


def test_the_outline_of_a_long_page_is_bounded():
    long = sq.read_page("".join(f"<p>{number} {'x' * 500}</p>" for number in range(5_000)))

    assert len(outline(long.tree)) <= MOST_CHARACTERS


def test_the_model_is_asked_for_what_a_selector_can_give():
    asked = question(record_spec(Product))["properties"]

    assert list(asked) == ["name", "price", "tags"]
    assert asked["name"]["description"] == "what it is called (text)"
    assert asked["tags"]["description"] == "tags (text, all of them)"


def test_a_record_of_tables_alone_has_nothing_to_ask():
    with pytest.raises(ConfigError, match="no field of the record"):
        question(record_spec({"t": (pd.DataFrame, sq.table())}))


def test_a_selector_is_proved_by_what_the_model_read_and_by_the_other_pages():
    found = judged(name=("h1", "shoe 1"), price=(".price", "1.50"), tags=(".tag", "red"))

    assert [found[name].is_proved for name in ("name", "price", "tags")] == [True, True, True]
    assert [found[name].matched for name in ("name", "price", "tags")] == [4, 3, 2]
    assert found["specs"].why == "a table is not asked for"


@pytest.mark.parametrize(
    ("selector", "value", "why"),
    [
        ("h1", "Boot", "on the first page it gives 'Shoe 1'"),
        (".none", "x", "it matches on no page"),
        (".other", "x", "it does not match on the first page"),
        ("h1[", "x", "it is no valid selector"),
        (None, "x", "the model named none"),
        (7, "x", "the model named none"),
        ("h1", None, "on the first page it gives 'Shoe 1'"),
    ],
)
def test_what_is_not_proved_says_why(selector, value, why):
    assert judged(name=(selector, value))["name"].why == why


def test_what_matches_on_few_pages_is_not_proved():
    many = [page(1), *[page(number, price="other") for number in range(2, 8)]]

    assert judged(*many, price=(".price", "1.50"))["price"].why == "it matches on 1 of 7 pages only"


def test_an_answer_of_another_form_proves_nothing():
    found = proved(record_spec(Product), {"name": "h1", "price": None}, pages())

    assert not any(one.is_proved for one in found)


def test_what_is_proved_becomes_selectors_and_a_record_that_costs_nothing():
    fields = list(
        judged(name=("h1", "Shoe 1"), price=(".wrong", "1"), tags=(".tag", "red")).values()
    )

    suggestion = Suggestion(record_spec(Product), fields, len(pages()), 0.002)

    assert suggestion.selectors == {"name": "h1", "tags": [".tag"]}
    ways = {one.name: [source.way for source in one.sources] for one in suggestion.record.fields}
    assert ways["name"] == [Way.CSS]
    assert ways["price"] == [Way.STRUCTURED, Way.AI]
    assert ways["tags"] == [Way.CSS, Way.CSS]
    assert suggestion.df["agrees"].tolist() == [True, False, True, False]
    assert repr(suggestion) == "<Suggestion 2 of 4 fields on 4 pages>"
    assert "0.0020 USD" in suggestion._repr_html_()
