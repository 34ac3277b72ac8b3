"""The guide runs as printed: its Python, its commands and its methods, in shared mode.

A Redis is there and a worker was started by the guide's first command. Its hosts are answered by a
little web over https.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from datetime import datetime
from typing import Any

import pytest

from scrapeq.models.pydantic_models import JobStatus, ScrapingConfig
from scrapeq.pipeline.job_queue import get_job_queue
from scrapeq.pipeline.monitor import get_job_monitor

PATIENCE_S = 180

pytestmark = pytest.mark.usefixtures("worker")


@pytest.fixture
def job_queue(environment):
    return get_job_queue()


@pytest.fixture
def monitor(environment):
    return get_job_monitor()


@pytest.fixture
def block(guide_code, environment):
    """`block(name, **names)` runs a block as a cell: what it printed, and the names it left."""

    def run_cell(name: str, **names: Any) -> tuple[str, dict[str, Any]]:
        printed = io.StringIO()
        code = compile(guide_code("python", name), f"the guide's block {name}", "exec")
        with contextlib.redirect_stdout(printed):
            exec(code, names)
        return printed.getvalue(), names

    return run_cell


@pytest.fixture
def finished_job(job_queue):
    job = job_queue.submit_scraping_job("https://example.com/article/1")
    return job_queue.wait(job.id, PATIENCE_S)


@pytest.fixture
def running_job(job_queue, eventually):
    job = job_queue.submit_scraping_job(f"https://slow-{time.time_ns()}.example.com/slow/30")
    eventually(lambda: job_queue.get_job_status(job.id).status is JobStatus.RUNNING)
    yield job
    job_queue.cancel_job(job.id)


# -- the Python blocks --------------------------------------------------------------------------


def test_submitting(block, guide_web):
    printed, names = block("submit")

    assert re.fullmatch(r"Job status: (pending|running|completed)\n", printed)
    job = names["job_queue"].wait(names["job"].id, PATIENCE_S)
    assert job.status is JobStatus.COMPLETED
    assert job.priority == 3
    assert job.result.title == guide_web.page("/listing/1", "example.com").title
    assert len(job.result.links) > 3


def test_stealth_sends_a_browsers_headers(block, guide_web):
    guide_web.clear()
    _, names = block("submit")
    names["job_queue"].wait(names["job"].id, PATIENCE_S)

    (page,) = [hit for hit in guide_web.log() if hit.path == "/"]
    assert "Mozilla/5.0" in page.user_agent


def test_monitoring(block, finished_job):
    printed, _ = block("monitor", job_id=finished_job.id)

    assert printed.splitlines()[0] == "Progress: 100.0%"
    assert re.search(r"^Health: (HEALTHY|DEGRADED|UNHEALTHY)$", printed, re.M)
    assert int(re.search(r"^Active workers: (\d+)$", printed, re.M)[1]) >= 1


def test_basic_submission(block, guide_web):
    _, names = block("basic")

    job = names["job_queue"].wait(names["job"].id, PATIENCE_S)
    assert job.priority == 1
    assert job.result.fields["title"]
    assert set(job.result.fields) == {"title", "content"}
    assert len(job.result.images) > 0
    assert job.result.images[0]["url"].startswith("https://example.com/")


def test_a_batch_of_jobs(block, job_queue, guide_web):
    printed, names = block("batch", job_queue=job_queue)

    assert re.fullmatch(r"Active jobs: \d+\n", printed)
    done = [job_queue.wait(job_id, PATIENCE_S) for job_id in names["job_ids"]]
    assert [job.url for job in done] == [f"https://example{n}.com" for n in (1, 2, 3)]
    assert {job.status for job in done} == {JobStatus.COMPLETED}
    titles = [guide_web.page("/listing/1", f"example{n}.com").title for n in (1, 2, 3)]
    assert [job.result.title for job in done] == titles


def test_watching_a_job_that_runs(block, running_job, finished_job):
    printed, names = block("watch", job_id=running_job.id)

    share, eta, system = printed.splitlines()
    assert 0 < float(share.removeprefix("Progress: ").removesuffix("%")) < 100
    assert datetime.fromisoformat(eta.removeprefix("ETA: ")) > running_job.created_at
    assert system == "System is running normally"
    assert names["progress"]["status"] == "running"


def test_a_host_that_fails_is_reported(block, job_queue):
    # the block itself presupposes these two imports
    printed, _ = block("errors", job_queue=job_queue, JobStatus=JobStatus, time=time)

    assert re.fullmatch(r"Job failed: .*certificate.*\n", printed)


def test_queue_statistics(block, job_queue, finished_job, running_job):
    printed, names = block("queue_stats", job_queue=job_queue)

    assert re.search(r"^Total jobs: \d+$", printed, re.M)
    assert "Status breakdown: {'pending': " in printed
    assert "Active tasks: 1" in printed
    assert names["stats"]["status_counts"]["completed"] >= 1


def test_performance_history(block, monitor, finished_job):
    printed, _ = block("history", monitor=monitor)

    hour, processed, rate = printed.splitlines()[-3:]
    assert datetime.fromisoformat(hour.removeprefix("Hour: ")).tzinfo is not None
    assert int(processed.removeprefix("Jobs processed: ")) >= 1
    assert 0 < float(rate.removeprefix("Success rate: ").removesuffix("%")) <= 100


def test_health(block, monitor):
    printed, _ = block("health", monitor=monitor)

    assert printed == "✓ System is healthy\n"


# -- the settings -------------------------------------------------------------------------------


def test_celery_has_the_guides_settings_and_variables(guide_code, environment, redis_server):
    program = f"""
import json
from scrapeq.pipeline.worker import celery_app

names = [
    "task_routes", "worker_prefetch_multiplier", "task_acks_late", "worker_max_tasks_per_child",
    "task_default_retry_delay", "task_max_retries", "worker_send_task_events", "task_send_events",
    "broker_url", "result_backend", "task_serializer", "result_serializer", "accept_content",
    "timezone", "enable_utc",
]
look = lambda: {{name: getattr(celery_app.conf, name) for name in names}}
before = look()
{guide_code("python", "settings")}
print(json.dumps([before, look()]))
"""
    child = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        timeout=180,
        env=environment,
    )
    ours, guides = json.loads(child.stdout)

    ours_routes, guides_routes = ours.pop("task_routes"), guides.pop("task_routes")
    assert ours == guides
    assert ours_routes.items() >= guides_routes.items()
    assert ours["broker_url"] == ours["result_backend"] == redis_server.url
    assert ours["task_serializer"] == ours["result_serializer"] == "json"
    assert ours["accept_content"] == ["json"]
    assert ours["timezone"] == "UTC"
    assert ours["enable_utc"] is True


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("CELERY_TASK_SERIALIZER", "pickle"),
        ("CELERY_RESULT_SERIALIZER", "yaml"),
        ("CELERY_ACCEPT_CONTENT", '["json", "pickle"]'),
    ],
)
def test_anything_but_json_is_refused(run, guide_command, variable, value):
    refused = run(guide_command("start", 0), **{variable: value})

    assert refused.returncode != 0
    last = refused.stderr.strip().splitlines()[-1]
    assert variable in last
    assert "json" in last


def test_a_time_zone_of_the_readers_own_holds(run):
    said = run("celery -A scrapeq.pipeline.worker report", CELERY_TIMEZONE="Europe/Rome")

    assert re.search(r"timezone: 'Europe/Rome'", said.stdout), said.stdout + said.stderr


# -- the commands -------------------------------------------------------------------------------


def test_the_first_worker_listens_to_all_queues(worker):
    for queue in ("scraping", "processing", "cleaning"):
        assert re.search(rf"\.> {queue} ", worker.said), worker.said
    for task in ("scrape_url", "process_content", "clean_data", "batch_scrape"):
        assert f"scrapeq.pipeline.worker.{task}_task" in worker.said


def test_a_worker_with_queues(start, guide_command, job_queue):
    second = start(guide_command("start", 1) + " --hostname=second@%h")
    said = second.says(" ready.")

    assert ".> scraping " in said
    assert ".> processing " in said
    assert ".> cleaning " not in said
    assert second.end() == 0


def test_a_worker_with_concurrency(start, guide_command, job_queue, eventually):
    before = job_queue.get_queue_stats()["workers"]
    third = start(guide_command("start", 2) + " --hostname=third@%h")
    third.says(" ready.")

    assert "concurrency: 4" in third.said
    eventually(lambda: job_queue.get_queue_stats()["workers"] == before + 4)
    assert third.end() == 0
    eventually(lambda: job_queue.get_queue_stats()["workers"] == before)


def test_status(run, guide_command):
    said = run(guide_command("debug", 0))

    assert said.returncode == 0, said.stderr
    assert re.search(r"celery@\S+: OK", said.stdout)
    assert "1 node online" in said.stdout


def test_inspect_active(run, guide_command, environment, eventually):
    from scrapeq.project.celery_app import make_app
    from scrapeq.settings import load_settings

    settings = load_settings()
    app = make_app(settings, settings.celery_broker_url.get_secret_value())
    job_id = f"seen-{time.time_ns()}"
    app.send_task(
        "scrapeq.pipeline.worker.scrape_url_task", [job_id, "https://example.com/slow/20"]
    )
    queue = get_job_queue()
    eventually(lambda: [job for job in queue.get_jobs([job_id]) if job.status == "running"])

    said = run(guide_command("debug", 2))
    queue.cancel_job(job_id)

    assert said.returncode == 0, said.stderr
    assert "scrapeq.pipeline.worker.scrape_url_task" in said.stdout
    assert job_id in said.stdout


def test_inspect_stats(run, guide_command):
    said = run(guide_command("debug", 3))

    assert said.returncode == 0, said.stderr
    assert '"max-concurrency"' in said.stdout
    assert '"prefetch_count"' in said.stdout


def test_events_as_text(start, guide_command, job_queue):
    events = start(guide_command("debug", 1) + " --dump")
    events.says("evdump: starting")
    events.says("heartbeat")  # it hears the worker
    job = job_queue.submit_scraping_job("https://events.example.com/article/1")
    job_queue.wait(job.id, PATIENCE_S)

    said = events.says("task succeeded")

    assert "scrapeq.pipeline.worker.wake_up_task" in said


def test_events_on_a_terminal(guide_command, environment):
    main, terminal = pty.openpty()
    program, *arguments = guide_command("debug", 1).split()
    events = subprocess.Popen(
        [os.path.join(os.path.dirname(sys.executable), program), *arguments],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        env={**environment, "TERM": "xterm", "COLUMNS": "100", "LINES": "40"},
        start_new_session=True,
    )
    os.close(terminal)
    try:
        seen = _read_until(main, b"Workers online", PATIENCE_S)
        assert b"celery" in seen
        events.send_signal(signal.SIGINT)  # what its help says ends it
        assert events.wait(180) == 0
    finally:
        events.kill()
        events.wait()
        os.close(main)


def _read_until(terminal: int, text: bytes, within_s: float) -> bytes:
    seen, deadline = b"", time.monotonic() + within_s
    while text not in seen:
        assert time.monotonic() < deadline, seen
        if select.select([terminal], [], [], 0.1)[0]:
            with contextlib.suppress(OSError):
                seen += os.read(terminal, 65536)
    return seen


# -- the methods of the API reference -----------------------------------------------------------


def test_every_method_of_the_queue(job_queue, environment):
    config = ScrapingConfig(max_retries=0)
    job = job_queue.submit_scraping_job("https://example.com/article/2", config, 1)
    assert job_queue.get_job_status(job.id).id == job.id
    assert job_queue.get_job_status(job_id=job.id).priority == 1
    job_queue.wait(job.id, PATIENCE_S)
    slow = job_queue.submit_scraping_job(
        url="https://api.example.com/slow/30", config=config, priority=9
    )
    assert slow.id in [one.id for one in job_queue.get_active_jobs(limit=10)]
    assert slow.id in [one.id for one in job_queue.get_active_jobs(10)]
    failed = job_queue.update_job_status(slow.id, JobStatus.FAILED, error_message="by hand")
    assert (failed.status, failed.error_message) == (JobStatus.FAILED, "by hand")
    other = job_queue.submit_scraping_job("https://api.example.com/slow/31")
    assert job_queue.cancel_job(job_id=other.id) is True
    assert job_queue.cancel_job(other.id) is False
    history = job_queue.get_job_history(limit=3, status_filter=JobStatus.CANCELLED)
    assert history[0].id == other.id
    assert len(job_queue.get_job_history(2, "failed")) <= 2
    assert job_queue.cleanup_old_jobs(max_age_days=30) == 0
    assert job_queue.cleanup_old_jobs(30) == 0
    assert {"total_jobs", "status_counts", "active_tasks"} <= set(job_queue.get_queue_stats())


def test_every_method_of_the_monitor(monitor, finished_job, running_job):
    assert monitor.get_job_progress(job_id=finished_job.id)["status"] == "completed"
    summary = monitor.get_active_jobs_summary()
    assert running_job.id in [job["job_id"] for job in summary["jobs"]]
    assert summary["total_active"] == sum(summary["by_status"].values())

    hour = monitor.get_performance_history(hours=1)["history"][-1]
    monitor.record_job_completion(finished_job.id, False, 45.5)
    monitor.record_job_completion(job_id="elsewhere", success=True, time=1)
    later = monitor.get_performance_history(1)["history"][-1]
    assert later["jobs_processed"] >= hour["jobs_processed"] + 2

    monitor.record_error(finished_job.id, "dns", "no such name")
    monitor.record_error(job_id=None, error_type="dns", message="no such name")
    metrics = monitor.get_system_metrics()
    assert metrics["errors"]["dns"] >= 2
    assert metrics["worker_stats"]["active_workers"] >= 1


def test_every_task_of_the_worker(environment):
    program = """
import json
from scrapeq.pipeline.worker import (
    batch_scrape_task, clean_data_task, process_content_task, scrape_url_task,
)

scraped = scrape_url_task.delay("one", "https://example.com/article/3", {"max_retries": 0})
batch = batch_scrape_task.delay("many", ["https://a.example", "https://b.example"], {})
cleaned = clean_data_task.delay({"title": "  two\\u00a0 words ", "price": ""})
processed = process_content_task.delay("Some text.", "https://example.com", "summarise")
try:
    processed.get(timeout=180)
except Exception as error:
    said = f"{type(error).__name__}: {error}"
print(json.dumps(
    [scraped.get(timeout=180), batch.get(timeout=180), cleaned.get(timeout=180), said]
))
"""
    child = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
        env=environment,
    )
    assert child.returncode == 0, child.stderr
    scraped, batch, cleaned, said = json.loads(child.stdout)

    assert scraped["status"] == "completed"
    assert scraped["result"]["title"]
    assert (batch["completed"], batch["total"]) == (2, 2)
    assert batch["job_ids"] == ["many-0", "many-1"]
    assert all(one["result"]["title"] for one in batch["results"])
    assert cleaned["data"] == {"title": "two words", "price": None}
    assert said.startswith("ConfigError")
    assert "SCRAPEQ_AI_API_KEY" in said
