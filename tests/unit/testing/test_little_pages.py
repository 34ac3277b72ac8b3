"""The little web's pages: the same every time, like real ones, in many languages and charsets."""

from __future__ import annotations

import gzip
import json
import re
from html import unescape

import pytest

from scrapeq.testing.little_web import address
from scrapeq.testing.pages import PAGE_TYPES, page, site, title_at

HOSTS = [address(number) for number in range(40)]


def headline(html: str) -> str:
    found = re.search(r"<h1[^>]*>(.*?)</h1>", html, re.DOTALL)
    assert found
    return unescape(found[1])


@pytest.mark.parametrize("kind", PAGE_TYPES)
def test_a_page_is_the_same_every_time_and_another_elsewhere(kind):
    once = page(7, "127.0.0.2", f"/{kind}/3").plain()

    assert page(7, "127.0.0.2", f"/{kind}/3").plain() == once
    assert page(8, "127.0.0.2", f"/{kind}/3").plain() != once
    assert page(7, "127.0.0.3", f"/{kind}/3").plain() != once
    assert page(7, "127.0.0.2", f"/{kind}/4").plain() != once


@pytest.mark.parametrize("kind", PAGE_TYPES)
def test_pages_have_5_to_60_kilobytes_and_say_their_title(kind):
    for number, host in enumerate(HOSTS):
        path = f"/{kind}/{number}"
        made = page(7, host, path)

        assert 5_000 <= len(made.plain()) <= 61_440, (host, path)
        assert headline(made.plain().decode(made.charset)) == made.title
        assert title_at(7, host, path) == made.title


def test_deflated_pieces_make_one_gzip_file_of_the_same_bytes():
    for number, host in enumerate(HOSTS):
        made = page(7, host, f"/{PAGE_TYPES[number % 5]}/{number}")

        assert gzip.decompress(made.gzipped()) == made.plain()
        assert len(made.gzipped()) < len(made.plain())


def test_hosts_speak_many_languages_in_many_charsets_and_the_first_speaks_english():
    sites = [site(7, host) for host in HOSTS]

    assert {one.language.code for one in sites} >= {"en", "de", "ru", "ja"}
    assert {one.charset for one in sites} > {"utf-8"}
    assert (sites[0].language.code, sites[0].charset) == ("en", "utf-8")


def test_a_page_is_as_long_as_it_is_asked_to_be():
    assert 100 * 1024 <= len(page(7, "127.0.0.1", "/article/1", kilobytes=100).plain()) < 120 * 1024


def test_a_hostile_title_is_escaped_wherever_it_stands():
    title = "</script><script>alert(\"1\")</script> & 'co'"
    html = page(7, "127.0.0.1", "/article/1", title=title).plain().decode()

    assert "<script>alert" not in html
    assert headline(html) == title
    data = re.search(r'<script type="application/ld\+json">(.*?)</script>', html)
    assert data
    assert json.loads(data[1])["headline"] == title


def test_an_article_carries_its_facts():
    made = page(7, "127.0.0.1", "/article/5")
    html = made.plain().decode()

    data = re.search(r'<script type="application/ld\+json">(.*?)</script>', html)
    assert data
    said = json.loads(data[1])
    assert said["author"]["name"] == made.facts["author"]
    assert said["datePublished"] == made.facts["published_at"]


def test_a_product_carries_its_price_in_microdata_and_every_other_one_in_json_ld():
    odd, even = page(7, "127.0.0.1", "/product/5"), page(7, "127.0.0.1", "/product/6")

    for made in (odd, even):
        assert f'itemprop="price" content="{made.facts["price"]}"' in made.plain().decode()
    assert "ld+json" in odd.plain().decode()
    assert "ld+json" not in even.plain().decode()
