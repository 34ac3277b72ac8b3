"""Why a CSS selector matches nothing on a page."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from typing import TYPE_CHECKING

from scrapeq.extract.selectors import understand

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser

#: Elements whose classes and attributes are looked at.
MOST_ELEMENTS = 50_000
#: Names that are offered, and how alike they have to be (difflib's ratio; "price-box" and "price_box"
#: are .89, "price" and "prices" .91, "price" and "title" .4).
NEAR, ALIKE = 3, 0.6

_NAME = r"(?:[-\w]|\\.|[^\x00-\x7f])+"
_PART = re.compile(
    rf"\.(?P<class>{_NAME})|#(?P<id>{_NAME})|\[\s*(?P<attribute>{_NAME})|(?P<tag>^{_NAME})"
)
_STEP = re.compile(r"\s*[>+~]\s*|\s+")


def why_nothing(tree: LexborHTMLParser, selector: str) -> str:
    """A sentence on why CSS matches nothing; "" where it does, or where it is no CSS."""
    asked = understand(selector)
    if asked.is_xpath:
        return "the XPath gives nothing on this page; try its first steps alone"
    query = asked.query
    if found := tree.css(query):
        return _why_no_value(len(found), asked.attribute, own_text=asked.own_text)
    steps = _prefixes(query)
    there, missing = "", steps[0]
    for shorter in steps:
        if not tree.css(shorter):
            missing = shorter
            break
        there = shorter
    last = missing[len(there) :].strip(" >+~") if there else missing
    parts = [_missing_part(tree, last)]
    if there:
        count = len(tree.css(there))
        inside = (
            f"{there!r} matches {count:,} element{'s' if count != 1 else ''}, none with {last!r}"
        )
        parts.insert(0, inside)
    if _is_in_a_script(tree, last):
        parts.append('the name stands in a script: one may draw it, so try render="always"')
    return "; ".join(part for part in parts if part)


def near_names(tree: LexborHTMLParser, selector: str) -> list[str]:
    """Selectors by one name that the page has and that are like the missing one: [".price-new"]."""
    last = _prefixes(understand(selector).query)[-1]
    for match in _PART.finditer(re.split(r"[\s>+~]", last)[-1]):
        kind = match.lastgroup or ""
        counts = _names(tree)[kind]
        if match[kind] not in counts:
            return [_written(kind, name) for name in _alike(match[kind], counts)]
    return []


def _why_no_value(count: int, attribute: str | None, *, own_text: bool) -> str:
    elements = f"{count:,} element{'s' if count != 1 else ''} match"
    if attribute is not None:
        return f"{elements}, none with an attribute {attribute!r}"
    return f"{elements}, none with text directly in it" if own_text else ""


def _prefixes(query: str) -> list[str]:
    """The steps of a selector, each with those before it: "a", "a b", "a b > c"."""
    depth, ends = 0, []
    for place, sign in enumerate(query):
        depth += (sign in "([") - (sign in ")]")
        if not depth and (sign.isspace() or sign in ">+~") and query[:place].strip(" >+~"):
            ends.append(query[:place].rstrip(" >+~\t\n"))
    return [*dict.fromkeys(ends), query]


def _missing_part(tree: LexborHTMLParser, compound: str) -> str:
    """Which name of a compound selector the page lacks, and what is like it."""
    names = _names(tree)
    for match in _PART.finditer(compound):
        kind = match.lastgroup or ""
        name, counts = match[kind], names[kind]
        if name in counts:
            continue
        near = [f"{_written(kind, one)} ({counts[one]:,})" for one in _alike(name, counts)]
        called = {"class": "class", "id": "id", "attribute": "attribute", "tag": "element"}[kind]
        offer = f"; it has {', '.join(near)}" if near else ""
        return f"the page has no {called} {name!r}{offer}"
    return "each name in it is on the page, but never together"


def _names(tree: LexborHTMLParser) -> dict[str, Counter[str]]:
    """How often each class, id, attribute and element is on the page."""
    found: dict[str, Counter[str]] = {
        kind: Counter() for kind in ("class", "id", "attribute", "tag")
    }
    for node in tree.css("*")[:MOST_ELEMENTS]:
        found["tag"][node.tag or ""] += 1
        for name, value in node.attributes.items():
            found["attribute"][name] += 1
            if name == "class":
                found["class"].update((value or "").split())
            elif name == "id" and value:
                found["id"][value] += 1
    return found


def _alike(name: str, counts: Counter[str]) -> list[str]:
    """The nearest names; one that holds the other counts as near."""
    close = difflib.get_close_matches(name, counts, n=NEAR, cutoff=ALIKE)
    holding = [one for one, _ in counts.most_common() if name in one and one not in close]
    return [*close, *holding][:NEAR]


def _written(kind: str, name: str) -> str:
    return {"class": f".{name}", "id": f"#{name}", "attribute": f"[{name}]", "tag": name}[kind]


def _is_in_a_script(tree: LexborHTMLParser, compound: str) -> bool:
    names = [match["class"] or match["id"] for match in _PART.finditer(compound)]
    quoted = [name for name in names if name and len(name) > 2]
    scripts = [node.text(deep=True) for node in tree.css("script")]
    return any(
        re.search(rf"[\"'`.#\s]{re.escape(name)}[\"'`\s]", text)
        for name in quoted
        for text in scripts
    )
