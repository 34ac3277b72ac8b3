"""Whether an answer is what was asked for: JSON read with suspicion, and checked by its schema."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

from scrapeq.errors import ConfigError, MissingExtra

_FENCED = re.compile(r"\A```[a-zA-Z]*\s*\n(.*)\n\s*```\Z", re.DOTALL)
_NOT_STRICT = {
    "allOf",
    "oneOf",
    "not",
    "if",
    "then",
    "else",
    "patternProperties",
    "propertyNames",
    "dependentRequired",
    "dependentSchemas",
    "unevaluatedProperties",
    "prefixItems",
    "contains",
    "uniqueItems",
}


class Unusable(Exception):
    """An answer that is not what was asked for; the text is for the row."""


def check_schema(schema: dict[str, Any]) -> None:
    """Do nothing if `schema` is a JSON Schema; raise ConfigError saying what is wrong if not.

    Raises MissingExtra without the package jsonschema.
    """
    jsonschema = _jsonschema()
    if not isinstance(schema, dict):
        raise ConfigError("a schema is a dict", hint='write {"type": "object", "properties": ...}')
    try:
        _validator_class(schema).check_schema(schema)
    except jsonschema.SchemaError as error:
        raise ConfigError(
            f"the schema is no JSON Schema: at {error.json_path}: {error.message[:200]}",
            hint="correct it; json-schema.org says how they are written",
        ) from None


def read_json(text: str, schema: dict[str, Any] | None) -> Any:
    """The JSON value in `text`, also if it stands in a code fence; an object without a schema.

    Raises Unusable if it is no JSON (RFC 8259: no NaN) or does not fit `schema`, and ConfigError
    if the schema refers to another document: none is ever fetched.
    """
    text = text.strip()
    if fenced := _FENCED.match(text):
        text = fenced[1]
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
        # A "\ud800" in JSON is a lone surrogate, which no database or file would take.
        value = json.loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))
    except (ValueError, RecursionError) as error:
        raise Unusable(f"the answer is no JSON ({error}): {excerpt(text)}") from None
    if schema is not None:
        check_value(value, schema)
    elif not isinstance(value, dict):
        raise Unusable(f"the answer is no JSON object: {excerpt(text)}")
    return value


def check_value(value: Any, schema: dict[str, Any]) -> None:
    """Nothing, if a JSON value fits `schema`. Raises Unusable, and ConfigError as `read_json` does."""
    jsonschema = _jsonschema()
    import referencing
    import referencing.exceptions

    validator = _validator_class(schema)(schema, registry=referencing.Registry())
    try:
        error = jsonschema.exceptions.best_match(validator.iter_errors(value))
    except referencing.exceptions.Unresolvable as unresolvable:
        raise ConfigError(
            f"the schema refers to {unresolvable.ref!r}, which is not in it",
            hint='put it under "$defs" of the schema itself',
        ) from None
    if error is not None:
        raise Unusable(
            f"the answer does not fit the schema: at {error.json_path}: {excerpt(error.message)}"
        )


def is_strict(schema: Any) -> bool:
    """Whether an endpoint can hold a model to `schema` strictly, as OpenAI's rules have it.

    That is: every object lists all its properties as required and forbids others, and none of the
    keywords occurs that structured outputs do not know.
    """
    if not isinstance(schema, dict):
        return isinstance(schema, bool)
    if schema.keys() & _NOT_STRICT:
        return False
    properties = schema.get("properties", {})
    if schema.get("type") == "object" or properties:
        required = set(schema.get("required", ()))
        if schema.get("additionalProperties") is not False or required != set(properties):
            return False
    parts = [*properties.values(), *schema.get("anyOf", ()), *schema.get("$defs", {}).values()]
    return all(map(is_strict, parts)) and is_strict(schema.get("items", True))


def excerpt(text: str, most_chars: int = 200) -> str:
    """`text` on one line, so short that it can be shown in a row."""
    line = " ".join(text[: most_chars * 4].split())
    return line if len(line) <= most_chars else f"{line[:most_chars]}…"


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _validator_class(schema: dict[str, Any]) -> Any:
    jsonschema = _jsonschema()
    return jsonschema.validators.validator_for(schema, default=jsonschema.Draft202012Validator)


def _jsonschema() -> Any:
    try:
        import jsonschema  # its stubs are another package
    except ImportError:
        raise MissingExtra(
            "checking a model's answer needs the package jsonschema",
            hint='run: pip install "scrapeq[ai]"',
        ) from None
    return jsonschema
