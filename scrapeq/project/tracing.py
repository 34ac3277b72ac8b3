"""OpenTelemetry spans from submitting a batch to its rows, where OpenTelemetry's SDK is in use.

All spans of a batch are in one trace, whose id is made from the batch's id: so it travels with every job,
through Redis, the record and restarts, without a field of its own. Where nobody loaded the SDK, a span costs a
look into a dictionary.
"""

from __future__ import annotations

import hashlib
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.trace import Span

log = logging.getLogger(__name__)

_SDK = "opentelemetry.sdk.trace"
#: OpenTelemetry's own variables; one of them asks a worker to export what it does.
_ASKING = (
    "OTEL_TRACES_EXPORTER",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
)


def is_on() -> bool:
    """Whether this process has OpenTelemetry's SDK."""
    return _SDK in sys.modules


@contextmanager
def span(name: str, batch_id: str, **attributes: str | int | bool) -> Iterator[Span | None]:
    """A span of a batch; one inside another is its child. The span, or None where there is no SDK.

    Attributes are called `scrapeq.<name>`: ids, counts, hosts and kinds, never a URL or a secret. An
    exception is noted by its type alone.
    """
    if not is_on():
        yield None
        return
    from opentelemetry import trace

    now = trace.get_current_span().get_span_context()
    known = {f"scrapeq.{key}": value for key, value in {"batch": batch_id, **attributes}.items()}
    inside = now.trace_id == trace_id(batch_id)
    beside = [trace.Link(now)] if now.is_valid and not inside else None
    with trace.get_tracer("scrapeq").start_as_current_span(
        f"scrapeq.{name}",
        None if inside else _context(batch_id),
        attributes=known,
        links=beside,
        record_exception=False,
        set_status_on_exception=False,
    ) as begun:
        try:
            yield begun
        except Exception as error:
            begun.set_status(trace.StatusCode.ERROR, type(error).__name__)
            raise


def finished_span(
    name: str, batch_id: str, began_ns: int, ended_ns: int, **attributes: str | int | bool
) -> None:
    """A span of something that was done for many at once, told when it is over."""
    if not is_on():
        return
    from opentelemetry import trace

    known = {f"scrapeq.{key}": value for key, value in {"batch": batch_id, **attributes}.items()}
    tracer = trace.get_tracer("scrapeq")
    begun = tracer.start_span(
        f"scrapeq.{name}", _context(batch_id), attributes=known, start_time=began_ns
    )
    begun.end(ended_ns)


def failed(begun: Span | None, kind: str) -> None:
    """A page failed with this kind of error."""
    if begun is not None:
        from opentelemetry.trace import StatusCode

        begun.set_attribute("scrapeq.error_kind", kind)
        begun.set_status(StatusCode.ERROR, kind)


def trace_id(batch_id: str) -> int:
    """The id of a batch's trace."""
    return int.from_bytes(_digest(batch_id)[:16])


def _digest(batch_id: str) -> bytes:
    return hashlib.sha256(f"scrapeq trace {batch_id}".encode("utf-8", "surrogatepass")).digest()


def _context(batch_id: str) -> Context:
    """As if all spans of the batch came from one span elsewhere, which nobody exports."""
    from opentelemetry import trace

    span_id = int.from_bytes(_digest(batch_id)[16:24])
    sampled = trace.TraceFlags(trace.TraceFlags.SAMPLED)
    root = trace.SpanContext(trace_id(batch_id), span_id, is_remote=True, trace_flags=sampled)
    return trace.set_span_in_context(trace.NonRecordingSpan(root))


def begin() -> None:
    """In a worker process that was just forked: export spans by OTLP, if the environment asks for it
    (`OTEL_EXPORTER_OTLP_ENDPOINT`, ...) and nobody else set it up."""
    if is_on() or not any(os.environ.get(name) for name in _ASKING):
        return
    if os.environ.get("OTEL_TRACES_EXPORTER", "otlp") != "otlp":
        return
    try:
        from opentelemetry import trace
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        log.warning(
            "no traces are sent, since %s is not installed: pip install 'scrapeq[otel]' "
            "opentelemetry-exporter-otlp-proto-http",
            error.name,
        )
        return
    name = os.environ.get("OTEL_SERVICE_NAME", "scrapeq-worker")
    provider = TracerProvider(resource=Resource.create({"service.name": name}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
