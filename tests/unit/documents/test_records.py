"""Fields of a record in documents that are no web pages."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import scrapeq as sq
from scrapeq.models import Content, ScrapingConfig
from scrapeq.testing.documents import DOCUMENTS
from scrapeq.work.child_stages import Source, read, record


class Offer(sq.Record):
    name: str = sq.jmespath("name")
    price: Decimal = sq.jmespath("price")
    day: date = sq.jmespath("day")


class Shop(sq.Record):
    first: str = sq.jmespath("offers[0].name")
    offers: list[Offer] = sq.each(sq.jmespath("offers"), Offer)


class Report(sq.Record):
    sold: str = sq.regex(r"We sold (\w+)")
    heading: str | None = sq.css("h1")


def fields(name: str, wanted: type[sq.Record]) -> Content:
    content_type, make = DOCUMENTS[name]
    recipe = ScrapingConfig.build(record=wanted).recipe
    source = Source(make(), f"https://a.test/document/{name}", content_type, recipe)
    found = read(source, None)
    assert isinstance(found, Content)
    made = record(source, found)
    assert isinstance(made, Content)
    return made


def test_json_is_asked_by_jmespath() -> None:
    found = fields("offers.json", Shop)

    assert found.fields["first"] == "Lamp"
    assert [one["price"] for one in found.fields["offers"]] == ["19.9", "1249.0", "480.5"]
    assert found.violations == []


def test_the_text_of_a_pdf_is_asked_by_a_pattern() -> None:
    found = fields("report.pdf", Report)

    assert found.fields == {"sold": "lamps", "heading": None}


def test_what_a_document_lacks_is_a_violation() -> None:
    found = fields("readme.txt", Report)

    assert [one["field"] for one in found.violations] == ["sold"]


def test_a_document_that_is_at_hand_is_read_at_once() -> None:
    page = sq.read_page(DOCUMENTS["report.pdf"][1](), record=Report)

    assert page.values == {"sold": "lamps", "heading": None}
    assert page.content.document == "pdf"
    assert len(page.select("h1")) == 0
