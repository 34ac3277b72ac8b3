"""The guide's four troubles: each is said in clear words, with what to do, and what it says helps."""

from __future__ import annotations

import warnings
from itertools import count

import pytest

from scrapeq.errors import NoWorkersWarning, RedisUnavailable
from scrapeq.models import JobStatus, ScrapingConfig
from scrapeq.pipeline.job_queue import get_job_queue
from scrapeq.pipeline.monitor import get_job_monitor

PATIENCE_S = 180


@pytest.fixture
def redis_is_away(environment, redis_server):
    redis_server.stop()
    yield redis_server
    if redis_server.process is None:
        redis_server.start()


@pytest.fixture
def job_queue(environment):
    return get_job_queue()


@pytest.fixture
def waiting_job(job_queue):
    """A job that nobody works on, submitted in spite of the warning."""
    with pytest.warns(NoWorkersWarning):
        job = job_queue.submit_scraping_job("https://example.com/article/1")
    yield job
    job_queue.cancel_job(job.id)


# -- 1. Redis connection failed -----------------------------------------------------------------


def test_without_redis_the_queue_says_what_to_do(redis_is_away):
    with pytest.raises(ConnectionError, match="Error connecting to Redis") as caught:
        get_job_queue()

    said = str(caught.value)
    assert isinstance(caught.value, RedisUnavailable)
    assert str(redis_is_away.port) in said
    for advice in ("start Redis", "REDIS_URL"):
        assert advice in said


def test_without_redis_the_monitor_says_so_too(redis_is_away):
    with pytest.raises(ConnectionError, match="Error connecting to Redis"):
        get_job_monitor()


def test_a_redis_that_goes_away_later_is_named_too(job_queue, redis_server):
    monitor = get_job_monitor()
    redis_server.stop()
    try:
        with pytest.raises(ConnectionError, match="Error connecting to Redis"):
            job_queue.get_queue_stats()
        metrics = monitor.get_system_metrics()
        assert metrics["health_status"] == "UNHEALTHY"
        assert "Redis" in metrics["health_reasons"][0]
    finally:
        redis_server.start()


def test_a_worker_without_redis_says_so_and_works_when_it_comes(
    start, guide_command, redis_is_away, eventually
):
    worker = start(guide_command("start", 0))
    said = worker.says("Error connecting to Redis", PATIENCE_S)
    assert "start Redis" in said
    assert "Traceback" not in said

    redis_is_away.start()
    queue, monitor = get_job_queue(), get_job_monitor()
    # not the queue's own count, which warns of a job that somebody left waiting
    eventually(lambda: monitor.get_system_metrics()["worker_stats"]["active_workers"], PATIENCE_S)
    job = queue.submit_scraping_job("https://example.com/article/2")
    assert queue.wait(job.id, PATIENCE_S).status is JobStatus.COMPLETED


# -- 2. no workers available --------------------------------------------------------------------


def test_submitting_to_nobody_is_a_warning(job_queue):
    with pytest.warns(NoWorkersWarning, match="No workers available for task processing") as seen:
        job = job_queue.submit_scraping_job("https://example.com/article/3")
    with pytest.warns(NoWorkersWarning):
        job_queue.get_queue_stats()
    job_queue.cancel_job(job.id)

    assert "celery -A scrapeq.pipeline.worker worker" in str(seen[0].message)
    assert seen[0].filename == __file__  # it points at the reader's own line


def test_the_monitor_says_that_nobody_works(waiting_job):
    metrics = get_job_monitor().get_system_metrics()

    assert metrics["health_status"] == "UNHEALTHY"
    assert "no workers" in metrics["health_reasons"][0]
    assert metrics["worker_stats"]["active_workers"] == 0


def test_the_worker_that_the_warning_names_takes_the_job(start, guide_command, job_queue):
    with pytest.warns(NoWorkersWarning) as seen:
        job = job_queue.submit_scraping_job("https://example.com/article/4")
    line = str(seen[0].message).split(": ", 1)[1]
    assert line == "celery -A scrapeq.pipeline.worker worker"

    start(line)

    assert job_queue.wait(job.id, PATIENCE_S).status is JobStatus.COMPLETED
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        job_queue.submit_scraping_job("https://example.com/article/5")


# -- 3. tasks stuck in pending ------------------------------------------------------------------


def test_a_worker_for_other_queues_is_a_worker_and_jobs_still_wait(
    start, job_queue, waiting_job, eventually
):
    app = job_queue.services.app
    text = app.send_task("scrapeq.pipeline.worker.process_content_task", ["A text."])
    worker = start(
        "celery -A scrapeq.pipeline.worker worker --queues=cleaning --loglevel=info --concurrency=2"
    )
    worker.says(" ready.")
    monitor = get_job_monitor()
    eventually(lambda: monitor.get_system_metrics()["worker_stats"]["active_workers"] == 2)

    metrics = monitor.get_system_metrics()
    with pytest.warns(NoWorkersWarning):
        stats = job_queue.get_queue_stats()

    assert stats["workers"] == 2
    assert stats["queue_lengths"]["processing"] == 1
    assert metrics["health_status"] == "UNHEALTHY"
    waiting, unattended = metrics["health_reasons"][:2]
    assert waiting.startswith("no worker listens to scraping and ")
    assert unattended == "1 message waits in the queue processing, and no worker listens to it"
    assert "--queues" in monitor.health().hint
    assert job_queue.get_job_status(waiting_job.id).status is JobStatus.PENDING
    assert worker.end() == 0
    eventually(lambda: not monitor.get_system_metrics()["worker_stats"]["active_workers"], 5)
    app.control.purge()
    text.forget()


def test_a_stop_gives_back_what_ran_and_all_that_is_pending_is_done_at_the_next_start(
    start, guide_command, job_queue, guide_web, eventually
):
    """Slow: two workers start, and the page takes its five seconds in both."""
    first = start(guide_command("start", 0))
    first.says(" ready.")
    running = job_queue.submit_scraping_job("https://example.com/slow/5")
    eventually(lambda: guide_web.hits("/slow/5"))
    assert job_queue.get_job_status(running.id).status is JobStatus.RUNNING

    assert first.end() == 0

    eventually(lambda: job_queue.get_job_status(running.id).status is JobStatus.PENDING)
    with pytest.warns(NoWorkersWarning):
        waiting = job_queue.submit_scraping_job("https://example.com/article/6")
    assert job_queue.get_job_status(waiting.id).status is JobStatus.PENDING
    start(guide_command("start", 0))
    assert job_queue.wait(waiting.id, PATIENCE_S).status is JobStatus.COMPLETED
    done = job_queue.wait(running.id, PATIENCE_S)
    assert done.status is JobStatus.COMPLETED
    assert done.attempts == 1


# -- 4. high memory usage -----------------------------------------------------------------------


def test_children_are_renewed_after_fewer_tasks_and_nothing_is_lost(start, job_queue, eventually):
    worker = start(
        "celery -A scrapeq.pipeline.worker worker --loglevel=info"
        " --concurrency=1 --max-tasks-per-child=1"
    )
    worker.says(" ready.")
    children: set[str] = set()
    numbers = count()

    def another_job_and_another_child() -> bool:
        url = f"https://host{next(numbers)}.example/article/1"
        job = job_queue.submit_scraping_job(url, ScrapingConfig(main_text="off"))
        assert job_queue.wait(job.id, PATIENCE_S).status is JobStatus.COMPLETED
        children.update(job_queue.services.frontier.coordination.workers())
        return len(children) > 1

    with warnings.catch_warnings():  # between two children there is none
        warnings.simplefilter("ignore", NoWorkersWarning)
        eventually(another_job_and_another_child, PATIENCE_S)
