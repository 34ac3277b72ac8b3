"""One row per host: how its jobs ended, how long they took, whether it is paused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped] # it has no types

from scrapeq.frames.columns import CATEGORY, STRING, TEXT, TIME, array, make_frame, rows_frame
from scrapeq.frames.history import mean_s, quantile_column, success_rate
from scrapeq.models.tallies import HostErrors, HostTally


def hosts_frame(
    tallies: Sequence[HostTally],
    errors: Sequence[HostErrors],
    paused_until: Mapping[str, float] | None,
    *,
    edges_s: Sequence[float],
    limit: int | None = None,
) -> pd.DataFrame:
    """One row per host of `tallies`, the one with most jobs first; see `client.tables.hosts`.

    paused_until: when the pause of a host ends, in seconds since 1970; None if that cannot be known.
    """
    places: dict[str, int] = {}
    groups = np.array([places.setdefault(one.host, len(places)) for one in tallies], dtype=np.int64)
    size = len(places)
    status = np.array([one.status for one in tallies], dtype=object)
    counts = np.array([one.jobs for one in tallies], dtype=np.int64)
    timed = np.array([one.bucket is not None for one in tallies], dtype=bool)
    ended = np.isin(status, ["completed", "failed", "cancelled"])

    def total(chosen: Any) -> Any:
        sums = np.zeros(size, dtype=np.int64)
        np.add.at(sums, groups[chosen], counts[chosen])
        return sums

    rendered = np.zeros(size, dtype=np.int64)
    np.add.at(rendered, groups, [one.rendered for one in tallies])
    time_s = np.zeros(size)
    np.add.at(time_s, groups, [one.time_s for one in tallies])
    last_ms = np.zeros(size, dtype=np.int64)
    np.maximum.at(last_ms, groups, [one.last_ms or 0 for one in tallies])
    cells = _cells(
        groups[timed], [one.bucket for one in tallies if one.bucket is not None], counts[timed]
    )
    tally = cells | {"timed": total(timed)}
    jobs = total(np.ones(len(tallies), dtype=bool))
    succeeded, failed = total(status == "completed"), total(status == "failed")
    hosts = np.array(list(places), dtype=object)
    kinds = _most_frequent(errors, places)
    order = np.lexsort((hosts.astype(str), -jobs))[:limit]
    texts = {
        "error_kind": [array([kinds.get(number) for number in order], CATEGORY)],
        "last_finished": [
            array([last_ms[number] / 1000 if last_ms[number] else None for number in order], TIME)
        ],
        "breaker_until": [
            array([(paused_until or {}).get(hosts[number]) for number in order], TIME)
        ],
    }
    made = make_frame({"error_kind": CATEGORY, "last_finished": TIME, "breaker_until": TIME}, texts)
    return pd.DataFrame(
        {
            "host": pd.array(hosts[order], dtype=STRING),
            "jobs": pd.array(jobs[order], "Int64"),
            "succeeded": pd.array(succeeded[order], "Int64"),
            "failed": pd.array(failed[order], "Int64"),
            "open": pd.array(total(~ended)[order], "Int64"),
            "rendered": pd.array(rendered[order], "Int64"),
            "success_rate": success_rate(succeeded, failed)[order],
            "mean_s": mean_s(time_s, tally["timed"])[order],
            "p50_s": quantile_column(tally, 50, edges_s)[order],
            "p95_s": quantile_column(tally, 95, edges_s)[order],
            "error_kind": made["error_kind"],
            "last_finished": made["last_finished"],
            "breaker_open": pd.array(
                [
                    None if paused_until is None else hosts[number] in paused_until
                    for number in order
                ],
                "boolean",
            ),
            "breaker_until": made["breaker_until"],
        }
    )


_ROW_TYPES: dict[str, pa.DataType] = {
    "host": TEXT,
    **dict.fromkeys(("jobs", "succeeded", "failed", "open", "rendered"), pa.int64()),
    **dict.fromkeys(("success_rate", "mean_s", "p50_s", "p95_s"), pa.float64()),
    "error_kind": CATEGORY,
    "last_finished": TIME,
    "breaker_open": pa.bool_(),
    "breaker_until": TIME,
}


def host_rows_frame(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """The columns of `hosts_frame` from rows that have each by its name; times in ISO 8601."""
    return rows_frame(_ROW_TYPES, [[row[name] for name in _ROW_TYPES] for row in rows])


def _cells(groups: Any, buckets: Any, counts: Any) -> dict[str, Any]:
    """The histograms of the hosts, a pair of host and bucket once, whatever the status."""
    keys = groups * 1_000 + np.asarray(buckets, dtype=np.int64)
    pairs, place = np.unique(keys, return_inverse=True)
    sums = np.zeros(len(pairs), dtype=np.int64)
    np.add.at(sums, place, counts)
    return {"groups": pairs // 1_000, "buckets": pairs % 1_000, "counts": sums}


def _most_frequent(errors: Sequence[HostErrors], places: Mapping[str, int]) -> dict[int, str]:
    """For the place of each host with errors the kind that it had most of."""
    most: dict[int, tuple[int, str]] = {}
    for host, kind, count in errors:
        place = places.get(host)
        if place is None:
            continue
        known = most.get(place)
        if known is None or (-count, kind) < (-known[0], known[1]):
            most[place] = (count, kind)
    return {place: kind for place, (_, kind) in most.items()}
