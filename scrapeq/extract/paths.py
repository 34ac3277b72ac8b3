"""Paths through plain data: "offers.price" in an object that a page declares."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

#: Values that one path gives.
MOST_VALUES = 10_000
_PLACE = re.compile(r"^(.*?)\[(-?\d{1,6}|\*)\]$")


def values_at(data: Any, path: str, *, is_whole: bool = False) -> list[Any]:
    """Every value at a path of names with dots between them, in the order of the data; [] for none.

    Lists on the way are gone through, `name[0]` and `name[-1]` take one of their items. A list at
    the end gives its items. A name with dots in it is found when it is written whole. A text where
    an object is expected has its "name": many pages write `brand` either way. is_whole: the first value as it is, a list too.
    """
    found: list[Any] = []
    for value in _at(data, path.strip()):
        if is_whole and value is not None:
            return [value]
        found += [one for one in (value if isinstance(value, list) else [value]) if one is not None]
        if len(found) >= MOST_VALUES:
            break
    return found[:MOST_VALUES]


def _at(data: Any, path: str) -> Iterator[Any]:
    if not path:
        yield data
        return
    if isinstance(data, list):
        for one in data:
            yield from _at(one, path)
        return
    if path in {"name", "@value"} and isinstance(data, str):
        yield data
        return
    if not isinstance(data, dict):
        return
    if path in data:
        yield data[path]
        return
    head, _, rest = path.partition(".")
    while True:
        if match := _PLACE.match(head):
            value = data.get(match[1])
            items = value if isinstance(value, list) else [] if value is None else [value]
            if match[2] == "*":
                yield from _at(items, rest)
            elif -len(items) <= int(match[2]) < len(items):
                yield from _at(items[int(match[2])], rest)
            return
        if head in data:
            yield from _at(data[head], rest)
            return
        more, _, rest = rest.partition(".")
        if not more:
            return
        head = f"{head}.{more}"
