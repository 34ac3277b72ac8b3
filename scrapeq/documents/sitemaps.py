"""Sitemaps and indexes of sitemaps (sitemaps.org), with what Google's extensions for news say."""

from __future__ import annotations

from typing import Any

from scrapeq.documents.document import MOST_TEXT, Document, Found
from scrapeq.documents.entries import MOST_ENTRIES, as_text, entry
from scrapeq.documents.markup import absolute, child, local_name, parse, text_of, unreadable
from scrapeq.documents.moments import moment
from scrapeq.models import Failure


def read_sitemap(document: Document) -> Found | Failure:
    """Its addresses as entries, up to `MOST_ENTRIES`; those of an index are sitemaps themselves."""
    root = parse(document.text)
    if root is None:
        return unreadable("sitemap")
    is_index = local_name(root) == "sitemapindex"
    found = [*root.iterchildren("{*}url", "{*}sitemap")]
    entries = [_entry(one, document.url) for one in found[:MOST_ENTRIES]]
    metadata = {"sitemap": "index" if is_index else "urls", "entries": len(found)}
    if len(found) > len(entries):
        metadata["entries_kept"] = len(entries)
    return Found("sitemap", text=as_text(entries, MOST_TEXT), metadata=metadata, entries=entries)


def _entry(one: Any, base: str) -> dict[str, Any]:
    place = text_of(child(one, "loc"))
    news = child(one, "news")
    image, video = child(one, "image"), child(one, "video")
    media = text_of(child(image, "loc")) if image is not None else ""
    if video is not None:
        media = media or text_of(child(video, "content_loc", "player_loc"))
    titles = [text_of(child(about, "title"), 1_000) for about in (news, video) if about is not None]
    dated = text_of(child(news, "publication_date")) if news is not None else ""
    return entry(
        "sitemap" if local_name(one) == "sitemap" else "url",
        url=absolute(base, place),
        title=next(filter(None, titles), None),
        published_at=moment(dated),
        updated_at=moment(text_of(child(one, "lastmod"))),
        change_frequency=text_of(child(one, "changefreq"), 20).lower(),
        priority=_number(text_of(child(one, "priority"), 20)),
        media_url=media,
    )


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if 0 <= number <= 1 else None
