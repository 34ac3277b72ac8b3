"""What was changed, dropped or could not be read, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Self

from scrapeq import display

if TYPE_CHECKING:
    import pandas as pd

#: Changes that a report lists one by one; the others are in its counts.
LISTED = 1_000
_EXCERPT = 120
#: Kinds of changes that a card names.
_SHOWN = 12


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
    rule: which rule it was: "text" for the cleaning of every text, a rule of `sq.clean`, or an entry of
    the cleaning rules.
    """

    row: int | None
    field: str
    change: str
    reason: str
    before: str | None = None
    after: str | None = None
    rule: str = ""


@dataclass(slots=True, repr=False)
class Report:
    """How often each change was made, the first thousand of them, and how many more there are.

    counts: by the slug of the change. by_field: by field, rule and slug.
    """

    counts: Counter[str] = field(default_factory=Counter)
    changes: list[Change] = field(default_factory=list)
    by_field: Counter[tuple[str, str, str]] = field(default_factory=Counter)

    def add(
        self,
        row: int | None,
        name: str,
        change: str,
        reason: str,
        *,
        rule: str,
        before: Any = None,
        after: Any = None,
    ) -> None:
        """Count a change, and list it while there is room."""
        self.counts[change] += 1
        self.by_field[name, rule, change] += 1
        if len(self.changes) < LISTED:
            shown = Change(row, name, change, reason, _excerpt(before), _excerpt(after), rule)
            self.changes.append(shown)

    @property
    def not_listed(self) -> int:
        """Changes that are counted but not listed."""
        return self.counts.total() - len(self.changes)

    def to_frame(self) -> pd.DataFrame:
        """One row per listed change.

        Columns: row Int64 (NA for a single record) · field, rule, change, reason, before, after string.
        """
        return _frame([asdict(one) for one in self.changes], _CHANGE_TYPES)

    def counts_frame(self) -> pd.DataFrame:
        """One row per field, rule and kind of change, the commonest first, with the first listed example.

        Columns: field, rule, change string · count Int64 · before, after, reason string.
        """
        first = {(one.field, one.rule, one.change): asdict(one) for one in reversed(self.changes)}
        rows = [
            {**first.get(key, {}), **dict(zip(_KEY, key, strict=True)), "count": count}
            for key, count in self.by_field.most_common()
        ]
        return _frame(rows, _COUNT_TYPES)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values: counts, changes, not_listed, by_field."""
        return {
            "counts": dict(self.counts),
            "changes": [asdict(change) for change in self.changes],
            "not_listed": self.not_listed,
            "by_field": [
                {**dict(zip(_KEY, key, strict=True)), "count": count}
                for key, count in self.by_field.items()
            ],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The report that `to_json` was called on: the one in the result of `clean_data_task`."""
        by_field = Counter(
            {tuple(one[name] for name in _KEY): one["count"] for one in data["by_field"]}
        )
        return cls(Counter(data["counts"]), [Change(**one) for one in data["changes"]], by_field)

    def __repr__(self) -> str:
        kinds = ", ".join(
            f"{change} {count:,}" for change, count in self.counts.most_common(_SHOWN)
        )
        return f"<Report {self.counts.total():,} changes{f': {kinds}' if kinds else ''}>"

    def _repr_html_(self) -> str:
        facts = {
            f"{name or 'record'} · {rule}": f"{display.count(count)} {change}"
            for (name, rule, change), count in self.by_field.most_common(_SHOWN)
        }
        more = len(self.by_field) - len(facts)
        note = f"{more} more kinds of changes: counts_frame()" if more > 0 else None
        return display.card("Cleaning report", facts, note=note, corner=f"{self.counts.total():,}")


@dataclass(frozen=True, slots=True)
class CleanResult:
    """Clean records in the shape they came in (None for a single record that was dropped)."""

    data: dict[str, Any] | list[dict[str, Any]] | None
    report: Report

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values: data, report."""
        return {"data": self.data, "report": self.report.to_json()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The result that `to_json` was called on, as `clean_data_task` gives it."""
        return cls(data["data"], Report.from_json(data["report"]))


def is_result(data: object) -> bool:
    """Whether this is what `CleanResult.to_json` gives, and not a record of somebody's own."""
    return (
        isinstance(data, dict)
        and data.keys() == {"data", "report"}
        and isinstance(report := data["report"], dict)
        and report.keys() == Report().to_json().keys()
    )


_KEY = ("field", "rule", "change")
_CHANGE_TYPES = {
    "row": "Int64",
    **dict.fromkeys(("field", "rule", "change", "reason", "before", "after"), "string"),
}
_COUNT_TYPES = {
    **dict.fromkeys(_KEY, "string"),
    "count": "Int64",
    **dict.fromkeys(("before", "after", "reason"), "string"),
}


def _frame(rows: list[dict[str, Any]], types: Mapping[str, str]) -> pd.DataFrame:
    # The one place where cleaning knows tables: a report is asked for its own.
    import pandas as pd

    frame = pd.DataFrame(rows, columns=list(types))
    return frame.astype(dict(types))


def _excerpt(value: Any) -> str | None:
    if value is None:
        return None
    text = value if isinstance(value, str) else repr(value)
    short = text if len(text) <= _EXCERPT else f"{text[: _EXCERPT - 1]}…"
    return short.encode("utf-8", "backslashreplace").decode()  # what was before may be no UTF-8
