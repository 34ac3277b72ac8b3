"""Our regular expressions mean the same on every Python.

Python 3.11 before 3.11.5 matches possessive quantifiers over groups wrongly, and atomic groups
with them (CPython's issues 100061 and 106052). Over one character, or one set of characters, its
possessive quantifiers are right.
"""

from __future__ import annotations

import ast
import importlib
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
#: How `re` reads a pattern; there is no public name for it.
_parse = importlib.import_module("re._parser").parse
#: What every pattern has that repeats possessively or has an atomic group; few other strings do.
_MAY_HAVE = re.compile(r"[+*?}]\+|\(\?>")
_ONE_CHARACTER = {"LITERAL", "NOT_LITERAL", "ANY", "IN"}


def test_no_pattern_of_ours_is_matched_wrongly_by_an_older_python() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}: {pattern!r}"
        for path in sorted(ROOT.glob("scrapeq/**/*.py"))
        for line, pattern in strings_of(path.read_text(encoding="utf-8"))
        if has_possessive_group(pattern)
    ]

    assert not found


@pytest.mark.parametrize(
    ("source", "is_found"),
    [
        (r'r"a++ [^>]{0,9}+ \s?+ .*+ (?:ab|c)* [(a)*+] \(a\)\*+"', False),
        (r'"!$&()*+,;="', False),
        (r'"a sentence (with brackets), which is no pattern: *)"', False),
        (r'r"(?:[^-]|-(?!->)){0,2000}+"', True),
        (r'rb"(a)" rb"{2,3}+"', True),
        (r'r"(?:x|y(?=(?>ab|a)))*"', True),
        (r'rf"{GROUP}*+"', True),
    ],
)
def test_what_is_looked_for_is_found(source: str, is_found: bool) -> None:
    assert any(has_possessive_group(pattern) for _, pattern in strings_of(source)) is is_found


def strings_of(source: str) -> Iterator[tuple[int, str | bytes]]:
    """Each string in a module, with its line. What an f-string fills in is taken for a group."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str | bytes):
            yield node.lineno, node.value
        elif isinstance(node, ast.JoinedStr):
            parts = (p.value if isinstance(p, ast.Constant) else "(?:ab|c)" for p in node.values)
            yield node.lineno, "".join(map(str, parts))


def has_possessive_group(pattern: str | bytes) -> bool:
    """Whether it is a pattern and repeats a group possessively, or has an atomic one."""
    text = pattern if isinstance(pattern, str) else pattern.decode("latin-1")
    if _MAY_HAVE.search(text) is None:
        return False
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # strings that are no patterns may be odd ones
        try:
            parsed = _parse(pattern)
        except (re.error, OverflowError, RecursionError):
            return False
    return any(
        name == "ATOMIC_GROUP" or (name == "POSSESSIVE_REPEAT" and is_group(value[2]))
        for name, value in operations(parsed)
    )


def is_group(body: Any) -> bool:
    """Whether it is more than a character. An empty one is of a list of characters: "()*+,"."""
    is_character = len(body) == 1 and str(body[0][0]) in _ONE_CHARACTER
    return not is_character and body.getwidth()[1] > 0


def operations(parsed: Any) -> Iterator[tuple[str, Any]]:
    """Every operation of a parsed pattern, with what belongs to it, however deep it lies."""
    if isinstance(parsed, tuple) and len(parsed) == 2 and str(parsed[0]).isupper():
        yield str(parsed[0]), parsed[1]
    if isinstance(parsed, tuple | list) or hasattr(parsed, "data"):
        for part in parsed:
            yield from operations(part)
