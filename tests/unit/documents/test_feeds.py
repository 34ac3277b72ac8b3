"""Feeds and sitemaps: their entries."""

from __future__ import annotations

import json
from typing import Any

import pytest

from scrapeq.documents.entries import MOST_ENTRIES
from scrapeq.documents.markup import MOST_CHILDREN, without_tags
from scrapeq.models import Content, ErrorKind, Failure, Recipe
from scrapeq.testing.documents import DOCUMENTS
from scrapeq.work.child_stages import Source, read

BASE = "https://a.test/blog/feed"


def read_feed(body: str | bytes, content_type: str = "text/xml") -> Content:
    written = body.encode() if isinstance(body, str) else body
    found = read(Source(written, BASE, content_type, Recipe()), None)
    assert isinstance(found, Content)
    return found


def of_web(name: str) -> Content:
    content_type, make = DOCUMENTS[name]
    return read_feed(make(), content_type)


def test_rss_gives_its_items() -> None:
    found = of_web("news.rss")

    assert (found.document, found.title, found.language) == ("feed", "Offers of the week", "en")
    assert found.entries[0] == {
        "kind": "entry",
        "url": "https://a.test/product/1",
        "title": "Lamp for less",
        "published_at": "2026-03-01T08:00:00+00:00",
        "author": "Ann",
        "summary": "It costs 19.9.",
        "tags": ["offers"],
    }
    assert found.text is not None
    assert found.text.startswith("Lamp for less\nIt costs 19.9.\n\nChair")


def test_atom_gives_its_entries() -> None:
    entry = of_web("news.atom").entries[1]

    assert entry["title"] == "Chair & more"
    assert entry["url"] == "https://a.test/product/2"
    assert entry["author"] == "Bob"
    assert entry["published_at"] == entry["updated_at"] == "2026-03-09T10:00:00+00:00"


def test_rss_1_has_its_items_beside_the_channel() -> None:
    found = read_feed(
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
        'xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/">'
        "<channel><title>Old</title></channel>"
        "<item><title>One</title><link>/1</link><dc:date>2026-03-02T09:00+01:00</dc:date></item>"
        "</rdf:RDF>"
    )

    assert found.title == "Old"
    assert found.entries == [
        {
            "kind": "entry",
            "url": "https://a.test/1",
            "title": "One",
            "published_at": "2026-03-02T08:00:00+00:00",
        }
    ]


def test_a_podcast_has_files() -> None:
    (entry,) = read_feed(
        '<rss xmlns:media="http://search.yahoo.com/mrss/"><channel><item>'
        "<media:title>not this</media:title><title>Episode</title>"
        '<enclosure url="/1.mp3" type="audio/mpeg" length="9"/></item></channel></rss>'
    ).entries

    assert (entry["media_url"], entry["media_type"]) == ("https://a.test/1.mp3", "audio/mpeg")
    assert entry["title"] == "Episode"


def test_a_summary_and_a_whole_text_are_two() -> None:
    (entry,) = read_feed(
        '<rss xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel><item>'
        "<description>short</description><content:encoded><![CDATA[<p>a <b>long</b> text</p>]]>"
        "</content:encoded></item></channel></rss>"
    ).entries

    assert (entry["summary"], entry["content"]) == ("short", "a long text")


def test_xhtml_in_atom_is_its_text() -> None:
    (entry,) = read_feed(
        '<feed xmlns="http://www.w3.org/2005/Atom"><entry><content type="xhtml">'
        '<div xmlns="http://www.w3.org/1999/xhtml"><p>some</p><p>words</p></div></content></entry></feed>'
    ).entries

    assert entry["summary"] == "some words"


def test_json_feed_gives_its_items() -> None:
    feed: dict[str, Any] = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "Mine",
        "language": "fr",
        "items": [
            {
                "id": "1",
                "url": "/1",
                "content_html": "<p>Some <i>words</i></p>",
                "date_published": "2026-03-02T09:00:00+01:00",
                "authors": [{"name": "Ann"}, 5],
                "tags": ["a", None],
                "attachments": [{"url": "https://a.test/1.mp3", "mime_type": "audio/mpeg"}],
            },
            "no item",
            {"title": 7},
        ],
    }

    found = read_feed(json.dumps(feed), "application/feed+json")

    assert (found.title, found.language) == ("Mine", "fr")
    assert found.entries == [
        {
            "kind": "entry",
            "url": "https://a.test/1",
            "published_at": "2026-03-02T08:00:00+00:00",
            "author": "Ann",
            "summary": "Some words",
            "id": "1",
            "tags": ["a"],
            "media_url": "https://a.test/1.mp3",
            "media_type": "audio/mpeg",
        },
        {"kind": "entry"},
    ]


def test_a_broken_feed_gives_what_stands_before_the_break() -> None:
    found = read_feed(
        "<rss><channel><item><title>R&D &nbsp; &eacute;t&eacute;</title></item><item><title>cut"
    )

    assert [entry["title"] for entry in found.entries] == ["R&D été", "cut"]


@pytest.mark.parametrize("link", ["http://[", "http://[::1", "  ", "https://a.test:x/"])
def test_a_link_that_is_none_harms_no_entry(link: str) -> None:
    found = read_feed(
        f"<rss><channel><item><title>t</title><link>{link}</link></item></channel></rss>"
    )

    assert found.entries[0]["title"] == "t"


def test_entries_have_a_bound_and_are_counted() -> None:
    found = read_feed("<rss><channel>" + "<item/>" * (MOST_ENTRIES + 5) + "</channel></rss>")

    assert len(found.entries) == MOST_ENTRIES
    assert found.metadata["entries"] == MOST_ENTRIES + 5
    assert found.metadata["entries_kept"] == MOST_ENTRIES


def test_what_a_feed_says_of_itself_may_stand_behind_some_items() -> None:
    found = read_feed("<rss><channel>" + "<item/>" * 20 + "<title>late</title></channel></rss>")

    assert MOST_CHILDREN > 21
    assert found.title == "late"


def test_a_sitemap_gives_its_addresses() -> None:
    found = of_web("sitemap.xml")

    assert found.document == "sitemap"
    assert found.entries[0] == {
        "kind": "url",
        "url": "https://a.test/product/1",
        "updated_at": "2026-03-02T00:00:00+00:00",
        "priority": 0.5,
    }
    assert found.text is not None
    assert found.text.splitlines()[-1] == "https://a.test/product/3"


def test_an_index_gives_its_sitemaps() -> None:
    found = of_web("sitemap-index.xml")

    assert found.metadata["sitemap"] == "index"
    assert found.entries == [{"kind": "sitemap", "url": "https://a.test/document/sitemap.xml.gz"}]


def test_a_sitemap_of_news_has_titles_and_dates() -> None:
    (entry,) = read_feed(
        '<?xml version="1.0"?><urlset xmlns:news="http://www.google.com/schemas/sitemap-news/0.9">'
        "<url><loc> https://a.test/1 </loc><changefreq>Daily</changefreq><priority>7</priority>"
        "<news:news><news:publication_date>2026-03-02</news:publication_date>"
        "<news:title>Said</news:title></news:news></url></urlset>"
    ).entries

    assert entry == {
        "kind": "url",
        "url": "https://a.test/1",
        "title": "Said",
        "published_at": "2026-03-02T00:00:00+00:00",
        "change_frequency": "daily",
    }


def test_what_has_no_element_is_no_feed() -> None:
    bomb = (
        b"<!DOCTYPE rss [<!ENTITY a '" + b"a" * 100_000 + b"'>]><rss a='" + b"&a;" * 10_000 + b"'/>"
    )

    found = read(Source(bomb, BASE, "text/xml", Recipe()), None)

    assert isinstance(found, Failure)
    assert found.kind is ErrorKind.PARSE


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("<p>It costs <b>5</b>.</p><p>Buy</p>", "It costs 5. Buy"),
        ("a&amp;b &lt;c&gt; &eacute;", "a&b <c> é"),
        ("<script>alert(1)</script>words<style>p{}</style>", "words"),
        ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"),
        ("a<br/>b", "a b"),
        ("cut <a href='x", "cut"),
    ],
)
def test_tags_are_no_words(written: str, text: str) -> None:
    assert without_tags(written) == text
