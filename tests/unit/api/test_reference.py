"""The page of REST endpoints names those that there are, with their parameters."""

from __future__ import annotations

import re
from pathlib import Path

from fastapi import FastAPI

from scrapeq.api.app import ROUTERS
from scrapeq.api.openapi import document

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "rest-api.md"


def test_every_endpoint_is_in_the_reference_with_its_parameters() -> None:
    app = FastAPI()
    for router in ROUTERS:
        app.include_router(router)
    there = {
        f"{verb.upper()} {path}": [
            one["name"] for one in operation.get("parameters", []) if one["in"] == "query"
        ]
        for path, verbs in document(app)["paths"].items()
        for verb, operation in verbs.items()
    }
    rows = re.findall(r"^\| `([A-Z]+ \S+)` \|.*\|([^|]*)\|$", PAGE.read_text("utf-8"), re.MULTILINE)

    assert {name: re.findall(r"`(\w+)`", names) for name, names in rows} == there
