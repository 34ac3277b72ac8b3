"""Types: documents that are no page, what is called something else than it is, and XML with teeth."""

from __future__ import annotations

import gzip
import json
import zlib
from random import Random

from scrapeq.testing.documents import pdf_file
from scrapeq.testing.hostile.case import Case
from scrapeq.testing.hostile.script import html, says

_PNG = b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + bytes(13) + zlib.compress(bytes(500))
_JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\0" + bytes(500)
_PDF = b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
_RSS = b'<?xml version="1.0"?><rss version="2.0"><channel><title>news</title></channel></rss>'
_ATOM = b'<feed xmlns="http://www.w3.org/2005/Atom"><title>news</title></feed>'
_SVG = (
    b'<svg xmlns="http://www.w3.org/2000/svg"><title>drawn</title><script>alert(1)</script></svg>'
)
_LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol">'
    + "".join(f'<!ENTITY lol{n} "{f"&lol{n - 1 or str()};" * 10}">' for n in range(1, 10))
    + "]><lolz>&lol9;</lolz>"
).encode()
_EXTERNAL = b'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><r>&x;</r>'
_XHTML_EXTERNAL = (
    b'<?xml version="1.0"?><!DOCTYPE html [<!ENTITY x SYSTEM "file:///etc/hostname">'
    b'<!ENTITY % p SYSTEM "http://127.0.0.1:9/"> %p;]>'
    b'<html xmlns="http://www.w3.org/1999/xhtml"><head><title>inert</title></head>'
    b"<body><p>&x; words</p></body></html>"
)


def _other(
    name: str, what: str, body: bytes, content_type: str, *, ends: str = "ok", text: str = ""
) -> Case:
    return Case(f"type-{name}", what, ends, says(body, content_type=content_type), text=text)


def _refused(name: str, what: str, body: bytes, content_type: str, *, accept: str = "html") -> Case:
    return Case(
        f"type-refused{name}",
        what,
        "not_html" if accept == "html" else "not_accepted",
        says(body, content_type=content_type),
        options={"accept": accept},
    )


def _page(name: str, what: str, content_type: str, body: bytes = html("a page").encode()) -> Case:
    return Case(f"type-{name}", what, "ok", says(body, content_type=content_type), title="a page")


CASES = (
    _other("pdf", "A PDF without pages.", _PDF, "application/pdf", ends="parse"),
    _other("pdfashtml", "A PDF that is called HTML.", pdf_file([["some words"]]), "text/html", text="some words"),
    _other("png", "An image.", _PNG, "image/png"),
    _other("pngashtml", "An image that is called HTML.", _PNG, "text/html"),
    _other("jpegnotype", "An image without a type.", _JPEG, ""),
    _other("zipashtml", "An archive that is called HTML.", b"PK\x03\x04" + bytes(99), "text/html"),
    _other("gzipashtml", "A gzip file, not a coding.", gzip.compress(b"x" * 999), "text/html"),
    _other("mp4", "A film.", b"\0\0\0\x18ftypmp42" + bytes(500), "video/mp4"),
    _other("font", "A font.", b"wOF2" + bytes(500), "font/woff2"),
    _other("program", "A program that is called text.", b"\x7fELF\2\1\1" + bytes(500), "text/plain"),
    _other("noise", "Noise that is called HTML.", Random(1).randbytes(9000), "text/html"),
    _other("json", "JSON.", json.dumps({"a": [1, 2]}).encode(), "application/json"),
    _other("jsonashtml", "JSON that is called HTML.", b'{"title": "<h1>no</h1>"}', "text/html"),
    _other("jsondeep", "JSON nested 100,000 deep.", b"[" * 100_000 + b"]" * 100_000, "application/json", ends="parse"),
    _other("rss", "A feed.", _RSS, "application/rss+xml"),
    _other("rssashtml", "A feed that is called HTML.", _RSS, "text/html"),
    _other("atom", "Another feed.", _ATOM, "application/atom+xml"),
    _other("svg", "A drawing with a script.", _SVG, "image/svg+xml"),
    _other("sitemap", "A sitemap.", b"<urlset><url><loc>http://a.test/</loc></url></urlset>", "text/xml"),
    _other("css", "A style sheet.", b"body { color: red }", "text/css", text="color: red"),
    _other("script", "A script.", b"alert(1)", "application/javascript"),
    _other("csv", "A table.", b"a;b\n1;2\n", "text/csv", text="1\t2"),
    _other("laughs", "An XML bomb: entities that become 3 GB.", _LAUGHS, "application/xml"),
    _other("laughsashtml", "The same, called HTML.", _LAUGHS, "text/html"),
    _other("external", "XML that wants a file of the reader's.", _EXTERNAL, "application/xml"),
    _refused("pdf", "A PDF for who wants pages.", _PDF, "application/pdf"),
    _refused("pdfashtml", "The same, called HTML.", _PDF, "text/html"),
    _refused("png", "An image for who wants pages.", _PNG, "image/png"),
    _refused("noise", "Noise for who wants pages.", Random(1).randbytes(9000), "text/html"),
    _refused("json", "JSON for who wants pages.", b'{"title": "<h1>no</h1>"}', "text/html"),
    _refused("rss", "A feed for who wants pages.", _RSS, "text/html"),
    _refused("csv", "A table for who wants pages.", b"a;b\n1;2\n", "text/csv"),
    _refused("laughs", "An XML bomb for who wants pages.", _LAUGHS, "text/html"),
    _refused("page", "A page for who wants tables.", html("a page").encode(), "text/html", accept="csv,excel"),
    _page("xhtml", "XHTML.", "application/xhtml+xml"),
    _page("notype", "A page without a type.", ""),
    _page("octets", "A page that is called bytes.", "application/octet-stream"),
    _page("aspdf", "A page that is called a PDF.", "application/pdf"),
    _page("asjson", "A page that is called JSON.", "application/json"),
    _page("badtype", "A page whose type is nonsense.", ";;; charset = / nonsense"),
    _page("longtype", "A page with a type of 4 KB.", "text/html; x=" + "y" * 4000),
    _page("afterjunk", "A page behind blanks and a comment.", "text/html", b"\n \t<!-- hi -->" + html("a page").encode()),
    Case(
        "type-xhtmlentities",
        "XHTML with external entities, which are nobody's business here.",
        "ok",
        says(_XHTML_EXTERNAL, content_type="application/xhtml+xml"),
        title="inert",
    ),
    Case(
        "type-text",
        "Plain text with markup in it, which stays text.",
        "ok",
        says(b"just <b>words</b>\nand more of them", content_type="text/plain"),
        text="just <b>words</b>",
    ),
    Case(
        "type-bytesbehind",
        "A page with 100 KB of noise behind it.",
        "ok",
        says(html("a page").encode() + Random(2).randbytes(100_000), content_type="text/html"),
        title="a page",
    ),
)  # fmt: skip
