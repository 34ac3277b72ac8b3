"""Title, author, date, language and the rest, each with its source."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import pytest

from scrapeq.clock import ZONE_MINUTES
from scrapeq.extract import extract
from scrapeq.extract.published import parse_time
from scrapeq.models import Content, Recipe
from scrapeq.testing.phrases import GERMAN

WORDS = "<p>" + "The quick brown fox jumps over the lazy dog near the river bank. " * 10


WITHOUT_TEXT = Recipe(main_text="off")


def read(
    head: str,
    body: str = WORDS,
    url: str = "https://www.example.com/a",
    recipe: Recipe = WITHOUT_TEXT,
) -> Content:
    content = extract(
        f"<!doctype html><html><head>{head}</head><body>{body}".encode(),
        url=url,
        content_type="text/html",
        recipe=recipe,
    )
    assert isinstance(content, Content)
    return content


def ld(**thing: Any) -> str:
    return f'<script type="application/ld+json">{json.dumps(thing)}</script>'


@pytest.mark.parametrize(
    ("head", "body", "title", "source"),
    [
        ("<title>Green tea | Shop</title>", "<h1>Shop</h1><h1>Green Tea</h1>", "Green Tea", "h1"),
        ("<title>A “tea” | Shop</title>", '<h1>A "Tea"</h1>', 'A "Tea"', "h1"),
        ("<title>All about tea - Example</title>", "", "All about tea", "title"),
        ("<title>Well-known teas</title>", "", "Well-known teas", "title"),
        (
            "<meta property=og:title content='Green tea'><title>x</title>",
            "",
            "Green tea",
            "og:title",
        ),
        (
            "<meta property=og:site_name content=Teatime><title>Teatime: Green tea</title>",
            "<h1>Teatime</h1><h1>Green tea</h1>",
            "Green tea",
            "h1",
        ),
        (
            "<title>Green tea - Teatime</title>",
            "<h1>Green t&shy;ea <button>Copy link</button><time>1 May 2020</time></h1>",
            "Green tea",
            "h1",
        ),
        ("<title>Green tea | Drinks and more</title>", "", "Green tea", "title"),
        (ld(**{"@type": "WebPage", "headline": "No"}) + "<title>Tea</title>", "", "Tea", "title"),
        (ld(**{"@type": "NewsArticle", "headline": "Tea &amp; me"}), "", "Tea & me", "json-ld"),
        (ld(**{"@type": "Organization", "headline": "No"}), "<h1>Tea</h1>", "Tea", "h1"),
        ("<svg><title>icon</title></svg>", "<h1>Tea</h1>", "Tea", "h1"),
        ("<title><script>alert(1)</script></title>", "", "<script>alert(1)</script>", "title"),
    ],
)
def test_the_title_is_the_page_s_own(head: str, body: str, title: str, source: str) -> None:
    content = read(head, body + WORDS)

    assert (content.title, content.sources["title"]) == (title, source)


@pytest.mark.parametrize(
    ("head", "body", "author", "source"),
    [
        (
            ld(**{"@type": "Article", "author": [{"name": "Ann Lee"}, {"name": "Bo &amp; Co"}]}),
            "",
            "Ann Lee, Bo & Co",
            "json-ld",
        ),
        (
            ld(
                **{
                    "@graph": [
                        {"@type": "Person", "@id": "#a", "name": "Ann Lee"},
                        {"@type": "BlogPosting", "author": {"@id": "#a"}},
                    ]
                }
            ),
            "",
            "Ann Lee",
            "json-ld",
        ),
        ("<meta name=author content='By Ann Lee'>", "", "Ann Lee", "author"),
        ("", "<a rel=author href=/ann>Byron Lee</a>", "Byron Lee", "rel=author"),
        ("", "<p class=byline>Written by <b>Ann Lee</b>", "Ann Lee", "byline"),
    ],
)
def test_the_author_is_who_is_named(head: str, body: str, author: str, source: str) -> None:
    content = read(head, body + WORDS)

    assert (content.author, content.sources["author"]) == (author, source)


@pytest.mark.parametrize(
    ("head", "body"),
    [
        ("<meta name=author content=admin>", ""),
        ("<meta name=author content='https://example.com/ann'>", ""),
        ("<meta property=og:site_name content=Example><meta name=author content=Example>", ""),
        (ld(**{"@type": "Organization", "author": {"name": "Ann Lee"}}), ""),
        ("", "<p class=byline>Ann Lee</p><p class=byline>Bo Kim</p>"),
        ("", "<p>by Ann Lee"),
    ],
)
def test_no_author_is_invented(head: str, body: str) -> None:
    content = read(head, body + WORDS)

    assert content.author is None
    assert "author" not in content.sources


@pytest.mark.parametrize(
    ("head", "body", "url", "source"),
    [
        (
            ld(**{"@type": "Article", "datePublished": "2024-05-06T01:30:00+02:00"}),
            "",
            "",
            "json-ld",
        ),
        (
            "<meta property=article:published_time content=2024-05-05T23:30:00Z>",
            "",
            "",
            "article:published_time",
        ),
        (
            "",
            "<time itemprop=datePublished datetime='2024-05-05 23:30'>",
            "",
            "itemprop=datePublished",
        ),
    ],
)
def test_the_date_is_the_declared_one_in_utc(head: str, body: str, url: str, source: str) -> None:
    content = read(head, body + WORDS)

    assert content.published_at == datetime(2024, 5, 5, 23, 30, tzinfo=UTC)
    assert content.sources["published_at"] == source


def test_an_address_may_tell_the_date() -> None:
    content = read("", url="https://example.com/2024/5/06/tea")

    assert content.published_at == datetime(2024, 5, 6, tzinfo=UTC)
    assert content.sources["published_at"] == "url"


def test_impossible_dates_are_passed_over() -> None:
    content = read(
        ld(**{"@type": "Article", "datePublished": "0001-01-01"})
        + "<meta name=date content=2999-01-01><meta name=pubdate content=2024-02-31>"
    )

    assert content.published_at is None


@pytest.mark.parametrize(
    "written", ["2024-05-05T23:30:00Z", "Sun, 05 May 2024 23:30:00 GMT", "2024-05-05 19:30-04:00"]
)
def test_times_of_machines_are_read(written: str) -> None:
    assert parse_time(written) == datetime(2024, 5, 5, 23, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "written",
    [
        "2024-05-06 01:30 CEST",
        "2024-05-06 00:30:00 BST",
        "2024/05/06 08:30 JST",
        "Mon, 06 May 2024 01:30:00 CEST",
        "Mon, 6 May 2024 02:30 MSK",
        "Sun, 05 May 2024 17:30:00 CST",  # in a mail it is Chicago's: RFC 5322
    ],
)
def test_a_zone_that_means_one_is_read(written: str) -> None:
    assert parse_time(written) == datetime(2024, 5, 5, 23, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "written",
    [
        "2024-05-05 23:30 IST",
        "2024-05-05 23:30:00 CST",
        "2024-05-05 11:30 PM",
        "Sun, 05 May 2024 23:30:00 IST",
        "5 May 2024 11:30 PM",
    ],
)
def test_of_a_time_that_is_not_certain_there_is_the_day(written: str) -> None:
    day = datetime(2024, 5, 5, tzinfo=UTC)
    assert parse_time(written) == day

    content = read(f"<meta name=date content='{written}'>")
    assert (content.published_at, content.sources["published_at"]) == (day, "date, day only")

    content = read(
        ld(**{"@type": "Article", "datePublished": written})
        + "<meta name=date content='2024-05-05T18:00:00Z'><meta name=pubdate content=2024-01-01>"
    )
    assert content.published_at == datetime(2024, 5, 5, 18, tzinfo=UTC)
    assert content.sources["published_at"] == "date"


def test_no_zone_is_known_that_the_tz_database_has_twice() -> None:
    several = {"cdt", "pst", "kst"}  # see ZONE_MINUTES
    offsets: dict[str, set[float]] = {}
    for name in available_timezones():
        for year in range(2015, 2027):
            for month in (1, 7):
                there = datetime(year, month, 15, tzinfo=UTC).astimezone(ZoneInfo(name))
                offset_s = (there.utcoffset() or timedelta()).total_seconds()
                offsets.setdefault((there.tzname() or "").lower(), set()).add(offset_s / 60)
    for zone in ZONE_MINUTES.keys() - several:
        assert offsets.get(zone, {ZONE_MINUTES[zone]}) == {ZONE_MINUTES[zone]}, zone
    assert not {"ist", "cst", "ast", "sst"} & ZONE_MINUTES.keys()


@pytest.mark.parametrize("nonsense", ["", "yesterday", "13/13/13", "9999-12-31T23:59:59-23:00"])
def test_other_words_are_no_times(nonsense: str) -> None:
    assert parse_time(nonsense) is None


def test_the_language_is_that_of_the_text_before_that_of_the_template() -> None:
    random = Random(1)
    german = " ".join(GERMAN.sentence(random) for _ in range(40))
    body = f"<html lang=en-GB><p>{german}".encode()

    said = extract(body, url="", content_type="text/html", recipe=Recipe(main_text="off"))
    read_ = extract(body, url="", content_type="text/html", recipe=Recipe(main_text="fast"))

    assert isinstance(said, Content)
    assert isinstance(read_, Content)
    assert (said.language, said.sources["language"]) == ("en", "html lang")
    assert (read_.language, read_.sources["language"]) == ("de", "text")


def test_a_list_of_names_and_prices_is_in_the_language_that_the_page_declares() -> None:
    offers = "".join(f"<li>Oak bench {n} {n * 7.3:.2f} GBP LW-{n:05}" for n in range(40))
    body, recipe = f"<ul>{offers}</ul>", Recipe(main_text="fast")

    content = read("<meta property=og:locale content=en_GB>", body, recipe=recipe)
    undeclared = read("", body, recipe=recipe)

    assert len(undeclared.text or "") > 200
    assert (content.language, content.sources["language"]) == ("en", "og:locale")
    assert undeclared.language is None


def test_metadata_keeps_what_the_page_says_with_its_source() -> None:
    content = read(
        "<link rel='CANONICAL' href=/tea><meta name=description content='About tea'>"
        "<meta property=og:image content=/tea.png><meta property=og:type content=article>"
        "<meta name=twitter:card content=summary>" + ld(**{"@type": "Article"})
    )

    assert content.metadata == {
        "canonical": "https://www.example.com/tea",
        "description": "About tea",
        "image": "https://www.example.com/tea.png",
        "opengraph": {"image": "/tea.png", "type": "article"},
        "twitter": {"card": "summary"},
        "jsonld": [{"@type": "Article"}],
    }
    assert set(content.metadata) <= set(content.sources)
    assert content.sources["canonical"] == "link rel=canonical"


@pytest.mark.parametrize(
    "script",
    [
        '{"@type": "Article", "headline": "Tea",}',
        '<!-- {"@type": "Article", "headline": "Tea"} -->',
        '//<![CDATA[\n{"@type": "Article", "headline": "Tea"}\n//]]>',
        '[{"@type": "Article", "headline": "Tea"}];',
        '{"@graph": [{"@type": ["Article", "X"], "headline": "Te\na"}]}',
        "{&quot;@type&quot;: &quot;Article&quot;, &quot;headline&quot;: &quot;Tea&quot;}",
    ],
)
def test_sloppy_json_ld_is_read(script: str) -> None:
    content = read(f'<script type="Application/LD+JSON">{script}</script>')

    assert content.sources["title"] == "json-ld"
    assert content.title is not None
    assert content.title.replace(" ", "") == "Tea"


@pytest.mark.parametrize(
    "script", ["{", "[" * 100_000, '{"a": ' * 5_000 + "1" + "}" * 5_000, '{"a": NaN, "b": 1e999}']
)
def test_hostile_json_ld_ends_in_plain_values(script: str) -> None:
    content = read(f'<script type="application/ld+json">{script}</script>')

    json.dumps(content.to_json(), allow_nan=False)
