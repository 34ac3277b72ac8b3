"""What a batch's questions cost, as it shows itself."""

from __future__ import annotations

import pytest

from scrapeq.models.ai_cost import AICost, dollars


def test_a_cost_shows_money_calls_tokens_and_what_was_saved():
    cost = AICost(calls=3, cached=2, input_tokens=3000, output_tokens=60, cost_nano=4_200_000)

    assert cost.tokens == 3060
    assert cost.usd == pytest.approx(0.0042)
    assert repr(cost) == "<AICost 0.0042 USD, 3 calls, 3,060 tokens, 2 cached>"
    assert "answered from the record" in cost._repr_html_()


def test_a_price_that_is_not_known_is_no_zero():
    cost = AICost(calls=2, unpriced=2, input_tokens=10)

    assert cost.usd is None
    assert "price not known" in repr(cost)
    assert "SCRAPEQ_AI_INPUT_PRICE" in cost._repr_html_()


def test_calls_with_a_price_are_counted_beside_some_without():
    cost = AICost(calls=3, unpriced=1, cost_nano=1_000_000_000)

    assert cost.usd == 1.0
    assert "1 without a known price" in repr(cost)


def test_a_budget_says_what_is_left():
    cost = AICost(calls=1, cost_nano=1_500_000_000, budget_usd=2.0)

    assert cost.left_usd == pytest.approx(0.5)
    assert "1.50 USD of 2.00 USD" in repr(cost)


def test_calls_without_an_answer_are_told():
    assert "lost their worker" in AICost(unknown=1, cost_nano=5)._repr_html_()


def test_nothing_costs_nothing():
    assert AICost().usd == 0.0


@pytest.mark.parametrize(
    ("usd", "words"),
    [(0, "0.00 USD"), (2, "2.00 USD"), (1234.5, "1,234.50 USD"), (0.0123, "0.012 USD")],
)
def test_an_amount_has_the_digits_that_say_something(usd, words):
    assert dollars(usd) == words
