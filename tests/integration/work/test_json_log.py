"""A real worker that writes its log as JSON, and has secrets to keep."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys

import pytest

from scrapeq.models import ScrapingConfig
from scrapeq.pipeline.job_queue import get_job_queue
from scrapeq.settings import load_settings
from tests.redis_server import check_redis_program, redis_server

SECRET = "a-secret-that-nobody-reads"


@pytest.fixture
def worker(tmp_path, needs_service):
    """The settings of a project with one worker, and the file of its log."""
    check_redis_program(needs_service)
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
    eventually(lambda: log.read_text().count('"scrapeq.tries"') >= 2)
    queue.services.engine.dispose()

    text = log.read_text()
    lines = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    tries = [one for one in lines if one["logger"] == "scrapeq.tries"]

    assert SECRET not in text
    assert {one["batch"] for one in tries} == {batch.id}
    assert {one["ok"] for one in tries} == {True, False}
    assert {one.get("error_kind") for one in tries} == {None, "http_4xx"}
    assert all(one["host"] and one["job"] for one in tries)
    assert any("ready" in one["message"] for one in lines)
    after_the_banner = text[text.index("{") :].splitlines()
    assert [line for line in after_the_banner if line.strip() and not line.startswith("{")] == []
