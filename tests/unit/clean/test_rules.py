"""Rules for single values: what each reads, what it leaves, and how it travels."""

from __future__ import annotations

import datetime as dt
import json
import pickle
from decimal import Decimal

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import scrapeq as sq
from scrapeq.clean import RULES, Rule, Unread, rule_of
from scrapeq.clean.quantities import UNITS, Quantity
from scrapeq.clean.rule import as_json
from scrapeq.errors import ConfigError

clean = sq.clean


@pytest.mark.parametrize(
    ("rule", "written", "value"),
    [
        (clean.text, " Caf\u0065\u0301\u200b \r\n\n\n at\xa0home ", "Café\n\n at home"),
        (clean.text, 5, "5"),
        (clean.line, "a\n b\t c", "a b c"),
        (clean.lines, "a\n\n b \n", ["a", "b"]),
        (
            clean.plain_text,
            "<p>Tea &amp;amp; <b>more</b><br>5 &lt; 6</p><!-- x -->",
            "Tea & more\n5 < 6",
        ),
        (clean.plain_text, "<script>a<b</script>x <y> &nbsp;z", "x <y> z"),
        (clean.plain_text, "&lt;p&gt;a&lt;/p&gt;", "a"),
        (clean.plain_text, "a<style>b</style>c<!-- d -->e<script>f", "a c ef"),
        (clean.plain_text, "<script>a</STYLE></script >b <!-- <script> --> c", "b c"),
        (clean.number, "1 234,5", 1234.5),
        (clean.number, Decimal("7"), 7),
        (clean.integer, "1.234.567", 1234567),
        (clean.integer, 5.0, 5),
        (clean.percent, "12,5 %", 12.5),
        (clean.percent, "%7", 7),
        (clean.percent, "30 Prozent", 30),
        (clean.percent, 12.5, 12.5),
        (clean.price, "1.299,00 €", Decimal("1299.00")),
        (clean.price, "from $1,234", Decimal(1234)),
        (clean.price, 12.5, Decimal("12.5")),
        (clean.price, "1,2 Mio. €", Decimal(1200000)),
        (clean.currency, "CHF 12.50", "CHF"),
        (clean.currency, "€", "EUR"),
        (clean.currency, "japanischer yen", "JPY"),
        (clean.date, "3. März 2025", dt.date(2025, 3, 3)),
        (clean.date, dt.datetime(2025, 3, 3, 5), dt.date(2025, 3, 3)),
        (clean.datetime, "2025-03-03T10:00+02:00", dt.datetime(2025, 3, 3, 8, tzinfo=dt.UTC)),
        (clean.datetime, "2025-03-03 10:00", dt.datetime(2025, 3, 3, 10, tzinfo=dt.UTC)),
        (clean.datetime, 1700000000, dt.datetime(2023, 11, 14, 22, 13, 20, tzinfo=dt.UTC)),
        (clean.quantity, "1,5 kg", Quantity(Decimal("1.5"), "kg")),
        (clean.quantity, "ca. 500g (netto)", Quantity(Decimal("0.5"), "kg")),
        (clean.quantity, "5'11\"", Quantity(Decimal("1.8034"), "m")),
        (clean.quantity, "5 ft 11 in", Quantity(Decimal("1.8034"), "m")),
        (clean.quantity, "1 Std. 30 Min.", Quantity(Decimal(5400), "s")),
        (clean.quantity, "5 lb (2.27 kg)", Quantity(Decimal("2.26796185"), "kg")),
        (clean.quantity, "-40 °F", Quantity(Decimal(-40), "°C")),
        (clean.quantity, "1½ L", Quantity(Decimal("1.5"), "l")),
        (clean.quantity, "85 m²", Quantity(Decimal(85), "m²")),
        (clean.quantity, "3 kWh", Quantity(Decimal(3000), "Wh")),
        (clean.phone, "+49 (0)30 / 901820", "+4930901820"),
        (clean.phone, "Tel.: 0033 1 44 55 66 77", "+33144556677"),
        (clean.phone, "tel:+1-650-253-0000;ext=5", "+16502530000"),
        (clean.email, "Ann <Ann@Example.ORG>", "Ann@example.org"),
        (clean.email, "mailto:a%2Bb@c.example?subject=x", "a+b@c.example"),
        (clean.email, "info (at) b [dot] example", "info@b.example"),
        (clean.email, "info at b dot example", "info@b.example"),
        (clean.email, "info&#64;b&period;example", "info@b.example"),
        (clean.url, "Example.com/a b", "https://example.com/a%20b"),
        (clean.language, "pt_br", "pt-BR"),
        (clean.language, "ger", "de"),
        (clean.language, "Französisch", "fr"),
        (clean.language, "日本語", "ja"),
        (clean.country, "Deutschland", "DE"),
        (clean.country, "usa", "US"),
        (clean.country, "The Netherlands", "NL"),
        (clean.country, "Côte d’Ivoire", "CI"),
        (clean.boolean, "Oui", True),
        (clean.boolean, "✗", False),
        (clean.boolean, 0, False),
    ],
)
def test_each_reads_what_people_write(rule, written, value):
    assert rule.read(written) == value
    assert type(rule(written)) is type(value)


@pytest.mark.parametrize(
    ("rule", "written", "change"),
    [
        (clean.text, ["a"], "not_a_text"),
        (clean.number, "1,234", "ambiguous_number"),
        (clean.number, float("inf"), "not_a_number"),
        (clean.integer, "1.5", "not_an_integer"),
        (clean.percent, "12", "not_a_percent"),
        (clean.price, "1.299 €", "ambiguous_price"),
        (clean.price, "10 - 20 €", "ambiguous_price"),
        (clean.price, True, "not_a_price"),
        (clean.currency, "12 kr", "ambiguous_currency"),
        (clean.currency, "12", "not_a_currency"),
        (clean.date, "05/06/2024", "ambiguous_date"),
        (clean.datetime, "soon", "not_a_date"),
        (clean.quantity, "2 x 500 g", "ambiguous_quantity"),
        (clean.quantity, "5-10 kg", "ambiguous_quantity"),
        (clean.quantity, "5 g/100 ml", "ambiguous_quantity"),
        (clean.quantity, "1.234 kg", "ambiguous_quantity"),
        (clean.quantity, "10² m", "ambiguous_quantity"),
        (clean.quantity, "5 kg, 30 cm", "ambiguous_quantity"),
        (clean.quantity, "heavy", "not_a_quantity"),
        (clean.phone, "030 901820", "ambiguous_phone"),
        (clean.phone, "+49 1", "not_a_phone"),
        (clean.phone, "call us", "ambiguous_phone"),
        (clean.email, "a@b.example, c@d.example", "ambiguous_email"),
        (clean.email, "a@localhost", "not_an_email"),
        (clean.email, "look at me", "not_an_email"),
        (clean.url, "mailto:a@b.example", "not_a_url"),
        (clean.language, "xx", "not_a_language"),
        (clean.language, "a word", "not_a_language"),
        (clean.country, "Korea", "ambiguous_country"),
        (clean.country, "Atlantis", "not_a_country"),
        (clean.country, "EU", "not_a_country"),
        (clean.boolean, "perhaps", "not_a_boolean"),
        (clean.boolean, 2, "not_a_boolean"),
    ],
)
def test_what_needs_a_guess_is_not_read(rule, written, change):
    unread = rule.read(written)

    assert isinstance(unread, Unread)
    assert unread.change == change
    assert unread.reason
    assert rule(written) is None


@pytest.mark.parametrize(
    ("rule", "options", "written", "value"),
    [
        (clean.number, {"decimal": ","}, "1,234", 1.234),
        (clean.number, {"locale": "de"}, "1.234", 1234),
        (clean.price, {"locale": "de-AT"}, "1.299 €", Decimal(1299)),
        (clean.price, {"currency": "USD"}, "1,299", Decimal(1299)),
        (clean.currency, {"locale": "sv-SE"}, "12 kr", "SEK"),
        (clean.currency, {"currency": "CAD"}, "$12", "CAD"),
        (clean.date, {"day_first": False}, "05/06/2024", dt.date(2024, 5, 6)),
        (clean.date, {"locale": "en-GB"}, "05/06/2024", dt.date(2024, 6, 5)),
        (clean.date, {"locale": "is"}, "5. mars 2024", dt.date(2024, 3, 5)),
        (
            clean.datetime,
            {"timezone": "Europe/Berlin"},
            "2024-07-01 10:00",
            dt.datetime(2024, 7, 1, 8, tzinfo=dt.UTC),
        ),
        (clean.quantity, {"unit": "g"}, "1,5 kg", Decimal(1500)),
        (clean.quantity, {"unit": "°F"}, "100 °C", Decimal(212)),
        (clean.quantity, {"decimal": "."}, "1.234 kg", Quantity(Decimal("1.234"), "kg")),
        (clean.phone, {"region": "DE"}, "030 901820", "+4930901820"),
        (clean.phone, {"locale": "en-US"}, "(650) 253-0000", "+16502530000"),
        (clean.url, {"base": "https://a.example/b/"}, "../c", "https://a.example/c"),
    ],
)
def test_an_option_says_what_need_not_be_guessed(rule, options, written, value):
    told = rule.with_options(**options)

    assert told.read(written) == value
    assert rule_of(json.loads(json.dumps(told.to_json()))) == told
    assert told.with_options(**dict.fromkeys(options)) == rule


def test_a_unit_of_another_dimension_is_not_read():
    assert clean.quantity.with_options(unit="m").read("5 kg").change == "not_a_quantity"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: rule_of("prise"), "no cleaning rule 'prise'; did you mean 'price'?"),
        (lambda: rule_of({"name": "zzzzz"}), "the rules are text, line"),
        (lambda: rule_of({"options": {}}), "cannot be read from"),
        (lambda: rule_of({"name": "price", "more": 1}), "cannot be read from"),
        (lambda: rule_of([7]), "cannot be read from"),  # type: ignore[arg-type] # a mistake
        (lambda: clean.price.with_options(decimel=","), "did you mean 'decimal'?"),
        (lambda: clean.text.with_options(locale="de"), "it takes none"),
        (lambda: clean.number.with_options(decimal=";"), "write '.' or ','"),
        (lambda: clean.number.with_options(locale="klingon"), 'like|"de"'),
        (lambda: clean.date.with_options(day_first=1), "write True or False"),
        (lambda: clean.price.with_options(currency="EURO"), "ISO 4217"),
        (lambda: clean.phone.with_options(region="Germany"), "ISO 3166"),
        (lambda: clean.datetime.with_options(timezone="Mars/Base"), "time zone"),
        (lambda: clean.quantity.with_options(unit="parsec"), "a unit, like"),
        (lambda: clean.url.with_options(base="ftp://x"), "a URL"),
    ],
)
def test_a_mistake_is_named_with_what_to_write(make, message):
    with pytest.raises(ConfigError, match=message):
        make()


def test_a_rule_is_a_value():
    rule = clean.price.with_options(decimal=",")

    assert rule == Rule("price", {"decimal": ","}) == pickle.loads(pickle.dumps(rule))
    assert len({rule, Rule("price", {"decimal": ","}), clean.price}) == 2
    assert repr(rule) == "clean.price.with_options(decimal=',')"
    assert eval(repr(rule), {"clean": clean}) == rule
    assert rule_of(rule) is rule
    with pytest.raises(AttributeError):
        rule.name = "other"  # type: ignore[misc] # which is what is asked


def test_it_maps_over_a_column():
    frame = pd.DataFrame({"price": ["1.299,00 €", None, "12,50 €", float("nan"), "?"]})

    found = frame["price"].map(clean.price)

    assert [None if pd.isna(one) else one for one in found] == [
        *(Decimal("1299.00"), None, Decimal("12.50"), None, None)
    ]
    assert clean.text(pd.NA) is clean.date(pd.NaT) is None


def test_a_column_shows_what_one_value_does_not():
    assert clean.number.for_values(["1,234", "0,5"])("1,234") == 1.234
    assert clean.price.for_values(["1.299 €", "5,50 €"])("1.299 €") == Decimal(1299)
    assert clean.date.for_values(["05/06/2024", "25/06/2024"])("05/06/2024") == dt.date(2024, 6, 5)
    assert clean.quantity.for_values(["1.234 kg", "0.5 kg"])("1.234 kg").amount == Decimal("1.234")
    told = clean.number.with_options(decimal=".")
    assert told.for_values(["0,5"]) is told
    assert clean.phone.for_values(["1"]) is clean.phone


_PARTS = st.sampled_from(
    [
        *(
            "12",
            "1,234",
            "1.299,00",
            " ",
            "€",
            "$",
            "kg",
            "m²",
            "½",
            "²",
            "%",
            "-",
            "(",
            ")",
            "@",
            ".",
        ),
        *("at", "dot", "example", "com", "5/6/2024", "März", "Tel.", "+49", "030", "<p>", "&amp;"),
        *(
            "&lt;",
            "x",
            "\u200b",
            "\ud800",
            "\0",
            "e\u0301",
            "http://",
            "de",
            "Deutsch",
            "yes",
            "ft",
            "'",
        ),
        *('"', "Mio", "٪", "１２", "<!--", "-->", "&#38;"),
    ]
)
_ANY = st.one_of(
    st.text(max_size=60), st.lists(_PARTS, max_size=8).map("".join), st.integers(), st.floats(),
    st.none(), st.booleans(), st.lists(st.text()), st.binary(), st.decimals(),
)  # fmt: skip
_GIVES: dict[str, type | tuple[type, ...]] = {
    "number": (int, float),
    "integer": int,
    "percent": (int, float),
    "price": Decimal,
    "date": dt.date,
    "datetime": dt.datetime,
    "quantity": Quantity,
    "lines": list,
    "boolean": bool,
}
_SETTLED = sorted(RULES.keys() - {"percent", "lines", "quantity"})


@pytest.mark.parametrize("name", RULES)
@given(value=_ANY)
def test_nothing_raises_and_the_type_is_as_said(name, value):
    found = RULES[name].read(value)

    if isinstance(found, Unread):
        assert found.change.startswith(("not_a", "ambiguous_"))
    elif found is not None:
        assert isinstance(found, _GIVES.get(name, str))
        json.dumps(as_json(found), allow_nan=False)
        if isinstance(found, str):
            found.encode()


@pytest.mark.parametrize("name", _SETTLED)
@given(value=_ANY)
def test_what_was_read_reads_as_itself(name, value):
    found = RULES[name](value)

    assert RULES[name](found) == found


@pytest.mark.parametrize("unit", UNITS)
@given(number=st.integers(0, 10_000))
def test_every_unit_is_read_and_given_back(unit, number):
    rule = clean.quantity.with_options(unit=unit)

    assert rule(f"{number} {unit.replace('fl.oz', 'fl. oz')}") == number


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize(
    "part",
    ["<!--", "<script>", "<p ", "&amp;", "a.", "1.", "a at ", "\x1b[", "</td", "1 kg ", "a@"],
)
def test_long_texts_are_read_once(name, part):
    """What takes time with the square of the length would take minutes."""
    for length in (100, 200_000):
        found = RULES[name].read((part * length)[:length])
        assert found is None or isinstance(found, (Unread, _GIVES.get(name, str), str))


def test_every_rule_has_a_name_at_the_door():
    assert all(getattr(sq.clean, name) == rule for name, rule in RULES.items())
    assert all(rule.about.endswith(".") for rule in RULES.values())
