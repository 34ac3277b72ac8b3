"""The options of a scrape: what is refused says what to write instead; secrets stay secret."""

from __future__ import annotations

from datetime import timedelta
from typing import get_args

import pytest
from pydantic import ValidationError

from scrapeq.errors import ConfigError
from scrapeq.models import ScrapingConfig, reveal
from scrapeq.models.config import PageFieldName
from scrapeq.models.pydantic_models import ScrapingConfig as TheGuidesOne


def test_the_guides_options_are_there():
    config = TheGuidesOne(
        wait_time=10,
        max_retries=2,
        use_stealth=True,
        extract_links=True,
        extract_images=True,
        delay_between_requests=1.5,
        custom_selectors={"title": "h1", "content": ".main-content"},
    )

    assert config is not None
    assert TheGuidesOne is ScrapingConfig


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"extract_link": True}, "did you mean 'extract_links'?"),
        ({"max_retrys": 3}, "did you mean 'max_retries'?"),
        ({"zzz": 1}, "there is no option 'zzz'"),
        ({"wait_time": -1}, "wait_time: input should be greater than or equal to 0"),
        ({"max_retries": 99}, "max_retries: input should be less than or equal to 20"),
        ({"total_timeout_s": 0}, "total_timeout_s: input should be greater than 0"),
        ({"main_text": "good"}, "'best', 'fast' or 'off'"),
        ({"custom_selectors": {"title": ""}}, 'write {"title": "h1"}'),
        ({"custom_selectors": {"tags": ["a", "b"]}}, '{"tags": [".tag"]}'),
        ({"headers": {"X Y": "1"}}, "cannot be the name of a header"),
        ({"cookies": {"a": "b\r\nSet-Cookie: c"}}, "has a line break"),
        ({"user_agent": "a\nb"}, "user_agent has a line break"),
        ({"proxy": "socks5://h:1"}, "must begin with http:// or https://"),
        ({"max_age": "soon"}, "max_age"),
        ({"viewport": "1280"}, 'write the width and height like "1280x800"'),
        ({"viewport": (10, 10)}, "50 to 15360 each"),
        ({"locale": "German, please"}, "locale"),
        ({"timezone": "Europe/Nowhere"}, 'write a name like "Europe/Berlin"'),
        ({"timezone": "../../etc/passwd"}, 'write a name like "Europe/Berlin"'),
        ({"render": "never", "screenshot": True}, "screenshot needs a browser"),
        ({"render": "never", "capture": "*"}, "capture needs a browser"),
        ({"render": "never", "session": True}, "a session is kept by a browser"),
        ({"screenshot": "x" * 3000}, "at most 2,000 characters"),
        ({"capture": ["x" * 3000]}, "1 to 2,000 characters"),
        ({"capture": ["*"] * 51}, "at most 50 items"),
        ({"capture": {"a": 1}}, "capture"),
        ({"page_fields": ["titel"]}, "did you mean 'title'?"),
        ({"page_fields": "text"}, "no field 'text' to read"),
        ({"page_fields": ["all", "title"]}, "no field 'all' to read"),
        ({"page_fields": 7}, 'write a list of fields, like ["title", "markdown"]'),
    ],
)
def test_what_cannot_be_met_is_refused_with_what_to_write(options, says):
    with pytest.raises(ConfigError, match=r".") as refused:
        ScrapingConfig.build(**options)

    assert says in str(refused.value)
    with pytest.raises(ValidationError):
        ScrapingConfig(**options)


@pytest.mark.parametrize(
    ("options", "brings"),
    [
        ({}, ()),
        ({"screenshot": "false", "capture": ""}, ()),
        ({"screenshot": "window"}, ("screenshot",)),
        ({"pdf": True, "console": "true"}, ("pdf", "console")),
        ({"render": "always", "capture": "*/a *.json"}, ("capture",)),
    ],
)
def test_what_only_a_browser_has_brings_each_page_there(options, brings):
    config = ScrapingConfig.build(**options)

    assert config.brings == brings
    assert config.always_renders == bool(brings)
    assert ScrapingConfig.build(**config.to_storage()) == config


def test_pictures_and_patterns_are_written_as_people_write_them():
    written = [True, "window", "true", "full", " .price ", False, ""]

    assert [ScrapingConfig(screenshot=one).screenshot for one in written] == [
        *(True, True, True, "full", ".price", False, False)
    ]
    assert ScrapingConfig(capture="*/a *.json").capture == ("*/a", "*.json")
    assert ScrapingConfig(capture=["*/a b"]).capture == ("*/a b",)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("markdown, title", ("title", "markdown")),
        (["title", "title"], ("title",)),
        ([], ()),
        ("", ()),
        ("all", get_args(PageFieldName)),
    ],
)
def test_fields_are_written_as_people_write_them(written, meant):
    config = ScrapingConfig(page_fields=written)

    assert config.page_fields == config.recipe.page_fields == meant
    assert ScrapingConfig.build(**config.to_storage()) == config


def test_the_usual_fields_read_as_they_did_before_there_was_a_choice():
    usual, fewer = ScrapingConfig(), ScrapingConfig(page_fields="title")

    assert usual.recipe.digest == "48276495bdac2478"
    assert fewer.recipe.digest != usual.recipe.digest


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("90s", timedelta(seconds=90)),
        ("12h", timedelta(hours=12)),
        ("7d", timedelta(days=7)),
        ("1.5 h", timedelta(minutes=90)),
        (3600, timedelta(hours=1)),
        ("3600", timedelta(hours=1)),
        ("0", timedelta(0)),
        (timedelta(weeks=1), timedelta(days=7)),
        (None, None),
    ],
)
def test_an_age_is_written_as_people_write_it(written, meant):
    assert ScrapingConfig(max_age=written).max_age == meant


def test_secrets_are_in_no_repr_and_no_json_and_survive_storage():
    config = ScrapingConfig(
        cookies={"session": "geheim-1"},
        headers={"Authorization": "geheim-2"},
        proxy="http://user:geheim-3@proxy:1",
        max_age="1d",
    )

    assert "geheim" not in repr(config)
    assert "geheim" not in str(config)
    assert "geheim" not in config.model_dump_json()
    again = ScrapingConfig(**config.to_storage())
    assert again == config
    assert reveal(again.cookies["session"]) == "geheim-1"


def test_a_secret_given_by_name_is_read_where_it_is_needed(monkeypatch):
    config = ScrapingConfig(cookies={"session": "env:SHOP_COOKIE"})

    with pytest.raises(ConfigError, match="SHOP_COOKIE is not set"):
        reveal(config.cookies["session"])
    monkeypatch.setenv("SHOP_COOKIE", "crumb")
    assert reveal(config.cookies["session"]) == "crumb"


def test_what_is_read_decides_the_recipe_and_how_it_is_asked_does_not():
    config = ScrapingConfig(custom_selectors={"title": "h1"})

    slower = config.replace(delay_between_requests=5, max_retries=0, cookies={"a": "b"})
    other = config.replace(custom_selectors={"title": "h2"})

    assert slower.recipe.digest == config.recipe.digest
    assert other.recipe.digest != config.recipe.digest
    assert config.replace(extract_links=True).recipe.digest != config.recipe.digest


def test_a_change_is_validated_and_leaves_the_old_one_alone():
    config = ScrapingConfig(max_retries=1)

    assert config.replace(max_retries=2).max_retries == 2
    assert config.max_retries == 1
    with pytest.raises(ConfigError):
        config.replace(max_retries=-1)


@pytest.mark.parametrize(
    "selectors", ["h1", {"h1"}, ["h1"], None, {"a": None}, {5: "h1"}, {"a": ["h1", "h2"]}]
)
def test_selectors_in_another_shape_are_refused_with_what_to_write(selectors):
    with pytest.raises(ConfigError, match=r'write \{"title": "h1"\}'):
        ScrapingConfig.build(custom_selectors=selectors)
