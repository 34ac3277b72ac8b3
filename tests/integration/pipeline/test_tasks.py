"""The worker's four tasks, called through Celery as any other program may call them."""

from __future__ import annotations

import time

import pytest
from celery import Celery

import scrapeq as sq
from scrapeq.errors import NotFound
from scrapeq.settings import load_settings

PATIENCE_S = 180
TASK = "scrapeq.pipeline.worker."
BOOK = {
    "type": "object",
    "properties": {"title": {"type": "string"}, "year": {"type": "integer"}},
    "required": ["title"],
}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory, llmock_server):
    """Two workers whose language model is a server on this machine."""
    settings = load_settings(
        SCRAPEQ_ALLOW_PRIVATE_ADDRESSES=True,
        SCRAPEQ_HOME=tmp_path_factory.mktemp("home"),
        SCRAPEQ_AI_BASE_URL=llmock_server.base_url("openai"),
        SCRAPEQ_AI_API_KEY="sk-of-no-worth",
        SCRAPEQ_AI_MAX_RETRIES=0,
    )
    with sq.LocalCluster(workers=2, home=settings.home, settings=settings) as local:
        yield local


@pytest.fixture
def call(queue):
    """`call("clean_data", ...)`: what the task gave, as JSON."""
    app: Celery = queue.services.app

    def done(task: str, *arguments, **named):
        sent = app.send_task(f"{TASK}{task}_task", arguments, named)
        return sent.get(timeout=PATIENCE_S)

    return done


def test_scraping_a_url(call, web, queue, asked):
    job_id = f"by-hand-{time.time_ns()}"
    config = {"custom_selectors": {"headline": "h1"}}

    job = call("scrape_url", job_id, web.url("/article/1"), config)

    assert (job["id"], job["status"]) == (job_id, "completed")
    assert job["result"]["fields"]["headline"] == web.page("/article/1").title
    assert queue.get_job_status(job_id).status is sq.JobStatus.COMPLETED
    assert call("scrape_url", job_id, web.url("/article/1"), config)["attempts"] == 1
    assert len(asked()) == 1  # a message that comes twice is work done once


def test_a_page_that_fails_is_no_error_of_the_task(call, web):
    job = call("scrape_url", "fails", web.url("/status/404"))

    assert job["status"] == "failed"
    assert job["error_kind"] == "http_4xx"


def test_a_job_that_was_submitted_before_is_done_once(call, web, queue, asked):
    job = queue.submit_scraping_job(web.url("/slow/0.5"))

    assert call("scrape_url", job.id, job.url)["status"] == "completed"
    assert len(asked()) == 1


def test_scraping_many_urls(call, web, queue):
    urls = [web.url(f"/article/{n}", host=n % 4) for n in range(30)] + [web.url("/status/410"), "?"]

    counts = call("batch_scrape", "many", urls, {"max_retries": 0})

    assert (counts["total"], counts["completed"], counts["failed"]) == (32, 30, 2)
    pages = sq.BatchHandle(queue, "many").pages()
    assert [page.row for page in pages] == list(range(32))
    assert [page.title for page in pages[:4]] == [
        web.page(f"/article/{n}", host=n).title for n in range(4)
    ]


def test_options_that_cannot_be_met_are_said(call, web, queue):
    with pytest.raises(Exception, match="max_retries"):
        call("scrape_url", "wrong", web.url(), {"max_retry": 1})

    with pytest.raises(NotFound):
        queue.get_job_status("wrong")


def test_cleaning_records(call):
    one = call("clean_data", {"name": "  A\u00a0 B ", "price": "1.299,00 €"}, {"prices": ["price"]})
    many = call("clean_data", [{"a": "x"}, {"a": "x"}], {"duplicates": True})

    assert one["data"]["name"] == "A B"
    assert one["data"]["price"] == 1299
    assert one["data"]["price_currency"] == "EUR"
    assert one["report"]
    assert many["data"] == [{"a": "x"}]


@pytest.mark.parametrize("kind", ["summarise", "classify", "extract"])
def test_the_language_model_is_asked_about_a_page(call, llmock, kind):
    options: dict[str, dict[str, object]] = {
        "classify": {"labels": ["news", "shop"]},
        "extract": {"schema": BOOK},
    }

    row = call(
        "process_content",
        "A bakery opened on Mill Street.",
        "https://example.com",
        kind,
        **options.get(kind, {}),
    )

    assert row["ok"], row["error_message"]
    assert row["result"]
    assert len(llmock.requests) == 1


def test_a_model_that_fails_is_a_row(call, llmock):
    llmock.fail(500)

    row = call("process_content", "A bakery opened on Mill Street.")

    assert row["ok"] is False
    assert row["error_kind"] == "ai"
    assert "500" in row["error_message"]


def test_what_is_scraped_can_be_processed(call, web, llmock, queue):
    page = call("scrape_url", "text", web.url("/article/50"))["result"]

    row = call("process_content", page["text"], page["url"], "summarise")

    assert row["ok"]
    assert page["text"][:40] in str(llmock.requests[0].body)
