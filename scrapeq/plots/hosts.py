"""Which hosts fail most, are slowest or get most requests, from `sq.hosts()`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import pandas as pd
import plotly.graph_objects as go

from scrapeq.display import count
from scrapeq.errors import InputError
from scrapeq.plots import frames, labels, theme

if TYPE_CHECKING:
    from scrapeq.pipeline.job_queue import JobQueue

#: For each column to rank by: the title, and what the bars are in.
_TITLES = {
    "failed": ("Hosts that fail most", "failed pages, share of all"),
    "p95_s": ("Slowest hosts", "s, p95 with p50 in it"),
    "p50_s": ("Slowest hosts", "s, p50"),
    "mean_s": ("Slowest hosts", "s, mean"),
    "jobs": ("Busiest hosts", "pages; failed hatched, not done pale"),
    "open": ("Hosts with most to do", "open pages"),
}
_NUMBERS = ["jobs", "succeeded", "failed", "open", "success_rate", "mean_s", "p50_s", "p95_s"]


def hosts(
    frame: pd.DataFrame | None = None,
    *,
    by: Literal["failed", "p95_s", "p50_s", "mean_s", "jobs", "open"] = "failed",
    limit: int = 20,
    hours: float | None = None,
    batch: Any = None,
    queue: JobQueue | None = None,
) -> go.Figure:
    """The first hosts by one number, as bars; hover tells everything else of a host.

    by: `failed` (pages; the share of failed ones stands beside it), `p95_s` (seconds that 95 of
    100 pages stay below, with the median drawn in it), `p50_s`, `mean_s` (seconds), `jobs` (pages,
    the failed ones hatched, those that are open or were cancelled pale) or `open` (pages). Hosts where it is 0 or unknown are left out.

    frame: a table of `sq.hosts()`; without one it is asked for with the other arguments, which
    mean what they mean there. Raises InputError for another table or another `by`, and what
    `sq.hosts` raises.
    """
    if by not in _TITLES:
        raise InputError(f"hosts are not ranked by {by!r}", hint=f"by one of {', '.join(_TITLES)}")
    if frame is None:
        from scrapeq.client import tables

        frame = tables.hosts(hours, batch=batch, queue=queue)
    given = frames.checked(frame, ["host", "error_kind", "breaker_until", *_NUMBERS], "hosts")
    title, unit = _TITLES[by]
    value = pd.Series(frames.floats(given[by]))
    order = value[value > 0].sort_values(ascending=False, kind="stable")
    if order.empty:
        return theme.empty(title, "none" if len(given) else "nothing yet")
    order = order.head(limit)
    ranked = given.iloc[order.index]
    known = pd.DataFrame({name: frames.floats(ranked[name]) for name in _NUMBERS})
    known["left"] = known["jobs"] - known["succeeded"] - known["failed"]
    left_out = f"{len(ranked)} of {len(given):,} hosts" if len(ranked) < len(given) else ""

    made = theme.figure(
        title,
        labels.subtitle(unit, left_out),
        height=theme.HEAD + 30 + theme.ROW * len(ranked),
        barmode="stack" if by == "jobs" else "overlay",
        bargap=0.3,
        showlegend=False,
    )
    names = [labels.label(host) for host in ranked["host"]]
    theme.rows(made, names, _numbers(by, known))
    hovers = [
        _hover(*one)
        for one in zip(
            ranked["host"],
            ranked["error_kind"],
            ranked["breaker_until"],
            known.itertuples(),
            strict=True,
        )
    ]
    for name, column, marker in _bars(by):
        made.add_bar(
            name=name,
            orientation="h",
            y=list(range(len(ranked))),
            x=known[column].to_numpy(),
            marker=marker,
            hovertext=hovers,
            hovertemplate="%{hovertext}<extra></extra>",
        )
    return made


def _bars(by: str) -> list[tuple[str, str, dict[str, Any]]]:
    """What is drawn in a row: name, column and paint, the lowest first."""
    if by == "jobs":
        return [
            ("succeeded", "succeeded", theme.area(theme.ACCENT)),
            ("failed", "failed", theme.HATCHED),
            ("not done", "left", theme.area(theme.PALE)),
        ]
    if by == "p95_s":
        return [
            ("p95", "p95_s", theme.area(theme.PALE)),
            ("p50", "p50_s", theme.area(theme.ACCENT)),
        ]
    return [(by, by, theme.HATCHED if by == "failed" else theme.area(theme.ACCENT))]


def _numbers(by: str, known: pd.DataFrame) -> list[str]:
    """What stands to the right of the bars."""
    if by.endswith("_s"):
        return labels.column([f"{number:.2f} s" for number in known[by]])
    numbers = labels.column([count(int(number)) for number in known[by]])
    if by != "failed":
        return numbers
    shares = 100 - known["success_rate"]
    return [
        f"{number}\u2002{share}"
        for number, share in zip(
            numbers, labels.column([f"{share:.0f} %" for share in shares]), strict=True
        )
    ]


def _hover(host: str, kind: Any, breaker_until: Any, row: Any) -> str:
    """What the hover shows of a host, in lines of our own with its words escaped."""
    finished = int(row.succeeded + row.failed)
    lines = [
        f"<b>{labels.text(host)}</b>",
        f"{count(int(row.failed))} of {count(finished)} finished pages failed"
        + (f", most often {labels.text(kind, 40)}" if row.failed and pd.notna(kind) else ""),
    ]
    if pd.notna(row.p50_s):
        lines.append(f"p50 {row.p50_s:.2f} s, p95 {row.p95_s:.2f} s, mean {row.mean_s:.2f} s")
    if row.open > 0:
        lines.append(f"{count(int(row.open))} open")
    if pd.notna(breaker_until):
        lines.append(f"paused until {breaker_until.tz_convert('UTC'):%Y-%m-%d %H:%M:%S} UTC")
    return "<br>".join(lines)
