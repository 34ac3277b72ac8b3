"""Traces: nothing without the SDK, one trace for a batch, and an exporter only where it is asked for."""

from __future__ import annotations

import subprocess
import sys

import pytest

from scrapeq.project import tracing


def test_a_batch_has_one_trace_wherever_it_is_worked_on():
    assert tracing.trace_id("a") == tracing.trace_id("a") != tracing.trace_id("b")
    assert 0 < tracing.trace_id("a\ud800") < 2**128


def test_without_the_sdk_nothing_is_done(monkeypatch):
    monkeypatch.setattr(tracing, "is_on", lambda: False)

    with tracing.span("submit", "b", rows=1) as span:
        tracing.failed(span, "dns")
    tracing.finished_span("save", "b", 1, 2)

    assert span is None


@pytest.mark.parametrize(
    ("environment", "answer"),
    [
        ({}, "False"),
        ({"OTEL_TRACES_EXPORTER": "none"}, "False"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}, "no traces are sent"),
    ],
)
def test_a_worker_exports_where_it_is_asked_to(environment, answer):
    """The exporter is not installed here, so that is said."""
    script = (
        "import logging, sys; logging.basicConfig(stream=sys.stdout)\n"
        "sys.modules['opentelemetry.exporter'] = None\n"
        "from scrapeq.project import tracing; tracing.begin(); print(tracing.is_on())"
    )

    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
    )

    assert answer in done.stdout
