"""What changed between two runs: one row per page that is in either."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped] # it has no types

from scrapeq.frames.columns import CATEGORY, TEXT, array, make_frame
from scrapeq.models.change import CHANGES, Seen, judge

_TYPES: dict[str, pa.DataType] = {
    "ok": pa.bool_(),
    "http_status": pa.int16(),
    "title": TEXT,
    "error_kind": CATEGORY,
}


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
    judged = [judge(old, new, labels) for old, new in zip(sides["a"], sides["b"], strict=True)]
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


def _labels(selectors: Sequence[str]) -> list[str]:
    """The selectors' names in the frame; one that is called like a column of ours gives way."""
    labels: list[str] = []
    for name in selectors:
        label = name
        while label in _TYPES or label in labels or (label != name and label in selectors):
            label += "_selected"
        labels.append(label)
    return labels
