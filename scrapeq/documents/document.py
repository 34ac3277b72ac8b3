"""What goes into the reading of a document, and what comes out of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from scrapeq.models import DocumentKind, Recipe
from scrapeq.models.found_table import FoundTable

#: Characters of a text, as of a page's main text; of a title; of the names of authors.
MOST_TEXT, MOST_TITLE, MOST_AUTHOR = 5_000_000, 1_000, 300


@dataclass(frozen=True, slots=True)
class Document:
    """A document that is to be read.

    media_type: its type by its bytes. text: what it says, decoded, if it is made of characters, and
    charset the encoding that was used, charset_source who named it; "" otherwise. url: where it came from, after redirects.
    """

    kind: DocumentKind
    media_type: str
    body: bytes
    url: str
    recipe: Recipe
    text: str = ""
    charset: str = ""
    charset_source: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """What a kind of document gives; fields as of `Content`, not yet bounded.

    source: where text, entries and tables are from. sources: where the others are from, by their names.
    """

    source: str
    text: str | None = None
    title: str | None = None
    author: str | None = None
    language: str | None = None
    published_at: datetime | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    entries: list[dict[str, Any]] = field(default_factory=list)
    tables: list[FoundTable] = field(default_factory=list)
    sources: dict[str, str] = field(default_factory=dict)
