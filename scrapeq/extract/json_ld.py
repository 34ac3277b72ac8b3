"""The JSON-LD of a page, read leniently: real pages have trailing commas, line breaks, comments."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

#: Characters of JSON-LD that are read from one page, objects that are kept, levels of nesting.
MAX_CHARACTERS = 500_000
MAX_OBJECTS = 100
MAX_LEVELS = 20


def json_ld(scripts: Iterable[str]) -> list[dict[str, Any]]:
    """The objects of all <script type="application/ld+json">, lists and @graph opened up.

    What cannot be read is left out. Texts are encodable as UTF-8, numbers are finite.
    """
    found: list[dict[str, Any]] = []
    left = MAX_CHARACTERS
    for text in scripts:
        left -= len(text)
        if left < 0:
            break
        found += _objects(_read(text))
    return found[:MAX_OBJECTS]


def has_type(thing: dict[str, Any], *names: str) -> bool:
    """Whether an object's @type is one of these, or ends like it (NewsArticle is an Article)."""
    types = thing.get("@type")
    written = types if isinstance(types, list) else [types]
    return any(isinstance(one, str) and one.endswith(names) for one in written)


def _read(text: str) -> Any:
    text = text.strip().removeprefix("<!--").removesuffix("-->")
    text = text.replace("//<![CDATA[", "").replace("<![CDATA[", "").replace("//]]>", "")
    text = text.replace("]]>", "").strip().rstrip(";")
    for attempt in (text, _TRAILING_COMMA.sub(r"\1", text), html.unescape(text)):
        try:
            value = json.loads(attempt, strict=False, parse_constant=lambda _: None)
        except (ValueError, RecursionError):
            continue
        return _sound(value, MAX_LEVELS)
    return None


_TRAILING_COMMA = re.compile(r",(?=\s{0,1000}+([]}]))\s{0,1000}+\1")


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, dict):
            graph = one.get("@graph")
            if isinstance(graph, list):
                yield from (node for node in graph if isinstance(node, dict))
            else:
                yield one


def _sound(value: Any, levels: int) -> Any:
    """A copy without lone surrogates, NULs and endless numbers, cut off below `levels`."""
    if isinstance(value, str):
        return value.replace("\0", "").encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        if not levels:
            return None
        return {_sound(key, 0): _sound(item, levels - 1) for key, item in value.items()}
    if isinstance(value, list):
        return [_sound(item, levels - 1) for item in value] if levels else None
    if isinstance(value, int) and abs(value) >= 2**63:
        return str(value)  # more than databases and tables hold as a number
    if isinstance(value, float) and value in {float("inf"), float("-inf")}:
        return None
    return value
