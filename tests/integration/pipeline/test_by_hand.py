"""A running job's progress, and statuses given by hand: judged by the status that is shown."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest

import scrapeq as sq
from scrapeq.clock import now
from scrapeq.errors import IllegalMove
from scrapeq.models import FINAL, LEGAL_MOVES, JobStatus, ScrapingConfig
from scrapeq.pipeline.monitor import JobMonitor

PATIENCE_S = 180
PENDING, RUNNING, RETRYING = JobStatus.PENDING, JobStatus.RUNNING, JobStatus.RETRYING
OPEN = (PENDING, RUNNING, RETRYING)


@pytest.fixture
def monitor(queue):
    return JobMonitor(queue)


@pytest.fixture
def in_status(queue, web, eventually):
    """`in_status(RUNNING)`: a job that shows this status and keeps it; cancelled after the test."""
    made = []

    def make(status):
        tag = time.time_ns()
        if status is RETRYING:  # a host that never answers well would be left alone
            queue.wait(
                queue.submit_scraping_job(web.url(f"/article/1?{tag}", host=3)).id, PATIENCE_S
            )
        urls = {
            PENDING: web.url(f"/slow/300?{tag}", host=1),
            RUNNING: web.url(f"/slow/300?{tag}", host=2),
            RETRYING: web.url(f"/status/500?{tag}", host=3),
        }
        config = ScrapingConfig(total_timeout_s=600, first_byte_timeout_s=600, retry_backoff_s=600)
        batch = queue.submit_batch([urls[status]], config, batch_id=f"job-{tag}", single=True)
        made.append(batch.id)
        if status is PENDING:
            queue.pause_batch(batch.id)  # it may run already: then it is given back
            queue.update_job_status(batch.id, PENDING)
        eventually(lambda: queue.get_job_status(batch.id).status is status)
        return queue.get_job_status(batch.id)

    yield make
    for job_id in made:
        queue.cancel_job(job_id)


def test_a_running_job_has_begun_and_has_an_end(queue, monitor, in_status, web, eventually):
    done = queue.wait(queue.submit_scraping_job(web.url("/slow/1")).id, PATIENCE_S)
    assert done.status is JobStatus.COMPLETED
    before = now()

    job = in_status(RUNNING)

    assert before - timedelta(seconds=1) <= job.started_at <= now()
    assert queue.get_job_status(job.id).started_at - job.started_at < timedelta(seconds=1)
    first = eventually(lambda: _share_above(monitor, job.id, 0.0))
    later = eventually(lambda: _share_above(monitor, job.id, first.progress_percentage))
    assert 0 < first.progress_percentage < later.progress_percentage <= 99
    assert datetime.fromisoformat(first.estimated_completion) > before


def _share_above(monitor, job_id, share):
    progress = monitor.get_job_progress(job_id)
    return progress if progress.progress_percentage > share else None


@pytest.mark.parametrize("new", JobStatus)
@pytest.mark.parametrize("old", OPEN)
def test_open_jobs_make_every_legal_move_and_no_other(queue, in_status, eventually, old, new):
    job = in_status(old)

    if new is not old and new not in LEGAL_MOVES[old]:
        with pytest.raises(IllegalMove, match=f"is {old} and cannot become {new}"):
            queue.update_job_status(job.id, new)
        assert queue.get_job_status(job.id).status is old
        return
    moved = queue.update_job_status(job.id, new)

    if new in FINAL or new in {old, RETRYING} or (new is RUNNING):
        assert moved.status is new
    else:  # due at once: a worker may have taken it already, unless its batch is paused
        assert moved.status in {PENDING, RUNNING, RETRYING}
        assert moved.attempts <= 1
    if new is RETRYING:
        assert moved.error_message == (job.error_message or "this try was ended by hand")


def test_a_try_that_is_ended_by_hand_is_followed_by_another(queue, web, asked, eventually):
    url = web.url("/slow/3?again", host=4)
    config = ScrapingConfig(retry_backoff_s=0)
    job = queue.submit_scraping_job(url, config)
    eventually(lambda: any("again" in hit.path + hit.query for hit in asked()))

    queue.update_job_status(job.id, "RETRYING", error_kind="reset", error_message="I saw it hang")

    done = queue.wait(job.id, PATIENCE_S)
    assert (done.status, done.attempts) == (JobStatus.COMPLETED, 2)


def test_what_runs_by_hand_is_left_alone_until_it_is_given_back(queue, monitor, in_status):
    job = in_status(PENDING)
    before = queue.get_queue_stats().status_counts

    taken = queue.update_job_status(job.id, RUNNING)
    queue.resume_batch(job.id)

    assert taken.status is RUNNING
    assert datetime.now(UTC) - taken.started_at < timedelta(minutes=5)
    assert queue.services.frontier.views.standings([job.id])[job.id].known is False
    counts = queue.get_queue_stats().status_counts
    assert (counts["running"], counts["pending"]) == (before["running"] + 1, before["pending"] - 1)
    assert monitor.get_active_jobs_summary().by_status["running"] == counts["running"]
    assert monitor.health().open_jobs == counts["running"] + counts["pending"] + counts["retrying"]
    assert job.id in set(sq.jobs(status="running", queue=queue)["job_id"])
    assert queue.update_job_status(job.id, "completed").status is JobStatus.COMPLETED
