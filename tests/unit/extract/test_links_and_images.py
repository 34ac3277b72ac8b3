"""Links and images: absolute, described, bounded."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from scrapeq import urls
from scrapeq.extract.declared import declarations
from scrapeq.extract.images import images_of, parse_srcset
from scrapeq.extract.links import MAX_LINKS, Joiner, base_of, links_of

PAGE = "https://example.com/shop/chairs?page=2#top"


def links(markup: str) -> list[dict[str, str]]:
    tree = LexborHTMLParser(markup)
    return list(links_of(tree, Joiner(base_of(declarations(tree).base, PAGE))))


def images(markup: str) -> list[dict[str, object]]:
    tree = LexborHTMLParser(markup)
    return images_of(tree, Joiner(base_of(declarations(tree).base, PAGE)))


def test_a_link_has_url_text_and_rel() -> None:
    assert links('<a href="../about us" rel="Nofollow  noopener">About\n <b>us</b></a>') == [
        {"url": "https://example.com/about%20us", "text": "About us", "rel": "nofollow noopener"}
    ]


@pytest.mark.parametrize(
    ("href", "url"),
    [
        ("/a?b=c#d", "https://example.com/a?b=c#d"),
        ("//other.example/a", "https://other.example/a"),
        ("?page=3", "https://example.com/shop/chairs?page=3"),
        ("#part", "https://example.com/shop/chairs?page=2#part"),
        ("", "https://example.com/shop/chairs?page=2"),
        (" HTTP://Other.example:80/A/../b ", "http://other.example/b"),
        ("/a\nb", "https://example.com/ab"),
    ],
)
def test_every_form_becomes_absolute(href: str, url: str) -> None:
    assert [link["url"] for link in links(f'<a href="{href}">x</a>')] == [url]


@pytest.mark.parametrize("href", ["javascript:void(0)", "mailto:a@b.example", "tel:1", "http://["])
def test_what_does_not_lead_to_the_web_is_no_link(href: str) -> None:
    assert links(f'<a href="{href}">x</a><a name=y>z</a>') == []


def test_the_base_element_counts_if_it_is_one() -> None:
    assert links("<base href=/base/><a href=a>x</a>")[0]["url"] == "https://example.com/base/a"
    assert links("<base href='javascript:x'><a href=a>x</a>")[0]["url"] == (
        "https://example.com/shop/a"
    )


def test_a_link_around_a_picture_is_called_by_it() -> None:
    assert links("<a href=/><img alt='Home page'></a>")[0]["text"] == "Home page"
    assert links("<a href=/ aria-label=Home><svg></svg></a>")[0]["text"] == "Home"
    assert links("<map><area href=/a alt=Door></map>")[0]["text"] == "Door"
    assert links("<a href=/><div>Chair</div><div>12 €</div></a>")[0]["text"] == "Chair 12 €"


def test_each_text_is_tidy_whatever_the_others_are() -> None:
    odd = "<a href=/1>\n a  b </a><a href=/2></a><a href=/3>c</a><a href=/4>d <b>e</b></a>"

    assert [link["text"] for link in links(odd)] == ["a b", "", "c", "d e"]


def test_links_are_bounded() -> None:
    assert len(links("<a href=/x>x</a>" * (MAX_LINKS + 5))) == MAX_LINKS


@given(st.text(alphabet="ab/.?#:@%&=\\ é[]0x7", max_size=25), st.booleans())
def test_the_short_way_is_the_standard_s_way(reference: str, whole: bool) -> None:
    reference = f"https://ex.com/{reference}" if whole else reference
    expected = urls.join(PAGE, reference.strip(" "))

    assert Joiner(PAGE)(reference) == (
        expected if expected and expected.startswith("http") else None
    )


@given(
    st.lists(
        st.tuples(
            st.sampled_from(
                ["/", "", "//b.org/", "https://ex.com/", "http://XN--a.b/", "httpx://a.b/"]
            ),
            st.text(alphabet="/ab.?#%\n\\ é", max_size=9),
        ),
        max_size=6,
    )
)
def test_many_are_joined_as_each_alone(parts: list[tuple[str, str]]) -> None:
    references = [start + rest for start, rest in parts]

    assert Joiner(PAGE).join_all(references) == [Joiner(PAGE)(one) for one in references]


def test_an_image_has_address_description_and_size() -> None:
    assert images('<img src="/a.png" alt=" A  chair " width="640" height="50%">') == [
        {
            "url": "https://example.com/a.png",
            "alt": "A chair",
            "width": 640,
            "height": None,
            "srcset": [],
        }
    ]


def test_a_lazy_image_is_the_one_that_would_be_loaded() -> None:
    (image,) = images('<img src="data:image/gif;base64,R0" data-src="/real.jpg">')

    assert image["url"] == "https://example.com/real.jpg"


def test_a_picture_has_all_candidates() -> None:
    (image,) = images(
        "<picture><source srcset='/a.avif 2x'><source srcset='/b.webp'>"
        "<img srcset='/c.jpg 320w, /d.jpg 640w'></picture>"
    )

    assert image["url"] == "https://example.com/a.avif"
    assert image["srcset"] == [
        {"url": "https://example.com/a.avif", "descriptor": "2x"},
        {"url": "https://example.com/b.webp", "descriptor": "1x"},
        {"url": "https://example.com/c.jpg", "descriptor": "320w"},
        {"url": "https://example.com/d.jpg", "descriptor": "640w"},
    ]


def test_the_copy_for_browsers_without_scripts_is_no_second_image() -> None:
    assert len(images("<img data-src=/a.png><noscript><img src=/a.png></noscript>")) == 1
    assert len(images("<img src=/a.png><img src=/a.png>")) == 2


def test_images_without_an_address_are_left_out() -> None:
    assert images("<img><img src=''><img src='data:image/png;base64,AA'>") == []


@pytest.mark.parametrize(
    ("srcset", "candidates"),
    [
        ("a.jpg 1x, b.jpg 2x", [("a.jpg", "1x"), ("b.jpg", "2x")]),
        ("a.jpg, b,c.jpg 2x,d.jpg", [("a.jpg", "1x"), ("b,c.jpg", "2x"), ("d.jpg", "1x")]),
        ("/w_1,h_2/a.jpg 640w", [("/w_1,h_2/a.jpg", "640w")]),
        (" , ,a ,", [("a", "1x")]),
        ("", []),
    ],
)
def test_srcset_is_read_as_the_standard_has_it(
    srcset: str, candidates: list[tuple[str, str]]
) -> None:
    assert parse_srcset(srcset) == candidates
