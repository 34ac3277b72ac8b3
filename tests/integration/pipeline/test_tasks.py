"""The worker's four tasks, called through Celery as any other program may call them."""

from __future__ import annotations

import time

import pytest
from celery import Celery, chain

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

    batch = call("batch_scrape", "many", urls, {"max_retries": 0})

    assert (batch["total"], batch["completed"], batch["failed"]) == (32, 30, 2)
    assert batch["job_ids"] == [f"many-{row}" for row in range(32)]
    assert batch["results_left_out"] == 0
    results = batch["results"]
    assert [one["id"] for one in results] == batch["job_ids"]
    assert [one["url"] for one in results] == urls
    assert [one["status"] for one in results] == ["completed"] * 30 + ["failed"] * 2
    assert [one["result"]["title"] for one in results[:4]] == [
        web.page(f"/article/{n}", host=n).title for n in range(4)
    ]
    assert results[30]["error_kind"] == "http_4xx"
    pages = sq.BatchHandle(queue, "many").pages()
    assert [page.row for page in pages] == list(range(32))


def test_an_id_answers_for_one_url_only(call, web, asked):
    call("scrape_url", "mine", web.url("/article/60"))
    call("batch_scrape", "ours", [web.url("/article/61"), web.url("/article/62")])
    before = len(asked())

    for task, arguments in [
        ("scrape_url", ["mine", web.url("/article/63")]),
        ("scrape_url", ["mine", web.url("/article/60"), {"extract_links": True}]),
        ("scrape_url", ["ours", web.url("/article/61")]),
        ("batch_scrape", ["ours", [web.url("/article/61")]]),
        ("batch_scrape", ["ours", [web.url("/article/62"), web.url("/article/61")]]),
    ]:
        with pytest.raises(Exception, match=r"taken by another|another extract_links|of a batch"):
            call(task, *arguments)

    assert len(asked()) == before
    assert call("scrape_url", "mine", web.url("/article/60"))["status"] == "completed"


def test_a_name_of_a_batch_is_no_id(call, web, scrape):
    scrape([web.url("/article/64")], name="prices").wait(PATIENCE_S)

    job = call("scrape_url", "prices", web.url("/article/65"))

    assert (job["id"], job["status"]) == ("prices", "completed")


def test_odd_arguments_are_refused_by_name(call):
    cases: list[tuple[str, list[object], dict[str, object], str]] = [
        ("scrape_url", [5, "https://a.example"], {}, "job_id is 5"),
        ("scrape_url", ["odd", "https://a.example", 5], {}, "config is 5"),
        ("batch_scrape", ["odd", 5], {}, "urls is 5"),
        ("process_content", [5], {}, "content is 5"),
        ("process_content", ["text", None, "rhyme"], {}, "summarise, classify, extract"),
        ("process_content", ["text"], {"colour": "red"}, "does not take colour"),
        ("process_content", ["text"], {"labels": 5}, "labels is 5"),
        ("clean_data", [5], {}, "records cannot be read from int"),
        ("clean_data", [{}, {"colour": 1}], {}, "cleaning rules"),
    ]
    for task, arguments, named, words in cases:
        with pytest.raises(Exception, match=words) as caught:
            call(task, *arguments, **named)
        assert type(caught.value).__name__ in {"ConfigError", "InputError"}


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


def test_cleaning_without_rules_goes_by_the_names_of_fields(call):
    row = {
        "title": " A ",
        "product_price": "1.299,00 €",
        "publishedAt": "3 March 2025",
        "note": "1,5",
    }

    cleaned = call("clean_data", row)

    assert cleaned["data"] == {
        "title": "A",
        "product_price": 1299,
        "product_price_currency": "EUR",
        "publishedAt": "2025-03-03",
        "note": "1,5",
    }
    assert call("clean_data", row, {})["data"]["product_price"] == "1.299,00 €"


def test_cleaning_twice_in_a_chain_nests_nothing(queue):
    clean = queue.services.app.signature(f"{TASK}clean_data_task")
    row = {"name": " A ", "price": "15,50 €"}

    sent = chain(clean.clone([row]), clean.clone()).apply_async()

    assert sent.get(timeout=PATIENCE_S)["data"] == {
        "name": "A",
        "price": 15.5,
        "price_currency": "EUR",
    }


@pytest.mark.parametrize("kind", ["summarise", "classify", "extract"])
def test_the_language_model_is_asked_about_a_page(call, llmock, kind):
    options: dict[str, dict[str, object]] = {
        "classify": {"labels": ["news", "shop"]},
        "extract": {"schema": BOOK},
    }

    row = call(
        "process_content",
        f"A bakery opened on Mill Street to {kind}.",  # the same question would not be asked twice
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


@pytest.mark.parametrize("kind", ["html", "article", "Summary"])
def test_the_model_gets_what_a_person_reads_and_no_script(call, llmock, kind):
    page = f"""<!doctype html><title>News</title><style>p {{color: red}}</style>
    <script>track("visitor-4711")</script><p>A bakery opened on <b>Mill Street</b> as {kind}.</p>"""

    row = call("process_content", page, "https://example.com", kind)

    assert row["ok"], row["error_message"]
    sent = str(llmock.requests[0].body)
    assert f"A bakery opened on Mill Street as {kind}." in sent
    assert "visitor-4711" not in sent
    assert "color: red" not in sent
