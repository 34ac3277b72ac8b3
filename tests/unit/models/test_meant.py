"""The option that is meant by a name that is none, and what is said of it."""

from __future__ import annotations

import pytest

from scrapeq.errors import ConfigError
from scrapeq.models import ScrapingConfig
from scrapeq.models.meant import OTHER_NAMES, meant_option

OPTIONS = ScrapingConfig.model_fields


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("delay", "delay_between_requests"),
        ("timeout", "total_timeout_s"),
        ("timeout_s", "total_timeout_s"),
        ("links", "extract_links"),
        ("User-Agent", "user_agent"),
        ("max_retrys", "max_retries"),
        ("respect_robot", "respect_robots"),
        ("total_timeout", "total_timeout_s"),
        ("storyboard", None),
        ("zzz", None),
        ("depth", None),
    ],
)
def test_the_meant_option_is_named_and_nothing_far_away(written, meant):
    assert meant_option(written, OPTIONS) == meant


@pytest.mark.parametrize("name", sorted(OTHER_NAMES))
def test_every_other_name_leads_to_an_option_and_is_none(name):
    assert OTHER_NAMES[name] in OPTIONS
    assert name not in OPTIONS


@pytest.mark.parametrize("option", ["delay", "storyboard", "max_retrys"])
def test_what_to_write_is_said_once(option):
    with pytest.raises(ConfigError) as refused:
        ScrapingConfig.build(**{option: 1})

    said = str(refused.value)
    assert "units and bounds" not in said
    assert said.count("did you mean") + said.count("the options are") == 1


def test_where_nothing_is_near_all_options_are_named():
    with pytest.raises(ConfigError) as refused:
        ScrapingConfig.build(storyboard=True)

    assert all(option in str(refused.value) for option in OPTIONS)
