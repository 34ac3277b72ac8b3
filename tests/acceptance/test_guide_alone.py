"""The guide without a Redis of one's own and without its variables: a private one is found."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

import pytest

from scrapeq import cluster as clusters
from scrapeq.models import JobStatus
from scrapeq.pipeline.job_queue import get_job_queue

PATIENCE_S = 180


@pytest.fixture
def environment(tmp_home, guide_web, monkeypatch):
    """Nothing of the guide's, only where its hosts are."""
    tmp_home.mkdir()
    (tmp_home / "ca.pem").write_text(guide_web.ca_pem)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_home / "ca.pem"))
    monkeypatch.setenv("SCRAPEQ_WORKERS", "1")
    monkeypatch.setenv(
        "SCRAPEQ_CONNECT_TO", json.dumps({"*:443": f"127.0.0.1:{guide_web.tls_port}"})
    )
    yield dict(os.environ)
    clusters.leave(tmp_home)
    clusters.down(tmp_home)


def test_the_first_block_brings_all_it_needs(guide_code, environment, tmp_home, eventually):
    program = f"""
{guide_code("python", "submit")}
print(job_queue.wait(job.id, {PATIENCE_S}).result.title)
{guide_code("python", "queue_stats")}
"""
    kernel = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
        env=environment,
    )

    assert kernel.returncode == 0, kernel.stderr
    assert kernel.stderr == ""  # nothing that was not asked for
    status, title, total, *_ = kernel.stdout.splitlines()
    assert re.fullmatch("Job status: (pending|running|completed)", status)
    assert title
    assert total == "Total jobs: 1"
    eventually(lambda: not clusters.status(tmp_home).running)


def test_a_worker_started_by_hand_serves_the_notebook(
    start, run, guide_command, environment, tmp_home, monkeypatch, eventually
):
    """Slow: four programs start one after the other, and the cluster lingers when they have ended."""
    worker = start(guide_command("start", 0))
    worker.says(" ready.", PATIENCE_S)
    assert "1 node online" in run(guide_command("debug", 0)).stdout
    monkeypatch.setenv("SCRAPEQ_AUTOSTART", "false")  # nothing but that worker is to do it

    queue = get_job_queue()
    job = queue.submit_scraping_job("https://example.com/article/1")
    assert queue.wait(job.id, PATIENCE_S).status is JobStatus.COMPLETED

    assert worker.end() == 0
    eventually(lambda: not clusters.status(tmp_home).running)


def test_asking_for_the_status_of_nothing_says_that_nothing_answers(
    run, guide_command, environment
):
    """Slow: Celery itself asks for the broker again and again before it says so."""
    said = run(guide_command("debug", 0))

    assert said.returncode != 0
    assert "message broker" in said.stderr
