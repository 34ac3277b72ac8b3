"""What the whole does, for Prometheus: one table of metrics, by its conventions of names and units.

    GET /metrics

No label has more values than a page of reading: kinds of errors, statuses, queues, versions, models
(`MOST_MODELS`); never a URL, a host, a batch or a job.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Literal

from fastapi import FastAPI, Request
from fastapi.responses import Response

from scrapeq.errors import MissingExtra
from scrapeq.models import ErrorKind
from scrapeq.pipeline.job_queue import JobQueue
from scrapeq.pipeline.measures import Measures, Measuring
from scrapeq.project.version import own_version
from scrapeq.stats import BUCKET_EDGES_S

if TYPE_CHECKING:
    from prometheus_client import Metric
    from prometheus_client.registry import CollectorRegistry

#: Models that are named, those with the most calls; all others are "other".
MOST_MODELS = 20
#: The ends of the histogram's buckets that are shown: 1, 2 and 5 of each power of ten. The record's are
#: closer together; 2 and 5 stand for 1.995 and 5.012.
_ENDS = {
    step: f"{float(f'{edge:.1g}'):g}"
    for step, edge in enumerate(BUCKET_EDGES_S)
    if step % 20 in {0, 6, 14}
}

Samples = Iterable[tuple[tuple[str, ...], float]]


@dataclass(frozen=True, slots=True)
class Described:
    """A metric: what Prometheus is told, and how its samples come from a measurement."""

    name: str
    kind: Literal["gauge", "counter", "histogram"]
    help: str
    labels: tuple[str, ...]
    samples: Callable[[Measures], Samples]


def _one(value: float | None) -> Samples:
    return [] if value is None else [((), float(value))]


def _by(counts: Iterable[tuple[str, float]]) -> Samples:
    return [((str(name),), float(count)) for name, count in counts]


def _of_redis(look: Callable[..., float]) -> Callable[[Measures], Samples]:
    return lambda m: _one(look(m.redis) if m.redis else None)


def _of_record(look: Callable[..., float]) -> Callable[[Measures], Samples]:
    return lambda m: _one(look(m.record) if m.record else None)


def _counts(
    look: Callable[..., Iterable[tuple[str, float]]], of: str
) -> Callable[[Measures], Samples]:
    """A sample for each count of `record` or `redis`; none while it does not answer."""

    def samples(m: Measures) -> Samples:
        found = getattr(m, of)
        return _by(look(found)) if found else []

    return samples


def _errors(m: Measures) -> Samples:
    known = {str(kind) for kind in ErrorKind}
    counts = Counter(dict.fromkeys(known, 0))
    for kind, count in m.record.finished.errors.items() if m.record else ():
        counts[kind if kind in known else "other"] += count
    return _by(sorted(counts.items())) if m.record else []


def _ai(*names: str) -> Callable[[Measures], Samples]:
    """The sum of these columns by model."""

    def samples(m: Measures) -> Samples:
        found = m.record.ai if m.record else {}
        often = sorted(found, key=lambda model: -found[model]["calls"])[:MOST_MODELS]
        sums: Counter[str] = Counter()
        for model, counts in found.items():
            sums[model if model in often else "other"] += sum(counts[name] for name in names)
        return _by(sorted(sums.items()))

    return samples


def _tokens(m: Measures) -> Samples:
    for direction in ("input", "output"):
        for (model,), count in _ai(f"{direction}_tokens")(m):
            yield (model, direction), count


def _versions(m: Measures) -> Samples:
    if m.redis is None:
        return []
    seen = m.redis.seen
    return _by(Counter(seen.versions.get(one.name, "") for one in seen.listeners).items())


def _listeners(m: Measures) -> Samples:
    if m.redis is None:
        return []
    listening = Counter(queue for one in m.redis.seen.listeners for queue in one.queues)
    return _by((queue, listening[queue]) for queue in m.redis.messages)


METRICS = (
    Described(
        "scrapeq_build_info", "gauge", "1, with the version of scrapeq that measures.",
        ("version",), lambda _: [((own_version(),), 1.0)],
    ),
    Described(
        "scrapeq_measurement_seconds", "gauge", "How long this measurement took.",
        (), lambda m: _one(m.took_s),
    ),
    Described(
        "scrapeq_record_up", "gauge", "1 if the database answers, else 0.",
        (), lambda m: _one(m.record is not None),
    ),
    Described(
        "scrapeq_redis_up", "gauge", "1 if Redis answers, else 0.",
        (), lambda m: _one(m.redis is not None),
    ),
    Described(
        "scrapeq_jobs", "gauge", "Jobs in the record by status.",
        ("status",), lambda m: _by(m.jobs.items()),
    ),
    Described(
        "scrapeq_jobs_open", "gauge", "Jobs that Redis knows and that are not done.",
        (), _of_redis(lambda r: r.depth.open),
    ),
    Described(
        "scrapeq_jobs_due", "gauge",
        "Open jobs that a worker may take now (of the first 2,000 hosts at least).",
        (), _of_redis(lambda r: r.depth.due),
    ),
    Described(
        "scrapeq_jobs_stalled_seconds", "gauge",
        "For how long jobs have been due and no worker took one; 0 where work goes on.",
        (), _of_redis(lambda r: r.seen.stalled_s),
    ),
    Described(
        "scrapeq_batches", "gauge", "Unfinished batches by state.",
        ("state",), _counts(lambda r: r.batches.items(), "record"),
    ),
    Described(
        "scrapeq_pages_finished", "counter",
        "Pages that were fetched and ended, since the record began.",
        ("result",),
        _counts(
            lambda r: [("succeeded", r.finished.succeeded), ("failed", r.finished.failed)], "record"
        ),
    ),
    Described(
        "scrapeq_pages_rendered", "counter", "Those of them that a browser showed.",
        (), _of_record(lambda r: r.finished.rendered),
    ),
    Described(
        "scrapeq_page_errors", "counter", "Pages that failed, by kind of error.",
        ("kind",), _errors,
    ),
    Described(
        "scrapeq_fetch_duration_seconds", "histogram",
        "Time of the last try of pages that a request was sent for.",
        (), lambda _: [],
    ),
    Described(
        "scrapeq_hosts_ready", "gauge", "Hosts with due jobs that may be asked now.",
        (), _of_redis(lambda r: r.depth.ready_hosts),
    ),
    Described(
        "scrapeq_hosts_throttled", "gauge",
        "Hosts with due jobs that must wait for their pace or their breaker.",
        (), _of_redis(lambda r: r.depth.throttled_hosts),
    ),
    Described(
        "scrapeq_hosts_paused", "gauge", "Hosts whose breaker is not closed.",
        (), _of_redis(lambda r: r.seen.paused_hosts),
    ),
    Described(
        "scrapeq_worker_processes", "gauge",
        "Live processes that take jobs: any job, or those that need a browser alone.",
        ("takes",),
        _counts(lambda r: [("any", r.seen.scrapers), ("rendering", r.seen.renderers)], "redis"),
    ),
    Described(
        "scrapeq_workers", "gauge", "Live workers by version; empty: an older one that tells none.",
        ("version",), _versions,
    ),
    Described(
        "scrapeq_queue_listeners", "gauge", "Live workers that listen to a Celery queue.",
        ("queue",), _listeners,
    ),
    Described(
        "scrapeq_queue_messages", "gauge",
        "Messages that wait in a Celery queue, wake-ups among them.",
        ("queue",), lambda m: _by(m.redis.messages.items()) if m.redis else [],
    ),
    Described(
        "scrapeq_browsers", "gauge", "Browsers that run.",
        (), _of_redis(lambda r: r.browsers.up),
    ),
    Described(
        "scrapeq_browser_pages", "gauge", "Pages that browsers show now.",
        (), _of_redis(lambda r: r.browsers.pages),
    ),
    Described(
        "scrapeq_browser_memory_bytes", "gauge", "Memory of all browsers.",
        (), _of_redis(lambda r: r.browsers.memory_mb * 1e6),
    ),
    Described(
        "scrapeq_redis_memory_bytes", "gauge", "Memory that Redis uses.",
        (), _of_redis(lambda r: r.facts.used_bytes),
    ),
    Described(
        "scrapeq_redis_memory_limit_bytes", "gauge", "Its maxmemory; 0: none.",
        (), _of_redis(lambda r: r.facts.most_bytes),
    ),
    Described(
        "scrapeq_redis_write_error", "gauge", "1 if Redis could not write its files last, else 0.",
        (), _of_redis(lambda r: bool(r.facts.write_error)),
    ),
    Described(
        "scrapeq_record_size_bytes", "gauge", "Size of the database.",
        (), _of_record(lambda r: r.size_bytes),
    ),
    Described(
        "scrapeq_disk_free_bytes", "gauge", "Free room on the disk of the home.",
        (), lambda m: _one(m.free_bytes),
    ),
    Described(
        "scrapeq_ai_calls", "counter", "Calls of language models.", ("model",), _ai("calls"),
    ),
    Described(
        "scrapeq_ai_answers_kept", "counter", "Questions that kept answers saved a call for.",
        ("model",), _ai("cached"),
    ),
    Described(
        "scrapeq_ai_tokens", "counter", "Tokens of language models.",
        ("model", "direction"), _tokens,
    ),
    Described(
        "scrapeq_ai_cost_usd", "counter", "What calls of language models cost, in US dollars.",
        ("model",),
        lambda m: [(labels, nano / 1e9) for labels, nano in _ai("cost_nano")(m)],
    ),
)  # fmt: skip


class Collector:
    """Measures when it is asked, and keeps nothing but the sums of closed minutes."""

    def __init__(self, find_queue: Callable[[], JobQueue]) -> None:
        self._measuring = Measuring(find_queue)

    def collect(self) -> Iterator[Metric]:
        """Every metric of `METRICS` that can be known now."""
        measures = self._measuring.measure()
        for one in METRICS:
            yield _metric(one, measures)

    def describe(self) -> Iterator[Metric]:
        """Nothing: a registry that asked for names would measure."""
        return iter(())


def _metric(one: Described, measures: Measures) -> Metric:
    from prometheus_client import core

    if one.kind == "histogram":
        histogram = core.HistogramMetricFamily(one.name, one.help)
        if measures.record:
            finished = measures.record.finished
            histogram.add_metric([], _buckets(finished.latencies), sum_value=finished.time_s)
        return histogram
    family = core.CounterMetricFamily if one.kind == "counter" else core.GaugeMetricFamily
    metric = family(one.name, one.help, labels=one.labels)
    for labels, value in one.samples(measures):
        metric.add_metric(labels, value)
    return metric


def _buckets(counts: Counter[int]) -> list[tuple[str, float]]:
    """How many took at most so long, for the ends that are shown."""
    shown = [
        (end, float(sum(count for number, count in counts.items() if number <= step)))
        for step, end in _ENDS.items()
    ]
    return [*shown, ("+Inf", float(sum(counts.values())))]


def registry(find_queue: Callable[[], JobQueue]) -> CollectorRegistry:
    """What prometheus_client writes out; find_queue: see `Measuring`. Raises MissingExtra without it."""
    try:
        from prometheus_client.registry import CollectorRegistry
    except ImportError:
        raise MissingExtra(
            "metrics need the package prometheus-client", hint='pip install "scrapeq[server]"'
        ) from None
    own = CollectorRegistry()
    own.register(Collector(find_queue))
    return own


def as_text(queue: JobQueue) -> str:
    """All metrics once, in Prometheus's text format. Raises MissingExtra."""
    own = registry(lambda: queue)
    from prometheus_client import generate_latest

    return generate_latest(own).decode()


def add_metrics(app: FastAPI, find_queue: Callable[[], JobQueue]) -> None:
    """Let the application answer /metrics, in the form that the asker prefers. find_queue: see
    `Measuring`. Where prometheus_client is missing, the answer is MissingExtra's."""
    own = cache(lambda: registry(find_queue))

    @app.get("/metrics", include_in_schema=False)
    def metrics(request: Request) -> Response:
        found = own()
        from prometheus_client.exposition import choose_encoder

        encode, content_type = choose_encoder(request.headers.get("accept", ""))
        return Response(encode(found), headers={"Content-Type": content_type})
