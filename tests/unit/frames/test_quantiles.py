"""Quantiles of many histograms are those of each of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrapeq import stats
from scrapeq.frames.quantiles import quantiles

histograms = st.dictionaries(st.integers(0, 121), st.integers(0, 1_000_000), max_size=8)


@given(st.lists(histograms, max_size=6), st.floats(0, 1), st.randoms())
def test_each_group_has_its_own(counts, share, random):
    cells = [
        (group, bucket, count) for group, one in enumerate(counts) for bucket, count in one.items()
    ]
    random.shuffle(cells)
    groups, buckets, numbers = np.array(cells, dtype=np.int64).reshape(-1, 3).T

    found = quantiles(
        groups, buckets, numbers, share, size=len(counts), edges_s=stats.BUCKET_EDGES_S
    )

    wanted = [stats.quantile_s(one, share) for one in counts]
    assert [None if np.isnan(one) else pytest.approx(one) for one in found] == wanted
