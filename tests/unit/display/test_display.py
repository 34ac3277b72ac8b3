"""What a cell or a terminal shows, and what strangers' words cannot do to it."""

from __future__ import annotations

import re
import subprocess
import sys
from html.parser import HTMLParser

import pytest

from scrapeq.display import Group, card, count, listed, plain, quoted, seconds, text_bar


def test_names_in_a_sentence_are_few_short_and_the_nearest_first():
    names = [
        "tea",
        "coffee",
        *(f"run {number}" for number in range(1_000)),
        "coffees",
        "x" * 10_000,
    ]

    assert listed(["b", "a"]) == "'b', 'a'"
    assert listed(names).startswith("'tea', 'coffee', 'run 0'")
    near = listed(names, near="Cofee")
    assert near.startswith("'coffee', 'coffees', ")
    assert near.endswith(" and 996 more")
    assert len(listed(["x" * 10_000] * 50, near="x" * 100_000)) < 800
    assert listed(["a\nb\u202e"]) == "'a b\ufffd'"
    assert quoted("a" * 1_000) == f"'{'a' * 79}…'"


@pytest.mark.parametrize(
    ("duration_s", "said"),
    [
        (None, "–"),
        (float("nan"), "–"),
        (float("inf"), "∞"),
        (0, "0 ms"),
        (0.0124, "12 ms"),
        (0.9996, "1.0 s"),
        (9.96, "10 s"),
        (59.6, "1 min 00 s"),
        (61, "1 min 01 s"),
        (7500, "2 h 05 min"),
        (90_000, "1 d 01 h"),
        (-3, "−3.0 s"),
    ],
)
def test_durations_are_said_as_people_say_them(duration_s, said):
    assert seconds(duration_s) == said


def test_counts_have_their_thousands_apart():
    assert count(1234567) == "1,234,567"


def test_strangers_words_stay_on_one_line_and_in_order():
    assert plain("a\nb\t c") == "a b c"
    assert plain("user\u202egpj.exe\x1b[31m") == "user\ufffdgpj.exe\ufffd[31m"
    assert plain("\ud800") == "\ufffd"
    assert plain("x" * 500, limit=10) == "x" * 9 + "…"


def test_bar_shows_every_count_and_never_overflows():
    bar = text_bar({"completed": 50, "failed": 1, "running": 0}, total=1000, width=20)

    assert bar == "█▓·················· 50 completed · 1 failed of 1,000"
    assert text_bar({}, total=0, width=4) == "···· nothing yet of 0"
    assert text_bar({"a": 999, "b": 1}, width=10).startswith("██████████ ")


class Tags(HTMLParser):
    """The elements and attributes of a page, and its text."""

    def __init__(self, html):
        super().__init__()
        self.names, self.attributes, self.text = set(), set(), ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.names.add(tag)
        self.attributes.update(name for name, _ in attrs)

    def handle_data(self, data):
        self.text += data


def test_card_says_what_it_was_given():
    html = card("firms (run 2)", {"rate": "12 a second"}, {"completed": 812, "failed": 13}, "done")
    seen = Tags(html)

    for words in ("firms (run 2)", "rate", "12 a second", "812 completed", "13 failed", "done"):
        assert words in seen.text
    assert "width:98.424%" in html


def test_card_without_a_bar_or_with_an_empty_one():
    assert "role=" not in card("job", {})
    assert "nothing yet" in card("job", {}, {})


def test_a_card_of_something_that_is_away_is_grey_and_says_so():
    html = card("firms", {}, {}, corner="62 %", away="no workers")

    assert "grayscale" in html
    assert "no workers" in Tags(html).text
    assert "62 %" not in html
    assert "grayscale" not in card("firms", {}, {}, corner="62 %")


def test_actions_are_buttons_that_carry_their_name():
    html = card("firms", {}, actions={"pause": "Pause"})

    assert '<button type="button" data-action="pause"' in html
    assert "Pause" in Tags(html).text
    assert "button" not in card("firms", {})


def test_a_group_opens_with_a_click_and_needs_no_script():
    html = card(
        "firms", {}, groups=[Group("dns", "12 unknown to DNS", [("http://x", "row 3")], "…")]
    )

    assert '<details data-group="dns">' in html
    assert "12 unknown to DNS</summary>" in html
    assert all(words in Tags(html).text for words in ("http://x", "row 3", "…"))
    assert "<script" not in html


def test_sparks_have_the_height_of_their_share_and_the_smallest_can_be_seen():
    html = card("firms", {"speed": "4 pages/s"}, sparks={"speed": [0, 5, 10, 0.01]})

    assert re.findall(r"width:3px;height:(\d+)%", html) == ["0", "50", "100", "6"]
    assert "width:3px" not in card("firms", {"speed": "4 pages/s"}, sparks={"speed": []})


def test_nothing_a_stranger_wrote_becomes_markup():
    payload = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{ 7*7 }}\u202e"

    html = card(payload, {payload: payload}, {payload: 3}, payload, corner=payload)
    html += card(payload, {}, away=payload, reason=payload)
    html += card(payload, {}, groups=[Group(payload, payload, [(payload, payload)], payload)])
    seen = Tags(html)

    assert seen.names == {"div", "span", "details", "summary"}
    assert seen.attributes <= {"style", "title", "role", "aria-label", "data-group"}
    assert "{{ 7*7 }}" in seen.text
    assert "\u202e" not in html


def test_nothing_heavy_is_loaded_before_a_card_is_drawn():
    code = "import sys, scrapeq.display; sys.exit('jinja2' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
