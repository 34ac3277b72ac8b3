"""The options form: every option is there, and what is filled in becomes a config."""

from __future__ import annotations

import pytest

from scrapeq.dashboards import options, shell
from scrapeq.errors import ConfigError
from scrapeq.models import ScrapingConfig


def test_every_option_has_a_field_with_its_bounds():
    found = {field.name: field for field in options.fields()}

    assert set(found) == set(ScrapingConfig.model_fields)
    assert found["max_retries"].kind == "number"
    assert (found["max_retries"].least, found["max_retries"].most) == ("0", "20")
    assert found["respect_robots"].checked
    assert not found["extract_links"].checked
    assert [value for value, *_ in found["main_text"].choices] == ["best", "fast", "off"]
    assert found["proxy"].kind == "secret"
    assert (found["screenshot"].kind, found["screenshot"].hint) == ("text", "")
    assert (found["capture"].kind, found["capture"].hint) == ("text", "")
    assert found["pdf"].kind == "checkbox"
    assert all(field.is_common for field in options.fields()[: len(options.COMMON)])


def test_a_form_that_is_left_as_it_is_sets_nothing():
    untouched = {
        field.name: field.checked
        if field.kind == "checkbox"
        else next((value for value, _, chosen in field.choices if chosen), "")
        for field in options.fields()
    }

    assert options.config(untouched).model_fields_set == set()


def test_what_is_filled_in_is_set():
    config = options.config(
        {
            "custom_selectors": " price = .price \n\ntags[] = .tag\nlink=a::attr(href)",
            "headers": "Accept-Language: de\nX-Time: 12:00",
            "max_retries": "5",
            "delay_between_requests": "0.5",
            "max_age": "7d",
            "respect_robots": False,
            "extract_links": True,
            "allow_private_addresses": "true",
        }
    )

    assert config.custom_selectors == {"price": ".price", "tags": [".tag"], "link": "a::attr(href)"}
    assert config.headers["X-Time"].get_secret_value() == "12:00"
    assert (config.max_retries, config.delay_between_requests) == (5, 0.5)
    assert config.max_age.days == 7
    assert not config.respect_robots
    assert config.extract_links
    assert config.allow_private_addresses is True


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        ({"max_retries": "many"}, "max_retries"),
        ({"max_retries": "99"}, "max_retries"),
        ({"cookies": "a: b\nsession"}, "cookies: line 2 is not understood"),
        ({"no_such": "1"}, "there is no option 'no_such'"),
    ],
)
def test_a_mistake_names_its_option(answers, why):
    with pytest.raises(ConfigError, match=why):
        options.config(answers)


def test_a_place_that_offers_no_tables_shows_no_choice_of_them():
    assert "data-frame" not in shell(places=[("urls", "Paste URLs")])
    assert "data-frame" in shell(places=[("frame", "A table")])
