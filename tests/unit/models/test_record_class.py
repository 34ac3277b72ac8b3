"""What people write about a row, as the data that travels."""

from __future__ import annotations

import enum
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

import pandas as pd
import pytest
from pydantic import Field, HttpUrl, field_validator

import scrapeq as sq
from scrapeq.errors import ConfigError
from scrapeq.models.record import FieldType, RecordSpec, Way
from scrapeq.models.record_class import record_spec


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Offer(sq.Record):
    seller: str = sq.css(".seller")
    price: Annotated[Decimal, Field(gt=0)] | None = sq.css(".price", clean="price")


class Product(sq.Record):
    name: str = sq.css("h1")
    price: Decimal | None = sq.first(sq.structured("offers.price"), sq.css(".price"))
    tags: list[str] = sq.css(".tag")
    specs: pd.DataFrame | None = sq.table(".specs")
    summary: str | None = sq.ai("one sentence: what it is for")
    offers: list[Offer] = sq.each(".offer", Offer)
    best: Offer | None = sq.each(".best", Offer)
    link: HttpUrl | None = sq.css("a::attr(href)")
    colour: Colour | None = sq.css(".colour")
    size: Literal["S", "L"] = sq.css(".size", default="S")
    stock: Annotated[int, sq.regex(r"(\d+) left"), Field(ge=0)]
    seen: datetime | None = sq.jmespath("seen")
    day: date | None = sq.xpath("//time/@datetime")
    anything: Any = sq.structured("x")


def fields(record):
    return {one.name: one for one in record_spec(record).fields}


def test_a_class_becomes_data_that_comes_back_the_same():
    spec = record_spec(Product)

    assert spec.name == "Product"
    assert RecordSpec.model_validate_json(spec.model_dump_json()) == spec
    assert record_spec(spec.model_dump(mode="json")) == spec


def test_each_field_has_its_type():
    found = fields(Product)

    assert {name: str(one.type) for name, one in found.items()} == {
        **{"name": "text", "price": "decimal", "tags": "text", "specs": "table", "summary": "text"},
        **{"offers": "record", "best": "record", "link": "url", "colour": "choice"},
        **{"size": "choice", "stock": "integer", "seen": "time", "day": "date", "anything": "json"},
    }
    assert [name for name, one in found.items() if one.many] == ["tags", "offers"]
    assert [name for name, one in found.items() if one.required] == ["name", "stock", "anything"]
    assert found["colour"].choices == ("red", "blue")
    assert found["size"].default == "S"


def test_sources_are_asked_in_the_order_in_which_they_are_written():
    assert [(one.way, one.query) for one in fields(Product)["price"].sources] == [
        (Way.STRUCTURED, "offers.price"),
        (Way.CSS, ".price"),
    ]
    assert fields(Product)["summary"].by_model == "one sentence: what it is for"
    assert fields(Product)["name"].by_model is None


def test_bounds_travel_wherever_they_are_written():
    class Bounded(sq.Record):
        a: Annotated[Decimal, Field(gt=0, max_digits=8)] | None = sq.css("a")
        b: list[Annotated[str, Field(min_length=2)]] = sq.css("b")
        c: Annotated[list[str], Field(min_length=1)] = sq.css("c")
        d: Annotated[str, Field(pattern="^x"), sq.css("d")]

    found = fields(Bounded)

    assert found["a"].rules == {"gt": 0, "max_digits": 8}
    assert (found["b"].rules, found["b"].list_rules) == ({"min_length": 2}, {})
    assert (found["c"].rules, found["c"].list_rules) == ({}, {"min_length": 1})
    assert found["d"].rules == {"pattern": "^x"}


def test_a_field_may_be_called_fields():
    assert fields({"fields": [".field"], "name": "h1"})["fields"].many


def test_a_dict_is_a_record_of_text():
    spec = record_spec(
        {
            "title": "h1",
            "links": ["a::attr(href)"],
            "heading": "//h2",
            "price": (Decimal | None, sq.css(".price")),
            "offers": sq.each(".offer", {"seller": ".seller"}),
        }
    )
    found = {one.name: one for one in spec.fields}

    assert [found[name].type for name in ("title", "links", "heading", "price", "offers")] == [
        *[FieldType.TEXT] * 3,
        FieldType.DECIMAL,
        FieldType.RECORD,
    ]
    assert found["heading"].sources[0].way is Way.XPATH
    assert found["links"].many
    assert found["offers"].many
    assert not found["title"].required


class WithCode(sq.Record):
    name: str = sq.css("h1")

    @field_validator("name")
    @classmethod
    def check(cls, value):
        return value


class Sourceless(sq.Record):
    name: str


class Twice(sq.Record):
    name: int | str = sq.css("h1")


class Odd(sq.Record):
    name: bytes = sq.css("h1")


class Set(sq.Record):
    name: set[str] = sq.css("h1")


class Typed(sq.Record):
    name: dict[str, int] = sq.css("h1")


class Node(sq.Record):
    name: str = sq.css("b")
    inside: list[Node] = sq.css("li")


class NoTable(sq.Record):
    name: str = sq.table("table")


class NoRecord(sq.Record):
    name: str = sq.css("h1")
    offer: Offer = sq.css(".offer")


@pytest.mark.parametrize(
    ("record", "message"),
    [
        (WithCode, "WithCode.check is code, which does not travel to workers"),
        (Sourceless, "Sourceless.name does not say where it is found"),
        (Twice, "Twice.name may be of several types"),
        (Odd, "Odd.name is of type bytes"),
        (Set, "Set.name is of type set"),
        (Typed, "Typed.name is of type dict"),
        (Node, "Node contains itself"),
        ({"a": (float, sq.css("a", default=float("nan")))}, "nan is no number"),
        ({"x\0y": "h1"}, "a name has letters that can be shown"),
        (NoTable, "NoTable.name: a table is a field of type pandas.DataFrame with sq.table"),
        ({}, "the record record has no fields"),
        ({"": "h1"}, "'' is no name of a field"),
        ({"a": 1}, "1 is no source"),
        ({"fields": [{"name": "x"}]}, "the record is not one that was saved"),
        (3, "record is int"),
    ],
)
def test_what_cannot_be_a_record_says_what_to_write(record, message):
    with pytest.raises(ConfigError) as raised:
        record_spec(record)

    assert message in raised.value.problem
    assert raised.value.hint


def test_a_record_of_css_is_read_from_the_element_that_matches():
    """`offer: Offer = sq.css(".offer")` can only mean one thing."""
    found = fields(NoRecord)["offer"]

    assert (found.type, found.many) == (FieldType.RECORD, False)


@pytest.mark.parametrize(
    ("fields", "annotations", "says"),
    [
        ({"price": sq.css(".price")}, {}, "the record Shoe: Field 'price' requires a type"),
        ({"_a": sq.css("a")}, {"_a": str}, "the record Shoe: Fields must not use names with"),
    ],
)
def test_a_field_that_cannot_be_one_is_refused_where_the_class_is_written(
    fields, annotations, says
):
    with pytest.raises(ConfigError, match=says):
        type("Shoe", (sq.Record,), {**fields, "__annotations__": annotations})


@pytest.mark.parametrize("record", [type("record", (sq.Record,), {}), {}])
def test_a_record_without_fields_is_refused_in_our_words(record):
    with pytest.raises(ConfigError, match="the record record has no fields"):
        record_spec(record)


def test_a_type_that_nothing_is_called_is_named_as_it_is_written():
    wrong = type("Shoe", (sq.Record,), {"a": sq.css("a"), "__annotations__": {"a": "strr"}})

    with pytest.raises(ConfigError, match=r"Shoe\.a is of type strr;"):
        record_spec(wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: sq.css(""),
        sq.first,
        lambda: sq.css("h1", clean=str.upper),
        lambda: sq.css("x" * 20_000),
    ],
)
def test_a_source_that_is_none_is_refused_where_it_is_written(wrong):
    with pytest.raises(ConfigError):
        wrong()


def test_the_options_take_a_record_in_every_form():
    by_class = sq.ScrapingConfig.build(record=Product)
    as_json = record_spec(Product).model_dump_json()

    assert by_class == sq.ScrapingConfig.build(record=as_json)
    assert sq.ScrapingConfig(**by_class.to_storage()) == by_class
    assert "Product (name, price" in repr(by_class)
    assert list(by_class.recipe.asked) == list(Product.model_fields)


def test_two_ways_to_one_name_are_refused():
    with pytest.raises(
        ConfigError, match="'name' is a field of the record and in custom_selectors"
    ):
        sq.ScrapingConfig.build(record={"name": "h1"}, custom_selectors={"name": "h2"})


def test_another_record_is_another_recipe():
    plain, one, two = (
        sq.ScrapingConfig.build(record=record).recipe.digest
        for record in (None, {"a": "h1"}, {"a": "h2"})
    )

    assert len({plain, one, two}) == 3


def test_our_own_message_comes_without_another_hint():
    with pytest.raises(ConfigError) as raised:
        sq.ScrapingConfig.build(record=Sourceless)

    assert raised.value.problem == "Sourceless.name does not say where it is found"
    assert "ScrapingConfig" not in raised.value.hint
