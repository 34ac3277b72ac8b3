"""One document read: by the rules of its kind, and then what the recipe wants of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from scrapeq.documents.delimited import read_delimited
from scrapeq.documents.document import MOST_AUTHOR, MOST_TEXT, MOST_TITLE, Document, Found
from scrapeq.documents.feeds import read_feed
from scrapeq.documents.images import read_image
from scrapeq.documents.json_values import read_json
from scrapeq.documents.pdf import read_pdf
from scrapeq.documents.sitemaps import read_sitemap
from scrapeq.documents.workbooks import read_workbook
from scrapeq.documents.xml_text import read_xml
from scrapeq.models import Content, DocumentKind, Failure, PageKind


def _read_other(document: Document) -> Found:
    """Nothing but its characters, if it is made of some."""
    return Found(document.media_type or "body", text=document.text or None)


_READERS: Mapping[DocumentKind, Callable[[Document], Found | Failure]] = {
    DocumentKind.PDF: read_pdf,
    DocumentKind.JSON: read_json,
    DocumentKind.XML: read_xml,
    DocumentKind.FEED: read_feed,
    DocumentKind.SITEMAP: read_sitemap,
    DocumentKind.CSV: read_delimited,
    DocumentKind.EXCEL: read_workbook,
    DocumentKind.IMAGE: read_image,
}


def read(document: Document) -> Content | Failure:
    """See `read_document`."""
    found = _READERS.get(document.kind, _read_other)(document)
    return found if isinstance(found, Failure) else _content(document, found)


def _content(document: Document, found: Found) -> Content:
    """What of a document goes into its row."""
    recipe = document.recipe
    wanted = frozenset(recipe.page_fields)
    text = _bounded(found.text, MOST_TEXT) if recipe.main_text != "off" else None
    one_line: dict[str, str | None] = {
        name: _bounded(value, most)
        for name, value, most in (
            ("title", found.title, MOST_TITLE),
            ("author", found.author, MOST_AUTHOR),
            ("language", found.language, MOST_AUTHOR),
        )
        if name in wanted
    }
    published_at = found.published_at if "published_at" in wanted else None
    metadata: dict[str, Any] = {}
    if "metadata" in wanted:
        metadata = _sound(
            {"type": document.media_type, "bytes": len(document.body), **found.metadata}
        )
    values: dict[str, Any] = {
        "text": text,
        "markdown": text if "markdown" in wanted else None,
        "published_at": published_at,
        "entries": found.entries,
        "tables": found.tables,
        **one_line,
    }
    sources = {name: found.sources.get(name, found.source) for name, one in values.items() if one}
    if document.charset:
        sources["charset"] = document.charset_source
    # A page's selectors are for HTML: here they match nothing
    selectors = recipe.custom_selectors.items()
    return Content(
        document=document.kind,
        text=text,
        markdown=text if "markdown" in wanted else None,
        title=one_line.get("title"),
        author=one_line.get("author"),
        language=one_line.get("language"),
        published_at=published_at,
        metadata=metadata,
        entries=_sound(found.entries),
        tables=[_sound(table.to_json()) for table in found.tables],
        fields={name: [] if isinstance(one, list) else None for name, one in selectors},
        sources=sources,
        charset=document.charset or None,
        page_kind=PageKind.PAGE,
    )


def _bounded(text: str | None, most: int) -> str | None:
    """The text with only what a database keeps, None if nothing is left."""
    return _sound(text.strip()[:most]).strip() or None if text else None


def _sound(value: Any) -> Any:
    """A JSON value without NULs and lone surrogates in its texts."""
    if isinstance(value, str):
        if value.isascii():
            return value.replace("\0", "") if "\0" in value else value
        return value.replace("\0", "").encode("utf-8", "replace").decode()
    if isinstance(value, list):
        return [_sound(one) for one in value]
    if isinstance(value, dict):
        return {_sound(name): _sound(one) for name, one in value.items()}
    return value
