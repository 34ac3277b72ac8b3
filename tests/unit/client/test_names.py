"""A batch's name that cannot be one: what is wrong with it is said."""

from __future__ import annotations

from typing import Any

import pytest

import scrapeq as sq


@pytest.mark.parametrize(
    ("name", "says"),
    [
        (7, "the name is 7, which is no text; write it in quotes: name='7'"),
        ("  ", "the name is empty"),
        ("x" * 201, "the name has 201 characters; write one of at most 200"),
        ("a\0b", "the name 'a\\x00b' has a character that no database keeps; leave out NUL"),
        ("a\ud800", "the name 'a\\ud800' has a character that no database keeps; leave out NUL"),
    ],
)
def test_what_is_wrong_with_a_name_is_said(name: Any, says: str):
    nobody: Any = object()  # it is refused before a queue is asked for anything

    with pytest.raises(sq.ScrapeqError) as refused:
        sq.scrape(["http://x.de/"], name=name, queue=nobody)

    assert says in str(refused.value)
