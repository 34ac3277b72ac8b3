"""The API's own document (OpenAPI 3.1), and a page of it that loads nothing from elsewhere."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from scrapeq import display
from scrapeq.api.problems import MEDIA_TYPE, Problem
from scrapeq.project.version import own_version

_HERE = Path(__file__).parent
_ABOUT = (
    "Scraping jobs, batches and their rows over HTTP. Each request carries a token as "
    "`Authorization: Bearer`. What goes wrong is problem details (RFC 9457) with a `hint` that says what "
    "to do. What is polled has an ETag. A POST with an `Idempotency-Key` may be sent again."
)
#: What may go wrong anywhere, and with requests that change something.
_ANYWHERE = {
    401: "There is no token, or it is of no use.",
    403: "The token's right is not enough.",
    422: "The request cannot be met as it is.",
    429: "Too many requests in a minute: see Retry-After.",
    503: "Redis or the record is away: see Retry-After.",
    507: "The disk of the record is full.",
}
_CHANGING = {
    400: "The body cannot be read.",
    404: "There is no such job, batch or schedule.",
    409: "It cannot follow what is there.",
    413: "The body is too long.",
}


def document(app: FastAPI) -> dict[str, Any]:
    """What the API takes and gives, made once."""
    if app.openapi_schema is None:
        made = get_openapi(
            title="scrapeq",
            version=own_version(),
            summary="A column of URLs in, a table out.",
            description=_ABOUT,
            routes=app.routes,
        )
        schemas = made.setdefault("components", {}).setdefault("schemas", {})
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        whole = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas |= {**whole.pop("$defs"), "Problem": whole}
        made["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        made["security"] = [{"token": []}]
        for path, methods in made["paths"].items():
            for method, operation in methods.items():
                _complete(path, method, operation)
        app.openapi_schema = made
    return app.openapi_schema


def _complete(path: str, method: str, operation: dict[str, Any]) -> None:
    """What holds for every operation, and FastAPI does not know."""
    answers = operation["responses"]
    found = dict(_ANYWHERE)
    if method == "get":
        if "{" in path or "404" in answers:
            found[404] = _CHANGING[404]
        if "application/json" in answers.get("200", {}).get("content", {}):
            answers["304"] = {"description": "You have it already: see If-None-Match."}
            operation.setdefault("parameters", []).append(
                _header("If-None-Match", "The ETag of an answer that you have.")
            )
    else:
        found |= _CHANGING
        if method == "post":
            key = "Makes it safe to send the request again: the answer is the same for a day."
            pattern = {"pattern": r"^[\x21-\x7e]{1,200}$"}
            operation.setdefault("parameters", []).append(_header("Idempotency-Key", key))
            operation["parameters"][-1]["schema"] |= pattern
    for status, words in found.items():
        answers[str(status)] = {
            "description": words,
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }


def _header(name: str, words: str) -> dict[str, Any]:
    return {
        "name": name,
        "in": "header",
        "required": False,
        "description": words,
        "schema": {"type": "string"},
    }


def docs_page(app: FastAPI) -> str:
    """The document as a page for people."""
    made = document(app)
    tags: dict[str, list[dict[str, Any]]] = {}
    for path, methods in made["paths"].items():
        for method, operation in methods.items():
            place = tags.setdefault(operation.get("tags", ["other"])[0], [])
            gist = _first_clause(operation.get("description") or operation["summary"])
            place.append({"method": method.upper(), "path": path, "gist": gist, **operation})
    return display.render(_HERE, "docs", about=made["info"]["description"], tags=tags)


def _first_clause(text: str) -> str:
    """What stands before the first full stop, colon, semicolon or bracket that ends a clause."""
    return re.split(r"[.:;](?=\s|$)|\s\(", text, maxsplit=1)[0]
