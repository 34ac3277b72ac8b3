"""The fields of a record, looked for on a page or in a JSON answer: what each source gives, as it is.

Every source is asked, also behind one that gave something: whether a text is a price is decided later
(`scrapeq.records`), and only then whether the next source counts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, Protocol

from scrapeq.extract.element_text import text_of
from scrapeq.extract.json_ld import MAX_LEVELS, sound_json
from scrapeq.extract.paths import values_at
from scrapeq.extract.selectors import (
    MAX_MATCHES,
    MAX_VALUE_CHARACTERS,
    Selector,
    css_values,
    element_of,
    elements_by_xpath,
    understand,
    xpath_scope,
    xpath_values,
)
from scrapeq.models.found_values import FoundFields, FoundValues
from scrapeq.models.record import FieldSource, FieldSpec, FieldType, RecordSpec, Way

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser, LexborNode

    from scrapeq.extract.structured import StructuredItem

#: Records of one field.
MAX_RECORDS = 5_000


@dataclass(frozen=True, slots=True)
class Parts:
    """Where records are looked for. where: what gave them. number: how many there are in all."""

    scopes: Sequence[Scope]
    where: str
    number: int


class Scope(Protocol):
    """Where fields are looked for: a page, an element of it, or plain data."""

    def values(self, source: FieldSource, enough: int, *, is_whole: bool = False) -> FoundValues:
        """What a source gives here, of many at most so many values. is_whole: a list in data is one
        value, and not its items."""

    def parts(self, source: FieldSource, enough: int) -> Parts:
        """What the records of a field are looked for in."""

    def absolute(self, written: str) -> str | None:
        """A link as a whole URL; None for what is none."""


def find_fields(record: RecordSpec, scope: Scope) -> FoundFields:
    """What each source of each field gives, by the names of the fields."""
    return {
        field.name: [_found(field, one, scope) for one in field.sources] for field in record.fields
    }


def _found(field: FieldSpec, source: FieldSource, scope: Scope) -> FoundValues:
    if field.record is None:
        is_whole = field.type is FieldType.JSON and not field.many
        given = scope.values(source, MAX_MATCHES if field.many else 1, is_whole=is_whole)
        if field.type is not FieldType.URL:
            return given
        urls = [
            (scope.absolute(one.strip()) or one) if isinstance(one, str) else one
            for one in given.values
        ]
        return replace(given, values=urls)
    parts = scope.parts(source, MAX_RECORDS if field.many else 1)
    records = [find_fields(field.record, part) for part in parts.scopes]
    return FoundValues(records=records, where=parts.where, number=parts.number)


class PageScope:
    """A page, or an element of one. structured: gives what the page declares, when it is first asked
    for; an element declares nothing of its own."""

    def __init__(
        self,
        tree: LexborHTMLParser,
        structured: Callable[[], Sequence[StructuredItem]] = tuple,
        top: LexborNode | None = None,
        *,
        join: Callable[[str], str | None] = str,
    ) -> None:
        self._tree = tree
        self._items = structured
        self._top = top
        self._join = join

    @cached_property
    def _structured(self) -> Sequence[StructuredItem]:
        return self._items()

    @cached_property
    def _text(self) -> str:
        top = self._top or self._tree.body
        return text_of(top) if top is not None else ""

    @cached_property
    def _for_xpath(self) -> Any:
        return xpath_scope(self._tree, self._top)

    def values(self, source: FieldSource, enough: int, *, is_whole: bool = False) -> FoundValues:
        """See `Scope`."""
        match source.way:
            case Way.CSS | Way.XPATH:
                found = self._selected(source, enough)
            case Way.REGEX:
                found = _by_pattern(self._text, source.query, enough)
            case Way.STRUCTURED | Way.JSON:
                return self._declared(source, enough, is_whole=is_whole)
            case Way.TABLE:
                return self._tables(source, enough)
            case Way.AI:
                return FoundValues()
        return FoundValues(found[:enough], where=source.words, number=len(found))

    def parts(self, source: FieldSource, enough: int) -> Parts:
        """See `Scope`."""
        if source.way is Way.CSS:
            nodes = _css(self._top or self._tree, understand(source.query).query)
            some = [PageScope(self._tree, tuple, node, join=self._join) for node in nodes[:enough]]
            return Parts(some, source.words, len(nodes))
        if source.way is Way.XPATH:
            found_parts = elements_by_xpath(self._for_xpath, source.query)
            tops = [element_of(part) for part in found_parts[:enough]]
            scopes = [PageScope(self._tree, tuple, top, join=self._join) for top in tops if top]
            return Parts(scopes, source.words, len(found_parts))
        found = self._declared(source, enough)
        scopes_ = [DataScope(one, join=self._join) for one in found.values]
        return Parts(scopes_, found.where, found.number)

    def absolute(self, written: str) -> str | None:
        """See `Scope`."""
        return self._join(written)

    def _selected(self, source: FieldSource, enough: int) -> list[str]:
        if source.way is Way.XPATH:
            selector = Selector(source.query, is_xpath=True, many=enough > 1)
            return xpath_values(self._for_xpath, selector)
        selector = understand([source.query] if enough > 1 else source.query)
        return css_values(self._top or self._tree, selector)

    def _declared(self, source: FieldSource, enough: int, *, is_whole: bool = False) -> FoundValues:
        """The values at a path of the first item that has it. A first word that is the type of items
        asks those alone."""
        head, _, rest = source.query.partition(".")
        for item in self._structured:
            if source.way is Way.JSON:
                if item.format not in _SCRIPTS:
                    continue
                values = _jmespath(source.query, item.data, is_whole=is_whole)
            else:
                values = values_at(item.data, source.query, is_whole=is_whole)
                if not values and rest and head in item.types:
                    values = values_at(item.data, rest, is_whole=is_whole)
            if values:
                where = f"{item.format} {source.query}"[:200]
                return FoundValues([_bounded(v) for v in values[:enough]], [], where, len(values))
        return FoundValues(where=source.words)

    def _tables(self, source: FieldSource, enough: int) -> FoundValues:
        from scrapeq.extract.tables import table_of

        nodes = _css(self._top or self._tree, source.query)
        found: list[Any] = []
        for node in nodes:
            inside = [node] if node.tag == "table" else node.css("table")
            found += [
                table.to_json() for one in inside[: enough - len(found)] if (table := table_of(one))
            ]
            if len(found) >= enough:
                break
        return FoundValues(found, [], source.words, len(nodes))


class DataScope:
    """Plain data: a JSON answer, or an object of one. Selectors give nothing in it. text: what regular
    expressions are looked for in; None: the data as JSON."""

    def __init__(
        self, data: Any, *, text: str | None = None, join: Callable[[str], str | None] = str
    ) -> None:
        self._data = data
        self._text = text
        self._join = join

    def absolute(self, written: str) -> str | None:
        """See `Scope`."""
        return self._join(written)

    def _written(self) -> str:
        if self._text is not None:
            return self._text
        return (
            self._data
            if isinstance(self._data, str)
            else json.dumps(self._data, ensure_ascii=False)
        )

    def values(self, source: FieldSource, enough: int, *, is_whole: bool = False) -> FoundValues:
        """See `Scope`."""
        if source.way is Way.REGEX:
            found: list[Any] = _by_pattern(self._written(), source.query, enough)
        elif source.way is Way.JSON:
            found = _jmespath(source.query, self._data, is_whole=is_whole)
        elif source.way is Way.STRUCTURED:
            found = values_at(self._data, source.query, is_whole=is_whole)
        else:
            found = []
        values = [_bounded(one) for one in found[:enough]]
        return FoundValues(values, where=source.words, number=len(found))

    def parts(self, source: FieldSource, enough: int) -> Parts:
        """See `Scope`."""
        found = self.values(source, enough)
        scopes = [DataScope(one, join=self._join) for one in found.values]
        return Parts(scopes, source.words, found.number)


#: Formats of structured data that are plain JSON, which JMESPath asks.
_SCRIPTS = frozenset({"script", "json-ld"})


def _css(scope: LexborHTMLParser | LexborNode, query: str) -> list[LexborNode]:
    from selectolax.lexbor import SelectolaxError

    try:
        return scope.css(query)
    except (SelectolaxError, UnicodeEncodeError):
        return []


def _by_pattern(text: str, pattern: str, enough: int) -> list[str]:
    found: list[str] = []
    for match in compiled(pattern).finditer(text):
        value = match[1] if match.re.groups else match[0]
        if value is not None:
            found.append(value.strip()[:MAX_VALUE_CHARACTERS])
        if len(found) >= enough:
            break
    return found


@lru_cache(maxsize=1_000)
def compiled(pattern: str) -> re.Pattern[str]:
    """A pattern as `sq.regex` means it: a line at a time for ^ and $. Raises re.error."""
    return re.compile(pattern, re.MULTILINE)


def _jmespath(query: str, data: Any, *, is_whole: bool) -> list[Any]:
    import jmespath  # type: ignore[import-untyped] # has no types

    try:
        value = jmespath.search(query, data)
    except (jmespath.exceptions.JMESPathError, ValueError, TypeError, RecursionError):
        return []
    return value if isinstance(value, list) and not is_whole else [] if value is None else [value]


def _bounded(value: Any) -> Any:
    """A value of data as everything that follows can hold it: texts that can be encoded, numbers that are
    finite, 20 levels."""
    sound = sound_json(value, MAX_LEVELS)
    return sound[:MAX_VALUE_CHARACTERS] if isinstance(sound, str) else sound
