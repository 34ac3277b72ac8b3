"""A page as a list of its elements with their texts: what a language model needs to name selectors."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser, LexborNode

#: Lines, characters of all of them, and of one text. 30,000 characters are some 8,000 tokens.
MOST_LINES, MOST_CHARACTERS, LONGEST_TEXT = 1_500, 30_000, 120
#: Attributes that say what an element is, beside its id and classes.
_TELLING = ("itemprop", "rel", "name", "property", "data-testid", "data-test", "role", "datetime")
_SILENT = frozenset({"script", "style", "noscript", "template", "svg", "head", "title"})
#: Steps of a way that are shown: the nearest ones.
_STEPS = 4


def outline(tree: LexborHTMLParser) -> str:
    """A line for each element that has text of its own, or a picture: the way to it, then the text.

    "div#main.product > p.price[itemprop=price] | 12.50". Lines that say the same are left out, and what
    does not fit.
    """
    lines: dict[str, None] = {}
    left = MOST_CHARACTERS
    for node in tree.css("body *"):
        if node.tag in _SILENT:
            continue
        text = " ".join(node.text(deep=False).split())[:LONGEST_TEXT]
        if not text and node.tag not in {"img", "meta", "time", "link"}:
            continue
        line = f"{_way(node)} | {text}"
        if line in lines:
            continue
        left -= len(line) + 1
        if left < 0 or len(lines) == MOST_LINES:
            break
        lines[line] = None
    return "\n".join(lines)


def _way(node: LexborNode) -> str:
    steps: list[str] = []
    here: LexborNode | None = node
    while here is not None and here.tag not in {None, "html", "body"} and len(steps) < _STEPS:
        steps.append(_step(here))
        here = here.parent
    return " > ".join(reversed(steps))


def _step(node: LexborNode) -> str:
    attributes = node.attributes
    step = node.tag or ""
    if name := attributes.get("id"):
        step += f"#{name}"
    step += "".join(f".{one}" for one in (attributes.get("class") or "").split()[:4])
    return step + "".join(
        f"[{name}={value[:40]}]" for name in _TELLING if (value := attributes.get(name))
    )
