"""Items that are marked in the elements of a page: microdata and RDFa Lite."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from selectolax.lexbor import LexborHTMLParser, LexborNode

from scrapeq.extract.element_text import text_of, tidy
from scrapeq.extract.links import Joiner
from scrapeq.extract.nesting import level_of
from scrapeq.extract.vocabulary import short_name, type_name

#: Of one page: items, values in all of them, and characters of one value; items within items.
MAX_ITEMS, MAX_VALUES, MAX_VALUE_CHARACTERS, MAX_LEVELS = 500, 3_000, 5_000, 10
#: Items within items that are written out: one may be referred to by several.
MAX_COPIES = 2_000
#: Items that refer to one element.
MAX_REFERRING = 20
#: Properties around a property: each reads all the text in it, so a page is read so many times at most.
MAX_AROUND = 6


@dataclass(frozen=True, slots=True)
class Syntax:
    """The attributes of a syntax. scope: begins an item. kind: names its types. name: names a property.
    about: its identifier. refers: lists ids of elements whose properties are the item's, too."""

    scope: str
    kind: str
    name: str
    about: str
    refers: str = ""


MICRODATA = Syntax("itemscope", "itemtype", "itemprop", "itemid", "itemref")
RDFA = Syntax("typeof", "typeof", "property", "resource")


@dataclass(slots=True, eq=False)
class _Item:
    types: list[str]
    id: str | None
    values: dict[str, list[Any]] = field(default_factory=lambda: defaultdict(list))
    is_inner: bool = False


def marked_items(tree: LexborHTMLParser, syntax: Syntax, join: Joiner) -> list[dict[str, Any]]:
    """The items that are no property of another, in the page's order.

    Microdata by the HTML standard (WHATWG HTML, 5.2): nested items, itemref, values by the kind of
    element; RDFa Lite 1.1 by vocab, typeof, property and resource. Both as real pages use them: a
    content attribute counts on every element. Addresses are absolute. A property without an item
    around it, as OpenGraph's, belongs to none.
    """
    scopes = tree.css(f"[{syntax.scope}]")[:MAX_ITEMS]
    if not scopes:
        return []
    items: dict[int, _Item] = {}
    referring: dict[str, list[_Item]] = defaultdict(list)
    for node in scopes:
        attributes = node.attributes
        types = [type_name(one) for one in (attributes.get(syntax.kind) or "").split()]
        about = (attributes.get(syntax.about) or "").strip()
        item = items[node.mem_id] = _Item(types, (join(about) or about) if about else None)
        for name in set((attributes.get(syntax.refers) or "").split()) if syntax.refers else ():
            if len(referring[name]) < MAX_REFERRING:
                referring[name].append(item)
    left = MAX_VALUES
    levels: dict[int, int] = {}
    for node in tree.css(f"[{syntax.name}]")[:MAX_VALUES]:
        owners = _owners(node, items, referring)
        if not owners:
            continue
        value = items.get(node.mem_id)
        if value is not None:
            value.is_inner = True
        levels[node.mem_id] = level = level_of(node, levels)
        if value is None and level > MAX_AROUND:
            continue
        found = value if value is not None else _value(node, syntax, join)
        if found is None:
            continue
        for name in (node.attributes.get(syntax.name) or "").split():
            for owner in owners[:left]:
                owner.values[short_name(name)].append(found)
                left -= 1
    budget = [MAX_COPIES]
    return [
        data
        for item in items.values()
        if not item.is_inner and (data := _written(item, (), budget)) is not None
    ]


def _owners(
    node: LexborNode, items: dict[int, _Item], referring: dict[str, list[_Item]]
) -> list[_Item]:
    """Whose property an element is: of the item around it, and of those that refer to an element
    between the two."""
    owners: list[_Item] = []
    here: LexborNode | None = node
    while here is not None and here.tag != "html":
        if referring and (name := here.attributes.get("id")):
            owners += referring.get(name, ())
        here = here.parent
        if here is not None and here.mem_id in items:
            owners.append(items[here.mem_id])
            break
    return list(dict.fromkeys(owners))


def _value(node: LexborNode, syntax: Syntax, join: Joiner) -> str | None:
    """What an element says, by its kind; None for nothing."""
    attributes = node.attributes
    if (content := attributes.get("content")) is not None:
        return tidy(content[:MAX_VALUE_CHARACTERS]) or None
    tag = node.tag or ""
    names = _ADDRESSES.get(tag, ())
    if syntax is RDFA:
        names = (*names, "resource", "href", "src")
    for name in names:
        if written := (attributes.get(name) or "").strip():
            return (join(written) or written)[:MAX_VALUE_CHARACTERS]
    if written := (attributes.get(_OTHERS.get(tag, "datetime")) or "").strip():
        return written[:MAX_VALUE_CHARACTERS]
    return text_of(node)[:MAX_VALUE_CHARACTERS] or None


_ADDRESSES = {
    **dict.fromkeys(("a", "area", "link"), ("href",)),
    **dict.fromkeys(("audio", "embed", "iframe", "source", "track", "video"), ("src",)),
    "img": ("src", "data-src"),
    "object": ("data",),
}
_OTHERS = {"data": "value", "meter": "value", "time": "datetime"}


def _written(item: _Item, around: tuple[_Item, ...], budget: list[int]) -> dict[str, Any] | None:
    """An item as JSON-LD has it; None where it is around itself, too deep, or written too often."""
    if item in around or len(around) >= MAX_LEVELS or not budget[0]:
        return None
    budget[0] -= 1
    data: dict[str, Any] = {}
    if item.types:
        data["@type"] = item.types[0] if len(item.types) == 1 else item.types
    if item.id:
        data["@id"] = item.id
    for name, values in item.values.items():
        kept = [
            one
            for value in values
            if (
                one := _written(value, (*around, item), budget)
                if isinstance(value, _Item)
                else value
            )
        ]
        if kept:
            data[name] = kept[0] if len(kept) == 1 else kept
    return data or None
