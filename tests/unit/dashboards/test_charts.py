"""The small pictures: what they say, and where they draw it."""

from __future__ import annotations

from scrapeq.dashboards.charts import HEIGHT, LEAST_STEPS, WIDTH, charts, since_work_began
from scrapeq.models.monitoring import Step


def step(minute: int, succeeded: int = 0, failed: int = 0, p50=None, p95=None, rate=None) -> Step:
    return Step(
        timestamp=f"2026-03-01T12:{minute:02}:00+00:00",
        jobs_processed=succeeded + failed,
        succeeded=succeeded,
        failed=failed,
        rendered=0,
        success_rate=rate,
        p50_s=p50,
        p95_s=p95,
    )


def test_bars_have_the_height_of_their_share_and_stand_on_each_other():
    throughput, _, _ = charts([step(0, 30, 10), step(1), step(2, 20)])

    assert [(bar.style, float(bar.height)) for bar in throughput.bars] == [
        ("full", HEIGHT * 0.75),
        ("failed", HEIGHT * 0.25),
        ("full", HEIGHT * 0.5),
    ]
    assert float(throughput.bars[1].y) == 0
    assert float(throughput.bars[2].x) == WIDTH * 2 / 3
    assert throughput.bars[0].label == "12:00 UTC: 30 succeeded"
    assert (throughput.top, throughput.now, throughput.window) == ("40", "20", "at 12:02")


def test_lines_stop_where_nothing_is_known():
    _, latency, success = charts(
        [step(0, 1, p50=0.1, p95=0.2, rate=100.0), step(1), step(2, 1, p50=0.2, p95=0.4, rate=50.0)]
    )

    assert latency.lines[1].path == ""
    assert latency.lines[1].dots.count("M") == 2
    assert latency.now == "p50 200 ms · p95 400 ms"
    assert (success.now, success.window) == ("50.0 %", "at 12:02")


def test_neighbours_are_joined_by_a_line():
    _, _, success = charts([step(0, 1, rate=100.0), step(1, 1, rate=50.0), step(2)])

    assert success.lines[0].path == f"M0.0 1.0L{WIDTH / 2:.1f} {HEIGHT / 2:.1f}"
    assert success.lines[0].dots == ""


def test_nothing_yet_is_drawn_as_nothing():
    for chart in charts([step(minute) for minute in range(60)]):
        assert chart.bars == ()
        assert all(line.path == line.dots == "" for line in chart.lines)
        assert chart.now in {"0", "–"}


def test_a_picture_begins_where_the_work_did():
    quiet = [step(minute) for minute in range(40)]

    assert since_work_began([*quiet, *[step(40 + n, 1) for n in range(20)]])[0]["jobs_processed"]
    assert len(since_work_began([*quiet, step(41, 1)])) == LEAST_STEPS
    assert len(since_work_began(quiet)) == LEAST_STEPS
