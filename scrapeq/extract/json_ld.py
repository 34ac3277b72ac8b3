"""The JSON-LD of a page, read leniently: real pages have trailing commas, line breaks, comments, quotes
that are not escaped, commas that are missing."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from scrapeq.extract.vocabulary import type_name

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
    repairs: tuple[Callable[[str], str], ...] = (
        str,
        _repaired,
        _unescaped_and_repaired,
        _without_slashes,
        _with_marks,
    )
    for repair in repairs:
        values, is_whole = _values(repair(text))
        if is_whole:
            return [sound_json(value, MAX_LEVELS) for value in values], True
        if len(values) > len(best):
            best = values
    return [sound_json(value, MAX_LEVELS) for value in best], False


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


def _without_slashes(text: str) -> str:
    """Of a script that was escaped as a whole: {\\"@type\\": \\"Product\\"}."""
    return _repaired(text.replace('\\"', '"')) if _ESCAPED_WHOLE.match(text) else text


def _with_marks(text: str) -> str:
    """`text` with the marks that its author forgot: the backslash before a quote within a string, the
    comma between two values, the value behind a colon."""
    pieces: list[str] = []
    before = ""  # the kind of the last piece: "value", or the mark itself
    place = 0
    text = _repaired(text)
    while place < len(text):
        sign = text[place]
        if sign.isspace():
            place += 1
            continue
        if sign == '"':
            end = _end_of_string(text, place)
            piece, kind = _escaped(text[place:end]), "value"
        elif sign in "{}[],:":
            end = place + 1
            piece, kind = sign, sign
        else:
            literal = _LITERAL.match(text, place)
            end = literal.end() if literal else place + 1
            piece = text[place:end] if text[place:end] not in _NOTHING else "null"
            kind = "value"
        if kind in _BEGINNING and before in _ENDING:
            pieces.append(",")
        elif before == ":" and kind in {",", "}"}:
            pieces.append("null")
        if not (kind == "," and before in {"", "{", "[", ","}):
            pieces.append(piece)
            before = kind
        place = end
    return _repaired("".join(pieces))


def _end_of_string(text: str, start: int) -> int:
    """Behind the quote that ends a string: the first one with something behind it that may follow one."""
    place = start + 1
    while (found := _QUOTE_OR_ESCAPE.search(text, place)) is not None:
        place = found.end()
        if found[0] == '"' and _BEHIND_STRING.match(text, place):
            return place
    return len(text)


def _escaped(string: str) -> str:
    inner = string[1:-1] if len(string) > 1 and string.endswith('"') else string[1:]
    return '"' + _BARE_QUOTE.sub(r'\\"', inner) + '"'


_ESCAPED_WHOLE = re.compile(r'[\s\[{]*\\"')
_LITERAL = re.compile(r"[^\s{}\[\],:\"]+")
_NOTHING = frozenset({"undefined", "None", "NaN", "nil"})
_BEGINNING = frozenset({"value", "{", "["})
_ENDING = frozenset({"value", "}", "]"})
_QUOTE_OR_ESCAPE = re.compile(r'\\.|"', re.DOTALL)
# A comma counts only where a name or another value stands behind it: "the "best", really" goes on.
_BEHIND_STRING = re.compile(
    r'\s{0,200}(?:$|[:}\]]|,\s{0,200}(?:[,"{\[}\]]|-?\d|true|false|null|$)|\r?\n\s{0,200}")'
)
_BARE_QUOTE = re.compile(r'(?<!\\)"')


def _as_json(escape: re.Match[str]) -> str:
    if escape[1]:
        return f"\\u00{escape[1]}"  # \x27, as JavaScript has it
    return escape[0] if escape[2] in _GOOD_ESCAPES else (escape[2] or "")


_AROUND = "\ufeff\u200b \t\r\n\f"
_DECODER = json.JSONDecoder(strict=False, parse_constant=lambda _: None)
# A string or a comment that never ends goes to the end, so that nothing is looked at twice.
_STRING = r'"[^"\\]*+(?:\\.[^"\\]*+)*(?:"|\\?\Z)'
_STRING_OR_COMMENT = re.compile(rf"{_STRING}|/\*(?:.*?\*/|.*)|//[^\n]*", re.DOTALL)
_STRING_OR_COMMA = re.compile(rf"{_STRING}|,(?=\s{{0,1000}}+[]}}])", re.DOTALL)
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|(.))", re.DOTALL)
_GOOD_ESCAPES = frozenset('"\\/bfnrtu')


def resolved(objects: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The objects with what they refer to by "@id" in its place; types without their addresses.

    A reference is an object that has nothing but an "@id" (and perhaps a type). What refers to itself
    stays a reference, and so does what is more than `MAX_REFERRED` deep or was written out too often.
    """
    known: dict[str, dict[str, Any]] = {}
    for thing in objects:
        _collect(thing, known, MAX_LEVELS)
    budget = [MAX_COPIES]
    return [_resolved(thing, known, (), budget) for thing in objects]


#: How deep what is referred to refers again, and how often things are written out in all.
MAX_REFERRED, MAX_COPIES = 4, 1_000


def _collect(value: Any, known: dict[str, dict[str, Any]], levels: int) -> None:
    """Each object with an "@id" by it: of several the one that says most."""
    if not levels:
        return
    if isinstance(value, dict):
        name = value.get("@id")
        if isinstance(name, str) and name and len(value) > len(known.get(name, ())):
            known[name] = value
    for one in value.values() if isinstance(value, dict) else value:
        if isinstance(one, (dict, list)):
            _collect(one, known, levels - 1)


def _resolved(
    value: Any, known: dict[str, dict[str, Any]], around: tuple[str, ...], budget: list[int]
) -> Any:
    if isinstance(value, list):
        return [_resolved(one, known, around, budget) for one in value]
    if not isinstance(value, dict):
        return value
    name = value.get("@id")
    if isinstance(name, str):
        whole = known.get(name, value)
        is_reference = value.keys() <= {"@id", "@type"} and whole is not value
        if is_reference and name not in around and len(around) < MAX_REFERRED and budget[0]:
            budget[0] -= 1
            value = whole
        elif is_reference:
            return value
        around = (*around, name)
    return {
        key: _short(one) if key == "@type" else _resolved(one, known, around, budget)
        for key, one in value.items()
    }


def _short(types: Any) -> Any:
    if isinstance(types, list):
        short = [type_name(one) for one in types if isinstance(one, str)]
        return short[0] if len(short) == 1 else short
    return type_name(types) if isinstance(types, str) else types


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, dict):
            graph = one.get("@graph")
            if isinstance(graph, list):
                yield from (node for node in graph if isinstance(node, dict))
            else:
                yield one


def sound_json(value: Any, levels: int) -> Any:
    """A copy without lone surrogates, NULs and endless numbers, cut off below `levels`."""
    if isinstance(value, str):
        return value.replace("\0", "").encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        if not levels:
            return None
        return {sound_json(key, 0): sound_json(item, levels - 1) for key, item in value.items()}
    if isinstance(value, list):
        return [sound_json(item, levels - 1) for item in value] if levels else None
    if isinstance(value, int) and abs(value) >= 2**63:
        return str(value)  # more than databases and tables hold as a number
    if isinstance(value, float) and value in {float("inf"), float("-inf")}:
        return None
    return value
