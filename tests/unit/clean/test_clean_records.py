"""Records cleaned and validated, with a report."""

from __future__ import annotations

import json
from typing import Any

import pytest

from scrapeq import clean
from scrapeq.clean import CleaningRules, CleanResult, clean_records, is_result
from scrapeq.clean.report import LISTED
from scrapeq.errors import ConfigError, InputError


def test_texts_are_cleaned_everywhere_and_the_original_is_left_alone():
    record = {"title": " a\u200b ", "more": {"tags": ["x\0", 5, None]}, "empty": "  ", "n": 1.5}

    result = clean_records(record)

    assert result.data == {"title": "a", "more": {"tags": ["x", 5, None]}, "empty": None, "n": 1.5}
    assert record["title"] == " a\u200b "
    assert result.report.counts == {
        "invisible": 1,
        "white_space": 2,
        "control_characters": 1,
        "emptied": 1,
    }
    assert result.report.changes[0].row is None


def test_clean_records_come_back_equal_with_an_empty_report():
    records: list[dict[str, object]] = [{"a": "x", "b": [1]}, {"a": None}]

    result = clean_records(records)

    assert result.data == records
    assert result.to_json() == {
        "data": records,
        "report": {"counts": {}, "changes": [], "not_listed": 0, "by_field": []},
    }


def test_dates_are_read_with_the_evidence_of_their_column():
    result = clean_records(
        [
            {"day": "05/06/2024"},
            {"day": "25/06/2024"},
            {"day": None},
            {"day": "soon"},
            {"day": True},
        ],
        {"dates": ["day"]},
    )

    days = [record["day"] for record in result.data]
    assert days == ["2024-06-05", "2024-06-25", None, "soon", True]
    assert result.report.counts == {"date": 2, "not_a_date": 2}


def test_an_ambiguous_date_stays_and_is_reported():
    result = clean_records({"day": "05/06/2024"}, {"dates": ["day"]})

    assert result.data == {"day": "05/06/2024"}
    (change,) = result.report.changes
    assert (change.field, change.change, change.before) == ("day", "ambiguous_date", "05/06/2024")
    assert "day_first=True" in change.reason


def test_prices_become_amounts_with_their_currency_beside():
    result = clean_records(
        [
            {"price": "€ 1.234"},
            {"price": "12,50 €"},
            {"price": 7},
            {"price": "100 kr"},
            {"price": "$5", "price_currency": "CAD"},
            {"price": "call us"},
        ],
        CleaningRules(prices=("price",)),
    )

    assert [(one["price"], one.get("price_currency")) for one in result.data] == [
        (1234, "EUR"),
        (12.5, "EUR"),
        (7, None),
        (100, None),
        (5, "USD"),
        ("call us", None),
    ]
    assert result.report.counts == {
        "price": 4,
        "ambiguous_currency": 1,
        "currency": 1,
        "not_a_price": 1,
    }


def test_numbers_are_read_with_the_evidence_of_their_column():
    result = clean_records(
        [{"n": "1.234"}, {"n": "-12,5"}, {"n": 3}, {"n": "many"}], {"numbers": ["n"]}
    )
    alone = clean_records({"n": "1.234"}, {"numbers": ["n"]})
    told = clean_records({"n": "1.234"}, {"numbers": ["n"], "decimal": "."})

    assert [record["n"] for record in result.data] == [1234, -12.5, 3, "many"]
    assert alone.data == {"n": "1.234"}
    assert alone.report.counts == {"ambiguous_number": 1}
    assert told.data == {"n": 1.234}


def test_urls_become_canonical():
    result = clean_records(
        [{"u": "HTTPS://Example.COM/a/../b#x"}, {"u": "mailto:x"}, {"u": "https://a.example/"}],
        {"urls": ["u"]},
    )

    assert [one["u"] for one in result.data] == [
        "https://example.com/b",
        "mailto:x",
        "https://a.example/",
    ]
    assert result.report.counts == {"url": 1, "not_a_url": 1}


def test_records_without_required_fields_are_dropped_with_their_row():
    result = clean_records(
        [{"a": 1, "b": 0}, {"a": " ", "b": 1}, {"b": 2}], {"required": ["a", "b"]}
    )

    assert result.data == [{"a": 1, "b": 0}]
    assert [(one.row, one.change) for one in result.report.changes if not one.field] == [
        (1, "dropped_required"),
        (2, "dropped_required"),
    ]


def test_equal_records_are_kept_once():
    records = [{"a": "x", "b": 1}, {"b": 1, "a": " x"}, {"a": "x", "b": 2}]

    whole = clean_records(records, {"duplicates": True})
    by_name = clean_records(records, {"duplicates": ["a"]})

    assert whole.data == [records[0], records[2]]
    assert by_name.data == [records[0]]
    assert by_name.report.changes[-1].reason == "equal to record 0"


def test_a_single_record_may_be_dropped():
    assert clean_records({"a": ""}, {"required": ["a"]}).data is None
    assert clean_records([]).data == []


def test_a_long_report_is_listed_in_part_and_counted_in_full():
    report = clean_records([{"a": " x"}] * (LISTED + 5)).report

    assert len(report.changes) == LISTED
    assert report.not_listed == 5
    assert report.counts == {"white_space": LISTED + 5}


def test_the_report_shows_excerpts_that_can_be_written():
    record = {"a": "\ud800" + "x" * 500}

    said = json.dumps(clean_records(record).to_json(), ensure_ascii=False).encode()

    assert b"\\\\ud800x" in said
    assert len(said) < 1200


@pytest.mark.parametrize("data", [None, "text", 5, ["text"], [{"a": 1}, None]])
def test_what_is_no_record_is_refused(data):
    with pytest.raises(InputError, match=r"cannot be read|record \d is"):
        clean_records(data)


@pytest.mark.parametrize(
    ("rules", "says"),
    [
        ({"date": ["a"]}, "date"),
        ({"decimal": ";"}, "decimal"),
        ({"currency": "euro"}, "currency"),
        ({"dates": "day"}, "dates"),
    ],
)
def test_a_wrong_rule_is_named(rules, says):
    with pytest.raises(ConfigError, match=rf"{says}.*the rules are|{says}.*The rules are"):
        clean_records({}, rules)


def test_rules_by_names_go_by_the_last_word_of_a_name():
    names = ["Price", "product_price", "createdAt", "updated_at", "at", "link", "imageURL", "qty"]

    rules = CleaningRules.by_names([dict.fromkeys(names, "x"), {"url": "x"}])

    assert rules.prices == ("Price", "product_price")
    assert rules.dates == ("createdAt", "updated_at")
    assert rules.urls == ("link", "imageURL", "url")
    assert rules.numbers == ("qty",)
    assert not rules.duplicates


def test_a_result_is_told_from_a_record():
    result = clean_records({"a": " b "}).to_json()

    assert is_result(result)
    assert not is_result({"data": 1, "report": "annual"})
    assert not is_result([result])


CONTACTS: list[dict[str, Any]] = [
    {"phone": "030 901820", "size": "1,5 m", "tags": ["<b>a</b>", "b"], "day": "05/06/2024"},
    {"phone": "+33 1 44 55 66 77", "size": "80 cm", "tags": [], "day": "25/06/2024"},
    {"phone": "call us", "size": None, "tags": None, "day": None},
]
FIELDS = {
    "phone": {"name": "phone", "options": {"region": "DE"}},
    "size": clean.quantity.with_options(unit="cm"),
    "tags": "plain_text",
    "day": ["date"],
    "missing": "url",
}


def test_a_field_has_rules_of_its_own():
    result = clean_records(CONTACTS, {"fields": FIELDS})

    assert result.data == [
        {"phone": "+4930901820", "size": 150, "tags": ["a", "b"], "day": "2024-06-05"},
        {"phone": "+33144556677", "size": 80, "tags": [], "day": "2024-06-25"},
        {"phone": "call us", "size": None, "tags": None, "day": None},
    ]
    assert result.report.counts == {
        "phone": 2,
        "not_a_phone": 1,
        "quantity": 2,
        "plain_text": 1,
        "date": 2,
    }
    assert json.loads(json.dumps(result.to_json())) == result.to_json()


def test_rules_of_fields_are_data_and_may_be_told_a_language():
    rules = CleaningRules.build({"fields": FIELDS, "locale": "de-AT"})

    assert rules.fields["day"] == ({"name": "date", "options": {}},)
    assert CleaningRules.build(json.loads(json.dumps(rules.model_dump()))) == rules
    told = clean_records(
        {"a": "1.234", "b": "5/6/2024", "c": "1.234", "d": "1.299 €"},
        {
            "fields": {"a": "number"},
            "dates": ["b"],
            "numbers": ["c"],
            "prices": ["d"],
            "locale": "de",
        },
    )
    assert told.data == {
        "a": 1234,
        "b": "2024-06-05",
        "c": 1234,
        "d": 1299,
        "d_currency": "EUR",
    }


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ({"fields": {"a": "prise"}}, "did you mean 'price'"),
        ({"fields": {"a": {"name": "price", "options": {"x": 1}}}}, "its options are"),
        ({"fields": ["a"]}, "write rules by field"),
        ({"locale": "klingon"}, "write a language"),
    ],
)
def test_wrong_rules_of_fields_are_named(rules, message):
    with pytest.raises(ConfigError, match=message):
        clean_records({"a": 1}, rules)


def test_what_was_cleaned_is_clean():
    rules = {
        "fields": {"q": "quantity", "p": "price", "l": "lines", "t": "datetime", "e": "plain_text"}
    }
    first = clean_records(
        {"q": "500 g", "p": "1.299,00 €", "l": "a\nb", "t": "2024-01-05 10:00", "e": "<br>"}, rules
    )

    assert first.data == {
        "q": {"amount": 0.5, "unit": "kg"},
        "p": 1299,
        "l": ["a", "b"],
        "t": "2024-01-05T10:00:00+00:00",
        "e": None,
    }
    again = clean_records(first.data, rules)
    assert again.data == first.data
    assert not again.report.counts


def test_the_report_is_a_table_of_changes_and_one_of_counts():
    report = clean_records([*CONTACTS, {"phone": "<script>"}], {"fields": FIELDS}).report

    changes, counts = report.to_frame(), report.counts_frame()

    assert changes.columns.tolist() == [
        *("row", "field", "rule", "change", "reason", "before", "after")
    ]
    assert changes.loc[0, ["row", "field", "rule", "before", "after"]].tolist() == [
        *(0, "phone", "phone", "030 901820", "+4930901820")
    ]
    assert counts["count"].sum() == len(changes) == report.counts.total()
    assert counts.iloc[0][["field", "rule", "change", "count"]].tolist() == [
        *("phone", "phone", "phone", 2)
    ]
    assert "<script>" not in report._repr_html_()
    assert repr(report).startswith("<Report 9 changes: phone 2")
    kept = CleanResult.from_json(json.loads(json.dumps({"data": None, "report": report.to_json()})))
    assert kept.report == report
    assert kept.report.counts_frame().equals(counts)
    empty = clean_records({}).report
    assert len(empty.to_frame()) == len(empty.counts_frame()) == 0
    assert repr(empty) == "<Report 0 changes>"


def test_addresses_are_known_by_the_name_of_their_field():
    record = {"contactEmail": "ann (at) example.org", "e_mail": "x@Example.ORG", "mailing": "a@b"}

    rules = CleaningRules.by_names(record)

    assert list(rules.fields) == ["contactEmail", "e_mail"]
    assert clean_records(record, rules).data == {
        "contactEmail": "ann@example.org",
        "e_mail": "x@example.org",
        "mailing": "a@b",
    }
