"""Pausing, cancelling and trying again, seen from the web's side."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

import scrapeq as sq
from scrapeq.errors import ConfigError, IllegalMove, InputError, NotFound, WaitTimeout

ANSWER_S = 180
#: What is promised: a running job that is cancelled stops within this.
STOPPED_WITHIN_S = 2


def test_a_paused_batch_starts_nothing_until_it_goes_on(web, scrape, asked, eventually):
    urls = [web.url(f"/slow/0.3?n={number}") for number in range(24)]
    batch = scrape(urls, max_per_host=4)
    eventually(lambda: batch.progress.completed)

    batch.pause()

    eventually(lambda: not batch.progress.running)
    seen, done = len(asked()), batch.progress.completed
    assert batch.batch.state == "paused"
    assert done < 24
    beside = scrape([web.url("/article/1", host=1)])  # the workers are free for others
    assert beside.wait(ANSWER_S).df["ok"].all()
    assert batch.progress.completed == done
    assert len([hit for hit in asked() if hit.path.startswith("/slow")]) == seen

    batch.resume()

    assert batch.wait(ANSWER_S).df["ok"].all()
    assert len([hit for hit in asked() if hit.path.startswith("/slow")]) == 24


def test_cancelling_stops_what_runs_and_starts_nothing_more(web, scrape, asked, eventually):
    urls = [web.url(f"/slow/20?n={number}", host=number % 4) for number in range(80)]
    batch = scrape(urls, max_per_host=2)
    eventually(lambda: len(asked()) == 8)

    batch.cancel()
    returned_ms = time.monotonic() * 1000

    assert batch.is_done
    eventually(lambda: not batch.progress.running, STOPPED_WITHIN_S + 1)
    # whoever has waited longer than all of these has had its turn
    assert scrape([web.url("/article/2")]).wait(ANSWER_S).df["ok"].all()
    late = [hit for hit in asked() if hit.path == "/slow/20" and hit.at_ms > returned_ms]
    assert late == []
    table = batch.df
    assert set(table["error_kind"]) == {"cancelled"}
    assert batch.batch.state == "cancelled"


def test_a_waiting_job_that_is_cancelled_never_starts(web, queue, scrape, asked, eventually):
    holder = scrape([web.url("/slow/20?holder", host=5)], max_per_host=1)
    eventually(lambda: holder.progress.running)
    config = sq.ScrapingConfig(max_per_host=1)
    job = queue.submit_scraping_job(web.url("/article/3", host=5), config)

    assert queue.cancel_job(job.id) is True

    holder.cancel()
    done = queue.get_job_status(job.id)
    assert done.status is sq.JobStatus.CANCELLED
    assert done.error_kind is sq.ErrorKind.CANCELLED
    after = queue.submit_scraping_job(web.url("/article/4", host=5), config)
    queue.wait(after.id, ANSWER_S)
    paths = [hit.path for hit in asked()]
    assert [one for one in paths if one.startswith("/article")] == ["/article/4"]


def test_a_running_job_that_is_cancelled_stops_soon(web, queue, eventually, asked):
    job = queue.submit_scraping_job(web.url("/slow/30"), sq.ScrapingConfig(max_retries=0))
    eventually(lambda: queue.get_job_status(job.id).status is sq.JobStatus.RUNNING)
    eventually(asked)

    assert queue.cancel_job(job.id) is True
    assert queue.cancel_job(job.id) is False  # it is cancelled already

    assert queue.get_job_status(job.id).status is sq.JobStatus.CANCELLED
    eventually(lambda: not queue.services.frontier.views.counts()["running"], STOPPED_WITHIN_S + 1)
    assert len([hit for hit in asked() if hit.path == "/slow/30"]) == 1


def test_failed_rows_are_tried_again_when_somebody_asks(web, scrape, asked):
    web.down(7)
    urls = [web.url("/article/5"), web.url("/article/6", host=7), web.url("/status/404")]
    batch = scrape(urls, max_retries=0).wait(ANSWER_S)
    assert list(batch.errors["error_kind"]) == ["refused", "http_4xx"]

    web.up(7)
    batch.retry_failed(kinds=["refused"])
    assert "1 row is" in batch.note
    table = batch.wait(ANSWER_S).df

    assert list(table["ok"]) == [True, True, False]
    assert [hit.path for hit in asked()].count("/article/5") == 1
    assert [hit.path for hit in asked()].count("/status/404") == 1


def test_cancelled_rows_can_be_taken_up_again(web, scrape, eventually):
    urls = [web.url(f"/slow/0.4?again={number}") for number in range(10)]
    batch = scrape(urls, max_per_host=2)
    eventually(lambda: batch.progress.completed)
    batch.cancel()

    table = batch.retry_failed().wait(ANSWER_S).df

    assert table["ok"].all()
    assert batch.batch.state == "finished"


def test_nothing_to_try_again_is_said(web, scrape):
    batch = scrape([web.url("/article/7")]).wait(ANSWER_S)

    assert "nothing" in batch.retry_failed().note


def test_a_status_set_by_hand_keeps_to_the_table_of_moves(web, queue, scrape, eventually):
    job = queue.submit_scraping_job(web.url("/article/8"))
    done = queue.wait(job.id, ANSWER_S)
    assert done.result.title == web.page("/article/8").title

    with pytest.raises(IllegalMove, match="after completed may come: nothing"):
        queue.update_job_status(job.id, "failed")
    slow = queue.submit_scraping_job(web.url("/slow/30?by-hand"))
    failed = queue.update_job_status(slow.id, sq.JobStatus.FAILED, error_message="I saw it fail")
    assert failed.status is sq.JobStatus.FAILED
    assert failed.error_message == "I saw it fail"
    with pytest.raises(ConfigError, match="error_message or error_kind"):
        queue.update_job_status(slow.id, sq.JobStatus.FAILED, colour="red")


def test_a_failed_job_set_to_pending_runs_again(web, queue):
    job = queue.submit_scraping_job(web.url("/flaky/1"), sq.ScrapingConfig(max_retries=0))
    assert queue.wait(job.id, ANSWER_S).status is sq.JobStatus.FAILED

    queue.update_job_status(job.id, sq.JobStatus.PENDING)

    assert queue.wait(job.id, ANSWER_S).status is sq.JobStatus.COMPLETED


def test_what_cannot_be_submitted_says_what_to_write(queue, web):
    with pytest.raises(InputError, match=r"https://example\.com"):
        queue.submit_scraping_job("ftp://example.com/file")
    for priority in (0, 10, "high", True, 2.5):
        with pytest.raises(ConfigError, match="from 1"):
            queue.submit_scraping_job(web.url(), priority=priority)
    with pytest.raises(NotFound, match="no job"):
        queue.get_job_status("nobody")
    with pytest.raises(NotFound):
        queue.cancel_job("nobody")


def test_waiting_has_an_end_and_the_work_goes_on(queue, web):
    job = queue.submit_scraping_job(web.url("/slow/1"))

    with pytest.raises(WaitTimeout, match="the work goes on"):
        queue.wait(job.id, timeout=0.01)

    assert queue.wait(job.id, ANSWER_S).status is sq.JobStatus.COMPLETED


def test_jobs_are_listed_by_what_they_are_at(queue, web, scrape, eventually):
    done = queue.submit_scraping_job(web.url("/article/9"))
    queue.wait(done.id, ANSWER_S)
    slow = queue.submit_scraping_job(web.url("/slow/30?listed"))
    eventually(lambda: queue.get_job_status(slow.id).status is sq.JobStatus.RUNNING)

    assert slow.id in [job.id for job in queue.get_active_jobs()]
    assert done.id not in [job.id for job in queue.get_active_jobs(limit=1000)]
    assert queue.get_job_history(limit=1)[0].id == slow.id
    assert slow.id in [job.id for job in queue.get_job_history(status_filter="running")]
    assert queue.get_job_history(status_filter=sq.JobStatus.COMPLETED)[0].id == done.id
    stats = queue.get_queue_stats()
    assert stats["active_tasks"] == stats["status_counts"]["running"] == 1
    assert stats["total_jobs"] == sum(stats["status_counts"].values())
    assert stats["workers"] == 2
    queue.cancel_job(slow.id)


def test_old_jobs_are_cleaned_up(queue, web):
    job = queue.submit_scraping_job(web.url("/article/10"))
    queue.wait(job.id, ANSWER_S)

    assert queue.cleanup_old_jobs(max_age_days=1) == 0
    assert queue.cleanup_old_jobs(max_age_days=0) >= 1

    with pytest.raises(NotFound, match="cleaned up"):
        queue.get_job_status(job.id)


def test_a_batch_that_was_deleted_is_named_by_every_verb(queue, scrape, eventually):
    batch = scrape(["mailto:x"] * 2, name="soon deleted")
    assert batch.is_done
    eventually(lambda: queue.cleanup_old_jobs(max_age_days=0))

    for verb in (batch.pause, batch.resume, batch.cancel, batch.retry_failed, lambda: batch.df):
        with pytest.raises(NotFound, match="its name was 'soon deleted'") as caught:
            verb()
        assert "may have been deleted, by age or by number of rows" in caught.value.hint
        assert caught.value.where in str(caught.value)
        assert caught.value.where not in caught.value.elsewhere
    with pytest.raises(NotFound, match="there is no batch 'soon deleted'"):
        sq.attach("soon deleted", queue=queue)


def test_submitting_and_watching_load_no_fetcher_and_no_parser():
    program = (
        "import sys, scrapeq as sq; sq.get_job_queue; sq.get_job_monitor;"
        "from scrapeq import database, frontier, models, project;"
        "[getattr(one, name) for one in (database, frontier, models, project) for name in one.__all__];"
        "heavy = {'aiohttp', 'selectolax', 'lxml', 'trafilatura', 'openai', 'pandas',"
        " 'curl_cffi', 'scrapeq.fetch', 'scrapeq.extract', 'scrapeq.llm'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    child = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=180
    )

    assert child.stdout.strip() == "[]"
