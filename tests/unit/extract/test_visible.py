"""What a language model gets of a page: what a person reads."""

from __future__ import annotations

import pytest

from scrapeq.extract.visible import text_in


@pytest.mark.parametrize(
    "text", ["", "Plain words.", "a < b and c > d", "1 <2> 3", "x <- f(y)", "# Title\n\n*markdown*"]
)
def test_text_stays_as_it_is(text):
    assert text_in(text) == text


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<p>One</p><p>Two</p>", "One\nTwo"),
        ("Hello <b>there</b>", "Hello there"),
        ("<script>steal()</script>Hello", "Hello"),
        ("<script>never closed", ""),
        ("<html><style>p {}</style><body>Hello", "Hello"),
        ("<!DOCTYPE html><title>T</title>Hello", "Hello"),
    ],
)
def test_of_markup_the_text_stays(markup, text):
    assert text in text_in(markup)
    for word in ("steal", "never closed", "p {}", "<"):
        assert word not in text_in(markup)


def test_markup_that_no_person_wrote_loses_no_text():
    assert "deep" in text_in("<div>" * 20_000 + "deep" + "</div>" * 20_000)
