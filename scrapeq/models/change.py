"""How a page differs from what it was in an earlier run."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

#: What a change may be. A row that is open or was cancelled in either run has none: it was not seen.
CHANGES = ("same", "changed", "added", "removed", "broke", "mended")
#: What of two good pages is compared, beside what was asked for by name; of two failures, the first two.
_COMPARED = ("error_kind", "http_status", "title", "author", "published", "text")


@dataclass(frozen=True, slots=True)
class Seen:
    """A page as a run saw it: `ok` is None where the run did not look (open or cancelled). `text`
    is anything equal for equal texts; `values` are those that were asked for by name, in their order, as
    text."""

    url: str
    ok: bool | None
    http_status: int | None
    title: str | None
    error_kind: str | None
    author: str | None
    published: int | None
    text: object
    values: tuple[str | None, ...]

    @property
    def compared(self) -> tuple[object, ...]:
        """What is equal for two pages that are the same."""
        names = _COMPARED if self.ok else _COMPARED[:2]
        own = tuple(getattr(self, name) for name in names)
        return (*own, *self.values) if self.ok else own


def selected(fields: Mapping[str, Any], names: Sequence[str]) -> tuple[str | None, ...]:
    """The values of fields as text; what is no text as JSON."""
    return tuple(_written(fields.get(name)) for name in names)


def judge(
    old: Seen | None, new: Seen | None, labels: Sequence[str]
) -> tuple[str | None, str | None]:
    """The change of a page, and for a changed page also the fields that changed, joined by commas."""
    if new is None:
        return "removed", None
    if old is None:
        return "added", None
    if old.ok is None or new.ok is None:
        return None, None
    if old.ok != new.ok:
        return ("broke" if old.ok else "mended"), None
    names = [*(_COMPARED if old.ok else _COMPARED[:2]), *(labels if old.ok else ())]
    changed = [
        name
        for name, before, after in zip(names, old.compared, new.compared, strict=True)
        if before != after
    ]
    return ("changed", ",".join(changed)) if changed else ("same", None)


def _written(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)
