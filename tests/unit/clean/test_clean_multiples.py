"""Amounts that a letter, a word or a raised digit changes: right, or refused with a reason."""

from __future__ import annotations

import pytest

from scrapeq.clean.dates import parse_date
from scrapeq.clean.numbers import parse_number
from scrapeq.clean.prices import parse_price
from scrapeq.clean.report import Unread


@pytest.mark.parametrize(
    ("text", "amount", "currency"),
    [
        ("$1.2M", 1_200_000, "USD"),
        ("$10k", 10_000, "USD"),
        ("$10K", 10_000, "USD"),
        ("€2.5bn", 2_500_000_000, "EUR"),
        ("1,2 Mio. €", 1_200_000, "EUR"),
        ("3 Mrd. EUR", 3_000_000_000, "EUR"),
        ("£1.15 million", 1_150_000, "GBP"),
        ("€ 12⁹⁹", 12.99, "EUR"),
        ("12⁹⁹ €", 12.99, "EUR"),
        ("10 kr", 10, None),
        ("$12.50 each", 12.5, "USD"),
    ],
)
def test_what_is_meant(text, amount, currency):
    price = parse_price(text)

    assert not isinstance(price, Unread), price
    assert (price.amount, price.currency) == (amount, currency)


@pytest.mark.parametrize(
    "text", ["$10 m", "$5 k", "₹2 lakh", "₹3 crore", "$1T", "€ 12⁹", "$10⁹⁹⁹", "€2 Billionen"]
)
def test_what_is_not_clear_is_refused(text):
    price = parse_price(text)

    assert isinstance(price, Unread)
    assert price.change == "ambiguous_price"


def test_a_power_is_no_longer_number():
    assert isinstance(parse_number("10⁶"), Unread)
    assert isinstance(parse_number("1.2M"), Unread)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2024-03-05 10:00:00 UTC", "2024-03-05T10:00:00+00:00"),
        ("2024-03-05 10:00:00 GMT", "2024-03-05T10:00:00+00:00"),
        ("2024-03-05 10:00 EST", "2024-03-05T10:00:00-05:00"),
        ("5 March 2024 10:00 PDT", "2024-03-05T10:00:00-07:00"),
        ("2024-03-05 10:00 CET", "2024-03-05T10:00:00+01:00"),
        ("Tue, 05 Mar 2024 10:00:00 JST", "2024-03-05T10:00:00+09:00"),
    ],
)
def test_a_zone_by_name_keeps_the_time(text, meant):
    assert parse_date(text) == meant


def test_a_zone_whose_name_means_several_is_refused():
    for text in ("2024-03-05 10:00 IST", "2024-03-05 10:00 CST", "Tue, 05 Mar 2024 10:00:00 IST"):
        assert isinstance(parse_date(text), Unread)
