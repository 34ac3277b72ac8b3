"""How one batch came along: pages done so far over time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from scrapeq import clock
from scrapeq.plots import frames, labels, theme

if TYPE_CHECKING:
    from scrapeq.client.handle import BatchHandle
    from scrapeq.pipeline.job_queue import JobQueue

#: The steps a batch's time is cut into where none is given: the first with which it has at most
#: `_STEPS` of them.
_EVERY = ("1s", "5s", "15s", "1min", "5min", "15min", "1h", "3h", "1D", "7D")
_STEPS = 200


def timeline(
    batch: BatchHandle | str | pd.DataFrame,
    *,
    every: str | None = None,
    total: int | None = None,
    queue: JobQueue | None = None,
) -> go.Figure:
    """Pages succeeded and failed so far over a batch's time, and how many there are to do.

    batch: a handle, an id or a name (its newest run); or a table of `sq.history(batch=...)`, for
    which `total` may say how many rows the batch has. every: the steps, like "15min"; where
    none is given, so that there are at most 200. What is drawn at a moment is what was done by then.

    Raises InputError for anything else, and what `sq.attach` and `sq.history` raise.
    """
    title = "Batch"
    if isinstance(batch, pd.DataFrame):
        given = batch
    else:
        from scrapeq.client.handle import BatchHandle
        from scrapeq.client.scrape import attach

        if not isinstance(batch, BatchHandle | str):
            raise frames.not_of("history", f"it is a {type(batch).__name__}")
        from scrapeq.client import tables

        handle = attach(batch, queue=queue) if isinstance(batch, str) else batch
        record = handle.batch
        title = f"Batch {labels.label(record.name or record.id, 36)}"
        ended = record.finished_at or clock.now()
        every = every or _every((ended - record.created_at).total_seconds())
        given = tables.history(every=every, batch=handle, queue=queue)
        total = record.total if total is None else total
    known = frames.history(given)
    if not known["jobs"].sum():
        return theme.empty(title)
    bucket = frames.bucket(known)
    # a point is the end of its bucket, and the line begins at nothing
    starts = pd.DatetimeIndex(known.index)
    times = starts[:1].append(starts + (bucket or pd.Timedelta(0)))
    made = theme.figure(
        title, labels.subtitle("pages so far", labels.every(bucket), "UTC"), hovermode="x unified"
    )
    styles: dict[str, dict[str, Any]] = {
        "succeeded": {"line": {"color": theme.ACCENT, "width": 2}, "fillcolor": theme.PALE},
        "failed": {
            "line": {"color": theme.FAILED, "width": 1.5, "dash": "dash"},
            "fillpattern": {**theme.HATCH, "fgcolor": theme.FAILED},
        },
    }
    for name, style in styles.items():
        so_far = np.concatenate([[0.0], known[name].cumsum().to_numpy()])
        made.add_scatter(
            name=name,
            x=times,
            y=so_far,
            stackgroup="done",
            mode="lines",
            hovertemplate="%{y:,.0f}",
            **style,
        )
    if total:
        made.add_scatter(
            name="total",
            x=[times[0], times[-1]],
            y=[total, total],
            mode="lines",
            line={"color": theme.GREY, "width": 1.5, "dash": "dot"},
            hovertemplate="%{y:,.0f}",
        )
    return theme.time_axis(made, bucket)


def _every(lifetime_s: float) -> str:
    return next(
        (one for one in _EVERY if lifetime_s <= _STEPS * pd.Timedelta(one).total_seconds()),
        _EVERY[-1],
    )
