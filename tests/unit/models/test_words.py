"""Options as words of a command, for the command line and for magics."""

from __future__ import annotations

from datetime import timedelta

import pytest

from scrapeq.errors import ConfigError
from scrapeq.models import ScrapingConfig, reveal
from scrapeq.models.command_options import config_from_options


def test_no_words_are_the_defaults():
    assert config_from_options() == ScrapingConfig()


def test_words_become_options():
    config = config_from_options(
        select=["title=h1", "next=a[rel=next]::attr(href)"],
        select_all=["tags = .tag"],
        option=["max_retries=1", "max_age=12h", "respect_robots=false", "main_text=fast"],
        delay=0.5,
        links=True,
        stealth=True,
        screenshot="window",
        pdf=True,
        capture=["*/api/a*", "*/b"],
        console=True,
    )

    assert config.brings == ("screenshot", "pdf", "capture", "console")
    assert (config.screenshot, config.capture) == (True, ("*/api/a*", "*/b"))
    assert config.custom_selectors == {
        "title": "h1",
        "next": "a[rel=next]::attr(href)",
        "tags": [".tag"],
    }
    assert (config.max_retries, config.max_age) == (1, timedelta(hours=12))
    assert (config.respect_robots, config.main_text) == (False, "fast")
    assert (config.delay_between_requests, config.extract_links) == (0.5, True)
    assert (config.use_stealth, config.extract_images) == (True, False)


def test_an_option_that_is_a_dict_is_json():
    config = config_from_options(
        select=["title=h2"],
        option=['cookies={"session": "a=b"}', 'custom_selectors={"title": "h1", "n": ["p"]}'],
    )

    assert reveal(config.cookies["session"]) == "a=b"
    assert config.custom_selectors == {"title": "h2", "n": ["p"]}


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ({"select": ["title"]}, "--select 'title' is not NAME=VALUE"),
        ({"select_all": ["=h1"]}, "write --select-all title=h1"),
        ({"option": ["max_retries"]}, "write --option max_retries=1"),
        ({"option": ["max_retrys=1"]}, "did you mean 'max_retries'?"),
        ({"option": ["headers=X: y"]}, "--option headers is not written as JSON"),
        ({"option": ['headers=["X"]']}, "--option headers is not written as JSON"),
        ({"delay": -1}, "delay_between_requests"),
    ],
)
def test_words_that_mean_nothing_are_refused(words, says):
    with pytest.raises(ConfigError) as refused:
        config_from_options(**words)

    assert says in str(refused.value)


def test_a_refusal_repeats_no_secret():
    with pytest.raises(ConfigError) as refused:
        config_from_options(option=["cookies=session=geheim"])

    assert "geheim" not in str(refused.value)
