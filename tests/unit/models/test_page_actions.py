"""Actions as data: each has one form, a wrong one says the right one, and no value is shown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scrapeq.errors import ConfigError
from scrapeq.models import RequestIdentity, ScrapingConfig
from scrapeq.models.command_options import config_from_options

ALL = [
    {"click": "#more"},
    {"fill": {"selector": "#q", "value": "hunter2"}},
    {"press": "Enter"},
    {"press": {"selector": "#q", "key": "Enter"}},
    {"select": {"selector": "#size", "value": "XL"}},
    {"scroll": "end"},
    {"scroll": 3},
    {"wait_for": "text=Add"},
    {"wait": 0.5},
]


def test_actions_come_back_as_they_were_written() -> None:
    config = ScrapingConfig.build(actions=ALL)
    stored = json.loads(json.dumps(config.to_storage()))

    assert stored == {"actions": ALL}
    assert ScrapingConfig.build(**stored) == config
    assert ScrapingConfig.build(actions=json.dumps(ALL)) == config
    assert config.replace(max_retries=0).actions == config.actions
    assert config.always_renders


def test_a_value_that_is_filled_in_is_not_shown() -> None:
    config = ScrapingConfig.build(actions=ALL)

    assert "hunter2" not in f"{config!r} {config} {config._repr_html_()} {config.actions}"
    assert config.actions[1].words == "fill '#q'"
    assert "click '#more'" in repr(config)


@pytest.mark.parametrize(
    ("action", "says"),
    [
        ("hunter2", "actions are not written as JSON"),
        ({"clik": "#hunter2"}, "there is no action 'clik'; the actions are click, fill,"),
        ({"click": ""}, 'click is written {"click": "#more"}'),
        ({"click": None}, "an action is a dict with one entry"),
        ({"click": "a", "wait": 1}, "an action is a dict with one entry"),
        ({"fill": "hunter2"}, 'fill is written {"fill": {"selector":'),
        ({"fill": {"selector": "a", "value": "hunter2", "x": 1}}, "fill is written"),
        ({"scroll": "up"}, 'scroll is written {"scroll": "end"} or {"scroll": 3}, at most 100'),
        ({"scroll": 101}, "at most 100"),
        ({"scroll": True}, "scroll is written"),
        ({"wait": 61}, 'wait is written {"wait": 2}, seconds, at most 60'),
        ([{"wait": 1}] * 51, "at most 50 items"),
        ([["click", "a"]], "an action is a dict with one entry"),
        (7, "actions"),
    ],
)
def test_a_wrong_action_says_how_it_is_written(action: object, says: str) -> None:
    with pytest.raises(ConfigError) as refused:
        ScrapingConfig.build(actions=action)

    assert says in str(refused.value)
    assert "hunter2" not in str(refused.value)


def test_actions_need_a_browser() -> None:
    with pytest.raises(ConfigError, match='leave out render="never"'):
        ScrapingConfig.build(actions=[{"click": "a"}], render="never")


def test_a_page_after_other_actions_is_another_page() -> None:
    def identity(*actions: object) -> RequestIdentity:
        return RequestIdentity.of(ScrapingConfig.build(actions=list(actions)))

    assert identity(*ALL).is_secret  # what is filled in may be a password
    assert not identity({"click": "a"}).is_secret
    assert len({identity().digest, identity({"click": "a"}).digest, identity(ALL[0]).digest}) == 3


def test_a_command_takes_them_as_json_and_from_a_file(tmp_path: Path) -> None:
    steps = tmp_path / "steps.json"
    steps.write_text(json.dumps(ALL[1:]))

    config = config_from_options(action=['{"click": "#more"}', f"@{steps}"])

    assert config == ScrapingConfig.build(actions=ALL)
    with pytest.raises(ConfigError, match="cannot be read"):
        config_from_options(action=["@/no/such/file"])
    with pytest.raises(ConfigError, match="not written as JSON"):
        config_from_options(action=["click #more"])
    with pytest.raises(ConfigError, match="--action"):
        config_from_options(action=["7"])
