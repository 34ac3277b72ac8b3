"""What the figures say: the right numbers at the right places, words as words, little to send."""

from __future__ import annotations

import html
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import plotly.io as pio
import pytest
from hypothesis import given
from hypothesis import strategies as st

import scrapeq as sq
from scrapeq.display import plain
from scrapeq.errors import InputError
from scrapeq.plots import frames, labels, theme
from tests import plot_frames as make
from tests.contrast import GRAPHICS, TEXT, contrast

HISTORY = make.history(jobs=[3600, 0, 7200], failed=[360, 0, 0])
ERRORS = make.error_history({"dns": [3, 0], "http_4xx": [1, 1]})
HOST_HISTORY = make.host_history(
    [
        ("2026-11-24 14:00", "a.example", 10, 1, 0.5),
        ("2026-11-24 17:00", "a.example", 30, 3, 1.5),
        ("2026-11-24 15:00", "b.example", 100, 50, 2.0),
    ]
)
HOSTS = make.hosts(
    [
        ("busy.example", 1000, 10, 0.2, "http_4xx"),
        ("bad.example", 100, 50, 0.5, "dns"),
        ("slow.example", 10, 0, 3.0, None),
    ]
)
BATCHES = make.batches(
    [
        (None, "id-4", 1, "open", 100, 40, 2, 0, "2026-11-25 12:00", None),
        ("firms", "id-3", 2, "paused", 100, 50, 49, 0, "2026-11-25 11:00", None),
        (
            "firms",
            "id-2",
            1,
            "cancelled",
            10,
            3,
            0,
            7,
            "2026-11-25 10:00",
            "2026-11-25 10:30",
        ),
        ("shoes", "id-1", 1, "finished", 8, 7, 1, 0, "2026-11-25 09:00", "2026-11-25 09:00:02"),
    ]
)
COMPARED = make.compare(
    [
        ("same", ""),
        ("changed", "price"),
        ("changed", "price, title"),
        ("added", ""),
        ("broke", ""),
        ("broke", ""),
    ]
)

JOBS = make.jobs(
    [
        ("https://a.example/open", "pending", None, None, None),
        ("https://a.example/good", "completed", None, "2026-11-24 14:00:10", 0.5),
        ("https://a.example/gone", "failed", "http_4xx", "2026-11-24 14:00:05", 2.0),
        ("nothing", "failed", "scheme", "2026-11-24 14:00:00", None),
    ]
)

#: Every figure with a table that it draws.
FIGURES: dict[str, tuple[Callable[..., go.Figure], pd.DataFrame]] = {
    "throughput": (sq.plots.throughput, HISTORY),
    "latency": (sq.plots.latency, HISTORY),
    "success_rate": (sq.plots.success_rate, HISTORY),
    "error_kinds": (sq.plots.error_kinds, ERRORS),
    "host_heatmap": (sq.plots.host_heatmap, HOST_HISTORY),
    "hosts": (sq.plots.hosts, HOSTS),
    "timeline": (sq.plots.timeline, HISTORY),
    "batches": (sq.plots.batches, BATCHES),
    "comparison": (sq.plots.comparison, COMPARED),
    "jobs": (sq.plots.jobs, JOBS),
}
every_figure = pytest.mark.parametrize(("draw", "table"), FIGURES.values(), ids=FIGURES)


def named(figure: go.Figure) -> dict[str, Any]:
    return {trace.name: trace for trace in figure.data if trace.name}


def strings(value: Any) -> Iterator[str]:
    """Every text in a figure."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from strings(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from strings(one)
    elif isinstance(value, np.ndarray) and value.dtype.kind not in "iufM":
        yield from strings(value.tolist())


def said(figure: go.Figure) -> str:
    """The title and the second line, without our tags."""
    first, _, second = figure.layout.title.text.partition("<br>")
    return f"{first} | {second.partition('>')[2].removesuffix('</span>')}"


# -- over time ---------------------------------------------------------------------------------


def test_throughput_stacks_failed_pages_on_good_ones_in_pages_per_second() -> None:
    figure = sq.plots.throughput(HISTORY)

    bars = named(figure)
    assert list(bars) == ["succeeded", "failed"]
    np.testing.assert_allclose(bars["succeeded"].y, [0.9, np.nan, 2.0])
    np.testing.assert_allclose(bars["failed"].y, [0.1, np.nan, 0.0])
    assert list(bars["failed"].customdata) == [360, 0, 0]
    assert figure.layout.barmode == "stack"
    assert said(figure) == "Throughput | pages/s · every hour · UTC"


def test_times_are_drawn_in_utc_whatever_the_zone_of_the_table() -> None:
    elsewhere = HISTORY.tz_convert("Asia/Tokyo")

    figure = sq.plots.throughput(elsewhere)

    assert [str(time) for time in pd.DatetimeIndex(figure.data[0].x)] == [
        "2026-11-24 14:00:00",
        "2026-11-24 15:00:00",
        "2026-11-24 16:00:00",
    ]


def test_a_bar_stands_on_its_bucket() -> None:
    figure = sq.plots.throughput(make.history([1, 2], [0, 0], every="15min"))

    assert figure.data[0].offset == 0  # it begins where its bucket begins
    assert 0.8 * 900_000 < figure.data[0].width < 900_000  # and ends before the next


def test_latency_draws_percentiles_that_paper_tells_apart() -> None:
    figure = sq.plots.latency(HISTORY)

    lines = named(figure)
    np.testing.assert_allclose(lines["p50"].y, [0.5, np.nan, 0.5])
    np.testing.assert_allclose(lines["p95"].y, [2, np.nan, 2])
    np.testing.assert_allclose(lines["p99"].y, [4, np.nan, 4])
    assert len({line.line.dash for line in lines.values()}) == 3
    assert not any(line.connectgaps for line in lines.values())
    assert figure.layout.yaxis.type is None


def test_latency_is_logarithmic_where_the_slowest_would_hide_the_median() -> None:
    table = HISTORY.copy()
    table["p99_s"] = table["p99_s"] * 10  # 40 s at a median of half a second

    figure = sq.plots.latency(table)

    assert figure.layout.yaxis.type == "log"
    assert "log scale" in said(figure)


def test_a_time_of_nothing_keeps_the_axis_straight() -> None:
    table = make.history([5, 5], [0, 0], p50=0.5)
    table.iloc[0, table.columns.get_loc("p50_s")] = 0.0
    table["p99_s"] = 500.0

    assert sq.plots.latency(table).layout.yaxis.type is None


def test_success_is_drawn_from_0_to_100_with_what_it_is_of() -> None:
    figure = sq.plots.success_rate(HISTORY)

    np.testing.assert_allclose(figure.data[0].y, [90, np.nan, 100])
    assert figure.data[0].customdata.tolist() == [[360, 3600], [0, 0], [0, 7200]]
    assert figure.layout.yaxis.range[0] == 0
    assert 100 <= figure.layout.yaxis.range[1] < 110


def test_error_kinds_have_the_most_frequent_at_the_bottom() -> None:
    figure = sq.plots.error_kinds(make.error_history({"tls": [0, 1], "dns": [3, 4], "ai": [0, 0]}))

    assert [(bar.name, list(bar.y)) for bar in figure.data] == [("dns", [3, 4]), ("tls", [0, 1])]


def test_rare_kinds_are_one_and_no_error_is_lost() -> None:
    kinds = [str(kind) for kind in sq.ErrorKind][:12]
    table = make.error_history({kind: [100 - place, 1] for place, kind in enumerate(kinds)})

    figure = sq.plots.error_kinds(table)

    assert [bar.name for bar in figure.data] == [*kinds[:8], "other"]
    assert sum(bar.y.sum() for bar in figure.data) == table.to_numpy().sum()
    assert len({bar.marker.color for bar in figure.data}) == 9


def test_a_kind_called_other_is_among_the_others() -> None:
    figure = sq.plots.error_kinds(make.error_history({"other": [9], "dns": [1], "x<b>": [1]}))

    assert [(bar.name, bar.y.sum()) for bar in figure.data] == [
        ("dns", 1),
        ("x&lt;b&gt;", 1),
        ("other", 9),
    ]


def test_what_was_cancelled_is_no_failure() -> None:
    figure = sq.plots.error_kinds(make.error_history({"cancelled": [99], "dns": [1]}))

    assert [bar.name for bar in figure.data] == ["dns"]
    assert not sq.plots.error_kinds(make.error_history({"cancelled": [99]})).data


def test_a_kind_has_its_colour_in_every_figure() -> None:
    first = named(sq.plots.error_kinds(make.error_history({"dns": [9], "http_4xx": [1]})))
    second = named(sq.plots.error_kinds(make.error_history({"http_4xx": [9], "http_5xx": [1]})))

    assert first["http_4xx"].marker.color == second["http_4xx"].marker.color


def test_every_kind_of_error_finds_a_colour() -> None:
    for kind in set(sq.ErrorKind) - {sq.ErrorKind.CANCELLED}:
        (bar,) = sq.plots.error_kinds(make.error_history({str(kind): [1]})).data
        assert bar.marker.color != theme.GREY


#: A cell where nothing was.
_ = np.nan

# -- hosts -------------------------------------------------------------------------------------


def test_the_heatmap_has_the_busiest_host_on_top_and_holes_where_nothing_was() -> None:
    figure = sq.plots.host_heatmap(HOST_HISTORY)

    (heat,) = [trace for trace in figure.data if trace.type == "heatmap"]
    assert list(figure.layout.yaxis.ticktext) == ["b.example", "a.example"]
    assert figure.layout.yaxis.range[0] > figure.layout.yaxis.range[1]  # read from the top
    np.testing.assert_allclose(heat.z, [[_, 50, _, _], [90, _, _, 90]])
    assert heat.customdata[1].tolist() == [[10, 1], [0, 0], [0, 0], [30, 3]]
    assert list(figure.layout.yaxis2.ticktext) == ["50.0 %", "90.0 %"]


@pytest.mark.parametrize(
    ("value", "cells", "overall"),
    [
        ("jobs", [[_, 100, _, _], [10, _, _, 30]], ["100", "\u200740"]),
        ("failed", [[_, 50, _, _], [1, _, _, 3]], ["50", "\u20074"]),
        ("p50_s", [[_, 2, _, _], [0.5, _, _, 1.5]], ["2.00 s", "1.25 s"]),
    ],
)
def test_the_heatmap_draws_other_values(value: str, cells: Any, overall: list[str]) -> None:
    figure = sq.plots.host_heatmap(HOST_HISTORY, value=value)  # type: ignore[arg-type]

    (heat,) = [trace for trace in figure.data if trace.type == "heatmap"]
    np.testing.assert_allclose(heat.z, cells)
    assert list(figure.layout.yaxis2.ticktext) == overall


def test_steps_of_a_sparse_heatmap_are_regular() -> None:
    hours = (14, 16, 19)  # no two are an hour apart, and an hour is the bucket
    rows = [(f"2026-11-24 {hour}:00", "a.example", 1, 0, 1.0) for hour in hours]

    (heat,) = [
        trace
        for trace in sq.plots.host_heatmap(make.host_history(rows), value="jobs").data
        if trace.type == "heatmap"
    ]

    np.testing.assert_allclose(heat.z, [[1, _, 1, _, _, 1]])
    assert heat.xperiod == 3_600_000


def test_a_heatmap_of_one_bucket_is_one_column() -> None:
    table = make.host_history([("2026-11-24 14:00", "a.example", 4, 1, 1.0)])

    (heat,) = [t for t in sq.plots.host_heatmap(table).data if t.type == "heatmap"]

    np.testing.assert_allclose(heat.z, [[75]])


def test_a_heatmap_of_many_hosts_says_that_it_is_not_all() -> None:
    rows = [("2026-11-24 14:00", f"{n}.example", 100 - n, 0, 1.0) for n in range(40)]

    figure = sq.plots.host_heatmap(make.host_history(rows), limit=10)

    assert len(figure.layout.yaxis.ticktext) == 10
    assert "10 of 40 hosts" in said(figure)


def test_equal_short_names_stay_two_rows_with_the_full_name_to_read() -> None:
    long = [f"a-long-name-{'x' * 30}{n}{'y' * 30}.example" for n in range(2)]
    table = make.hosts([(host, 10, 5, 1.0, "dns") for host in long])

    figure = sq.plots.hosts(table)

    bar = named(figure)["failed"]
    assert len(set(figure.layout.yaxis.ticktext)) == 1
    assert list(bar.y) == [0, 1]
    assert [long[n] in bar.hovertext[n] for n in range(2)] == [True, True]


@pytest.mark.parametrize(
    ("by", "order", "numbers"),
    [
        (
            "failed",
            ["bad.example", "busy.example"],
            ["50\u200250 %", "10\u2002\u20071 %"],
        ),
        ("jobs", ["busy.example", "bad.example", "slow.example"], None),
        ("p95_s", ["slow.example", "bad.example", "busy.example"], None),
        ("p50_s", ["slow.example", "bad.example", "busy.example"], ["3.00 s", "0.50 s", "0.20 s"]),
        ("mean_s", ["slow.example", "bad.example", "busy.example"], None),
        ("open", ["busy.example", "bad.example", "slow.example"], ["1", "1", "1"]),
    ],
)
def test_hosts_are_ranked_by_what_is_asked(by: Any, order: Any, numbers: Any) -> None:
    figure = sq.plots.hosts(HOSTS, by=by)

    assert list(figure.layout.yaxis.ticktext) == order
    if numbers is not None:
        assert list(figure.layout.yaxis2.ticktext) == numbers


def test_the_slowest_hosts_show_their_median_within() -> None:
    bars = named(sq.plots.hosts(HOSTS, by="p95_s"))

    np.testing.assert_allclose(bars["p95"].x, [12, 2, 0.8])
    np.testing.assert_allclose(bars["p50"].x, [3, 0.5, 0.2])


def test_the_hover_of_a_host_tells_the_rest() -> None:
    bar = named(sq.plots.hosts(HOSTS))["failed"]

    assert bar.hovertext[0].split("<br>") == [
        "<b>bad.example</b>",
        "50 of 100 finished pages failed, most often dns",
        "p50 0.50 s, p95 2.00 s, mean 0.75 s",
        "1 open",
    ]


def test_the_hover_says_until_when_a_host_is_paused() -> None:
    table = HOSTS.copy()
    table.loc[1, "breaker_until"] = pd.Timestamp("2026-11-25 12:30", tz="UTC")

    bar = named(sq.plots.hosts(table))["failed"]

    assert bar.hovertext[0].endswith("<br>paused until 2026-11-25 12:30:00 UTC")
    assert "paused" not in bar.hovertext[1]


def test_what_is_not_done_is_in_the_bar_of_a_busy_host_and_not_in_its_failed_share() -> None:
    table = make.hosts([("a.example", 10, 5, 1.0, "dns")])
    table["jobs"] += 90  # which are open

    bars = named(sq.plots.hosts(table, by="jobs"))

    assert [bars[name].x[0] for name in ("succeeded", "failed", "not done")] == [5, 5, 90]
    assert list(sq.plots.hosts(table).layout.yaxis2.ticktext) == ["5\u200250 %"]


# -- batches -----------------------------------------------------------------------------------


def test_a_timeline_adds_up_and_ends_at_the_end_of_its_last_bucket() -> None:
    figure = sq.plots.timeline(HISTORY, total=20_000)

    lines = named(figure)
    assert list(lines["succeeded"].y) == [0, 3240, 3240, 10_440]
    assert list(lines["failed"].y) == [0, 360, 360, 360]
    assert lines["succeeded"].stackgroup == lines["failed"].stackgroup is not None
    assert list(lines["total"].y) == [20_000, 20_000]
    times = pd.DatetimeIndex(lines["succeeded"].x)
    assert (str(times[0]), str(times[-1])) == ("2026-11-24 14:00:00", "2026-11-24 17:00:00")


def test_a_timeline_without_a_total_has_no_line_for_it() -> None:
    assert list(named(sq.plots.timeline(HISTORY))) == ["succeeded", "failed"]


def test_batches_are_bars_from_start_to_end_by_state() -> None:
    figure = sq.plots.batches(BATCHES)

    bars = named(figure)
    assert list(figure.layout.yaxis.ticktext) == ["id-4", "firms (run 2)", "firms", "shoes"]
    assert list(figure.layout.yaxis2.ticktext) == [
        "42 % open",
        "99 % paused",
        "30 % cancelled",
        "1 failed",
    ]
    assert {name: list(bar.y) for name, bar in bars.items()} == {
        "finished": [3],
        "open": [0],
        "paused": [1],
        "cancelled": [2],
    }
    assert bars["cancelled"].base[0].startswith("2026-11-25T10:00:00")
    assert list(bars["cancelled"].x) == [30 * 60 * 1000]
    assert list(bars["finished"].x) == [2000]
    assert bars["open"].x[0] >= 0  # until now


def test_a_batch_without_a_good_page_is_in_the_colour_of_failure() -> None:
    table = BATCHES.copy()
    table.loc[table["state"] == "finished", ["completed", "failed"]] = [0, 9]

    figure = sq.plots.batches(table)

    assert named(figure)["failed"].marker.color == theme.FAILED
    assert figure.layout.yaxis2.ticktext[-1] == "9 failed"


def test_the_share_that_failed_is_hatched_at_the_end_of_a_batch() -> None:
    (failed,) = [
        bar for bar in sq.plots.batches(BATCHES).data if bar.type == "bar" and not bar.name
    ]

    assert failed.marker.color == theme.FAILED
    assert failed.marker.pattern.shape
    assert list(failed.y) == [0, 1, 3]
    assert failed.x[-1] == 2000 / 8
    assert failed.base[-1] == "2026-11-25T09:00:01.750000"


def test_failed_pages_are_never_in_the_colour_of_success() -> None:
    figure = sq.plots.host_heatmap(HOST_HISTORY, value="failed")

    (heat,) = [trace for trace in figure.data if trace.type == "heatmap"]
    assert heat.colorscale[-1][1] == theme.FAILED
    for kind in set(sq.ErrorKind) - {sq.ErrorKind.CANCELLED}:
        (bar,) = sq.plots.error_kinds(make.error_history({str(kind): [1]})).data
        red, _, blue = (int(bar.marker.color[place : place + 2], 16) for place in (1, 3, 5))
        assert bar.marker.color != theme.ACCENT
        assert blue < 1.5 * red or blue < 0x80  # no blue


def test_the_newest_batches_are_drawn_and_it_is_said() -> None:
    figure = sq.plots.batches(BATCHES, limit=2)

    assert list(figure.layout.yaxis.ticktext) == ["id-4", "firms (run 2)"]
    assert "2 of 4 batches" in said(figure)


def test_a_comparison_counts_changes_and_the_fields_they_are_in() -> None:
    figure = sq.plots.comparison(COMPARED)

    counted = dict(
        zip(
            figure.layout.yaxis.ticktext,
            [bar.x[0] for bar in figure.data if bar.type == "bar"],
            strict=True,
        )
    )
    assert counted == {
        "changed": 2,
        "in price": 2,
        "in title": 1,
        "added": 1,
        "removed": 0,
        "broke": 2,
        "mended": 0,
    }
    assert said(figure) == "What changed | 6 URLs · 1 of them the same"


def test_a_comparison_says_how_many_were_not_looked_at() -> None:
    table = make.compare([("same", ""), ("changed", "price")])
    table.loc[0, "change"] = None

    assert "0 of them the same · 1 not looked at" in said(sq.plots.comparison(table))


def test_a_single_bucket_is_as_wide_as_its_table_says() -> None:
    (first, _last) = sq.plots.timeline(make.history([5], [1], every="10s")).data

    assert [str(time) for time in pd.DatetimeIndex(first.x)] == [
        "2026-11-24 14:00:00",
        "2026-11-24 14:00:10",
    ]


# -- every figure ------------------------------------------------------------------------------


@every_figure
def test_an_empty_table_says_so(draw: Any, table: pd.DataFrame) -> None:
    figure = draw(table.iloc[:0])

    assert list(figure.data) == []
    assert [note.text for note in figure.layout.annotations] in (["nothing yet"], ["no errors"])


@every_figure
@pytest.mark.parametrize("wrong", [pd.DataFrame({"x": [1]}), [1, 2], 3])
def test_another_table_is_refused_with_the_function_to_call(
    draw: Any, table: pd.DataFrame, wrong: Any
) -> None:
    with pytest.raises(InputError, match=r"sq\.\w+\(\)"):
        draw(wrong)


def test_a_history_is_no_history_of_errors() -> None:
    with pytest.raises(InputError, match="error_history"):
        sq.plots.error_kinds(HISTORY)


def test_values_and_ranks_that_are_not_there_are_refused() -> None:
    with pytest.raises(InputError, match="p50_s"):
        sq.plots.host_heatmap(HOST_HISTORY, value="speed")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="p95_s"):
        sq.plots.hosts(HOSTS, by="speed")  # type: ignore[arg-type]


@every_figure
def test_a_figure_fits_any_page(draw: Any, table: pd.DataFrame) -> None:
    figure = draw(table)

    layout = figure.layout.template.layout
    assert figure.layout.width is None
    assert layout.autosize is True
    assert (layout.paper_bgcolor, layout.plot_bgcolor) == (theme.PAPER, "rgba(0,0,0,0)")
    assert figure.update_layout(height=777).layout.height == 777


@every_figure
def test_a_table_is_not_changed_by_drawing_it(draw: Any, table: pd.DataFrame) -> None:
    before = table.copy(deep=True)

    draw(table)

    pd.testing.assert_frame_equal(table, before)


def test_the_look_has_a_name_and_plotlys_default_stays() -> None:
    assert pio.templates["scrapeq"].layout.font.color == theme.WORDS
    assert pio.templates.default == "plotly"


@pytest.mark.parametrize(
    ("words", "paper"),
    [
        (theme.WORDS, theme.PAPER),
        (theme.DARK_WORDS, theme.DARK_PAPER),
        (theme.HOVER_WORDS, theme.HOVER_PAPER),
    ],
)
def test_words_can_be_read_on_their_paper(words: str, paper: str) -> None:
    assert contrast(words, paper) >= TEXT
    for drawn in (theme.ACCENT, theme.FAILED, theme.GREY):
        assert contrast(drawn, paper) >= GRAPHICS or paper == theme.HOVER_PAPER


def test_where_plotlys_default_is_dark_figures_are_dark(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sq.plots.latency(HISTORY).layout.template.layout.paper_bgcolor == theme.PAPER
    monkeypatch.setattr(pio.templates, "default", "plotly_dark")

    assert sq.plots.latency(HISTORY).layout.template.layout.paper_bgcolor == theme.DARK_PAPER


def test_drawing_a_table_loads_no_queue() -> None:
    script = (
        "import sys; import scrapeq as sq; sq.plots.latency; "
        "print(*[name for name in ('celery', 'redis', 'sqlalchemy') if name in sys.modules])"
    )

    loaded = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    ).stdout

    assert loaded.split() == []


# -- strangers' words --------------------------------------------------------------------------


@given(st.text(max_size=200))
def test_words_are_text_to_plotly(anything: str) -> None:
    made = labels.text(anything, 100)

    assert not set("<>$") & set(made)
    assert html.unescape(made) == plain(anything, 100)


@pytest.mark.parametrize("name", list(make.evil()))
def test_no_markup_of_strangers_is_in_a_figure(name: str) -> None:
    shown = list(strings(getattr(sq.plots, name)(make.evil()[name]).to_plotly_json()))

    assert any("&lt;img" in one for one in shown)  # it is there, as words
    for mark in ("<b>bold", "<i>", "<a ", "<img", "<script", "<sub", "\u202e", "\u2066"):
        assert not [one for one in shown if mark in one]
    assert not [one for one in shown if "$" in one]  # MathJax would typeset it


# -- size --------------------------------------------------------------------------------------


def test_a_long_history_is_drawn_in_longer_steps_and_adds_up() -> None:
    jobs = [10 + n % 7 for n in range(20_000)]
    table = make.history(jobs, [n % 3 for n in range(20_000)], every="1min")

    figure = sq.plots.success_rate(table)

    failed, total = figure.data[0].customdata.sum(axis=0)
    assert (failed, total) == (table["failed"].sum(), table["jobs"].sum())
    assert len(figure.data[0].y) <= frames.MOST_BUCKETS
    assert "every 20 min" in said(figure)
    assert len(figure.to_json()) < 150_000


def test_seconds_of_merged_buckets_are_weighted_by_jobs() -> None:
    table = make.history([1, 3] * 1000, [0, 0] * 1000)
    table["p50_s"] = pd.array([1.0, 3.0] * 1000, dtype="Float64")

    figure = sq.plots.latency(table)

    np.testing.assert_allclose(named(figure)["p50"].y, [2.5] * 1000)


def test_a_long_heatmap_is_bounded_and_adds_up() -> None:
    times = pd.date_range("2026-11-01", periods=2000, freq="1min", tz="UTC")
    table = pd.DataFrame(
        [(str(time), f"{n}.example", 2, 1, 0.5) for time in times for n in range(20)],
        columns=["time", "host", "jobs", "failed", "p50_s"],
    )

    figure = sq.plots.host_heatmap(make.host_history(list(table.itertuples(index=False))))

    (heat,) = [trace for trace in figure.data if trace.type == "heatmap"]
    assert heat.customdata[..., 0].sum() == table["jobs"].sum()
    assert heat.z.shape[0] == 20
    assert heat.z.shape[1] <= 240
    assert len(figure.to_json()) < 500_000


def test_a_comparison_of_many_urls_is_as_small_as_one_of_few() -> None:
    many = make.compare([("changed", "price,title"), ("same", "")] * 50_000)

    figure = sq.plots.comparison(many)

    assert len(figure.to_json()) < 20_000
    assert "100,000 URLs · 50,000 of them the same" in said(figure)


# -- single jobs -------------------------------------------------------------------------------


def test_jobs_are_points_where_they_ended_and_failed_ones_crosses() -> None:
    figure = sq.plots.jobs(JOBS)

    points = named(figure)
    assert list(points["succeeded"].y) == [0.5]
    assert list(points["failed"].y) == [2.0]  # what was never asked for took no time
    assert str(points["failed"].x[0]).startswith("2026-11-24T14:00:05")
    assert points["failed"].hovertext == ("https://a.example/gone<br>http_4xx",)
    assert points["failed"].marker.symbol != points["succeeded"].marker.symbol
    assert figure.layout.yaxis.type == "log"
    assert said(figure) == "Jobs | s per page · log scale · UTC"


def test_many_jobs_are_drawn_in_part_and_that_is_said() -> None:
    many = make.jobs([("https://a.example/", "completed", None, "2026-11-24", 0.1)] * 2_500)

    figure = sq.plots.jobs(many)

    assert len(named(figure)["succeeded"].y) == 2_000
    assert "the newest 2,000 of 2,500" in said(figure)
