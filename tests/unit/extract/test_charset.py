"""Which encoding a page is in: mark over header over declaration over guess."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrapeq.extract.charset import codec, declared_label, decode

RUSSIAN = "Съешь ещё этих мягких французских булок да выпей чаю. " * 20
JAPANESE = "これは日本語の文章です。文字コードを正しく判定する必要があります。" * 20
CHINESE = "这是一个中文网页，用来测试编码的识别。" * 20
KOREAN = "이것은 한국어 문장입니다. 문자 인코딩을 알아내야 합니다." * 20
GERMAN = "Die Straße über den Fluß ist schön für Fußgänger. " * 20


def page(text: str, meta: str = "") -> str:
    return f"<!doctype html><html><head>{meta}<title>t</title></head><body>{text}</body></html>"


def test_the_mark_beats_the_header() -> None:
    body = b"\xef\xbb\xbf" + "é".encode()

    assert decode(body, "text/html; charset=windows-1251")[:3] == ("é", "utf-8", "bom")


@pytest.mark.parametrize("charset", ["utf-16-le", "utf-16-be"])
def test_utf16_is_known_by_its_mark_its_header_and_its_zeros(charset: str) -> None:
    body = page("Grüße").encode(charset)
    mark = "\ufeff".encode(charset)

    assert decode(mark + body).source == "bom"
    assert decode(body, f"text/html; charset={charset[:-3]}{charset[-2:]}").source == "header"
    for form in (mark + body, body):
        assert decode(form).text == page("Grüße")


def test_the_header_beats_the_meta_element() -> None:
    body = page(RUSSIAN, '<meta charset="windows-1252">').encode("cp1251")

    decoded = decode(body, 'text/html; Charset="Windows-1251"')

    assert (decoded.charset, decoded.source) == ("cp1251", "header")
    assert RUSSIAN in decoded.text


def test_a_header_that_does_not_fit_is_not_believed() -> None:
    body = page(RUSSIAN, '<meta charset="windows-1251">').encode("cp1251")

    assert decode(body, "text/html; charset=utf-8").source == "meta"
    assert RUSSIAN in decode(body, "text/html; charset=utf-8").text


@pytest.mark.parametrize(
    ("text", "python", "label"),
    [
        (RUSSIAN, "cp1251", "windows-1251"),
        (RUSSIAN, "koi8-r", "KOI8-R"),
        (JAPANESE, "shift_jis", "Shift_JIS"),
        (JAPANESE, "euc_jp", "EUC-JP"),
        (JAPANESE, "iso2022_jp", "ISO-2022-JP"),
        (CHINESE, "gbk", "gb2312"),
        (CHINESE, "gb18030", "GBK"),
        (KOREAN, "euc_kr", "ks_c_5601-1987"),
        (GERMAN, "cp1252", "latin1"),
    ],
)
def test_a_meta_element_is_enough(text: str, python: str, label: str) -> None:
    for meta in (
        f'<meta charset="{label}">',
        f"<META content='text/html;charset={label}' http-equiv=content-type>",
    ):
        decoded = decode(page(text, meta).encode(python))
        assert text in decoded.text
        assert decoded.source == "meta"


@pytest.mark.parametrize(
    ("text", "python", "domain"),
    [
        (RUSSIAN, "cp1251", "ru"),
        (JAPANESE, "shift_jis", "jp"),
        (JAPANESE, "euc_jp", "jp"),
        (CHINESE, "gbk", "cn"),
        (KOREAN, "euc_kr", "kr"),
        (GERMAN, "cp1252", "de"),
    ],
)
def test_a_page_without_a_word_about_it_is_guessed(text: str, python: str, domain: str) -> None:
    decoded = decode(page(text).encode(python), "text/html", domain)

    assert text in decoded.text
    assert decoded.source == "guess"


def test_a_late_meta_element_counts() -> None:
    late = page(RUSSIAN, f"<script>{'x' * 50_000}</script><meta charset=windows-1251>")

    assert RUSSIAN in decode(late.encode("cp1251")).text


def test_valid_utf8_is_utf8_whatever_the_page_says() -> None:
    body = page("Grüße", "<meta charset=iso-8859-1>").encode()

    assert decode(body)[1:3] == ("utf-8", "utf-8")


@pytest.mark.parametrize(
    ("body", "is_the_text"),
    [
        ("Grüße".encode(), True),
        (b"plain", True),
        (b"nul\0", False),
        (b"\xef\xbb\xbfmark", False),
        ("cut ü".encode()[:-1], False),
        ("Grüße".encode("cp1252"), False),
        ("Grüße ".encode() * 30 + b"\xff", False),
    ],
)
@pytest.mark.parametrize("header", ["", "text/html; charset=utf-8"])
def test_the_body_is_given_on_only_where_it_is_the_text(
    body: bytes, header: str, *, is_the_text: bool
) -> None:
    decoded = decode(body, header)

    assert decoded.utf8 == (body if is_the_text else None)
    assert not is_the_text or decoded.text.encode() == body


def test_a_declaration_in_a_comment_is_none() -> None:
    assert declared_label(b"<!-- <meta charset=koi8-r> --><meta charset=big5>") == "big5"
    assert declared_label(b"<!-- <meta charset=koi8-r>") is None
    assert declared_label(b"<?xml version='1.0' encoding='koi8-r'?><html>") == "koi8-r"


def test_latin1_means_windows_1252() -> None:
    assert decode(b"\x93quoted\x94 \x80", "text/html; charset=iso-8859-1").text == "“quoted” €"


@pytest.mark.parametrize("label", ["utf-7", "UTF-7", "hz-gb-2312", "punycode", "rot13", "", "?"])
def test_what_browsers_refuse_is_no_label(label: str) -> None:
    assert codec(label) == ""


def test_utf7_is_never_decoded() -> None:
    body = b"<meta charset=utf-7>+ADw-script+AD4-alert(1)+ADw-/script+AD4-"

    for content_type in ("text/html", "text/html; charset=utf-7"):
        assert "+ADw-script+AD4-" in decode(body, content_type).text


def test_a_page_cut_within_a_character_is_still_utf8() -> None:
    assert decode("Grüße ü".encode()[:-1]).text == "Grüße \ufffd"


def test_one_bad_byte_does_not_cost_the_label() -> None:
    body = page(JAPANESE, "<meta charset=shift_jis>").encode("shift_jis") + b"\x81\x20"

    assert decode(body).charset == "cp932"


@given(st.binary(max_size=300), st.sampled_from(["", "utf-8", "gbk", "utf-16", "iso-2022-jp"]))
def test_any_bytes_become_text_that_can_be_written(body: bytes, label: str) -> None:
    text = decode(body, f"text/html; charset={label}").text

    text.encode()
    assert "\0" not in text
