"""Which rows nearly repeat an earlier one: exact where it can be, and the same every time."""

from __future__ import annotations

import numpy as np
import pandas as pd

from scrapeq.frames.near_duplicates import (
    ALIKE,
    first_alike,
    near_duplicates_column,
    near_duplicates_frame,
)

RANDOM = np.random.default_rng(7)
NUMBERS = 128


def some(count: int):
    return RANDOM.integers(0, 256, (count, NUMBERS), dtype=np.uint8)


def changed(numbers, places):
    other = numbers.copy()
    other[places] += 1
    return other


def test_the_first_of_those_that_are_alike():
    texts = some(6)
    texts[3] = texts[1]
    texts[4] = changed(texts[1], range(0, 10))

    assert first_alike(texts).tolist() == [-1, -1, -1, 1, 1, -1]


def test_a_chain_has_the_first_of_all():
    texts = some(3)
    texts[1] = changed(texts[0], range(0, 20))
    texts[2] = changed(texts[1], range(20, 40))

    assert (texts[0] == texts[2]).mean() < ALIKE
    assert first_alike(texts).tolist() == [-1, 0, 0]


def test_a_band_in_common_is_not_enough():
    texts = some(3)
    texts[1, :16] = texts[0, :16]
    texts[2] = changed(texts[1], range(120, 128))

    assert first_alike(texts).tolist() == [-1, -1, 1], (
        "found though the first of its band is another"
    )


def test_many_rows_of_few_texts():
    known = some(50)
    places = np.concatenate([np.arange(50), RANDOM.integers(0, 50, 20_000)])

    found = first_alike(known[places])

    assert (found[:50] == -1).all()
    assert (found[50:] == places[50:]).all()


def test_the_frame_and_the_column_name_rows():
    texts = some(2)
    chunks = [
        [(2, "http://a/", texts[0].tobytes()), (5, "http://b/", texts[1].tobytes())],
        [(7, "http://c/", changed(texts[0], range(8)).tobytes())],
    ]

    frame = near_duplicates_frame(chunks)

    assert frame.drop(columns="similarity").to_dict("records") == [
        {"row": 7, "page_url": "http://c/", "near_duplicate_of": 2}
    ]
    assert 0.9 < frame["similarity"][0] < 0.95
    column = pd.Series(near_duplicates_column(chunks, total=9))
    assert column.dropna().to_dict() == {7: 2}
    assert column.dtype == "Int64"


def test_no_pages():
    frame = near_duplicates_frame([])

    assert frame.empty
    assert list(frame) == ["row", "page_url", "near_duplicate_of", "similarity"]
    assert pd.Series(near_duplicates_column([[]], total=2)).isna().all()
