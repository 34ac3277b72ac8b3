"""Which rows of a batch nearly repeat an earlier one, by the MinHash of their texts.

No row is compared with every other one: only with the first of those that have eight numbers in a row in
common with it (locality-sensitive hashing). A million rows take seconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped] # it has no types

from scrapeq.frames.columns import TEXT, rows_frame

#: The share of phrases that two texts have in common, of all that either has, from which on they are near
#: duplicates. As in Manku, Jain, Das Sarma, "Detecting near-duplicates for web crawling", 2007, that is about one
#: changed word in 27; what it is worth on real pages is in docs/evaluation.md.
ALIKE = 0.8
#: Numbers that a band has. Of two texts that share 80 % of their phrases at least one of 16 bands is equal
#: in 95 of 100 cases, of two that share 90 % in all, of two that share half in 6.
BAND = 8
#: How many different texts of one band others are compared with: bands are mostly of one text.
ROUNDS = 8
#: Bytes that two numbers have by chance in common: they are cut to 8 bits.
_BY_CHANCE = 1 / 256
_CHUNK = 100_000

_TYPES: dict[str, pa.DataType] = {
    "row": pa.int64(),
    "page_url": TEXT,
    "near_duplicate_of": pa.int64(),
    "similarity": pa.float64(),
}


def near_duplicates_frame(
    chunks: Iterable[Sequence[tuple[int, str, bytes]]],
) -> pd.DataFrame:
    """One row per page that nearly repeats an earlier one, in the order of rows.

    chunks: lists of (row, page's URL, numbers of the MinHash), in the order of rows. Columns: row int64 ·
    page_url string · near_duplicate_of Int64 (the row of the first page that it is alike, itself or over
    others between them) · similarity Float64, the share of phrases in common with that one, estimated.
    """
    rows, urls, numbers = _columns(chunks)
    first = first_alike(numbers)
    found = np.flatnonzero(first >= 0)
    shares = _similarity(numbers, found, first[found])
    places = found.tolist()
    frame = rows_frame(
        _TYPES,
        [
            (rows[place], urls[place], rows[one], share)
            for place, one, share in zip(
                places, first[found].tolist(), shares.tolist(), strict=True
            )
        ],
    )
    frame["row"] = frame["row"].astype(np.int64)
    return frame


def near_duplicates_column(chunks: Iterable[Sequence[tuple[int, str, bytes]]], total: int) -> Any:
    """For each of `total` rows the row that it nearly repeats; NA where it does not. Int64."""
    rows, _, numbers = _columns(chunks)
    first = first_alike(numbers)
    found = np.flatnonzero(first >= 0)
    places = np.array(rows, dtype=np.int64)
    values = np.zeros(total, dtype=np.int64)
    missing = np.ones(total, dtype=bool)
    values[places[found]] = places[first[found]]
    missing[places[found]] = False
    return pd.arrays.IntegerArray(values, missing)


def first_alike(numbers: Any) -> Any:
    """For each text (a row of bytes of the array) the place of the first one that it is alike; -1: none.

    The first one of a chain: if b is alike a, and c is alike b, both have a. The same for the same array,
    whatever it was called for before.
    """
    total = len(numbers)
    first = np.full(total, -1, dtype=np.int64)
    keys = np.ascontiguousarray(numbers).view(np.uint64)
    for band in range(keys.shape[1]):
        left = np.arange(total)
        for _ in range(ROUNDS):
            left, heads = _with_company(keys[left, band], left)
            if not len(left):
                break
            unknown = (first[left] < 0) | (first[left] > heads)
            alike = np.zeros(len(left), dtype=bool)
            alike[unknown] = _similarity(numbers, left[unknown], heads[unknown]) >= ALIKE
            first[left[alike]] = heads[alike]
            left = left[unknown & ~alike]
    while True:  # to the first one of the chain
        beyond = np.where(first >= 0, first[first], -1)
        if not (beyond >= 0).any():
            return first
        first = np.where(beyond >= 0, beyond, first)


def _with_company(keys: Any, places: Any) -> tuple[Any, Any]:
    """Places whose key an earlier place has, too, and the first of these for each."""
    order = np.argsort(keys, kind="stable")  # stable: within a key they stay in order
    ordered = keys[order]
    begins = np.ones(len(ordered), dtype=bool)
    begins[1:] = ordered[1:] != ordered[:-1]
    heads = places[order][np.maximum.accumulate(np.where(begins, np.arange(len(order)), 0))]
    return places[order][~begins], heads[~begins]


def _similarity(numbers: Any, some: Any, others: Any) -> Any:
    """The share of phrases that texts at these places have in common, pair by pair, estimated."""
    shares = np.empty(len(some))
    for begin in range(0, len(some), _CHUNK):
        part = slice(begin, begin + _CHUNK)
        equal = (numbers[some[part]] == numbers[others[part]]).mean(axis=1)
        shares[part] = (equal - _BY_CHANCE) / (1 - _BY_CHANCE)
    return np.maximum(shares, 0)


def _columns(
    chunks: Iterable[Sequence[tuple[int, str, bytes]]],
) -> tuple[list[int], list[str], Any]:
    rows: list[int] = []
    urls: list[str] = []
    parts: list[bytes] = []
    width = BAND
    for chunk in chunks:
        rows += [row for row, _, _ in chunk]
        urls += [url for _, url, _ in chunk]
        parts.append(b"".join(one for _, _, one in chunk))
        width = len(chunk[0][2]) if chunk else width
    return rows, urls, np.frombuffer(b"".join(parts), dtype=np.uint8).reshape(-1, width)
