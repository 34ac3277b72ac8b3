"""Bytes and rules in, fields out: pure, without network, files or threads."""

from __future__ import annotations

from scrapeq.extract.selectors import check_selectors, is_simple
from scrapeq.models import Content, Failure, Recipe

__all__ = ["check_selectors", "extract", "is_light"]

#: A body of up to so many bytes and tags is read in about 1 ms without its main text; one that was
#: made to be slow, by depth or attributes, in 0.3 s at the most (see `bounds`).
LIGHT_BYTES, LIGHT_TAGS = 128 * 1024, 3_000


def is_light(body: bytes, recipe: Recipe) -> bool:
    """Whether reading this body is so cheap that it needs no bounds of CPU and memory.

    That leaves out the main text, XPath, and CSS with functions like :has(), whose cost nobody
    knows before.
    """
    return (
        recipe.main_text == "off"
        and len(body) <= LIGHT_BYTES
        and all(is_simple(selector) for selector in recipe.custom_selectors.values())
        and body.count(b"<") <= LIGHT_TAGS
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
    more than by its type), `empty` for nothing. Any HTML, however broken, is a page. Time and
    memory grow with the length of the body; the caller bounds both. All texts can be encoded as
    UTF-8 and hold no NUL; their lengths are bounded (title 1,000 characters, author 300, text and
    markdown 5,000,000, a field 1,000,000, 10,000 links, 5,000 images). `sources` names where each
    value came from; that of a custom selector is under "fields.<name>".

    CPU for a page of 100 KB: about 2 ms with main_text="off", 5 ms with "fast", 25 ms with "best",
    which alone also guesses the date of an article that declares none. Memory peaks at some 40
    times the body where it is nothing but tags.
    """
    # The parsers are loaded with the first page, so that checking selectors stays cheap.
    from scrapeq.extract.page import read_page

    return read_page(
        body, url=url, asked=asked, content_type=content_type, recipe=recipe, light=light
    )
