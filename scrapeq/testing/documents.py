"""Documents that are no web pages, made by hand: one of each kind, for the webs of this package."""

from __future__ import annotations

import gzip
import io
import json
import struct
import zipfile
import zlib
from collections.abc import Callable, Sequence
from html import escape

#: What the tables, the JSON and the feed tell of: a name, a price and a day each.
OFFERS = (
    ("Lamp", 19.9, "2026-03-02"),
    ("Chair", 1249.0, "2026-03-09"),
    ("Desk; oak", 480.5, "2026-03-16"),
)


def pdf_file(
    pages: Sequence[Sequence[str]], *, title: str = "", author: str = "", created: str = ""
) -> bytes:
    """A PDF with a page for each list of lines (in Latin-1), the first line of the first page large."""
    parts = [b"<</Type/Catalog/Pages 2 0 R>>", b""]
    parts.append(b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>")
    kids = []
    for number, lines in enumerate(pages):
        drawn = [b"BT 14 TL 72 760 Td"]
        for place, line in enumerate(lines):
            size = 24 if place == number == 0 else 11
            drawn.append(b"/F %d Tf (%s) Tj T* T*" % (size, _pdf_text(line)))
        stream = b"\n".join([*drawn, b"ET"])
        parts.append(b"<</Length %d>>stream\n%s\nendstream" % (len(stream), stream))
        kids.append(len(parts) + 1)
        parts.append(
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]"
            b"/Resources<</Font<</F 3 0 R>>>>/Contents %d 0 R>>" % len(parts)
        )
    places = b" ".join(b"%d 0 R" % kid for kid in kids)
    parts[1] = b"<</Type/Pages/Kids[%s]/Count %d>>" % (places, len(kids))
    about = {"Title": title, "Author": author, "CreationDate": created}
    parts.append(
        b"<<%s>>"
        % b"".join(
            b"/%s(%s)" % (name.encode(), _pdf_text(one)) for name, one in about.items() if one
        )
    )
    body = b"%PDF-1.4\n"
    xref = [b"0000000000 65535 f \n"]
    for number, part in enumerate(parts, start=1):
        xref.append(b"%010d 00000 n \n" % len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, part)
    end = b"trailer\n<</Size %d/Root 1 0 R/Info %d 0 R>>\nstartxref\n%d\n%%%%EOF\n"
    table = b"xref\n0 %d\n%s" % (len(xref), b"".join(xref))
    return body + table + end % (len(xref), len(parts), len(body))


def _pdf_text(line: str) -> bytes:
    text = line.encode("latin-1", "replace")
    for mark in (b"\\", b"(", b")"):
        text = text.replace(mark, b"\\" + mark)
    return text


def xlsx_file(
    sheets: dict[str, Sequence[Sequence[str | float]]], others: dict[str, bytes] | None = None
) -> bytes:
    """A workbook with texts and numbers, of the parts alone that it must have (ECMA-376, part 1).

    others: parts that stand there besides, or in the place of those by their names.
    """
    relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    package = "http://schemas.openxmlformats.org/package/2006"
    office = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    numbers = range(1, len(sheets) + 1)
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types">'
        '<Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{office}.sheet.main+xml"/>'
        + "".join(
            f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{office}.worksheet+xml"/>'
            for n in numbers
        )
        + "</Types>",
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r" '
        f'Type="{relations}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{relations}"><sheets>'
        + "".join(
            f'<sheet name="{escape(name)}" sheetId="{n}" r:id="r{n}"/>'
            for n, name in zip(numbers, sheets, strict=True)
        )
        + "</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships">'
        + "".join(
            f'<Relationship Id="r{n}" Type="{relations}/worksheet" Target="worksheets/sheet{n}.xml"/>'
            for n in numbers
        )
        + "</Relationships>",
    }
    for n, rows in zip(numbers, sheets.values(), strict=True):
        drawn = "".join(f"<row>{''.join(map(_cell, row))}</row>" for row in rows)
        parts[f"xl/worksheets/sheet{n}.xml"] = (
            f'<worksheet xmlns="{main}"><sheetData>{drawn}</sheetData></worksheet>'
        )
    written = {name: f'<?xml version="1.0"?>{part}'.encode() for name, part in parts.items()}
    return zip_file(written | (others or {}))


def _cell(value: str | float) -> str:
    if isinstance(value, str):
        return f'<c t="inlineStr"><is><t>{escape(value)}</t></is></c>'
    return f"<c><v>{value}</v></c>"


def zip_file(parts: dict[str, bytes]) -> bytes:
    """An archive, the same bytes every time."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            # OpenDocument wants it plain, so that it can be seen from outside
            is_plain = name == "mimetype"
            how = zipfile.ZIP_STORED if is_plain else zipfile.ZIP_DEFLATED
            archive.writestr(zipfile.ZipInfo(name), part, how)
    return buffer.getvalue()


def png_file(width: int, height: int) -> bytes:
    """A grey picture."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress((b"\0" + b"\x80" * width) * height))
        + chunk(b"IEND", b"")
    )


def _csv() -> bytes:
    lines = ["name;price;day"]
    lines += [f'"{name}";{price:.2f};{day}'.replace(".", ",") for name, price, day in OFFERS]
    return ("\r\n".join(lines) + "\r\n").encode("cp1252")


def _rss() -> bytes:
    items = "".join(
        f"<item><title>{name} for less</title><link>/product/{number}</link>"
        f"<description>&lt;p&gt;It costs &lt;b&gt;{price}&lt;/b&gt;.&lt;/p&gt;</description>"
        f"<dc:creator>Ann</dc:creator><category>offers</category>"
        f"<pubDate>{number:02} Mar 2026 09:00:00 +0100</pubDate></item>"
        for number, (name, price, _) in enumerate(OFFERS, start=1)
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?><rss version="2.0" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>Offers of the week</title>'
        f"<link>/</link><language>en-GB</language>{items}</channel></rss>"
    ).encode()


def _atom() -> bytes:
    entries = "".join(
        f'<entry><id>urn:offer:{number}</id><title type="html">{name} &amp;amp; more</title>'
        f'<link href="/product/{number}"/><updated>{day}T10:00:00Z</updated>'
        f"<author><name>Bob</name></author><summary>{price}</summary></entry>"
        for number, (name, price, day) in enumerate(OFFERS, start=1)
    )
    return (
        '<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en"><title>Offers</title>'
        f"<updated>2026-03-16T10:00:00Z</updated>{entries}</feed>"
    ).encode()


def _sitemap() -> bytes:
    pages = "".join(
        f"<url><loc>/product/{number}</loc><lastmod>{day}</lastmod><priority>0.5</priority></url>"
        for number, (_, _, day) in enumerate(OFFERS, start=1)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{pages}</urlset>'
    ).encode()


def _sitemap_index() -> bytes:
    return (
        b'<?xml version="1.0"?><sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'
        b"<sitemap><loc>/document/sitemap.xml.gz</loc></sitemap></sitemapindex>"
    )


def _json() -> bytes:
    offers = [{"name": name, "price": price, "day": day} for name, price, day in OFFERS]
    return json.dumps({"offers": offers}).encode()


def _pdf() -> bytes:
    return pdf_file(
        [
            [
                "Annual report",
                "We sold lamps, chairs and desks in all of the year that is reported on.",
            ],
            ["More on the second page."],
        ],
        title="Annual report 2026",
        author="Ann Example",
        created="D:20260314091500+01'00'",
    )


def _xlsx() -> bytes:
    offers: list[tuple[str | float, ...]] = [("name", "price", "day"), *OFFERS]
    return xlsx_file({"Offers": offers, "Empty": [], "Notes": [("none",)]})


#: By the name in its address: its type, and the making of it.
DOCUMENTS: dict[str, tuple[str, Callable[[], bytes]]] = {
    "report.pdf": ("application/pdf", _pdf),
    "offers.csv": ("text/csv", _csv),
    "offers.xlsx": (
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        _xlsx,
    ),
    "offers.json": ("application/json", _json),
    "news.rss": ("application/rss+xml", _rss),
    "news.atom": ("application/atom+xml", _atom),
    "sitemap.xml": ("application/xml", _sitemap),
    "sitemap.xml.gz": ("application/gzip", lambda: gzip.compress(_sitemap(), mtime=0)),
    "sitemap-index.xml": ("application/xml", _sitemap_index),
    "note.xml": (
        "application/xml",
        lambda: b'<note xml:lang="en"><title>A note</title><to>Ann</to> from <b>Bob</b></note>',
    ),
    "readme.txt": ("text/plain", lambda: b"Read me first: there is nothing else to read here.\n"),
    "picture.png": ("image/png", lambda: png_file(40, 30)),
    "archive.zip": ("application/zip", lambda: zip_file({"readme.txt": b"Read me first."})),
}
