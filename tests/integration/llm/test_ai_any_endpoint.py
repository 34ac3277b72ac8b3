"""What holds for every endpoint: the same tests ask a mock on this machine and, where the environment
names one, a real one.

    LIVE_AI_BASE_URL=http://127.0.0.1:8080/v1 LIVE_AI_MODEL=... LIVE_AI_KEY=... pytest this_file
    make small-model    # a small model on this machine

A real endpoint may cost money (some thousand tokens), and is asked nowhere else.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

from scrapeq.llm import Resources, process, read_fields
from scrapeq.settings import Settings, load_settings

PAGE = """Pequod storm lantern

Whale & Sons sell the Pequod storm lantern. It burns for 40 hours on one filling.

Price: 129.50 EUR. In stock."""
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "name": {"type": ["string", "null"], "description": "the name of what is sold"},
        "hours": {"type": ["integer", "null"], "description": "for how many hours it burns"},
        "in_stock": {"type": ["boolean", "null"], "description": "whether it is in stock"},
    },
}
TYPES = {"name": str, "hours": int, "in_stock": bool}


@pytest.fixture(params=["mock", "live"])
def settings(request: pytest.FixtureRequest) -> Iterator[Settings]:
    if request.param == "mock":
        request.getfixturevalue("llmock")
        yield load_settings()
        return
    if "LIVE_AI_BASE_URL" not in os.environ:
        pytest.skip("no real endpoint is named: set LIVE_AI_BASE_URL, LIVE_AI_MODEL, LIVE_AI_KEY")
    yield load_settings(
        SCRAPEQ_AI_BASE_URL=os.environ["LIVE_AI_BASE_URL"],
        SCRAPEQ_AI_API_KEY=os.environ.get("LIVE_AI_KEY"),
        SCRAPEQ_AI_MODEL=os.environ.get("LIVE_AI_MODEL"),
        SCRAPEQ_AI_TIMEOUT_S=300,  # a small model on a laptop takes its time
    )


def test_a_summary(settings):
    done = process(PAGE, settings=settings)

    assert done.ok, done.error_message
    assert isinstance(done.result, str)
    assert done.input_tokens > 20
    assert done.output_tokens > 0


def test_a_class(settings):
    done = process(PAGE, type="classify", labels=["shop", "news"], settings=settings)

    assert done.ok, done.error_message
    assert done.result in {"shop", "news"}


def test_fields_are_of_their_types(settings):
    found = read_fields(PAGE, SCHEMA, Resources(settings))

    assert found.problem == ""
    assert set(found.values) == set(SCHEMA["properties"])
    for name, value in found.values.items():
        assert value is None or isinstance(value, TYPES[name])


def test_evidence_is_judged(settings):
    found = read_fields(PAGE, SCHEMA, Resources(settings), evidence=True)

    assert found.problem == ""
    assert found.evidence.keys() <= SCHEMA["properties"].keys()
    page = " ".join(PAGE.split())
    assert all(" ".join(one.quote.split()) in page for one in found.evidence.values() if one.found)
