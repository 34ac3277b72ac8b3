"""Bytes and rules in, fields out: pure, without network, files or threads."""

from __future__ import annotations

from scrapeq.extract.selectors import check_selectors, is_simple
from scrapeq.extract.sniff import Sniffed, not_html, sniff
from scrapeq.models import Content, Failure, Recipe
from scrapeq.models.document_kind import PAGES
from scrapeq.models.record import RecordSpec, Way

__all__ = ["Sniffed", "check_selectors", "extract", "is_light", "is_page", "not_html", "sniff"]

#: A body of up to so many bytes and tags is read in about 1 ms without its main text; one that was
#: made to be slow, by depth or attributes, in 0.3 s at the most (see `bounds`).
LIGHT_BYTES, LIGHT_TAGS = 128 * 1024, 3_000


def is_light(body: bytes, recipe: Recipe, content_type: str = "", url: str = "") -> bool:
    """Whether reading this body is so cheap that it needs no bounds of CPU and memory.

    That leaves out the main text, XPath, regular expressions, JMESPath, CSS with functions like
    :has(), whose cost nobody knows before, and whatever is no web page.
    """
    return (
        recipe.main_text == "off"
        and len(body) <= LIGHT_BYTES
        and all(is_simple(selector) for selector in recipe.custom_selectors.values())
        and (recipe.record is None or _is_light_record(recipe.record))
        and body.count(b"<") <= LIGHT_TAGS
        and not body.startswith(_PACKED)
        and is_page(sniff(body, content_type, url))
    )


_PACKED = b"\x1f\x8b"  # to look into it may cost more than it


def is_page(found: Sniffed | Failure) -> bool:
    """Whether it is a web page or text, or nothing at all."""
    return isinstance(found, Failure) or found.kind in PAGES


def _is_light_record(record: RecordSpec) -> bool:
    """Whether its fields are found by simple CSS and by what the page declares, each once."""
    return record.levels == 1 and all(
        source.way is Way.STRUCTURED or (source.way is Way.CSS and is_simple(source.query))
        for field in record.fields
        for source in field.sources
    )


def extract(
    body: bytes,
    *,
    url: str,
    content_type: str,
    recipe: Recipe,
    asked: str = "",
    light: bool = False,
) -> Content | Failure:
    """What `recipe` asks for, read from the decoded body of an answer.

    body: without its Content-Encoding. url: where it came from, after redirects; links are
    relative to it. asked: the URL before redirects, "" if there were none. content_type: the
    header's value, "" if there was none. light: the answer of
    `is_light`, if it was called: tags are then not counted again.

    Gives a Failure `not_html` for what is no page (a PDF, an image, JSON, a feed; by its bytes
    more than by its type: `sniff` says what it is, `scrapeq.documents` reads it), `empty` for nothing. Any HTML, however broken, is a page. Time and
    memory grow with the length of the body; the caller bounds both. All texts can be encoded as
    UTF-8 and hold no NUL; their lengths are bounded (title 1,000 characters, author 300, text and
    markdown 5,000,000, a field 1,000,000, 10,000 links, 5,000 images). `sources` names where each
    value came from; that of a custom selector is under "fields.<name>".

    CPU for an article of 57 KB: about 1 ms with main_text="off", 3.5 ms with "fast", 15 ms with
    "best" (trafilatura alone takes 12); "off" alone takes dates and authors only from what the page
    declares, not from what it shows; real pages of that size took trafilatura 35 ms. Memory peaks at some 40
    times the body where it is nothing but tags.
    """
    # The parsers are loaded with the first page, so that checking selectors stays cheap.
    from scrapeq.extract.page import read_page

    return read_page(
        body, url=url, asked=asked, content_type=content_type, recipe=recipe, light=light
    )
