"""What is a page, and what is something else."""

from __future__ import annotations

import gzip
import random

import pytest

from scrapeq.extract.sniff import sniff
from scrapeq.models import ErrorKind, Failure

PAGE = b"<!doctype html><title>t</title><p>words"


def kind(body: bytes, content_type: str) -> str:
    found = sniff(body, content_type)
    return found.kind.value if isinstance(found, Failure) else found


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
    assert kind(before + b"<!DOCTYPE rss [ <!ENTITY a '>'> ] ><rss>", "text/html") == "not_html"
    assert kind(before + b"<!DOCTYPE rss SYSTEM 'r.dtd'><!-- c --><rss>", "text/html") == "not_html"


@pytest.mark.parametrize(
    "cut", [b"<!-- <html>", b"<!-- <html> -- >", b"<?xml <html", b"<!doctype rss [<!ENTITY <rss>"]
)
def test_what_is_never_closed_is_no_prologue(cut: bytes) -> None:
    assert kind(cut, "application/pdf") == "not_html"


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
    ("body", "what"),
    [
        (b"%PDF-1.7\n%\xe2\xe3", "PDF"),
        (b"\x89PNG\r\n\x1a\n\0\0", "PNG"),
        (b"GIF89a\1\0", "GIF"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "JPEG"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", "WebP"),
        (b"PK\x03\x04\x14\0", "ZIP"),
        (gzip.compress(b"x", mtime=0), "gzip"),
        (b"\0\0\0\x18ftypmp42\0\0", "MP4"),
        (b"MZ\x90\0\3\0\0\0\4\0\0\0", "program"),
        (random.Random(1).randbytes(5_000), "binary"),
    ],
)
def test_binary_behind_text_html_is_not_html(body: bytes, what: str) -> None:
    found = sniff(body, "text/html")

    assert isinstance(found, Failure)
    assert found.kind is ErrorKind.NOT_HTML
    assert what in found.message
    assert "text/html" in found.message


@pytest.mark.parametrize(
    ("body", "content_type", "what"),
    [
        (b'{"a": [1]}', "application/json", "JSON"),
        (b'{"a": [1]}', "text/html", "JSON"),
        (b"[1, 2]", "", "JSON"),
        (b"<?xml version='1.0'?><rss version='2.0'>", "application/rss+xml", "feed"),
        (b"<?xml version='1.0'?><!-- c --><feed>", "text/html", "feed"),
        (b"<rss><channel>", "text/html", "feed"),
        (b"<?xml version='1.0'?><urlset>", "text/xml", "XML"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'>", "image/svg+xml", "SVG"),
        (b"a,b\n1,2", "text/csv", "CSV"),
        (b"body { color: red }", "text/css", "style sheet"),
        (b"alert(1)", "text/javascript", "script"),
    ],
)
def test_data_is_not_html_and_is_called_by_its_name(
    body: bytes, content_type: str, what: str
) -> None:
    found = sniff(body, content_type)

    assert isinstance(found, Failure)
    assert found.kind is ErrorKind.NOT_HTML
    assert what in found.message


def test_an_xml_bomb_is_told_apart_without_being_parsed() -> None:
    bomb = (
        b"<?xml version='1.0'?><!DOCTYPE lolz [" + b"<!ENTITY a 'aaaaaaaa'>" * 50 + b"]><lolz>&a;"
    )

    assert kind(bomb, "text/html") == "not_html"
    assert kind(bomb, "application/xml") == "not_html"


def test_what_only_looks_like_json_is_a_page() -> None:
    assert kind(b"{placeholder}", "text/html") == "html"
    assert kind(b"[" * 100_000 + b"]" * 100_000, "text/html") == "html"


def test_plain_text_is_a_page_of_text() -> None:
    assert kind(b"Request for Comments: 9110", "text/plain; charset=utf-8") == "text"
    assert kind(b"# Title\n\nwords", "text/markdown") == "text"
    assert kind(b"no type, no tags", "") == "text"
