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
from scrapeq.extract.vocabulary import type_name

#: Meta elements that are read, and characters of one value.
MAX_METAS = 500
MAX_VALUE_CHARACTERS = 5_000


@dataclass(frozen=True, slots=True)
class Marked:
    """An element whose class, itemprop, rel, address or name may mark an author or a time. item: the type
    of the item (microdata) that it is a property of, "" for none."""

    node: LexborNode
    tag: str
    attributes: dict[str, str | None]
    item: str = ""

    @property
    def is_of_another(self) -> bool:
        """Whether it belongs to a review, a comment or the like, and not of the page."""
        return self.item in _OTHERS

    def has(self, attribute: str, *words: str) -> bool:
        """Whether one of the words is among those of an attribute, as CSS's ~= asks."""
        return not set(words).isdisjoint((self.attributes.get(attribute) or "").split())


@dataclass(frozen=True)
class Declared:
    """tree: of the page. metas: first content by lower-case property, name or itemprop. scripts: of
    JSON-LD, as written. authors: every content of those that name authors. title: of the <title> element. canonical, base: the first href, as written.
    headings: the h1 elements."""

    tree: LexborHTMLParser
    metas: dict[str, str]
    scripts: list[str]
    authors: dict[str, list[str]]
    title: str
    canonical: str
    base: str
    headings: list[LexborNode]

    @cached_property
    def marked(self) -> list[Marked]:
        """What may mark an author or a time, in the page's order, looked for when it is first asked
        for: pages that say it in JSON-LD or a meta element need no search of every class."""
        found = [(node, node.attributes) for node in self.tree.css(_MARKING)]
        return [
            Marked(
                node,
                node.tag or "",
                attributes,
                item_around(node) if "itemprop" in attributes else "",
            )
            for node, attributes in found
        ]

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

    @cached_property
    def is_thread(self) -> bool:
        """Whether the page says that it is a thread of a forum, or a question with its answers."""
        return any(has_type(thing, *_THREADS) for thing in self.jsonld) or self.tree.css_matches(
            ", ".join(f'[itemtype$="/{name}"]' for name in _THREADS)
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


_THREADS = ("DiscussionForumPosting", "QAPage", "Question")
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
    authors: dict[str, list[str]] = {}
    hrefs: dict[str, str] = {}
    headings: list[LexborNode] = []
    metas_left = MAX_METAS
    for node in tree.css(_DECLARING):
        tag, attributes = node.tag or "", node.attributes
        if tag == "meta" and metas_left and "content" in attributes:
            metas_left -= 1
            if attributes.get("itemprop") not in _OF_OTHERS_TOO or item_around(node) not in _OTHERS:
                _keep_meta(metas, authors, attributes)
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
        authors,
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


#: Metas that name an author, in the order in which they are asked; each may stand there several times.
AUTHOR_METAS = (
    *("author", "article:author", "og:article:author", "dc.creator", "dcterms.creator"),
    *("citation_author", "parsely-author", "sailthru.author", "byl", "byline"),
)
#: Properties that reviews and comments have, too.
_OF_OTHERS_TOO = frozenset({"author", "datePublished", "dateCreated", "name"})
_OTHERS = frozenset(
    ("Review", "UserReview", "CriticReview", "Comment", "UserComments", "Answer", "Rating")
)


def item_around(node: LexborNode) -> str:
    """The type of the item (microdata) that an element is a property of, without its address; ""."""
    above = node.parent
    for _ in range(_MOST_ABOVE):
        if above is None:
            break
        attributes = above.attributes
        if "itemscope" in attributes or "itemtype" in attributes:
            return type_name(((attributes.get("itemtype") or "").split() or [""])[0])
        above = above.parent
    return ""


_MOST_ABOVE = 20


def _keep_meta(
    metas: dict[str, str], authors: dict[str, list[str]], attributes: dict[str, str | None]
) -> None:
    value = tidy((attributes["content"] or "")[:MAX_VALUE_CHARACTERS])
    for key in ("property", "name", "itemprop"):
        if value and (name := attributes.get(key)):
            name = name.strip().lower()[:100]
            metas.setdefault(name, value)
            if name in AUTHOR_METAS:
                authors.setdefault(name, []).append(value)
