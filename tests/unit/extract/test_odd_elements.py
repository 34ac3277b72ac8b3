"""One odd element costs no more than itself."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from scrapeq.extract import extract
from scrapeq.extract.json_ld import read_json_ld
from scrapeq.extract.published import parse_time
from scrapeq.models import Content, Recipe

EVERYTHING = Recipe(
    extract_links=True,
    extract_images=True,
    custom_selectors={"css": "p.in", "xpath": "//p[@class='in']", "price": ".price"},
)


def read(markup: str | bytes, content_type: str = "text/html; charset=utf-8") -> Content:
    body = markup if isinstance(markup, bytes) else markup.encode()
    found = extract(
        body, url="https://e.example/dir/", content_type=content_type, recipe=EVERYTHING
    )
    assert isinstance(found, Content), found
    return found


def test_a_link_of_an_old_svg_leads_somewhere():
    page = read('<p>x<svg><a xlink:href="/svg">t</a></svg><a href="/a">b</a><a href>c</a>')

    assert list(page.links.url) == [
        "https://e.example/svg",
        "https://e.example/a",
        "https://e.example/dir/",
    ]


@pytest.mark.parametrize(
    ("charset", "query"),
    [
        ("iso-8859-1", "q=%FCber"),
        ("utf-8", "q=%C3%BCber"),
    ],
)
def test_a_query_is_encoded_as_its_page(charset, query):
    page = read(
        '<p>Grüße, schöne Grüße</p><a href="/ü?q=über#ö">x</a>'.encode(charset),
        f"text/html; charset={charset}",
    )

    assert list(page.links.url) == [f"https://e.example/%C3%BC?{query}#%C3%B6"]


@pytest.mark.parametrize(
    ("charset", "text", "query"),
    [
        ("windows-1251", "привет", "%EF%F0%E8%E2%E5%F2"),
        ("shift_jis", "日本", "%93%FA%96{"),  # the second byte of 本 is ASCII
    ],
)
def test_a_query_in_other_scripts(charset, text, query):
    page = read(f'<a href="?q={text}">x</a>'.encode(charset), f"text/html; charset={charset}")

    assert list(page.links.url) == [f"https://e.example/dir/?q={query}"]


def test_what_the_page_cannot_encode_is_a_reference():
    page = read(b'<a href="?q=&#1078;">x</a>', "text/html; charset=iso-8859-1")

    assert list(page.links.url) == ["https://e.example/dir/?q=%26%231078%3B"]


@pytest.mark.parametrize("mode", ["open", "closed", '"open"', "'OPEN'"])
def test_a_shadow_root_is_part_of_the_page(mode):
    page = read(
        f"<x-y><template shadowrootmode={mode}><p class=in>inside <a href=/s>s</a><img src=/i.png>"
        "<template><p class=in>hidden</template></template>light</x-y>"
    )

    assert page.fields["css"] == page.fields["xpath"] == "inside s"
    assert list(page.links.url) == ["https://e.example/s"]
    assert [image["url"] for image in page.images] == ["https://e.example/i.png"]
    assert "inside" in (page.text or "")


def test_images_of_amp_and_lazy_ones():
    page = read(
        "<p>x<amp-img src=/amp.jpg width=10></amp-img><img data-src=/a.jpg src=/blank.gif>"
        "<img data-original=/b.jpg><img data-lazy-src=/c.jpg><img data-srcset='/d.jpg 2x'>"
        "<img loading=lazy src=/e.jpg>"
    )

    names = [image["url"].rpartition("/")[2] for image in page.images]
    assert names == ["amp.jpg", "a.jpg", "b.jpg", "c.jpg", "d.jpg", "e.jpg"]


def test_raised_cents_are_seen():
    assert read("<p class=price>€ 12<sup>99</sup></p>").fields["price"] == "€ 12⁹⁹"


@pytest.mark.parametrize(
    ("script", "names"),
    [
        ('\ufeff{"name": "a"}', ["a"]),
        (r'{"name": "it\x27s"}', ["it's"]),
        (r'{"name": "it\'s \q"}', ["it's q"]),
        ('{"name": "a"} {"name": "b"}', ["a", "b"]),
        ('{"name": "a"},\n{"name": "b"};', ["a", "b"]),
        ('{"name": "a", "tags": ["x",],}', ["a"]),
        ('{"name": "a,}", /* why */ "b": 1 // so\n}', ["a,}"]),
        ('{"name": "http://e.com/*x*/"}', ["http://e.com/*x*/"]),
        ('//<![CDATA[\n{"name": "a"}\n//]]>', ["a"]),
        ('/*<![CDATA[*/{"name": "a"}/*]]>*/', ["a"]),
        ('<!-- {"name": "a"} -->', ["a"]),
    ],
)
def test_json_ld_as_people_write_it(script, names):
    found, unread = read_json_ld([script])

    assert [one["name"] for one in found] == names
    assert unread == 0


def test_json_ld_that_cannot_be_read_is_counted():
    page = read('<p>x<script type="application/ld+json">{"name": </script>')

    assert page.metadata["jsonld_unread"] == 1
    assert "jsonld_unread" not in read("<p>x").metadata


@pytest.mark.parametrize(
    "written",
    [
        "2024-03-05 10:00:00 UTC",
        "2024-03-05 10:00 GMT",
        "2024/03/05 10:00:00Z",
        "2024-03-05 05:00 EST",
        "2024-03-05 12:00:00 +0200",
        "2024-03-05T10:00:00.000Z",
    ],
)
def test_a_time_behind_a_date_is_kept(written):
    assert parse_time(written) == datetime(2024, 3, 5, 10, tzinfo=UTC)
