"""A record of what its sources gave."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

import pytest
from pydantic import Field, HttpUrl

import scrapeq as sq
from scrapeq.errors import ConfigError
from scrapeq.models import Content
from scrapeq.models.found_values import FoundValues, fields_from_json, fields_to_json
from scrapeq.models.record_class import record_spec
from scrapeq.records import check_record, make_record, with_record
from scrapeq.records.making import MOST_VIOLATIONS


class Offer(sq.Record):
    seller: str = sq.css(".seller")
    price: Annotated[Decimal, Field(gt=0)] | None = sq.css(".price")


class Product(sq.Record):
    name: str = sq.css("h1")
    price: Decimal | None = sq.first(sq.structured("offers.price"), sq.css(".price"))
    tags: list[Annotated[str, Field(min_length=2)]] = sq.css(".tag")
    day: date | None = sq.css("time")
    offers: list[Offer] = sq.each(".offer", Offer)


def of(*values, where="here"):
    return FoundValues(list(values), where=where, number=len(values))


def offer(seller=(), price=()):
    return {"seller": [of(*seller)], "price": [of(*price)]}


def made(**found):
    whole = {name: [of()] for name in ("name", "tags", "day", "offers")} | {"price": [of(), of()]}
    return make_record(record_spec(Product), {**whole, **found})


def wrong(product):
    return [(one.field, str(one.kind)) for one in product.violations]


def test_values_have_their_types_as_json_keeps_them():
    product = made(name=[of("Shoe")], price=[of("12.50"), of("13")], tags=[of("aa", "bb")])

    assert product.values == {
        **{"name": "Shoe", "price": "12.50", "tags": ["aa", "bb"], "day": None, "offers": []},
    }
    assert product.violations == []
    assert product.sources["name"] == "here"


def test_the_next_source_counts_where_one_cannot_be_read():
    product = made(
        name=[of("Shoe")], price=[of("on request", where="json-ld"), of("13,00 €", where="css")]
    )

    assert product.values["price"] == "13.0"
    assert product.sources["price"] == "css"
    assert product.violations == []


def test_what_cannot_be_read_is_named_and_the_field_is_empty():
    product = made(name=[of("Shoe")], price=[of("soon"), of()], day=[of("05/06/2024")])

    assert (product.values["price"], product.values["day"]) == (None, None)
    assert wrong(product) == [("price", "unread"), ("day", "unread")]
    assert product.violations[0].value == "soon"


def test_what_must_be_there_and_is_not_is_missing():
    product = made()

    assert wrong(product) == [("name", "missing")]
    assert product.violations[0].message == "nothing matches css h1"


def test_an_empty_text_is_nothing():
    product = made(name=[of("  ")])

    assert wrong(product) == [("name", "missing")]
    assert "what it gives is empty" in product.violations[0].message


def test_a_list_keeps_its_good_values():
    product = made(name=[of("Shoe")], tags=[of("aa", "b", "cc")])

    assert product.values["tags"] == ["aa", "cc"]
    assert wrong(product) == [("tags[1]", "bound")]


def test_records_in_a_record_name_their_violations():
    offers = FoundValues(records=[offer(["A"], ["-1"]), offer([], ["2"]), offer()], number=3)

    product = made(name=[of("Shoe")], offers=[offers])

    assert product.values["offers"] == [
        {"seller": "A", "price": None},
        {"seller": None, "price": "2"},
    ]
    assert wrong(product) == [("offers[0].price", "bound"), ("offers[1].seller", "missing")]


def test_the_violations_of_one_page_are_bounded():
    offers = FoundValues(records=[offer(["A"], ["x"])] * (2 * MOST_VIOLATIONS))

    assert len(made(name=[of("Shoe")], offers=[offers]).violations) == MOST_VIOLATIONS


def test_a_default_stands_where_nothing_is_found():
    spec = record_spec({"size": (str, sq.css(".size", default="M"))})

    product = make_record(spec, {"size": [of()]})

    assert (product.values, product.violations) == ({"size": "M"}, [])


def test_a_list_that_is_too_short_is_out_of_bounds():
    class Tagged(sq.Record):
        tags: Annotated[list[str], Field(min_length=1)] = sq.css(".tag")

    assert wrong(make_record(record_spec(Tagged), {"tags": [of()]})) == [("tags", "bound")]


def test_fields_for_a_model_are_left_to_it():
    spec = record_spec({"summary": (str, sq.ai("what it is")), "name": "h1"})
    found = {"summary": [of()], "name": [of("Shoe")]}

    assert make_record(spec, found).unfilled == ["summary"]
    content = with_record(Content(found=found), spec)
    assert (content.fields, content.found) == ({"summary": None, "name": "Shoe"}, found)


def test_a_page_gets_fields_sources_and_violations():
    spec = record_spec(Product)
    found = {
        **{"name": [of("Shoe", where="css h1")], "price": [of("x"), of()], "tags": [of()]},
        **{"day": [of()], "offers": [of()]},
    }
    content = Content(fields={"other": "1"}, sources={"title": "h1"}, found=found)

    content = with_record(content, spec)

    assert content.fields["other"] == "1"
    assert content.fields["name"] == "Shoe"
    assert content.sources == {"title": "h1", "fields.name": "css h1"}
    assert [one["field"] for one in content.violations] == ["price"]
    assert content.found == {}


def test_what_was_found_crosses_a_process_as_json():
    found = {"offers": [FoundValues(records=[offer(["A"], [])], where="css", number=1)]}

    assert fields_from_json(fields_to_json(found)) == found


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({"a": sq.css("h1[")}, "record.a"),
        ({"a": sq.css("//h1")}, "is no CSS"),
        ({"a": sq.xpath("//h1[")}, "record.a"),
        ({"a": sq.regex("(")}, "is no regular expression"),
        ({"a": sq.jmespath("a[")}, "is no JMESPath"),
        ({"a": sq.css("h1", clean="prise")}, "record.a: there is no cleaning rule 'prise'"),
        ({"o": sq.each(".o", {"a": sq.css("[")})}, "record.o.a"),
        ({"a": (Annotated[str, Field(gt=0)], sq.css("a"))}, "text values have no bound gt"),
        ({"a": (Annotated[str, Field(pattern="(")], sq.css("a"))}, "cannot be used"),
    ],
)
def test_a_record_that_cannot_be_met_is_refused_before_a_row_is_submitted(record, message):
    with pytest.raises(ConfigError, match=message.replace("(", r"\(")):
        check_record(record_spec(record))


def test_a_record_that_can_be_met_passes():
    check_record(record_spec(Product))


def test_an_item_that_cannot_be_read_is_kept_and_named_by_its_place():
    offers = FoundValues(records=[offer([], ["1.234"]), offer(), offer(["C"], ["x"])], number=3)

    product = made(name=[of("Shoe")], offers=[offers])

    assert product.values["offers"] == [
        {"seller": None, "price": None},
        {"seller": "C", "price": None},
    ]
    assert ("offers[0].price", "unread") in wrong(product)
    assert ("offers[1].price", "unread") in wrong(product)


def test_what_was_cut_is_a_violation():
    offers = FoundValues(records=[offer(["A"], ["1"])], number=6_000)

    product = made(name=[of("Shoe")], offers=[offers])

    assert wrong(product) == [("offers", "cut")]
    assert product.violations[0].value == "6,000 values"


@pytest.mark.parametrize(
    ("kind", "default"),
    [
        (int, "many"),
        (date | None, "soon"),
        (str, 5),
        (bool, "maybe"),
        (Literal["a", "b"], "c"),
        (HttpUrl | None, "nope"),
        (Annotated[int, Field(gt=0)], -5),
        (list[int], ["a"]),
        (list[int], 3),
    ],
)
def test_a_default_is_a_value_of_its_field(kind, default):
    with pytest.raises(ConfigError, match=r"record\.x: default="):
        check_record(record_spec({"x": (kind, sq.css("a", default=default))}))


@pytest.mark.parametrize(
    ("kind", "default"), [(int, 5), (Decimal, Decimal("1.5")), (list[str], ["a"]), (bool, False)]
)
def test_a_good_default_passes(kind, default):
    check_record(record_spec({"x": (kind, sq.css("a", default=default))}))
