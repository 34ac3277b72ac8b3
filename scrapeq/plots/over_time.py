"""Speed, seconds per page and success over time, from `sq.history()`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from scrapeq.plots import frames, labels, theme

if TYPE_CHECKING:
    from scrapeq.pipeline.job_queue import JobQueue

#: Where the slowest are more than this many times slower than the median, seconds are drawn on a
#: logarithmic axis: on a straight one the median would lie on the ground.
_WIDE = 20


def throughput(
    frame: pd.DataFrame | None = None,
    *,
    hours: float = 24,
    every: str | None = None,
    batch: Any = None,
    queue: JobQueue | None = None,
) -> go.Figure:
    """Finished pages per second over time, the failed ones on top, in their own colour.

    frame: a table of `sq.history()`; without one it is asked for with the other arguments, which
    mean what they mean there; without `every`, buckets fit the time in which pages were finished.
    A bar is as wide as its bucket; its hover tells the number of pages.

    Raises InputError for another table, and what `sq.history` raises.
    """
    known = _known(frame, hours, every, batch, queue)
    if not known["jobs"].sum():
        return theme.empty("Throughput")
    bucket = frames.bucket(known)
    finished = known["jobs"].where(known["jobs"] > 0)
    made = theme.figure(
        "Throughput",
        labels.subtitle("pages/s", labels.every(bucket), "UTC"),
        barmode="stack",
        bargap=0.15,
    )
    for name, column, marker in (
        ("succeeded", "succeeded", {"color": theme.ACCENT}),
        ("failed", "failed", theme.failed(many=len(known) > theme.FEW)),
    ):
        pages = known[column].to_numpy()
        made.add_bar(
            name=name,
            x=known.index,
            y=(known["jobs_per_s"] * known[column] / finished).to_numpy(),
            customdata=pages,
            marker=marker,
            hovertemplate="%{y:.2f} pages/s (%{customdata:,.0f} pages)",
            **theme.bar_span(bucket, gap=len(known) <= theme.FEW),
        )
    return theme.time_axis(made, bucket)


def latency(
    frame: pd.DataFrame | None = None,
    *,
    hours: float = 24,
    every: str | None = None,
    batch: Any = None,
    queue: JobQueue | None = None,
) -> go.Figure:
    """Seconds per page over time: the median (p50) and what 95 and 99 of 100 pages stay below.

    frame: a table of `sq.history()`; without one it is asked for with the other arguments, which
    mean what they mean there; without `every`, buckets fit the time in which pages were finished.
    A line is broken where nothing finished. The axis is logarithmic where the slowest pages would
    press the median to the ground; it then says so.

    Raises InputError for another table, and what `sq.history` raises.
    """
    known = _known(frame, hours, every, batch, queue)
    if not known["p50_s"].notna().any():
        return theme.empty("Seconds per page")
    bucket = frames.bucket(known)
    seconds = known[["p50_s", "p95_s", "p99_s"]].to_numpy()
    is_wide = np.nanmin(seconds) > 0 and np.nanmax(seconds) > _WIDE * np.nanmedian(seconds[:, 0])
    made = theme.figure(
        "Seconds per page",
        labels.subtitle("s", "log scale" if is_wide else "", labels.every(bucket), "UTC"),
    )
    for name, column, line in (
        ("p50", "p50_s", {"color": theme.ACCENT, "width": 2.5}),
        ("p95", "p95_s", {"color": theme.ACCENT, "width": 1.8, "dash": "dash"}),
        ("p99", "p99_s", {"color": theme.GREY, "width": 1.5, "dash": "dot"}),
    ):
        made.add_scatter(
            name=name,
            x=known.index,
            y=known[column].to_numpy(),
            mode="lines+markers",
            line=line,
            marker={"size": 5 if len(known) <= theme.FEW else 2},
            hovertemplate="%{y:.2f} s",
        )
    theme.time_axis(made, bucket)
    if is_wide:
        made.update_yaxes(type="log", rangemode="normal", tickvals=theme.LOG_TICKS_S)
    return made


def success_rate(
    frame: pd.DataFrame | None = None,
    *,
    hours: float = 24,
    every: str | None = None,
    batch: Any = None,
    queue: JobQueue | None = None,
) -> go.Figure:
    """Good pages in 100 finished ones over time, on an axis from 0 to 100 %.

    frame: a table of `sq.history()`; without one it is asked for with the other arguments, which
    mean what they mean there; without `every`, buckets fit the time in which pages were finished.
    The line is broken where nothing finished.

    Raises InputError for another table, and what `sq.history` raises.
    """
    known = _known(frame, hours, every, batch, queue)
    if not known["success_rate"].notna().any():
        return theme.empty("Success")
    bucket = frames.bucket(known)
    made = theme.figure(
        "Success", labels.subtitle("% of finished pages", labels.every(bucket), "UTC")
    )
    made.add_scatter(
        name="success",
        x=known.index,
        y=known["success_rate"].to_numpy(),
        customdata=np.column_stack([known["failed"], known["jobs"]]),
        mode="lines+markers",
        line={"color": theme.ACCENT, "width": 2.5},
        marker={"size": 5 if len(known) <= theme.FEW else 2},
        hovertemplate="%{y:.1f} % (%{customdata[0]:,.0f} of %{customdata[1]:,.0f} failed)"
        "<extra></extra>",
    )
    return theme.time_axis(made, bucket).update_yaxes(range=[0, 102], tickvals=[0, 25, 50, 75, 100])


def _known(
    frame: pd.DataFrame | None, hours: float, every: str | None, batch: Any, queue: JobQueue | None
) -> pd.DataFrame:
    """The table that was given or, without one, asked for; checked."""
    if frame is None:
        from scrapeq.client import tables

        frame = tables.history(hours, every, batch=batch, queue=queue)
    return frames.history(frame)
