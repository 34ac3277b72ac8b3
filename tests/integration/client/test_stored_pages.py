"""Whom a stored page answers: who would have sent the same request, and nobody else's secrets."""

from __future__ import annotations

from functools import partial

import pytest

import scrapeq as sq
from scrapeq.settings import load_settings

ANSWER_S = 60
BOB = {"cookies": {"user": "bob"}}


@pytest.fixture
def title(web, scrape):
    """`title(path, **options)`: the title that a batch of this one page gives."""

    def title_(path, **options):
        return scrape([web.url(path)], **options).wait(ANSWER_S).df["title"].iloc[0]

    return title_


@pytest.fixture
def somebody_else(cluster):
    """`sq.scrape` of another owner on the same Redis and record."""
    settings = load_settings(
        SCRAPEQ_ALLOW_PRIVATE_ADDRESSES=True,
        SCRAPEQ_HOME=cluster.settings.home,
        SCRAPEQ_OWNER="somebody else",
    )
    return partial(sq.scrape, settings=settings, main_text="off")


@pytest.mark.parametrize("store_html", [False, True])
def test_a_session_gets_its_own_page_and_nobody_elses(title, store_html):
    ask = partial(title, f"/account?of={store_html}", store_html=store_html)

    assert ask() == "Please sign in"
    assert ask(**BOB) == "Account of bob"
    assert ask() == "Please sign in"
    assert ask(cookies={"user": "ann"}) == "Account of ann"


@pytest.mark.parametrize(
    "options",
    [
        {"headers": {"Accept-Language": "de"}},
        {"user_agent": "another"},
        {"use_stealth": True},
        {"session": True},
    ],
)
def test_another_way_of_asking_is_another_request(title, web, asked, options):
    path = f"/account?way={next(iter(options))}"
    title(path)
    before = len(asked())

    title(path, **options)
    title(path, **options)

    assert len(asked()) == before + 1


@pytest.mark.parametrize(
    ("options", "ways"),
    [
        ({"user_agent": "another"}, "another user agent"),
        ({"headers": {"Accept-Language": "de"}}, "other headers"),
        (BOB | {"use_stealth": True}, "other cookies and another use_stealth"),
    ],
)
def test_the_note_says_why_pages_are_fetched_again(web, scrape, options, ways):
    links = [web.url(f"/account?why={'-'.join(options)}&row={row}") for row in range(2)]
    scrape(links).wait(ANSWER_S)

    batch = scrape(links, **options)

    assert batch.note == (
        f"2 pages are fetched again: those that are stored were asked for with {ways}"
    )
    batch.wait(ANSWER_S)  # the next test counts requests


def test_a_page_of_a_session_answers_its_own_owner_alone(web, scrape, somebody_else, asked):
    link = web.url("/account?session")
    scrape([link], session=True).wait(ANSWER_S)
    before = len(asked())

    scrape([link], session=True).wait(ANSWER_S)
    own = len(asked()) - before
    somebody_else([link], session=True).wait(ANSWER_S)

    assert (own, len(asked()) - before) == (0, 1)


def test_the_note_says_that_pages_are_another_owners(web, scrape, somebody_else):
    link = web.url("/account?cache=private&whose")
    scrape([link]).wait(ANSWER_S)

    batch = somebody_else([link])

    assert batch.note.startswith(
        "1 page is fetched again: those that are stored are private to another"
    )
    batch.wait(ANSWER_S)  # the next test counts requests


@pytest.mark.parametrize("store_html", [False, True])
def test_rows_that_are_not_merged_are_answered_by_their_own_url(web, scrape, asked, store_html):
    link = web.url(f"/account?exact={store_html}")
    ask = partial(scrape, merge_duplicates=False, store_html=store_html)
    ask([link]).wait(ANSWER_S)
    # with other selectors the stored bytes are read again
    again = {"custom_selectors": {"headline": "h1"}} if store_html else {}
    before = len(asked())

    ask([link, f"{link}&utm_source=a"], **again).wait(ANSWER_S)

    assert len(asked()) == before + 1


@pytest.mark.parametrize("store_html", [False, True])
@pytest.mark.parametrize(
    ("query", "options", "answers"),
    [
        ("", {}, True),
        ("cache=max-age%3D60", {}, True),
        ("vary=Accept-Language", {}, True),
        ("cache=private", {}, False),
        ("cache=max-age%3D60,%20no-store", {}, False),
        ("vary=*", {}, False),
        ("", BOB, False),
        ("", {"headers": {"X-Api-Key": "k"}}, False),
    ],
)
def test_what_is_private_answers_the_same_owner_alone(
    web, scrape, somebody_else, asked, query, options, answers, store_html
):
    link = web.url(f"/account?{query}&kept={store_html}{len(options)}")
    scrape([link], store_html=store_html, **options).wait(ANSWER_S)
    # with other selectors the stored bytes are read again, and no less private for it
    again = {"custom_selectors": {"headline": "h1"}} if store_html else {}
    before = len(asked())

    scrape([link], store_html=store_html, **options, **again).wait(ANSWER_S)
    own = len(asked()) - before
    somebody_else([link], store_html=store_html, **options, **again).wait(ANSWER_S)

    assert own == 0
    assert len(asked()) - before == (0 if answers else 1)
