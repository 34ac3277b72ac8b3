"""What a body really is: a page, plain text, nothing, or something else.

The Content-Type and the content often differ. A body that begins like an HTML document is a page,
whatever its type is, and a PDF is no page, though its type is text/html. Otherwise HTML and XHTML
are pages, text/plain and text/markdown are pages of text, and a body without a type is looked at.
JSON, feeds, other XML, style sheets, scripts and tables are `not_html`: they are data for another
tool. XML is never given to an XML parser, so its entities do no harm.
"""

from __future__ import annotations

import json
import re
from typing import Literal

from scrapeq.models import ErrorKind, Failure


def sniff(body: bytes, content_type: str) -> Literal["html", "text"] | Failure:
    """How to read a body, or why it is no page.

    Failures: `empty` for nothing but white space, NULs and a byte order mark (an answer 204 or 304
    has such a body); `not_html` for everything that is not for reading, saying what it is.
    """
    start = _UTF16_ZEROS.sub(b"", body[:4096]) if _looks_utf16(body) else body[:4096]
    start = start.lstrip(_BLANK)
    if not start and not body.strip(_BLANK):
        return Failure(ErrorKind.EMPTY, "the answer has no content")
    start = start or body.lstrip(_BLANK)[:4096]
    declared = content_type.partition(";")[0].strip().lower()
    if _DOCUMENT.match(start, _skip(start, _PROLOGUE)):
        return "html"
    if what := _magic(body) or _markup(start, declared):
        return _other(what, declared)
    if _is_binary(start):
        return _other("binary data", declared)
    if declared in _PAGES:
        return _other("JSON", declared) if _is_json(body) else "html"
    if declared in _TEXTS:
        return "text"
    if declared in _UNKNOWN:
        if _is_json(body):
            return _other("JSON", declared)
        return "html" if _TAG.search(start) else "text"
    return _other(_NAMES.get(declared, declared), declared)


_BLANK = b" \t\r\n\f\v\0\xef\xbb\xbf\xff\xfe"
_UTF16_ZEROS = re.compile(rb"\0")
_PAGES = frozenset({"text/html", "application/xhtml+xml", "application/vnd.wap.xhtml+xml"})
_TEXTS = frozenset({"text/plain", "text/markdown", "text/x-markdown"})
_UNKNOWN = frozenset(
    {"", "application/octet-stream", "binary/octet-stream", "unknown/unknown", "*/*"}
)
_NAMES = {
    "application/json": "JSON",
    "application/ld+json": "JSON",
    "text/csv": "a table (CSV)",
    "text/css": "a style sheet",
    "text/javascript": "a script",
    "application/javascript": "a script",
    "text/xml": "XML",
    "application/xml": "XML",
}

# What may stand before the first element, one piece at a time. One pattern for all of it would need
# a possessive quantifier over a group to be fast, and Python 3.11.2 matches those wrongly.
_PROLOGUE = re.compile(rb"<!--.*?-->\s*|<\?[^>]*>\s*", re.DOTALL)
_DOCTYPE = re.compile(rb"<!doctype[^>\[]*(?:\[[^\]]*\]\s*)?>\s*", re.IGNORECASE)
_DOCUMENT = re.compile(rb"<!doctype\s+html|<html[\s>]|<head[\s>]|<body[\s>]", re.IGNORECASE)
_TAG = re.compile(rb"<(?:!doctype|/?[a-z][a-z0-9]{0,15}[\s>/])", re.IGNORECASE)
_ROOT = re.compile(rb"<([a-z][\w.:-]{0,60})", re.IGNORECASE)
_FEEDS = frozenset({b"rss", b"feed", b"rdf:rdf"})
_XML_ROOTS = frozenset(
    {b"svg", b"urlset", b"sitemapindex", b"opml", b"kml", b"gpx", b"soap:envelope", b"wsdl"}
)

# Of WHATWG's MIME sniffing standard, section 6, and the archives and documents of offices.
_MAGIC = (
    (b"%PDF-", "a PDF"),
    (b"%!PS-Adobe-", "PostScript"),
    (b"\x89PNG\r\n\x1a\n", "an image (PNG)"),
    (b"GIF8", "an image (GIF)"),
    (b"\xff\xd8\xff", "an image (JPEG)"),
    (b"BM", "an image (BMP)"),
    (b"\0\0\1\0", "an image (icon)"),
    (b"II*\0", "an image (TIFF)"),
    (b"MM\0*", "an image (TIFF)"),
    (b"PK\x03\x04", "a ZIP archive or an office document"),
    (b"PK\x05\x06", "a ZIP archive"),
    (b"\x1f\x8b\x08", "a gzip archive"),
    (b"BZh9", "a bzip2 archive"),
    (b"\xfd7zXZ\0", "an xz archive"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an office document"),
    (b"{\\rtf", "an office document (RTF)"),
    (b"OggS\0", "audio or video"),
    (b"ID3", "audio"),
    (b"fLaC", "audio"),
    (b"\x1aE\xdf\xa3", "video"),
    (b"FLV\x01", "video"),
    (b"wOFF", "a font"),
    (b"wOF2", "a font"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
    (b"\0asm", "a program"),
    (b"SQLite format 3\0", "a database"),
)


def _magic(body: bytes) -> str:
    """What the first bytes show. Two letters alone are not enough to call text a program."""
    for mark, what in _MAGIC:
        if body.startswith(mark) and (len(mark) > 3 or _is_binary(body[:4096])):
            return what
    if body[4:8] == b"ftyp":
        return "video or an image (MP4, HEIF, AVIF)"
    if body[:4] == b"RIFF" and body[8:12] in {b"WEBP", b"WAVE", b"AVI "}:
        return "an image (WebP)" if body[8:12] == b"WEBP" else "audio or video"
    return ""


def _markup(start: bytes, declared: str) -> str:
    """What an XML document is that does not begin like a page.

    If the type is that of a page and there is no XML declaration, only feeds are recognised: a
    piece of HTML may begin with any element.
    """
    root = _ROOT.match(start, _skip(start, _PROLOGUE, _DOCTYPE))
    name = root[1].lower() if root else b""
    if name in _FEEDS:
        return "a feed"
    is_xml = start[:5].lower() == b"<?xml" and name not in {b"html", b"xhtml"}
    if is_xml or (name in _XML_ROOTS and declared not in _PAGES):
        return "an image (SVG)" if name == b"svg" else "XML"
    return ""


def _skip(start: bytes, *pieces: re.Pattern[bytes]) -> int:
    """Where `start` goes on behind all `pieces` that it begins with; linear in its length."""
    place = 0
    while found := next(filter(None, (piece.match(start, place) for piece in pieces)), None):
        place = found.end()
    return place


def _is_binary(start: bytes) -> bool:
    """Whether one byte in twenty is one that no text has (MIME sniffing standard, section 3).

    Random bytes have one in ten. A page with a few stray NULs is still a page.
    """
    return len(start.translate(None, _NO_TEXT)) * 20 < len(start) * 19


_NO_TEXT = bytes([*range(0x09), 0x0B, *range(0x0E, 0x1B), *range(0x1C, 0x20)])


def _looks_utf16(body: bytes) -> bool:
    """Whether there is its mark, or every other byte at the beginning is a zero."""
    zeros = sorted((body[:64:2].count(0), body[1:64:2].count(0)))
    return body.startswith((b"\xff\xfe", b"\xfe\xff")) or (zeros[0] == 0 and zeros[1] >= 20)


def _is_json(body: bytes) -> bool:
    text = body.strip(_BLANK)
    if text[:1] + text[-1:] not in {b"{}", b"[]"}:
        return False
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _other(what: str, declared: str) -> Failure:
    called = f", though it is called {declared[:60]}" if declared in _PAGES else ""
    return Failure(ErrorKind.NOT_HTML, f"this is not a page but {what or 'something else'}{called}")
