"""What was changed, dropped or could not be read, and why."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any

#: Changes that a report lists one by one; the others are in its counts.
LISTED = 1_000
_EXCERPT = 120


@dataclass(frozen=True, slots=True)
class Unread:
    """A value that cannot be read without guessing: the slug and the reason for the report."""

    change: str
    reason: str


@dataclass(frozen=True, slots=True)
class Change:
    """One change to one value.

    row: the record's place in what was given, None for a single record. field: its name, "" for
    the whole record. change: a slug; those with `ambiguous_` or `not_a_` left the value as it was,
    those with `dropped_` took the record out. before, after: at most 120 characters of the values.
    """

    row: int | None
    field: str
    change: str
    reason: str
    before: str | None = None
    after: str | None = None


@dataclass(slots=True)
class Report:
    """How often each change was made, the first thousand of them, and how many more there are."""

    counts: Counter[str] = field(default_factory=Counter)
    changes: list[Change] = field(default_factory=list)

    def add(
        self,
        row: int | None,
        name: str,
        change: str,
        reason: str,
        *,
        before: Any = None,
        after: Any = None,
    ) -> None:
        """Count a change, and list it while there is room."""
        self.counts[change] += 1
        if len(self.changes) < LISTED:
            shown = Change(row, name, change, reason, _excerpt(before), _excerpt(after))
            self.changes.append(shown)

    @property
    def not_listed(self) -> int:
        """Changes that are counted but not listed."""
        return self.counts.total() - len(self.changes)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values: counts, changes, not_listed."""
        return {
            "counts": dict(self.counts),
            "changes": [asdict(change) for change in self.changes],
            "not_listed": self.not_listed,
        }


@dataclass(frozen=True, slots=True)
class CleanResult:
    """Clean records in the shape they came in (None for a single record that was dropped)."""

    data: dict[str, Any] | list[dict[str, Any]] | None
    report: Report

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values: data, report."""
        return {"data": self.data, "report": self.report.to_json()}


def is_result(data: object) -> bool:
    """Whether this is what `CleanResult.to_json` gives, and not a record of somebody's own."""
    return (
        isinstance(data, dict)
        and data.keys() == {"data", "report"}
        and isinstance(report := data["report"], dict)
        and report.keys() == Report().to_json().keys()
    )


def _excerpt(value: Any) -> str | None:
    if value is None:
        return None
    text = value if isinstance(value, str) else repr(value)
    short = text if len(text) <= _EXCERPT else f"{text[: _EXCERPT - 1]}…"
    return short.encode("utf-8", "backslashreplace").decode()  # what was before may be no UTF-8
