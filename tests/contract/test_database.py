"""The record: batches go in whole, and are found, moved, cancelled, reopened and deleted."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from dataclasses import astuple
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from scrapeq import database
from scrapeq.clock import from_ms, now_ms, to_ms
from scrapeq.database import schema
from scrapeq.database.new_job import NewJob
from scrapeq.errors import AlreadyThere, IllegalMove, InputError
from scrapeq.models import (
    LEGAL_MOVES,
    Batch,
    BatchState,
    ErrorKind,
    JobStatus,
    Lane,
    Links,
    ScrapingConfig,
)

Submit = Callable[..., Batch]
Make = Callable[..., Any]
Statuses = Callable[[str], list[str]]


def found(record: sa.Engine, batch_id: str) -> Batch:
    batch = database.batches.find_batch(record, batch_id)
    assert batch is not None
    return batch


def test_a_batch_comes_back_as_it_was_given(record: sa.Engine, submit: Submit) -> None:
    config = ScrapingConfig(custom_selectors={"t": "h1"}, headers={"X-Key": "secret"})

    batch = submit("b", 4, name="firms", config=config, url_column="link", table=[b"one", b"two"])

    again = found(record, "b")
    assert again == batch
    assert (again.id, again.name, again.run, again.total, again.done) == ("b", "firms", 1, 4, 0)
    assert again.state is BatchState.OPEN
    assert again.config == config
    assert again.url_column == "link"
    assert abs(again.created_at - datetime.now(UTC)) < timedelta(minutes=5)
    assert database.batches.input_parts(record, "b") == [b"one", b"two"]
    assert database.batches.fingerprint_of(record, "b") == "print of b"


def test_jobs_come_back_as_they_were_given(record: sa.Engine, submit: Submit) -> None:
    submit("b", 3, priority=2)

    jobs = database.jobs.get_jobs(record, ["b-2", "b-0", "nobody"])

    assert set(jobs) == {"b-0", "b-2"}
    job = jobs["b-2"]
    assert (job.batch_id, job.row, job.host, job.priority) == ("b", 2, "host2.example", 2)
    assert (job.url, job.status, job.attempts) == (
        "https://host2.example/b/2",
        JobStatus.PENDING,
        0,
    )
    assert database.jobs.id_at(record, "b", 1) == "b-1"
    assert database.jobs.id_at(record, "b", 3) is None


def test_failures_are_counted_by_kind(record: sa.Engine, submit: Submit) -> None:
    submit("b", 5, refused=[0, 2])
    submit("other", 3, refused=[0])
    assert database.jobs.error_kinds(record, "b") == {"scheme": 2}
    (first, second) = sorted(database.jobs.failed_rows(record, "b", "scheme", 10))
    assert first[0] != second[0]
    assert all((*first[1:], *second[1:]))
    assert len(database.jobs.failed_rows(record, "b", "scheme", 1)) == 1
    assert database.jobs.failed_rows(record, "nobody", "scheme", 10) == []

    database.jobs.cancel_jobs(record, "b")
    assert database.jobs.error_kinds(record, "b") == {"cancelled": 3, "scheme": 2}

    database.jobs.reopen_jobs(record, "b")
    assert database.jobs.error_kinds(record, "b") == {"scheme": 2}


def test_runs_of_a_name_are_counted(record: sa.Engine, submit: Submit) -> None:
    runs = [submit(f"b{number}", name="firms").run for number in range(3)]
    submit("other", name="others")

    assert runs == [1, 2, 3]
    assert found(record, "firms").id == "b2"
    assert found(record, "b1").run == 2
    assert found(record, "others").run == 1
    assert database.batches.find_batch(record, "nobody") is None


def test_a_run_that_another_made_meanwhile_is_refused(record: sa.Engine, submit: Submit) -> None:
    submit("first", name="firms", run=1)

    with pytest.raises(AlreadyThere, match="the newest run of 'firms' is 1 by now"):
        submit("late", name="firms", run=1)

    assert database.batches.find_batch(record, "late") is None
    assert submit("next", name="firms", run=2).run == 2


def test_an_id_goes_before_a_name(record: sa.Engine, submit: Submit) -> None:
    submit("first")
    submit("second", name="first")

    assert found(record, "first").id == "first"


def test_a_list_has_no_single_jobs_unless_named(record: sa.Engine, submit: Submit) -> None:
    submit("single", 1)
    submit("named", 1, name="n")
    submit("many", 2)

    listed = database.batches.list_batches(record)

    assert {batch.id for batch in listed} == {"named", "many"}
    assert len(database.batches.list_batches(record, limit=1)) == 1


@pytest.mark.parametrize("clash", ["batch", "job"])
def test_an_id_that_is_taken_is_refused_and_nothing_is_kept(
    clash: str, record: sa.Engine, submit: Submit
) -> None:
    submit("b", 2, name="firms")
    rows = [NewJob("new-0", 0, "u", "u", "h", 5), NewJob("b-1", 1, "u", "u", "h", 5)]

    with pytest.raises(AlreadyThere, match="has this already") as caught:
        database.batches.add_batch(
            record,
            batch_id="b" if clash == "batch" else "new",
            name="firms",
            config=ScrapingConfig(),
            fingerprint="",
            total=2,
            rows=rows if clash == "job" else rows[:1],
        )

    assert "another id" in caught.value.hint
    assert database.jobs.get_jobs(record, ["new-0"]) == {}
    assert found(record, "firms").run == 1


def test_refused_rows_are_final_at_once(
    record: sa.Engine, submit: Submit, statuses: Statuses
) -> None:
    batch = submit("b", 4, refused=[1, 3])

    assert (batch.failed, batch.done, batch.state) == (2, 2, BatchState.OPEN)
    assert statuses("b") == ["pending", "failed", "pending", "failed"]
    job = database.jobs.get_jobs(record, ["b-1"])["b-1"]
    assert (job.error_kind, job.error_message) == (ErrorKind.SCHEME, "this is no URL")
    pages = database.page_rows.pages_finished_after(record, "b", 0)
    assert [(place, page.row, page.ok) for place, page in pages] == [(1, 1, False), (2, 3, False)]
    assert [job.id for job in database.jobs.open_jobs(record, "b")] == ["b-0", "b-2"]


def test_a_batch_of_refused_rows_is_finished_at_once(record: sa.Engine, submit: Submit) -> None:
    batch = submit("b", 2, refused=[0, 1])

    assert batch.state is BatchState.FINISHED
    assert batch.finished_at is not None
    assert database.batches.unfinished_batches(record) == []


def test_open_jobs_are_given_in_pieces_without_duplicates(
    record: sa.Engine, submit: Submit
) -> None:
    submit("b", 8, twins={3: 1, 4: 1})

    first = database.jobs.open_jobs(record, "b", limit=3)
    second = database.jobs.open_jobs(record, "b", after_row=first[-1].row, limit=30)

    assert [job.row for job in first] == [0, 1, 2]
    assert [job.row for job in second] == [5, 6, 7]
    assert first[1] == ("b-1", 1, "host1.example", 5, "http")


def test_open_jobs_of_many_batches_come_in_one_look(
    record: sa.Engine, submit: Submit, save: Make, result: Make
) -> None:
    submit("first", 3)
    submit("second", 2, twins={1: 0})
    submit("third", 1)
    save(result("first-1"), result("third-0"))

    found = database.jobs.open_jobs_of(record, ["first", "second", "third", "nobody"])

    ids = {batch_id: [job.id for job in jobs] for batch_id, jobs in found.items()}
    assert ids == {
        "first": ["first-0", "first-2"],
        "second": ["second-0"],
        "third": [],
        "nobody": [],
    }


def test_work_is_what_a_worker_needs(
    record: sa.Engine, submit: Submit, save: Make, result: Make
) -> None:
    submit("b", 2)
    save(result("b-1"))

    works = database.jobs.work_for(record, ["b-0", "b-1", "nobody"])

    assert set(works) == {"b-0", "b-1"}
    work = works["b-0"]
    assert (work.batch_id, work.row, work.host, work.done) == ("b", 0, "host0.example", False)
    assert work.url == work.href == "https://host0.example/b/0"
    assert works["b-1"].done


def test_a_canonical_url_is_kept_where_it_differs(record: sa.Engine) -> None:
    database.batches.add_batch(
        record,
        batch_id="b",
        name=None,
        config=ScrapingConfig(),
        fingerprint="",
        total=1,
        rows=[NewJob("b-0", 0, "Example.com", "https://example.com/", "example.com", 5)],
    )

    work = database.jobs.work_for(record, ["b-0"])["b-0"]

    assert (work.url, work.href) == ("Example.com", "https://example.com/")


def test_batches_that_redis_does_not_know_are_found_oldest_first(
    record: sa.Engine, submit: Submit
) -> None:
    for batch_id in ("first", "second", "third"):
        submit(batch_id)
    database.batches.set_enqueued(record, ["second"], 0)

    unfed = database.batches.unfinished_batches(record, only_not_enqueued=True)

    assert [batch.id for batch in unfed] == ["first", "third"]
    assert len(database.batches.unfinished_batches(record)) == 3


def test_pausing_and_resuming(record: sa.Engine, submit: Submit, save: Make, result: Make) -> None:
    submit("b", 1)

    assert database.batches.set_state(record, "b", BatchState.PAUSED)
    assert found(record, "b").state is BatchState.PAUSED
    assert database.batches.unfinished_batches(record) != []
    save(result("b-0"))  # what ran when it was paused

    assert found(record, "b").state is BatchState.FINISHED
    assert not database.batches.set_state(record, "b", BatchState.OPEN)
    assert not database.batches.set_state(record, "nobody", BatchState.OPEN)


# -- cancelling and reopening -------------------------------------------------------------------


def test_cancelling_a_batch_ends_what_is_open(
    record: sa.Engine, submit: Submit, save: Make, result: Make, statuses: Statuses
) -> None:
    submit("b", 5, twins={4: 1}, refused=[3])
    save(result("b-0"))

    assert database.jobs.cancel_jobs(record, "b") == 3

    assert statuses("b") == ["completed", "cancelled", "cancelled", "failed", "cancelled"]
    batch = found(record, "b")
    assert (batch.completed, batch.failed, batch.cancelled) == (1, 1, 3)
    assert batch.state is BatchState.CANCELLED
    job = database.jobs.get_jobs(record, ["b-2"])["b-2"]
    assert job.error_kind is ErrorKind.CANCELLED
    assert job.error_message
    assert save(result("b-2")) == 0  # it came too late
    assert database.jobs.cancel_jobs(record, "b") == 0
    assert found(record, "b") == batch


def test_cancelling_some_jobs_leaves_the_others(
    record: sa.Engine, submit: Submit, save: Make, result: Make, statuses: Statuses
) -> None:
    submit("b", 4, twins={3: 1})

    assert database.jobs.cancel_jobs(record, "b", ["b-1", "nobody"]) == 2  # with its duplicate

    assert statuses("b") == ["pending", "cancelled", "pending", "cancelled"]
    assert found(record, "b").state is BatchState.OPEN
    save(result("b-0"))
    assert database.jobs.cancel_jobs(record, "b", ["b-0", "b-2"]) == 1
    assert found(record, "b").state is BatchState.FINISHED
    assert [p for p, _ in database.page_rows.pages_finished_after(record, "b", 0)] == sorted(
        {p for p, _ in database.page_rows.pages_finished_after(record, "b", 0)}
    )


def test_cancelling_what_is_not_there(record: sa.Engine) -> None:
    assert database.jobs.cancel_jobs(record, "nobody") == 0
    assert database.jobs.cancel_jobs(record, "nobody", ["nobody-1"]) == 0
    assert database.jobs.reopen_jobs(record, "nobody") == 0
    assert not database.jobs.move_job(record, "nobody", JobStatus.CANCELLED)


def test_failed_and_cancelled_jobs_are_reopened(
    record: sa.Engine, submit: Submit, save: Make, result: Make, statuses: Statuses
) -> None:
    submit("b", 5, refused=[4])
    database.batches.set_enqueued(record, ["b"], 0)
    save(result("b-0"), result("b-1", error_kind="reset", attempts=4))
    database.jobs.cancel_jobs(record, "b", ["b-2"])

    assert database.jobs.reopen_jobs(record, "b") == 2

    assert statuses("b") == ["completed", "pending", "pending", "pending", "failed"]
    batch = found(record, "b")
    assert (batch.completed, batch.failed, batch.cancelled) == (1, 1, 0)
    assert [one.id for one in database.batches.unfinished_batches(record, only_not_enqueued=True)]
    job = database.jobs.get_jobs(record, ["b-1"])["b-1"]
    assert (job.attempts, job.error_kind, job.finished_at) == (0, None, None)
    assert save(result("b-1", token=10_000_000), result("b-2"), result("b-3")) == 3
    assert found(record, "b").state is BatchState.FINISHED


def test_only_some_kinds_are_reopened(
    record: sa.Engine, submit: Submit, save: Make, result: Make, statuses: Statuses
) -> None:
    submit("b", 3)
    save(*(result(f"b-{row}", error_kind=kind) for row, kind in enumerate(["reset", "dns", "tls"])))
    assert found(record, "b").state is BatchState.FINISHED

    assert database.jobs.reopen_jobs(record, "b", [ErrorKind.DNS, ErrorKind.EMPTY]) == 1

    assert statuses("b") == ["failed", "pending", "failed"]
    assert found(record, "b").state is BatchState.OPEN
    assert found(record, "b").finished_at is None
    assert database.jobs.reopen_jobs(record, "b", [ErrorKind.EMPTY]) == 0


def test_a_page_counts_as_rendered_as_long_as_it_is_the_answer(
    record: sa.Engine, submit: Submit, save: Make, result: Make
) -> None:
    shown = {"rendered": True, "render_reason": "empty_mount"}
    submit("b", 6, twins={1: 0})
    save(result("b-0", **shown), result("b-2", error_kind="reset", **shown), result("b-4"))
    save(result("b-3", error_kind="page_timeout", **shown), result("b-5", error_kind="reset"))

    assert found(record, "b").rendered == 4
    assert database.jobs.reopen_jobs(record, "b", [ErrorKind.RESET]) == 2
    assert found(record, "b").rendered == 3
    database.jobs.move_job(record, "b-3", JobStatus.PENDING)
    assert found(record, "b").rendered == 2
    save(result("b-3", rendered=False), result("b-2", **shown), result("b-5"))

    batch = found(record, "b")
    rows = (row for chunk in database.page_rows.page_rows(record, "b") for row in chunk)
    column = 1 + database.page_rows.PAGE_ROW_COLUMNS.index("rendered")
    assert batch.rendered == sum(bool(row[column]) for row in rows) == 3
    assert batch.state is BatchState.FINISHED


def test_rows_that_had_no_browser_are_counted_until_they_have_one(
    record: sa.Engine, submit: Submit, save: Make, result: Make
) -> None:
    reason = "challenge; not rendered: no browser"
    submit("b", 5, twins={1: 0})
    lacked = {"rendered": False, "render_reason": reason}
    save(result("b-0", **lacked), result("b-2", error_kind="http_4xx", **lacked))
    save(result("b-3", rendered=False), result("b-4", rendered=True, render_reason="challenge"))

    assert database.jobs.without_browser(record, "b") == 3
    database.jobs.reopen_jobs(record, "b", [ErrorKind.HTTP_4XX])
    assert database.jobs.without_browser(record, "b") == 2
    assert database.jobs.without_browser(record, "other") == 0


def test_a_paused_batch_stays_paused_when_jobs_are_reopened(
    record: sa.Engine, submit: Submit, save: Make, result: Make
) -> None:
    submit("b", 3)
    save(result("b-0", error_kind="reset"), result("b-1", error_kind="reset"))
    database.batches.set_state(record, "b", BatchState.PAUSED)

    database.jobs.reopen_jobs(record, "b", [ErrorKind.RESET])

    assert found(record, "b").state is BatchState.PAUSED


def test_a_reopened_duplicate_of_a_job_that_is_final_is_fetched_itself(
    record: sa.Engine, submit: Submit, save: Make, result: Make, statuses: Statuses
) -> None:
    submit("b", 6, twins={1: 0, 3: 2, 5: 4})
    database.jobs.cancel_jobs(record, "b", ["b-1", "b-3"])
    save(result("b-0"), result("b-2", error_kind="dns"), result("b-4", error_kind="reset"))

    database.jobs.reopen_jobs(record, "b", [ErrorKind.CANCELLED, ErrorKind.RESET])

    # 1 has a leader that is completed, 3 one that stays failed; 5 waits for 4 as before
    assert [job.id for job in database.jobs.open_jobs(record, "b")] == ["b-1", "b-3", "b-4"]
    save(*(result(f"b-{row}") for row in (1, 3, 4)))
    assert statuses("b") == ["completed", "completed", "failed", *["completed"] * 3]
    assert found(record, "b").state is BatchState.FINISHED


# -- moving by hand -----------------------------------------------------------------------------


@pytest.mark.parametrize("old", JobStatus)
@pytest.mark.parametrize("new", JobStatus)
def test_only_legal_moves_are_made_and_counters_follow(
    old: JobStatus, new: JobStatus, submit: Submit, record: sa.Engine
) -> None:
    way = {JobStatus.RETRYING: [JobStatus.RUNNING, JobStatus.RETRYING], JobStatus.PENDING: []}
    submit("b", 2)
    for status in way.get(old, [old]):
        assert database.jobs.move_job(record, "b-0", status)

    if new is old or new in LEGAL_MOVES[old]:
        assert database.jobs.move_job(
            record, "b-0", new, error_kind=ErrorKind.EMPTY, error_message="by hand"
        )
        now = new
    else:
        with pytest.raises(IllegalMove):
            database.jobs.move_job(record, "b-0", new)
        now = old

    assert database.jobs.get_jobs(record, ["b-0"])["b-0"].status is now
    batch = found(record, "b")
    counts = {"completed": batch.completed, "failed": batch.failed, "cancelled": batch.cancelled}
    assert counts == {name: int(now == name) for name in counts}
    by_status = database.jobs.count_by_status(record)
    assert by_status[JobStatus.RUNNING] == int(now is JobStatus.RUNNING)
    assert by_status[JobStatus.PENDING] + by_status[JobStatus.RUNNING] == 2 - batch.done


def test_moving_the_last_job_closes_and_reopening_opens(record: sa.Engine, submit: Submit) -> None:
    submit("b", 1)

    database.jobs.move_job(record, "b-0", JobStatus.FAILED, error_message="by hand")
    closed = found(record, "b")
    database.jobs.move_job(record, "b-0", JobStatus.PENDING)

    assert (closed.state, closed.failed) == (BatchState.FINISHED, 1)
    assert (found(record, "b").state, found(record, "b").failed) == (BatchState.OPEN, 0)
    assert database.batches.unfinished_batches(record, only_not_enqueued=True)


def test_a_move_by_hand_takes_the_duplicates_along(
    record: sa.Engine, submit: Submit, statuses: Statuses
) -> None:
    submit("b", 3, twins={1: 0, 2: 0})

    database.jobs.move_job(record, "b-0", JobStatus.FAILED, error_kind=ErrorKind.EMPTY)

    assert statuses("b") == ["failed"] * 3
    assert found(record, "b").state is BatchState.FINISHED
    database.jobs.move_job(record, "b-2", JobStatus.PENDING)
    assert [job.id for job in database.jobs.open_jobs(record, "b")] == ["b-2"]


# -- looking ------------------------------------------------------------------------------------


def test_jobs_are_found_newest_first(
    record: sa.Engine, submit: Submit, save: Make, result: Make
) -> None:
    submit("b", 4)
    save(result("b-2"))
    save(result("b-0", error_kind="dns"))

    assert len(database.jobs.find_jobs(record)) == 4
    done = database.jobs.find_jobs(record, statuses=[JobStatus.COMPLETED, JobStatus.FAILED])
    assert {job.id for job in done} == {"b-0", "b-2"}
    assert [job.finished_at for job in done] == sorted(
        (job.finished_at for job in done if job.finished_at), reverse=True
    )
    assert len(database.jobs.find_jobs(record, limit=1)) == 1
    assert database.jobs.find_jobs(record, batch_id="other") == []
    later = datetime.now(UTC) + timedelta(hours=1)
    assert database.jobs.find_jobs(record, finished_since=later) == []


def test_counts_by_status_come_from_all_batches(
    record: sa.Engine, submit: Submit, save: Make, result: Make
) -> None:
    assert set(database.jobs.count_by_status(record).values()) == {0}
    submit("a", 3, refused=[0])
    submit("b", 4)
    save(result("b-0"))
    database.jobs.cancel_jobs(record, "b", ["b-1"])

    database.jobs.move_job(record, "b-2", JobStatus.RUNNING)

    assert database.jobs.count_by_status(record) == {
        JobStatus.PENDING: 3,
        JobStatus.RUNNING: 1,
        JobStatus.COMPLETED: 1,
        JobStatus.FAILED: 1,
        JobStatus.CANCELLED: 1,
    }


# -- deleting -----------------------------------------------------------------------------------


def rows_in(record: sa.Engine, table: sa.Table) -> int:
    with record.connect() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()


def age(record: sa.Engine, batch_id: str) -> None:
    """Let a batch have finished in 1970."""
    with record.begin() as connection:
        connection.execute(
            schema.batches.update().where(schema.batches.c.id == batch_id).values(finished_ms=1)
        )


def test_old_batches_are_deleted_with_all_that_is_theirs(
    record: sa.Engine, submit: Submit, save: Make, result: Make
) -> None:
    submit("old", 3, refused=[2], table=[b"part"])
    submit("new", 2)
    submit("open", 2)
    save(result("old-0", html=b"only old"), result("old-1", html=b"both"))
    save(result("new-0", html=b"both"), result("new-1", error_kind="dns"))
    save(result("open-0"))
    age(record, "old")

    assert database.jobs.delete_before(record, now_ms() - 60_000).jobs == 3

    assert database.batches.find_batch(record, "old") is None
    assert [rows_in(record, table) for table in (schema.jobs, schema.pages, schema.inputs)] == [
        4,
        3,
        0,
    ]
    assert rows_in(record, schema.contents) == 1
    assert database.page_rows.read_pages(record, ["new-0"])["new-0"].title == "Title of new-0"
    assert database.jobs.delete_before(record, now_ms() - 60_000).jobs == 0


def test_pages_that_a_newer_batch_is_answered_from_live_as_long(
    record: sa.Engine, submit: Submit, save: Make, result: Make
) -> None:
    submit("old", 2)
    save(result("old-0", html=b"kept"), result("old-1", html=b"gone"))
    submit("new", 1, stored={0: "old-0"})
    age(record, "old")

    assert database.jobs.delete_before(record, 2).jobs == 2

    page = database.page_rows.read_pages(record, ["new-0"])["new-0"]
    assert (page.title, page.from_store) == ("Title of old-0", True)
    assert page.html_sha256 is not None
    assert database.stored_pages.read_html(record, page.html_sha256) == b"kept"
    assert rows_in(record, schema.contents) == 1
    age(record, "new")
    assert database.jobs.delete_before(record, 2).jobs == 1
    assert rows_in(record, schema.pages) == rows_in(record, schema.contents) == 0


def test_history_and_errors_grow_old_too(record: sa.Engine) -> None:
    database.history.record_completion(record, success=True, processing_time_s=1)
    database.history.record_error(record, "job", "reset", "it broke")
    database.history.record_host_events(record, [("a.example", "opened", "reset", "it broke")])

    database.jobs.delete_before(record, now_ms() - 600_000)
    assert database.minutes.spans_since(record, 0)
    assert database.history.host_events_since(record, 0)
    database.jobs.delete_before(record, now_ms() + 600_000)

    assert database.minutes.spans_since(record, 0) == []
    assert database.history.error_counts(record, 0) == {}
    assert database.history.host_events_since(record, 0) == []


def test_what_became_of_hosts_is_told_in_its_order(record: sa.Engine) -> None:
    began_ms = now_ms()
    evil = "\0 \ud800: <b>"
    first = [("a.example", "opened", "refused", evil), ("b.example", "opened", "reset", "it broke")]
    database.history.record_host_events(record, first)
    database.history.record_host_events(record, [("a.example", "closed", "", "")])

    events = database.history.host_events_since(record, began_ms)

    assert [astuple(one)[1:] for one in events] == [
        ("a.example", "opened", "refused", " \ufffd: <b>"),
        ("b.example", "opened", "reset", "it broke"),
        ("a.example", "closed", "", ""),
    ]
    assert began_ms <= events[0].at_ms <= events[2].at_ms <= now_ms()
    assert database.history.host_events_since(record, now_ms() + 1_000) == []
    assert database.history.error_counts(record, 0) == {}  # no page failed by it


def test_a_job_goes_on_in_the_lane_that_was_noted(record: sa.Engine, submit: Submit) -> None:
    submit("b", 3)
    submit("c", 1)

    database.jobs.set_lanes(record, {"b-1": Lane.BROWSER, "no-such-job": Lane.BROWSER})

    (jobs,) = database.jobs.all_open_jobs(record, "b")
    assert [(job.id, job.lane) for job in jobs] == [
        ("b-0", "http"),
        ("b-1", "browser"),
        ("b-2", "http"),
    ]
    of_both = database.jobs.open_jobs_of(record, ["b", "c"])
    assert [job.lane for job in of_both["b"] + of_both["c"]] == ["http", "browser", "http", "http"]


# -- what people hand over ----------------------------------------------------------------------


def test_nothing_that_a_person_or_page_writes_breaks_the_record(
    record: sa.Engine, submit: Submit, save: Make, result: Make
) -> None:
    evil = "a\0b \ud800 \udfff \U0001f600 ü <b>"
    kept = "ab \ufffd \ufffd \U0001f600 ü <b>"
    submit("b", 2, name=evil, url_column=evil)
    good = result(
        "b-0",
        title=evil,
        text=evil,
        markdown=evil,
        author=evil,
        language=evil,
        final_url=evil,
        fields={"f": evil, evil: ["x", evil]},
        links=Links([evil], [evil], [""]),
        images=[{"url": evil}],
        metadata={"og": {evil: evil}},
        html=b"\0\xff",
    )
    assert save(good, result("b-1", error_kind="protocol", error_message=evil)) == 2
    database.history.record_error(record, evil, evil, evil)

    batch = database.batches.find_batch(record, evil)
    assert batch is not None
    assert (batch.name, batch.url_column) == (kept, kept)
    pages = database.page_rows.read_pages(record, ["b-0", "b-1"])
    page = pages["b-0"]
    assert {page.title, page.text, page.author, page.language, page.final_url} == {kept}
    assert (page.markdown, page.fields, page.links) == (
        evil,
        {"f": evil, evil: ["x", evil]},
        [{"url": evil, "text": evil, "rel": ""}],
    )
    assert pages["b-1"].error_message == kept
    assert database.history.error_counts(record, 0) == {kept: 1, "protocol": 1}


@pytest.mark.parametrize("batch_id", ["a\0b", "a\nb", "\ud800"])
def test_an_id_that_cannot_be_kept_is_refused(
    batch_id: str, record: sa.Engine, submit: Submit
) -> None:
    with pytest.raises(InputError, match="cannot be the id"):
        submit(batch_id)

    assert database.batches.find_batch(record, batch_id) is None


def test_times_come_back_to_the_millisecond() -> None:
    for micros in range(0, 1_000_000, 1_000):
        when = datetime(2026, 11, 23, 12, 0, 1, micros, UTC)
        assert from_ms(to_ms(when)) == when


def test_a_large_batch_needs_no_more_memory_than_a_part_of_it(record: sa.Engine) -> None:
    def peak_of(batch_id: str, count: int) -> int:
        url = "https://example.com/a/page/like/any/other/{}"
        rows = (
            NewJob(f"{batch_id}-{row}", row, url.format(row), url.format(row), "h", 5)
            for row in range(count)
        )
        tracemalloc.start()
        try:
            database.batches.add_batch(
                record,
                batch_id=batch_id,
                name=None,
                config=ScrapingConfig(),
                fingerprint="",
                total=count,
                rows=rows,
            )
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    small, large = peak_of("small", database.prepared.CHUNK), peak_of("large", 30_000)

    assert found(record, "large").total == 30_000
    assert database.jobs.open_jobs(record, "large", after_row=29_998)[0].id == "large-29999"
    assert large < 1.5 * small


def test_rows_that_go_the_short_way_are_like_those_that_do_not(record: sa.Engine) -> None:
    """What is inserted together, one by one and at its length, in one piece and over several."""
    rows = [
        NewJob(
            f"b-{row}",
            row,
            f"HTTP://h/{row}" if row % 3 else f"http://h/{row}",
            f"http://h/{row}",
            "h",
            1,
        )
        for row in range(2_345)
    ]
    rows[7] = rows[7]._replace(page_of="b-6")
    rows[8] = rows[8]._replace(error_kind=ErrorKind.SCHEME, error_message="no URL")
    database.batches.add_batch(
        record,
        batch_id="b",
        name=None,
        config=ScrapingConfig(),
        fingerprint="",
        total=len(rows),
        rows=iter(rows),
    )
    intake = database.intake.Intake("b", 0)
    with database.engine.read_transaction(record) as connection:
        query = sa.select(schema.jobs).order_by(schema.jobs.c.row)
        kept = [dict(row._mapping) for row in connection.execute(query)]

    for found_row, new in zip(kept, rows, strict=True):
        expected = dict.fromkeys(found_row) | intake.row(new)
        assert {**found_row, "finished_ms": None} == {**expected, "finished_ms": None}
