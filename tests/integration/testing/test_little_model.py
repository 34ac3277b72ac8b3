"""The little model answers what scrapeq asks of a model, over its real client."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from typing import Any
from urllib.error import HTTPError

import pytest

from scrapeq.llm import Resources, process, read_fields
from scrapeq.settings import Settings, load_settings
from scrapeq.testing import LittleModel

PAGE = """Pequod storm lantern

Whale & Sons sell the Pequod storm lantern. It burns for 40 hours on one filling. In stock."""


@pytest.fixture
def model() -> Iterator[LittleModel]:
    with LittleModel() as model:
        yield model


@pytest.fixture
def settings(model: LittleModel) -> Settings:
    return load_settings(**model.environment)


def test_fields_have_their_types_and_a_price(settings, model):
    wanted: dict[str, Any] = {
        "about": {"type": "string", "description": "what it is"},
        "hours": {"type": "integer"},
        "weight": {"type": ["number", "null"]},
        "kind": {"enum": ["chair", "lantern"]},
        "parts": {"type": "array", "items": {"$ref": "#/$defs/part"}},
        "sold": {"type": "boolean"},
    }
    part = {"type": "object", "properties": {"name": {"type": "string"}}}
    schema = {"type": "object", "properties": wanted, "$defs": {"part": part}}

    found = read_fields(PAGE, schema, Resources(settings), evidence=True)

    about = "Whale & Sons sell the Pequod storm lantern."
    assert found.problem == ""
    assert found.values == {
        "about": about,
        "hours": 40,
        "weight": 40.0,
        "kind": "lantern",
        "parts": [{"name": about}],
        "sold": True,
    }
    assert found.evidence["about"].found
    assert found.cost_usd
    assert model.calls == 1


def test_a_text_is_answered_by_a_sentence(settings):
    done = process(PAGE, settings=settings)

    assert done.ok, done.error_message
    assert done.result == "Whale & Sons sell the Pequod storm lantern."


def test_what_is_no_request_is_refused(model):
    request = urllib.request.Request(f"{model.url}/chat/completions", data=b"[1]")

    with pytest.raises(HTTPError) as caught:
        urllib.request.urlopen(request, timeout=60)

    with caught.value as refused:
        assert refused.code == 400
        assert "error" in json.load(refused)


def test_it_has_no_address_before_it_starts():
    with pytest.raises(RuntimeError, match="start"):
        _ = LittleModel().url
