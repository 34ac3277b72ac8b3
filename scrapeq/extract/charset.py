"""Bytes to text: which encoding a page is in.

A byte order mark beats the Content-Type header, the header beats what the page says of itself, and
that beats a guess, as in browsers. Two things are asked more often than browsers ask: a label has
to fit the bytes, and a page that is valid UTF-8 is UTF-8 whatever its own meta element says; on
real pages that was right in 96-98 % of cases.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

#: How far into a page its own declaration is looked for, in bytes. Browsers promise 1,024 (WHATWG
#: HTML, 13.2.3.2) and honour later ones too; long inline scripts do come first.
DECLARATION_BYTES = 262_144

#: How much of a page is guessed from, in bytes.
GUESS_BYTES = 262_144


class Decoded(NamedTuple):
    """text: without NULs and lone surrogates. charset: Python's name of the encoding that was used.
    source: "bom", "header", "utf-8" (it is valid as that), "meta" or "guess". utf8: the body, if it is
    the text in UTF-8: then a parser of bytes need not encode it again, a quarter of the parse."""

    text: str
    charset: str
    source: str
    utf8: bytes | None = None


def decode(body: bytes, content_type: str = "", top_level_domain: str = "") -> Decoded:
    """The text of a page. Never fails: what is no character at all becomes U+FFFD.

    Labels are WHATWG's: latin1 means windows-1252, gb2312 means gb18030; UTF-7 and other encodings
    that browsers refuse are as good as no label. `top_level_domain` ("jp") helps the guess.
    """
    for mark, charset in _MARKS:
        if body.startswith(mark):
            return _finish(body[len(mark) :], charset, "bom")
    for label in _HEADER_LABEL.findall(content_type)[:1]:
        if (text := _believe(body, codec(label))) is not None:
            return _as_it_came(body, text, codec(label), "header")
    if charset := _wide(body):
        return _finish(body, charset, "guess")
    # ISO-2022-JP is ASCII to look at, and so would be valid UTF-8. One byte is found much faster than two.
    is_escaped = b"\x1b" in body and b"\x1b$" in body
    if not is_escaped and (text := _as_utf8(body)) is not None:
        return _as_it_came(body, text, "utf-8", "utf-8")
    charset = codec(declared_label(body) or "")
    if charset.startswith("utf-16"):
        charset = "utf-8"  # it was readable as ASCII, so it cannot be UTF-16
    if (text := _believe(body, charset)) is not None:
        return Decoded(text, charset, "meta")
    return _finish(body, _guess(body, top_level_domain), "guess")


@lru_cache(maxsize=1_000)  # labels are a stranger's, so not all of them are kept
def codec(label: str) -> str:
    """Python's codec for a WHATWG label, "" for an unknown or refused one."""
    from resiliparse.parse.encoding import map_encoding_to_html5

    name = label.strip(" \t\r\n\f\"'").lower()
    found = map_encoding_to_html5(name, fallback_utf8=False) or ""
    return _WIDER.get(found or name, found)


def declared_label(body: bytes) -> str | None:
    """What the page says of itself, in a meta element or an XML declaration."""
    head = body[:DECLARATION_BYTES]
    if match := _XML_LABEL.match(head):
        return match[1].decode("ascii")
    if b"<!--" in head:
        first, *others = head.split(b"<!--")
        head = first + b"".join(part.partition(b"-->")[2] for part in others)
    for meta in _META.finditer(head):
        if match := _META_LABEL.search(meta[0]):
            return match[1].decode("ascii")
    return None


_MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_HEADER_LABEL = re.compile(r"""charset\s*=\s*["']?([^\s"';,]+)""", re.IGNORECASE)
_XML_LABEL = re.compile(rb"""\s*<\?xml\s[^>]{0,200}encoding\s*=\s*["']([A-Za-z0-9._:-]{1,40})""")
_META = re.compile(rb"<meta[\s/][^<>]{0,1000}", re.IGNORECASE)
_META_LABEL = re.compile(rb"""charset\s*=\s*["']?\s*([A-Za-z0-9._:-]{1,40})""", re.IGNORECASE)

# WHATWG's encodings are supersets of what Python knows by the same name; these come nearest. The
# last two are missing from resiliparse's table.
_WIDER = {
    "shift_jis": "cp932",
    "gbk": "gb18030",
    "euc_kr": "cp949",
    "big5": "big5hkscs",
    "iso8859-11": "cp874",
    "x-mac-cyrillic": "mac_cyrillic",
    "x-user-defined": "cp1252",
}


def _as_utf8(body: bytes) -> str | None:
    """The text, if it is valid UTF-8; it may be cut short within its last character."""
    if b"\0" in body:  # in a text it takes longer to find
        body = body.replace(b"\0", b"")
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        if error.start < len(body) - 3:
            return None
        return body[: error.start].decode() + "\ufffd"


def _as_it_came(body: bytes, text: str, charset: str, source: str) -> Decoded:
    is_same = charset == "utf-8" and "\ufffd" not in text and b"\0" not in body
    return Decoded(text, charset, source, body if is_same else None)


def _without_nul(text: str) -> str:
    return text.replace("\0", "") if "\0" in text else text  # to look first is much cheaper


def _believe(body: bytes, charset: str) -> str | None:
    """The text by a label, None if it does not fit: if more than one character in twenty of those
    that matter is broken. With a wrong label nearly all are; with a right one there may be a few.
    """
    if not charset:
        return None
    if charset == "utf-8" and (text := _as_utf8(body)) is not None:
        return text
    text = _finish(body, charset, "").text
    broken = text.count("\ufffd")
    if broken and charset.startswith(_MANY_BYTES):
        return None if broken * 20 > sum(not one.isascii() for one in text) else text
    return text


_MANY_BYTES = ("utf", "cp932", "cp949", "gb18030", "big5", "euc_jp", "iso2022")


def _wide(body: bytes) -> str:
    """UTF-16 without a mark, as far as it begins like a page: every other byte of it is zero."""
    start = body[:64]
    if len(start) >= 16 and start[1::2].count(0) > 28 and not start[::2].count(0):
        return "utf-16-le"
    if len(start) >= 16 and start[::2].count(0) > 28 and not start[1::2].count(0):
        return "utf-16-be"
    return ""


def _guess(body: bytes, top_level_domain: str) -> str:
    """What Firefox's detector says; it knows legacy encodings only, and always answers."""
    from chardetng_py import EncodingDetector  # type: ignore[import-untyped] # has no py.typed

    detector = EncodingDetector()
    detector.feed(body[:GUESS_BYTES], last=True)
    tld = top_level_domain.encode("ascii", "ignore").lower() or None
    return codec(detector.guess(tld=tld, allow_utf8=False)) or "cp1252"


def _finish(body: bytes, charset: str, source: str) -> Decoded:
    # Parsers drop or replace NULs, each in its own way, and databases refuse them. The legacy
    # codecs cannot make lone surrogates; the round trip says so for every codec to come.
    text = _without_nul(body.decode(charset, "replace"))
    if text.startswith("\ufeff"):
        text = text[1:]
    return Decoded(text.encode("utf-8", "replace").decode(), charset, source)
