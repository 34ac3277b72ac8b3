"""XML without its dangers: no entity is resolved, no DTD and nothing else is loaded.

An XML bomb is an entity that holds others; here they stay what they are called. libxml2 bounds depth
(256) and the length of one text (10 MB), and what is beyond is left out: feeds are often broken, so
that everything up to where a document breaks is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import entities, unescape
from itertools import islice
from typing import Any
from urllib.parse import urljoin

from scrapeq.models import ErrorKind, Failure

#: Children of an element among which one is looked for by its name.
MOST_CHILDREN = 1_000


def parse(text: str) -> Any | None:
    """The root element of an XML document; None if there is none.

    What is not well formed is read as far as it goes, with names of characters that only HTML knows,
    and with ampersands that stand alone.
    """
    text = text.lstrip("\ufeff \t\r\n")
    root = _parse(text, recover=False)
    if root is not None:
        return root
    return _parse(_LONE.sub("&amp;", _NAMED.sub(_numbered, text)), recover=True)


def _parse(text: str, *, recover: bool) -> Any | None:
    from lxml import etree  # type: ignore[import-untyped] # has no stubs

    parser = etree.XMLParser(
        encoding="utf-8",
        recover=recover,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        strip_cdata=True,
    )
    try:
        return etree.fromstring(text.encode("utf-8", "replace"), parser)
    except (etree.XMLSyntaxError, ValueError):
        return None


def unreadable(what: str) -> Failure:
    """Why there is nothing of a document in which `parse` found no element."""
    message = f"the {what} cannot be read: it has no element, or more than XML may have"
    return Failure(ErrorKind.PARSE, message, retryable=False)


def local_name(element: Any) -> str:
    """An element's name in lower case without its namespace; "" for what is no element."""
    tag = element.tag
    return tag.rpartition("}")[2].lower() if isinstance(tag, str) else ""


def namespace(element: Any) -> str:
    """Its namespace, "" without one."""
    tag = element.tag
    return tag[1:].partition("}")[0] if isinstance(tag, str) and tag[:1] == "{" else ""


def children(element: Any, *names: str) -> Iterator[Any]:
    """The children with one of these names, in any namespace; of the first `MOST_CHILDREN`."""
    return (child for child in islice(element, MOST_CHILDREN) if local_name(child) in names)


def child(element: Any, *names: str) -> Any | None:
    """The first child with the first of these names that there is; see `children`."""
    return next((one for name in names for one in children(element, name)), None)


def text_of(element: Any | None, most: int = 10_000) -> str:
    """All text in an element on one line, "" for none."""
    return "" if element is None else tidy("".join(element.itertext(with_tail=False)))[:most]


def absolute(base: str, place: str | None) -> str | None:
    """Where a link leads; None for none, and for what is no address."""
    try:
        return urljoin(base, place.strip()) if place else None
    except ValueError:  # brackets that hold no IPv6 address
        return None


def tidy(text: str) -> str:
    """White space as single blanks."""
    return " ".join(text.split())


def without_tags(text: str, most: int = 10_000) -> str:
    """What a person reads of a piece of HTML, on one line. Linear in its length."""
    if "<" in text:
        text = _TAG.sub(_between_words, _UNREAD.sub(" ", text))
    return tidy(unescape(text) if "&" in text else text)[:most]


# A tag ends where the next begins, at the latest: else many "<" would take time with their square.
_TAG = re.compile(r"<(?:/?([a-zA-Z][a-zA-Z0-9]*)|[/!?])[^<>]*>?")
# Elements that stand within a word or a sentence
_INLINE = frozenset(
    [
        *("a", "abbr", "b", "big", "cite", "code", "del", "dfn", "em", "font", "i", "ins", "kbd"),
        *("mark", "q", "s", "samp", "small", "span", "strong", "sub", "sup", "u", "var", "wbr"),
    ]
)
_UNREAD = re.compile(r"<(script|style)\b[^<>]*>[^<]*</\1\s*>", re.IGNORECASE)
# HTML's names for characters, which XML does not know and feeds use all the same
_LONE = re.compile(r"&(?!#?\w{1,31};)")
_NAMED = re.compile(r"&([a-zA-Z][a-zA-Z0-9]{1,30});")
_OF_XML = frozenset({"lt", "gt", "amp", "quot", "apos"})


def _between_words(match: re.Match[str]) -> str:
    return "" if (match[1] or "").lower() in _INLINE else " "


def _numbered(match: re.Match[str]) -> str:
    name = match[1]
    known = None if name in _OF_XML else entities.html5.get(f"{name};")
    return match[0] if known is None else "".join(f"&#{ord(one)};" for one in known)
