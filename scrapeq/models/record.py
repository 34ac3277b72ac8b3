"""What a row is to hold, as data: fields, each with its type and where on a page it is found.

This is what travels to workers and stands in the record: JSON, never code. People write a class or a
dict (see `record_class`); `RecordSpec` is what that comes to.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

#: Fields of one record, those of records in it counted too; sources of one field; records in records.
MOST_FIELDS, MOST_SOURCES, MOST_LEVELS = 500, 20, 5
#: Characters of a selector, a path or a pattern, and of an instruction.
LONGEST_QUERY = 10_000
#: A name of a field: a column's, and so of any letters.
LONGEST_NAME = 100

_FORM = ConfigDict(frozen=True, extra="forbid")


class FieldType(StrEnum):
    """What a value of a field is."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    DECIMAL = "decimal"
    FLAG = "flag"
    DATE = "date"
    TIME = "time"  # a date with a time of day
    URL = "url"  # absolute
    CHOICE = "choice"  # one of `choices`
    TABLE = "table"
    RECORD = "record"
    JSON = "json"  # whatever it is


class Way(StrEnum):
    """How a value is found."""

    CSS = "css"
    XPATH = "xpath"
    REGEX = "regex"  # in the text that a person reads
    STRUCTURED = "structured"  # a path in JSON-LD, microdata, RDFa, OpenGraph, JSON in scripts
    JSON = "json"  # JMESPath: in a JSON answer, or in JSON in a page's scripts
    TABLE = "table"  # CSS of a table, or of an element around it
    AI = "ai"  # an instruction for a language model


class CleanStep(BaseModel):
    """A rule of `scrapeq.clean`, by its name, with its options."""

    model_config = _FORM

    name: Annotated[str, Field(min_length=1, max_length=100)]
    options: dict[str, Any] = {}


class FieldSource(BaseModel):
    """One place where a value may be found. clean: what is done to each value, in this order."""

    model_config = _FORM

    way: Way
    query: Annotated[str, Field(min_length=1, max_length=LONGEST_QUERY)]
    clean: tuple[CleanStep, ...] = ()

    @property
    def words(self) -> str:
        """The source as a row names it: "css .price"."""
        return f"{self.way} {' '.join(self.query.split())}"[:200]


class FieldSpec(BaseModel):
    """One field of a record.

    many: whether the value is a list. required: whether a page without it violates the record.
    sources: the first that gives a value that can be read counts. rules: bounds of a value, by
    pydantic's names (gt, ge, lt, le, multiple_of, min_length, max_length, pattern, max_digits,
    decimal_places); list_rules: of the list. choices: the values of a CHOICE. record: what one value
    is, of a RECORD. default: the value where no source gives one.
    """

    model_config = _FORM

    name: Annotated[str, Field(min_length=1, max_length=LONGEST_NAME)]
    type: FieldType = FieldType.TEXT
    many: bool = False
    required: bool = False
    sources: Annotated[tuple[FieldSource, ...], Field(min_length=1, max_length=MOST_SOURCES)]
    rules: dict[str, Any] = {}
    list_rules: dict[str, Any] = {}
    choices: tuple[Any, ...] = ()
    record: RecordSpec | None = None
    default: Any = None

    @field_validator("name")
    @classmethod
    def _name_can_be_shown(cls, name: str) -> str:
        if not name.isprintable() or not name.strip():
            raise ValueError("a name has letters that can be shown")
        return name

    @property
    def by_model(self) -> str | None:
        """The instruction for a language model; None where none is asked."""
        return next((one.query for one in self.sources if one.way is Way.AI), None)


class RecordSpec(BaseModel):
    """What a row is to hold; see the module. name: of the class it was made from."""

    model_config = _FORM

    name: Annotated[str, Field(max_length=LONGEST_NAME)] = "record"
    fields: Annotated[tuple[FieldSpec, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _is_bounded(self) -> Self:
        names = [one.name for one in self.fields]
        if len(set(names)) < len(names):
            raise ValueError(f"two fields of {self.name} have the same name")
        if sum(1 for _ in self.every_field()) > MOST_FIELDS:
            raise ValueError(f"{self.name} has more than {MOST_FIELDS} fields")
        if self.levels > MOST_LEVELS:
            raise ValueError(f"{self.name} has records in records more than {MOST_LEVELS} deep")
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its fields, in order."""
        return tuple(one.name for one in self.fields)

    @property
    def levels(self) -> int:
        """1, and more with records in it."""
        return 1 + max((one.record.levels for one in self.fields if one.record), default=0)

    def every_field(self, prefix: str = "") -> Iterator[tuple[str, FieldSpec]]:
        """Each field with its whole name ("offers.price"), those of records in it too."""
        for one in self.fields:
            yield f"{prefix}{one.name}", one
            if one.record is not None:
                yield from one.record.every_field(f"{prefix}{one.name}.")

    def ways(self) -> frozenset[Way]:
        """Every way in which any of its values is found."""
        return frozenset(one.way for _, field in self.every_field() for one in field.sources)


FieldSpec.model_rebuild()
