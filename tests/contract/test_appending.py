"""Jobs that results append to their batch: a small crawl, two links a page, to depth 2."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest
import sqlalchemy as sa

from scrapeq import database, frames
from scrapeq.database import Result
from scrapeq.database.batches import find_batch, set_enqueued, stop_growing
from scrapeq.database.jobs import cancel_jobs, get_jobs, open_jobs
from scrapeq.database.new_job import NewJob
from scrapeq.database.page_rows import PAGE_ROW_COLUMNS, page_rows
from scrapeq.database.results import save_results
from scrapeq.models import Batch, BatchState, ErrorKind, ScrapingConfig

Make = Callable[..., Any]


def job(path: str) -> NewJob:
    url = f"https://site.example/{path}"
    return NewJob(f"c-{path}", 0, url, url, "site.example", 5)


def start(record: sa.Engine, *rows: NewJob, **options: Any) -> Batch:
    return database.batches.add_batch(
        record,
        batch_id="c",
        name=None,
        config=ScrapingConfig(),
        fingerprint="f",
        total=len(rows),
        rows=rows,
        **options,
    )


def found(record: sa.Engine) -> Batch:
    batch = find_batch(record, "c")
    assert batch is not None
    return batch


@pytest.fixture
def page_of(result: Make) -> Callable[[NewJob], Result]:
    """The result of a job: above depth 2 it has two links of its own and one to the start."""

    def page_of_(one: NewJob) -> Result:
        path = one.id.removeprefix("c-")
        links = [job(path + "a"), job(path + "b"), job("0")] if len(path) < 3 else []
        made: Result = result(f"c-{one.row}", token=1, title=path)
        return replace(made, page=replace(made.page, job_id=one.id), appended=links)

    return page_of_


def rows_of(record: sa.Engine) -> list[tuple[int, str, str]]:
    row, status, url = (0, *(1 + PAGE_ROW_COLUMNS.index(name) for name in ("status", "url")))
    return [
        (one[row], one[status], one[url].rpartition("/")[2])
        for chunk in page_rows(record, "c")
        for one in chunk
    ]


def test_a_crawl_ends_with_its_last_page(
    record: sa.Engine, page_of: Callable[[NewJob], Result]
) -> None:
    start(record, job("0"))
    waiting: Sequence[NewJob] = [job("0")]
    sizes = []

    while waiting:
        assert found(record).state is BatchState.OPEN
        sizes.append(found(record).total)
        waiting = save_results(record, [page_of(one) for one in waiting]).appended.get("c", [])

    batch = found(record)
    assert sizes == [1, 3, 7]
    assert (batch.total, batch.completed, batch.state) == (7, 7, BatchState.FINISHED)
    assert rows_of(record) == [
        (row, "completed", path)
        for row, path in enumerate(["0", "0a", "0b", "0aa", "0ab", "0ba", "0bb"])
    ]
    family = get_jobs(record, ["c-0", "c-0a", "c-0bb"])
    assert [family[one].parent_job_id for one in ("c-0", "c-0a", "c-0bb")] == [None, "c-0", "c-0b"]


def test_the_same_result_saved_twice_appends_once(
    record: sa.Engine, page_of: Callable[[NewJob], Result]
) -> None:
    start(record, job("0"))

    first = save_results(record, [page_of(job("0"))])
    again = save_results(record, [replace(page_of(job("0")), token=2)])

    assert [one.id for one in first.appended["c"]] == ["c-0a", "c-0b"]
    assert (again.kept, again.appended) == (0, {})
    assert found(record).total == 3


def test_a_page_that_is_fetched_again_appends_only_what_is_new(
    record: sa.Engine, page_of: Callable[[NewJob], Result], result: Make
) -> None:
    start(record, job("0"))
    failed = result("c-0", token=1, error_kind="reset")
    save_results(record, [replace(failed, appended=[job("0a")])])
    database.jobs.reopen_jobs(record, "c")

    saved = save_results(record, [replace(page_of(job("0")), token=2)])

    assert [(one.id, one.row) for one in saved.appended["c"]] == [("c-0b", 2)]
    assert found(record).total == 3


def test_two_results_that_find_one_page_append_it_once(record: sa.Engine, result: Make) -> None:
    start(record, job("0"), job("1")._replace(row=1), job("2")._replace(row=2, page_of="c-1"))
    same = [job("new")._replace(id="c-n1"), job("new")._replace(id="c-n2")]
    results = [
        replace(result(f"c-{row}", token=1), appended=[same[row], job("1"), job("2")])
        for row in (0, 1)
    ]

    appended = save_results(record, results).appended["c"]

    assert [(one.url, one.row) for one in appended] == [("https://site.example/new", 3)]
    assert found(record).total == 4


def test_a_transaction_that_breaks_off_appends_nothing(
    record: sa.Engine, page_of: Callable[[NewJob], Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    start(record, job("0"))
    set_enqueued(record, ["c"], 0)

    def break_off(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(database.results, "_finish_jobs", break_off)
        with pytest.raises(KeyboardInterrupt):
            save_results(record, [page_of(job("0"))])

    assert rows_of(record) == [(0, "pending", "0")]
    assert database.batches.unfinished_batches(record, only_not_enqueued=True) == []
    assert len(save_results(record, [page_of(job("0"))]).appended["c"]) == 2


def test_what_was_appended_is_put_into_redis_by_whoever_comes_next(
    record: sa.Engine, page_of: Callable[[NewJob], Result]
) -> None:
    start(record, job("0"))
    set_enqueued(record, ["c"], 0)

    save_results(record, [page_of(job("0"))])  # and its worker ends here

    (unfed,) = database.batches.unfinished_batches(record, only_not_enqueued=True)
    assert [one.id for one in open_jobs(record, unfed.id)] == ["c-0a", "c-0b"]


def test_a_growing_batch_waits_for_more(record: sa.Engine, result: Make) -> None:
    start(record, job("0"), growing=True)
    save_results(record, [result("c-0")])
    assert not found(record).is_complete
    assert found(record).state is BatchState.OPEN

    stop_growing(record, "c")

    assert found(record).is_complete
    assert found(record).state is BatchState.FINISHED


def test_a_growing_batch_without_jobs_can_be_cancelled(record: sa.Engine) -> None:
    start(record, growing=True)
    assert found(record).state is BatchState.OPEN

    cancel_jobs(record, "c")

    assert found(record).state is BatchState.CANCELLED


def test_an_appended_address_that_is_refused_is_final_at_once(
    record: sa.Engine, result: Make
) -> None:
    start(record, job("0"))
    refused = job("x")._replace(url="no url", href="no url", host="", error_kind=ErrorKind.SCHEME)

    saved = save_results(record, [replace(result("c-0"), appended=[refused])])

    batch = found(record)
    assert saved.appended == {}
    assert (batch.total, batch.completed, batch.failed) == (2, 1, 1)
    assert batch.state is BatchState.FINISHED
    places = database.page_rows.pages_finished_after(record, "c", 0)
    assert [place for place, _ in places] == [1, 2]


@pytest.mark.parametrize(
    ("index", "continued"),
    [
        (pd.RangeIndex(10, 12), [10, 11, 12, 13]),
        (pd.Index([7, 3]), [7, 3, 8, 9]),
        (pd.Index(["x", "y"], name="id"), ["x", "y", 2, 3]),
    ],
    ids=str,
)
def test_appended_rows_follow_the_inputs(
    record: sa.Engine, result: Make, index: pd.Index[Any], continued: list[object]
) -> None:
    table = pd.DataFrame({"link": ["A", "B"], "n": [1, 2], "yes": [True, False]}, index=index)
    start(record, job("0"), job("1")._replace(row=1))
    save_results(record, [replace(result("c-1"), appended=[job("1a"), job("1b")])])

    pages = frames.pages_frame(
        page_rows(record, "c"),
        PAGE_ROW_COLUMNS,
        total=found(record).total,
        table=table,
        asked={},
        url_column="link",
    )

    assert pages.index.tolist() == continued
    assert pages.index.name == index.name
    assert pages["link"].tolist()[:2] == ["A", "B"]
    assert pages["n"].tolist()[:2] == [1, 2]
    assert pages[["link", "n", "yes"]].isna().sum().tolist() == [2, 2, 2]
    assert pages["url"].str[-2:].tolist() == ["/0", "/1", "1a", "1b"]
