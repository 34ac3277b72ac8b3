"""Columns of a table, put together from chunks."""

from __future__ import annotations

import itertools

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped] # it has no types
import pytest

from scrapeq.frames.columns import TEXT, in_order

#: Chunks of texts that are called by their place: "0", "1", ...
SIZES = [3, 0, 4, 1, 5]


def chunks() -> list[pa.Array]:
    ends = np.cumsum([0, *SIZES])
    return [
        pa.array([str(place) for place in range(begin, end)], TEXT)
        for begin, end in itertools.pairwise(ends)
    ]


@pytest.mark.parametrize(
    "order",
    [
        [],
        [-1, -1],
        list(range(13)),
        [-1, 0, 1, -1, -1, 2, 3, 4, 5, 6, -1, 7, 8, 9, 10, 11, 12, -1, -1],
        [1, 4, 12],  # a row that comes twice counts as it came last
        [0, 2, -1],
        [12, 3, -1, 0, 7],
        [2, 1, 0, 3, 4],
    ],
)
def test_each_row_has_the_value_that_its_place_says(order: list[int]) -> None:
    given = chunks()

    found = in_order(given, np.array(order, dtype=np.int64), TEXT)

    assert found.to_pylist() == [None if place < 0 else str(place) for place in order]
    assert given == []


def test_no_chunks_are_rows_without_a_value() -> None:
    assert in_order([], np.array([-1, -1], dtype=np.int64), TEXT).to_pylist() == [None, None]


def test_a_long_column_with_gaps_is_in_memory_once() -> None:
    pool = pa.proxy_memory_pool(pa.default_memory_pool())
    usual = pa.default_memory_pool()
    pa.set_memory_pool(pool)
    try:
        given = [pa.array(["x" * 1_000] * 1_000, TEXT) for _ in range(50)]
        size = pool.bytes_allocated()
        rows = np.arange(60_000, dtype=np.int64)
        order = np.where(rows % 6 == 5, -1, rows - rows // 6)

        found = in_order(given, order, TEXT)

        assert found.null_count == 10_000
        assert pool.max_memory() < 1.5 * size
        del found
    finally:
        pa.set_memory_pool(usual)
