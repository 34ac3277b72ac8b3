"""Every link of a page: where it leads, what it says, how it is related."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from selectolax.lexbor import LexborHTMLParser, LexborNode

from scrapeq import urls
from scrapeq.extract.words import text_of, tidy

#: Links of one page that are kept, in the page's order. Real pages have a few hundred; what has
#: more is a trap or a table of links that wants a selector.
MAX_LINKS = 10_000
MAX_TEXT_CHARACTERS = 1_000


class Joiner:
    """Makes the references of one page absolute, as WHATWG's rules have it.

    The forms that nearly all links have (a path from the root, a whole https URL, a fragment) need
    no parser if they hold ordinary characters only: the parser would give them back unchanged. It
    is asked about all others. References repeat within a page, so answers are kept.
    """

    def __init__(self, base: str) -> None:
        self.base = base
        self._origin = urls.origin(base)
        self._page = base.partition("#")[0]
        self._known: dict[str, str | None] = {}

    def __call__(self, reference: str) -> str | None:
        """The absolute http or https URL, None for anything else or a URL that is too long."""
        reference = reference.strip(_SPACES)
        if reference in self._known:
            return self._known[reference]
        if self._origin and _is_plain_path(reference):
            found: str | None = self._origin + reference
        elif _PLAIN_URL.fullmatch(reference):
            found = reference
        else:
            found = urls.join(self.base, reference)
        if found and (not found.startswith(("https://", "http://")) or len(found) > _TOO_LONG):
            found = None
        self._known[reference] = found
        return found


def base_of(tree: LexborHTMLParser, url: str) -> str:
    """What the page's references are relative to: its first <base href>, or its own address."""
    for node in tree.css("base[href]")[:1]:
        joined = urls.join(url, (node.attributes.get("href") or "").strip(_SPACES))
        if joined and joined.startswith(("https://", "http://")):
            return joined
    return url


def links_of(tree: LexborHTMLParser, join: Joiner) -> list[dict[str, Any]]:
    """A dict with url, text and rel for each a and area element that leads to http or https.

    In the page's order, repeated ones too, MAX_LINKS at most. url: absolute and canonical, with
    its fragment. text: what a person reads; else the title, aria-label or alt of the link or of
    the image in it; "" if there is nothing. rel: in lower case, space-separated, "" without.
    """
    links: list[dict[str, Any]] = []
    for node in _in_order(tree):
        attributes = node.attributes
        url = join(attributes["href"] or "") if "href" in attributes else None
        if url is None:
            continue
        text = text_of(node) or _label(attributes)
        if not text and (image := node.css_first("img[alt], svg[aria-label]")) is not None:
            text = _label(image.attributes)
        if "\n" in text or len(text) > MAX_TEXT_CHARACTERS:
            text = tidy(text)[:MAX_TEXT_CHARACTERS]
        rel = attributes.get("rel")
        links.append({"url": url, "text": text, "rel": tidy(rel.lower()) if rel else ""})
        if len(links) == MAX_LINKS:
            break
    return links


def _in_order(tree: LexborHTMLParser) -> Iterable[LexborNode]:
    """The a and area elements. Lexbor lists one kind of them in a tenth of the time of a walk."""
    if not tree.root:
        return ()
    if not tree.tags("area"):
        return tree.tags("a")
    return (node for node in tree.root.traverse() if node.tag in {"a", "area"})


_SPACES = " \t\r\n\f"
_TOO_LONG = urls.MAX_URL_LENGTH
# No "/." (a dot segment), no "//", nothing that would be escaped or has a meaning of its own.
_SAFE = r"(?:/(?![./])[A-Za-z0-9_~!$&()*+,;=:@%.-]*)*/?(?:\?[A-Za-z0-9_~!$&()*+,;=:@%./?-]*)?"
_FRAGMENT = r"(?:#[A-Za-z0-9_~!$&()*+,;=:@%./?-]*)?"
_PLAIN_CHARACTERS = re.compile(r"[A-Za-z0-9_~!$&()*+,;=:@%./?#-]*")
_PLAIN_URL = re.compile(rf"https?://(?:(?!xn--)[a-z0-9-]+\.)+[a-z]{{2,}}(?=/){_SAFE}{_FRAGMENT}")


def _is_plain_path(reference: str) -> bool:
    # One character class and three searches: a third of what one pattern for all of it costs
    return (
        reference.startswith("/")
        and _PLAIN_CHARACTERS.fullmatch(reference) is not None
        and "//" not in reference
        and "/." not in reference
        and reference.count("#") < 2
    )


def _label(attributes: dict[str, str | None]) -> str:
    return attributes.get("aria-label") or attributes.get("title") or attributes.get("alt") or ""
