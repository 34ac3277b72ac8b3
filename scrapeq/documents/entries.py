"""Entries of feeds and sitemaps: dicts with few names, which become rows of `batch.entries`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Literal

#: What a sitemap may have (sitemaps.org, "Sitemap file format"); no feed comes near it.
MOST_ENTRIES = 50_000


def entry(kind: Literal["entry", "url", "sitemap"], **values: Any) -> dict[str, Any]:
    """One of them without what is missing; times as ISO 8601 in UTC.

    kind: of a feed, a page of a sitemap, or a sitemap of an index.
    """
    known: dict[str, Any] = {"kind": kind}
    for name, value in values.items():
        if value not in (None, "", []):
            known[name] = value.isoformat() if isinstance(value, datetime) else value
    return known


def as_text(entries: Iterable[dict[str, Any]], most: int) -> str | None:
    """What they say, each in lines of its own: title, summary; the address of one that says nothing."""
    pieces = []
    length = 0
    for one in entries:
        words = [one[name] for name in ("title", "content", "summary") if name in one][:2]
        piece = "\n".join(words) or one.get("url", "")
        pieces.append(piece)
        length += len(piece) + 2
        if length > most:
            break
    is_long = any("\n" in one for one in pieces)
    return ("\n\n" if is_long else "\n").join(filter(None, pieces)) or None
