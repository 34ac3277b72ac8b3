"""Texts and plain data as values of a type."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrapeq.clean.report import Unread
from scrapeq.models.record import FieldType
from scrapeq.records.types import to_json, typed

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
PLAIN = [one for one in FieldType if one is not FieldType.RECORD]


@pytest.mark.parametrize(
    ("value", "kind", "expected"),
    [
        ("Shoe", FieldType.TEXT, "Shoe"),
        (12.5, FieldType.TEXT, "12.5"),
        (True, FieldType.TEXT, "true"),
        ("1,299", FieldType.INTEGER, Unread),
        ("1 299", FieldType.INTEGER, 1299),
        ("12.0", FieldType.INTEGER, 12),
        ("12.5", FieldType.INTEGER, Unread),
        ("3,5", FieldType.NUMBER, 3.5),
        (7, FieldType.NUMBER, 7.0),
        (float("inf"), FieldType.NUMBER, Unread),
        ("12.50", FieldType.DECIMAL, Decimal("12.50")),
        ("1.299,00 €", FieldType.DECIMAL, Decimal("1299.0")),
        ("1.299", FieldType.DECIMAL, Unread),
        (19.99, FieldType.DECIMAL, Decimal("19.99")),
        ("soon", FieldType.DECIMAL, Unread),
        (True, FieldType.DECIMAL, Unread),
        ("Yes", FieldType.FLAG, True),
        ("nein", FieldType.FLAG, False),
        (0, FieldType.FLAG, False),
        ("perhaps", FieldType.FLAG, Unread),
        ("3 May 2024", FieldType.DATE, date(2024, 5, 3)),
        ("2024-05-03T10:00:00+02:00", FieldType.DATE, date(2024, 5, 3)),
        ("05/06/2024", FieldType.DATE, Unread),
        ("2024-05-03", FieldType.TIME, datetime(2024, 5, 3, tzinfo=UTC)),
        ("2024-05-03T10:00:00+02:00", FieldType.TIME, datetime(2024, 5, 3, 8, tzinfo=UTC)),
        ([1], FieldType.JSON, [1]),
        (10**400, FieldType.NUMBER, Unread),
        (10**400, FieldType.INTEGER, 10**400),
        ("1e30", FieldType.INTEGER, Unread),
        ("mailto:a@b", FieldType.URL, Unread),
        ("https://h/", FieldType.URL, "https://h/"),
    ],
)
def test_a_value_is_read_or_it_is_told_why_not(value, kind, expected):
    found = typed(value, kind)

    if expected is Unread:
        assert isinstance(found, Unread)
    else:
        assert (found, type(found)) == (expected, type(expected))


def test_a_choice_is_found_whatever_its_case():
    assert typed("red ", FieldType.CHOICE, ("Red", "Blue")) == "Red"
    assert typed(2, FieldType.CHOICE, (1, 2)) == 2
    assert isinstance(typed("green", FieldType.CHOICE, ("Red",)), Unread)


@given(value=JSON, kind=st.sampled_from(PLAIN))
def test_nothing_that_a_page_may_say_raises(value, kind):
    found = typed(value, kind, ("a", "b"))

    if not isinstance(found, Unread):
        assert type(to_json(found)) in {str, int, float, bool, list, dict, type(None)}
