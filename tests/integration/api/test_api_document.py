"""The API keeps to its own document: whatever is sent, the answer is one that the document names."""

from __future__ import annotations

import re
from collections import Counter
from contextlib import suppress
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from hypothesis.strategies import just

import scrapeq as sq
from scrapeq.models.person import Right
from scrapeq.pipeline.job_queue import JobQueue
from scrapeq.pipeline.monitor import JobMonitor

#: The name of a schedule that there is.
SCHEDULE = "every year"
#: What may be any text. To find one that is wrong all the same takes 0.9 s of CPU.
ANY_TEXT = {"If-None-Match", "batch", "job_id", "name"}
#: Examples of each operation: good ones, and as many that are wrong somewhere.
EXAMPLES = 3
USUAL = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def known(module_web, cluster) -> str:
    """The id of a finished batch."""
    urls = [module_web.url("/article/1"), module_web.url("/status/404")]
    return (
        sq.scrape(urls, name="known", settings=cluster.settings, extract_links=True, max_retries=0)
        .wait(120)
        .id
    )


@pytest.fixture
def chief(served):
    return served.person("chief", Right.ADMINISTER)


@pytest.fixture
def scheduled(chief, web):
    """Makes a schedule that has no time while the tests run; all that were made are gone afterwards."""
    new = {"name": SCHEDULE, "urls": [web.url("/article/1")], "every": "52w"}

    def make():
        assert chief.post("/v1/schedules", json=new).status_code in {200, 201}

    yield make
    for one in chief.get("/v1/schedules").json()["schedules"]:
        chief.delete(f"/v1/schedules/{quote(one['name'], safe='')}")


def test_whatever_is_sent_the_answer_is_in_the_document(served, chief, known, web, scheduled):
    import schemathesis
    from schemathesis.checks import not_a_server_error
    from schemathesis.specs.openapi import checks

    expected = [
        not_a_server_error,
        checks.status_code_conformance,
        checks.content_type_conformance,
        checks.response_headers_conformance,
        checks.response_schema_conformance,
        checks.negative_data_rejection,
    ]
    token = {"Authorization": chief.headers["authorization"]}
    document = chief.get("/v1/openapi.json").json()
    del document["security"]  # that nothing is told without a token is tested elsewhere
    schema = schemathesis.openapi.from_dict(document)
    answers = Counter[tuple[str, str]]()
    tried: set[frozenset[str]] = set()  # of such texts

    def send(case: Any, mode: schemathesis.GenerationMode) -> None:
        if mode is schemathesis.GenerationMode.POSITIVE:
            on_this_machine(case, known, web.url("/article/1"))
            if "name" in (case.path_parameters or {}):
                scheduled()
        response = case.call(base_url=served.url, headers=token, timeout=60)
        answers[case.operation.label, f"{response.status_code // 100}xx"] += 1
        case.validate_response(response, checks=expected)

    for result in schema.get_all_operations():
        operation = result.ok()
        taken = frozenset(one.name for one in (*operation.iter_parameters(), *operation.body))
        for mode in schemathesis.GenerationMode:
            if mode is schemathesis.GenerationMode.NEGATIVE and taken <= ANY_TEXT:
                if taken in tried or not taken - {"If-None-Match"}:
                    continue
                tried.add(taken)
            drawn = operation.as_strategy(generation_mode=mode)
            with suppress(Unsatisfiable):  # nothing can be wrong in it
                USUAL(given(case=drawn, mode=just(mode))(send))()

    labels = {operation.ok().label for operation in schema.get_all_operations()}
    assert {label for label, _ in answers} == labels
    bad = {label for label, status in answers if status == "5xx"}
    assert not bad
    never_good = labels - {label for label, status in answers if status == "2xx"}
    # What is drawn at random is seldom a table of URLs, or a status that may follow, and never the name of a
    # file's content; no field of the known batch is filled by a language model.
    assert never_good <= {
        *("POST /v1/batches", "POST /v1/batches/file", "PATCH /v1/jobs/{job_id}"),
        *("POST /v1/schedules", "POST /v1/schedules/file"),
        *("GET /v1/batches/{batch}/file", "GET /v1/batches/{batch}/estimate"),
    }


def on_this_machine(case: Any, batch_id: str, url: str) -> None:
    """What is asked for exists half of the time, and is never fetched from elsewhere."""
    body = case.body if isinstance(case.body, dict) else {}
    if isinstance(body.get("url"), str) and body["url"]:
        body["url"] = url
    if isinstance(body.get("urls"), list):
        body["urls"] = [url if isinstance(one, str) else one for one in body["urls"]]
    if isinstance(body.get("rows"), list):
        body["rows"] = [{"url": url} if isinstance(one, dict) else one for one in body["rows"]]
    for name, value in (case.path_parameters or {}).items():
        if len(str(value)) % 2:
            known = {"batch": batch_id, "name": SCHEDULE}
            case.path_parameters[name] = known.get(name, f"{batch_id}-0")
    body.pop("proxy", None)
    if body.get("notify"):
        body["notify"] = url
    if isinstance(body.get("max_age_days"), (int, float)) and 0 <= body["max_age_days"] < 1:
        body["max_age_days"] = 1


#: The guide's methods, and by which operation each is reached.
METHODS = {
    "JobQueue.submit_scraping_job": "POST /v1/jobs",
    "JobQueue.get_job_status": "GET /v1/jobs/{job_id}",
    "JobQueue.update_job_status": "PATCH /v1/jobs/{job_id}",
    "JobQueue.cancel_job": "POST /v1/jobs/{job_id}/cancel",
    "JobQueue.get_active_jobs": "GET /v1/jobs/active",
    "JobQueue.get_job_history": "GET /v1/jobs",
    "JobQueue.cleanup_old_jobs": "POST /v1/queue/cleanup",
    "JobQueue.get_queue_stats": "GET /v1/queue",
    "JobMonitor.get_job_progress": "GET /v1/jobs/{job_id}/progress",
    "JobMonitor.get_system_metrics": "GET /v1/system",
    "JobMonitor.get_active_jobs_summary": "GET /v1/jobs/active/summary",
    "JobMonitor.record_job_completion": "POST /v1/jobs/{job_id}/completions",
    "JobMonitor.record_error": "POST /v1/errors",
    "JobMonitor.get_performance_history": "GET /v1/history",
}


def test_every_method_of_the_guide_has_its_endpoint(chief):
    document = chief.get("/v1/openapi.json").json()
    named = {
        method: f"{verb.upper()} {path}"
        for path, verbs in document["paths"].items()
        for verb, operation in verbs.items()
        for method in re.findall(r"`(Job(?:Queue|Monitor)\.\w+)`", operation["description"])
    }

    assert named == METHODS
    for method in METHODS:
        kind, name = method.split(".")
        assert callable(getattr({"JobQueue": JobQueue, "JobMonitor": JobMonitor}[kind], name))


def test_every_operation_says_what_it_does_and_what_may_go_wrong(chief):
    document = chief.get("/v1/openapi.json").json()

    assert document["components"]["securitySchemes"]["token"]["scheme"] == "bearer"
    for path, verbs in document["paths"].items():
        for verb, operation in verbs.items():
            assert operation["description"], (verb, path)
            assert {"401", "403", "422", "429", "503"} <= operation["responses"].keys()
            bodies = operation.get("requestBody", {}).get("content", {})
            reference = bodies.get("application/json", {}).get("schema", {}).get("$ref")
            if reference:
                sent = document["components"]["schemas"][reference.rpartition("/")[2]]
                assert sent["examples"], (verb, path)


def test_the_page_of_the_document_loads_nothing_from_elsewhere(chief):
    page = chief.get("/v1/docs")

    assert page.headers["content-type"].startswith("text/html")
    assert set(re.findall(r'(?:src|href)="([^"]*)"', page.text)) == {"data:,", "openapi.json"}
    assert "<script" not in page.text
    for path in chief.get("/v1/openapi.json").json()["paths"]:
        assert f"<code>{path}</code>" in page.text


def test_the_page_of_the_document_says_what_each_request_does(chief):
    page = chief.get("/v1/docs").text

    assert '<code>/v1/jobs</code> <span class="gist">Submit one URL</span>' in page
    assert "a token as <code>Authorization: Bearer</code>" in page
    assert "`" not in page
