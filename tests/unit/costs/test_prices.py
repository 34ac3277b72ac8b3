"""Prices: of a model that is known, by hand, and of one that nobody knows."""

from __future__ import annotations

import sys

import pytest

from scrapeq.costs.prices import NANO, Pricing
from scrapeq.errors import ConfigError
from scrapeq.settings import load_settings


def test_a_known_model_has_its_list_price():
    assert Pricing().cost_nano("gpt-4o-mini", 1_000_000, 1_000_000) == round(0.75 * NANO)


def test_what_the_endpoint_had_read_before_is_cheaper():
    full = Pricing().cost_nano("gpt-4o-mini", 10_000, 0)

    assert full > Pricing().cost_nano("gpt-4o-mini", 10_000, 0, cached_tokens=8_000) > 0


def test_a_known_model_behind_a_gateway_has_the_same_price():
    gateway = Pricing(base_url="http://127.0.0.1:4000/v1")

    assert gateway.cost_nano("gpt-4o-mini", 1000, 10) == Pricing().cost_nano(
        "gpt-4o-mini", 1000, 10
    )


def test_a_model_that_nobody_knows_has_no_price():
    assert Pricing(base_url="http://127.0.0.1:8080/v1").cost_nano("my-own-7b", 1000, 10) is None


def test_a_price_by_hand_holds_for_every_model():
    settings = load_settings(SCRAPEQ_AI_INPUT_PRICE=0.5, SCRAPEQ_AI_OUTPUT_PRICE=2)
    pricing = Pricing.of(settings)

    assert pricing.cost_nano("my-own-7b", 1_000_000, 500_000) == round(1.5 * NANO)
    assert pricing.cost_nano("gpt-4o-mini", 1_000_000, 500_000) == round(1.5 * NANO)


def test_half_a_price_is_refused():
    with pytest.raises(ConfigError, match="SCRAPEQ_AI_OUTPUT_PRICE"):
        load_settings(SCRAPEQ_AI_INPUT_PRICE=0.5)


def test_without_the_list_no_price_is_known(monkeypatch):
    monkeypatch.setitem(sys.modules, "genai_prices", None)

    assert Pricing().cost_nano("gpt-4o-mini", 1000, 10) is None
    assert Pricing(None, 1, 1).cost_nano("gpt-4o-mini", 1000, 0) == 1_000_000
