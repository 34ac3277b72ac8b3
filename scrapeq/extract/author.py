"""Who wrote it, as far as the page says so; never a guess from its words."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

from selectolax.lexbor import LexborHTMLParser, LexborNode

from scrapeq.extract.declared import Declared, Marked
from scrapeq.extract.element_text import text_of, tidy
from scrapeq.extract.json_ld import has_type

MAX_CHARACTERS = 300


def author_of(tree: LexborHTMLParser, declared: Declared) -> tuple[str, str] | None:
    """The names, joined by ", ", and their source; None if nobody is named.

    From the JSON-LD of the work itself, then its meta elements, then what is marked up as its
    author (rel=author, itemprop=author, a byline). Addresses, user ids and the site's own name
    are no authors.
    """
    site = declared.metas.get("og:site_name", "").casefold()
    for names, source in _candidates(tree, declared):
        cleaned = dict.fromkeys(_clean(name) for name in names)
        kept = [name for name in cleaned if name and name.casefold() != site]
        if kept:
            return ", ".join(kept[:20])[:MAX_CHARACTERS], source
    return None


def _candidates(tree: LexborHTMLParser, declared: Declared) -> Iterator[tuple[list[str], str]]:
    people = {
        thing["@id"]: thing
        for thing in declared.jsonld
        if isinstance(thing.get("@id"), str) and has_type(thing, "Person")
    }
    for thing in declared.works():
        if names := list(_names(thing.get("author") or thing.get("creator"), people)):
            yield names, "json-ld"
    for meta in _METAS:
        if value := declared.metas.get(meta):
            yield [value], meta
    loosely = _LOOSELY if declared.is_article else ()
    for nodes, source in chain(
        _marked_up(declared.marked), ((tree.css(query), "byline") for query in loosely)
    ):
        texts = [text_of(node) for node in nodes[:30]]
        marked = [name for text in texts if len(text) <= 120 and (name := _clean(text))]
        # A page that lists articles names their authors, who are not the page's.
        if marked and (declared.is_article or len(set(marked)) == 1):
            yield marked[:1], source


def _marked_up(marked: list[Marked]) -> Iterator[tuple[list[LexborNode], str]]:
    """What is marked up as the author, the surest first."""
    by_itemprop = [one.node for one in marked if one.has("itemprop", "author")]
    yield _below(by_itemprop, '[itemprop~="name"]'), "itemprop=author"
    yield by_itemprop, "itemprop=author"
    links = [one for one in marked if one.tag == "a"]
    yield [one.node for one in links if one.has("rel", "author")], "rel=author"
    yield [one.node for one in marked if one.has("class", *_NAME_CLASSES)], "byline"
    yield (
        [one.node for one in links if _AUTHOR_PATH.search(one.attributes.get("href") or "")],
        "byline",
    )
    bylines = [one.node for one in marked if one.has("class", *_BYLINE_CLASSES)]
    yield _below(bylines, "a"), "byline"
    yield bylines, "byline"


def _below(nodes: Iterable[LexborNode], query: str) -> list[LexborNode]:
    """What `query` finds inside the nodes, each once."""
    found = {
        below.mem_id: below
        for node in nodes
        for below in node.css(query)
        if below.mem_id != node.mem_id
    }
    return list(found.values())


def _names(value: Any, people: dict[str, dict[str, Any]]) -> Iterator[str]:
    for one in value if isinstance(value, list) else [value]:
        name = one
        if isinstance(one, dict):
            person = one if "name" in one else people.get(str(one.get("@id")), {})
            name = person.get("name")
            name = name[0] if isinstance(name, list) and name else name
        if isinstance(name, str):
            yield name


def _clean(name: str) -> str:
    name = tidy(html.unescape(name.strip().partition("\n")[0]))
    name = _BY.sub("", name).strip(" ,;:|-–—·•")
    if not 2 < len(name) <= 120 or _NO_NAME.search(name) or len(name.split()) > 12:
        return ""
    return name


_METAS = (
    *("author", "article:author", "og:article:author", "dc.creator", "dcterms.creator"),
    *("citation_author", "parsely-author", "sailthru.author", "byl", "byline"),
)
_NAME_CLASSES = ("author-name", "author_name", "authorName")
_BYLINE_CLASSES = ("byline", "by-line", "author")
_AUTHOR_PATH = re.compile("/authors?/|/contributor")
_LOOSELY = (
    '[class*="byline" i] a, [class*="by-line" i] a, [class*="author" i] a',
    '[class*="byline" i], [class*="by-line" i], '
    '[class*="author" i]:not(form *, [class*="comment" i], [class*="comment" i] *)',
)
# "By" may be glued to a name by the markup between them; Byron and BYRON keep theirs.
_BY = re.compile(
    r"^(?:(?i:(?:written|posted|published|story|words|articles?)\s+)?"
    r"(?:(?i:by)(?=[\s:]|$)|[Bb]y(?=[A-Z]))|(?i:von|par|por|di|author)(?=[\s:]|$))[\s:]*"
)
# Addresses, handles, dates, ids, and the words that content management systems write for nobody.
_NO_NAME = re.compile(
    r"https?:|www\.|[@*]|\d{3}|^skip to |^(?:(?:about |from )?the author|written|author|admin"
    r"|administrator|editor|staff|guest|anonymous|unknown|webmaster|root|null|none|undefined"
    r"|test)$",
    re.IGNORECASE,
)
