"""Fields of a page by a language model: the values that fit, what stands behind them, and what it cost.

The page is data: it stands between marks, the model has no tools, and of its answer nothing comes through
but values of the fields that were asked for, each checked by its own schema.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from scrapeq.costs.prices import DEFAULT_MODEL
from scrapeq.costs.tokens import MOST_CHARS
from scrapeq.errors import ConfigError
from scrapeq.llm.answer import Unusable, check_schema, check_value, read_json
from scrapeq.llm.asking import Answered, Question, answer
from scrapeq.llm.cutting import head_and_tail
from scrapeq.llm.endpoint import Reply
from scrapeq.llm.forms import forms_of
from scrapeq.llm.resources import Resources
from scrapeq.llm.task import Task, messages
from scrapeq.llm.usable import usable_text

#: Characters of a quoted passage that are kept.
LONGEST_QUOTE = 1_000
_INSTRUCTIONS = (
    "Fill in the fields of the JSON Schema below from the page; the description of each field says what is "
    "wanted. Take only what the page says. Where it says nothing, give null."
)
_EVIDENCE = (
    ' Under "evidence", quote for each field the shortest passage of the page that shows its value, letter '
    "by letter as it stands there; null where there is none."
)


@dataclass(frozen=True, slots=True)
class Evidence:
    """The passage that the model quoted for a value; `found`: it stands on the page, but for white space,
    quotation marks and dashes."""

    quote: str
    found: bool


@dataclass(frozen=True, slots=True)
class Fields:
    """What was filled in.

    values: of each field that was asked for; None where the page says nothing or the value did not fit.
    problems: why it did not fit, by field. problem: why there is no answer at all ("" if there is one).
    evidence: by field, if it was asked for. content_cut: the model did not see all of the page.
    """

    values: dict[str, Any]
    problems: dict[str, str] = field(default_factory=dict)
    evidence: dict[str, Evidence] = field(default_factory=dict)
    problem: str = ""
    model: str = ""
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float | None = 0.0
    cached: bool = False
    attempts: int = 0
    content_cut: bool = False


def read_fields(
    content: str,
    schema: Mapping[str, Any],
    resources: Resources,
    *,
    model: str | None = None,
    evidence: bool = False,
    max_chars: int = MOST_CHARS,
) -> Fields:
    """The fields of `schema` as a model finds them in `content`.

    schema: a JSON Schema of an object; each of its properties is a field, and its `description` says what is
    wanted. A field whose schema allows no null may still be missing: that is a problem of the field.
    Tokens and cost are what was paid now: nothing for an answer that was there already.

    Raises ConfigError for a schema without fields or that is none, MissingExtra without the packages.
    """
    properties: dict[str, Any] = dict(schema.get("properties") or {})
    if not properties:
        raise ConfigError(
            "there are no fields to ask for", hint='write {"properties": {"name": {...}}}'
        )
    check_schema(dict(schema))
    settings = resources.settings
    model = model or settings.ai_model or DEFAULT_MODEL
    nothing: dict[str, Any] = dict.fromkeys(properties)
    content, content_cut = head_and_tail(content, max_chars)
    if not content.strip():
        return Fields(nothing, problem="the page has no text", model=model)
    asked = _asked_schema(schema, properties, with_evidence=evidence)
    done = answer(_question(asked, content, model, evidence), resources, _an_object)
    found = Fields(nothing, model=model, content_cut=content_cut, **_costs(done))
    if done.problem is not None:
        return replace(found, problem=done.problem)
    return _filled(found, done.value, schema, properties, content if evidence else None)


def _costs(done: Answered) -> dict[str, Any]:
    paid = not done.cached
    return {
        "input_tokens": (done.reply.input_tokens or 0) if paid else 0,
        "output_tokens": (done.reply.output_tokens or 0) if paid else 0,
        "cost_usd": done.cost_usd,
        "cached": done.cached,
        "attempts": done.reply.attempts,
    }


def _asked_schema(
    schema: Mapping[str, Any], properties: Mapping[str, Any], *, with_evidence: bool
) -> dict[str, Any]:
    """The schema of the whole answer: each field, or null; strict, so that endpoints can hold to it."""
    values = _object({name: _or_null(one) for name, one in properties.items()})
    if not with_evidence:
        return {**_definitions(schema), **values}
    quotes = _object({name: {"type": ["string", "null"]} for name in properties})
    return {**_definitions(schema), **_object({"evidence": quotes, "fields": values})}


def _definitions(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {name: schema[name] for name in ("$defs", "definitions") if name in schema}


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _or_null(one: Mapping[str, Any]) -> dict[str, Any]:
    """A field's schema that allows null, with its description outside, where every model sees it."""
    inner = {name: value for name, value in one.items() if name not in ("description", "default")}
    outer = {"description": one["description"]} if "description" in one else {}
    kind = inner.get("type")
    if isinstance(kind, str) and kind != "null" and "enum" not in inner and "const" not in inner:
        return {**outer, **inner, "type": [kind, "null"]}
    if kind == "null" or (isinstance(kind, list) and "null" in kind):
        return {**outer, **inner}
    options = inner.pop("anyOf", None) if set(inner) == {"anyOf"} else None
    options = options or [inner]
    if not any(option.get("type") == "null" for option in options if isinstance(option, dict)):
        options = [*options, {"type": "null"}]
    return {**outer, "anyOf": options}


def _question(asked: dict[str, Any], content: str, model: str, evidence: bool) -> Question:
    instructions = (
        f"{_INSTRUCTIONS}{_EVIDENCE if evidence else ''}\n\nAnswer with JSON only that fits this JSON "
        f"Schema:\n{json.dumps(asked, ensure_ascii=False)}"
    )
    task = Task("extract", instructions, asked, is_json=True)
    return Question(model, messages(task, content, None), forms_of(asked))


def _an_object(reply: Reply) -> dict[str, Any]:
    value = read_json(usable_text(reply), None)
    assert isinstance(value, dict)  # noqa: S101  what read_json gives without a schema
    return value


def _filled(
    found: Fields,
    value: dict[str, Any],
    schema: Mapping[str, Any],
    properties: Mapping[str, Any],
    page: str | None,
) -> Fields:
    given = value
    quotes: Any = {}
    if page is not None and isinstance(value.get("fields"), dict):
        given, quotes = value["fields"], value.get("evidence")
    values, problems, evidence = dict(found.values), {}, {}
    text = _plain(page) if page is not None else ""
    for name, its_schema in properties.items():
        one = given.get(name)
        if name not in given:
            problems[name] = "the model left it out"
        elif one is None:
            if not _allows_null(its_schema):
                problems[name] = "the model found nothing"
        else:
            try:
                check_value(one, {**_definitions(schema), **its_schema})
                values[name] = one
            except Unusable as unusable:
                problems[name] = str(unusable)
        quote = quotes.get(name) if isinstance(quotes, dict) else None
        if (
            page is not None
            and values[name] is not None
            and isinstance(quote, str)
            and quote.strip()
        ):
            evidence[name] = Evidence(quote[:LONGEST_QUOTE], _plain(quote) in text)
    return replace(found, values=values, problems=problems, evidence=evidence)


def _allows_null(schema: Any) -> bool:
    if not isinstance(schema, dict):
        return schema is True
    kind = schema.get("type")
    if kind == "null" or (isinstance(kind, list) and "null" in kind):
        return True
    return any(map(_allows_null, schema.get("anyOf", ()))) or any(
        map(_allows_null, schema.get("oneOf", ()))
    )


_MARKS = str.maketrans(
    {
        **dict.fromkeys("‘’‚‛′`´", "'"),
        **dict.fromkeys("“”„‟«»″", '"'),
        **dict.fromkeys("‐‑‒–—―−", "-"),
        "…": "...",
        **dict.fromkeys("\u200b\u200c\u200d\ufeff\u00ad", ""),
    }
)


def _plain(text: str) -> str:
    """A text without the differences that no reader sees.

    >>> _plain("“No\\u00a0way”  –  she\\nsaid")
    '"No way" - she said'
    """
    folded = unicodedata.normalize("NFKC", text).translate(_MARKS)
    return re.sub(r"\s+", " ", folded).strip()
