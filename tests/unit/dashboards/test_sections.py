"""Strangers' words in the dashboard's parts are text."""

from __future__ import annotations

import html
import json
import re

from scrapeq.dashboards import frames_choice

EVIL = "\"'><img src=x onerror=alert(1)>\u202e"


def test_a_table_is_chosen_by_its_very_name_whatever_that_is():
    options = frames_choice([(EVIL, EVIL, 1_000), ("firms", "link", 3)])

    values = [html.unescape(value) for value in re.findall(r'value="([^"]*)"', options)]
    assert [json.loads(value) for value in values] == [[EVIL, EVIL], ["firms", "link"]]
    assert "<img" not in options
    assert "\u202e" not in options.replace(values[0], "")
    assert "firms · link (3 rows)" in options
