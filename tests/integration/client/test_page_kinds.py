"""Pages of no use: told in the table, counted in the card, and failures where that is asked for."""

from __future__ import annotations

import pytest

from scrapeq.errors import ConfigError

PATIENCE_S = 180


def test_useless_pages_are_told_and_refused_on_request(web, scrape):
    paths = [
        "/article/1",
        "/useless/login/0",
        "/useless/login/1",
        "/useless/soft_error/1",
        "/status/404",
    ]
    urls = [web.url(path) for path in paths]

    batch = scrape(urls, max_retries=0).wait(PATIENCE_S)

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

    strict = scrape(urls, fail_on="login", max_retries=0).wait(PATIENCE_S)

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


def test_an_unknown_kind_is_answered_with_the_nearest(scrape, web):
    with pytest.raises(ConfigError, match="did you mean 'soft_404'"):
        scrape([web.url("/article/1")], fail_on=["soft404"])
    with pytest.raises(ConfigError, match="no kind of page 'page'"):
        scrape([web.url("/article/1")], fail_on=["page"])
