"""All structured data of a page as a list of items, whatever form it was written in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from selectolax.lexbor import LexborHTMLParser

from scrapeq.extract.declared import Declared
from scrapeq.extract.json_ld import resolved
from scrapeq.extract.links import Joiner
from scrapeq.extract.marked_items import MICRODATA, RDFA, marked_items
from scrapeq.extract.script_json import script_json
from scrapeq.extract.vocabulary import type_name

#: Items of one page that are kept.
MAX_ITEMS = 200
#: What meta elements name beside OpenGraph's own "og:" (ogp.me, and what shops add to it).
_GRAPHS = (
    "og:",
    "product:",
    "article:",
    "book:",
    "profile:",
    "video:",
    "music:",
    "business:",
    "place:",
)


@dataclass(frozen=True, slots=True)
class StructuredItem:
    """format: "json-ld", "microdata", "rdfa" (Lite), "opengraph", "twitter" or "script". types:
    "Product" and not "https://schema.org/Product"; of OpenGraph its og:type, of Twitter its card, of a
    script the name of its variable or its id; [] where there is none. data: plain JSON values, by the
    names of the vocabulary, with "@type" and "@id" as JSON-LD writes them, items within items, and a list
    where a name has several values; of OpenGraph and Twitter by the names of the meta elements."""

    format: str
    types: list[str]
    data: dict[str, Any]

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values, not copies: format, type (the first, or None), data."""
        return {
            "format": self.format,
            "type": self.types[0] if self.types else None,
            "data": self.data,
        }


def structured_of(tree: LexborHTMLParser, declared: Declared, join: Joiner) -> list[StructuredItem]:
    """The items of a page, by format in the order that `StructuredItem` names, and within each in the
    page's order. Within JSON-LD, a reference by "@id" is what it refers to.

    Kept are 200 items of a page; each form has its own bounds of size, count and depth.
    """
    return list(islice(_items(tree, declared, join), MAX_ITEMS))


def _items(tree: LexborHTMLParser, declared: Declared, join: Joiner) -> Iterator[StructuredItem]:
    for data in resolved(declared.jsonld):
        yield StructuredItem("json-ld", _types(data), data)
    for format_, syntax in (("microdata", MICRODATA), ("rdfa", RDFA)):
        for data in marked_items(tree, syntax, join):
            yield StructuredItem(format_, _types(data), data)
    for format_, prefixes, kind in (
        ("opengraph", _GRAPHS, "og:type"),
        ("twitter", ("twitter:",), "twitter:card"),
    ):
        if metas := {key: one for key, one in declared.metas.items() if key.startswith(prefixes)}:
            name = metas.get(kind, "").lower().removeprefix("og:")
            yield StructuredItem(format_, [name] if name else [], metas)
    for given, value in script_json(tree):
        data = value if isinstance(value, dict) else {"@list": value}
        yield StructuredItem("script", [given] if given else [], data)


def _types(data: dict[str, Any]) -> list[str]:
    types = data.get("@type")
    written = types if isinstance(types, list) else [types]
    return [type_name(one) for one in written if isinstance(one, str) and one]
