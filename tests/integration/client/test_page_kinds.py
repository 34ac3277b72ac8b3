"""Pages of no use: told in the table, counted in the card, and failures where that is asked for."""

from __future__ import annotations

import html

import pytest

from scrapeq.errors import ConfigError

ANSWER_S = 180


def test_useless_pages_are_told_and_refused_on_request(web, scrape):
    paths = [
        "/article/1",
        "/useless/login/0",
        "/useless/login/1",
        "/useless/soft_error/1",
        "/status/404",
    ]
    urls = [web.url(path) for path in paths]

    batch = scrape(urls, max_retries=0).wait(ANSWER_S)

    table = batch.df
    assert table["page_kind"].astype(object).tolist()[:4] == [
        "page",
        "login",
        "login",
        "soft_error",
    ]
    assert table["page_kind"].isna().tolist() == [False] * 4 + [True]
    assert table["ok"].tolist() == [True] * 4 + [False]
    assert "password" in table["page_kind_signal"][1]

    for sentence in (
        "2 of 5 pages are log-in forms: give the cookies of a session",
        "1 of 5 pages is an error with a good status: try them again later",
    ):
        assert sentence in batch.note
        assert sentence in html.unescape(batch.card())
    problems = batch.problems.set_index("name")
    assert problems["rows"].to_dict() == {"login": 2, "http_4xx": 1, "soft_error": 1}
    assert problems["of"].tolist() == [5, 5, 5]
    assert "cookies" in problems.loc["login", "advice"]

    strict = scrape(urls, fail_on="login", max_retries=0).wait(ANSWER_S)

    table = strict.df
    assert table["ok"].tolist() == [True, False, False, True, False]
    assert table["error_kind"].astype(object).tolist()[1:3] == ["page_kind"] * 2
    assert table["page_kind"].astype(object).tolist()[:4] == [
        "page",
        "login",
        "login",
        "soft_error",
    ]
    assert "log-in form" in table["error_message"][1]
    assert table["title"].isna().tolist() == [False, True, True, False, True]
    assert "log-in" not in strict.note
    assert strict.problems.set_index("name")["rows"].to_dict()["login"] == 2


def test_an_unknown_kind_is_answered_with_the_nearest(scrape, web):
    with pytest.raises(ConfigError, match="did you mean 'soft_404'"):
        scrape([web.url("/article/1")], fail_on=["soft404"])
    with pytest.raises(ConfigError, match="no kind of page 'page'"):
        scrape([web.url("/article/1")], fail_on=["page"])


def test_a_selector_that_matches_next_to_nothing_is_named(web, scrape):
    urls = [web.url(f"/article/{number}") for number in range(12)]
    selectors = {"headline": "h1", "price": ".no-such-thing"}

    batch = scrape(urls, name="selected", custom_selectors=selectors).wait(ANSWER_S)
    again = scrape(urls, name="selected", custom_selectors=selectors)
    stored = scrape(urls, custom_selectors=dict(reversed(selectors.items())))

    sentence = "the selector 'price' matched on 0 of 12 pages"
    assert sentence in batch.note
    assert sentence in again.note
    assert stored.batch.from_store == 12
    assert sentence in stored.note
    problem = stored.problems.iloc[0]
    assert (problem["problem"], problem["name"], problem["rows"]) == ("selector", "price", 12)
    assert "headline" not in batch.note
