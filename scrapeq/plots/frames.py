"""The tables that figures are drawn from: checked, as floats, and never too long to draw."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from scrapeq.errors import InputError

#: Points on a time axis: more than a screen has room for. A longer table is drawn in longer steps.
MOST_BUCKETS = 1000
_COUNTS = ["jobs", "succeeded", "failed"]
_TIMES = ["mean_s", "p50_s", "p90_s", "p95_s", "p99_s"]


def checked(frame: object, columns: Sequence[str], maker: str) -> pd.DataFrame:
    """The frame, if it has these columns. Raises InputError that names the function to call."""
    if not isinstance(frame, pd.DataFrame):
        raise not_of(maker, f"it is a {type(frame).__name__}")
    if missing := [name for name in columns if name not in frame.columns]:
        raise not_of(maker, f"it has no column {', '.join(missing)}")
    return frame


def over_time(frame: object, columns: Sequence[str], maker: str) -> pd.DataFrame:
    """A checked frame whose index is time: in UTC without a zone, as Plotly draws what is written.

    Raises InputError that names the function to call.
    """
    known = checked(frame, columns, maker)
    if not isinstance(known.index, pd.DatetimeIndex):
        raise not_of(maker, "its index is not time")
    return known.set_axis(in_utc(known.index), axis=0)


def history(frame: object) -> pd.DataFrame:
    """A checked `sq.history()` of at most `MOST_BUCKETS` rows, all columns as floats.

    In a longer one, neighbours are put together: jobs are added, rates are of the sums, and seconds
    are means weighted by jobs, which for percentiles is near the truth where neighbours are alike.
    """
    given = over_time(frame, ["success_rate", "jobs_per_s", *_COUNTS, *_TIMES], "history")
    known = pd.DataFrame({name: floats(given[name]) for name in given.columns}, index=given.index)
    if len(known) <= MOST_BUCKETS:
        return known
    group = groups(len(known))
    made = known[_COUNTS].groupby(group).sum()
    length_s = (known["jobs"] / known["jobs_per_s"]).fillna(bucket_s(known))
    made["jobs_per_s"] = made["jobs"] / length_s.groupby(group).sum()
    finished = made["jobs"].where(made["jobs"] > 0)
    made["success_rate"] = 100 * made["succeeded"] / finished
    seconds = known[_TIMES].mul(known["jobs"], axis=0).groupby(group).sum()
    made[_TIMES] = seconds.div(finished, axis=0)
    return made.set_axis(known.index[starts(group)], axis=0)


def fewer(counts: pd.DataFrame) -> pd.DataFrame:
    """Counts over time in at most `MOST_BUCKETS` rows: neighbours are added."""
    if len(counts) <= MOST_BUCKETS:
        return counts
    group = groups(len(counts))
    return counts.groupby(group).sum().set_axis(counts.index[starts(group)], axis=0)


def groups(length: int) -> npt.NDArray[np.int64]:
    """For each of `length` buckets the number of the one that it is drawn in, from 0."""
    return np.arange(length, dtype=np.int64) // max(1, -(-length // MOST_BUCKETS))


def starts(group: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Where each group begins."""
    return np.unique(group, return_index=True)[1]


def bucket(table: pd.DataFrame) -> pd.Timedelta | None:
    """The time from one row to the next; None when a single one does not tell."""
    times = pd.DatetimeIndex(table.index)
    if len(times) > 1:
        return pd.Timedelta(times[1] - times[0])
    return None if times.freq is None else pd.Timedelta(times.freq.nanos, unit="ns")


def bucket_s(table: pd.DataFrame) -> float:
    """The time from one row to the next, in seconds; of at least two rows."""
    return pd.Timedelta(table.index[1] - table.index[0]).total_seconds()


def in_utc(times: pd.DatetimeIndex) -> pd.DatetimeIndex:
    """The same moments in UTC, without a zone."""
    return times if times.tz is None else times.tz_convert("UTC").tz_localize(None)


def floats(values: pd.Series) -> npt.NDArray[np.float64]:
    """A column as floats, NaN where it has no value."""
    return values.to_numpy(dtype="float64", na_value=np.nan)


def not_of(maker: str, why: str) -> InputError:
    """What to raise for a table of another kind."""
    return InputError(
        f"this is not a table of sq.{maker}(): {why}",
        hint=f"pass what sq.{maker}() returns",
    )
