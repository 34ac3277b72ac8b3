"""Whether a record can be met at all, asked before a million rows are submitted."""

from __future__ import annotations

import json
import re
from typing import Any

from pydantic.errors import PydanticUserError
from pydantic_core import SchemaError

from scrapeq.clean.report import Unread
from scrapeq.errors import ConfigError
from scrapeq.extract.fields import compiled
from scrapeq.extract.selectors import Selector, check_selector, understand
from scrapeq.models.record import FieldSource, FieldSpec, RecordSpec, Way
from scrapeq.records.bounds import (
    BOUNDS_OF,
    BOUNDS_OF_LISTS,
    adapter,
    list_adapter,
    out_of_bounds,
)
from scrapeq.records.steps import rule_for
from scrapeq.records.types import to_json, typed


def check_record(record: RecordSpec) -> None:
    """Do nothing if every selector, pattern, path, rule and bound can be understood.

    Raises:
        ConfigError: naming the field, what is wrong, and what to write.
    """
    filled = {one.name for one in record.fields if one.by_model is not None}
    for name, field in record.every_field():
        where = f"{record.name}.{name}"
        parent = name.partition(".")[0]
        if field.by_model is not None and "." in name and parent not in filled:
            raise ConfigError(
                f"{where}: a language model fills fields of the record itself, not of records in it",
                hint=f'let it fill them as a whole: {parent}: list[...] = sq.ai("every one")',
            )
        for source in field.sources:
            _check_source(where, source)
        _check_bounds(where, field)
        _check_default(where, field)


def _check_source(where: str, source: FieldSource) -> None:
    if source.way in {Way.CSS, Way.XPATH, Way.TABLE}:
        selector = understand(source.query)
        if source.way is Way.XPATH:
            selector = Selector(source.query, is_xpath=True)
        elif selector.is_xpath:
            raise ConfigError(
                f"{where}: {source.query!r:.60} is no CSS", hint="write sq.xpath for an XPath"
            )
        check_selector(selector, source.query, where)
    elif source.way is Way.REGEX:
        try:
            compiled(source.query)
        except re.error as error:
            raise ConfigError(
                f"{where}: {source.query!r:.60} is no regular expression ({error})",
                hint=r'write it like sq.regex(r"SKU: (\w+)")',
            ) from None
    elif source.way is Way.JSON:
        import jmespath  # type: ignore[import-untyped] # has no types

        try:
            jmespath.compile(source.query)
        except (jmespath.exceptions.JMESPathError, ValueError) as error:
            raise ConfigError(
                f"{where}: {source.query!r:.60} is no JMESPath ({str(error).splitlines()[0][:100]})",
                hint='write it like sq.jmespath("items[0].price")',
            ) from None
    for step in source.clean:
        try:
            rule_for(step)
        except ConfigError as error:
            raise ConfigError(f"{where}: {error.problem}", hint=error.hint) from None


def _check_bounds(where: str, field: FieldSpec) -> None:
    for rules, known, whom in (
        (field.rules, BOUNDS_OF.get(field.type, frozenset()), f"{field.type} values"),
        (field.list_rules, BOUNDS_OF_LISTS, "lists"),
    ):
        if unknown := sorted(rules.keys() - known):
            raise ConfigError(
                f"{where}: {whom} have no bound {unknown[0]}",
                hint=f"theirs are {', '.join(sorted(known))}" if known else "leave it out",
            )
    try:
        if field.rules:
            adapter(field.type, _written(field.rules))
        if field.list_rules:
            list_adapter(_written(field.list_rules))
    except (PydanticUserError, SchemaError, TypeError, ValueError, RuntimeError) as error:
        raise ConfigError(
            f"{where}: bounds {field.rules or field.list_rules} cannot be used: "
            f"{str(error).splitlines()[0][:200]}",
            hint="see the bounds of pydantic's Field",
        ) from None


def _check_default(where: str, field: FieldSpec) -> None:
    if field.default is None:
        return
    values = field.default if field.many and isinstance(field.default, list) else [field.default]
    if field.many is not isinstance(field.default, list) or field.record is not None:
        raise ConfigError(
            f"{where}: default={field.default!r:.60} is not what the field holds",
            hint="a list has a list as its default, a record none",
        )
    for value in values:
        found = typed(value, field.type, field.choices)
        problem = found.reason if isinstance(found, Unread) else ""
        if not problem and to_json(found) != value:
            problem = f"it would be read as {to_json(found)!r:.60}"
        problem = problem or out_of_bounds(found, field.type, field.rules)
        if problem:
            raise ConfigError(
                f"{where}: default={value!r:.60} is no {field.type}: {problem}",
                hint="write a value of the field's type, or leave it out",
            )


def _written(rules: dict[str, Any]) -> str:
    return json.dumps(rules, sort_keys=True)
