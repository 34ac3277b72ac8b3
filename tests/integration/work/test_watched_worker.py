"""What a real worker shows of itself, in its log and to monitors such as Flower, and which secrets it keeps."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading

import pytest
from celery import Celery

from scrapeq import cluster
from scrapeq.models import ScrapingConfig
from scrapeq.pipeline.job_queue import get_job_queue
from scrapeq.settings import load_settings
from tests.redis_server import check_redis_program, redis_server

SECRET = "a-secret-that-nobody-reads"


@pytest.fixture(scope="module")
def worker(tmp_path_factory, needs_service):
    """The settings of a project with one worker, and the file of its log."""
    check_redis_program(needs_service)
    tmp_path = tmp_path_factory.mktemp("watched")
    with redis_server({"requirepass": SECRET}) as (address, _):
        url = address.replace("unix://", f"unix://:{SECRET}@")
        given = {
            "REDIS_URL": url,
            "SCRAPEQ_HOME": str(tmp_path / "home"),
            "SCRAPEQ_LOG_FORMAT": "json",
            "SCRAPEQ_ALLOW_PRIVATE_ADDRESSES": "true",
        }
        log = tmp_path / "log"
        command = "celery -A scrapeq.pipeline.worker worker --loglevel=info --concurrency=1"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", *command.split()],
                env=os.environ | given,
                cwd=tmp_path,
                stdout=output,
                stderr=output,
            )
        yield load_settings(**given), log
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        process.wait(timeout=180)


def test_every_line_is_json_and_none_holds_a_secret(worker, web, eventually):
    settings, log = worker
    queue = get_job_queue(settings)
    batch = queue.submit_batch(
        [web.url("/article/1"), web.url("/status/404")],
        ScrapingConfig(
            cookies={"session": SECRET}, headers={"X-Key": SECRET}, retry_backoff_s=0.05
        ),
    )
    eventually(lambda: queue.find_batch(batch.id).is_complete)

    def entries():
        return [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]

    def of_batch():
        found = [one for one in entries() if one.get("batch") == batch.id]
        return found if len(found) >= 2 else None

    tries = eventually(of_batch)
    queue.services.engine.dispose()

    text = log.read_text()

    assert SECRET not in text
    assert {one["logger"] for one in tries} == {"scrapeq.tries"}
    assert {one["ok"] for one in tries} == {True, False}
    assert {one.get("error_kind") for one in tries} == {None, "http_4xx"}
    assert all(one["host"] and one["job"] for one in tries)
    assert any("ready" in one["message"] for one in entries())
    after_the_banner = text[text.index("{") :].splitlines()
    assert [line for line in after_the_banner if line.strip() and not line.startswith("{")] == []


def test_monitors_are_shown_no_arguments(worker, web, eventually):
    """Neither of tasks that scrapeq sends, nor of those that a plain Celery client sends."""
    settings, _ = worker
    queue = get_job_queue(settings)
    plain = Celery(broker=cluster.broker_url(settings))
    events: list[dict[str, object]] = []
    stop = threading.Event()

    def watch() -> None:
        with plain.connection() as connection:
            receiver = plain.events.Receiver(connection, handlers={"*": events.append})
            # one consumer for all: what comes between two of them is lost
            for _ in receiver.consume(limit=None, timeout=240, wakeup=False):
                if stop.is_set():  # looked at with each heartbeat of the worker
                    break

    task = "scrapeq.pipeline.worker.scrape_url_task"

    def received() -> list[dict[str, object]]:
        kind = "task-received"
        return [one for one in list(events) if one["type"] == kind and one["name"] == task]

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        eventually(lambda: events)  # the heartbeat of the worker: it is watched
        for sender, job in ((queue.services.app, "ours"), (plain, "plain")):
            options = {"cookies": {"session": SECRET}}
            sender.send_task(
                task,
                args=[job, web.url("/article/1"), options],
                queue="scraping",
                ignore_result=True,
            )
        eventually(lambda: len(received()) >= 2)
    finally:
        stop.set()
        watching.join()
        plain.close()
        queue.services.engine.dispose()

    assert {one["args"] for one in received()} == {"('ours', …)", "('plain', …)"}
    assert SECRET not in str(events)
