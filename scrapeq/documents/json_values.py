"""JSON: one value, or one on each line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from typing import Any

from scrapeq.documents.document import Document, Found
from scrapeq.models import ErrorKind, Failure

#: Characters of a document that is written anew, with one name on each line; what is longer stays as it
#: came, since that takes Python half a second for each MB.
MOST_PRETTY = 1_000_000
#: Names of the first level that metadata lists.
MOST_NAMES = 100


def read_json(document: Document) -> Found | Failure:
    """What it says as text with one name on each line, and what it consists of."""
    written = document.text.strip("\x1e\ufeff \t\r\n")
    try:
        values = [json.loads(written)]
        facts = _facts(values[0])
    except RecursionError:
        return _no_json("it is nested too deeply")
    except ValueError as error:
        try:
            values = list(_lines(written))
        except (ValueError, RecursionError):
            return _no_json(str(error).partition(" (char")[0])
        facts = {"json": "lines", "items": len(values)}
    text = written
    if len(written) <= MOST_PRETTY:
        with suppress(RecursionError):  # writing goes less deep than reading
            text = _pretty(values)
    return Found("json", text=text, metadata=facts)


def value_of(text: str) -> Any:
    """What JSON says, of JSON Lines the list of its lines; None for what is none."""
    written = text.strip("\x1e\ufeff \t\r\n")
    with suppress(ValueError, RecursionError):
        return json.loads(written)
    with suppress(ValueError, RecursionError):
        return list(_lines(written))
    return None


def _no_json(why: str) -> Failure:
    return Failure(ErrorKind.PARSE, f"this is called JSON and is none: {why}", retryable=False)


def _lines(written: str) -> Iterator[Any]:
    """The values of JSON Lines; ValueError if a line is none, or there is only one."""
    lines = [line for line in written.splitlines() if line.strip("\x1e \t")]
    if len(lines) < 2:
        raise ValueError("there is one line")
    return (json.loads(line.strip("\x1e \t")) for line in lines)


def _facts(value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        return {"json": "object", "names": [name[:200] for name in islice(value, MOST_NAMES)]}
    if isinstance(value, list):
        return {"json": "array", "items": len(value)}
    return {"json": "value"}


def _pretty(values: list[Any]) -> str:
    """The values with one name on each line. What stands deep is indented far, so it is counted."""
    pieces: list[str] = []
    length = 0
    encoder = json.JSONEncoder(indent=2, ensure_ascii=False)
    for value in values:
        for piece in encoder.iterencode(value):
            pieces.append(piece)
            length += len(piece)
            if length > MOST_PRETTY:
                return "".join(pieces)[:MOST_PRETTY]
        pieces.append("\n")
    return "".join(pieces)
