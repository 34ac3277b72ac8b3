"""What a page is good for: useless pages are told, and what is in doubt is a page."""

from __future__ import annotations

import pytest

from scrapeq.extract import extract
from scrapeq.models import Content, PageKind, Recipe
from scrapeq.testing.useless_pages import UselessPage, prose, useless_pages

PAGES = list(useless_pages())


def read(page: UselessPage, main_text: str = "off") -> Content:
    content = extract(
        page.markup.encode(),
        url=page.url,
        asked=page.asked,
        content_type="text/html; charset=utf-8",
        recipe=Recipe(main_text=main_text),
    )
    assert isinstance(content, Content), content
    return content


@pytest.mark.parametrize("page", PAGES, ids=lambda page: f"{page.kind} {page.name}"[:60])
def test_each_page_is_told(page):
    content = read(page)

    assert (content.page_kind, content.page_kind_signal is None) == (
        page.kind,
        page.kind is PageKind.PAGE,
    ), content.page_kind_signal


def test_every_kind_has_pages():
    assert {page.kind for page in PAGES} == set(PageKind)


def test_the_kind_does_not_depend_on_how_the_text_is_read():
    told = {page.name: (page.kind, read(page, "fast").page_kind) for page in PAGES}

    assert {name: kinds for name, kinds in told.items() if kinds[0] is not kinds[1]} == {}


def test_what_is_read_from_a_page_is_not_changed():
    """The rules take scripts out of the tree: what is selected was selected before."""
    markup = f"<title>Page not found</title><script id='s'>var a = 1</script>{prose(5)}"
    content = extract(
        markup.encode(),
        url="https://a.example/",
        content_type="text/html",
        recipe=Recipe(custom_selectors={"script": "#s"}, main_text="off"),
    )

    assert isinstance(content, Content)
    assert content.fields == {"script": "var a = 1"}
    assert content.page_kind is PageKind.SOFT_404


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("404 page not found", "soft_404"),
        ("Internal Server Error\n", "soft_error"),
        ("Not found in Nature", "page"),
        ("hello", "page"),
    ],
)
def test_plain_text_is_told_by_all_of_it(text, kind):
    content = extract(
        text.encode(), url="https://a.example/", content_type="text/plain", recipe=Recipe()
    )

    assert isinstance(content, Content)
    assert content.page_kind == kind


def test_a_kind_crosses_to_the_reader_and_back():
    content = Content(page_kind=PageKind.LOGIN, page_kind_signal="a form")

    assert Content.from_json(content.to_json()) == content
