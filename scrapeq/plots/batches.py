"""When batches ran, from `sq.batches()`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import plotly.graph_objects as go

from scrapeq import clock
from scrapeq.display import count, seconds
from scrapeq.plots import frames, labels, theme

if TYPE_CHECKING:
    from scrapeq.pipeline.job_queue import JobQueue

#: Characters of a batch's name: on a phone the state, to the right, takes its room from the bars.
NAME_LIMIT = 20
#: How a batch is drawn, by its state.
_PAINT = {
    "finished": theme.area(theme.ACCENT),
    "failed": theme.HATCHED,  # finished without one good page
    "open": theme.area(theme.PALE),
    "paused": theme.area(theme.PALE, hatched=True),
    "cancelled": theme.CANCELLED,
}
_COUNTS = ["total", "completed", "failed", "cancelled"]


def batches(
    frame: pd.DataFrame | None = None, *, limit: int = 25, queue: JobQueue | None = None
) -> go.Figure:
    """A bar for each batch from its start to its end (or now), the newest on top.

    To the right stands the share of its pages that is done, and its state, unless it is finished:
    then how many failed, if any did, and the bar is full in colour, else pale or hatched. The share
    of its pages that failed is hatched at its end, in the colour of failure. A batch too short to
    be seen is still a thin line. Hover tells its pages.

    frame: a table of `sq.batches()`; without one it is asked for. The first `limit` are drawn.
    Raises InputError for another table, and what `sq.batches` raises.
    """
    if frame is None:
        from scrapeq.client import tables

        frame = tables.batches(limit, queue=queue)
    columns = ["batch", "batch_id", "run", "state", *_COUNTS, "created_at", "finished_at"]
    given = frames.checked(frame, columns, "batches")
    if not len(given):
        return theme.empty("Batches")
    shown = given.head(limit).reset_index(drop=True)
    counts = pd.DataFrame({name: frames.floats(shown[name]) for name in _COUNTS})
    begin = pd.Series(frames.in_utc(pd.DatetimeIndex(shown["created_at"])))
    end = pd.Series(frames.in_utc(pd.DatetimeIndex(shown["finished_at"])))
    now = pd.Timestamp(clock.now()).tz_localize(None)
    length_s = (end.fillna(now) - begin).dt.total_seconds().clip(lower=0)
    done = counts["completed"] + counts["failed"]
    left_out = f"{len(shown)} of {len(given):,} batches" if len(shown) < len(given) else ""

    made = theme.figure(
        "Batches",
        labels.subtitle("share done", left_out, "UTC"),
        height=theme.HEAD + 60 + theme.ROW * len(shown),
        barmode="overlay",
        bargap=0.35,
        showlegend=False,
    )
    names = [
        _name(*one) for one in zip(shown["batch"], shown["batch_id"], shown["run"], strict=True)
    ]
    theme.rows(
        made,
        [labels.label(name, NAME_LIMIT) for name in names],
        [
            _done(*one)
            for one in zip(
                done, counts["total"], counts["failed"], shown["state"].astype(str), strict=True
            )
        ],
    )
    hovers = [
        _hover(*one)
        for one in zip(names, shown["state"], length_s, counts.itertuples(), strict=True)
    ]
    states = shown["state"].astype(str)
    all_failed = (states == "finished") & (counts["completed"] == 0) & (counts["failed"] > 0)
    states = states.mask(all_failed, "failed")
    for state, paint in _PAINT.items():
        rows = list(shown.index[states == state])
        if not rows:
            continue
        made.add_bar(
            name=state,
            orientation="h",
            y=rows,
            base=begin.iloc[rows].dt.strftime("%Y-%m-%dT%H:%M:%S.%f").tolist(),
            x=(length_s.iloc[rows] * 1000).to_numpy(),
            marker=paint | {"line": {"width": 1.5, "color": paint["color"]}},
            hovertext=[hovers[row] for row in rows],
            hovertemplate="%{hovertext}<extra></extra>",
        )
    share = (counts["failed"] / counts["total"]).where(~all_failed, 0.0)
    rows = list(shown.index[share > 0])
    if rows:
        failed_s = length_s.iloc[rows] * share.iloc[rows]
        ends = begin.iloc[rows] + pd.to_timedelta(length_s.iloc[rows] - failed_s, unit="s")
        made.add_bar(
            orientation="h",
            y=rows,
            base=ends.dt.strftime("%Y-%m-%dT%H:%M:%S.%f").tolist(),
            x=(failed_s * 1000).to_numpy(),
            marker=theme.HATCHED,
            hovertext=[hovers[row] for row in rows],
            hovertemplate="%{hovertext}<extra></extra>",
        )
    return theme.time_axis(made, None).update_xaxes(visible=True, showgrid=True, nticks=3)


def _name(name: Any, batch_id: Any, run: Any) -> str:
    """What a batch is called: its name with the run, if it is not the first; or its id."""
    if pd.isna(name):
        return str(batch_id)
    return f"{name} (run {run})" if pd.notna(run) and run > 1 else str(name)


def _hover(name: str, state: str, length_s: float, row: Any) -> str:
    """What the hover shows of a batch, in lines of our own with its words escaped."""
    lines = [
        f"<b>{labels.text(name)}</b>",
        f"{labels.text(state, 20)}, {seconds(length_s)}",
        f"{count(int(row.completed))} of {count(int(row.total))} succeeded",
        f"{count(int(row.failed))} failed",
    ]
    if row.cancelled:
        lines.append(f"{count(int(row.cancelled))} cancelled")
    return "<br>".join(lines)


def _done(part: float, whole: float, failed: float, state: str) -> str:
    """What stands to the right of a bar: how much is done, rounded down, and the state; of a
    finished batch how many failed, if any."""
    if state == "finished" and failed:
        return f"{count(int(failed))} failed"
    share = f"{100 * part // whole if whole else 100:.0f} %"
    return share if state == "finished" else f"{share} {labels.text(state, 20)}"
