"""The result rows: written once, counted right, answered from the store, read in order."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa

from scrapeq import database
from scrapeq.clock import from_ms, now_ms, to_ms
from scrapeq.database.page_rows import PAGE_ROW_COLUMNS
from scrapeq.database.schema import pages
from scrapeq.database.selected import selected_bits
from scrapeq.database.stored_pages import Asking
from scrapeq.models import Batch, BatchState, ErrorKind, Links, Page, PageKind, ScrapingConfig

Submit = Callable[..., Batch]
Make = Callable[..., Any]
Statuses = Callable[[str], list[str]]


def found(record: sa.Engine, batch_id: str) -> Batch:
    batch = database.batches.find_batch(record, batch_id)
    assert batch is not None
    return batch


def all_rows(record: sa.Engine, batch_id: str) -> list[dict[str, Any]]:
    names = ("row", *PAGE_ROW_COLUMNS)
    return [
        dict(zip(names, row, strict=True))
        for chunk in database.page_rows.page_rows(record, batch_id)
        for row in chunk
    ]


def places(record: sa.Engine, batch_id: str) -> list[tuple[int, int]]:
    """Place and row of each finished job, read in small pieces."""
    read: list[tuple[int, int]] = []
    while more := database.page_rows.pages_finished_after(
        record, batch_id, read[-1][0] if read else 0, limit=3
    ):
        read += [(place, page.row) for place, page in more]
    return read


# -- writing ------------------------------------------------------------------------------------


def test_a_page_comes_back_as_it_was_saved(
    record: sa.Engine, submit: Submit, save: Make, result: Make
) -> None:
    submit("b")
    read = {
        "title": "T",
        "text": "Text.",
        "markdown": "# T",
        "language": "de",
        "author": "A",
        "published_at": result("b-1").page.fetched_at,
        "fields": {"price": "1", "tags": ["a", "b"], "none": None},
        "images": [{"url": "https://x/i.png", "alt": ""}],
        "metadata": {"canonical": "https://x/"},
        "sources": {"title": "h1"},
        "changes": [{"field": "title", "change": "trimmed", "reason": "space"}],
    }
    saved = result("b-1", links=Links(["https://x/"], ["x"], [""]), attempts=2, **read)
    assert save(saved) == 1

    page = database.page_rows.read_pages(record, ["b-1", "b-0"])

    assert set(page) == {"b-1"}
    links = [{"url": "https://x/", "text": "x", "rel": ""}]
    known = {"url": "https://host1.example/b/1", "links": links, **read}
    assert page["b-1"] == Page(**dataclasses.asdict(saved.page) | known)
    job = database.jobs.get_jobs(record, ["b-1"])["b-1"]
    assert (job.status.value, job.attempts) == ("completed", 2)
    assert job.started_at is not None
    assert to_ms(job.started_at) == 1_000


def test_a_failure_comes_back_as_it_was_saved(
    record: sa.Engine, submit: Submit, save: Make, result: Make
) -> None:
    submit("b")
    save(result("b-0", error_kind="http_5xx", http_status=503, error_message="it said 503"))

    page = database.page_rows.read_pages(record, ["b-0"])["b-0"]

    assert (page.ok, page.error_kind, page.error_message, page.http_status) == (
        False,
        ErrorKind.HTTP_5XX,
        "it said 503",
        503,
    )
    assert database.history.error_counts(record, 0) == {"http_5xx": 1}
    assert database.history.error_counts(record, now_ms() + 1_000) == {}


def test_a_job_has_one_result_whoever_is_slower(
    record: sa.Engine, submit: Submit, save: Make, result: Make
) -> None:
    submit("b")
    assert save(result("b-0", token=7, title="first")) == 1

    assert save(result("b-0", token=8, title="second")) == 0
    assert save(result("b-0", token=6, error_kind="reset")) == 0

    assert database.page_rows.read_pages(record, ["b-0"])["b-0"].title == "first"
    batch = found(record, "b")
    assert (batch.completed, batch.failed) == (1, 0)


def test_one_of_two_results_in_the_same_transaction_counts(
    record: sa.Engine, submit: Submit, save: Make, result: Make
) -> None:
    submit("b")

    assert save(result("b-0", token=1), result("b-0", token=2), result("b-1")) == 2

    assert found(record, "b").completed == 2
    assert len(places(record, "b")) == 2


def test_an_old_token_does_not_overwrite_after_reopening(
    record: sa.Engine, submit: Submit, save: Make, result: Make, statuses: Statuses
) -> None:
    submit("b", 1)
    save(result("b-0", token=7, error_kind="reset"))
    database.jobs.reopen_jobs(record, "b")

    assert save(result("b-0", token=6, title="stale")) == 0
    assert statuses("b") == ["pending"]
    assert save(result("b-0", token=8, title="fresh")) == 1

    assert database.page_rows.read_pages(record, ["b-0"])["b-0"].title == "fresh"
    batch = found(record, "b")
    assert (batch.completed, batch.failed, batch.state) == (1, 0, BatchState.FINISHED)


def test_results_of_jobs_that_are_not_there_are_dropped(
    record: sa.Engine, submit: Submit, save: Make, result: Make
) -> None:
    submit("b")

    assert save(result("nobody-0"), result("b-0")) == 1
    assert save(result("nobody-0")) == 0
    assert save() == 0


def test_a_batch_closes_with_its_last_result(
    record: sa.Engine, submit: Submit, save: Make, result: Make
) -> None:
    submit("b", 3, refused=[1])
    save(result("b-0"))
    assert found(record, "b").state is BatchState.OPEN

    save(result("b-2", error_kind="dns"))

    batch = found(record, "b")
    assert batch.state is BatchState.FINISHED
    assert batch.finished_at is not None
    assert (batch.completed, batch.failed, batch.cancelled) == (1, 2, 0)


def test_results_of_many_batches_go_in_one_transaction(
    record: sa.Engine, submit: Submit, save: Make, result: Make
) -> None:
    for batch_id in ("a", "b", "c"):
        submit(batch_id, 2)

    assert save(*(result(f"{batch_id}-{row}") for row in (1, 0) for batch_id in "cab")) == 6

    assert {found(record, batch_id).state for batch_id in "abc"} == {BatchState.FINISHED}
    assert [places(record, batch_id) for batch_id in "abc"] == [
        [(1, 1), (2, 0)]
    ] * 3  # as they came


def test_the_bytes_of_a_page_are_kept_once(
    record: sa.Engine, submit: Submit, save: Make, result: Make
) -> None:
    submit("b")
    body = b"<html>" + bytes(range(256)) * 100
    save(result("b-0", html=body), result("b-1", html=body))
    save(result("b-2", html=body))

    pages = database.page_rows.read_pages(record, ["b-0", "b-1", "b-2"])

    (sha256,) = {page.html_sha256 for page in pages.values()}
    assert sha256
    assert database.stored_pages.read_html(record, sha256) == body
    assert database.stored_pages.read_html(record, "0" * 64) is None


# -- duplicates and the store -------------------------------------------------------------------


def test_duplicates_get_the_page_of_their_leader(
    record: sa.Engine, submit: Submit, save: Make, result: Make
) -> None:
    submit("b", 5, twins={2: 0, 4: 0})
    save(result("b-1"))
    save(result("b-0", links=Links(["https://x/"], [""], [""]), attempts=2))

    rows = all_rows(record, "b")

    assert [row["title"] for row in rows] == [
        "Title of b-0",
        "Title of b-1",
        "Title of b-0",
        None,
        "Title of b-0",
    ]
    assert [row["from_store"] for row in rows] == [False, False, True, False, True]
    assert rows[4]["url"] == "https://host1.example/b/4"
    assert rows[4]["attempts"] == 2
    batch = found(record, "b")
    assert (batch.completed, batch.from_store) == (4, 2)
    assert sorted(row for _, row in places(record, "b")) == [0, 1, 2, 4]
    linked = [item for chunk in database.page_rows.link_rows(record, "b") for item in chunk]
    assert [row for row, _, _ in linked] == [0, 2, 4]
    twin = database.page_rows.read_pages(record, ["b-4"])["b-4"]
    assert (twin.job_id, twin.row, twin.title) == ("b-4", 4, "Title of b-0")


def test_a_page_that_was_read_from_kept_bytes_says_so(
    record: sa.Engine, submit: Submit, save: Make, result: Make
) -> None:
    submit("b", 3, twins={2: 0})
    save(result("b-0", from_store=True), result("b-1", from_store=True, error_kind="empty"))

    assert [row["from_store"] for row in all_rows(record, "b")] == [True, False, True]
    assert found(record, "b").from_store == 2
    assert database.page_rows.read_pages(record, ["b-0"])["b-0"].from_store


def test_duplicates_fail_with_their_leader(
    record: sa.Engine, submit: Submit, save: Make, result: Make
) -> None:
    submit("b", 3, twins={1: 0, 2: 0})
    save(result("b-0", error_kind="dns", error_message="no such name"))

    batch, rows = found(record, "b"), all_rows(record, "b")

    assert (batch.failed, batch.from_store, batch.state) == (3, 0, BatchState.FINISHED)
    assert {row["error_message"] for row in rows} == {"no such name"}
    assert {row["from_store"] for row in rows} == {False}
    # and they are tried again together
    assert database.jobs.reopen_jobs(record, "b") == 3
    assert [job.id for job in database.jobs.open_jobs(record, "b")] == ["b-0"]
    save(result("b-0"))
    assert found(record, "b").completed == 3


def test_a_cancelled_duplicate_shows_nothing_of_the_page(
    record: sa.Engine, submit: Submit, save: Make, result: Make
) -> None:
    submit("b", 2, twins={1: 0})
    database.jobs.cancel_jobs(record, "b", ["b-1"])
    save(result("b-0", links=Links(["https://x/"], [""], [""])))

    row = all_rows(record, "b")[1]

    assert (row["status"], row["ok"], row["error_kind"]) == ("cancelled", False, "cancelled")
    assert row["title"] is row["final_url"] is row["http_status"] is None
    linked = [item for chunk in database.page_rows.link_rows(record, "b") for item in chunk]
    assert [number for number, _, _ in linked] == [0]
    assert database.page_rows.read_pages(record, ["b-1"])["b-1"].title is None


def asking(newer_than_ms: int = 0, request: str = "", owner: str = "ann") -> Asking:
    return Asking(request, owner, newer_than_ms)


def test_a_page_answers_who_asks_in_the_same_way_and_is_the_same(
    record: sa.Engine, submit: Submit, save: Make, result: Make
) -> None:
    submit("b", 4)
    save(
        result("b-0", html=b"public"),
        result("b-1", html=b"with a cookie", request="cookie", private_to="ann"),
        result("b-2", html=b"no-store", private_to="ann"),
        result("b-3", html=b"another language", request="language"),
    )
    keys = [f"key of {row}" for row in range(4)]

    def answered(request: str, owner: str) -> tuple[list[str], int, set[bytes]]:
        wish = asking(request=request, owner=owner)
        answers = database.stored_pages.stored_answers(record, keys, "recipe", wish)
        bodies = database.stored_pages.stored_bodies(record, keys, wish)
        found = sorted(one.job_id for one in answers.jobs.values())
        return found, answers.refused, {one.body for one in bodies.values()}

    assert answered("", "ann") == (["b-0", "b-2"], 2, {b"public", b"no-store"})
    assert answered("", "bob") == (["b-0"], 3, {b"public"})
    assert answered("cookie", "ann") == (["b-1"], 3, {b"with a cookie"})
    assert answered("cookie", "bob") == ([], 4, set())
    assert answered("language", "bob") == (["b-3"], 3, {b"another language"})
    refused = database.stored_pages.stored_answers(record, keys, "recipe", asking(owner="bob"))
    assert (refused.private, refused.example) == (1, "b-1")


def test_a_stored_page_answers_a_later_batch(
    record: sa.Engine, submit: Submit, save: Make, result: Make
) -> None:
    submit("old", 3)
    save(result("old-0"), result("old-1", error_kind="dns"), result("old-2"))
    fetched_ms = to_ms(result("old-0").page.fetched_at)
    keys = [f"key of {row}" for row in range(3)]
    assert fetched_ms

    answers = database.stored_pages.stored_answers(record, keys, "recipe", asking(fetched_ms))
    batch = submit("new", 3, stored={0: "old-0", 2: "old-2"})

    assert {key: one.job_id for key, one in answers.jobs.items()} == {
        "key of 0": "old-0",
        "key of 2": "old-2",
    }
    assert (batch.completed, batch.from_store, batch.state) == (2, 2, BatchState.OPEN)
    assert [job.id for job in database.jobs.open_jobs(record, "new")] == ["new-1"]
    rows = all_rows(record, "new")
    assert [row["title"] for row in rows] == ["Title of old-0", None, "Title of old-2"]
    assert [row["from_store"] for row in rows] == [True, False, True]
    assert rows[0]["url"] == "https://host0.example/new/0"
    assert [
        page.title for _, page in database.page_rows.pages_finished_after(record, "new", 0)
    ] == [
        "Title of old-0",
        "Title of old-2",
    ]


def test_a_batch_that_the_store_answers_is_finished_at_once(
    record: sa.Engine, submit: Submit, save: Make, result: Make
) -> None:
    submit("old", 1)
    save(result("old-0"))

    batch = submit("new", 2, stored={0: "old-0", 1: "old-0"})

    assert batch.state is BatchState.FINISHED
    assert database.batches.unfinished_batches(record) == []


def test_only_young_good_pages_of_the_same_recipe_answer(
    record: sa.Engine, submit: Submit, save: Make, result: Make
) -> None:
    submit("b", 2)
    save(result("b-0"), result("b-1", error_kind="dns"))
    fetched_ms = to_ms(result("b-0").page.fetched_at)
    keys = ["key of 0", "key of 1", "another"]

    def answers(recipe: str, newer_than_ms: int) -> dict[str, str]:
        wish = asking(newer_than_ms)
        found = database.stored_pages.stored_answers(record, keys, recipe, wish).jobs
        return {key: one.job_id for key, one in found.items()}

    assert answers("recipe", 0) == {"key of 0": "b-0"}
    assert answers("recipe", fetched_ms + 1) == {}
    assert answers("another recipe", 0) == {}


def test_the_newest_page_answers(
    record: sa.Engine, submit: Submit, save: Make, result: Make
) -> None:
    hour = from_ms
    for number, age in enumerate([3, 1, 2]):
        submit(f"b{number}", 1)
        save(result(f"b{number}-0", fetched_at=hour(1_000_000 - age * 1_000), html=b"%d" % age))

    answers = database.stored_pages.stored_answers(record, ["key of 0"], "recipe", asking())
    assert answers.jobs["key of 0"].job_id == "b1-0"
    stored = database.stored_pages.stored_bodies(record, ["key of 0"], asking())["key of 0"]
    assert (stored.body, stored.http_status) == (b"1", 200)
    assert (stored.final_url, stored.content_type) == (
        "https://final.example/0",
        "text/html; charset=utf-8",
    )


# -- reading ------------------------------------------------------------------------------------


def test_page_rows_are_one_a_job_in_row_order(
    record: sa.Engine, submit: Submit, save: Make, result: Make
) -> None:
    submit("b", 5, refused=[4])
    save(result("b-3", fields={"price": "1"}, published_at=result("b-0").page.fetched_at))
    save(result("b-1", error_kind="http_4xx", http_status=404))
    database.jobs.cancel_jobs(record, "b", ["b-2"])

    rows = all_rows(record, "b")

    assert [row["row"] for row in rows] == [0, 1, 2, 3, 4]
    assert [row["status"] for row in rows] == [
        "pending",
        "failed",
        "cancelled",
        "completed",
        "failed",
    ]
    assert [row["ok"] for row in rows] == [None, False, False, True, False]
    good = rows[3]
    assert good["published_at"] == good["fetched_at"] == result("b-0").page.fetched_at.timestamp()
    assert (good["http_status"], good["elapsed_s"], good["body_bytes"]) == (200, 0.25, 1234)
    assert json.loads(good["fields"]) == {"price": "1"}
    assert (rows[1]["http_status"], rows[1]["error_kind"]) == (404, "http_4xx")
    assert (rows[4]["url"], rows[4]["error_kind"]) == ("no url", "scheme")
    assert {key for key, value in rows[0].items() if value not in (None, 0, False)} == {
        "status",
        "url",
    }
    assert all_rows(record, "nobody") == []


def test_what_an_earlier_try_found_is_not_shown_while_a_job_is_open(
    record: sa.Engine, submit: Submit, save: Make, result: Make
) -> None:
    submit("b", 1)
    save(result("b-0", error_kind="http_5xx", http_status=500))
    database.jobs.reopen_jobs(record, "b")

    (row,) = all_rows(record, "b")

    assert (row["status"], row["http_status"], row["error_kind"]) == ("pending", None, None)
    assert database.page_rows.read_pages(record, ["b-0"]) == {}
    assert places(record, "b") == []


def test_links_and_images_are_rows_of_good_pages(
    record: sa.Engine, submit: Submit, save: Make, result: Make
) -> None:
    links = Links([f"https://x/{number}" for number in range(3)], [""] * 3, ["nofollow"] * 3)
    first = Links(["https://x/0"], [""], ["nofollow"])
    submit("b", 4)
    save(result("b-2", links=links), result("b-0", links=first, images=[{"url": "i"}]))
    save(result("b-1"), result("b-3", error_kind="dns"))

    assert [one for chunk in database.page_rows.link_rows(record, "b") for one in chunk] == [
        (0, "https://final.example/0", first),
        (2, "https://final.example/2", links),
    ]
    assert [
        one for chunk in database.page_rows.kept_rows(record, "b", "images") for one in chunk
    ] == [(0, "https://final.example/0", [{"url": "i"}])]


def test_a_minhash_of_today_or_the_text_to_make_one_of(
    record: sa.Engine, submit: Submit, save: Make, result: Make
) -> None:
    submit("b", 5)
    save(result("b-0", text="one", minhash="2:abc"), result("b-1", text="two", minhash="1:abc"))
    save(
        result("b-2", text="three"),
        result("b-3", text=None, minhash="2:abc"),
        result("b-4", error_kind="dns"),
    )

    (chunk,) = database.page_rows.minhash_rows(record, "b", "2:")

    assert [(row, known, text) for row, _, known, text in chunk] == [
        (0, "2:abc", None),
        (1, None, "two"),
        (2, None, "three"),
    ]


def test_links_that_were_kept_as_a_list_are_read(
    record: sa.Engine, submit: Submit, save: Make, result: Make
) -> None:
    submit("b")
    save(result("b-0"), result("b-1"))
    links = [{"url": "https://x/", "text": "x", "rel": "nofollow"}, {"url": "https://y/"}]
    with record.begin() as connection:
        connection.execute(pages.update().where(pages.c.job_id == "b-1").values(links=links))

    (chunk,) = database.page_rows.link_rows(record, "b")

    columns = Links(["https://x/", "https://y/"], ["x", ""], ["nofollow", ""])
    assert chunk == [(1, "https://final.example/1", columns)]
    assert database.page_rows.read_pages(record, ["b-1"])["b-1"].links == list(columns)


def test_finished_pages_come_in_the_order_of_finishing(
    record: sa.Engine, submit: Submit, save: Make, result: Make
) -> None:
    submit("b", 7, refused=[6], twins={5: 2})
    save(result("b-4"))
    save(result("b-2"), result("b-0"))
    database.jobs.cancel_jobs(record, "b", ["b-3"])
    database.jobs.cancel_jobs(record, "b", ["b-1"])

    read = places(record, "b")

    assert [row for _, row in read][:2] == [6, 4]
    assert sorted([row for _, row in read][2:5]) == [0, 2, 5]
    assert [row for _, row in read][5:] == [3, 1]
    assert [place for place, _ in read] == sorted({place for place, _ in read})


# -- many writers -------------------------------------------------------------------------------


def test_four_writers_and_a_reader(
    record: sa.Engine,
    submit: Submit,
    result: Make,
    open_record: Callable[[], sa.Engine],
) -> None:
    """Every job is tried by two of them; the reader follows the order of finishing meanwhile."""
    batch_ids, count = ["a", "b", "c"], 120
    for batch_id in batch_ids:
        submit(batch_id, count, twins={119: 0, 118: 1})
    engines = [open_record() for _ in range(5)]

    def write(worker: int) -> int:
        kept, rows = 0, [*range(118), *range(118)]
        for start in range(worker % 2 * 59, worker % 2 * 59 + 118, 10):
            results = [
                result(
                    f"{batch_id}-{row}",
                    elapsed_s=0.5,
                    **({"error_kind": "dns"} if row % 10 == 3 else {}),
                )
                for row in rows[start : min(start + 10, worker % 2 * 59 + 118)]
                for batch_id in batch_ids[worker % 3 :] + batch_ids[: worker % 3]
            ]
            kept += database.results.save_results(engines[worker], results).kept
        return kept

    def read(batch_id: str) -> list[tuple[int, int]]:
        seen: list[tuple[int, int]] = []
        while True:
            done = found(engines[4], batch_id).state is BatchState.FINISHED
            while more := database.page_rows.pages_finished_after(
                engines[4], batch_id, seen[-1][0] if seen else 0, limit=50
            ):
                seen += [(place, page.row) for place, page in more]
            if done:
                return seen

    with ThreadPoolExecutor(7) as pool:
        readers = [pool.submit(read, batch_id) for batch_id in batch_ids]
        writers = [pool.submit(write, worker) for worker in range(4)]
        kept = sum(one.result(120) for one in writers)
        seen = [one.result(120) for one in readers]

    assert kept == 3 * 118
    failed = sum(row % 10 == 3 for row in range(118))
    for batch_id, read_rows in zip(batch_ids, seen, strict=True):
        batch = found(record, batch_id)
        assert (batch.completed, batch.failed) == (count - failed, failed)
        assert batch.from_store == 2
        assert batch.state is BatchState.FINISHED
        assert [place for place, _ in read_rows] == list(range(1, count + 1))
        assert sorted(row for _, row in read_rows) == list(range(count))
    minutes = database.minutes.spans_since(record, 0)
    assert sum(minute.succeeded for minute in minutes) == 3 * (118 - failed)
    assert sum(minute.failed for minute in minutes) == 3 * failed
    assert sum(minute.time_s for minute in minutes) == pytest.approx(3 * 118 * 0.5)


def test_cancelling_while_results_come_in(
    record: sa.Engine, submit: Submit, result: Make, open_record: Callable[[], sa.Engine]
) -> None:
    submit("b", 200)
    engines = [open_record() for _ in range(3)]

    def write(worker: int) -> int:
        return sum(
            database.results.save_results(engines[worker], [result(f"b-{row}")]).kept
            for row in range(worker, 200, 2)
        )

    def cancel() -> int:
        while not found(engines[2], "b").completed:
            pass
        return database.jobs.cancel_jobs(engines[2], "b")

    with ThreadPoolExecutor(3) as pool:
        cancelling = pool.submit(cancel)
        kept = sum(pool.map(write, range(2)))
        cancelled = cancelling.result(60)

    batch = found(record, "b")
    assert (batch.completed, batch.cancelled) == (kept, cancelled)
    assert kept + cancelled == 200
    assert batch.state in {BatchState.CANCELLED, BatchState.FINISHED}
    assert len(places(record, "b")) == 200


def test_history_adds_up_by_minute(
    record: sa.Engine, submit: Submit, save: Make, result: Make
) -> None:
    submit("b", 3)
    save(result("b-0", elapsed_s=1), result("b-1", error_kind="dns", elapsed_s=None))
    save(result("b-2", elapsed_s=0.5))
    database.history.record_completion(record, success=False, processing_time_s=2)

    minutes = database.minutes.spans_since(record, now_ms() - 600_000)

    assert sum(minute.succeeded for minute in minutes) == 2
    assert sum(minute.failed for minute in minutes) == 2
    assert sum(minute.time_s for minute in minutes) == pytest.approx(3.5)
    assert all(minute.start_ms % 60_000 == 0 for minute in minutes)
    assert len(minutes) <= 2  # the test may run over the end of a minute
    assert database.minutes.spans_since(record, now_ms() + 1) == []


def test_pages_of_no_use_are_counted_by_kind(
    record: sa.Engine, submit: Submit, save: Make, result: Make
) -> None:
    """Also those of merged rows, of stored pages, and of rows that failed for it."""
    submit("b", 6, twins={1: 0})
    login = {"page_kind": PageKind.LOGIN, "page_kind_signal": "a form"}
    save(result("b-0", **login), result("b-2", page_kind=PageKind.PAGE))
    save(result("b-3", error_kind="page_kind", **login), result("b-4", error_kind="dns"))
    known = database.stored_pages.stored_answers(record, ["key of 0"], "recipe", asking())
    later = {0: "b-0"}
    submit("new", 2, stored=later, known=known.jobs)

    assert database.jobs.page_kinds(record, "b") == {("login", True): 2, ("login", False): 1}
    assert database.jobs.page_kinds(record, "new") == {("login", True): 1}
    assert all_rows(record, "new")[0]["page_kind_signal"] == "a form"
    assert [row["page_kind"] for row in all_rows(record, "b")] == [
        *("login", "login", "page", "login", None, None)
    ]

    database.jobs.reopen_jobs(record, "b")

    assert database.jobs.page_kinds(record, "b") == {("login", True): 2}


def test_matches_of_selectors_are_counted_as_pages_come(
    record: sa.Engine, submit: Submit, save: Make, result: Make
) -> None:
    selectors = {"price": ".p", "author": ".a", "name": "h1"}
    batch = submit("b", 5, config=ScrapingConfig(custom_selectors=selectors), twins={1: 0})

    def matched(row: int, **fields: Any) -> None:
        bits = selected_bits(fields, selectors)
        save(dataclasses.replace(result(f"b-{row}"), selected=bits))

    matched(0, price="1", name="x")  # and its duplicate
    matched(2, price=None, name="y")
    save(result("b-3", error_kind="dns"))
    pages, matches = database.batches.selector_matches(record, batch)
    assert (pages, matches) == (3, {"author": 0, "name": 3, "price": 2})

    known = database.stored_pages.stored_answers(
        record, ["key of 0", "key of 2"], "recipe", asking()
    ).jobs
    stored = {0: "b-0", 1: "b-2"}
    new = submit("new", 2, config=batch.config, stored=stored, known=known)
    assert database.batches.selector_matches(record, new) == (
        2,
        {"author": 0, "name": 2, "price": 1},
    )
