"""Single jobs as points: when each ended and how long it took, from `sq.jobs()`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import plotly.graph_objects as go

from scrapeq.plots import frames, labels, theme

if TYPE_CHECKING:
    from scrapeq.pipeline.job_queue import JobQueue

#: Points of a figure: more of them are a cloud, and slow to draw.
MOST_POINTS = 2000
_COLUMNS = ["url", "status", "error_kind", "finished_at", "elapsed_s"]


def jobs(
    frame: pd.DataFrame | None = None, *, queue: JobQueue | None = None, **wanted: Any
) -> go.Figure:
    """When jobs ended and how many seconds their last try took, a point each, failed ones as crosses.

    frame: a table of `sq.jobs()`; without one it is asked for with the other arguments, which mean
    what they mean there (`batch`, `host`, `status`, `since`, ...). At most 2,000 points, the first
    of the table, which are the newest. Jobs that have not ended, or that no request was sent for,
    have none. The axis of seconds is logarithmic.

    Raises InputError for another table, and what `sq.jobs` raises.
    """
    if frame is None:
        from scrapeq.client import tables

        frame = tables.jobs(queue=queue, **wanted)
    known = frames.checked(frame, _COLUMNS, "jobs")
    ended = known[known["finished_at"].notna() & known["elapsed_s"].gt(0).fillna(value=False)]
    shown = ended.head(MOST_POINTS)
    if shown.empty:
        return theme.empty("Jobs")
    made = theme.figure(
        "Jobs",
        labels.subtitle(
            "s per page",
            "log scale",
            f"the newest {MOST_POINTS:,} of {len(ended):,}" if len(ended) > MOST_POINTS else "",
            "UTC",
        ),
        hovermode="closest",
    )
    failed = shown["status"].astype(str) == "failed"
    for name, some, marker in (
        ("succeeded", shown[~failed], {"color": theme.ACCENT, "size": 6, "opacity": 0.6}),
        ("failed", shown[failed], {"color": theme.FAILED, "size": 7, "symbol": "x-thin-open"}),
    ):
        made.add_scatter(
            name=name,
            x=frames.in_utc(pd.DatetimeIndex(some["finished_at"])),
            y=frames.floats(some["elapsed_s"]),
            mode="markers",
            marker=marker,
            hovertext=[
                labels.text(url) + (f"<br>{labels.text(kind, 40)}" if pd.notna(kind) else "")
                for url, kind in zip(some["url"], some["error_kind"], strict=True)
            ],
            hovertemplate="%{hovertext}<br>%{y:.3~r} s, %{x}<extra></extra>",
        )
    theme.time_axis(made, None)
    made.update_yaxes(type="log", rangemode="normal", tickvals=theme.LOG_TICKS_S)
    return made
