"""Answers are read with suspicion: JSON or not, fitting or not."""

from __future__ import annotations

import pytest

from scrapeq.errors import ConfigError
from scrapeq.llm.answer import Unusable, check_schema, excerpt, is_strict, read_json

PRICE = {
    "type": "object",
    "properties": {"price": {"type": "number"}, "tags": {"type": "array", "items": {}}},
    "required": ["price"],
}


@pytest.mark.parametrize(
    "text",
    ['{"price": 3}', '\n {"price": 3} \n', '```json\n{"price": 3}\n```', '```\n{"price": 3}\n```'],
)
def test_json_is_read_with_and_without_a_code_fence(text):
    assert read_json(text, PRICE) == {"price": 3}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "The price is 3.",
        '{"price": 3',
        '{"price": NaN}',
        '{"price": Infinity}',
        '{"price": 3} and so on',
        "[" * 100_000,
    ],
)
def test_what_is_no_json_is_unusable(text):
    with pytest.raises(Unusable, match="no JSON"):
        read_json(text, PRICE)


def test_what_does_not_fit_the_schema_says_where():
    with pytest.raises(Unusable, match=r"does not fit the schema: at \$.price: 'much' is not"):
        read_json('{"price": "much"}', PRICE)
    with pytest.raises(Unusable, match="'price' is a required property"):
        read_json("{}", PRICE)


def test_without_a_schema_only_an_object_will_do():
    assert read_json('{"any": [1]}', None) == {"any": [1]}
    with pytest.raises(Unusable, match="no JSON object"):
        read_json("[1]", None)


def test_a_lone_surrogate_is_replaced():
    assert read_json(r'{"a": "x\ud800y"}', None) == {"a": "x?y"}


def test_a_schema_that_is_none_is_refused_with_the_place():
    with pytest.raises(ConfigError, match=r"at \$.type"):
        check_schema({"type": "objekt"})
    with pytest.raises(ConfigError, match="a schema is a dict"):
        check_schema([])  # type: ignore[arg-type] # that is the point


def test_a_reference_within_the_schema_holds():
    schema = {"$defs": {"n": {"type": "integer"}}, "properties": {"a": {"$ref": "#/$defs/n"}}}

    assert read_json('{"a": 1}', schema) == {"a": 1}
    with pytest.raises(Unusable):
        read_json('{"a": "1"}', schema)


def closed(**properties: object) -> dict[str, object]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


@pytest.mark.parametrize(
    ("schema", "strict"),
    [
        (closed(a={"type": "string"}), True),
        (closed(a={"type": "array", "items": closed(b={"type": "null"})}), True),
        (closed(a={"anyOf": [{"type": "string"}, closed()]}), True),
        (PRICE, False),
        (closed(a=PRICE), False),
        (closed(a={"type": "array", "items": PRICE}), False),
        (closed(a={"anyOf": [{"type": "string"}, PRICE]}), False),
        ({**closed(), "$defs": {"p": PRICE}}, False),
        (closed(a={"oneOf": [{"type": "string"}]}), False),
        ({**closed(a={}), "required": []}, False),
        ({"type": "object"}, False),
    ],
)
def test_strictness_is_claimed_only_where_the_whole_schema_allows_it(schema, strict):
    assert is_strict(schema) is strict


def test_an_excerpt_is_one_short_line():
    assert excerpt("a\n\n  b\tc") == "a b c"
    assert excerpt("x" * 300) == "x" * 200 + "…"
