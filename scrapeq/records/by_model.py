"""Fields of a record that a language model fills: what it is asked, and what becomes of its answer.

Only fields of the record itself are asked for, those whose other sources gave nothing. A field of
records, `offers: list[Offer] = sq.ai("every offer")`, is filled as a whole.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from scrapeq.models import Content
from scrapeq.models.found_values import FoundFields, FoundValues
from scrapeq.models.record import FieldSpec, FieldType, RecordSpec, Way
from scrapeq.models.violation import Violation, ViolationKind
from scrapeq.records.making import with_record

_JSON_TYPES: dict[FieldType, dict[str, Any]] = {
    FieldType.TEXT: {"type": "string"},
    FieldType.INTEGER: {"type": "integer"},
    FieldType.NUMBER: {"type": "number"},
    FieldType.DECIMAL: {"type": "number"},
    FieldType.FLAG: {"type": "boolean"},
    FieldType.DATE: {"type": "string", "description": "a date like 2026-03-01"},
    FieldType.TIME: {"type": "string", "description": "a time like 2026-03-01T12:00:00Z"},
    FieldType.URL: {"type": "string", "description": "an absolute URL"},
    FieldType.JSON: {"type": ["object", "array", "string", "number", "boolean"]},
}


@dataclass(frozen=True, slots=True)
class ModelAnswer:
    """What a model gave. values: by field, as JSON. problems: why a value is none of its field. where:
    what gave them, as a row names it. failed: why there is no answer, for all fields; "" if there is.
    was_asked: whether it is a failure that there is none."""

    values: Mapping[str, Any] = field(default_factory=dict)
    problems: Mapping[str, str] = field(default_factory=dict)
    where: str = ""
    failed: str = ""
    was_asked: bool = True


def to_fill(record: RecordSpec, content: Content) -> tuple[FieldSpec, ...]:
    """The fields that a model is to fill: no source that comes before it gave a value."""
    return tuple(
        one
        for one in record.fields
        if one.by_model is not None and f"fields.{one.name}" not in content.sources
    )


def only_by_model(record: RecordSpec) -> bool:
    """Whether nothing but a model can fill it."""
    return all(source.way is Way.AI for one in record.fields for source in one.sources)


def model_schema(fields: Sequence[FieldSpec]) -> dict[str, Any]:
    """The JSON Schema of an object with these fields; each may be null, and has its instruction."""
    properties = {one.name: _described(_schema(one), one.by_model) for one in fields}
    return {"type": "object", "properties": properties}


def _schema(spec: FieldSpec) -> dict[str, Any]:
    if spec.record is not None:
        one = _object({sub.name: _or_null(_named(sub)) for sub in spec.record.fields})
    elif spec.type is FieldType.CHOICE:
        one = {"enum": list(spec.choices)}
    else:
        one = _JSON_TYPES[spec.type]
    return {"type": "array", "items": one} if spec.many else dict(one)


def _named(sub: FieldSpec) -> dict[str, Any]:
    return _described(_schema(sub), sub.by_model)


def _described(schema: dict[str, Any], instruction: str | None) -> dict[str, Any]:
    words = [one for one in (instruction, schema.get("description")) if one]
    return {**schema, "description": "; ".join(words)} if words else schema


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [schema, {"type": "null"}]}


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def filled(content: Content, record: RecordSpec, answer: ModelAnswer) -> Content:
    """The content with what the model gave; what it did not give, or gave wrongly, is a violation."""
    fields = to_fill(record, content)
    found: FoundFields = dict(content.found)
    for spec in fields:
        value = answer.values.get(spec.name)
        if value is not None:
            found[spec.name] = _with_value(spec, found.get(spec.name, []), value, answer.where)
    made = with_record(replace(content, found=found), record)
    left = {spec.name: spec for spec in fields if f"fields.{spec.name}" not in made.sources}
    missing = ViolationKind.MISSING.value
    kept = [
        one
        for one in made.violations
        if not (one["field"] in left and (one["kind"] == missing or answer.failed))
    ]
    ours = [one for spec in left.values() if (one := _violation(spec, answer)) is not None]
    return replace(made, violations=[*kept, *(one.to_json() for one in ours)], found={})


def _violation(spec: FieldSpec, answer: ModelAnswer) -> Violation | None:
    if answer.failed and answer.was_asked:
        return Violation(spec.name, ViolationKind.AI, answer.failed)
    if answer.failed:
        return Violation(spec.name, ViolationKind.MISSING, answer.failed) if spec.required else None
    if problem := answer.problems.get(spec.name):
        return Violation(spec.name, ViolationKind.UNREAD, f"of the model's answer: {problem}")
    if spec.required and answer.values.get(spec.name) is None:
        return Violation(
            spec.name, ViolationKind.MISSING, "the model found nothing of it on the page"
        )
    return None


def _with_value(
    spec: FieldSpec, found: Sequence[FoundValues], value: Any, where: str
) -> list[FoundValues]:
    """What the sources of a field gave, with the model's value at its own place among them."""
    place = next(i for i, source in enumerate(spec.sources) if source.way is Way.AI)
    given = [*found, *(FoundValues() for _ in spec.sources)][: len(spec.sources)]
    given[place] = _found(spec, value, where)
    return given


def _found(spec: FieldSpec, value: Any, where: str) -> FoundValues:
    values = value if spec.many and isinstance(value, list) else [value]
    if spec.record is None:
        return FoundValues(values=values, where=where, number=len(values))
    records = [_fields(spec.record, one, where) for one in values if isinstance(one, dict)]
    return FoundValues(records=records, where=where, number=len(records))


def _fields(record: RecordSpec, values: Mapping[str, Any], where: str) -> FoundFields:
    return {
        one.name: [_found(one, values[one.name], where)]
        for one in record.fields
        if values.get(one.name) is not None
    }
