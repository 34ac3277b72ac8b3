"""The base of the monitor's answers: a model that is also read like the guide's dict."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict


class Answer(BaseModel, Mapping[str, Any]):
    """A value with typed fields that is also a mapping of their names.

    `answer.status`, `answer["status"]`, `answer.get("status")`, `"status" in answer`, `dict(answer)`
    and iteration over names all work, at each level. `model_dump()` gives plain dicts, lists,
    numbers and texts, ready for JSON: times are texts in ISO 8601 and in UTC. An answer equals the
    dict that it looks like. It is frozen: it tells of the moment at which it was asked for.
    """

    model_config = ConfigDict(frozen=True)

    def __getitem__(self, name: str) -> Any:
        if name not in type(self).model_fields:
            raise KeyError(name)
        return getattr(self, name)

    def __iter__(self) -> Iterator[str]:  # type: ignore[override] # a mapping's, not a model's
        return iter(type(self).model_fields)

    def __len__(self) -> int:
        return len(type(self).model_fields)

    def __contains__(self, name: object) -> bool:
        return name in type(self).model_fields

    def __eq__(self, other: object) -> bool:
        return dict(self) == dict(other) if isinstance(other, Mapping) else NotImplemented

    __hash__ = None  # type: ignore[assignment] # it holds lists and dicts

    def __or__(self, other: Mapping[str, Any]) -> dict[str, Any]:
        return {**self, **other}


def iso(since_1970_ms: float) -> str:
    """Milliseconds since 1970 as a text in ISO 8601, in UTC."""
    return datetime.fromtimestamp(since_1970_ms / 1000, UTC).isoformat()
