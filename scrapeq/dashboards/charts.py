"""Small pictures of the last hour as SVG paths: numbers in, coordinates out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from scrapeq import display
from scrapeq.models.monitoring import Step

#: The inside of a picture in its own units; the page stretches it.
WIDTH, HEIGHT = 300.0, 60.0
#: A picture of fewer steps would be a bar.
LEAST_STEPS = 15


@dataclass(frozen=True, slots=True)
class Line:
    """A path over the hour; it has gaps where nothing finished, and `dots` for steps without
    neighbours. `style`: full or soft."""

    path: str
    dots: str
    style: str
    label: str


class Bar(NamedTuple):
    """A rectangle in the picture's units, and its title."""

    x: str
    y: str
    width: str
    height: str
    style: str
    label: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture with a title, its newest value in words, its greatest value, and bars or lines.

    `window` says of when the newest value is: what stands beside it may be of another time.
    """

    title: str
    now: str
    window: str
    top: str
    bars: tuple[Bar, ...] = ()
    lines: tuple[Line, ...] = ()


def since_work_began(series: Sequence[Step]) -> Sequence[Step]:
    """The series from its first step with jobs on, and at least its last `LEAST_STEPS`."""
    first = next((n for n, step in enumerate(series) if step.jobs_processed), len(series))
    return series[max(0, min(first, len(series) - LEAST_STEPS)) :]


def charts(series: Sequence[Step]) -> list[Chart]:
    """Throughput, latency and success of a series of `JobMonitor.get_series`."""
    return [_throughput(series), _latency(series), _success(series)]


def _throughput(series: Sequence[Step]) -> Chart:
    top = max((step.jobs_processed for step in series), default=0)
    bars = []
    width = WIDTH / max(1, len(series))
    for place, step in enumerate(series):
        base = HEIGHT
        for key, style in (("succeeded", "full"), ("failed", "failed")):
            height = HEIGHT * step[key] / top if top else 0.0
            if height:
                base -= height
                text = f"{_clock(step)} UTC: {display.count(step[key])} {key}"
                box = [place * width, base, width * 0.82, height]
                x, y, w, h = (f"{value:.1f}" for value in box)
                bars.append(Bar(x, y, w, h, style, text))
    # the last whole minute, or the one that has begun if that is the first
    last = next((step for step in series[-2:] if step.jobs_processed), None)
    pages = last.jobs_processed if last else 0
    shown_top = display.count(top) if top else ""
    return Chart("pages a minute", display.count(pages), _at(last), shown_top, tuple(bars))


def _latency(series: Sequence[Step]) -> Chart:
    top = max((step.p95_s for step in series if step.p95_s is not None), default=0.0)
    lines = tuple(
        Line(*_path([step[key] for step in series], top), style, label)
        for key, style, label in (("p95_s", "soft", "p95"), ("p50_s", "full", "p50"))
    )
    newest = next((step for step in reversed(series) if step.p50_s is not None), None)
    now = "–"
    if newest:
        now = f"p50 {display.seconds(newest.p50_s)} · p95 {display.seconds(newest.p95_s)}"
    return Chart(
        "time per page", now, _at(newest), display.seconds(top) if top else "", lines=lines
    )


def _success(series: Sequence[Step]) -> Chart:
    rates = [step.success_rate for step in series]
    newest = next((step for step in reversed(series) if step.success_rate is not None), None)
    now = "–" if newest is None else f"{newest.success_rate:.1f} %"
    line = Line(*_path(rates, 100.0), "full", "success")
    return Chart("success", now, _at(newest), "100 %" if newest else "", lines=(line,))


def _path(values: Sequence[float | None], top: float) -> tuple[str, str]:
    """Straight lines between neighbours, and a dot where a value stands alone."""
    step = WIDTH / max(1, len(values) - 1)
    lines, dots = [], []
    for place, value in enumerate(values):
        if value is None:
            continue
        y = HEIGHT - (HEIGHT - 2) * min(1.0, value / top if top else 0.0) - 1
        at = f"{place * step:.1f} {y:.1f}"
        before = place > 0 and values[place - 1] is not None
        after = place + 1 < len(values) and values[place + 1] is not None
        if before or after:
            lines.append(f"{'L' if before else 'M'}{at}")
        else:
            dots.append(f"M{at}h.01")
    return "".join(lines), "".join(dots)


def _clock(step: Step) -> str:
    return step.timestamp[11:16]


def _at(step: Step | None) -> str:
    """The minute that a number is of."""
    return f"at {_clock(step)}" if step else ""
