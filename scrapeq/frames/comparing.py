"""What changed between two runs: one row per page that is in either."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped] # it has no types

from scrapeq.frames.columns import CATEGORY, TEXT, array, make_frame

#: What `change` may be. A row that is open or was cancelled in either run has none: it was not seen.
CHANGES = ("same", "changed", "added", "removed", "broke", "mended")

_TYPES: dict[str, pa.DataType] = {
    "ok": pa.bool_(),
    "http_status": pa.int16(),
    "title": TEXT,
    "error_kind": CATEGORY,
}
#: What of two good pages is compared, beside their selectors; of two failures, the first two.
_COMPARED = ("error_kind", "http_status", "title", "author", "published", "text")


@dataclass(frozen=True, slots=True)
class Seen:
    """A page as a run saw it: `ok` is None where the run did not look (open or cancelled). `text`
    is anything equal for equal texts; `values` are the selectors' in their order, as text."""

    url: str
    ok: bool | None
    http_status: int | None
    title: str | None
    error_kind: str | None
    author: str | None
    published: int | None
    text: object
    values: tuple[str | None, ...]


def selected(fields: Mapping[str, Any], names: Sequence[str]) -> tuple[str | None, ...]:
    """The values of selectors as text; a list of matches as JSON."""
    return tuple(_written(fields.get(name)) for name in names)


def comparison_frame(
    a: Mapping[str, Seen], b: Mapping[str, Seen], selectors: Sequence[str] = ()
) -> pd.DataFrame:
    """One row per key of either, in a's order and then b's; see `pipeline.tables.compare`.

    a, b: by a key that is equal for the same page, the page as that run saw it. selectors: the
    names of `Seen.values`. Nothing to compare gives an empty frame with these columns.
    """
    keys = [*a, *(key for key in b if key not in a)]
    labels = _labels(selectors)
    sides = {"a": [a.get(key) for key in keys], "b": [b.get(key) for key in keys]}
    types: dict[str, pa.DataType] = {"url": TEXT, "change": CATEGORY, "changed_fields": TEXT}
    judged = [_judge(old, new, labels) for old, new in zip(sides["a"], sides["b"], strict=True)]
    columns: dict[str, list[Any]] = {
        "url": [(a[key] if key in a else b[key]).url for key in keys],
        "change": [change for change, _ in judged],
        "changed_fields": [fields for _, fields in judged],
    }
    for name, kind in _TYPES.items():
        for side, seen in sides.items():
            types[f"{name}_{side}"] = kind
            columns[f"{name}_{side}"] = [one and getattr(one, name) for one in seen]
    for number, label in enumerate(labels):
        for side, seen in sides.items():
            types[f"{label}_{side}"] = TEXT
            columns[f"{label}_{side}"] = [one and one.values[number] for one in seen]
    arrays = {name: [array(columns[name], kind)] for name, kind in types.items()}
    frame = make_frame(types, arrays)
    frame["change"] = frame["change"].cat.set_categories(list(CHANGES))
    return frame


def _judge(
    old: Seen | None, new: Seen | None, labels: Sequence[str]
) -> tuple[str | None, str | None]:
    """The change of a page, and for a changed page also the fields that changed."""
    if new is None:
        return "removed", None
    if old is None:
        return "added", None
    if old.ok is None or new.ok is None:
        return None, None
    if old.ok != new.ok:
        return ("broke" if old.ok else "mended"), None
    names = _COMPARED if old.ok else _COMPARED[:2]
    changed = [name for name in names if getattr(old, name) != getattr(new, name)]
    if old.ok:
        changed += [
            label
            for label, before, after in zip(labels, old.values, new.values, strict=True)
            if before != after
        ]
    return ("changed", ",".join(changed)) if changed else ("same", None)


def _labels(selectors: Sequence[str]) -> list[str]:
    """The selectors' names in the frame; one that is called like a column of ours gives way."""
    labels: list[str] = []
    for name in selectors:
        label = name
        while label in _TYPES or label in labels or (label != name and label in selectors):
            label += "_selected"
        labels.append(label)
    return labels


def _written(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)
