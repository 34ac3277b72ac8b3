"""The past in steps of equal length: of all jobs or one batch, of its errors, and of hosts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd

from scrapeq.frames.columns import STRING, float64
from scrapeq.frames.quantiles import quantiles
from scrapeq.models.tallies import ErrorSpan

_PERCENTS = (50, 90, 95, 99)


@dataclass(frozen=True, slots=True)
class Steps:
    """Steps of `every_ms` from `first_ms` on, `count` of them; the past that they are to show
    reaches from `begin_ms` to `end_ms`, so that the first and the last may be shorter."""

    first_ms: int
    every_ms: int
    count: int
    begin_ms: int
    end_ms: int

    @property
    def last_ms(self) -> int:
        """When the last of them starts."""
        return self.first_ms + (self.count - 1) * self.every_ms

    @property
    def index(self) -> pd.DatetimeIndex:
        """Their starts, in UTC."""
        return pd.date_range(
            pd.Timestamp(self.first_ms, unit="ms", tz="UTC").as_unit("us"),
            periods=self.count,
            freq=pd.Timedelta(milliseconds=self.every_ms),
            name="time",
        )

    @property
    def seconds(self) -> Any:
        """How long each of them is within the past, a second at least."""
        starts = self.first_ms + self.every_ms * np.arange(self.count)
        begins = np.maximum(starts, self.begin_ms)
        ends = np.minimum(starts + self.every_ms, self.end_ms)
        return np.maximum((ends - begins) / 1000, 1.0)


class Step(Protocol):
    """The jobs that ended within a step; `latencies` counts the timed ones by bucket."""

    start_ms: int
    succeeded: int
    failed: int
    rendered: int
    timed: int
    time_s: float
    latencies: dict[int, int]


def history_frame(steps: Steps, found: Sequence[Step], *, edges_s: Sequence[float]) -> pd.DataFrame:
    """One row per step, in order, those without jobs too; see `pipeline.tables.history`."""
    tally = _tally(found, [steps_place(steps, one.start_ms) for one in found], steps.count)
    jobs = tally["succeeded"] + tally["failed"]
    return pd.DataFrame(
        {
            "jobs": pd.array(jobs, "Int64"),
            "succeeded": pd.array(tally["succeeded"], "Int64"),
            "failed": pd.array(tally["failed"], "Int64"),
            "rendered": pd.array(tally["rendered"], "Int64"),
            "success_rate": success_rate(tally["succeeded"], tally["failed"]),
            "jobs_per_s": float64(jobs / steps.seconds, np.ones(steps.count, dtype=bool)),
            "mean_s": mean_s(tally["time_s"], tally["timed"]),
            **{f"p{percent}_s": quantile_column(tally, percent, edges_s) for percent in _PERCENTS},
        },
        index=steps.index,
    )


def error_history_frame(steps: Steps, found: Sequence[ErrorSpan]) -> pd.DataFrame:
    """One row per step and an Int64 column per kind; found: `(start_ms, error kind, count)`."""
    totals: Counter[str] = Counter()
    for _, kind, count in found:
        totals[kind] += count
    kinds = sorted(totals, key=lambda kind: (-totals[kind], kind))
    place = {kind: column for column, kind in enumerate(kinds)}
    counts = np.zeros((steps.count, len(kinds)), dtype=np.int64)
    for start_ms, kind, count in found:
        counts[steps_place(steps, start_ms), place[kind]] += count
    columns = {kind: pd.array(counts[:, place[kind]], "Int64") for kind in kinds}
    return pd.DataFrame(columns, index=steps.index, columns=pd.Index(kinds, dtype="object"))


def host_history_frame(
    steps: Steps, found: Mapping[str, Sequence[Step]], *, edges_s: Sequence[float]
) -> pd.DataFrame:
    """A row per host and step, those without jobs too, hosts in the order given."""
    hosts = list(found)
    size = len(hosts) * steps.count
    spans = [span for mine in found.values() for span in mine]
    places = [
        number * steps.count + steps_place(steps, span.start_ms)
        for number, mine in enumerate(found.values())
        for span in mine
    ]
    tally = _tally(spans, places, size)
    times = steps.index
    return pd.DataFrame(
        {
            "time": times.take(np.tile(np.arange(steps.count), len(hosts))),
            "host": pd.array(np.repeat(np.array(hosts, dtype=object), steps.count), dtype=STRING),
            "jobs": pd.array(tally["succeeded"] + tally["failed"], "Int64"),
            "failed": pd.array(tally["failed"], "Int64"),
            "rendered": pd.array(tally["rendered"], "Int64"),
            "success_rate": success_rate(tally["succeeded"], tally["failed"]),
            "p50_s": quantile_column(tally, 50, edges_s),
        }
    )


def steps_place(steps: Steps, start_ms: int) -> int:
    """The number of the step that starts then."""
    return (start_ms - steps.first_ms) // steps.every_ms


def success_rate(succeeded: Any, failed: Any) -> Any:
    """Good ones among those that ended, 0 to 100, Float64; NA where none did."""
    ended = succeeded + failed
    return float64(100 * succeeded / np.maximum(ended, 1), ended > 0)


def mean_s(time_s: Any, timed: Any) -> Any:
    """Seconds that a timed job took, Float64; NA where none was timed."""
    return float64(time_s / np.maximum(timed, 1), timed > 0)


def quantile_column(tally: Mapping[str, Any], percent: int, edges_s: Sequence[float]) -> Any:
    """Seconds within which so many of a hundred timed jobs were done, Float64; NA without one."""
    values = quantiles(
        tally["groups"],
        tally["buckets"],
        tally["counts"],
        percent / 100,
        size=len(tally["timed"]),
        edges_s=edges_s,
    )
    return float64(values, ~np.isnan(values))


def _tally(found: Sequence[Step], places: Sequence[int], size: int) -> dict[str, Any]:
    """The numbers of steps at their places among `size`, and their histograms as three columns."""
    counts = ("succeeded", "failed", "rendered", "timed")
    tally: dict[str, Any] = {name: np.zeros(size, dtype=np.int64) for name in counts}
    tally["time_s"] = np.zeros(size)
    for name in (*counts, "time_s"):
        numbers = np.array([getattr(one, name) for one in found], dtype=tally[name].dtype)
        np.add.at(tally[name], np.array(places, dtype=np.int64), numbers)
    cells = [
        (place, bucket, count)
        for one, place in zip(found, places, strict=True)
        for bucket, count in one.latencies.items()
    ]
    columns = np.array(cells, dtype=np.int64).reshape(-1, 3)
    tally["groups"], tally["buckets"], tally["counts"] = columns.T
    return tally
