"""Bounds on markup that no person wrote, so that parsers stay linear and lose no text.

Lexbor takes time with the square of the depth (0.2 s at 10,000, 40 s at 100,000), of the
attributes of one element (0.7 s at 20,000) and of the options of one select (1.5 s at 20,000); lxml
drops all text below 256 without a word. Chromium makes elements below 512 siblings of each other.
The same is done here to the markup, before a parser sees it: tags that would nest too deeply and
options that are too many become line breaks, attributes after the thousandth are dropped, and no
text is lost.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from itertools import islice

from selectolax.lexbor import LexborHTMLParser

#: As in Chromium.
BROWSER_DEPTH = 512
#: Below lxml's 256, with room for what a parser adds.
LXML_DEPTH = 240
#: For what looks for the main text: far below lxml's 256, since resiliparse takes time with the depth
#: of each element (3 s for 100,000 of them at BROWSER_DEPTH). Of WCXB's 1,497 pages none reaches 64.
READING_DEPTH = 128
#: Pages with fewer tags (half of them closing) are parsed as they are: at most 0.1 s.
MANY_TAGS = 10_000
#: Attributes of one tag that are kept; tags shorter than LONG_TAG characters are not counted.
MAX_ATTRIBUTES = 1_000
LONG_TAG = 4_000
#: Options of one select: 0.1 s.
MAX_OPTIONS = 5_000


def for_lexbor(markup: str, *, few_tags: bool = False) -> str:
    """`markup` that Lexbor parses in linear time. `few_tags`: there are at most MAX_OPTIONS tags, so
    they need not be counted."""
    markup = cut_attributes(markup)
    if few_tags or len(markup) <= 3 * MAX_OPTIONS:  # a tag has 3 characters
        return markup
    tags = markup.count("<")
    if tags > MAX_OPTIONS:
        markup = cut_options(markup)
    return flatten(markup, BROWSER_DEPTH) if tags > MANY_TAGS else markup


def for_lxml(markup: str, tree: LexborHTMLParser) -> str:
    """`markup`, of which `tree` was made, with nothing below the depth that lxml reads."""
    return flatten(markup, LXML_DEPTH) if tree.css_first(_DEEPER_THAN_LXML) else markup


def for_reading(markup: str, tree: LexborHTMLParser) -> str:
    """`markup`, of which `tree` was made, with nothing below READING_DEPTH."""
    return flatten(markup, READING_DEPTH) if tree.css_first(_DEEPER_THAN_READING) else markup


def cut_attributes(markup: str) -> str:
    """`markup` in which no tag has more than MAX_ATTRIBUTES attributes.

    Only tags of LONG_TAG characters are looked at, and those that hide behind a ">" in a value
    are not found: the caller's bound on CPU is for them.
    """
    pieces: list[str] = []
    copied = 0
    for start, end in _long_tags(markup):
        if tag := _TAG_START.search(markup, start, end):
            attributes = _ATTRIBUTE.finditer(markup, tag.end(), end)
            first_too_many = next(islice(attributes, MAX_ATTRIBUTES, None), None)
            if first_too_many:
                pieces.append(markup[copied : first_too_many.start()])
                copied = end
    return "".join([*pieces, markup[copied:]]) if pieces else markup


def _long_tags(markup: str) -> Iterator[tuple[int, int]]:
    """Where LONG_TAG characters and more stand without a ">"; looks at few of the others."""
    start = 0
    while len(markup) - start >= LONG_TAG:
        end = markup.rfind(">", start, start + LONG_TAG)
        if end < 0:
            end = markup.find(">", start + LONG_TAG)
            end = len(markup) if end < 0 else end
            yield start, end
        start = end + 1


def cut_options(markup: str) -> str:
    """`markup` in which no select has more than MAX_OPTIONS options."""
    if markup.count("<option") + markup.count("<OPTION") <= MAX_OPTIONS:
        return markup
    options = 0

    def keep(tag: re.Match[str]) -> str:
        nonlocal options
        options = 0 if tag[1].lower() == "select" else options + 1
        return tag[0] if options <= MAX_OPTIONS else "<br"

    return _SELECT.sub(keep, markup)


_SELECT = re.compile(r"<(select|option)\b", re.IGNORECASE)
_TAG_START = re.compile(r"<[a-z][^\s>]*", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"""[^\s"'=]++(?:\s*+=\s*+(?:"[^"]*+"?|'[^']*+'?|[^\s"']++))?""")
_DEEPER_THAN_LXML = ">".join(["*"] * LXML_DEPTH)
_DEEPER_THAN_READING = ">".join(["*"] * READING_DEPTH)


def flatten(markup: str, deepest: int) -> str:
    """`markup` with no more than about `deepest` elements inside each other; linear in its length.

    Counted are tags, not trees, so a page with very many tags that are never closed may be
    flattened too.
    """
    open_tags: Counter[str] = Counter()
    depth = 0
    too_deep = 0
    pieces: list[str] = []
    copied = 0
    for tag in _TAG.finditer(markup):
        slash, name = tag[1], tag[2]
        if not name or (name := name.lower()) in _NEUTRAL:
            continue
        if slash:
            if too_deep and open_tags[f"/{name}"]:
                open_tags[f"/{name}"] -= 1
                too_deep -= 1
                pieces += markup[copied : tag.start()], "</wbr"
                copied = tag.end()
            elif open_tags[name]:
                open_tags[name] -= 1
                depth -= 1
        elif name in _SVG_LEAVES and open_tags["svg"]:
            continue
        elif depth < deepest:
            open_tags[name] += 1
            depth += 1
        else:
            open_tags[f"/{name}"] += 1
            too_deep += 1
            pieces += markup[copied : tag.start()], "<br"
            copied = tag.end()
    if not pieces:
        return markup
    pieces.append(markup[copied:])
    return "".join(pieces)


# Comments and elements whose content is not markup are skipped whole, to the end if they are never
# closed; each alternative consumes what it looked at, so that the scan is linear.
_TAG = re.compile(
    r"<!--(?:.*?-->|.*)"
    r"|<(?:script|style|textarea|title|xmp|iframe|noembed|noframes)\b"
    r"(?:.*?</(?:script|style|textarea|title|xmp|iframe|noembed|noframes)|.*)"
    r"|<(/?)([a-z][^\s/<>]*+)",
    re.IGNORECASE | re.DOTALL,
)

# Elements that never hold others, and those that the next one of their kind closes: a thousand
# <li> without </li> are a flat list. They nest only by means of elements that are counted.
_NEUTRAL = frozenset(
    [
        *("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param"),
        *("source", "track", "wbr", "p", "li", "dt", "dd", "option", "optgroup", "tr", "td", "th"),
        *("thead", "tbody", "tfoot", "rb", "rt", "rp", "rtc", "html", "head", "body"),
    ]
)
_SVG_LEAVES = frozenset(
    [
        *("path", "circle", "rect", "line", "polygon", "polyline", "ellipse", "use", "stop"),
        *("image", "animate", "fegaussianblur", "feoffset", "feblend", "fecolormatrix"),
    ]
)
