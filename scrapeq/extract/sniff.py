"""What a body really is: a web page, text, nothing, or another kind of document.

The Content-Type and the content often differ. A body that begins like an HTML document is a page,
whatever its type is, and a PDF is no page, though its type is text/html. Otherwise HTML and XHTML
are pages, text/plain and text/markdown are text unless the address ends like data, and a body without
a type is looked at. Nothing is parsed here but JSON, so the entities of XML do no harm.
"""

from __future__ import annotations

import json
import re
import zlib
from dataclasses import dataclass, replace

from scrapeq.models import DocumentKind, ErrorKind, Failure
from scrapeq.models.document_kind import IN_WORDS

#: Bytes that a gzip file may hold: what a sitemap may have (sitemaps.org, "Sitemap file format").
MOST_UNPACKED = 50 * 1024 * 1024
#: Bytes of the beginning that are looked at.
START_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Sniffed:
    """What a body is.

    what: the same in words, nearer than its kind. media_type: its type by its bytes; where these say
    nothing, as it is called. body: what to read, unpacked if it was a gzip file of data. is_text:
    whether it is made of characters.
    """

    kind: DocumentKind
    what: str
    media_type: str
    body: bytes
    is_text: bool = False


def sniff(body: bytes, content_type: str, url: str = "") -> Sniffed | Failure:
    """What a body is.

    url: where it came from; its ending tells data that is called plain text, or nothing at all. Fails
    with `empty` for nothing but white space, NULs and a byte order mark (an answer 204 or 304 has such
    a body), and with `too_large` for a gzip file that holds more than `MOST_UNPACKED`.
    """
    start = body[:START_BYTES]
    start = (_UTF16_ZEROS.sub(b"", start) if _looks_utf16(body) else start).lstrip(_BLANK)
    if not start and not body.strip(_BLANK):
        return Failure(ErrorKind.EMPTY, "the answer has no content")
    start = start or body.lstrip(_BLANK)[:START_BYTES]
    declared = content_type.partition(";")[0].strip().lower()
    if _DOCUMENT.match(start, _skip(start, _PROLOGUE)):
        return _text(DocumentKind.HTML, body, "text/html")
    if found := _magic(body):
        return _unpacked(found, url) if found.media_type == _GZIP else found
    if found := _markup(body, start, declared):
        return found
    if _is_binary(start):
        return Sniffed(DocumentKind.OTHER, "binary data", declared or _BYTES, body)
    return _by_name(body, start, declared, _ending(url))


def not_html(found: Sniffed, content_type: str) -> Failure:
    """Why a document is no page, for whoever wants nothing else."""
    declared = content_type.partition(";")[0].strip().lower()
    called = f", though it is called {declared[:60]}" if declared in _PAGES else ""
    return Failure(ErrorKind.NOT_HTML, f"this is not a page but {found.what}{called}")


def _by_name(body: bytes, start: bytes, declared: str, ending: str) -> Sniffed:
    """What characters are, by what they are called, and by a look."""
    if declared in _PAGES:
        return _json(body) if _is_json(body) else _text(DocumentKind.HTML, body, "text/html")
    if declared in _TEXTS or declared in _UNKNOWN:
        if ending in _TABLES:
            return _text(DocumentKind.CSV, body, _TABLES[ending])
        may_be_json = ending in _JSONS or declared in _UNKNOWN
        if ending in _JSON_LINES or (may_be_json and _is_json(body)):
            return _json(body)
        if declared in _UNKNOWN and _TAG.search(start):
            return _text(DocumentKind.HTML, body, "text/html")
        return _text(DocumentKind.TEXT, body, declared if declared in _TEXTS else "text/plain")
    if declared in _JSON_TYPES or declared.endswith("+json"):
        return _json(body)
    if declared in _TABLE_TYPES:
        if _TAG.match(start):  # tables of HTML that are called a workbook, so that Excel opens them
            return _text(DocumentKind.HTML, body, "text/html")
        return _text(DocumentKind.CSV, body, _TABLE_TYPES[declared])
    if declared in _XML_TYPES or declared.endswith("+xml"):
        return _text(DocumentKind.XML, body, declared)
    what = _NAMES.get(declared, declared or IN_WORDS[DocumentKind.OTHER])
    return Sniffed(DocumentKind.OTHER, what, declared, body, is_text=True)


def _text(kind: DocumentKind, body: bytes, media_type: str) -> Sniffed:
    return Sniffed(kind, IN_WORDS[kind], media_type, body, is_text=True)


def _json(body: bytes) -> Sniffed:
    is_feed = b"jsonfeed.org/version/" in body[:START_BYTES].replace(b"\\/", b"/")
    if is_feed:
        return _text(DocumentKind.FEED, body, "application/feed+json")
    return _text(DocumentKind.JSON, body, "application/json")


def _ending(url: str) -> str:
    """How the path of an address ends, such as ".csv"; what it was packed with is left out."""
    path = url.partition("#")[0].partition("?")[0].rpartition("/")[2].lower()
    _, dot, ending = path.removesuffix(".gz").rpartition(".")
    return dot + ending if dot else ""


_GZIP, _BYTES = "application/gzip", "application/octet-stream"
_BLANK = b" \t\r\n\f\v\0\xef\xbb\xbf\xff\xfe"
_UTF16_ZEROS = re.compile(rb"\0")
_PAGES = frozenset({"text/html", "application/xhtml+xml", "application/vnd.wap.xhtml+xml"})
_TEXTS = frozenset({"text/plain", "text/markdown", "text/x-markdown"})
_UNKNOWN = frozenset({"", _BYTES, "binary/octet-stream", "unknown/unknown", "*/*"})
_JSON_LINES = frozenset({".jsonl", ".ndjson"})
_JSONS = frozenset({".json", ".geojson"})
_JSON_TYPES = frozenset(
    [
        *("application/json", "text/json", "application/x-json", "application/jsonl"),
        *("application/x-ndjson", "application/ndjson", "application/jsonlines"),
        *("application/x-jsonlines", "application/json-seq"),
    ]
)
_TABLES = {
    ".csv": "text/csv",
    ".tsv": "text/tab-separated-values",
    ".tab": "text/tab-separated-values",
}
_TABLE_TYPES = {
    "text/csv": "text/csv",
    "application/csv": "text/csv",
    "text/x-csv": "text/csv",
    "application/x-csv": "text/csv",
    "text/comma-separated-values": "text/csv",
    "text/tab-separated-values": "text/tab-separated-values",
    "application/vnd.ms-excel": "text/csv",  # what Windows calls it where Excel is installed
}
_XML_TYPES = frozenset({"text/xml", "application/xml"})
_NAMES = {
    "text/css": "a style sheet",
    "text/javascript": "a script",
    "application/javascript": "a script",
    "application/x-javascript": "a script",
}

# What may stand before the first element, one piece at a time. One pattern for all of it would need
# a possessive quantifier over a group to be fast, and Python 3.11.2 matches those wrongly.
_PROLOGUE = re.compile(rb"<!--.*?-->\s*|<\?[^>]*>\s*", re.DOTALL)
_DOCTYPE = re.compile(rb"<!doctype[^>\[]*(?:\[[^\]]*\]\s*)?>\s*", re.IGNORECASE)
_DOCUMENT = re.compile(rb"<!doctype\s+html|<html[\s>]|<head[\s>]|<body[\s>]", re.IGNORECASE)
_TAG = re.compile(rb"<(?:!doctype|/?[a-z][a-z0-9]{0,15}[\s>/])", re.IGNORECASE)
_ROOT = re.compile(rb"<([a-z][\w.:-]{0,60})", re.IGNORECASE)
_FEEDS = {
    b"rss": "application/rss+xml",
    b"feed": "application/atom+xml",
    b"rdf:rdf": "application/rss+xml",
}
_SITEMAPS = frozenset({b"urlset", b"sitemapindex"})
_XML_ROOTS = frozenset({b"svg", b"opml", b"kml", b"gpx", b"soap:envelope", b"wsdl"})

# Of WHATWG's MIME sniffing standard, section 6, and the archives and documents of offices.
_MAGIC = (
    (b"%PDF-", "a PDF", "application/pdf"),
    (b"%!PS-Adobe-", "PostScript", "application/postscript"),
    (b"\x89PNG\r\n\x1a\n", "an image (PNG)", "image/png"),
    (b"GIF8", "an image (GIF)", "image/gif"),
    (b"\xff\xd8\xff", "an image (JPEG)", "image/jpeg"),
    (b"BM", "an image (BMP)", "image/bmp"),
    (b"\0\0\1\0", "an image (icon)", "image/x-icon"),
    (b"II*\0", "an image (TIFF)", "image/tiff"),
    (b"MM\0*", "an image (TIFF)", "image/tiff"),
    (b"PK\x03\x04", "a ZIP archive", "application/zip"),
    (b"PK\x05\x06", "a ZIP archive", "application/zip"),
    (b"\x1f\x8b\x08", "a gzip archive", _GZIP),
    (b"BZh9", "a bzip2 archive", "application/x-bzip2"),
    (b"\xfd7zXZ\0", "an xz archive", "application/x-xz"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive", "application/zstd"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", "application/x-7z-compressed"),
    (b"Rar!\x1a\x07", "a RAR archive", "application/vnd.rar"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an office document", "application/x-ole-storage"),
    (b"{\\rtf", "an office document (RTF)", "application/rtf"),
    (b"OggS\0", "audio or video", "application/ogg"),
    (b"ID3", "audio", "audio/mpeg"),
    (b"fLaC", "audio", "audio/flac"),
    (b"\x1aE\xdf\xa3", "video", "video/webm"),
    (b"FLV\x01", "video", "video/x-flv"),
    (b"wOFF", "a font", "font/woff"),
    (b"wOF2", "a font", "font/woff2"),
    (b"\x7fELF", "a program", "application/x-executable"),
    (b"MZ", "a program", "application/vnd.microsoft.portable-executable"),
    (b"\0asm", "a program", "application/wasm"),
    (b"SQLite format 3\0", "a database", "application/vnd.sqlite3"),
)
_KINDS = {"application/pdf": DocumentKind.PDF}

_OOXML, _ODF = (
    "application/vnd.openxmlformats-officedocument.",
    "application/vnd.oasis.opendocument.",
)
# What is in an archive, by the name of one of its parts; the first that is there counts.
_ZIPPED = (
    (b"xl/workbook.xml", "a workbook (Excel)", f"{_OOXML}spreadsheetml.sheet"),
    (
        b"xl/workbook.bin",
        "a workbook (Excel)",
        "application/vnd.ms-excel.sheet.binary.macroenabled.12",
    ),
    (f"{_ODF}spreadsheet".encode(), "a workbook (OpenDocument)", f"{_ODF}spreadsheet"),
    (b"word/document.xml", "an office document (Word)", f"{_OOXML}wordprocessingml.document"),
    (b"ppt/presentation.xml", "slides (PowerPoint)", f"{_OOXML}presentationml.presentation"),
    (f"{_ODF}text".encode(), "an office document (OpenDocument)", f"{_ODF}text"),
    (b"application/epub+zip", "a book (EPUB)", "application/epub+zip"),
)
# The same of the older files of Office, whose parts have names in UTF-16.
_STORED = (
    ("Workbook", "a workbook (Excel)", "application/vnd.ms-excel"),
    ("WordDocument", "an office document (Word)", "application/msword"),
    ("PowerPoint Document", "slides (PowerPoint)", "application/vnd.ms-powerpoint"),
)


def _magic(body: bytes) -> Sniffed | None:
    """What the first bytes show. Two letters alone are not enough to call text a program."""
    for mark, what, media_type in _MAGIC:
        is_word = len(mark) < 4 and mark.isalnum()
        if body.startswith(mark) and not (is_word and not _is_binary(body[:START_BYTES])):
            return _of_type(body, *_nearer(body, what, media_type))
    if body[4:8] == b"ftyp":
        if body[8:12] in {b"avif", b"avis", b"heic", b"heix", b"mif1", b"msf1"}:
            name = "avif" if body[8:12].startswith(b"avi") else "heif"
            return _of_type(body, f"an image ({name.upper()})", f"image/{name}")
        return _of_type(body, "video (MP4)", "video/mp4")
    if body[:4] == b"RIFF" and body[8:12] in {b"WEBP", b"WAVE", b"AVI "}:
        if body[8:12] == b"WEBP":
            return _of_type(body, "an image (WebP)", "image/webp")
        is_audio = body[8:12] == b"WAVE"
        return _of_type(body, "audio or video", "audio/wav" if is_audio else "video/x-msvideo")
    return None


def _nearer(body: bytes, what: str, media_type: str) -> tuple[str, str]:
    """The same, and for an archive or an office's document what is in it."""
    if media_type == "application/zip":
        return next(
            ((name, kind) for part, name, kind in _ZIPPED if part in body), (what, media_type)
        )
    if media_type == "application/x-ole-storage":
        return next(
            ((name, kind) for part, name, kind in _STORED if part.encode("utf-16-le") in body),
            (what, media_type),
        )
    return what, media_type


def _of_type(body: bytes, what: str, media_type: str) -> Sniffed:
    if what.startswith("a workbook"):
        kind = DocumentKind.EXCEL
    elif media_type.startswith("image/"):
        kind = DocumentKind.IMAGE
    else:
        kind = _KINDS.get(media_type, DocumentKind.OTHER)
    return Sniffed(kind, what, media_type, body)


#: What is read though it was packed as a file, as sitemaps and tables are.
_READ_PACKED = frozenset(
    {DocumentKind.XML, DocumentKind.FEED, DocumentKind.SITEMAP, DocumentKind.CSV, DocumentKind.JSON}
)


def _unpacked(packed: Sniffed, url: str) -> Sniffed | Failure:
    """What is in a gzip file, if it is data to read; else the file itself."""
    try:
        unpacking = zlib.decompressobj(wbits=31)
        start = unpacking.decompress(packed.body, START_BYTES)
        found = sniff(start, "", url)
        looks_json = start.lstrip(_BLANK)[:1] in {b"{", b"["}
        if isinstance(found, Failure) or not (found.kind in _READ_PACKED or looks_json):
            return packed
        inside = start + unpacking.decompress(unpacking.unconsumed_tail, MOST_UNPACKED)
    except zlib.error:
        return packed
    if len(inside) > MOST_UNPACKED:
        return Failure(
            ErrorKind.TOO_LARGE, f"what is packed in it has more than {MOST_UNPACKED // 1024**2} MB"
        )
    found = sniff(inside, "", url)
    return found if isinstance(found, Sniffed) and found.kind in _READ_PACKED else packed


def _markup(body: bytes, start: bytes, declared: str) -> Sniffed | None:
    """What an XML document is that does not begin like a page.

    If the type is that of a page and there is no XML declaration, only feeds are recognised: a
    piece of HTML may begin with any element.
    """
    root = _ROOT.match(start, _skip(start, _PROLOGUE, _DOCTYPE))
    name = root[1].lower() if root else b""
    if name in _FEEDS and (name != b"rdf:rdf" or b"purl.org/" in start):
        return _text(DocumentKind.FEED, body, _FEEDS[name])
    is_xml = start[:5].lower() == b"<?xml" and name not in {b"html", b"xhtml"}
    if not is_xml and declared in _PAGES:
        return None
    if name.rpartition(b":")[2] in _SITEMAPS:
        return _text(DocumentKind.SITEMAP, body, "application/xml")
    if name.rpartition(b":")[2] == b"svg":
        drawn = _text(DocumentKind.IMAGE, body, "image/svg+xml")
        return replace(drawn, what="an image (SVG)")
    if is_xml or name in _XML_ROOTS:
        is_declared = declared in _XML_TYPES or declared.endswith("+xml")
        return _text(DocumentKind.XML, body, declared if is_declared else "application/xml")
    return None


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
