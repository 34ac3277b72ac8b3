"""Workers notify of batches that are done; see tests/contract/test_telling.py for all that may happen."""

from __future__ import annotations

import json
import threading
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import scrapeq as sq
from scrapeq import database
from scrapeq.errors import ConfigError, NotFound, ScheduleWarning
from scrapeq.pipeline.job_queue import JobQueue
from scrapeq.testing import LittleWeb
from tests.receiver import Receiver

Scrape = Callable[..., sq.BatchHandle]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


def states(batch: sq.BatchHandle) -> list[str]:
    return list(sq.notifications(batch)["state"])


def test_a_batch_that_is_done_is_notified_of_by_workers(
    scrape: Scrape, web: LittleWeb, receiver: Receiver, eventually: Callable[..., Any]
) -> None:
    urls = [record["url"] for record in web.urls(3)]

    batch = scrape(urls, name="told once", notify=receiver.url).wait(timeout=120)

    eventually(lambda: states(batch) == ["delivered"])
    (got,) = receiver.received
    said = json.loads(got.body)["data"]
    assert (said["name"], said["counts"]["total"]) == ("told once", 3)
    frame = sq.notifications(batch)
    assert list(frame["to"]) == [receiver.url.removesuffix("hook") + "…"]
    assert frame["notification_id"][0] == got.headers["webhook-id"]
    assert frame["delivered_at"].notna().all()
    with pytest.raises(ConfigError, match="limit"):
        sq.notifications(batch, limit=0)


def test_a_cell_that_is_run_again_notifies_of_what_is_under_way(
    scrape: Scrape, web: LittleWeb, receiver: Receiver, eventually: Callable[..., Any]
) -> None:
    page = web.urls(1)[0]["url"]
    asked = {"name": "asked later", "delay_between_requests": 3600}
    batch = scrape([page, f"{page}?again"], **asked)  # the second row waits for its host
    for _ in range(2):
        scrape([page, f"{page}?again"], **asked, notify=receiver.url)
    assert states(batch) == ["waiting"]

    batch.cancel()

    eventually(lambda: states(batch) == ["delivered"])
    assert len(receiver.received) == 1


def test_a_schedule_notifies_of_its_runs_if_they_changed(
    queue: JobQueue, web: LittleWeb, receiver: Receiver, eventually: Callable[..., Any]
) -> None:
    page = web.urls(1)[0]["url"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ScheduleWarning)
        handle = sq.schedule(
            "watched",
            [page],
            every="1d",
            notify=receiver.url,
            notify_when="changed",
            queue=queue,
            main_text="off",
        )
    try:
        first = handle.run_now().wait(timeout=120)
        eventually(lambda: states(first) == ["delivered"])
        second = handle.run_now().wait(timeout=120)
        eventually(lambda: states(second) == ["skipped"])

        assert len(receiver.received) == 1
        assert list(sq.compare(second)["change"]) == ["same"]
        with pytest.raises(NotFound, match="no finished run"):
            sq.compare(first)
        assert receiver.url.removesuffix("hook") in handle._repr_html_()
        assert "hook" not in handle._repr_html_()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ScheduleWarning)
            assert "notifies nobody" in sq.schedule("watched", notify="", queue=queue).note
    finally:
        database.schedules.delete(queue.services.engine, "watched")


def test_a_function_is_called_when_a_batch_is_done(
    scrape: Scrape, web: LittleWeb, caplog: pytest.LogCaptureFixture
) -> None:
    called: list[sq.BatchHandle] = []
    done = threading.Event()

    def call(batch: sq.BatchHandle) -> None:
        called.append(batch)
        done.set()
        raise RuntimeError("a mistake of the user's")

    batch = scrape([web.urls(1)[0]["url"]]).on_done(call)

    assert done.wait(120)
    assert called == [batch]
    assert batch.is_done
    with pytest.raises(ConfigError, match="takes a function"):
        batch.on_done("print")  # type: ignore[arg-type]
