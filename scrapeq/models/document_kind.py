"""What kind of document an address leads to: a short, closed list of slugs, each with its meaning."""

from __future__ import annotations

from enum import StrEnum


class DocumentKind(StrEnum):
    """The value of `document` in a row that is good, and of the option `accept`."""

    HTML = "html"
    TEXT = "text"  # plain text or Markdown
    PDF = "pdf"
    JSON = "json"  # one value, or one on each line
    XML = "xml"  # other than the next two
    FEED = "feed"  # RSS, Atom or JSON Feed
    SITEMAP = "sitemap"  # or an index of sitemaps
    CSV = "csv"  # values separated by commas, semicolons, tabs or bars
    EXCEL = "excel"  # a workbook: xlsx, xlsm, xlsb, xls or ods
    IMAGE = "image"
    OTHER = "other"  # a film, an archive, a program, a style sheet: type and size are known


#: What web pages are made of: all that was read before other documents were.
PAGES = frozenset({DocumentKind.HTML, DocumentKind.TEXT})

#: Each kind for one, so that "this is ..." can be read aloud.
IN_WORDS: dict[DocumentKind, str] = {
    DocumentKind.HTML: "a web page",
    DocumentKind.TEXT: "plain text",
    DocumentKind.PDF: "a PDF",
    DocumentKind.JSON: "JSON",
    DocumentKind.XML: "XML",
    DocumentKind.FEED: "a feed",
    DocumentKind.SITEMAP: "a sitemap",
    DocumentKind.CSV: "a table (CSV)",
    DocumentKind.EXCEL: "a workbook (Excel)",
    DocumentKind.IMAGE: "an image",
    DocumentKind.OTHER: "something else",
}
