"""Selectors that a language model names, proved on pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scrapeq import display
from scrapeq.errors import ConfigError
from scrapeq.models.record import FieldSource, FieldSpec, FieldType, RecordSpec, Way
from scrapeq.trying.reading import Reading

if TYPE_CHECKING:
    import pandas as pd

#: Types that a selector gives; a table is found by `sq.table`, a list of records by `sq.each`.
_NOT_BY_TEXT = frozenset({FieldType.TABLE, FieldType.RECORD, FieldType.JSON})


@dataclass(frozen=True, slots=True)
class SuggestedField:
    """One field. selector: CSS, None where the model named none. expected: what the model read on the
    first page. matched: on how many of the pages the selector gives something. agrees: on the first it
    gives what the model read. why: what is against it, "" for a selector that is proved."""

    name: str
    selector: str | None
    expected: str | None
    matched: int
    agrees: bool
    why: str

    @property
    def is_proved(self) -> bool:
        """Whether the selector gives what the model read, and something on most pages."""
        return not self.why


class Suggestion:
    """What came of it: `selectors` are those that are proved, ready for `custom_selectors`, and `record`
    the record with them in front of the other sources. They cost nothing from now on."""

    def __init__(
        self,
        record: RecordSpec,
        fields: Sequence[SuggestedField],
        pages: int,
        cost_usd: float | None,
    ) -> None:
        self.fields = tuple(fields)
        #: How many pages they were tried on.
        self.pages = pages
        #: What the model cost; None where its price is not known.
        self.cost_usd = cost_usd
        self._asked = record

    @property
    def selectors(self) -> dict[str, str | list[str]]:
        """Those that are proved, by field; in a list for a field that has all matches."""
        many = {one.name: one.many for one in self._asked.fields}
        return {
            one.name: [one.selector] if many[one.name] else one.selector
            for one in self.fields
            if one.is_proved and one.selector
        }

    @property
    def record(self) -> RecordSpec:
        """The record with the proved selectors first; no field asks a model that has one."""
        proved = {one.name: one.selector for one in self.fields if one.is_proved}
        return self._asked.model_copy(
            update={"fields": tuple(_with(one, proved.get(one.name)) for one in self._asked.fields)}
        )

    @property
    def df(self) -> pd.DataFrame:
        """One row per field: field, selector, expected string · matched, pages Int64 · agrees boolean · why
        string."""
        import pandas as pd

        rows = [
            (one.name, one.selector, one.expected, one.matched, self.pages, one.agrees, one.why)
            for one in self.fields
        ]
        names = ["field", "selector", "expected", "matched", "pages", "agrees", "why"]
        texts = dict.fromkeys(("field", "selector", "expected", "why"), "string")
        types = {**texts, "matched": "Int64", "pages": "Int64", "agrees": "boolean"}
        return pd.DataFrame(rows, columns=names).astype(types)

    def __repr__(self) -> str:
        return (
            f"<Suggestion {len(self.selectors)} of {len(self.fields)} fields on {self.pages} pages>"
        )

    def _repr_html_(self) -> str:
        facts: dict[str, object] = {
            one.name: display.plain(f"{one.selector or '–'} · {one.why or 'proved'}", 300)
            for one in self.fields
        }
        cost = None if self.cost_usd is None else f"{self.cost_usd:.4f} USD, once"
        proved = f"{len(self.selectors)} of {len(self.fields)}"
        return display.card("Suggested selectors", facts, note=cost, corner=proved)


def question(record: RecordSpec) -> dict[str, Any]:
    """What the model is asked for: JSON Schema of an object with a selector and a value for each field.

    Raises ConfigError where no field is found by a selector.
    """
    fields = [one for one in record.fields if one.type not in _NOT_BY_TEXT]
    if not fields:
        raise ConfigError(
            "no field of the record is a text, a number or a date",
            hint="selectors are named for those; tables and lists have sq.table and sq.each",
        )
    text = {"type": ["string", "null"]}
    answer = {
        "type": "object",
        "properties": {"selector": text, "value": text},
        "required": ["selector", "value"],
        "additionalProperties": False,
    }
    properties = {one.name: {**answer, "description": _about(one)} for one in fields}
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


PROMPT = (
    "The content is an outline of a web page: a line for each element that has text, with the way to it by "
    "CSS and its text. For each field of the schema give a CSS selector that finds its value on this page "
    "and on other pages of the same kind, by ids, classes or attributes that say what the element is, never "
    "by its position or by words of this page; a::attr(href) is the attribute of an element. As value give "
    "what it finds on this page, letter by letter. Give null for both where the page has no such thing."
)


def proved(
    record: RecordSpec, answer: Mapping[str, Any], pages: Sequence[Reading]
) -> list[SuggestedField]:
    """Each field with its selector, tried on all pages. The first is the one that the model saw."""
    return [_proved(one, answer.get(one.name), pages) for one in record.fields]


def _proved(field: FieldSpec, given: Any, pages: Sequence[Reading]) -> SuggestedField:
    if field.type in _NOT_BY_TEXT:
        return SuggestedField(field.name, None, None, 0, False, f"a {field.type} is not asked for")
    found = given if isinstance(given, dict) else {}
    selector, expected = found.get("selector"), found.get("value")
    if not isinstance(selector, str) or not selector.strip():
        return SuggestedField(field.name, None, _text(expected), 0, False, "the model named none")
    try:
        values = [list(page.select(selector)) for page in pages]
    except ConfigError:
        why = "it is no valid selector"
        return SuggestedField(field.name, selector, _text(expected), 0, False, why)
    matched = sum(map(bool, values))
    agrees = _same(values[0], _text(expected))
    why = ""
    if not matched:
        why = "it matches on no page"
    elif not agrees:
        why = (
            f"on the first page it gives {display.plain(values[0][0], 60)!r}"
            if values[0]
            else ("it does not match on the first page")
        )
    elif matched * 2 < len(pages):
        why = f"it matches on {matched} of {len(pages)} pages only"
    return SuggestedField(field.name, selector, _text(expected), matched, agrees, why)


def _same(values: Sequence[str], expected: str | None) -> bool:
    """Whether a match is what the model read, but for case, white space and a sign around it."""
    if not values or not expected:
        return False
    wanted = "".join(expected.casefold().split())
    for value in values:
        given = "".join(value.casefold().split())
        if given and (wanted in given or given in wanted):
            return True
    return False


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None if value is None else str(value)


def _about(field: FieldSpec) -> str:
    words = field.by_model or field.name.replace("_", " ")
    return f"{words} ({field.type}{', all of them' if field.many else ''})"


def _with(field: FieldSpec, selector: str | None) -> FieldSpec:
    if selector is None:
        return field
    others = tuple(one for one in field.sources if one.way is not Way.AI)
    return field.model_copy(update={"sources": (FieldSource(way=Way.CSS, query=selector), *others)})
