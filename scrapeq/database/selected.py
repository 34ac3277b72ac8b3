"""Which selectors matched: for a page bits of a number, for a batch counts.

A column of a million rows is not read to say that a selector matched nothing: each result adds to its
batch's counts, in its own transaction. A page that was read for an earlier batch answers with its bits.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from typing import Any

#: Selectors that are counted, the first in the order of their names: a number of the record has 63 bits.
MOST_COUNTED = 62


def selected_bits(fields: Mapping[str, Any], selectors: Collection[str]) -> int | None:
    """One bit for each selector that gave something, in the order of their names; None if there are
    no selectors."""
    if not selectors:
        return None
    names = sorted(selectors)[:MOST_COUNTED]
    return sum(1 << place for place, name in enumerate(names) if fields.get(name))


def counted(counts: str | None, bits: Iterable[int]) -> str | None:
    """The counts of a batch with more pages: a JSON list of pages, then matches by selector."""
    numbers: list[int] = json.loads(counts) if counts else [0]
    before = numbers[0]
    for number in bits:
        numbers[0] += 1
        numbers += [0] * (number.bit_length() + 1 - len(numbers))
        for place in range(1, number.bit_length() + 1):
            numbers[place] += number >> (place - 1) & 1
    return counts if numbers[0] == before else json.dumps(numbers)


def by_selector(counts: str | None, selectors: Collection[str]) -> tuple[int, dict[str, int]]:
    """Pages that were read, and on how many of them each selector matched."""
    numbers: list[int] = json.loads(counts) if counts else [0]
    names = sorted(selectors)[:MOST_COUNTED]
    matches = numbers[1:] + [0] * len(names)
    return numbers[0], dict(zip(names, matches, strict=False))
