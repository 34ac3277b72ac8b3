"""One word for an idea: the glossary names what is there, and old words do not come back."""

from __future__ import annotations

import importlib
import io
import re
import tokenize
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GLOSSARY = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in GLOSSARY.splitlines()
    if line.startswith("| ") and not line.startswith("| word |")
]

#: A whole word, or a part of a name: `host_gate`, `HostGate`, `HOST_GATES`.
_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


@dataclass(frozen=True)
class Old:
    """A word that is not used any more, in the names of the code and in what people read.

    within: the folder whose names are looked at. in_text: also comments, messages and documents.
    """

    words: str
    instead: str
    why: str
    within: str = "scrapeq"
    in_text: bool = True


OLD = [
    Old("gate gates", "throttle", "the field's word for what keeps a pace"),
    Old("checkup checkups", "doctor", "the command is called so"),
    Old("cooling", "paused host, breaker open", "it was a second word for one state"),
    Old("bell bells ringing", "notify, wake-up", "a riddle"),
    Old("panel panels", "dashboard", "two words for one thing"),
    Old("visitor visitors", "fetcher", "the field's word"),
    Old(
        "spare spared spares sparing",
        "pause, paused host, breaker open",
        "it also means to have left over",
    ),
    Old("patience", "breaker policy; seconds to wait", "not a number"),
    Old("gated", "throttled", "follows gate"),
    Old("doubt", "shorten", "a feeling, where a deed is meant", in_text=False),
    Old("said", "message", "not a noun", in_text=False),
    Old("told", "summary", "not a noun", in_text=False),
    Old("hear heard", "received", "nothing is heard", in_text=False),
    Old("turn turns", "slot", "permission", "scrapeq/frontier", in_text=False),
    Old("turn turns", "slot", "permission", "scrapeq/fetch", in_text=False),
    Old("turn turns", "slot", "permission", "scrapeq/work", in_text=False),
    Old("word", "host report", "a message", "scrapeq/work", in_text=False),
]

#: Pages of the little web are written by nobody, and may say what they like.
_FREE = {"scrapeq/testing/phrases.py"}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_what_the_glossary_names_is_there(row: list[str]) -> None:
    word, meaning, where = row
    named = re.findall(r"`([^`]+)`", where)

    assert word
    assert meaning
    assert named
    assert not [name for name in named if not is_there(name)]


def is_there(name: str) -> bool:
    if "/" in name:
        return (ROOT / name).exists()
    module, _, attribute = name.rpartition(".")
    return hasattr(importlib.import_module(module), attribute)


def test_no_word_stands_in_the_glossary_twice() -> None:
    words = [row[0] for row in ROWS]

    assert len(words) == len(set(words))


@pytest.mark.parametrize("old", OLD, ids=lambda old: f"{old.words} in {old.within}")
def test_an_old_word_does_not_come_back(old: Old) -> None:
    found = [
        use.place
        for word in old.words.split()
        for use in uses().get(word, [])
        if (use.place.startswith(f"{old.within}/") and not use.in_text)
        or (use.in_text and old.in_text)
    ]

    assert not found, f"write {old.instead}: {old.why}"


@dataclass(frozen=True)
class Use:
    """Where a word stands: in a name, or in text."""

    place: str
    in_text: bool


@cache
def uses() -> dict[str, list[Use]]:
    """Each word of the tree, in small letters, with all its places."""
    found: dict[str, list[Use]] = defaultdict(list)
    for place, text, in_text in written():
        for part in {part.lower() for part in _PARTS.findall(text)}:
            found[part].append(Use(place, in_text))
    return found


def written() -> Iterator[tuple[str, str, bool]]:
    """(file:line, words, whether they are text and no name)."""
    for path in sorted((ROOT / "scrapeq").rglob("*.py")):
        name = str(path.relative_to(ROOT))
        for token in tokenize.generate_tokens(io.StringIO(path.read_text("utf-8")).readline):
            in_text = token.type in {tokenize.STRING, tokenize.COMMENT, FSTRING_MIDDLE}
            if token.type == tokenize.NAME or (in_text and name not in _FREE):
                yield f"{name}:{token.start[0]}", token.string, in_text
    for path in texts():
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            # The changelog gives the new names beside the old ones.
            text = re.sub("`[^`]*`", "", line) if path.name == "CHANGELOG.md" else line
            yield f"{path.relative_to(ROOT)}:{number}", text, True


#: From Python 3.12 on the text of an f-string is a token of its own.
FSTRING_MIDDLE = getattr(tokenize, "FSTRING_MIDDLE", tokenize.STRING)


def texts() -> list[Path]:
    """Scripts, templates and documents; decisions are history, and are left as they were written."""
    patterns = ("scrapeq/**/*.lua", "scrapeq/**/*.jinja", "scrapeq/**/*.js", "*.md", "docs/**/*.md")
    found = sorted(path for pattern in patterns for path in ROOT.glob(pattern))
    return [path for path in found if "decisions" not in path.parts]
