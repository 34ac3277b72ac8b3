"""What the monitor says of the past, from each database, also while Redis does not answer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
import sqlalchemy as sa

from scrapeq import database
from scrapeq.clock import now_ms
from scrapeq.database.engine import write_transaction
from scrapeq.errors import ConfigError
from scrapeq.frontier import Frontier, connect
from scrapeq.models import Batch
from scrapeq.pipeline.job_queue import JobQueue
from scrapeq.pipeline.monitor import JobMonitor
from scrapeq.project.services import Services
from scrapeq.settings import Settings

Submit = Callable[..., Batch]
Make = Callable[..., Any]


@pytest.fixture
def monitor(record_settings: Settings, record: sa.Engine) -> JobMonitor:
    """A monitor of the record alone: there is no Redis."""
    nowhere = f"unix://{record_settings.home}/no-redis"
    return JobMonitor(
        JobQueue(Services(record_settings, record, Frontier(connect(nowhere)), nowhere))
    )


def ago(record: sa.Engine, minutes: int, times_s: list[float], failed: int = 0) -> None:
    """Jobs that finished so many minutes ago, those that took `times_s` and those that failed."""
    with write_transaction(record) as connection:
        at_ms = now_ms() - minutes * 60_000
        database.minutes.count_finished(connection, at_ms, len(times_s), failed, times_s)


def test_a_series_is_regular_and_ends_now(monitor: JobMonitor, record: sa.Engine) -> None:
    ago(record, 3, [0.5] * 19 + [20.0], failed=5)
    ago(record, 90, [1.0])

    given = monitor.get_series(minutes=60, every_s=60)

    assert given["every_s"] == 60
    series = given["series"]
    times = [datetime.fromisoformat(one["timestamp"]) for one in series]
    assert len(series) == 60
    assert {later - sooner for sooner, later in pairwise(times)} == {timedelta(minutes=1)}
    assert timedelta() <= datetime.now(UTC) - times[-1] < timedelta(minutes=2)
    (busy,) = [one for one in series if one["jobs_processed"]]
    assert (busy["jobs_processed"], busy["succeeded"], busy["failed"]) == (25, 20, 5)
    assert busy["success_rate"] == 80.0
    assert busy["p50_s"] == pytest.approx(0.5, rel=0.12)
    assert busy["p95_s"] == pytest.approx(0.5, rel=0.12)
    idle = [one for one in series if not one["jobs_processed"]]
    assert {(one["success_rate"], one["p50_s"], one["p95_s"]) for one in idle} == {(None,) * 3}


def test_a_series_in_longer_steps(monitor: JobMonitor, record: sa.Engine) -> None:
    for minutes in (1, 31, 61):
        ago(record, minutes, [0.1])

    series = monitor.get_series(minutes=120, every_s=1_800)["series"]

    assert len(series) == 4
    assert sum(one["jobs_processed"] for one in series) == 3
    assert {datetime.fromisoformat(one["timestamp"]).minute for one in series} == {0, 30}


@pytest.mark.parametrize(
    ("minutes", "every_s"), [(60, 90), (60, 0), (60, -60), (0, 60), (-5, 60), (1e6, 60)]
)
def test_steps_that_cannot_be_had_are_refused(
    monitor: JobMonitor, minutes: float, every_s: int
) -> None:
    with pytest.raises(ConfigError, match=r"every_s|steps|minutes is"):
        monitor.get_series(minutes, every_s)


def test_performance_has_percentiles(monitor: JobMonitor, record: sa.Engine) -> None:
    ago(record, 1, [step / 100 for step in range(1, 101)], failed=100)

    hours = monitor.get_performance_history(hours=1)["history"]
    lately = monitor.get_system_metrics()["performance"]

    for one in (hours[-1], lately):
        assert (one["succeeded"], one["failed"], one["success_rate"]) == (100, 100, 50.0)
        assert one["average_processing_time_s"] == pytest.approx(0.505)
        for percent in (50, 90, 95, 99):
            assert one[f"p{percent}_s"] == pytest.approx(percent / 100, rel=0.12)
    assert lately["jobs_processed"] == 200


def test_without_jobs_nothing_is_made_up(monitor: JobMonitor) -> None:
    assert monitor.get_performance_history()["history"] == []
    lately = monitor.get_system_metrics()["performance"]
    assert (lately["jobs_processed"], lately["p50_s"], lately["average_processing_time_s"]) == (
        0,
        None,
        None,
    )
    assert monitor.get_error_groups() == []


def test_errors_come_in_groups(
    monitor: JobMonitor, submit: Submit, save: Make, result: Make
) -> None:
    evil = "<script>alert(1)</script>"
    submit("b", 4)
    save(result("b-0", error_kind="dns"), result("b-1", error_kind="dns", error_message=evil))
    save(result("b-2", error_kind="http_5xx"))
    monitor.record_error("mine", "broken", "by hand")

    groups = monitor.get_error_groups(limit=2)

    assert [(one["error_kind"], one["count"]) for one in groups] == [("dns", 2), ("broken", 1)]
    assert groups[0]["example_job_id"] in {"b-0", "b-1"}
    assert groups[0]["example_url"].startswith("https://host")
    assert datetime.fromisoformat(groups[0]["last_at"]).tzinfo is not None
    assert groups[1] | {"last_at": None} == {
        "error_kind": "broken",
        "count": 1,
        "example_url": None,
        "example_message": "by hand",
        "example_job_id": "mine",
        "last_at": None,
    }
    assert monitor.get_system_metrics()["errors"] == {"dns": 2, "http_5xx": 1, "broken": 1}
