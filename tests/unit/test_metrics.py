"""Metrics: the names that are exposed, the page that lists them, and the dashboard that draws them."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from prometheus_client.parser import text_string_to_metric_families

from scrapeq.api import metrics
from scrapeq.api.metrics import METRICS, MOST_MODELS, Described
from scrapeq.database.totals import Finished
from scrapeq.frontier import Listener, RedisFacts, WorkersSeen
from scrapeq.frontier.inspection import Depth
from scrapeq.models.monitoring import BrowsersNow
from scrapeq.pipeline.measures import Measures, RecordMeasures, RedisMeasures
from scrapeq.stats import histogram

DOCS = Path(__file__).parents[2] / "docs"
RECORD = RecordMeasures(
    jobs={},
    batches={"open": 1, "paused": 0},
    finished=Finished(
        3, 2, 1, 4, 2.5, Counter(histogram([0.02, 0.1, 0.3, 2000])), Counter(dns=2, newer=1)
    ),
    ai={
        f"model-{n}": {
            "calls": n, "cached": 1, "input_tokens": 10, "output_tokens": 5, "cost_nano": 500_000_000,
        }
        for n in range(MOST_MODELS + 5)
    },
    size_bytes=10,
)  # fmt: skip
SEEN = WorkersSeen(
    listeners=(Listener("a:1", 2, ("scraping",)), Listener("b:1", 2, ("cleaning",))),
    versions={"a:1": "1.0"}, scrapers=2, renderers=1, open_jobs=9, stalled_s=0.0, paused_hosts=1,
    run_id="r", epoch=1,
)  # fmt: skip
REDIS = RedisMeasures(
    facts=RedisFacts("Valkey 9", "noeviction", 5, 10, 20, "", "", 0.0, is_replica=False),
    seen=SEEN,
    depth=Depth(9, 4, 3, 2, 1, 1),
    messages={"scraping": 2, "cleaning": 0},
    browsers=BrowsersNow(up=1, pages=2, rendered=3, memory_mb=4),
)
ALL = Measures(RECORD, REDIS, 100, 0.1, {"pending": 4, "running": 3})


def exposed(name: str, kind: str) -> set[str]:
    """The names of the samples of a metric."""
    endings = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_sum", "_count")}
    return {f"{name}{ending}" for ending in endings[kind]}


def samples(measures: Measures, monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[str, float]]:
    """What Prometheus reads: the values by name and labels."""
    measuring = SimpleNamespace(measure=lambda: measures)
    monkeypatch.setattr(metrics, "Measuring", lambda _: measuring)
    found: dict[str, dict[str, float]] = {}
    for family in text_string_to_metric_families(metrics.as_text(None)):  # type: ignore[arg-type]
        for one in family.samples:
            found.setdefault(one.name, {})[",".join(one.labels.values())] = one.value
    return found


def test_every_metric_has_its_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    found = samples(ALL, monkeypatch)

    assert set(found) == set().union(*(exposed(one.name, one.kind) for one in METRICS))
    assert found["scrapeq_jobs"] == {"pending": 4, "running": 3}
    assert found["scrapeq_pages_finished_total"] == {"succeeded": 3, "failed": 2}
    assert found["scrapeq_page_errors_total"]["dns"] == 2
    assert found["scrapeq_page_errors_total"]["other"] == 1
    assert found["scrapeq_workers"] == {"1.0": 1, "": 1}
    assert found["scrapeq_queue_listeners"] == {"scraping": 1, "cleaning": 1}
    assert found["scrapeq_browser_memory_bytes"] == {"": 4_000_000}


def test_latencies_are_a_histogram(monkeypatch: pytest.MonkeyPatch) -> None:
    found = samples(ALL, monkeypatch)
    buckets = found["scrapeq_fetch_duration_seconds_bucket"]

    assert buckets["0.01"] == 0
    assert buckets["0.05"] == 1
    assert buckets["0.5"] == buckets["1000"] == 3
    assert buckets["+Inf"] == found["scrapeq_fetch_duration_seconds_count"][""] == 4
    assert found["scrapeq_fetch_duration_seconds_sum"][""] == 2.5
    assert list(buckets.values()) == sorted(buckets.values())


def test_models_are_as_many_as_a_person_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    found = samples(ALL, monkeypatch)

    assert len(found["scrapeq_ai_calls_total"]) == MOST_MODELS + 1
    assert found["scrapeq_ai_calls_total"]["other"] == 0 + 1 + 2 + 3 + 4
    assert found["scrapeq_ai_cost_usd_total"]["other"] == 2.5
    assert found["scrapeq_ai_tokens_total"]["input,model-9"] == 10


@pytest.mark.parametrize("away", ["record", "redis"])
def test_what_is_away_is_left_out(away: str, monkeypatch: pytest.MonkeyPatch) -> None:
    left = replace(ALL, record=None) if away == "record" else replace(ALL, redis=None)
    found = samples(left, monkeypatch)

    assert found[f"scrapeq_{away}_up"] == {"": 0}
    assert ("scrapeq_jobs_due" in found) is (away == "record")
    assert ("scrapeq_record_size_bytes" in found) is (away == "redis")


@pytest.mark.parametrize("one", METRICS, ids=lambda one: one.name)
def test_names_follow_the_conventions_of_prometheus(one: Described) -> None:
    """https://prometheus.io/docs/practices/naming: base units, no type in the name, no colon."""
    assert re.fullmatch(r"scrapeq_[a-z0-9_]+", one.name)
    assert not re.search(r"_(total|count|sum|bucket|gauge|counter|ms|milliseconds|mb)$", one.name)
    assert all(re.fullmatch(r"[a-z_]+", label) for label in one.labels)
    assert not {"url", "host", "job", "batch", "job_id"} & set(one.labels)
    assert one.help.endswith(".")


def test_every_metric_is_documented() -> None:
    text = (DOCS / "reference" / "metrics.md").read_text("utf-8")
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| (.*?) \| (.*?) \|$", text, re.MULTILINE)

    assert rows == [
        (
            one.name + ("_total" if one.kind == "counter" else ""),
            one.kind,
            ", ".join(f"`{label}`" for label in one.labels) or "–",
            one.help.rstrip("."),
        )
        for one in METRICS
    ]


BOARD = json.loads((DOCS / "operations" / "grafana.json").read_text("utf-8"))
QUERIES = [
    target["expr"] for panel in BOARD["panels"] for target in panel.get("targets", ())
]  # fmt: skip


def test_the_dashboard_of_grafana_draws_every_metric_and_no_other() -> None:
    alerts = (DOCS / "how-to" / "monitoring.md").read_text("utf-8")
    names = set().union(*(exposed(one.name, one.kind) for one in METRICS))
    drawn = {name for query in QUERIES for name in re.findall(r"scrapeq_\w+", query)}
    alarming = set(re.findall(r"\bscrapeq_\w+", alerts))

    assert drawn == names
    assert alarming
    assert alarming <= names


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_uses_labels_that_its_metric_has(query: str) -> None:
    """A counter is drawn by its rate alone; what is filtered and grouped by is there."""
    by_name = {name: one for one in METRICS for name in exposed(one.name, one.kind)}
    for name, inside in re.findall(r"(scrapeq_\w+)\{(.*?)\}", query):
        known = {*by_name[name].labels, "instance", "le"}
        assert set(re.findall(r"(\w+)=", inside)) <= known
        for group in re.findall(r"by \((.*?)\)", query):
            assert set(group.split(", ")) <= known
        if by_name[name].kind != "gauge":
            assert f"rate({name}" in query


def test_the_dashboard_has_a_place_for_each_panel() -> None:
    taken = Counter(
        (x, y)
        for panel in BOARD["panels"]
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    )

    assert max(taken.values()) == 1
    assert max(x for x, _ in taken) == 23
    assert len({panel["id"] for panel in BOARD["panels"]}) == len(BOARD["panels"])
