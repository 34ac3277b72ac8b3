"""Traces from submitting a batch to its rows: in a process of its own, since tracing is set up once for one."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from scrapeq.project.tracing import trace_id
from tests.redis_server import check_redis_program, redis_server

#: Submits, works and prints its spans; what a notebook with a worker in it would be.
PROGRAM = """
import json, sys, time
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

spans = InMemorySpanExporter()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(spans))
trace.set_tracer_provider(provider)

from scrapeq.pipeline.job_queue import JobQueue
from scrapeq.project.services import open_services
from scrapeq.work.loop import WorkLoop

from scrapeq.project import recovery

services = open_services(start=False)
recovery.recover(services)
queue, loop = JobQueue(services), WorkLoop(services)
loop.start()
with trace.get_tracer("notebook").start_as_current_span("cell"):
    batch = queue.submit_batch(json.loads(sys.argv[1]), {"retry_backoff_s": 0.05, "max_retries": 1})
deadline = time.monotonic() + 120
while not queue.find_batch(batch.id).is_complete and time.monotonic() < deadline:
    loop.drain(0.2)
loop.stop()
print(json.dumps({"batch": batch.id, "spans": [
    {
        "name": one.name, "trace": one.context.trace_id, "id": one.context.span_id,
        "parent": one.parent and one.parent.span_id, "status": one.status.status_code.name,
        "attributes": dict(one.attributes), "links": [link.context.trace_id for link in one.links],
        "took_ns": one.end_time - one.start_time,
    } for one in spans.get_finished_spans()
]}))
"""


@pytest.fixture(scope="module")
def traced(tmp_path_factory, module_web, needs_service):
    check_redis_program(needs_service)
    folder = tmp_path_factory.mktemp("traced")
    urls = [module_web.url("/article/1?secret=s3cr3t"), module_web.url("/status/503")]
    with redis_server() as (url, _):
        given = {
            "REDIS_URL": url,
            "SCRAPEQ_HOME": str(folder / "home"),
            "SCRAPEQ_ALLOW_PRIVATE_ADDRESSES": "true",
        }
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, json.dumps(urls)],
            env=os.environ | given,
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=240,
        )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def named(traced, name):
    return [one for one in traced["spans"] if one["name"] == f"scrapeq.{name}"]


def test_one_trace_from_submit_to_the_rows(traced):
    ours = [one for one in traced["spans"] if one["name"].startswith("scrapeq.")]
    (cell,) = (one for one in traced["spans"] if one["name"] == "cell")
    (submit,) = named(traced, "submit")

    assert {one["trace"] for one in ours} == {trace_id(traced["batch"])}
    assert submit["attributes"]["scrapeq.rows"] == 2
    assert submit["links"] == [cell["trace"]]
    assert len(named(traced, "save")) == 2
    assert len(named(traced, "try")) == 3  # the second URL is tried twice
    assert len(named(traced, "fetch")) == 3
    assert len(named(traced, "read")) == 1


def test_fetching_and_reading_are_parts_of_a_try(traced):
    tries = {one["id"]: one for one in named(traced, "try")}

    for part in (*named(traced, "fetch"), *named(traced, "read")):
        assert part["parent"] in tries
        around = tries[part["parent"]]
        assert part["attributes"]["scrapeq.job"] == around["attributes"]["scrapeq.job"]
        assert 0 < part["took_ns"] <= around["took_ns"]


def test_a_try_that_failed_says_why_and_no_span_holds_an_address(traced):
    kinds = [one["attributes"].get("scrapeq.error_kind") for one in named(traced, "try")]

    assert sorted(kind for kind in kinds if kind) == ["http_5xx", "http_5xx"]
    assert [one["status"] for one in named(traced, "try")].count("ERROR") == 2
    assert "s3cr3t" not in str(traced)
    assert "/article" not in str(traced)
