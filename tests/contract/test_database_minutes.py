"""Minutes: counted with the jobs they count, whoever writes, and read in longer spans."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa

from scrapeq import database, stats
from scrapeq.clock import now_ms
from scrapeq.database.engine import write_transaction
from scrapeq.database.minutes import (
    count_errors,
    count_finished,
    error_spans_since,
    errors_since,
    merged,
    spans_since,
)
from scrapeq.models import Batch, JobStatus

Submit = Callable[..., Batch]
Make = Callable[..., Any]
HOUR_MS, MINUTE_MS = 3_600_000, 60_000
NOON_MS = 1_764_072_000_000  # 2025-11-25 12:00 UTC


def everything(record: sa.Engine) -> database.minutes.Span:
    return merged(spans_since(record, 0))


def test_what_finished_is_counted_with_its_time(
    record: sa.Engine, submit: Submit, save: Make, result: Make
) -> None:
    submit("b", 5, twins={4: 0})
    save(result("b-0", elapsed_s=0.25), result("b-1", elapsed_s=4, error_kind="http_5xx"))
    save(result("b-2", elapsed_s=0.0, error_kind="robots"))  # nothing was asked for it
    save(result("b-3", elapsed_s=0.0, from_store=True))

    span = everything(record)

    assert (span.succeeded, span.failed, span.finished) == (2, 2, 4)  # the duplicate asked nobody
    assert (span.timed, span.time_s, span.mean_s) == (2, 4.25, 2.125)
    assert span.latencies == {stats.bucket(0.25): 1, stats.bucket(4): 1}
    assert span.quantile_s(1) == pytest.approx(4, rel=0.12)


def test_a_result_that_is_dropped_counts_nothing(
    record: sa.Engine, submit: Submit, save: Make, result: Make
) -> None:
    submit("b", 1)
    save(result("b-0", error_kind="dns"))
    save(result("b-0", error_kind="reset"))

    assert everything(record).finished == 1
    assert errors_since(record, 0) == {"dns": 1}


def test_every_way_to_end_with_an_error_is_counted(
    record: sa.Engine, submit: Submit, save: Make, result: Make
) -> None:
    submit("b", 9, refused=[0, 1], twins={4: 3})
    save(result("b-2", error_kind="dns"), result("b-3", error_kind="reset"))
    database.jobs.move_job(record, "b-5", JobStatus.FAILED, error_kind="tls")  # type: ignore[arg-type]
    database.jobs.move_job(record, "b-6", JobStatus.FAILED)
    database.jobs.cancel_jobs(record, "b", ["b-7"])
    database.jobs.cancel_jobs(record, "b")
    wanted = {"scheme": 2, "dns": 1, "reset": 2, "tls": 1, "cancelled": 2}

    assert database.history.error_counts(record, now_ms() - 600_000) == wanted
    database.jobs.reopen_jobs(record, "b")  # what happened has happened
    assert database.history.error_counts(record, 0) == wanted
    database.history.record_error(record, "b-1", "dns", "by hand")
    database.history.record_error(record, None, "of my own", "by hand")
    assert database.history.error_counts(record, 0) == wanted | {"dns": 2, "of my own": 1}


def test_minutes_make_longer_spans(record: sa.Engine) -> None:
    with write_transaction(record) as connection:
        for minute in (0, 59, 60, 200):
            at_ms = NOON_MS + minute * MINUTE_MS + 17
            count_finished(connection, at_ms, 2, 1, [0.1, 0.1, 10])
            count_errors(connection, at_ms, {"dns": 1, "reset": minute, "tls": 0})

    hours = spans_since(record, NOON_MS, HOUR_MS)

    assert [(span.start_ms - NOON_MS) // HOUR_MS for span in hours] == [0, 1, 3]
    assert [(span.succeeded, span.failed, span.timed) for span in hours] == [
        (4, 2, 6),
        (2, 1, 3),
        (2, 1, 3),
    ]
    assert hours[0].latencies == {stats.bucket(0.1): 4, stats.bucket(10): 2}
    assert [span.start_ms for span in spans_since(record, NOON_MS + 1)] == [
        NOON_MS + minute * MINUTE_MS for minute in (59, 60, 200)
    ]
    assert error_spans_since(record, NOON_MS, HOUR_MS) == [
        (NOON_MS, "dns", 2),
        (NOON_MS, "reset", 59),
        (NOON_MS + HOUR_MS, "dns", 1),
        (NOON_MS + HOUR_MS, "reset", 60),
        (NOON_MS + 3 * HOUR_MS, "dns", 1),
        (NOON_MS + 3 * HOUR_MS, "reset", 200),
    ]
    without = spans_since(record, NOON_MS, HOUR_MS, timings=False)
    assert [(span.finished, span.latencies) for span in without] == [(6, {}), (3, {}), (3, {})]
    assert spans_since(record, now_ms() + MINUTE_MS) == []


def test_many_writers_to_one_minute_add_up(
    record: sa.Engine, open_record: Callable[[], sa.Engine]
) -> None:
    engines = [open_record() for _ in range(4)]

    def write(worker: int) -> None:
        for turn in range(20):
            with write_transaction(engines[worker]) as connection:
                times_s = [0.001 * 2 ** ((turn + worker + step) % 9) for step in range(9)]
                count_finished(connection, NOON_MS, 9, 2, times_s)
                kinds = ["dns", "reset", "tls"][:: 1 if worker % 2 else -1]
                count_errors(connection, NOON_MS, dict.fromkeys(kinds, 1))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))

    span = everything(record)
    assert (span.succeeded, span.failed, span.timed) == (720, 160, 720)
    assert span.latencies == dict.fromkeys((stats.bucket(0.001 * 2**step) for step in range(9)), 80)
    assert errors_since(record, 0) == {"dns": 80, "reset": 80, "tls": 80}


def test_old_minutes_go(record: sa.Engine) -> None:
    with write_transaction(record) as connection:
        for hour in (0, 2):
            count_finished(connection, NOON_MS + hour * HOUR_MS, 1, 1, [0.1])
            count_errors(connection, NOON_MS + hour * HOUR_MS, {"dns": 1})

    database.jobs.delete_before(record, NOON_MS + HOUR_MS)

    assert [span.start_ms for span in spans_since(record, 0)] == [NOON_MS + 2 * HOUR_MS]
    assert everything(record).latencies == {stats.bucket(0.1): 1}
    assert errors_since(record, 0) == {"dns": 1}


def test_kinds_of_errors_come_with_their_newest_example(
    record: sa.Engine, submit: Submit, save: Make, result: Make
) -> None:
    submit("b", 6, refused=[5])
    save(result("b-0", error_kind="dns", error_message="first"))
    save(result("b-1", error_kind="reset"), result("b-2", error_kind="reset"))
    save(result("b-3", error_kind="reset", error_message="last"))
    with write_transaction(record) as connection:
        connection.execute(
            sa.text("UPDATE jobs SET finished_ms = finished_ms + 5 WHERE id = 'b-3'")
        )
    database.history.record_error(record, "elsewhere", "dns", "by hand")

    groups = database.history.error_groups(record, 0, 10)

    assert [(one.error_kind, one.count) for one in groups] == [
        ("reset", 3),
        ("dns", 2),
        ("scheme", 1),
    ]
    assert (groups[0].job_id, groups[0].message) == ("b-3", "last")
    assert groups[0].url == "https://host0.example/b/3"
    assert (groups[1].job_id, groups[1].message, groups[1].url) == ("elsewhere", "by hand", None)
    assert database.history.error_groups(record, 0, 1) == groups[:1]
    assert database.history.error_groups(record, now_ms() + MINUTE_MS, 10) == []

    database.jobs.reopen_jobs(record, "b")
    again = database.history.error_groups(record, 0, 10)
    assert [(one.count, one.job_id) for one in again] == [(3, None), (2, "elsewhere"), (1, "b-5")]
