"""What a page declares about itself: meta elements, JSON-LD, the canonical link."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from selectolax.lexbor import LexborHTMLParser

from scrapeq.extract.json_ld import has_type, json_ld
from scrapeq.extract.words import tidy

#: Meta elements that are read, and characters of one value.
MAX_METAS = 500
MAX_VALUE_CHARACTERS = 5_000


@dataclass(frozen=True, slots=True)
class Declared:
    """metas: first content by lower-case property, name or itemprop. jsonld: its objects.
    title: of the <title> element. canonical: as written."""

    metas: dict[str, str]
    jsonld: list[dict[str, Any]]
    title: str
    canonical: str

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


def declared(tree: LexborHTMLParser) -> Declared:
    """What the head (or, in sloppy pages, the body) of a page declares."""
    metas: dict[str, str] = {}
    for node in tree.css("meta[content]")[:MAX_METAS]:
        attributes = node.attributes
        value = tidy((attributes["content"] or "")[:MAX_VALUE_CHARACTERS])
        if not value:
            continue
        for key in ("property", "name", "itemprop"):
            if name := attributes.get(key):
                metas.setdefault(name.strip().lower()[:100], value)
    title = tree.css_first("head > title") or tree.css_first("title:not(svg title)")
    canonical = tree.css_first('link[rel~="canonical" i][href]')
    return Declared(
        metas,
        json_ld(tree),
        tidy(title.text()[:MAX_VALUE_CHARACTERS]) if title else "",
        (canonical.attributes["href"] or "").strip() if canonical else "",
    )
