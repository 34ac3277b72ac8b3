"""Real pages with what is known of them, from a folder; and how a value that was found is compared.

A folder holds `NAME.html` or `NAME.html.gz` anywhere below it, and what is known in one of two ways: a
file `NAME.json` for each page (as WCXB has it), or one file of JSON with an object by NAME (as the
benchmarks of scrapinghub have it). A field that the object lacks is not known; one that is null or
empty is known to be missing on the page.
"""

from __future__ import annotations

import gzip
import json
import re
import unicodedata
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

#: The fields that are compared, and how folders name them.
FIELDS = {
    "text": ("main_content", "articleBody", "text"),
    "title": ("title", "headline"),
    "author": ("author", "authors"),
    "date": ("publish_date", "datePublished", "date_published", "date"),
}
#: Parts of one folder: pages of one site are in the same one.
HALVES = ("tuned-on", "held-out")


@dataclass(frozen=True)
class LabelledPage:
    """known: values by the names of `FIELDS`; "" or None for what the page does not have."""

    name: str
    url: str
    kind: str
    half: str
    body: bytes
    known: dict[str, Any]


def labelled_pages(folder: Path, half: str | None = None) -> Iterator[LabelledPage]:
    """The pages of a folder of which something is known, in the order of their names."""
    known = _known(folder)
    paths = {_name(path): path for path in folder.rglob("*.html*") if path.name.endswith(_ENDINGS)}
    for name, about in sorted(known.items()):
        if name not in paths:
            continue
        truth = about.get("ground_truth", about)
        url = about.get("url") or truth.get("url") or ""
        here = half_of(urlsplit(url).hostname or name)
        if half not in {None, here}:
            continue
        body = paths[name].read_bytes()
        body = gzip.decompress(body) if paths[name].suffix == ".gz" else body
        kind = about.get("_internal", {}).get("page_type", {}).get("primary") or "page"
        values = {
            field: truth[key]
            for field, keys in FIELDS.items()
            for key in reversed(keys)
            if key in truth
        }
        yield LabelledPage(name, url, kind, here, body, values)


def half_of(host: str) -> str:
    """The part that a site belongs to, the same in every run."""
    return HALVES[zlib.crc32(host.encode()) % 2]


_ENDINGS = (".html", ".html.gz", ".htm")


def _name(path: Path) -> str:
    return path.name.partition(".")[0]


def _known(folder: Path) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for path in sorted(folder.rglob("*.json")):
        about = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(about, dict):
            continue
        if about and all(isinstance(one, dict) and "url" in one for one in about.values()):
            found |= about
        else:
            found[_name(path)] = about
    return found


def comparable(field: str, value: Any) -> Any:
    """A value as it is compared: words of a text, a folded title, a set of names, a day."""
    if field == "text":
        return Counter(_WORD.findall((value or "").lower()))
    if field == "title":
        return fold(value)
    if field == "author":
        written = value if isinstance(value, list) else [value or ""]
        names = (fold(name) for one in written for name in _AND.split(str(one)))
        return frozenset(name for name in names if name)
    return str(value or "")[:10]


def word_f1(found: Counter[str], known: Counter[str]) -> float:
    """2 * common words / all words of both; 1 if both are empty."""
    every = found.total() + known.total()
    return 2 * (found & known).total() / every if every else 1.0


def fold(text: str | None) -> str:
    """Letters and digits in one case, words apart."""
    return " ".join(_WORD.findall(unicodedata.normalize("NFKC", text or "").casefold()))


_WORD = re.compile(r"\w+")
_AND = re.compile(r"\s*(?:[;,&]|\band\b)\s*")
