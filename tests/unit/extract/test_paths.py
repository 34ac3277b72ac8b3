"""Paths through what a page declares."""

import pytest

from scrapeq.extract.paths import values_at

PRODUCT = {
    "name": "Shoe",
    "brand": "Acme",
    "offers": [{"price": "12.50", "seller": {"name": "S"}}, {"price": 13}],
    "og:title": "Shoe!",
    "dotted.name": 1,
    "empty": [],
    "nothing": None,
    "noughts": 0,
}


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("name", ["Shoe"]),
        ("offers.price", ["12.50", 13]),
        ("offers[0].price", ["12.50"]),
        ("offers[-1].price", [13]),
        ("offers[*].price", ["12.50", 13]),
        ("offers[2].price", []),
        ("offers.seller.name", ["S"]),
        ("brand.name", ["Acme"]),  # a text where others write an object
        ("brand.url", []),
        ("og:title", ["Shoe!"]),
        ("dotted.name", [1]),
        ("empty", []),
        ("nothing", []),
        ("noughts", [0]),
        ("missing", []),
        ("name.first.second", []),
        ("", [PRODUCT]),
        ("....", []),
    ],
)
def test_a_path_gives_every_value_that_is_there(path, values):
    assert values_at(PRODUCT, path) == values


def test_a_list_is_gone_through_from_its_top():
    assert values_at([{"a": 1}, 5, None, {"a": [2, 3]}], "a") == [1, 2, 3]
