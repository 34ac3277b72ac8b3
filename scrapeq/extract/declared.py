"""What a page declares about itself: meta elements, JSON-LD, headings, what marks authors and times.

All of it is collected in one walk over the tree, but for what marks authors and times: to ask every
element for its class takes as long as half the parse, and is done for pages that say them nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from selectolax.lexbor import LexborHTMLParser, LexborNode

from scrapeq.extract.element_text import tidy
from scrapeq.extract.json_ld import has_type, read_json_ld

#: Meta elements that are read, and characters of one value.
MAX_METAS = 500
MAX_VALUE_CHARACTERS = 5_000


@dataclass(frozen=True, slots=True)
class Marked:
    """An element whose class, itemprop, rel, address or name may mark an author or a time."""

    node: LexborNode
    tag: str
    attributes: dict[str, str | None]

    def has(self, attribute: str, *words: str) -> bool:
        """Whether one of the words is among those of an attribute, as CSS's ~= asks."""
        return not set(words).isdisjoint((self.attributes.get(attribute) or "").split())


@dataclass(frozen=True)
class Declared:
    """tree: of the page. metas: first content by lower-case property, name or itemprop. scripts: of
    JSON-LD, as written. title: of the <title> element. canonical, base: the first href, as written.
    headings: the h1 elements."""

    tree: LexborHTMLParser
    metas: dict[str, str]
    scripts: list[str]
    title: str
    canonical: str
    base: str
    headings: list[LexborNode]

    @cached_property
    def marked(self) -> list[Marked]:
        """What may mark an author or a time, in the page's order, looked for when it is first asked
        for: pages that say it in JSON-LD or a meta element need no search of every class."""
        found = [(node, node.attributes) for node in self.tree.css(_MARKING)]
        return [Marked(node, node.tag or "", attributes) for node, attributes in found]

    @cached_property
    def _read(self) -> tuple[list[dict[str, Any]], int]:
        return read_json_ld(self.scripts)

    @property
    def jsonld(self) -> list[dict[str, Any]]:
        """The objects of all JSON-LD, read when they are first asked for."""
        return self._read[0]

    @property
    def unread_jsonld(self) -> int:
        """How many scripts of it could not be read."""
        return self._read[1]

    @property
    def is_article(self) -> bool:
        """Whether the page says that it is an article."""
        return self.metas.get("og:type", "").lower() == "article" or any(
            has_type(thing, "Article", "BlogPosting", "NewsArticle", "Report")
            for thing in self.jsonld
        )

    @property
    def is_product(self) -> bool:
        """Whether the page says that it is about one product."""
        return self.metas.get("og:type", "").lower() in {"product", "og:product"} or any(
            has_type(thing, "Product", "ProductGroup") for thing in self.jsonld
        )

    def works(self) -> Iterator[dict[str, Any]]:
        """The objects of JSON-LD that are what the page is about: articles first, then others;
        never the organisation, the website or the breadcrumb around it."""
        about = [thing for thing in self.jsonld if not has_type(thing, *_AROUND)]
        yield from sorted(about, key=lambda thing: not has_type(thing, *_ARTICLES))


_ARTICLES = ("Article", "Posting", "Report")
_AROUND = (
    *("WebSite", "Organization", "BreadcrumbList", "ImageObject", "SearchAction", "Person"),
    *("SiteNavigationElement", "WPHeader", "WPFooter", "Corporation", "Logo", "ItemList"),
    *("LocalBusiness", "Place", "Brand", "Offer", "AggregateRating", "Review"),
)


def declarations(tree: LexborHTMLParser) -> Declared:
    """What the head (or, in sloppy pages, the body) of a page declares."""
    metas: dict[str, str] = {}
    scripts: list[str] = []
    hrefs: dict[str, str] = {}
    headings: list[LexborNode] = []
    metas_left = MAX_METAS
    for node in tree.css(_DECLARING):
        tag, attributes = node.tag or "", node.attributes
        if tag == "meta" and metas_left and "content" in attributes:
            metas_left -= 1
            _keep_meta(metas, attributes)
        elif tag == "h1":
            headings.append(node)
        elif tag == "script":
            scripts.append(node.text())
        elif tag in {"base", "link"}:
            hrefs.setdefault(tag, attributes.get("href") or "")
    title = tree.css_first("head > title") or tree.css_first("title:not(svg title)")
    return Declared(
        tree,
        metas,
        scripts,
        tidy(title.text()[:MAX_VALUE_CHARACTERS]) if title else "",
        hrefs.get("link", "").strip(),
        hrefs.get("base", ""),
        headings,
    )


_DECLARING = (
    'meta[content], link[rel~="canonical" i][href], base[href], h1, script[type*="ld+json" i]'
)
_MARKING = ", ".join(
    [
        *("time", '[itemprop~="author"]', '[itemprop~="datePublished"]', 'a[rel~="author"]'),
        *('[class*="author"]', '[class*="byline"]', '[class*="by-line"]'),
        *('a[href*="/author"]', 'a[href*="/contributor"]'),
    ]
)


def _keep_meta(metas: dict[str, str], attributes: dict[str, str | None]) -> None:
    value = tidy((attributes["content"] or "")[:MAX_VALUE_CHARACTERS])
    for key in ("property", "name", "itemprop"):
        if value and (name := attributes.get(key)):
            metas.setdefault(name.strip().lower()[:100], value)
