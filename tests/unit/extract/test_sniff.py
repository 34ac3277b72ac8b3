"""What is a page, and what is another kind of document."""

from __future__ import annotations

import gzip
import random

import pytest

from scrapeq.extract.sniff import MOST_UNPACKED, Sniffed, not_html, sniff
from scrapeq.models import DocumentKind, ErrorKind, Failure
from scrapeq.testing.documents import DOCUMENTS, xlsx_file, zip_file

PAGE = b"<!doctype html><title>t</title><p>words"


def kind(body: bytes, content_type: str, url: str = "") -> str:
    return sniff(body, content_type, url).kind.value


@pytest.mark.parametrize(
    "content_type",
    ["text/html", "TEXT/HTML; charset=utf-8", "application/xhtml+xml", "", "application/pdf"],
)
def test_what_begins_like_a_document_is_a_page(content_type: str) -> None:
    assert kind(PAGE, content_type) == "html"
    assert kind(
        b"\xef\xbb\xbf\n <!-- c --><?xml version='1.0'?>\n<html lang=en>", content_type
    ) == ("html")


@pytest.mark.parametrize(
    "before",
    [
        b"<!---->",
        b"<!-- a - b -- c -> d > e ---->\n",
        b"<!-- <html> --><!-- <rss> -->",
        b"<!--" + b" long" * 700 + b"-->",
        b"<?xml version='1.0' encoding='utf-8'?>",
        b"<?xml version='1.0'?> <?xml-stylesheet href='s'?> <!-- c -->\r\n" * 12,
    ],
)
def test_what_stands_before_the_first_element_is_skipped(before: bytes) -> None:
    assert kind(before + PAGE, "application/pdf") == "html"
    assert kind(before + b"<HTML>", "application/pdf") == "html"
    assert kind(before + b"<!DOCTYPE rss [ <!ENTITY a '>'> ] ><rss>", "text/html") == "feed"
    assert kind(before + b"<!DOCTYPE rss SYSTEM 'r.dtd'><!-- c --><rss>", "text/html") == "feed"


@pytest.mark.parametrize(
    "cut", [b"<!-- <html>", b"<!-- <html> -- >", b"<?xml <html", b"<!doctype rss [<!ENTITY <rss>"]
)
def test_what_is_never_closed_is_no_prologue(cut: bytes) -> None:
    assert kind(cut, "application/pdf") in {"other", "xml"}


def test_a_piece_of_html_is_a_page_where_one_was_promised() -> None:
    assert kind(b"<svg></svg><p>words", "text/html") == "html"
    assert kind(b"just words", "text/html") == "html"
    assert kind(b"<p>words", "") == "html"


@pytest.mark.parametrize("charset", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf16_is_not_binary(charset: str) -> None:
    assert kind(PAGE.decode().encode(charset), "text/html") == "html"


@pytest.mark.parametrize("blank", [b"", b" \r\n\t", b"\xef\xbb\xbf", b"\0\0\0", b" " * 100_000])
def test_nothing_is_empty(blank: bytes) -> None:
    assert kind(blank, "text/html") == "empty"
    assert kind(blank, "") == "empty"


def test_text_after_much_white_space_is_not_empty() -> None:
    assert kind(b" " * 100_000 + PAGE, "text/html") == "html"


@pytest.mark.parametrize(
    ("body", "expected", "what"),
    [
        (b"%PDF-1.7\n%\xe2\xe3", "pdf", "PDF"),
        (b"\x89PNG\r\n\x1a\n\0\0", "image", "PNG"),
        (b"GIF89a\1\0", "image", "GIF"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "image", "JPEG"),
        (b"\xff\xd8\xff" + b"no control characters " * 300, "image", "JPEG"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", "image", "WebP"),
        (b"\0\0\0\x18ftypavif\0\0", "image", "AVIF"),
        (b"PK\x03\x04\x14\0", "other", "ZIP"),
        (zip_file({"word/document.xml": b"<w/>"}), "other", "Word"),
        (xlsx_file({"a": [("b",)]}), "excel", "Excel"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "Workbook".encode("utf-16-le"), "excel", "Excel"),
        (gzip.compress(b"x", mtime=0), "other", "gzip"),
        (b"\0\0\0\x18ftypmp42\0\0", "other", "MP4"),
        (b"MZ\x90\0\3\0\0\0\4\0\0\0", "other", "program"),
        (random.Random(1).randbytes(5_000), "other", "binary"),
    ],
)
def test_binary_behind_text_html_is_told_by_its_bytes(
    body: bytes, expected: str, what: str
) -> None:
    found = sniff(body, "text/html")

    assert isinstance(found, Sniffed)
    assert found.kind == expected
    assert not found.is_text
    refused = not_html(found, "text/html")
    assert refused.kind is ErrorKind.NOT_HTML
    assert what in refused.message
    assert "text/html" in refused.message


@pytest.mark.parametrize(
    ("body", "content_type", "expected", "what"),
    [
        (b'{"a": [1]}', "application/json", "json", "JSON"),
        (b'{"a": [1]}', "application/vnd.api+json", "json", "JSON"),
        (b'{"a": [1]}', "text/html", "json", "JSON"),
        (b"[1, 2]", "", "json", "JSON"),
        (
            b'{"version": "https:\\/\\/jsonfeed.org\\/version\\/1.1"}',
            "application/json",
            "feed",
            "feed",
        ),
        (b"<?xml version='1.0'?><rss version='2.0'>", "application/rss+xml", "feed", "feed"),
        (b"<?xml version='1.0'?><!-- c --><feed>", "text/html", "feed", "feed"),
        (b"<rss><channel>", "text/html", "feed", "feed"),
        (b"<rdf:RDF xmlns='http://purl.org/rss/1.0/'>", "text/xml", "feed", "feed"),
        (
            b"<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>",
            "text/xml",
            "xml",
            "XML",
        ),
        (b"<?xml version='1.0'?><urlset>", "text/xml", "sitemap", "sitemap"),
        (b"<sitemapindex>", "application/xml", "sitemap", "sitemap"),
        (b"<note>", "application/xml", "xml", "XML"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'>", "image/svg+xml", "image", "SVG"),
        (b"a,b\n1,2", "text/csv", "csv", "CSV"),
        (b"a;b\n1;2", "application/vnd.ms-excel", "csv", "CSV"),
        (b"<table><tr><td>1", "application/vnd.ms-excel", "html", "web page"),
        (b"body { color: red }", "text/css", "other", "style sheet"),
        (b"alert(1)", "text/javascript", "other", "script"),
    ],
)
def test_data_is_called_by_its_name(
    body: bytes, content_type: str, expected: str, what: str
) -> None:
    found = sniff(body, content_type)

    assert isinstance(found, Sniffed)
    assert found.kind == expected
    assert found.is_text
    assert what in found.what


@pytest.mark.parametrize("called", ["text/plain", "", "application/octet-stream"])
def test_what_is_called_text_or_nothing_is_told_by_its_ending(called: str) -> None:
    assert kind(b"a,b\n1,2", called, "https://a.test/raw/main/data.CSV?raw=1") == "csv"
    assert kind(b"a\tb\n1\t2", called, "https://a.test/data.tsv#x") == "csv"
    assert kind(b'{"a": 1}', called, "https://a.test/data.json") == "json"
    assert kind(b'{"a": 1}\n{"a": 2}', called, "https://a.test/data.jsonl") == "json"
    assert kind(b"a,b\n1,2", called, "https://a.test/csv") == "text"
    assert kind(PAGE, called, "https://a.test/data.csv") == "html"


def test_the_type_is_said_before_the_ending() -> None:
    assert kind(b"a page about data.csv", "text/html", "https://a.test/data.csv") == "html"
    assert kind(b'{"a": 1}', "text/plain", "https://a.test/notes.txt") == "text"


def test_a_gzip_file_of_data_is_looked_into() -> None:
    sitemap = DOCUMENTS["sitemap.xml"][1]()
    found = sniff(gzip.compress(sitemap), "application/x-gzip")

    assert isinstance(found, Sniffed)
    assert (found.kind, found.body) == (DocumentKind.SITEMAP, sitemap)
    assert kind(gzip.compress(b'{"a": "' + b"b" * 9_000 + b'"}'), "") == "json"
    assert kind(gzip.compress(b"a,b\n1,2"), "", "https://a.test/data.csv.gz") == "csv"
    assert kind(gzip.compress(PAGE), "application/gzip") == "other"
    assert kind(gzip.compress(b"words"), "application/gzip") == "other"
    assert kind(gzip.compress(sitemap)[:-20], "application/gzip") in {"sitemap", "other"}


def test_a_gzip_file_is_unpacked_within_bounds() -> None:
    start = b"<?xml version='1.0'?><urlset>"
    bomb = gzip.compress(start + b" " * MOST_UNPACKED, 1)

    found = sniff(bomb, "application/gzip")

    assert isinstance(found, Failure)
    assert found.kind is ErrorKind.TOO_LARGE
    assert kind(gzip.compress(bytes(MOST_UNPACKED + 10_000), 1), "application/gzip") == "other"


def test_an_xml_bomb_is_told_apart_without_being_parsed() -> None:
    bomb = (
        b"<?xml version='1.0'?><!DOCTYPE lolz [" + b"<!ENTITY a 'aaaaaaaa'>" * 50 + b"]><lolz>&a;"
    )

    assert kind(bomb, "text/html") == "xml"
    assert kind(bomb, "application/xml") == "xml"


def test_what_only_looks_like_json_is_a_page() -> None:
    assert kind(b"{placeholder}", "text/html") == "html"
    assert kind(b"[" * 100_000 + b"]" * 100_000, "text/html") == "html"


def test_plain_text_is_a_page_of_text() -> None:
    assert kind(b"Request for Comments: 9110", "text/plain; charset=utf-8") == "text"
    assert kind(b"# Title\n\nwords", "text/markdown") == "text"
    assert kind(b"no type, no tags", "") == "text"
