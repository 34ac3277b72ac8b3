"""Dates and authors that a page shows where it declares none, and what it declares of others."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from scrapeq.extract import extract
from scrapeq.models import Content, Recipe

TEXT = "<p>" + "The quick brown fox jumps over the lazy dog near the river bank. " * 10
CARDS = "".join(
    f"<div class=card><h3><a href=/{n}>Tea no. {n}</a></h3><span>{n} May 2021</span></div>"
    for n in range(1, 9)
)


def read(
    body: str, head: str = "", url: str = "https://a.example/tea", main_text: str = "fast"
) -> Content:
    content = extract(
        f"<!doctype html><html lang=en><head>{head}</head><body>{body}".encode(),
        url=url,
        content_type="text/html",
        recipe=Recipe(main_text=main_text),
    )
    assert isinstance(content, Content)
    return content


def day_of(content: Content) -> str | None:
    return str(content.published_at.date()) if content.published_at else None


def ld(**thing: Any) -> str:
    return f'<script type="application/ld+json">{json.dumps(thing)}</script>'


@pytest.mark.parametrize(
    "byline",
    [
        "<p>Published 12 March 2021</p>",
        "<span>Mar 12, 2021</span>",
        "<time datetime='2021-03-12 10:00'>last spring</time>",
        "<div class=post-date>12/03/2021</div><p>Read 3 times since 1 May 2020",
        "<p>Ann Lee | 12.03.2021 | 5 min read</p>",
        "<p>Updated: 3 April 2021</p><p>Posted on 12 March 2021</p>",
    ],
)
def test_the_day_below_the_heading_is_that_of_publication(byline: str) -> None:
    content = read(f"<h1>On tea</h1>{byline.replace('12/03', '3/12')}{TEXT}<p>© 2 May 2024 by us")

    assert (day_of(content), content.sources["published_at"]) == ("2021-03-12", "shown")


@pytest.mark.parametrize(
    "body",
    [
        f"<h1>On tea</h1><p>Last updated 12 March 2021</p>{TEXT}",
        f"<h1>On tea</h1>{TEXT}<p>Tea came to London before 12 March 2021, as we all know well, by ship",
        f"<h1>Teas</h1>{CARDS}",
        f"<h1>On tea</h1>{TEXT}<section class=comments><p>Bo<p>12 March 2021<p>Yes!</section>",
        f"<h1>On tea</h1>{TEXT}<footer>Posted 12 March 2021</footer>",
        f"<h1>On tea</h1><p>Offer valid until 12 March 2021</p>{TEXT}",
        f"<h1>On tea</h1><p>12 March 2999</p>{TEXT}",
    ],
)
def test_other_days_are_not_taken_for_it(body: str) -> None:
    assert read(body).published_at is None


def test_a_product_and_a_first_page_have_no_day_of_publication() -> None:
    body = f"<h1>On tea</h1><p>Published 12 March 2021</p>{TEXT}"

    assert read(body, ld(**{"@type": "Product", "name": "Tea"})).published_at is None
    assert read(body, url="https://a.example/").published_at is None
    assert read(body, url="https://a.example/en/").published_at is None
    assert read(body, url="https://a.example/?p=3").published_at is not None


def test_without_a_main_text_only_what_is_declared_is_read() -> None:
    body = f"<h1>On tea</h1><p>By Ann Lee, 12 March 2021</p>{TEXT}"

    content = read(body, main_text="off")

    assert (content.author, content.published_at) == (None, None)


@pytest.mark.parametrize("kind", ["WebPage", ["WebPage", "ItemPage"], "CollectionPage"])
def test_the_day_of_a_web_page_needs_a_sign_of_an_article(kind: Any) -> None:
    head = ld(**{"@type": kind, "datePublished": "2021-03-12T10:00:00+00:00"})

    assert read(f"<h1>Our shop</h1>{TEXT}", head).published_at is None
    assert day_of(read(f"<h1>On tea</h1><p>12 March 2021</p>{TEXT}", head)) == "2021-03-12"
    named = head + "<meta name=author content='Ann Lee'>"
    assert day_of(read(f"<h1>On tea</h1>{TEXT}", named)) == "2021-03-12"


@pytest.mark.parametrize("kind", ["VideoObject", "Course", "Product", "Movie"])
def test_the_day_of_a_thing_on_the_page_is_not_the_page_s(kind: str) -> None:
    head = ld(**{"@type": kind, "datePublished": "2021-03-12", "uploadDate": "2021-03-12"})

    assert read(f"<h1>On tea</h1>{TEXT}", head).published_at is None


def test_the_declared_time_keeps_the_zone_of_its_page() -> None:
    head = ld(**{"@type": "Article", "datePublished": "2021-03-12T22:30:00-05:00"})

    content = read(TEXT, head)

    assert content.published_at == datetime(2021, 3, 13, 3, 30, tzinfo=UTC)
    assert day_of(content) == "2021-03-12"
    assert content.published_at.tzinfo == timezone(timedelta(hours=-5))


@pytest.mark.parametrize(
    ("path", "day"),
    [
        ("/2021/mar/12/tea", "2021-03-12"),
        ("/2021/March/12/tea", "2021-03-12"),
        ("/blog/2021-03-12-tea", "2021-03-12"),
        ("/news/20210312/tea", "2021-03-12"),
        ("/news/tea-2021-03-12.html", "2021-03-12"),
        ("/2021/03/tea", None),
        ("/item/20219912/tea", None),
    ],
)
def test_a_day_in_the_address(path: str, day: str | None) -> None:
    assert day_of(read(TEXT, url=f"https://a.example{path}")) == day


@pytest.mark.parametrize(
    ("byline", "author"),
    [
        ("<p>By Ann Lee</p>", "Ann Lee"),
        ("<p>By <a href=/ann>Ann Lee</a></p>", "Ann Lee"),
        ("<p>Written by: Ann van der Lee | 12 March 2021</p>", "Ann van der Lee"),
        ("<p>by Ann Lee and Bo Kim</p>", "Ann Lee, Bo Kim"),
        ("<p>Von Ann Lee, Redakteurin</p>", "Ann Lee"),
        ("<p>by <a href=/u/annlee>annlee</a></p>", None),
        ("<p>by appointment only</p>", None),
        ("<p>by Google and others we were told so</p>", None),
        ("<p>Filter by</p><p>Category</p>", None),
        ("<aside class=related-posts><p>By Ann Lee</p></aside>", None),
    ],
)
def test_a_by_below_the_heading_names_the_author(byline: str, author: str | None) -> None:
    content = read(f"<h1>On tea</h1>{byline}<p>12 March 2021</p>{TEXT}")
    undated = read(f"<h1>On tea</h1>{byline.replace('12 March 2021', '')}{TEXT}")

    assert (content.author, undated.author) == (author, None)
    assert content.sources.get("author") == ("shown" if author else None)


def test_of_an_article_the_name_may_be_one_word() -> None:
    body = f"<h1>On tea</h1><p>by <a href=/u/annlee>annlee</a></p>{TEXT}"

    assert read(body, "<meta property=og:type content=article>").author == "annlee"


REVIEW = (
    "<div itemscope itemtype='https://schema.org/Review'><span itemprop=author>Bo Kim</span>"
    "<meta itemprop=datePublished content=2021-03-12></div>"
)
THREAD = (
    "<div itemscope itemtype='https://schema.org/DiscussionForumPosting'><b itemprop=author>tea4two</b>"
    "<div itemscope itemtype='https://schema.org/Comment'><b itemprop=author>cup</b></div></div>"
)


def test_a_reviewer_is_not_the_author_nor_the_day_of_the_review_the_page_s() -> None:
    content = read(f"<h1>Oak bench</h1>{TEXT}{REVIEW}")

    assert (content.author, content.published_at) == (None, None)


def test_who_began_a_thread_is_its_author() -> None:
    assert read(f"<h1>Which tea?</h1>{THREAD}{TEXT}").author == "tea4two"


@pytest.mark.parametrize("name", ["SmartEtailing Inc", "Acme Web Design", "example.com", "webteam"])
def test_who_made_the_site_is_not_the_author_of_its_pages(name: str) -> None:
    content = read(f"<h1>Our services</h1>{TEXT}", f"<meta name=author content='{name}'>")

    assert content.author is None


def test_a_person_is_preferred_to_the_site_s_own_name() -> None:
    head = ld(**{"@type": "Article", "author": {"name": "Teatime"}})

    alone = read(f"<h1>On tea</h1>{TEXT}", head, url="https://www.teatime.example/a")
    signed = read(f"<h1>On tea</h1><p>By Ann Lee</p>{TEXT}", head, url="https://teatime.example/a")

    assert (alone.author, signed.author) == ("Teatime", "Ann Lee")


def test_all_authors_of_a_paper_are_kept_with_their_first_names_first() -> None:
    head = "".join(
        f"<meta name=citation_author content='{name}'>" for name in ("Lee, Ann", "Kim, Bo")
    )

    assert read(TEXT, head + "<meta property=og:type content=article>").author == "Ann Lee, Bo Kim"


def test_a_list_of_articles_has_no_author_and_no_day():
    head = '<meta property="article:published_time" content="2021-03-12"><meta name=author content="Ann Lee">'

    for path in ("news", "blog/", "tag/tea", "category/tea/"):
        content = read(f"<h1>News</h1>{CARDS}", head, url=f"https://a.example/{path}")
        assert (content.author, content.published_at) == (None, None), path
    assert read(f"<h1>Tea</h1>{TEXT}", head, url="https://a.example/news/tea").author == "Ann Lee"


def test_an_organisation_that_publishes_itself_is_no_author():
    company = {"@type": "Organization", "name": "Tea Company"}
    person = {"@type": "Person", "name": "Ann Lee"}

    def author(*authors: Any, publisher: Any = company) -> str | None:
        thing = {"@type": "Article", "author": list(authors), "publisher": publisher}
        return read(f"<h1>Tea</h1>{TEXT}", ld(**thing)).author

    assert author(company) is None
    assert author(company, person) == "Ann Lee"
    assert author(company, publisher={"@type": "Organization", "name": "Other"}) == "Tea Company"


def test_who_began_a_thread_that_marks_nobody():
    posts = "".join(
        f'<div class=post id=p{n}><a class=username href="/members/{name}">{name}</a><time datetime="2021-03-0{n}">'
        f"then</time><div class=content>The quick brown fox jumps over the lazy dog</div></div>"
        for n, name in enumerate(("b.scherer", "jahboater"), start=1)
    )

    thread = read(f"<h1>Tea</h1>{posts}", url="https://a.example/viewtopic.php?t=3")
    assert (thread.author, thread.sources["author"]) == ("b.scherer", "first post")
    assert day_of(thread) == "2021-03-01"
    assert read(f"<h1>Tea</h1>{posts}", url="https://a.example/tea").author is None
