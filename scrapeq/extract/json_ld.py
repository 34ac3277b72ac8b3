"""The JSON-LD of a page, read leniently: real pages have trailing commas, line breaks, comments."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

#: Characters of JSON-LD that are read from one page, objects that are kept, levels of nesting.
MAX_CHARACTERS = 500_000
MAX_OBJECTS = 100
MAX_LEVELS = 20


def json_ld(scripts: Iterable[str]) -> list[dict[str, Any]]:
    """The objects of all <script type="application/ld+json">, lists and @graph opened up.

    What cannot be read is left out. Texts are encodable as UTF-8, numbers are finite.
    """
    return read_json_ld(scripts)[0]


def read_json_ld(scripts: Iterable[str]) -> tuple[list[dict[str, Any]], int]:
    """`json_ld`, and how many scripts with content could not be read to their end."""
    found: list[dict[str, Any]] = []
    unread = 0
    left = MAX_CHARACTERS
    for text in scripts:
        left -= len(text)
        if left < 0:
            unread += 1
            continue
        values, is_whole = _read(text)
        unread += not is_whole
        for value in values:
            found += _objects(value)
    return found[:MAX_OBJECTS], unread


def has_type(thing: dict[str, Any], *names: str) -> bool:
    """Whether an object's @type is one of these, or ends like it (NewsArticle is an Article)."""
    types = thing.get("@type")
    written = types if isinstance(types, list) else [types]
    return any(isinstance(one, str) and one.endswith(names) for one in written)


def _read(text: str) -> tuple[list[Any], bool]:
    """The values of one script, and whether that was all of it."""
    text = text.strip(_AROUND).removeprefix("<!--").removesuffix("-->")
    text = text.replace("//<![CDATA[", "").replace("<![CDATA[", "").replace("//]]>", "")
    text = text.replace("/*]]>*/", "").replace("]]>", "").strip(_AROUND)
    best: list[Any] = []
    repairs: tuple[Callable[[str], str], ...] = (str, _repaired, _unescaped_and_repaired)
    for repair in repairs:
        values, is_whole = _values(repair(text))
        if is_whole:
            return [_sound(value, MAX_LEVELS) for value in values], True
        if len(values) > len(best):
            best = values
    return [_sound(value, MAX_LEVELS) for value in best], False


def _values(text: str) -> tuple[list[Any], bool]:
    """One value after the other: some pages write two objects into one script."""
    values: list[Any] = []
    place = 0
    while True:
        while place < len(text) and (text[place].isspace() or text[place] in ",;\ufeff"):
            place += 1
        if place == len(text):
            return values, True
        try:
            value, place = _DECODER.raw_decode(text, place)
        except (ValueError, RecursionError):
            return values, False
        values.append(value)


def _repaired(text: str) -> str:
    """`text` without comments and trailing commas, its escapes as JSON has them."""
    without = _STRING_OR_COMMENT.sub(
        lambda found: _ESCAPE.sub(_as_json, found[0]) if found[0][0] == '"' else " ", text
    )
    return _STRING_OR_COMMA.sub(lambda found: found[0] if found[0][0] == '"' else "", without)


def _unescaped_and_repaired(text: str) -> str:
    return _repaired(html.unescape(text))


def _as_json(escape: re.Match[str]) -> str:
    if escape[1]:
        return f"\\u00{escape[1]}"  # \x27, as JavaScript has it
    return escape[0] if escape[2] in _GOOD_ESCAPES else (escape[2] or "")


_AROUND = "\ufeff\u200b \t\r\n\f"
_DECODER = json.JSONDecoder(strict=False, parse_constant=lambda _: None)
_STRING = r'"[^"\\]*+(?:\\.[^"\\]*+)*"'
_STRING_OR_COMMENT = re.compile(rf"{_STRING}|/\*.*?\*/|//[^\n]*", re.DOTALL)
_STRING_OR_COMMA = re.compile(rf"{_STRING}|,(?=\s{{0,1000}}+[]}}])", re.DOTALL)
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|(.))", re.DOTALL)
_GOOD_ESCAPES = frozenset('"\\/bfnrtu')


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
