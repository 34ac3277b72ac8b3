"""Ways to ask an endpoint for JSON, the best first: by the schema, as any object, in words alone.

The schema is in the instructions in any case, and every answer is checked here in any case.
"""

from __future__ import annotations

from typing import Any

from scrapeq.llm.answer import is_strict

_ANY_OBJECT: dict[str, Any] = {"type": "json_object"}


def forms_of(schema: dict[str, Any] | None) -> tuple[dict[str, Any] | None, ...]:
    """What `response_format` may be for answers of this schema; None: any object.

    The protocol has objects only: for a list or a number words have to do.
    """
    if schema is None:
        return _ANY_OBJECT, None
    if schema.get("type") != "object":
        return (None,)
    form = {"name": "answer", "schema": schema, "strict": is_strict(schema)}
    return {"type": "json_schema", "json_schema": form}, _ANY_OBJECT, None
