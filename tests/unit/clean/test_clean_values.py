"""Numbers, prices and dates as people write them."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrapeq.clean.dates import parse_date, shown_order
from scrapeq.clean.numbers import parse_number, shown_mark
from scrapeq.clean.prices import Price, parse_price
from scrapeq.clean.report import Unread


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", 12),
        ("-5", -5),
        ("5-", -5),
        ("(1,234.5)", -1234.5),
        ("−3", -3),
        ("+7", 7),
        ("12,5", 12.5),
        ("0,123", 0.123),
        ("1234,567", 1234.567),
        ("1,2345", 1.2345),
        (".5", 0.5),
        ("1,234.56", 1234.56),
        ("1.234,56", 1234.56),
        ("1.234.567", 1234567),
        ("1,234,567", 1234567),
        ("1 234,56", 1234.56),
        ("1\u202f234\xa0567", 1234567),
        ("1'234.5", 1234.5),
        ("1’234", 1234),
        ("1,23,456.78", 123456.78),
        ("1e5", 100000.0),
        ("١٢٣٫٥", 123.5),
        ("１２", 12),
    ],
)
def test_numbers_are_read_in_every_countrys_way(text, value):
    assert parse_number(text) == value
    assert type(parse_number(text)) is type(value)


@pytest.mark.parametrize("text", ["1,234", "1.234", "-12.345"])
def test_one_sign_before_three_digits_needs_to_be_told(text):
    assert parse_number(text).change == "ambiguous_number"
    comma, dot = parse_number(text, ","), parse_number(text, ".")
    assert {abs(comma / dot), abs(dot / comma)} == {1000, 0.001}


@pytest.mark.parametrize(
    "text",
    ["", "abc", "1.2.2024", "12 34", "1,23,45", "12 %", "--5", ",", "9" * 50, "1e999", "1.2,3.4"],
)
def test_what_is_no_number_is_not_read(text):
    assert parse_number(text).change == "not_a_number"


@given(st.integers(-(10**15), 10**15), st.integers(0, 99))
def test_formatted_numbers_are_read_back(whole, cents):
    text = f"{whole:,}.{cents:02}"
    continental = text.translate(str.maketrans(",.", ".,"))

    value = float(f"{whole}.{cents:02}")

    assert parse_number(text) == value
    assert parse_number(continental) == value


def test_the_decimal_sign_is_shown_by_other_numbers():
    assert shown_mark(["1.234", "12,5"]) == ","
    assert shown_mark(["1.234", "1,234,567"]) == "."
    assert shown_mark(["1.234", "5"]) is None
    assert shown_mark(["12,5", "12.5"]) is None


@pytest.mark.parametrize(
    ("text", "amount", "currency"),
    [
        ("€ 1.234,56", 1234.56, "EUR"),
        ("$1,234.56", 1234.56, "USD"),
        ("1 234,56 zł", 1234.56, "PLN"),
        ("USD 12", 12, "USD"),
        ("12,- €", 12, "EUR"),
        ("CHF 1'234.50", 1234.5, "CHF"),
        ("$1,234", 1234, "USD"),
        ("R$ 1.234", 1234, "BRL"),
        ("From $12.00 each", 12, "USD"),
        ("12,50 € inkl. 19 % MwSt.", 12.5, "EUR"),
        ("-€5", -5, "EUR"),
        ("€-5", -5, "EUR"),
        ("US$ 1,200.50 USD", 1200.5, "USD"),
        ("$5 CAD", 5, "CAD"),
        ("₹1,00,000.00", 100000, "INR"),
        ("5.99£", 5.99, "GBP"),
        ("１２\xa0€", 12, "EUR"),
        ("12.50", 12.5, None),
    ],
)
def test_prices_are_an_amount_and_a_currency(text, amount, currency):
    assert parse_price(text) == Price(amount, currency)


@pytest.mark.parametrize(
    ("text", "change"),
    [
        ("$10 - $20", "ambiguous_price"),
        ("€ 1.234", "ambiguous_price"),
        ("$1.234", "ambiguous_price"),
        ("free", "not_a_price"),
        ("Article 4 costs", "not_a_price"),
        ("€" + " " * 400 + "5", "not_a_price"),
    ],
)
def test_prices_are_not_guessed(text, change):
    assert parse_price(text).change == change


def test_what_is_known_beforehand_settles_a_price():
    assert parse_price("€ 1.234", decimal=",") == Price(1234, "EUR")
    assert parse_price("100 kr") == Price(100, None, "kr")
    assert parse_price("100 kr", currency="SEK") == Price(100, "SEK")
    assert parse_price("$100", currency="CAD") == Price(100, "CAD")
    assert parse_price("$100", currency="SEK") == Price(100, "USD")
    assert parse_price("100", currency="SEK") == Price(100, "SEK")


@pytest.mark.parametrize(
    ("value", "iso"),
    [
        ("2024-01-05", "2024-01-05"),
        ("20240105", "2024-01-05"),
        ("2024-01-05T10:00:00Z", "2024-01-05T10:00:00+00:00"),
        ("2024-01-05 10:30", "2024-01-05T10:30:00"),
        ("Mon, 05 Jan 2024 10:00:00 GMT", "2024-01-05T10:00:00+00:00"),
        ("5.1.2024", "2024-01-05"),
        ("05.06.2024 14:30", "2024-06-05T14:30:00"),
        ("25/06/2024", "2024-06-25"),
        ("06/25/2024", "2024-06-25"),
        ("05/05/2024", "2024-05-05"),
        ("2024/1/5", "2024-01-05"),
        ("January 5, 2024", "2024-01-05"),
        ("Jan 5, 2024 10:30 PM", "2024-01-05T22:30:00"),
        ("Friday, 5th January 2024 at 12:00 am", "2024-01-05T00:00:00"),
        ("5 de enero de 2024", "2024-01-05"),
        ("5. Januar 2024", "2024-01-05"),
        ("1er janvier 2024", "2024-01-01"),
        ("12 marca 2023", "2023-03-12"),
        ("5 янв. 2024 г.", "2024-01-05"),
        ("25 d’abril de 2024", "2024-04-25"),
        ("2024年1月5日", "2024-01-05"),
        ("Sat 5 Oct 2024 12:00 +0200", "2024-10-05T12:00:00+02:00"),
        (1704412800, "2024-01-05T00:00:00+00:00"),
        (1704412800123, "2024-01-05T00:00:00.123+00:00"),
    ],
)
def test_dates_become_iso_8601(value, iso):
    assert parse_date(value) == iso


@pytest.mark.parametrize(
    ("value", "change"),
    [
        ("05/06/2024", "ambiguous_date"),
        ("05.06.24", "ambiguous_date"),
        ("5 listopad 2024", "ambiguous_date"),  # November in Polish, October in Croatian
        ("31/02/2024", "not_a_date"),
        ("2024-13-01", "not_a_date"),
        ("May 2024", "not_a_date"),
        ("Posted on 5 March 2021 by Joe", "not_a_date"),
        ("yesterday", "not_a_date"),
        ("5 March 2021 at 25:00", "not_a_date"),
        ("", "not_a_date"),
        ("1" * 500, "not_a_date"),
        (5, "not_a_date"),
        (float("nan"), "not_a_date"),
    ],
)
def test_dates_are_not_guessed(value, change):
    assert parse_date(value).change == change


def test_the_order_of_day_and_month_is_told_or_shown():
    assert parse_date("05/06/2024", day_first=True) == "2024-06-05"
    assert parse_date("05/06/2024", day_first=False) == "2024-05-06"
    assert shown_order(["05/06/2024", "25/06/2024", None, 5]) is True
    assert shown_order(["06/25/2024"]) is False
    assert shown_order(["25/06/2024", "06/25/2024"]) is None
    assert shown_order(["25.06.2024", "2024-06-25"]) is None


@given(st.dates(dt.date(1000, 1, 1)), st.sampled_from(["%d %B %Y", "%B %d, %Y", "%d.%m.%Y"]))
def test_every_day_is_read(day, written):
    assert parse_date(day.strftime(written)) == day.isoformat()


@given(st.text())
def test_no_text_breaks_a_reader(text):
    assert isinstance(parse_date(text), (str, Unread))
    assert isinstance(parse_number(text), (int, float, Unread))
    assert isinstance(parse_price(text), (Price, Unread))
