"""Every link of a page: where it leads, what it says, how it is related."""

from __future__ import annotations

import re
from string import ascii_letters, digits
from typing import cast

from selectolax.lexbor import LexborHTMLParser, LexborNode

from scrapeq import urls
from scrapeq.extract.element_text import text_of, tidy
from scrapeq.models import Links

#: Links of one page that are kept, in the page's order. Real pages have a few hundred; what has
#: more is a trap or a table of links that wants a selector. And elements that are looked at for them.
MAX_LINKS = 10_000
MAX_ELEMENTS = 50_000
MAX_TEXT_CHARACTERS = 1_000


class Joiner:
    """Makes the references of one page absolute, as WHATWG's rules have it.

    The forms that nearly all links have (a path from the root, a whole https URL, a fragment) need
    no parser if they hold ordinary characters only: the parser would give them back unchanged. It
    is asked about all others. References repeat within a page, so answers are kept. `charset` is
    Python's name of the page's encoding, in which a query is percent-encoded (WHATWG URL, 5.3,
    "percent-encode after encoding"); all else is UTF-8.
    """

    def __init__(self, base: str, charset: str = "utf-8") -> None:
        self._base = base
        self._charset = "utf-8" if charset.startswith("utf") else charset
        self._origin = urls.origin(base)
        self._known: dict[str, str | None] = {}
        self._origins: dict[str, bool] = {}

    def __call__(self, reference: str) -> str | None:
        """The absolute http or https URL, None for anything else or a URL that is too long."""
        if reference not in self._known:
            self._known[reference] = self._join(reference.strip(_SPACES))
        return self._known[reference]

    def join_all(self, references: list[str]) -> list[str | None]:
        """The same for many, at a fifth of the cost where they are plain paths and whole URLs."""
        paths = [self._path_of(one) for one in references]
        if not _are_plain([path for path in paths if path]):
            return [self(one) for one in references]
        return [
            (self._origin + one if one[0] == "/" else one) if path else self(one)
            for one, path in zip(references, paths, strict=True)
        ]

    def _join(self, reference: str) -> str | None:
        if (path := self._path_of(reference)) and _are_plain([path]):
            return self._origin + path if path == reference else reference
        if self._charset != "utf-8" and not reference.isascii():
            reference = _with_query_in(self._charset, reference)
        joined = urls.join(self._base, reference)
        if joined and (not joined.startswith(("https://", "http://")) or len(joined) > _TOO_LONG):
            return None
        return joined

    def _path_of(self, reference: str) -> str:
        """All from the path on, if what stands before it is as a parser would write it; else ""."""
        origin, path = self._origin, reference
        if reference[:1] != "/":
            end = reference.find("/", 8, 8 + _LONG_HOST) if reference[:4] == "http" else -1
            if end < 0:
                return ""
            origin, path = reference[:end], reference[end:]
            if origin not in self._origins:
                self._origins[origin] = _PLAIN_ORIGIN.fullmatch(origin) is not None
            if not self._origins[origin]:
                return ""
        return path if origin and path[1:2] != "/" and len(path) < _LONG_PATH else ""


def _with_query_in(charset: str, reference: str) -> str:
    """`reference` with all that is not ASCII in its query encoded as the page is."""
    before, hash_sign, fragment = reference.partition("#")
    path, mark, query = before.partition("?")

    def escape(found: re.Match[str]) -> str:
        try:
            encoded = found[0].encode(charset)
        except UnicodeEncodeError:  # WHATWG: as a character reference
            return f"%26%23{ord(found[0])}%3B"
        # Shift_JIS and its like also have bytes that are ASCII, and those stay as they are.
        return "".join(
            chr(byte) if chr(byte) in _QUERY_SAFE else f"%{byte:02X}" for byte in encoded
        )

    return f"{path}{mark}{_NOT_ASCII.sub(escape, query)}{hash_sign}{fragment}"


_NOT_ASCII = re.compile(r"[^\x00-\x7f]")
_QUERY_SAFE = frozenset(ascii_letters + digits + "!$%&()*+,-./:;=?@[\\]^_`{|}~")


def base_of(written: str, url: str) -> str:
    """What the page's references are relative to: the href of its <base>, or its own address."""
    joined = urls.join(url, written.strip(_SPACES)) if written else None
    return joined if joined and joined.startswith(("https://", "http://")) else url


def links_of(tree: LexborHTMLParser, join: Joiner) -> Links:
    """The url, text and rel of each a and area element that leads to http or https.

    In the page's order, repeated ones too, MAX_LINKS at most. url: absolute and canonical, with
    its fragment. text: what a person reads; else the title, aria-label or alt of the link or of
    the image in it; "" if there is nothing. rel: in lower case, space-separated, "" without.
    """
    nodes = tree.css("a[href], area[href]")[:MAX_ELEMENTS]
    attributes_of = [node.attributes for node in nodes]
    urls_of = join.join_all([_href(attributes) for attributes in attributes_of])
    if None in urls_of or len(urls_of) > MAX_LINKS:
        kept = [place for place, url in enumerate(urls_of) if url is not None][:MAX_LINKS]
        nodes = [nodes[place] for place in kept]
        attributes_of = [attributes_of[place] for place in kept]
        urls_of = [urls_of[place] for place in kept]
    rels = [tidy(rel.lower()) if (rel := one.get("rel")) else "" for one in attributes_of]
    return Links(cast("list[str]", urls_of), _texts_of(nodes, attributes_of), rels)


def _href(attributes: dict[str, str | None]) -> str:
    """The address of a link; of one in an old SVG, the parser finds `xlink:href` as `href`."""
    return attributes.get("href") or attributes.get("xlink:href") or ""


def _texts_of(nodes: list[LexborNode], attributes_of: list[dict[str, str | None]]) -> list[str]:
    # Most links hold one text and nothing else
    texts = [
        (first.text_content or "") if (first := node.first_child) and first.next is None else ""
        for node in nodes
    ]
    if not _are_tidy([text for text in texts if text]):
        texts = [tidy(text)[:MAX_TEXT_CHARACTERS] for text in texts]
    for place, text in enumerate(texts):
        if not text:
            texts[place] = _text_of(nodes[place], attributes_of[place])
    return texts


def _are_tidy(texts: list[str]) -> bool:
    """Whether no text needs a change: asked of all at once, which is much cheaper."""
    # White space at an edge becomes a double space
    together = f" {' '.join(texts)} "
    return (
        together.isprintable()
        and "  " not in together
        and max(map(len, texts), default=0) <= MAX_TEXT_CHARACTERS
    )


def _text_of(node: LexborNode, attributes: dict[str, str | None]) -> str:
    text = text_of(node) or _label(attributes)
    if not text and (image := node.css_first("img[alt], svg[aria-label]")) is not None:
        text = _label(image.attributes)
    if "\n" in text or len(text) > MAX_TEXT_CHARACTERS:
        text = tidy(text)[:MAX_TEXT_CHARACTERS]
    return text


_SPACES = " \t\r\n\f"
_TOO_LONG = urls.MAX_URL_LENGTH
_PLAIN = (ascii_letters + digits + "_~!$&()*+,;=:@%./?#\n-").encode()
_TWO_FRAGMENTS = re.compile(r"#[^#\n]*#")
_LONG_PATH, _LONG_HOST = 2_000, 300  # together below MAX_URL_LENGTH
_PLAIN_ORIGIN = re.compile(r"https?://(?:(?!xn--)[a-z0-9-]+\.)+[a-z]{2,}")


def _are_plain(paths: list[str]) -> bool:
    """Whether all of them, which begin with a slash, are already as a parser would write them."""
    # A table of bytes and a few searches: a tenth of what one pattern for all of it costs
    lines = "\n".join(paths)
    return (
        lines.isascii()
        and not lines.encode().translate(None, _PLAIN)
        and lines.count("\n") == len(paths) - 1
        and "//" not in lines
        and "/." not in lines
        and ("#" not in lines or _TWO_FRAGMENTS.search(lines) is None)
    )


def _label(attributes: dict[str, str | None]) -> str:
    return attributes.get("aria-label") or attributes.get("title") or attributes.get("alt") or ""
