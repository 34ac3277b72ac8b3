"""A record made of what its sources gave: the first that can be read counts, and bounds are looked at.

Nothing here fails: what is missing or cannot be read is a violation, and the field is None.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import Any

from scrapeq.clean.report import Unread
from scrapeq.models import Content
from scrapeq.models.found_values import FoundFields, FoundValues
from scrapeq.models.record import CleanStep, FieldSource, FieldSpec, FieldType, RecordSpec, Way
from scrapeq.models.violation import LONGEST_EXCERPT, Violation, ViolationKind
from scrapeq.records.bounds import list_out_of_bounds, out_of_bounds
from scrapeq.records.steps import stepped
from scrapeq.records.types import to_json, typed

#: Violations of one page that are kept: a list of 5,000 offers without prices is told by its first.
MOST_VIOLATIONS = 1_000
#: See `extract.selectors`: so many matches of one selector are kept.
MAX_MATCHES = 10_000


@dataclass(slots=True)
class Made:
    """values: by the names of the fields, as JSON keeps them. sources: what gave each value, by its
    whole name, for fields of the record itself. violations: what is wrong, bounded.

    unfilled: fields that a language model is to fill and has not.
    """

    values: dict[str, Any] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    violations: list[Violation] = field(default_factory=list)
    unfilled: list[str] = field(default_factory=list)


def make_record(record: RecordSpec, found: FoundFields, prefix: str = "") -> Made:
    """What the record comes to. prefix: of the names in violations, "offers[2]."."""
    made = Made()
    for spec in record.fields:
        _make_field(spec, found.get(spec.name, []), made, f"{prefix}{spec.name}")
    return made


def with_record(content: Content, record: RecordSpec) -> Content:
    """The content of a page with the fields of a record beside the custom selectors'.

    What was found stays only where a language model is to fill more of it.
    """
    made = make_record(record, content.found)
    sources = {f"fields.{name}": source for name, source in made.sources.items()}
    return replace(
        content,
        fields={**content.fields, **made.values},
        sources={**content.sources, **sources},
        violations=[one.to_json() for one in made.violations],
        found=content.found if made.unfilled else {},
    )


def _make_field(spec: FieldSpec, found: list[FoundValues], made: Made, name: str) -> None:
    problems: list[Violation] = []
    for source, given in zip(spec.sources, found, strict=False):
        values, wrong = _values(spec, source, given, made, name)
        problems += wrong
        if not values:
            continue
        made.sources[name] = given.where or source.words
        kept = len(given.records) if spec.record is not None else len(given.values)
        if spec.many and (given.number > kept or kept >= MAX_MATCHES):
            _add(
                made,
                [
                    Violation(
                        name,
                        ViolationKind.CUT,
                        f"the first {kept:,} are kept",
                        f"{given.number:,} values",
                    )
                ],
            )
        if spec.many:
            made.values[spec.name] = [to_json(one) for one in values]
            if problem := list_out_of_bounds(values, spec.list_rules):
                _add(made, [Violation(name, ViolationKind.BOUND, problem, f"{len(values)} values")])
            _add(made, wrong)
        else:
            made.values[spec.name] = to_json(values[0])
        return
    made.values[spec.name] = spec.default if spec.default is not None else [] if spec.many else None
    if spec.by_model is not None:
        made.unfilled.append(name)
        if not any(given.number for given in found):
            return
    if problems:
        _add(made, problems)
    elif spec.required:
        _add(made, [Violation(name, ViolationKind.MISSING, _why_missing(spec, found))])
    elif spec.many and (problem := list_out_of_bounds([], spec.list_rules)):
        _add(made, [Violation(name, ViolationKind.BOUND, problem, "0 values")])


def _values(
    spec: FieldSpec, source: FieldSource, given: FoundValues, made: Made, name: str
) -> tuple[list[Any], list[Violation]]:
    """The values of one source that can be read, and what is wrong with the others."""
    if spec.record is not None:
        return _records(spec.record, given, made, name, many=spec.many), []
    values: list[Any] = []
    problems: list[Violation] = []
    for number, raw in enumerate(given.values):
        value = _value(spec, source.clean, raw)
        if value is None:
            continue
        whole = f"{name}[{number}]" if spec.many else name
        if isinstance(value, Unread):
            problems.append(
                Violation(
                    whole, ViolationKind.UNREAD, f"not {_A[spec.type]}: {value.reason}", _short(raw)
                )
            )
        elif problem := out_of_bounds(value, spec.type, spec.rules):
            problems.append(Violation(whole, ViolationKind.BOUND, problem, _short(raw)))
        else:
            values.append(value)
    return values, problems


def _value(spec: FieldSpec, clean: tuple[CleanStep, ...], raw: Any) -> Any:
    """One value of the field's type, None for nothing, or why it cannot be read."""
    value = stepped(raw, clean)
    if isinstance(value, Unread) or value is None:
        return value
    if isinstance(value, str) and not value.strip():
        return None
    return typed(value, spec.type, spec.choices)


def _records(
    record: RecordSpec, given: FoundValues, made: Made, name: str, *, many: bool
) -> list[dict[str, Any]]:
    """The records in which anything was found; what is wrong with them is named as theirs."""
    found: list[dict[str, Any]] = []
    for fields in given.records:
        one = make_record(record, fields, f"{name}[{len(found)}]." if many else f"{name}.")
        is_empty = not any(value not in (None, [], {}) for value in one.values.values())
        if is_empty and all(wrong.kind is ViolationKind.MISSING for wrong in one.violations):
            continue  # an element that has nothing of the kind
        found.append(one.values)
        _add(made, one.violations)
    return found


def _add(made: Made, violations: list[Violation]) -> None:
    made.violations += violations[: MOST_VIOLATIONS - len(made.violations)]


def _why_missing(spec: FieldSpec, found: list[FoundValues]) -> str:
    asked = [
        (source, given)
        for source, given in zip(spec.sources, found, strict=False)
        if source.way is not Way.AI
    ]
    if not asked:
        return "no model has filled it"
    empty = [source.words for source, given in asked if given.number]
    if empty:
        return f"{empty[0]} matched, and what it gives is empty"
    return f"nothing matches {' or '.join(source.words for source, _ in asked[:3])}"


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return " ".join(text.split())[:LONGEST_EXCERPT]


_A: dict[FieldType, str] = {
    FieldType.TEXT: "a text",
    FieldType.INTEGER: "a whole number",
    FieldType.NUMBER: "a number",
    FieldType.DECIMAL: "a number",
    FieldType.FLAG: "a yes or no",
    FieldType.DATE: "a date",
    FieldType.TIME: "a time",
    FieldType.URL: "a URL",
    FieldType.CHOICE: "a choice",
    FieldType.TABLE: "a table",
    FieldType.RECORD: "a record",
    FieldType.JSON: "data",
}
