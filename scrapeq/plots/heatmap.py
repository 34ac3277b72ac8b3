"""How each host did over time, from `sq.host_history()`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import plotly.graph_objects as go

from scrapeq.errors import InputError
from scrapeq.plots import frames, labels, theme

if TYPE_CHECKING:
    from scrapeq.pipeline.job_queue import JobQueue

#: Rows and columns of the map: what fits on a screen.
MOST_HOSTS, MOST_STEPS = 30, 240
#: For each value: title, unit of the legend, format of a number (d3), and in Python.
_VALUES = {
    "success_rate": ("Success by host", "success, %", ".1f", "{:.1f} %"),
    "jobs": ("Pages by host", "pages", ",.0f", "{:,.0f}"),
    "failed": ("Failed pages by host", "failed pages", ",.0f", "{:,.0f}"),
    "p50_s": ("Median seconds by host", "s, median", ".2f", "{:.2f} s"),
}
#: What is about failures has their colour.
_SCALES = {"success_rate": theme.WEAKNESS, "failed": theme.FAILURES}


def host_heatmap(
    frame: pd.DataFrame | None = None,
    *,
    value: Literal["success_rate", "jobs", "failed", "p50_s"] = "success_rate",
    hours: float = 24,
    every: str | None = None,
    batch: Any = None,
    limit: int = MOST_HOSTS,
    queue: JobQueue | None = None,
) -> go.Figure:
    """Hosts by time, the busiest on top; a strong cell is what to look at, no cell is no pages.

    value: `success_rate` (0 to 100 %, strong where much failed), `jobs`, `failed`, or `p50_s`
    (seconds). To the right stands the value over the whole time; for `p50_s` it is the mean of
    medians, weighted by pages. At most `MOST_HOSTS` hosts are drawn, and at most `MOST_STEPS`
    buckets: of a longer table neighbours are put together.

    frame: a table of `sq.host_history()`; without one it is asked for with the other arguments,
    which mean what they mean there; without `every`, buckets fit the time in which pages were
    finished. Raises InputError for another table or value, and what
    `sq.host_history` raises.
    """
    if value not in _VALUES:
        raise InputError(f"there is no value {value!r}", hint=f"one of {', '.join(_VALUES)}")
    if frame is None:
        from scrapeq.client import tables

        frame = tables.host_history(hours, every, batch=batch, limit=limit, queue=queue)
    title, unit, d3, number = _VALUES[value]
    given = frames.checked(frame, ["time", "host", "jobs", "failed", "p50_s"], "host_history")
    if not len(given) or not given["jobs"].sum():
        return theme.empty(title)
    jobs, failed, seconds = _maps(given)
    hosts = jobs.sum().sort_values(ascending=False, kind="stable").index[: min(limit, MOST_HOSTS)]
    jobs, failed, seconds = jobs[hosts], failed[hosts], seconds[hosts]
    shown = _value(value, jobs, failed, seconds)
    overall = _value(value, jobs.sum(), failed.sum(), seconds.sum())

    number_of_hosts = given["host"].nunique()
    bucket = frames.bucket(jobs)
    left_out = f"{len(hosts)} of {number_of_hosts:,} hosts" if len(hosts) < number_of_hosts else ""
    made = theme.figure(
        title,
        labels.subtitle(unit, left_out, labels.every(bucket), "UTC"),
        height=theme.HEAD + 80 + theme.ROW * len(hosts),
    )
    theme.rows(
        made,
        [labels.label(host) for host in hosts],
        labels.column([number.format(one) if pd.notna(one) else "" for one in overall]),
    )
    names = np.broadcast_to([labels.text(host) for host in hosts], jobs.shape).T
    made.add_heatmap(
        x=jobs.index,
        y=list(range(len(hosts))),
        z=shown.to_numpy().T,
        hovertext=names,
        customdata=np.stack([jobs.to_numpy().T, failed.to_numpy().T], axis=-1),
        hovertemplate=f"<b>%{{hovertext}}</b><br>%{{x}}<br>{unit}: %{{z:{d3}}}<br>"
        "%{customdata[1]:,.0f} of %{customdata[0]:,.0f} pages failed<extra></extra>",
        hoverongaps=False,
        xgap=1,
        ygap=2,
        zmin=0,
        zmax=100 if value == "success_rate" else max(float(np.nanmax(shown.to_numpy())), 1e-9),
        colorscale=_SCALES.get(value, theme.STRENGTH),
        colorbar=theme.colour_bar(made),
        **({} if bucket is None else {"xperiod": bucket.total_seconds() * 1000}),
    )
    return theme.time_axis(made, bucket).update_xaxes(visible=True, nticks=4)


def _maps(given: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Jobs, failed ones and seconds (median times jobs), each as time by host, steps regular."""
    finished = frames.floats(given["jobs"])
    steps, columns = _steps(frames.in_utc(pd.DatetimeIndex(given["time"])))
    long = pd.DataFrame(
        {
            "step": steps,
            "host": given["host"].astype(object).to_numpy(),
            "jobs": finished,
            "failed": frames.floats(given["failed"]),
            "seconds": np.nan_to_num(frames.floats(given["p50_s"])) * finished,
        }
    )
    jobs, failed, seconds = (
        long.pivot_table(index="step", columns="host", values=name, aggfunc="sum", fill_value=0.0)
        .reindex(np.arange(len(columns)), fill_value=0.0)
        .astype("float64")
        .set_axis(columns, axis=0)
        for name in ("jobs", "failed", "seconds")
    )
    return jobs, failed, seconds


def _steps(times: pd.DatetimeIndex) -> tuple[npt.NDArray[np.int64], pd.DatetimeIndex]:
    """For each row the column it is drawn in, and when each column begins.

    A bucket without any job has no rows, so the length of a bucket is the greatest time that all
    times are multiples apart.
    """
    since_ns = (times - times.min()).to_numpy().astype("timedelta64[ns]").astype(np.int64)
    step_ns = int(np.gcd.reduce(since_ns))
    if not step_ns:  # a single bucket
        return since_ns, times[:1]
    buckets = int(since_ns.max()) // step_ns + 1
    step_ns *= -(-buckets // MOST_STEPS)
    steps = since_ns // step_ns
    begin = times.min() + pd.to_timedelta(np.arange(steps.max() + 1) * step_ns, unit="ns")
    return steps, begin


def _value(value: str, jobs: Any, failed: Any, seconds: Any) -> Any:
    """The value to draw, of maps or of columns; NaN without jobs."""
    finished = jobs.where(jobs > 0)
    return {
        "success_rate": 100 * (1 - failed / finished),
        "jobs": finished,
        "failed": failed.where(jobs > 0),
        "p50_s": seconds / finished,
    }[value]
