"""Why pages failed, over time, from `sq.error_history()`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import pandas as pd
import plotly.graph_objects as go

from scrapeq.plots import frames, labels, theme

if TYPE_CHECKING:
    from scrapeq.pipeline.job_queue import JobQueue

#: Kinds with a colour of their own; the others are one.
MOST_KINDS = 8
#: Okabe and Ito's colours for all kinds of sight (jfly.uni-koeln.de/color), without their two blues,
#: which are near our accent, the colour of success, and with an ochre for their yellow, which white
#: paper swallows. Neighbours differ in lightness, and in a figure every second kind is hatched.
_COLOURS = (
    "#d55e00",
    "#e69f00",
    "#a23b00",
    "#cc79a7",
    "#007a59",
    "#f0b6d2",
    "#7b4b94",
    "#b5a642",
)
#: The place of a kind's colour. Kinds that are often seen together have different ones.
_PLACES = {
    "http_4xx": 0,
    "rate_limited": 1,
    "connect_timeout": 2,
    "http_5xx": 3,
    "dns": 4,
    "robots": 5,
    "breaker_open": 6,
    "refused": 7,
    "header_timeout": 5,
    "body_timeout": 6,
    "page_timeout": 3,
    "not_html": 7,
    "not_accepted": 6,
    "tls": 2,
    "reset": 1,
    "empty": 4,
    "parse": 0,
    "internal": 3,
    "config": 7,
}


def error_kinds(
    frame: pd.DataFrame | None = None,
    *,
    hours: float = 24,
    every: str | None = None,
    batch: Any = None,
    queue: JobQueue | None = None,
) -> go.Figure:
    """Failed pages over time, one colour per kind of error, the most frequent at the bottom.

    frame: a table of `sq.error_history()`; without one it is asked for with the other arguments,
    which mean what they mean there; without `every`, buckets fit the time in which pages were
    finished. The `MOST_KINDS` most frequent kinds are shown, the others
    together as "other". A kind that is often seen has the same colour in every figure.

    Raises InputError for another table, and what `sq.error_history` raises.
    """
    if frame is None:
        from scrapeq.client import tables

        frame = tables.error_history(hours, every, batch=batch, queue=queue)
    counts = _counts(frame)
    if not counts.size or not counts.to_numpy().sum():
        return theme.empty("Errors by kind", "no errors")
    bucket = frames.bucket(counts)
    made = theme.figure(
        "Errors by kind",
        labels.subtitle("failed pages", labels.every(bucket), "UTC"),
        height=theme.HEIGHT + 20,
        barmode="stack",
        bargap=0.15,
    )
    colours = _colours(name for name in counts.columns if name != _OTHER)
    for number, kind in enumerate(counts.columns):
        made.add_bar(
            name=labels.text(kind, 40),
            x=counts.index,
            y=counts[kind].to_numpy(),
            marker=theme.area(
                colours.get(kind, theme.GREY), hatched=bool(number % 2) and len(counts) <= theme.FEW
            ),
            hovertemplate="%{y:,.0f}",
            **theme.bar_span(bucket, gap=len(counts) <= theme.FEW),
        )
    return theme.time_axis(made, bucket)


_OTHER = "other"


def _counts(frame: object) -> pd.DataFrame:
    """The most frequent kinds and, last, what the others are together, as floats."""
    given = frames.over_time(frame, [], "error_history")
    if "jobs_per_s" in given.columns:
        raise frames.not_of("error_history", "it is one of sq.history()")
    given = given.drop(columns="cancelled", errors="ignore")  # which is no failure
    counts = pd.DataFrame({kind: frames.floats(given[kind]) for kind in given}, index=given.index)
    totals = counts.sum().sort_values(ascending=False, kind="stable")
    shown = [kind for kind in totals.index[:MOST_KINDS] if totals[kind] and kind != _OTHER]
    made = counts[shown].copy()
    rest = counts.drop(columns=shown)
    if rest.to_numpy().sum():
        made[_OTHER] = rest.sum(axis=1)
    return frames.fewer(made)


def _colours(kinds: Iterable[str]) -> dict[str, str]:
    """A colour for each of at most `MOST_KINDS` kinds: its own, or the next that is free."""
    taken: dict[int, str] = {}
    for kind in kinds:
        place = _PLACES.get(kind, 0)
        while place in taken:
            place = (place + 1) % len(_COLOURS)
        taken[place] = kind
    return {kind: _COLOURS[place] for place, kind in taken.items()}
