"""Quantiles of many histograms at once, each as `stats.quantile_s` reads it from one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np


def quantiles(
    groups: Any, buckets: Any, counts: Any, share: float, *, size: int, edges_s: Sequence[float]
) -> Any:
    """For each of `size` groups the seconds below which `share` (0 to 1) of its values lie.

    groups, buckets, counts: whole numbers, as long as each other: in group g, `count` values fell
    into the bucket; each pair of group and bucket once. Bucket n reaches up to edges_s[n], and the
    one after the last edge has no end, so that the last edge is given for it. A group without
    values gets NaN.
    """
    result = np.full(size, np.nan)
    counts = np.asarray(counts, dtype=np.int64)
    groups = np.asarray(groups, dtype=np.int64)[counts > 0]
    buckets = np.asarray(buckets, dtype=np.int64)[counts > 0]
    counts = counts[counts > 0]
    if not len(counts):
        return result
    order = np.lexsort((buckets, groups))
    groups, buckets, counts = groups[order], buckets[order], counts[order]
    there, first, sizes = np.unique(groups, return_index=True, return_counts=True)
    ends = np.cumsum(counts)
    ends -= np.repeat(ends[first] - counts[first], sizes)  # within each group
    wanted = share * ends[first + sizes - 1]
    below = ends < np.repeat(wanted, sizes)
    place = first + np.add.reduceat(below.astype(np.int64), first)
    edges = np.asarray(edges_s)
    number = buckets[place]
    upper = edges[np.minimum(number, len(edges) - 1)]
    lower = np.where(number == 0, upper, edges[np.clip(number - 1, 0, len(edges) - 1)])
    within = 1 - (ends[place] - wanted) / counts[place]
    values = lower * (upper / lower) ** within
    result[there] = np.where(number >= len(edges), edges[-1], values)
    return result
