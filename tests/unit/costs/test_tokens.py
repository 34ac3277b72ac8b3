"""Tokens are estimated near what tokenizers count, and bounded above it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrapeq.costs.tokens import likely_tokens, most_tokens

ENGLISH = "The harbour was built in the ninth century, and rebuilt twice after storms. " * 20


def test_english_prose_is_about_four_characters_a_token():
    assert 3.3 < len(ENGLISH) / likely_tokens(ENGLISH) < 4.5


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [
        ("你好，我的名字是", 5, 9),
        ("Привет, меня зовут", 5, 10),
        ("Árvíztűrő tükörfúrógép", 7, 15),
        ("1234567890", 4, 7),
    ],
)
def test_other_scripts_are_more_tokens_for_a_character(text, least, most):
    assert least <= likely_tokens(text) <= most


def test_no_text_is_no_token():
    assert likely_tokens("") == 0


@given(st.text(max_size=300), st.text(max_size=300))
def test_the_bound_is_above_the_estimate_and_grows_with_the_text(one, other):
    assert most_tokens(one) > likely_tokens(one)
    assert likely_tokens(one + other) >= max(likely_tokens(one), likely_tokens(other))
    assert most_tokens(one, other) == most_tokens(one) + most_tokens(other)
