"""Secrets on a cluster that works: used by workers, in nothing that is kept, gone when a batch has ended."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import scrapeq as sq
from scrapeq.errors import ConfigError
from scrapeq.pipeline.job_queue import JobQueue
from scrapeq.testing import Hit, LittleWeb

Scrape = Callable[..., sq.BatchHandle]
SECRET = "hunter2-of-nobody"
NOWHERE = "http://127.0.0.1:1/"


def erased(batch: sq.BatchHandle) -> bool:
    return "scrapeq:erased" in json.dumps(batch.batch.config.to_storage())


def in_redis(queue: JobQueue) -> bytes:
    """Every key of Redis with its value."""
    redis = queue.services.frontier.coordination._redis
    return b"".join(
        str(key).encode() + (redis.dump(key) or b"") for key in redis.scan_iter("*", count=1_000)
    )


def test_workers_use_them_and_nothing_keeps_them(
    scrape: Scrape,
    web: LittleWeb,
    queue: JobQueue,
    asked: Callable[[], list[Hit]],
    eventually: Callable[..., Any],
    cluster: sq.LocalCluster,
    caplog: pytest.LogCaptureFixture,
) -> None:
    page = web.urls(1)[0]["url"]
    # of its own, or pages that another test stored would answer
    options = {"cookies": {"session": f"{SECRET}-here"}, "max_retries": 0}
    waiting = scrape([page, f"{page}?again"], **options, delay_between_requests=3600)
    assert SECRET.encode() not in in_redis(queue)
    waiting.cancel()

    batch = scrape([page, NOWHERE], name="with a secret", **options).wait(timeout=120)

    assert any(SECRET in hit.head for hit in asked())
    assert batch.df["ok"].tolist() == [True, False]
    eventually(lambda: erased(batch) and erased(waiting))
    assert SECRET.encode() not in in_redis(queue)
    assert SECRET not in caplog.text
    home = Path(cluster.settings.home)
    found = [
        path for path in home.rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()
    ]
    assert not found  # neither in the record, nor in its log, nor in the workers' logs


def test_rows_are_tried_again_with_secrets_that_are_given_again(
    scrape: Scrape, web: LittleWeb, queue: JobQueue, eventually: Callable[..., Any]
) -> None:
    options: dict[str, Any] = {
        "name": "tried again",
        "cookies": {"session": SECRET},
        "max_retries": 0,
    }
    batch = scrape([web.urls(1)[0]["url"], NOWHERE], **options).wait(timeout=120)
    eventually(lambda: erased(batch))
    found = sq.attach("tried again", queue=queue)

    with pytest.raises(ConfigError, match="cookies of batch 'tried again' were erased"):
        found.retry_failed()
    with pytest.raises(ConfigError, match="does not take 'max_retries'"):
        found.retry_failed(max_retries=3)
    assert found.is_done

    found.retry_failed(cookies={"session": "another"}).wait(timeout=120)
    eventually(lambda: erased(batch))
    batch.retry_failed().wait(timeout=120)  # which still has them
    eventually(lambda: erased(batch))
    again = scrape([web.urls(1)[0]["url"], NOWHERE], **options)
    assert again.id == batch.id
    again.retry_failed().wait(timeout=120)
    assert batch.batch.failed == 1


def test_stored_pages_of_an_erased_batch_still_answer(
    scrape: Scrape, web: LittleWeb, eventually: Callable[..., Any], asked: Callable[[], list[Hit]]
) -> None:
    page = web.urls(1)[0]["url"]
    options: dict[str, Any] = {"cookies": {"session": SECRET}}
    batch = scrape([page], **options).wait(timeout=120)
    eventually(lambda: erased(batch))
    before = len(asked())

    read = batch.reread(custom_selectors={"headline": "h1"}).wait(timeout=120)
    same = scrape([page], **options).wait(timeout=120)

    assert read.df["headline"].notna().all()
    assert read.df["ok"].all()
    assert same.df["from_store"].all()
    assert len(asked()) == before
