"""Feeds: RSS 0.9 to 2.0, Atom and JSON Feed, with their entries.

Read by lxml and a table of names, and not by feedparser: it needs 30 times as long, and its own way of
cleaning HTML does not know what is bounded here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any

from scrapeq.documents.document import MOST_TEXT, Document, Found
from scrapeq.documents.entries import MOST_ENTRIES, as_text, entry
from scrapeq.documents.markup import (
    MOST_CHILDREN,
    absolute,
    child,
    children,
    local_name,
    namespace,
    parse,
    text_of,
    tidy,
    unreadable,
    without_tags,
)
from scrapeq.documents.moments import moment
from scrapeq.models import ErrorKind, Failure

_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_BASE = "{http://www.w3.org/XML/1998/namespace}base"
_MEDIA = "http://search.yahoo.com/mrss/"


def read_feed(document: Document) -> Found | Failure:
    """The entries of a feed, up to `MOST_ENTRIES`; its text is what they say."""
    if document.media_type == "application/feed+json":
        return _read_json_feed(document)
    root = parse(document.text)
    if root is None:
        return unreadable("feed")
    # RSS 1.0 has its items beside the channel, all others within
    channel = child(root, "channel")
    head = root if channel is None else channel
    items = [*head.iterchildren("{*}item", "{*}entry")]
    if head is not root:
        items += root.iterchildren("{*}item", "{*}entry")
    base = absolute(document.url, root.get(_BASE)) or document.url
    entries = [_entry(one, base) for one in items[:MOST_ENTRIES]]
    head = [one for one in islice(head, MOST_CHILDREN) if local_name(one) not in {"item", "entry"}]
    about = {
        "feed": local_name(root),
        "link": _link(head, base),
        "description": without_tags(_words(head, "description", "subtitle", "tagline")) or None,
        "updated": (_words(head, "lastbuilddate", "updated", "modified", "date") or None),
    }
    title = without_tags(_words(head, "title"))
    language = text_of(child(head, "language")) or root.get(_LANG)
    author = _author(head)
    return _found(
        entries,
        len(items),
        title=title,
        author=author,
        language=language,
        about=about,
        source="feed",
    )


def _found(
    entries: list[dict[str, Any]],
    count: int,
    *,
    title: str | None,
    author: str | None,
    language: str | None,
    about: dict[str, Any],
    source: str,
) -> Found:
    metadata = {name: value for name, value in about.items() if value} | {"entries": count}
    if count > len(entries):
        metadata["entries_kept"] = len(entries)
    return Found(
        source,
        text=as_text(entries, MOST_TEXT),
        title=title or None,
        author=author or None,
        language=language or None,
        metadata=metadata,
        entries=entries,
    )


def _entry(item: Any, base: str) -> dict[str, Any]:
    base = absolute(base, item.get(_BASE)) or base
    media_url, media_type = _media(item, base)
    published = _words(item, "pubdate", "published", "issued", "date", "created")
    updated = _words(item, "updated", "modified")
    summary = _words(item, "description", "summary", "abstract", "subtitle")
    content = _words(item, "encoded", "content")
    return entry(
        "entry",
        url=_link(item, base),
        title=without_tags(_words(item, "title"), 1_000),
        published_at=moment(published or updated),
        updated_at=moment(updated),
        author=_author(item),
        summary=without_tags(summary or content),
        content=without_tags(content) if summary and content else None,
        id=text_of(child(item, "guid", "id"), 1_000),
        tags=_tags(item),
        media_url=media_url,
        media_type=media_type,
    )


def _words(item: Any, *names: str) -> str:
    """The text of the first child with one of these names that has some; those of media are others."""
    for name in names:
        for one in children(item, name):
            if namespace(one) != _MEDIA and (text := _inner(one)):
                return text
    return ""


def _inner(element: Any) -> str:
    """What is in an element: escaped HTML as it is, and of XHTML the text."""
    return tidy(" ".join(element.itertext())) if len(element) else (element.text or "").strip()


def _link(item: Any, base: str) -> str | None:
    """Where an entry leads: its alternate link, its text, or its guid where that is an address."""
    others: str | None = None
    for one in children(item, "link"):
        href = one.get("href")
        if href and (one.get("rel") or "alternate") == "alternate":
            return absolute(base, href)
        if not href and (text := text_of(one, 10_000)):
            return absolute(base, text)
        others = others or href
    for one in children(item, "guid", "id"):
        text = text_of(one)
        if one.get("isPermaLink", "true") != "false" and text.startswith(("http://", "https://")):
            return text
    return absolute(base, others)


def _author(item: Any) -> str:
    """Names of people, of Atom's `name` or the text of RSS's `author` and Dublin Core's `creator`."""
    names = []
    for one in children(item, "author", "creator"):
        name = child(one, "name")
        names.append(text_of(one if name is None else name, 300))
    return ", ".join(dict.fromkeys(filter(None, names)))


def _tags(item: Any) -> list[str]:
    found = (one.get("term") or text_of(one, 200) for one in children(item, "category", "subject"))
    return list(dict.fromkeys(filter(None, (tidy(one)[:200] for one in found))))[:50]


def _media(item: Any, base: str) -> tuple[str | None, str | None]:
    """The file of an entry, such as an episode's sound, and its type."""
    for one in item.iter("{*}enclosure", "{*}content", "{*}link"):
        name, url = local_name(one), one.get("url") or one.get("href")
        is_file = name == "enclosure" or (name == "content" and namespace(one) == _MEDIA)
        if url and (is_file or (name == "link" and one.get("rel") == "enclosure")):
            return absolute(base, url), one.get("type")
    return None, None


def _read_json_feed(document: Document) -> Found | Failure:
    """JSON Feed 1.1 (jsonfeed.org/version/1.1)."""
    try:
        feed = json.loads(document.text)
    except (ValueError, RecursionError):
        return Failure(
            ErrorKind.PARSE, "this is called a JSON Feed and is no JSON", retryable=False
        )
    feed = feed if isinstance(feed, dict) else {}
    items = [one for one in _list(feed, "items") if isinstance(one, dict)]
    about = {
        "feed": "json",
        "link": _text(feed, "home_page_url"),
        "description": _text(feed, "description"),
        "updated": None,
    }
    return _found(
        [_json_entry(one, document.url) for one in items[:MOST_ENTRIES]],
        len(items),
        title=tidy(_text(feed, "title")),
        author=_json_authors(feed),
        language=_text(feed, "language"),
        about=about,
        source="feed",
    )


def _json_entry(item: dict[str, Any], base: str) -> dict[str, Any]:
    file: dict[str, Any] = next(
        (one for one in _list(item, "attachments") if isinstance(one, dict)), {}
    )
    url = _text(item, "url") or _text(item, "external_url")
    content = _text(item, "content_text") or without_tags(_text(item, "content_html"))
    summary = _text(item, "summary")
    return entry(
        "entry",
        url=absolute(base, url),
        title=tidy(_text(item, "title"))[:1_000],
        published_at=moment(_text(item, "date_published") or _text(item, "date_modified")),
        updated_at=moment(_text(item, "date_modified")),
        author=_json_authors(item),
        summary=tidy(summary or content)[:10_000],
        content=tidy(content)[:10_000] if summary and content else None,
        id=_text(item, "id")[:1_000],
        tags=[one[:200] for one in _list(item, "tags") if isinstance(one, str)][:50],
        media_url=_text(file, "url"),
        media_type=_text(file, "mime_type"),
    )


def _json_authors(item: dict[str, Any]) -> str:
    authors = [*_list(item, "authors"), item.get("author")]
    names: Iterator[str] = (_text(one, "name") for one in authors if isinstance(one, dict))
    return ", ".join(dict.fromkeys(filter(None, names)))


def _list(value: dict[str, Any], name: str) -> list[Any]:
    found = value.get(name)
    return found if isinstance(found, list) else []


def _text(value: dict[str, Any], name: str) -> str:
    found = value.get(name)
    return found if isinstance(found, str) else ""
