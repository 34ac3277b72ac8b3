"""The text of an element as a person reads it."""

from __future__ import annotations

from selectolax.lexbor import LexborNode

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
_SKIPPED = frozenset({"script", "style", "template", "noscript", "head"})
_SILENT = _SKIPPED | {"-comment"}


def text_of(node: LexborNode) -> str:
    """What a person reads in an element: spaces joined, a line for each block, scripts left out."""
    if node.tag in _SILENT:
        return node.text().strip()  # asked for by name: perhaps data, so left as it is
    inner = node.first_child
    while inner is not None and inner.next is None and (tag := inner.tag) not in _SILENT:
        if tag == "-text":
            return tidy(inner.text_content or "")  # one text, however deep, as most links are
        inner = inner.first_child
    lines = "".join(_pieces(node)).split(_BREAK)
    return "\n".join([line for one in lines if (line := tidy(one))])


def tidy(text: str) -> str:
    """`text` on one line: white space joined and dropped at both ends, non-breaking ones too."""
    return " ".join(text.split())


def characters_in(top: LexborNode, enough: int) -> int:
    """How many characters a person reads in an element, without white space; no more are counted once
    there are `enough`."""
    top_id = top.mem_id
    found = going_on_at = 0
    for node in top.traverse(include_text=True):
        if going_on_at:
            if node.mem_id != going_on_at:
                continue
            going_on_at = 0
        tag = node.tag
        if tag == "-text":
            found += len("".join((node.text_content or "").split()))
            if found >= enough:
                break
        elif tag in _SKIPPED:
            going_on_at = _behind(node, top_id)
            if not going_on_at:
                break
    return found


def _pieces(top: LexborNode) -> list[str]:
    """The texts below `top`, with a break before and after each block.

    The parser's own walk takes a tenth of what asking each node for the next one does. It does not say
    where an element ends, so the node behind a block is remembered, and that behind what is skipped.
    """
    top_id = top.mem_id
    pieces: list[str] = []
    behind_blocks: set[int] = set()
    going_on_at = 0
    walk = top.traverse(include_text=True)
    next(walk)
    for node in walk:
        place = node.mem_id
        if going_on_at:
            if place != going_on_at:
                continue
            going_on_at = 0
        if place in behind_blocks:
            pieces.append(_BREAK)
        tag = node.tag
        if tag == "-text":
            pieces.append(node.text_content or "")
        elif tag in _BLOCKS:
            pieces.append(_BREAK)
            behind_blocks.add(_behind(node, top_id, _BLOCKS))
        elif tag in _CELLS:
            pieces.append(" ")
        elif tag in _SKIPPED or (tag == "sup" and _is_raised(node, pieces)):
            going_on_at = _behind(node, top_id)
            if not going_on_at:
                break
    return pieces


def _behind(node: LexborNode, top_id: int, ending: frozenset[str] = frozenset()) -> int:
    """The `mem_id` of the node that follows an element and all that is in it; 0 if that is outside
    of `top`, or behind another element of `ending`, too."""
    while (following := node.next) is None:
        above = node.parent
        if above is None or above.mem_id == top_id or above.tag in ending:
            return 0
        node = above
    return following.mem_id


def _is_raised(node: LexborNode, pieces: list[str]) -> bool:
    """Whether these are raised digits right behind others; they are then added as such: 12<sup>99</sup>
    is 12⁹⁹, as it is seen, not 1299."""
    text = node.text().strip()
    is_raised = text.isascii() and text.isdigit() and bool(pieces) and pieces[-1][-1:].isdigit()
    if is_raised:
        pieces.append(text.translate(_SUPERSCRIPT))
    return is_raised


_SUPERSCRIPT = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
#: Stands for a line break: parsers let no NUL into a text.
_BREAK = "\0"
