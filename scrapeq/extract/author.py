"""Who wrote it, as far as the page says so; never a guess from its words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any
from urllib.parse import urlsplit

from selectolax.lexbor import LexborHTMLParser, LexborNode

from scrapeq.extract.declared import AUTHOR_METAS, Declared, Marked
from scrapeq.extract.element_text import text_of
from scrapeq.extract.first_post import FirstPost
from scrapeq.extract.json_ld import has_type
from scrapeq.extract.person_names import clean_name, first_name_first, is_person, unique
from scrapeq.extract.published import is_first_page, is_overview, published_at
from scrapeq.extract.shown import Shown, names_around
from scrapeq.extract.shown_author import shown_author

MAX_CHARACTERS = 300


def author_of(
    tree: LexborHTMLParser,
    declared: Declared,
    url: str = "",
    shown: Shown | None = None,
    begun: FirstPost | None = None,
) -> tuple[str, str] | None:
    """The names, joined by ", ", and their source; None if nobody is named.

    From the JSON-LD of the work itself, then its meta elements, then what is marked up as its
    author (rel=author, itemprop=author, a byline), then a "by" near the heading ("shown"); of a thread
    whoever wrote its first post, if it says so nowhere else. Addresses, user ids and the site's own name are no authors; nor are those of reviews, of comments, of a
    site's first page and of a list of articles. Of a page that does not call itself an article only people count. begun: the first post of a
    thread.
    """
    is_work = declared.is_article or declared.is_thread
    if (is_first_page(url) and not is_work) or is_overview(url):
        return None
    named, hosted = _site_names(declared, url)
    unsure: tuple[str, str] | None = None
    for names, source in _candidates(tree, declared, url, shown, begun):
        # Of a page that calls itself no article a day is the second sign: "by" stands in many places.
        if source == "shown" and not is_work and not published_at(declared, url, shown=shown):
            continue
        kept = [
            name
            for name in unique(map(clean_name, names))
            if name and (is_person(name) or source == _POST or (is_work and _fold(name) != named))
        ]
        is_site = all(_fold(name) in hosted or _fold(name) == named for name in kept)
        if kept and not is_site and (unsure is None or source in _SURE):
            return _joined(kept), source
        if kept and is_work and unsure is None:
            unsure = _joined(kept), source
    return unsure


#: Where a person is named whom the page prefers to its site as an author.
_SURE = frozenset({"itemprop=author", "rel=author", "shown", "first post"})
_POST = "first post"


def _joined(names: list[str]) -> str:
    return ", ".join(names[:20])[:MAX_CHARACTERS]


def _candidates(
    tree: LexborHTMLParser,
    declared: Declared,
    url: str,
    shown: Shown | None,
    begun: FirstPost | None,
) -> Iterator[tuple[list[str], str]]:
    named, hosted = _site_names(declared, url)
    site = hosted | {named}
    people = {
        thing["@id"]: thing
        for thing in declared.jsonld
        if isinstance(thing.get("@id"), str) and has_type(thing, "Person")
    }
    for thing in declared.works():
        authors = _listed(thing.get("author") or thing.get("creator"))
        publishers = {_fold(one) for one in _names(_listed(thing.get("publisher")), people)}
        # A site that names itself has no author to name
        others = [one for one in authors if not _is_publisher(one, publishers, site)]
        if names := list(_names(others, people)):
            yield names, "json-ld"
    for meta in AUTHOR_METAS:
        if values := declared.authors.get(meta):
            is_library = meta.startswith(("citation", "dc"))
            yield [first_name_first(one) if is_library else one for one in values], meta
    if begun is not None and (poster := begun.author):
        yield [poster], _POST
    loosely = _LOOSELY if declared.is_article else ()
    for nodes, source in chain(
        _marked_up(declared.marked), ((tree.css(query), "byline") for query in loosely)
    ):
        texts = [text_of(node) for node in nodes[:30] if _is_here(node, source)]
        marked = [name for text in texts if len(text) <= 120 and (name := clean_name(text))]
        if source == "byline":
            marked = [name for name in marked if is_person(name)]
        # A page that lists articles names their authors, who are not the page's.
        if marked and (declared.is_article or declared.is_thread or len(set(marked)) == 1):
            yield marked[:1], source
    if shown is not None and not declared.is_product and (names := shown_author(shown)):
        yield names, "shown"


def _is_here(node: LexborNode, source: str) -> bool:
    return source != "byline" or not names_around(node)[1]


def _marked_up(marked: list[Marked]) -> Iterator[tuple[list[LexborNode], str]]:
    """What is marked up as the author, the surest first."""
    of_page = [one for one in marked if not one.is_of_another]
    by_itemprop = [one.node for one in of_page if one.has("itemprop", "author")]
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


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _is_publisher(author: Any, publishers: set[str], site: set[str]) -> bool:
    """Whether an author is an organisation that publishes the page, or is the site."""
    if not isinstance(author, dict) or not has_type(author, "Organization", "Corporation"):
        return False
    name = author.get("name")
    return isinstance(name, str) and _fold(name) in publishers | site


def _names(values: list[Any], people: dict[str, dict[str, Any]]) -> Iterator[str]:
    for one in values:
        name = one
        if isinstance(one, dict):
            person = one if "name" in one else people.get(str(one.get("@id")), {})
            name = person.get("name")
            name = name[0] if isinstance(name, list) and name else name
        if isinstance(name, str):
            yield name


def _site_names(declared: Declared, url: str) -> tuple[str, set[str]]:
    """How a site calls itself, and its host with each part of that; folded."""
    host = (urlsplit(url).hostname or "").removeprefix("www.")
    hosted = {_fold(one) for one in (host, *host.split(".")[:-1])}
    return _fold(declared.metas.get("og:site_name", "")), hosted - {""}


def _fold(name: str) -> str:
    return _NO_LETTERS.sub("", name.casefold())


_NO_LETTERS = re.compile(r"[\W_]+")
_NAME_CLASSES = ("author-name", "author_name", "authorName")
_BYLINE_CLASSES = ("byline", "by-line", "author")
_AUTHOR_PATH = re.compile("/authors?/|/contributor")
_LOOSELY = (
    '[class*="byline" i] a, [class*="by-line" i] a, [class*="author" i] a',
    '[class*="byline" i], [class*="by-line" i], '
    '[class*="author" i]:not(form *, [class*="comment" i], [class*="comment" i] *)',
)
