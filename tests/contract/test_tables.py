"""The tables of the front door, from each database, while Redis does not answer."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pandas as pd
import pytest
import sqlalchemy as sa
from pydantic import SecretStr

import scrapeq as sq
from scrapeq import cluster, database, stats
from scrapeq.client.handle import BatchHandle
from scrapeq.clock import now_ms
from scrapeq.database.engine import write_transaction
from scrapeq.errors import ConfigError, NotFound, RedisUnavailable
from scrapeq.frontier import Frontier, connect
from scrapeq.models import Batch, ScrapingConfig
from scrapeq.pipeline.job_queue import JobQueue
from scrapeq.project import services
from scrapeq.project.services import Services
from scrapeq.settings import Settings

Submit = Callable[..., Batch]
Make = Callable[..., Any]
HOUR_MS, MINUTE_MS = 3_600_000, 60_000

TIME, TEXT = "datetime64[us, UTC]", "string"
HISTORY = {
    **dict.fromkeys(["jobs", "succeeded", "failed", "rendered"], "Int64"),
    **dict.fromkeys(["success_rate", "jobs_per_s"], "Float64"),
    **dict.fromkeys(["mean_s", "p50_s", "p90_s", "p95_s", "p99_s"], "Float64"),
}
HOST_HISTORY = {
    "time": TIME,
    "host": TEXT,
    "jobs": "Int64",
    "failed": "Int64",
    "rendered": "Int64",
    "success_rate": "Float64",
    "p50_s": "Float64",
}
HOSTS = {
    "host": TEXT,
    **dict.fromkeys(["jobs", "succeeded", "failed", "open", "rendered"], "Int64"),
    **dict.fromkeys(["success_rate", "mean_s", "p50_s", "p95_s"], "Float64"),
    "error_kind": "category",
    "last_finished": TIME,
    "breaker_open": "boolean",
    "breaker_until": TIME,
}
JOBS = {
    "job_id": TEXT,
    "batch": TEXT,
    "batch_id": TEXT,
    "row": "Int64",
    "url": TEXT,
    "host": TEXT,
    "status": "category",
    "priority": "Int8",
    "attempts": "Int16",
    "error_kind": "category",
    "error_message": TEXT,
    "started_at": TIME,
    "finished_at": TIME,
    "elapsed_s": "Float64",
    "http_status": "Int16",
    "from_store": "boolean",
    "rendered": "boolean",
}
BATCHES = {
    "batch": TEXT,
    "batch_id": TEXT,
    "run": "Int64",
    "state": "category",
    **dict.fromkeys(["total", "completed", "failed", "cancelled", "open"], "Int64"),
    **dict.fromkeys(["from_store", "rendered"], "Int64"),
    "success_rate": "Float64",
    "created_at": TIME,
    "finished_at": TIME,
    "elapsed_s": "Float64",
}
COMPARED = {
    "url": TEXT,
    "change": "category",
    "changed_fields": TEXT,
    **dict.fromkeys(["ok_a", "ok_b"], "boolean"),
    **dict.fromkeys(["http_status_a", "http_status_b"], "Int16"),
    **dict.fromkeys(["title_a", "title_b"], TEXT),
    **dict.fromkeys(["error_kind_a", "error_kind_b"], "category"),
}


@pytest.fixture
def queue(record_settings: Settings, record: sa.Engine) -> JobQueue:
    """A queue of the record alone: there is no Redis."""
    nowhere = f"unix://{record_settings.home}/no-redis"
    return JobQueue(Services(record_settings, record, Frontier(connect(nowhere)), nowhere))


@pytest.fixture
def move(record: sa.Engine) -> Callable[..., None]:
    """`move("b", minutes)`: let a batch and all that became of it be so much older."""

    def move_(batch_id: str, minutes: float) -> None:
        ms = round(minutes * MINUTE_MS)
        with write_transaction(record) as connection:
            for table, key in (("jobs", "batch_id"), ("batches", "id")):
                times = ["finished_ms", "created_ms"] if table == "batches" else ["finished_ms"]
                changes = ", ".join(f"{one} = {one} - {ms}" for one in times)
                connection.execute(
                    sa.text(f"UPDATE {table} SET {changes} WHERE {key} = :id"), {"id": batch_id}
                )

    return move_


def types(frame: pd.DataFrame) -> dict[str, str]:
    return {str(name): str(kind) for name, kind in frame.dtypes.items()}


def plain(column: Any) -> list[Any]:
    """Values with None where nothing is known."""
    return [None if pd.isna(one) else one for one in column]


# -- columns ------------------------------------------------------------------------------------


def test_a_project_without_jobs_has_every_column(queue: JobQueue) -> None:
    for frame, columns in (
        (sq.history(queue=queue), HISTORY),
        (sq.error_history(queue=queue), {}),
        (sq.host_history(queue=queue), HOST_HISTORY),
        (sq.hosts(queue=queue), HOSTS),
        (sq.jobs(queue=queue), JOBS),
        (sq.batches(queue=queue), BATCHES),
    ):
        assert list(types(frame).items()) == list(columns.items())
    assert len(sq.hosts(queue=queue)) == len(sq.jobs(queue=queue)) == 0
    assert len(sq.host_history(queue=queue)) == len(sq.batches(queue=queue)) == 0


def test_jobs_have_the_same_columns(
    queue: JobQueue, submit: Submit, save: Make, result: Make
) -> None:
    submit("b", 4, name="firms", refused=[3])
    save(result("b-0"), result("b-1", error_kind="dns"))

    for frame, columns in (
        (sq.history(queue=queue), HISTORY),
        (sq.history(batch="b", queue=queue), HISTORY),
        (sq.error_history(queue=queue), {"dns": "Int64", "scheme": "Int64"}),
        (sq.error_history(batch="b", queue=queue), {"dns": "Int64", "scheme": "Int64"}),
        (sq.host_history(queue=queue), HOST_HISTORY),
        (sq.hosts(queue=queue), HOSTS),
        (sq.jobs(queue=queue), JOBS),
        (sq.jobs(status="cancelled", queue=queue), JOBS),
        (sq.batches(queue=queue), BATCHES),
        (sq.compare("b", "firms", queue=queue), COMPARED),
    ):
        assert list(types(frame).items()) == list(columns.items())


# -- history ------------------------------------------------------------------------------------


def test_history_is_regular_and_has_every_step(queue: JobQueue, record: sa.Engine) -> None:
    with write_transaction(record) as connection:
        for hour, times_s in ((3, [0.5] * 18 + [10.0] * 2), (1, [0.1])):
            at_ms = now_ms() - hour * HOUR_MS
            database.minutes.count_finished(connection, at_ms, len(times_s), 5, times_s)

    found = sq.history(hours=6, every="1h", queue=queue)

    assert isinstance(found.index, pd.DatetimeIndex)
    assert (found.index.name, str(found.index.tz), len(found)) == ("time", "UTC", 7)
    assert set(found.index.to_series().diff().dropna()) == {pd.Timedelta(hours=1)}
    assert found.index[-1] <= pd.Timestamp.now("UTC") < found.index[-1] + pd.Timedelta(hours=1.1)
    busy, later = found[found["jobs"] > 0].iloc[0], found[found["jobs"] > 0].iloc[1]
    assert (busy["jobs"], busy["succeeded"], busy["failed"]) == (25, 20, 5)
    assert busy["success_rate"] == 80.0
    assert busy["jobs_per_s"] == pytest.approx(25 / 3600)
    assert busy["mean_s"] == pytest.approx((18 * 0.5 + 20) / 20)
    assert busy["p50_s"] == pytest.approx(0.5, rel=0.12)
    assert busy["p95_s"] == pytest.approx(10, rel=0.12)
    assert (later["jobs"], later["succeeded"]) == (6, 1)
    idle = found[found["jobs"] == 0]
    assert len(idle) == 5
    assert (idle["jobs_per_s"] == 0).all()
    assert idle[["success_rate", "mean_s", "p50_s", "p99_s"]].isna().all(axis=None)


def test_the_last_step_is_as_long_as_it_has_lasted(queue: JobQueue, record: sa.Engine) -> None:
    with write_transaction(record) as connection:
        database.minutes.count_finished(connection, now_ms(), 86_400, 0, [])

    today = sq.history(hours=48, every="1d", queue=queue).iloc[-1]

    began = pd.Timestamp(str(today.name))
    since = (datetime.now(UTC) - began).total_seconds()
    assert today["jobs_per_s"] == pytest.approx(86_400 / max(since, 1), rel=0.05)
    assert (began.hour, began.minute) == (0, 0)
    assert plain([today["mean_s"], today["p50_s"]]) == [None, None]


def test_a_batch_has_a_history_of_its_own(
    queue: JobQueue, record: sa.Engine, submit: Submit, save: Make, result: Make, move: Make
) -> None:
    submit("other", 2)
    save(result("other-0"))
    submit("b", 7, name="firms", refused=[0], twins={6: 1})
    save(result("b-1", elapsed_s=2.0), result("b-2", error_kind="http_5xx", elapsed_s=4.0))
    save(result("b-3", error_kind="robots", elapsed_s=0.0))
    database.jobs.cancel_jobs(record, "b", ["b-4"])
    move("b", 60 * 24 * 3)  # long before the hours that are not asked for

    minutes = sq.history(batch="firms", every="1m", queue=queue)
    handle = BatchHandle(queue, "b")

    assert minutes["jobs"].sum() == 5  # the cancelled one and the open one are none
    assert (minutes["succeeded"].sum(), minutes["failed"].sum()) == (2, 3)
    first = minutes[minutes["jobs"] > 0].iloc[0]
    assert (first["mean_s"], first["p99_s"]) == (3.0, pytest.approx(4, rel=0.12))
    assert len(minutes) in {3 * 24 * 60 + 1, 3 * 24 * 60 + 2}  # it is open: until now
    pd.testing.assert_frame_equal(
        minutes.iloc[:3], sq.history(batch=handle, every="1min").iloc[:3], check_freq=False
    )
    errors = sq.error_history(batch=handle, every="1h")
    assert errors.sum().to_dict() == {"cancelled": 1, "http_5xx": 1, "robots": 1, "scheme": 1}


def test_a_finished_batch_ends_its_history(
    queue: JobQueue, submit: Submit, save: Make, result: Make, move: Make
) -> None:
    submit("b", 1)
    save(result("b-0"))
    move("b", 600)

    found = sq.history(batch="b", every="10s", queue=queue)

    assert 1 <= len(found) <= 3
    assert found["jobs"].sum() == 1
    assert 0 < found["jobs_per_s"].max() <= 1


def test_steps_fit_the_time_in_which_jobs_ended(
    queue: JobQueue, record: sa.Engine, submit: Submit, save: Make, result: Make
) -> None:
    submit("b", 20)
    for row in range(20):
        failure = {"error_kind": "dns"} if row == 3 else {}
        save(result(f"b-{row}", elapsed_s=0.5, **failure))
    with write_transaction(record) as connection:  # each ends 0.6 s before the next
        ended_ms = sa.text("UPDATE jobs SET finished_ms = :last_ms - 600 * (19 - row)")
        connection.execute(ended_ms, {"last_ms": now_ms()})

    for hours in (3, 900):  # whatever is asked for, the seconds that it took
        found = sq.history(hours, every=None, queue=queue)
        errors = sq.error_history(hours, every=None, queue=queue)
        hosts = sq.host_history(hours, every=None, queue=queue)
        assert 10 <= len(found) <= 30
        assert found.index[1] - found.index[0] == pd.Timedelta(seconds=1)
        assert (found["jobs"].sum(), found["failed"].sum()) == (20, 1)
        assert found["jobs_per_s"].max() >= 1
        assert errors.index.equals(found.index)
        assert errors["dns"].sum() == 1
        assert hosts["jobs"].sum() == 20
    with write_transaction(record) as connection:  # an hour of which no job is left
        at_ms = now_ms() - 20 * HOUR_MS
        database.minutes.count_finished(connection, at_ms, 7, 0, [])
    found = sq.history(every=None, queue=queue)
    assert found.index[1] - found.index[0] == pd.Timedelta(hours=1)
    assert found["jobs"].sum() == 27


def test_errors_by_kind_over_time(
    queue: JobQueue, record: sa.Engine, submit: Submit, save: Make, result: Make
) -> None:
    with write_transaction(record) as connection:
        at_ms = now_ms() - 2 * HOUR_MS
        database.minutes.count_errors(connection, at_ms, {"dns": 3, "<b>of mine</b>": 1})
    submit("b", 2)
    save(result("b-0", error_kind="tls"), result("b-1", error_kind="tls"))

    found = sq.error_history(hours=5, queue=queue)

    assert found.columns.tolist() == ["dns", "tls", "<b>of mine</b>"]
    assert found.sum().tolist() == [3, 2, 1]
    assert len(found) == 6
    assert found.index.equals(sq.history(hours=5, queue=queue).index)


def test_hosts_over_time(
    queue: JobQueue, submit: Submit, save: Make, result: Make, move: Make
) -> None:
    submit("old", 3)
    save(*[result(f"old-{row}", elapsed_s=1.0) for row in range(3)])
    move("old", 120)
    submit("b", 7)  # rows 0, 3 and 6 are of host0
    save(*[result(f"b-{row}", elapsed_s=0.25) for row in range(6)])
    save(result("b-6", error_kind="reset", elapsed_s=0.25))

    found = sq.host_history(hours=5, limit=2, queue=queue)

    assert found["host"].unique().tolist() == ["host0.example", "host1.example"]
    assert len(found) == 2 * 6
    busiest = found[found["host"] == "host0.example"]
    assert busiest["time"].tolist() == sq.history(hours=5, queue=queue).index.tolist()
    assert (busiest["jobs"].sum(), busiest["failed"].sum()) == (4, 1)
    assert busiest["p50_s"].dropna().tolist() == pytest.approx([1.0, 0.25], rel=0.12)
    assert busiest["success_rate"].dropna().tolist() == pytest.approx([100, 200 / 3])
    of_batch = sq.host_history(batch="b", every="1m", limit=30, queue=queue)
    assert of_batch.groupby("host")["jobs"].sum().to_dict() == {
        "host0.example": 3,
        "host1.example": 2,
        "host2.example": 2,
    }


def test_rendered_pages_are_counted_alike_by_batch_host_time_and_job(
    queue: JobQueue, submit: Submit, save: Make, result: Make
) -> None:
    shown = {"rendered": True, "render_reason": "empty_mount"}
    submit("b", 7, name="shops", twins={4: 0})  # rows 0, 3 and 6 are of host0, 1 and 4 of host1
    save(result("b-0", **shown), result("b-3", rendered=False), result("b-1", **shown))
    save(result("b-2", error_kind="page_crash", elapsed_s=0.5, **shown))

    by_job = sq.jobs(queue=queue).set_index("job_id")["rendered"]

    assert plain(by_job.sort_index()) == [True, True, True, False, True, None, None]
    assert sq.batches(queue=queue)["rendered"].tolist() == [4]
    by_host = sq.hosts(queue=queue).set_index("host")["rendered"]
    assert by_host.to_dict() == {"host0.example": 1, "host1.example": 2, "host2.example": 1}
    assert sq.history(batch="b", every="1m", queue=queue)["rendered"].sum() == 4
    by_time = sq.host_history(batch="b", every="1m", queue=queue).groupby("host")["rendered"].sum()
    assert by_time.to_dict() == by_host.to_dict()
    # what workers did: a duplicate needed no browser of its own
    assert sq.history(hours=1, queue=queue)["rendered"].sum() == 3
    assert sq.history(hours=1, every="10s", queue=queue)["rendered"].sum() == 3


def test_what_only_redis_knows_is_not_said_to_be_nothing(queue: JobQueue, submit: Submit) -> None:
    submit("b", 2)
    where = queue.services.broker_url
    shared = queue.services.settings.model_copy(update={"redis_url": SecretStr(where)})
    away = JobQueue(Services(shared, queue.services.engine, queue.services.frontier, where))

    for status in ("running", "retrying"):
        with pytest.raises(RedisUnavailable):
            sq.jobs(status=status, queue=away)
        with pytest.raises(RedisUnavailable):
            away.get_job_history(status_filter=status)
    assert sq.jobs(queue=away)["status"].tolist() == ["pending", "pending"]
    assert sq.jobs(status="failed", queue=away).empty


# -- hosts --------------------------------------------------------------------------------------


def test_hosts_are_listed_busiest_first(
    queue: JobQueue, record: sa.Engine, submit: Submit, save: Make, result: Make
) -> None:
    submit("b", 9)
    save(result("b-0", elapsed_s=1.0), result("b-3", elapsed_s=3.0))
    save(result("b-6", error_kind="dns", elapsed_s=0.0))
    save(result("b-1", error_kind="tls"), result("b-4", error_kind="dns"))
    database.jobs.cancel_jobs(record, "b", ["b-2"])

    found = sq.hosts(queue=queue)

    assert found["host"].tolist() == ["host0.example", "host1.example", "host2.example"]
    assert found["jobs"].tolist() == [3, 3, 3]
    assert found["succeeded"].tolist() == [2, 0, 0]
    assert found["failed"].tolist() == [1, 2, 0]
    assert found["open"].tolist() == [0, 1, 2]
    assert plain(found["success_rate"]) == [pytest.approx(200 / 3), 0.0, None]
    assert plain(found["mean_s"]) == [2.0, 0.25, None]
    assert found["p95_s"].iloc[0] == pytest.approx(3, rel=0.12)
    assert plain(found["error_kind"]) == ["dns", "dns", None]  # of two kinds once each the first
    assert found["last_finished"].notna().tolist() == [True, True, True]
    assert found["breaker_open"].isna().all()  # Redis does not answer
    assert found["breaker_until"].isna().all()
    pd.testing.assert_frame_equal(sq.hosts(limit=1, queue=queue), found.head(1))


def test_hosts_of_the_last_hours_or_one_batch(
    queue: JobQueue, submit: Submit, save: Make, result: Make, move: Make
) -> None:
    submit("old", 3)
    save(result("old-0"), result("old-1", error_kind="dns"))
    move("old", 120)
    submit("b", 3)
    save(result("b-0"))

    lately = sq.hosts(hours=1, queue=queue).set_index("host")
    of_batch = sq.hosts(batch="old", queue=queue).set_index("host")

    assert lately["jobs"].to_dict() == {
        "host2.example": 2,  # open ones, however old they are
        "host0.example": 1,
        "host1.example": 1,
    }
    assert lately["error_kind"].isna().all()
    assert of_batch["jobs"].tolist() == [1, 1, 1]
    assert of_batch.loc["host1.example", "error_kind"] == "dns"
    assert sq.hosts(hours=3, queue=queue)["jobs"].tolist() == [2, 2, 2]


def test_the_percentiles_of_a_host_are_those_of_its_jobs(
    queue: JobQueue, submit: Submit, save: Make, result: Make
) -> None:
    times_s = [0.001, 0.01, 0.1, 0.5, 1.0, 2.0, 10.0, 999.0, 1_000.0, 5_000.0, 0.0005]
    submit("b", 3 * len(times_s))
    save(*[result(f"b-{3 * row}", elapsed_s=time_s) for row, time_s in enumerate(times_s)])

    host = sq.hosts(queue=queue).iloc[0]

    assert host["p50_s"] == pytest.approx(stats.quantile_s(stats.histogram(times_s), 0.5))
    assert host["p95_s"] == pytest.approx(stats.quantile_s(stats.histogram(times_s), 0.95))


# -- jobs ---------------------------------------------------------------------------------------


def test_jobs_are_listed_newest_first(
    queue: JobQueue, record: sa.Engine, submit: Submit, save: Make, result: Make, move: Make
) -> None:
    submit("old", 2, priority=2)
    save(result("old-0", error_kind="http_4xx", http_status=404, elapsed_s=0.5))
    move("old", 60)
    submit("b", 6, name="firms", refused=[5], twins={4: 0})
    save(result("b-0", attempts=2))
    save(result("b-1", error_kind="dns", error_message="<i>no name</i>", http_status=None))
    database.jobs.cancel_jobs(record, "b", ["b-2"])
    move("b", 5)

    found = sq.jobs(queue=queue).set_index("job_id")

    assert found.index[-2:].tolist() == ["old-0", "old-1"]
    assert set(found.index[:6]) == {f"b-{row}" for row in range(6)}
    assert found["status"].astype(str).to_dict() == {
        "b-0": "completed",
        "b-1": "failed",
        "b-2": "cancelled",
        "b-3": "pending",
        "b-4": "completed",
        "b-5": "failed",
        "old-0": "failed",
        "old-1": "pending",
    }
    done = found.loc["b-0"]
    assert (done["batch"], done["batch_id"], done["row"]) == ("firms", "b", 0)
    assert (done["url"], done["host"]) == ("https://host0.example/b/0", "host0.example")
    assert (done["attempts"], done["elapsed_s"], done["http_status"]) == (2, 0.25, 200)
    assert (done["priority"], found.loc["old-0", "priority"]) == (5, 2)
    twin = found.loc["b-4"]
    assert (twin["http_status"], bool(twin["from_store"])) == (200, True)
    assert plain([twin["elapsed_s"]]) == [None]
    assert found.loc["b-1", "error_message"] == "<i>no name</i>"
    assert plain([found.loc["old-0", "batch"], found.loc["b-3", "finished_at"]]) == [None, None]
    assert found.loc["old-0", "http_status"] == 404
    assert found.loc["b-0", "started_at"] == datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)
    age = datetime.now(UTC) - found.loc["b-0", "finished_at"]
    assert timedelta(minutes=5) <= age < timedelta(minutes=6)
    assert found["url"].iloc[:6].tolist().count("no url") == 1


def test_a_host_without_a_port_is_meant_at_every_port(queue: JobQueue, record: sa.Engine) -> None:
    hosts = ["a.example", "a.example:8080", "a.example.org", "b.a.example", "a_example:1"]
    database.batches.add_batch(
        record,
        batch_id="b",
        name=None,
        config=ScrapingConfig(),
        fingerprint="",
        total=len(hosts),
        rows=(
            database.new_job.NewJob(f"b-{row}", row, f"http://{host}/", f"http://{host}/", host, 5)
            for row, host in enumerate(hosts)
        ),
    )

    def hosts_of(host: str) -> set[str]:
        return set(sq.jobs(host=host, queue=queue)["host"])

    assert hosts_of("a.example") == {"a.example", "a.example:8080"}
    assert hosts_of("a.example:8080") == {"a.example:8080"}
    assert hosts_of("a_example") == {"a_example:1"}


def test_jobs_are_chosen(
    queue: JobQueue, record: sa.Engine, submit: Submit, save: Make, result: Make, move: Make
) -> None:
    submit("old", 6)
    save(result("old-0", error_kind="dns"), result("old-1"), result("old-2"))
    move("old", 60)
    submit("b", 6, name="firms")
    save(result("b-0", error_kind="dns"), result("b-1", error_kind="tls"), result("b-2"))
    database.jobs.cancel_jobs(record, "b", ["b-3"])

    def chosen(**wanted: Any) -> set[str]:
        return set(sq.jobs(queue=queue, **wanted)["job_id"])

    assert chosen(status="failed") == {"old-0", "b-0", "b-1"}
    assert chosen(status=sq.JobStatus.CANCELLED) == {"b-3"}
    assert chosen(status="pending") == {"old-3", "old-4", "old-5", "b-4", "b-5"}
    assert chosen(status="running") == chosen(status="retrying") == set()  # there is no cluster
    assert chosen(error_kind="dns") == {"old-0", "b-0"}
    assert chosen(error_kind=sq.ErrorKind.DNS, batch="firms") == {"b-0"}
    assert chosen(batch=BatchHandle(queue, "old"), status="completed") == {"old-1", "old-2"}
    assert chosen(host="host0.example") == {"old-0", "old-3", "b-0", "b-3"}
    assert chosen(host="host0.example", status="pending") == {"old-3"}
    half_an_hour_ago = datetime.now(UTC) - timedelta(minutes=30)
    assert chosen(since=half_an_hour_ago) == {f"b-{row}" for row in range(6)}
    assert chosen(until=half_an_hour_ago.isoformat()) == {f"old-{row}" for row in range(6)}
    assert chosen(since=half_an_hour_ago, status="pending") == {"b-4", "b-5"}
    assert chosen(since=date(2000, 1, 1), until="2000-01-02 08:00") == set()
    assert chosen(since=half_an_hour_ago.replace(tzinfo=None)) == chosen(since=half_an_hour_ago)
    assert chosen(status="pending", batch="old", limit=2) == {"old-3", "old-4"}
    assert chosen(limit=3) <= {f"b-{row}" for row in range(6)}
    assert len(chosen(limit=None)) == 12


def test_of_many_small_batches_the_newest_jobs_are_listed(
    queue: JobQueue, submit: Submit, move: Make
) -> None:
    for number in range(5):
        submit(f"b{number}", 1_200 if number == 2 else 3)
        move(f"b{number}", 10 - number)

    found = sq.jobs(limit=10, queue=queue)

    assert found["batch_id"].tolist() == ["b4"] * 3 + ["b3"] * 3 + ["b2"] * 4
    assert found["row"].tolist() == [0, 1, 2, 0, 1, 2, 0, 1, 2, 3]
    assert len(sq.jobs(limit=None, queue=queue)) == 1_212


# -- batches ------------------------------------------------------------------------------------


def test_batches_are_listed(
    queue: JobQueue, record: sa.Engine, submit: Submit, save: Make, result: Make, move: Make
) -> None:
    submit("first", 2, name="firms")
    save(result("first-0"), result("first-1", error_kind="dns"))
    move("first", 60)
    submit("alone", 1)
    submit("second", 6, name="firms", refused=[5], twins={1: 0})
    move("second", 2)
    save(result("second-0"))
    database.jobs.cancel_jobs(record, "second", ["second-2"])
    submit("third", 3)

    found = sq.batches(queue=queue)

    assert found["batch_id"].tolist() == ["third", "second", "first"]
    assert plain(found["batch"]) == [None, "firms", "firms"]
    assert found["run"].tolist() == [1, 2, 1]
    assert found["state"].tolist() == ["open", "open", "finished"]
    second = found.iloc[1]
    counts = ["total", "completed", "failed", "cancelled", "open", "from_store"]
    assert second[counts].tolist() == [6, 2, 1, 1, 2, 1]
    assert plain(found["success_rate"]) == [None, pytest.approx(200 / 3), 50.0]
    assert found["finished_at"].notna().tolist() == [False, False, True]
    assert found["elapsed_s"].iloc[1] == pytest.approx(120, abs=60)
    assert found["elapsed_s"].iloc[2] < 60
    assert sq.batches(2, queue=queue)["batch_id"].tolist() == ["third", "second"]


# -- comparing ----------------------------------------------------------------------------------


def test_two_runs_are_compared_page_by_page(
    queue: JobQueue, record: sa.Engine, submit: Submit, save: Make, result: Make
) -> None:
    config = ScrapingConfig(custom_selectors={"price": ".p", "tags": [".t"], "title": "h1"})
    submit("a", 8, name="firms", config=config)
    submit(
        "b",
        9,
        name="firms",
        config=config.replace(
            custom_selectors={"tags": [".t"], "price": ".p", "other": "h2", "title": "h1"}
        ),
    )
    same = {"price": "1", "tags": ["x"], "title": "T"}
    save(
        result("a-0", title="T", fields=same),
        result("a-1", title="T", fields=same, text="old"),
        result("a-2", title="T", fields=same),
        result("a-3", error_kind="dns", http_status=None),
        result("a-4", error_kind="http_4xx", http_status=404),
        result("a-5", error_kind="http_4xx", http_status=404),
        result("a-6", title="T", fields=same),
        result("a-7", title="T", fields=same),
    )
    save(
        result("b-0", title="T", fields=same),
        result("b-1", title="<b>T2</b>", fields=same | {"tags": ["x", "ü"]}, text="new"),
        result("b-2", error_kind="http_5xx", http_status=503),
        result("b-3", title="T", fields=same),
        result("b-4", error_kind="http_4xx", http_status=404),
        result("b-5", error_kind="http_4xx", http_status=410),
        result("b-8", title="T", fields=same),
    )
    database.jobs.cancel_jobs(record, "b", ["b-7"])  # and b-6 is open

    found = sq.compare("a", "firms", queue=queue)

    by_url = found.set_index(found["url"].str.extract(r"/([ab]/\d)$")[0])
    change = dict(zip(by_url.index, plain(by_url["change"]), strict=True))
    assert change["a/0"] == "same"
    assert change["a/1"] == "changed"
    assert change["a/2"] == "broke"
    assert change["a/3"] == "mended"
    assert change["a/4"] == "same"
    assert change["a/5"] == "changed"
    assert change["b/8"] == "added"
    assert by_url.loc["a/1", "changed_fields"] == "title,text,tags"
    assert by_url.loc["a/5", "changed_fields"] == "http_status"
    assert plain(by_url.loc[["a/0", "a/2"], "changed_fields"]) == [None, None]
    assert (by_url.loc["a/1", "title_a"], by_url.loc["a/1", "title_b"]) == ("T", "<b>T2</b>")
    assert by_url.loc["a/1", "tags_b"] == '["x", "ü"]'
    assert by_url.loc["a/0", "price_a"] == "1"
    assert by_url.loc["a/0", "title_selected_a"] == "T"
    assert "other_b" not in found
    assert plain(by_url.loc["b/8", ["ok_a", "http_status_a", "title_a", "price_a"]]) == [None] * 4
    assert plain(by_url.loc["a/2", ["ok_a", "ok_b", "error_kind_b"]]) == [True, False, "http_5xx"]


def test_pages_are_the_same_by_their_canonical_key(
    queue: JobQueue, record: sa.Engine, save: Make, result: Make
) -> None:
    def submit(batch_id: str, urls: list[str]) -> None:
        database.batches.add_batch(
            record,
            batch_id=batch_id,
            name=None,
            config=ScrapingConfig(),
            fingerprint="",
            total=len(urls),
            rows=(
                database.new_job.NewJob(f"{batch_id}-{row}", row, url, url, "a.example", 5)
                for row, url in enumerate(urls)
            ),
        )

    submit("a", ["https://a.example/1#top", "https://a.example/2", "https://a.example/1"])
    submit("b", ["https://a.example/3?utm_source=x", "https://a.example/1"])

    found = sq.compare("a", "b", queue=queue)

    assert found["url"].tolist() == [
        "https://a.example/1#top",
        "https://a.example/2",
        "https://a.example/3?utm_source=x",
    ]
    assert plain(found["change"]) == [None, "removed", "added"]  # nothing was looked at yet
    assert plain(found["ok_a"]) == [None, None, None]


# -- what cannot be asked for ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda **q: sq.history(every="soon", **q), r'every is .soon.*"5m", "1h", "1d"'),
        (lambda **q: sq.history(every="0m", **q), "every"),
        (lambda **q: sq.history(every=60, **q), "every is 60"),  # type: ignore[arg-type] # the point
        (lambda **q: sq.history(hours=50, every="1s", **q), "longer `every`"),
        (lambda **q: sq.error_history(every="1y", **q), "every"),
        (lambda **q: sq.host_history(every="10x", **q), "every is '10x'"),
        (lambda **q: sq.history(hours=0, **q), "hours is 0"),
        (lambda **q: sq.history(hours=math.nan, **q), "hours is nan"),
        (lambda **q: sq.history(hours="day", **q), "hours is 'day'"),  # type: ignore[arg-type] # the point
        (lambda **q: sq.hosts(hours=-1, **q), "hours is -1"),
        (lambda **q: sq.history(hours=100_000, every="1m", **q), "longer `every`"),
        (lambda **q: sq.jobs(status="faild", **q), "no status 'faild'; did you mean 'failed'"),
        (lambda **q: sq.jobs(status="x", **q), "one of: pending, running, retrying"),
        (lambda **q: sq.jobs(error_kind="http_4x", **q), "did you mean 'http_4xx'"),
        (lambda **q: sq.jobs(since="yesterday", **q), "since is 'yesterday'"),
        (lambda **q: sq.jobs(until=5, **q), "until is 5"),  # type: ignore[arg-type] # the point
        (lambda **q: sq.jobs(limit=0, **q), "limit is 0"),
        (lambda **q: sq.batches(limit=-1, **q), "limit is -1"),
        (lambda **q: sq.hosts(limit=1.5, **q), "limit is 1.5"),  # type: ignore[arg-type] # the point
        (lambda **q: sq.host_history(limit=True, **q), "limit is True"),
        (lambda **q: sq.history(batch=5, **q), "batch is a int"),  # type: ignore[arg-type] # the point
    ],
)
def test_what_cannot_be_met_says_what_to_write(
    queue: JobQueue, ask: Callable[..., Any], said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        ask(queue=queue)


@pytest.mark.parametrize(
    "ask",
    [
        lambda **q: sq.history(batch="firm", **q),
        lambda **q: sq.error_history(batch="firm", **q),
        lambda **q: sq.host_history(batch="firm", **q),
        lambda **q: sq.hosts(batch="firm", **q),
        lambda **q: sq.jobs(batch="firm", **q),
        lambda **q: sq.compare("firms", "firm", **q),
    ],
)
def test_an_unknown_batch_is_answered_with_those_there_are(
    queue: JobQueue, submit: Submit, ask: Callable[..., Any]
) -> None:
    submit("b", 2, name="firms")

    with pytest.raises(NotFound, match=r"'firm'.*firms"):
        ask(queue=queue)


def test_without_a_queue_nothing_is_started(
    record_settings: Settings,
    submit: Submit,
    save: Make,
    result: Make,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    submit("b", 2, name="firms")
    save(result("b-0"))
    monkeypatch.setenv("SCRAPEQ_HOME", str(record_settings.home))
    if record_settings.database_url is not None:
        secret = record_settings.database_url.get_secret_value()
        monkeypatch.setenv("SCRAPEQ_DATABASE_URL", secret)

    opened: dict[str, Services] = {}
    monkeypatch.setattr(services, "_looking", opened)

    assert sq.batches()["batch"].tolist() == ["firms"]
    assert sq.jobs(batch="firms")["status"].tolist() == ["completed", "pending"]
    assert sq.history()["jobs"].sum() == 1
    (looking,) = opened.values()  # one engine for all of them
    looking.engine.dispose()
    assert not cluster.status(record_settings.home).running
