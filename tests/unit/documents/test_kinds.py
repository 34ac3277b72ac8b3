"""What is read of a document of each kind, and what the recipe leaves out."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from scrapeq.clean import clean_content
from scrapeq.models import Content, DocumentKind, ErrorKind, Failure, Recipe
from scrapeq.models.config import EVERY_DOCUMENT
from scrapeq.testing.documents import DOCUMENTS
from scrapeq.work.child_stages import Source, read

ALL = ("title", "language", "author", "published_at", "metadata", "markdown", "tables")


def reading(
    body: bytes, content_type: str = "", url: str = "https://a.test/x/", **options: Any
) -> Content | Failure:
    recipe = Recipe(**{"page_fields": ALL, **options})
    return read(Source(body, url, content_type, recipe), None)


def content(body: bytes, content_type: str = "", **options: Any) -> Content:
    found = reading(body, content_type, **options)
    assert isinstance(found, Content)
    return found


def of_web(name: str, **options: Any) -> Content:
    content_type, make = DOCUMENTS[name]
    return content(make(), content_type, url=f"https://a.test/document/{name}", **options)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_document_is_a_page_that_needs_no_browser(name: str) -> None:
    found = of_web(name, custom_selectors={"one": "h1", "many": ["a"]})

    assert found.document in DocumentKind
    assert found.page_kind == "page"
    assert found.browser_need is None
    assert found.fields == {"one": None, "many": []}
    assert Content.from_json(json.loads(json.dumps(found.to_json()))) == found


@pytest.mark.parametrize("name", DOCUMENTS)
def test_what_the_recipe_leaves_out_is_empty(name: str) -> None:
    found = of_web(name, page_fields=(), main_text="off")

    assert (found.text, found.markdown, found.title, found.author) == (None, None, None, None)
    assert (found.language, found.published_at, found.metadata) == (None, None, {})
    assert set(found.sources) <= {"charset", "entries", "tables"}


def test_json_is_written_with_a_name_on_each_line() -> None:
    found = content(b'{"b": {"c": [1, "\\u00e9\\ud800"]}, "a": null}', "application/json")

    assert found.document is DocumentKind.JSON
    assert found.text is not None
    assert found.text.splitlines()[:2] == ["{", '  "b": {']
    assert "é?" in found.text
    assert found.metadata["names"] == ["b", "a"]


def test_json_lines_are_json() -> None:
    found = content(b'{"a": 1}\n\n{"a": 2}\n', "application/x-ndjson")

    assert found.metadata["json"] == "lines"
    assert found.metadata["items"] == 2


def test_long_json_stays_as_it_came() -> None:
    body = json.dumps(["words"] * 200_000, separators=(",", ":")).encode()

    assert content(body, "application/json").text == body.decode()


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"[" * 100_000 + b"]" * 100_000, "too deeply"),
        (b'{"a": ', "Expecting value"),
        (b"9" * 5_000, "4300"),
    ],
)
def test_what_is_called_json_and_is_none_says_why(body: bytes, why: str) -> None:
    found = reading(body, "application/json")

    assert isinstance(found, Failure)
    assert found.kind is ErrorKind.PARSE
    assert why in found.message


def test_xml_is_its_text_line_by_line() -> None:
    found = of_web("note.xml")

    assert found.text == "A note\nAnn\nfrom\nBob"
    assert (found.title, found.language) == ("A note", "en")
    assert found.metadata["elements"] == 4


@pytest.mark.parametrize(
    "inside", ["<!ENTITY a SYSTEM 'file:///etc/passwd'>", "<!ENTITY a 'secret'>"]
)
def test_entities_of_xml_stay_what_they_are_called(inside: str) -> None:
    found = content(
        f"<?xml version='1.0'?><!DOCTYPE r [{inside}]><r>before &a; &eacute;</r>".encode()
    )

    assert found.text is not None
    assert "root:" not in found.text
    assert "secret" not in found.text
    assert found.text.startswith("before")
    assert found.text.endswith("é")


@pytest.mark.parametrize("charset", ["utf-8", "utf-16", "iso-8859-1", "windows-1252"])
def test_xml_is_read_in_its_encoding(charset: str) -> None:
    body = f"<?xml version='1.0' encoding='{charset}'?><r>caf\u00e9</r>".encode(charset)

    assert content(body, "text/xml").text == "café"


def test_a_pdf_gives_its_text_and_what_it_says_of_itself() -> None:
    found = of_web("report.pdf")

    assert found.text == (
        "Annual report\nWe sold lamps, chairs and desks in all of the year that is reported on."
        "\n\nMore on the second page."
    )
    assert (found.title, found.author) == ("Annual report 2026", "Ann Example")
    assert found.published_at == datetime(2026, 3, 14, 8, 15, tzinfo=UTC)
    assert found.metadata["pages"] == 2
    assert found.sources["published_at"] == "pdf created"


def test_of_an_image_the_size_is_known() -> None:
    found = of_web("picture.png")

    assert found.document is DocumentKind.IMAGE
    assert found.metadata == {"type": "image/png", "bytes": 81, "width": 40, "height": 30}


def test_of_others_type_and_size_are_known_and_what_is_written_in_them() -> None:
    assert of_web("archive.zip").metadata == {"type": "application/zip", "bytes": 134}
    style = content(b"body { color: red }", "text/css")
    assert style.document is DocumentKind.OTHER
    assert style.text == "body { color: red }"


def test_a_packed_sitemap_is_a_sitemap_and_its_file_an_archive() -> None:
    packed, plain = of_web("sitemap.xml.gz"), of_web("sitemap.xml")

    assert packed.entries == plain.entries
    assert (packed.media_type, plain.media_type) == ("application/gzip", "application/xml")


def test_a_language_is_told_from_the_text_or_declared() -> None:
    words = (
        "Der Verein wurde im Jahre 1892 gegründet und hat seinen Sitz in der Altstadt. Seine Mitglieder "
        "treffen sich jeden Dienstag im Gasthaus zum Adler, wo sie über die Geschichte der Stadt sprechen "
        "und alte Bücher tauschen. Gäste sind herzlich willkommen, eine Anmeldung ist nicht nötig."
    )
    feed = (
        f"<rss><channel><language>en</language><item><title>{words}</title></item></channel></rss>"
    )

    assert content(feed.encode()).language == "de"
    assert of_web("news.rss").language == "en"


@pytest.mark.parametrize(
    ("accept", "name", "kind"),
    [
        (("html", "text"), "report.pdf", "not_html"),
        (("html", "text"), "readme.txt", None),
        (("html", "text", "pdf"), "report.pdf", None),
        (("html", "text", "pdf"), "offers.csv", "not_html"),
        (("pdf",), "report.pdf", None),
        (("pdf",), "readme.txt", "not_accepted"),
        (("image",), "offers.json", "not_accepted"),
    ],
)
def test_accept_names_the_kinds_that_count_as_good(
    accept: tuple[str, ...], name: str, kind: str | None
) -> None:
    content_type, make = DOCUMENTS[name]

    found = reading(make(), content_type, accept=accept)

    assert (found.kind.value if isinstance(found, Failure) else None) == kind


def test_a_web_page_may_be_refused_too() -> None:
    found = reading(b"<!doctype html><p>words", "text/html", accept=("pdf", "excel"))

    assert isinstance(found, Failure)
    assert found.message == "this is a web page, and accept=pdf, excel leaves it out"


def test_what_is_data_by_its_ending_alone_is_text_for_who_wants_text() -> None:
    url = "https://a.test/data.csv"

    as_text = reading(b"a,b\n1,2", "text/plain", url, accept=("html", "text"))
    as_table = reading(b"a,b\n1,2", "text/plain", url, accept=EVERY_DOCUMENT)

    assert isinstance(as_text, Content)
    assert isinstance(as_table, Content)
    assert (as_text.document, as_table.document) == ("text", "csv")


def test_cleaning_keeps_the_columns_and_the_indents_of_data() -> None:
    names = ("offers.json", "offers.csv", "offers.xlsx", "note.xml")
    for found in map(of_web, names):
        assert clean_content(found).text == found.text
