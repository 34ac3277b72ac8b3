"""JSON that a page gives to its own scripts: __NEXT_DATA__, application/json, window.STATE = {...}."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from selectolax.lexbor import LexborHTMLParser

from scrapeq.extract.json_ld import sound_json

#: Of one page: characters of all such JSON, values, scripts that are looked at. Of one value: its levels.
MAX_CHARACTERS, MAX_VALUES, MAX_SCRIPTS, MAX_LEVELS = 1_500_000, 30, 300, 30
#: What is assigned, and may be JSON.
_ASSIGNED = re.compile(r"=\s{0,20}(?P<parse>JSON\.parse\(\s{0,20})?(?=[{\[\"'])")
_NAME_BEFORE = re.compile(r"([A-Za-z_$][\w$]{0,60})(?:[\"']\])?\s{0,20}$")
#: A variable whose name says that it holds data: __INITIAL_STATE__, __NUXT__, INITIAL_DATA, pageData.
_HOLDS_DATA = re.compile(
    r"__\w+__|__[A-Z][A-Z0-9_]+"
    r"|.*(?:state|data|props|context|config|store|product|products|item|catalog|json)",
    re.IGNORECASE,
)
_DECODER = json.JSONDecoder(strict=False, parse_constant=lambda _: None)
#: Of one script: values that are begun to be read. To say where one is wrong takes Python a look at all
#: that stands before it.
MAX_TRIES = 300
#: What is shorter says nothing: {}, [], {"a":1}.
_SHORTEST = 20


def script_json(tree: LexborHTMLParser) -> Iterator[tuple[str | None, Any]]:
    """The name and the value of each JSON in a script, in the page's order.

    The name is the variable that it is assigned to, or the script's id; None if it has neither. A value
    is a dict or a list. What is no JSON (a function, undefined, a key without quotes) is left out, and
    so is what is too long: half of a JSON is none.
    """
    left = MAX_CHARACTERS
    values = 0
    for script in tree.css("script")[:MAX_SCRIPTS]:
        attributes = script.attributes
        kind = (attributes.get("type") or "").strip().lower().partition(";")[0]
        if "src" in attributes or "ld+json" in kind or kind in _NO_DATA:
            continue
        text = script.text()
        if len(text) < _SHORTEST or len(text) > left:
            continue
        found: Iterator[tuple[str | None, Any]]
        if kind == "application/json" or kind.endswith("+json"):
            found = _whole(text, attributes.get("id") or attributes.get("data-target"))
        elif kind in _SCRIPTS:
            found = _assigned(text)
        else:
            continue
        for name, value in found:
            if not isinstance(value, (dict, list)) or not value:
                continue
            left -= len(text)
            values += 1
            yield (name or None) and str(name)[:100], sound_json(value, MAX_LEVELS)
            if values == MAX_VALUES or left <= 0:
                return


_SCRIPTS = frozenset({"", "text/javascript", "application/javascript", "module", "text/ecmascript"})
_NO_DATA = frozenset({"importmap", "speculationrules", "text/template", "text/html"})


def _whole(text: str, name: str | None) -> Iterator[tuple[str | None, Any]]:
    text = text.strip().removeprefix("<!--").removesuffix("-->").strip()
    try:
        yield name, _DECODER.decode(text)
    except (ValueError, RecursionError):
        return


def _assigned(text: str) -> Iterator[tuple[str | None, Any]]:
    """The JSON values that a script assigns; each is read once, from where it begins."""
    place = wasted = tries = 0
    while (match := _ASSIGNED.search(text, place)) and wasted < MAX_CHARACTERS:
        place = match.end()
        name = _NAME_BEFORE.search(text, max(0, match.start() - 90), match.start())
        if name is None or not _HOLDS_DATA.fullmatch(name[1]):
            continue
        tries += 1
        if tries > MAX_TRIES:
            return
        try:
            value, end = _DECODER.raw_decode(text, place)
            if match["parse"] and isinstance(value, str):
                value = _DECODER.decode(value)
        except json.JSONDecodeError as error:
            wasted += max(error.pos - place, 0)
            continue
        except (ValueError, RecursionError):  # a number of 5,000 digits; too deep
            wasted += len(text) // 100
            continue
        place = end
        if end - match.end() >= _SHORTEST:
            yield name[1], value
