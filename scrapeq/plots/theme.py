"""The theme of every figure: one accent, one colour for what failed, grey words on paper of its own.

A figure does not know where it is shown, and no one grey has the 4.5:1 that text needs (WCAG 1.4.3)
to a white page and to a dark one. So each figure brings its paper: white, or dark where Plotly's
default template is a dark one. What colour tells, a dash, a hatch or the lightness tells too, for
colour-blind eyes and for print.
"""

from __future__ import annotations

from typing import Any

import pandas as pd
import plotly.graph_objects as go
import plotly.io as pio

from scrapeq import display

ACCENT, FAILED = display.ACCENT, display.FAILED
GREY = "#787878"
PALE = "rgba(59,130,246,.4)"
FAINT = "rgba(128,128,128,.22)"
NOTHING = "rgba(0,0,0,0)"
#: Paper and words, light and dark; the words have 7:1 or more.
PAPER, WORDS = "#ffffff", "#595959"
DARK_PAPER, DARK_WORDS = "#111418", "#b4b9c0"
#: Words in the box that the mouse opens.
HOVER_PAPER, HOVER_WORDS = "#1f2937", "#f9fafb"
#: The accent from weak to strong: on white paper from light to dark, on dark paper the other way
#: round.
STRENGTH = [[0, "rgba(59,130,246,.1)"], [1, ACCENT]]
#: The same in the colour of failure.
FAILURES = [[0, "rgba(213,94,0,.1)"], [1, FAILED]]
#: The same for 0 to 100 % success: most hosts live above 90 %, so most of the strength is there.
#: It is in the colour of failure: little success is what it shows.
WEAKNESS = [
    [0, FAILED],
    [0.7, "rgba(213,94,0,.65)"],
    [0.9, "rgba(213,94,0,.35)"],
    [1, "rgba(213,94,0,.1)"],
]
#: How what failed is drawn: it differs from the accent without colour, too.
HATCH = {"shape": "/", "fillmode": "replace", "size": 5, "solidity": 0.45}
HATCHED = {"color": FAILED, "line_width": 0, "pattern": HATCH}
#: Cancelled is neither good nor failed.
CANCELLED = {"color": GREY, "line_width": 0, "pattern": HATCH}
#: Pixels. The title and the line below it; the rest of a figure with a time axis; a row of a list.
HEAD, HEIGHT, ROW = 50, 320, 24
#: Beyond this many buckets, points on a line are one line, and gaps between bars are noise.
FEW = 80
#: Seconds that a logarithmic axis names.
LOG_TICKS_S = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000, 3000]

#: Fonts whose digits are equally wide of themselves: SVG text cannot be asked for it.
_FONT = "'Segoe UI', 'Helvetica Neue', Arial, 'Liberation Sans', sans-serif"
#: The clock before the day, the day before the year, never 11/12; what follows a line break is
#: written once for all ticks that share it.
_DATES = [
    {"dtickrange": [None, 60_000], "value": "%H:%M:%S\n%-d %b"},
    {"dtickrange": [60_000, 86_400_000], "value": "%H:%M\n%-d %b"},
    {"dtickrange": [86_400_000, "M1"], "value": "%-d %b\n%Y"},
    {"dtickrange": ["M1", None], "value": "%b\n%Y"},
]
_AXIS = {
    "automargin": True,
    "gridcolor": FAINT,
    "gridwidth": 1,
    "linecolor": FAINT,
    "zeroline": False,
    "ticks": "",
    "ticklabelstandoff": 6,
    "autotickangles": [0, -90],  # turned where they would touch: in narrow figures and wide fonts
    "separatethousands": True,
    "exponentformat": "none",
    "title": {"standoff": 8},
}

#: The theme as a template: `fig.update_layout(template="scrapeq")` gives it to any figure, and
#: "scrapeq_dark" the dark one. They are registered by name, and Plotly's default stays what it is.
TEMPLATE = go.layout.Template(
    layout={
        "autosize": True,
        "font": {"family": _FONT, "size": 12, "color": WORDS},
        "paper_bgcolor": PAPER,
        "plot_bgcolor": NOTHING,
        "colorway": [ACCENT, GREY],
        "margin": {"l": 10, "r": 10, "t": HEAD + 10, "b": 10},
        "title": {
            "x": 0,
            "xref": "container",
            "y": 1,
            "yref": "container",
            "yanchor": "top",
            "pad": {"l": 10},
            "font": {"size": 15, "weight": 600},
        },
        "legend": {
            "orientation": "h",
            "x": 0,
            "xref": "container",
            "xanchor": "left",
            "yref": "container",
            "yanchor": "top",
            "traceorder": "normal",
            "itemsizing": "trace",
            "bgcolor": NOTHING,
        },
        "hovermode": "x unified",
        "hoverlabel": {
            "bgcolor": HOVER_PAPER,
            "bordercolor": "#4b5563",
            "font": {"family": _FONT, "size": 12, "color": HOVER_WORDS},
            "namelength": -1,
            "align": "left",
        },
        "modebar": {
            "bgcolor": NOTHING,
            "color": "rgba(128,128,128,.6)",
            "activecolor": ACCENT,
            "remove": ["select2d", "lasso2d", "autoScale2d"],
        },
        "xaxis": {**_AXIS, "showgrid": False, "showline": True},
        "yaxis": {**_AXIS, "showgrid": True, "showline": False},
    }
)
DARK = go.layout.Template(TEMPLATE)
DARK.layout.update(paper_bgcolor=DARK_PAPER, font_color=DARK_WORDS)
pio.templates["scrapeq"] = TEMPLATE
pio.templates["scrapeq_dark"] = DARK


def figure(title: str, subtitle: str, *, height: int = HEIGHT, **layout: Any) -> go.Figure:
    """An empty figure in our theme; both lines may hold Plotly's tags, so escape what is not ours."""
    is_dark = "dark" in (pio.templates.default or "")
    made = go.Figure(layout={"template": DARK if is_dark else TEMPLATE, "height": height})
    second = f'<br><span style="font-size:12px;font-weight:400">{subtitle}</span>'
    made.update_layout(
        title={
            "text": title + (second if subtitle else ""),
            "pad": {"t": 20 if subtitle else 10},  # of two lines, the first is above the place
        },
        legend_y=1 - HEAD / height,
        **layout,
    )
    return made


def time_axis(made: go.Figure, bucket: pd.Timedelta | None) -> go.Figure:
    """Let x be time in UTC and y start at 0; people zoom in time, and y stays."""
    fine = bucket is None or bucket.total_seconds() % 60
    made.update_xaxes(
        type="date",
        nticks=8,
        tickformatstops=_DATES,  # a template cannot hold them: Plotly merges lists by name
        hoverformat="%Y-%m-%d %H:%M" + (":%S" if fine else ""),
    )
    made.update_yaxes(fixedrange=True, rangemode="tozero")
    return made


def bar_span(bucket: pd.Timedelta | None, *, gap: bool) -> dict[str, Any]:
    """Where a bar stands: from the start of its bucket to its end, with a small gap."""
    if bucket is None:
        return {}
    return {"offset": 0, "width": bucket.total_seconds() * 1000 * (0.85 if gap else 1)}


def failed(*, many: bool) -> dict[str, Any]:
    """How bars of failed pages are filled: hatched, or plain where a hatch would not be seen.

    A browser prints each hatched bar as a picture: a thousand of them are 80 MB.
    """
    return area(FAILED) if many else HATCHED


def area(colour: str, *, hatched: bool = False) -> dict[str, Any]:
    """How a bar is filled: plainly, or with lines that also tell it apart on paper."""
    pattern = {
        "shape": "/",
        "size": 6,
        "solidity": 0.2,
        "fillmode": "overlay",
        "fgcolor": "rgba(255,255,255,.8)",
    }
    return {"color": colour, "line_width": 0, "pattern": pattern if hatched else {}}


def empty(title: str, words: str = "nothing yet") -> go.Figure:
    """A figure that says that there is nothing to draw."""
    made = figure(title, "", height=180)
    made.update_xaxes(visible=False)
    made.update_yaxes(visible=False)
    made.add_annotation(
        text=words, showarrow=False, x=0.5, y=0.5, xref="paper", yref="paper", font_size=13
    )
    return made


def rows(made: go.Figure, labels: list[str], numbers: list[str]) -> go.Figure:
    """Let y be a list read from the top, with a name to the left and a number to the right of each.

    Rows are numbers from 0 and their names are ticks: a category axis would take two equal names
    for one row, and a host named 2024-01-01 for a date.
    """
    ticks = list(range(len(labels)))
    axis = {
        "type": "linear",
        "range": [len(labels) - 0.5, -0.5],
        "tickmode": "array",
        "tickvals": ticks,
        "showgrid": False,
        "fixedrange": True,
        "rangemode": "normal",
    }
    made.update_layout(
        hovermode="closest",
        xaxis_visible=False,
        yaxis={**axis, "ticktext": labels},
        yaxis2={**axis, "ticktext": numbers, "overlaying": "y", "side": "right"},
    )
    # an axis is drawn only if something is on it
    made.add_scatter(
        x=[None], y=[None], yaxis="y2", showlegend=False, hoverinfo="skip", mode="lines"
    )
    return made


def colour_bar(made: go.Figure) -> dict[str, Any]:
    """The legend of a heat map: flat, below the head of the figure, without words."""
    return {
        "orientation": "h",
        "thickness": 8,
        "lenmode": "pixels",
        "len": 220,
        "xref": "container",
        "x": 0,
        "xanchor": "left",
        "xpad": 10,
        "yref": "container",
        "y": 1 - HEAD / made.layout.height,
        "yanchor": "top",
        "ypad": 4,
        "outlinewidth": 0,
        "nticks": 5,
        "tickfont_size": 11,
        "ticklabeloverflow": "allow",
    }
