"""Fields that a model fills: the schema that it is asked by, and what its answer comes to."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any, Literal

import pytest

import scrapeq as sq
from scrapeq.errors import ConfigError
from scrapeq.models import Content
from scrapeq.models.found_values import FoundValues
from scrapeq.models.record_class import record_spec
from scrapeq.records import check_record, with_record
from scrapeq.records.by_model import ModelAnswer, filled, model_schema, only_by_model, to_fill


class Offer(sq.Record):
    seller: str = sq.css(".seller")
    price: Decimal | None = sq.css(".price")


RECORD = record_spec(
    {
        "name": "h1",
        "price": (Decimal | None, sq.first(sq.css(".price"), sq.ai("the price"))),
        "mood": (Literal["good", "bad"], sq.ai("how it is written of")),
        "since": (date | None, sq.ai("since when it is sold")),
        "tags": (list[str], sq.ai("what it is for")),
        "offers": (list[Offer], sq.ai("every offer")),
    }
)


@pytest.fixture
def content() -> Content:
    """A page whose h1 was found and whose price was not."""
    name = FoundValues(values=["Lantern"], where="css h1", number=1)
    nothing = FoundValues()
    found = {"name": [name], "price": [nothing, nothing]}
    return with_record(Content(found=found), RECORD)


def fill(content: Content, values: dict[str, Any] | None = None, **more: Any) -> Content:
    return filled(content, RECORD, ModelAnswer(values or {}, where="ai tiny", **more))


def test_what_another_source_gave_is_not_asked(content):
    assert [one.name for one in to_fill(RECORD, content)] == [
        "price",
        "mood",
        "since",
        "tags",
        "offers",
    ]
    priced = replace(content, sources={**content.sources, "fields.price": "css .price"})
    assert "price" not in [one.name for one in to_fill(RECORD, priced)]


def test_the_schema_has_each_fields_type_and_instruction(content):
    properties = model_schema(to_fill(RECORD, content))["properties"]

    assert properties["price"] == {"type": "number", "description": "the price"}
    assert properties["mood"]["enum"] == ["good", "bad"]
    assert properties["since"]["description"] == "since when it is sold; a date like 2026-03-01"
    assert properties["tags"] == {
        "type": "array",
        "items": {"type": "string"},
        "description": "what it is for",
    }
    offer = properties["offers"]["items"]
    assert offer["required"] == ["seller", "price"]
    assert offer["additionalProperties"] is False


def test_values_get_their_types_and_their_source(content):
    done = fill(
        content,
        {
            "price": 129.5,
            "mood": "Good",
            "since": "2026-03-01",
            "tags": ["storms", "ships"],
            "offers": [{"seller": "A", "price": "1.299,00 €"}, {"seller": None, "price": None}],
        },
    )

    assert done.fields == {
        "name": "Lantern",
        "price": "129.5",
        "mood": "good",
        "since": "2026-03-01",
        "tags": ["storms", "ships"],
        "offers": [{"seller": "A", "price": "1299.0"}],
    }
    assert done.sources["fields.price"] == "ai tiny"
    assert done.sources["fields.name"] == "css h1"
    assert done.violations == []
    assert done.found == {}


def test_what_is_missing_or_wrong_is_a_violation_of_its_field(content):
    done = fill(
        content, {"since": "long ago", "tags": None}, problems={"price": "'free' is no number"}
    )

    assert done.fields["name"] == "Lantern"
    kinds = {one["field"]: (one["kind"], one["message"]) for one in done.violations}
    assert kinds.keys() == {"price", "mood", "since"}
    assert kinds["price"] == ("unread", "of the model's answer: 'free' is no number")
    assert kinds["mood"] == ("missing", "the model found nothing of it on the page")
    assert kinds["since"][0] == "unread"


def test_without_an_answer_every_field_says_why_and_the_others_stay(content):
    done = fill(content, failed="the budget of 2.00 USD has no room")

    assert done.fields["name"] == "Lantern"
    assert {one["field"] for one in done.violations} == {
        "price",
        "mood",
        "since",
        "tags",
        "offers",
    }
    assert {one["kind"] for one in done.violations} == {"ai"}
    assert "has no room" in done.violations[0]["message"]


def test_a_page_that_no_model_was_asked_about_lacks_what_is_required(content):
    done = fill(content, failed="no model was asked: the page is a soft 404", was_asked=False)

    assert [(one["field"], one["kind"]) for one in done.violations] == [("mood", "missing")]


def test_a_field_for_a_model_inside_of_records_is_refused():
    inside = {"offers": sq.each(".offer", {"seller": ".seller", "mood": sq.ai("its mood")})}

    with pytest.raises(
        ConfigError, match=r"record\.offers\.mood: a language model fills fields of"
    ):
        check_record(record_spec(inside))

    check_record(RECORD)


def test_a_record_by_the_model_alone():
    assert only_by_model(record_spec({"a": sq.ai("this"), "b": sq.ai("that")}))
    assert not only_by_model(RECORD)
