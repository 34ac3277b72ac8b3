"""What the sources of a record's fields gave, before anything is made of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class FoundValues:
    """The values of one source of a field, as they stand on the page.

    values: texts, plain data, tables as `FoundTable.to_json` has them. records: of a field of records,
    what each one's fields are found to be. where: what gave them, as a row names it ("css .price",
    "json-ld offers.price"). number: of matches, those that are not kept too.
    """

    values: list[Any] = field(default_factory=list)
    records: list[FoundFields] = field(default_factory=list)
    where: str = ""
    number: int = 0

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values, not copies."""
        return {
            "values": self.values,
            "records": [fields_to_json(one) for one in self.records],
            "where": self.where,
            "number": self.number,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """What `to_json` was called on."""
        records = [fields_from_json(one) for one in data["records"]]
        return cls(data["values"], records, data["where"], data["number"])


#: By the names of the fields: what each of their sources gave, in the order of the sources.
FoundFields = dict[str, list[FoundValues]]


def fields_to_json(fields: FoundFields) -> dict[str, list[dict[str, Any]]]:
    """Plain JSON values."""
    return {name: [one.to_json() for one in found] for name, found in fields.items()}


def fields_from_json(data: Mapping[str, list[dict[str, Any]]]) -> FoundFields:
    """What `fields_to_json` was called on."""
    return {name: [FoundValues.from_json(one) for one in found] for name, found in data.items()}
