"""What is wrong with a field of a record: data, beside the row that stays."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

#: Characters of a value that a violation shows.
LONGEST_EXCERPT = 200


class ViolationKind(StrEnum):
    """How a field violates its record."""

    MISSING = "missing"  # nothing was found, and the field must have a value
    UNREAD = "unread"  # what was found is no such thing, or cannot be read without guessing
    BOUND = "bound"  # it can be read, and is out of bounds
    CUT = "cut"  # there are more on the page than are kept
    AI = "ai"  # the language model that was to fill it gave no answer


@dataclass(frozen=True, slots=True)
class Violation:
    """field: its whole name, "offers[2].price": of records the place among those that are kept, of other
    lists the place among the matches. value: what was found there, in few words."""

    field: str
    kind: ViolationKind
    message: str
    value: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)
