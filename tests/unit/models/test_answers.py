"""The monitor's answers are models, and the guide's dicts at every level."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest
from pydantic import BaseModel

from scrapeq.models import monitoring
from scrapeq.models.answer import Answer
from scrapeq.models.monitoring import HourOfHistory, PerformanceHistory, WorkerStats

HOUR = HourOfHistory(
    timestamp="2026-03-01T12:00:00+00:00", jobs_processed=3, succeeded=2, failed=1, rendered=0,
    success_rate=66.7, average_processing_time_s=0.5, p50_s=0.4, p90_s=0.8, p95_s=0.9, p99_s=None,
)  # fmt: skip
HISTORY = PerformanceHistory(hours=24, history=[HOUR])


def test_an_answer_is_read_as_a_model_and_as_a_dict() -> None:
    assert HISTORY.history[0].succeeded == HISTORY["history"][0]["succeeded"] == 2
    assert HOUR.get("p50_s") == 0.4
    assert HOUR.get("no_such") is None
    assert "failed" in HOUR
    assert "model_config" not in HOUR
    assert list(HISTORY) == list(HISTORY.keys()) == ["hours", "history"]
    assert len(HISTORY) == 2
    assert dict(WorkerStats(active_workers=1, workers=["a"])) == {
        "active_workers": 1,
        "workers": ["a"],
    }
    assert HOUR | {"failed": 9} == {**HOUR, "failed": 9}


def test_a_name_that_it_has_not_is_a_key_error() -> None:
    for name in ("no_such", "model_dump", "__class__"):
        with pytest.raises(KeyError):
            HOUR[name]


def test_an_answer_is_ready_for_json_and_equals_its_dict() -> None:
    dumped = HISTORY.model_dump()

    assert json.loads(json.dumps(dumped)) == dumped
    assert dumped == HISTORY
    assert PerformanceHistory.model_validate(dumped) == HISTORY
    assert HISTORY != {"hours": 24, "history": []}


ANSWERS = [
    one
    for one in vars(monitoring).values()
    if isinstance(one, type) and issubclass(one, Answer) and one is not Answer
]


@pytest.mark.parametrize("model", ANSWERS, ids=lambda model: model.__name__)
def test_no_field_hides_what_a_mapping_has(model: type[Answer]) -> None:
    taken = set(dir(BaseModel)) | set(dir(Mapping))

    assert not taken & set(model.model_fields)
    assert model.model_json_schema()["properties"]
