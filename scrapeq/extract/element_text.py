"""The text of an element as a person reads it."""

from __future__ import annotations

import re

from selectolax.lexbor import LexborNode

_SPACE = re.compile(r"[ \t\r\n\f\v]+")
_LINES = re.compile(r" ?\n[ \n]*")

# Elements that begin and end a line in a browser's own style sheet (WHATWG HTML, section 15.3).
_BLOCKS = frozenset(
    [
        *("address", "article", "aside", "blockquote", "br", "center", "dd", "details", "dialog"),
        *("dir", "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "h1"),
        *("h2", "h3", "h4", "h5", "h6", "header", "hgroup", "hr", "legend", "li", "listing"),
        *("main", "menu", "nav", "ol", "optgroup", "option", "p", "plaintext", "pre", "search"),
        *("section", "summary", "table", "tbody", "tfoot", "thead", "tr", "ul", "xmp"),
    ]
)
_CELLS = frozenset({"td", "th", "caption"})
_SILENT = frozenset({"script", "style", "template", "noscript", "head", "-comment"})


def text_of(node: LexborNode) -> str:
    """What a person reads in an element: spaces joined, a line for each block, scripts left out."""
    if node.tag in _SILENT:
        return node.text().strip()  # asked for by name: perhaps data, so left as it is
    markup = node.inner_html or ""
    if "<" not in markup:  # one text, as most links are
        return tidy(_unescaped(markup) if "&" in markup else markup)
    pieces: list[str] = []
    _collect(node, pieces)
    return _LINES.sub("\n", _SPACE_IN_LINE.sub(" ", "".join(pieces))).strip()


def tidy(text: str) -> str:
    """`text` on one line: white space joined and dropped at both ends, non-breaking ones too."""
    return " ".join(text.split())


def _unescaped(markup: str) -> str:
    """The text of markup without elements (WHATWG HTML, 13.3, escaping a string)."""
    for escaped, character in (("&lt;", "<"), ("&gt;", ">"), ("&nbsp;", "\xa0"), ("&amp;", "&")):
        markup = markup.replace(escaped, character)
    return markup


def _raised(node: LexborNode, pieces: list[str]) -> str:
    """Raised digits right behind others as such: 12<sup>99</sup> is 12⁹⁹, as it is seen, not 1299."""
    text = node.text().strip()
    is_raised = text.isascii() and text.isdigit() and pieces and pieces[-1][-1:].isdigit()
    return text.translate(_SUPERSCRIPT) if is_raised else ""


_SUPERSCRIPT = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_SPACE_IN_LINE = re.compile(r"[^\S\n]+")


def _collect(top: LexborNode, pieces: list[str]) -> None:
    """The pieces below `top`, walked by hand: recursion would end at a thousand levels."""
    node = top.first_child
    while node is not None:
        tag = node.tag or ""
        raised = _raised(node, pieces) if tag == "sup" else ""
        if raised:
            pieces.append(raised)
        elif tag == "-text":
            pieces.append(_SPACE.sub(" ", node.text()))
        elif tag in _BLOCKS:
            pieces.append("\n")
        elif tag in _CELLS:
            pieces.append(" ")
        below = None if raised or tag in _SILENT else node.first_child
        if below is not None:
            node = below
            continue
        while node.next is None:
            above = node.parent
            if above is None or above.mem_id == top.mem_id:
                return
            node = above
            if node.tag in _BLOCKS:
                pieces.append("\n")
        node = node.next
