"""Documents with teeth: PDFs, workbooks, tables, feeds and archives that were made to take for ever."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Sequence
from functools import cache

from scrapeq.testing.documents import DOCUMENTS, pdf_file, xlsx_file
from scrapeq.testing.hostile.case import Case
from scrapeq.testing.hostile.script import Asked, Script, says

_PDF, _XML, _CSV = "application/pdf", "application/xml", "text/csv"
_EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def pdf_of(objects: Sequence[bytes]) -> bytes:
    """A PDF of these objects, numbered from 1; the first is its catalog."""
    body = b"%PDF-1.7\n"
    table = [b"0000000000 65535 f \n"]
    for number, one in enumerate(objects, start=1):
        table.append(b"%010d 00000 n \n" % len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, one)
    end = b"trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n"
    return body + b"xref\n0 %d\n%s" % (len(table), b"".join(table)) + end % (len(table), len(body))


def _pages(kids: bytes, count: int, *more: bytes) -> bytes:
    tree = b"<</Type/Pages/Kids[%s]/Count %d>>" % (kids, count)
    return pdf_of([b"<</Type/Catalog/Pages 2 0 R>>", tree, *more])


_PAGE = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]%s>>"


def _form(refers_to: int) -> bytes:
    """A drawing that draws another one ten times."""
    stream = zlib.compress(b"/X Do " * 10)
    about = (
        b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X %d 0 R>>>>" % refers_to
    )
    return b"<<%s/Length %d/Filter/FlateDecode>>stream\n%s\nendstream" % (
        about,
        len(stream),
        stream,
    )


def _nested_forms() -> bytes:
    """A page of 10^12 drawings."""
    page = _PAGE % b"/Contents 4 0 R/Resources<</XObject<</X 4 0 R>>>>"
    return _pages(b"3 0 R", 1, page, *(_form(number) for number in range(5, 17)), _form(4))


def _sheet(drawn: bytes, **others: bytes) -> bytes:
    """A workbook whose only sheet is written so."""
    main = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    sheet = b'<worksheet xmlns="%s"><sheetData>%s</sheetData></worksheet>' % (main, drawn)
    return xlsx_file({"a": [("x",)]}, {"xl/worksheets/sheet1.xml": sheet, **others})


def _case(
    name: str,
    what: str,
    ends: str,
    make: Callable[[], bytes],
    content_type: str,
    *,
    title: str | None = None,
    text: str = "",
    seconds: float = 10.0,
    mb: float = 64.0,
    parser_mb: float = 64.0,
) -> Case:
    """A case whose document is made when it is first asked for: some are large."""

    @cache
    def script() -> Script:
        return says(make(), content_type=content_type)

    def answer(_: Asked) -> Script:
        return script()

    return Case(
        f"document-{name}",
        what,
        ends,
        answer,
        title=title,
        text=text,
        seconds=seconds,
        mb=mb,
        parser_mb=parser_mb,
    )


_FAR = (
    b"<row r='1'><c r='A1'><v>1</v></c></row><row r='1048576'><c r='XFD1048576'><v>1</v></c></row>"
)
_QUADRATIC = (
    b"<?xml version='1.0'?><!DOCTYPE r [<!ENTITY a '" + b"a" * 100_000 + b"'>]>"
    b"<r b='" + b"&a;" * 10_000 + b"'>" + b"&a;" * 100_000 + b"</r>"
)
_ATTRIBUTES = b" ".join(b"a%d='1'" % number for number in range(300_000))
_OFFERS = b"name,price\nLamp,5\n"

CASES = (
    _case("pdfcut", "A PDF that was cut off.", "parse", lambda: pdf_file([["words"]])[:300], _PDF),
    _case("pdfarrays", "A PDF of lists, 100,000 deep.", "parse", lambda: b"%PDF-1.7\n1 0 obj\n" + b"[" * 100_000, _PDF),
    _case("pdfloop", "A PDF of a million pages, which are each other.", "parse", lambda: _pages(b"2 0 R " * 3, 10**6), _PDF, parser_mb=128),
    _case("pdfpages", "A PDF of a million pages, which are one.", "ok", lambda: _pages(b"3 0 R " * 10**6, 10**6, _PAGE % b""), _PDF, parser_mb=256),
    _case("pdfforms", "A PDF whose drawings draw others: 10^12 of them.", "parse", _nested_forms, _PDF, seconds=60, parser_mb=3300),
    _case("xlsxbomb", "A workbook of 3 MB that holds 300.", "parse", lambda: _sheet(b"", bomb=bytes(300 * 2**20)), _EXCEL, parser_mb=128),
    _case("xlsxfar", "A workbook with a cell in its farthest corner.", "ok", lambda: _sheet(_FAR), _EXCEL, parser_mb=128),
    _case("xlsxcells", "A workbook of 300 kB with 3,000,000 cells.", "ok", lambda: _sheet((b"<row>" + b"<c><v>1</v></c>" * 100 + b"</row>") * 30_000), _EXCEL, mb=128, parser_mb=512),
    _case("xlsxcut", "A workbook that was cut off.", "parse", lambda: _sheet(_FAR)[:-20], _EXCEL),
    _case("xmlentities", "XML whose entities become 10 GB.", "parse", lambda: _QUADRATIC, _XML),
    _case("xmldeep", "XML that is 500,000 deep.", "ok", lambda: b"<?xml version='1.0'?>" + b"<a>" * 500_000, _XML),
    _case("xmlattributes", "XML with 300,000 attributes.", "ok", lambda: b"<?xml version='1.0'?><a " + _ATTRIBUTES + b"/>", _XML, parser_mb=256),
    _case("feed", "A feed of 1,000,000 entries.", "ok", lambda: b"<rss><channel>" + b"<item/>" * 10**6 + b"</channel></rss>", "application/rss+xml", mb=128, parser_mb=512),
    _case("feedtags", "A feed with a million signs that begin no tag.", "ok", lambda: b"<rss><channel><item><title>t</title><description>" + b"&lt;" * 10**6 + b"</description></item></channel></rss>", "text/xml", parser_mb=256),
    _case("sitemapbomb", "A packed sitemap of 60 kB that holds 60 MB.", "too_large", lambda: gzip.compress(b"<?xml version='1.0'?><urlset>" + b" " * (60 * 2**20), mtime=0), "application/gzip", parser_mb=256),
    _case("sitemapcut", "A packed sitemap that was cut off.", "ok", lambda: DOCUMENTS["sitemap.xml.gz"][1]()[:-20], "application/gzip"),
    _case("archivebomb", "A packed nothing of 100 MB.", "ok", lambda: gzip.compress(bytes(100 * 2**20), mtime=0), "application/gzip"),
    _case("jsonlists", "JSON of 1,000,000 lists.", "ok", lambda: b"[" + b"[]," * 10**6 + b"[]]", "application/json", parser_mb=256),
    _case("jsonopen", "JSON that is opened a million times.", "parse", lambda: b"{" * 10**6, "application/json"),
    _case("csvline", "A table of one line.", "ok", lambda: b"ab," * 10**6, _CSV, text="ab,ab"),
    _case("csvquote", "A table with a quote that is not closed.", "ok", lambda: _OFFERS + b'"' + b"a,b\n" * 500_000, _CSV, text="Lamp", parser_mb=256),
    _case("csvrows", "A table of 2,000,000 rows.", "ok", lambda: b"a\n" * 2_000_000, _CSV, mb=128, parser_mb=256),
    _case("jpegmarks", "An image of marks that lead nowhere.", "ok", lambda: b"\xff\xd8\xff" + b"\xff\xe0\0\0" * 10**6, "image/jpeg"),
)  # fmt: skip
