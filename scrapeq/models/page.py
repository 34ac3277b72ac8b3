"""One result row: what was found at a URL, or why nothing was."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from scrapeq.models.error_kind import ErrorKind


@dataclass(frozen=True, slots=True)
class Fetched:
    """What is known of a page besides what was read from it: fields of `Page`, by the same names."""

    job_id: str
    batch_id: str
    row: int
    url: str
    ok: bool
    final_url: str | None = None
    http_status: int | None = None
    error_kind: ErrorKind | None = None
    error_message: str | None = None
    attempts: int = 0
    fetched_at: datetime | None = None
    elapsed_s: float | None = None
    body_bytes: int | None = None
    from_store: bool = False


class Page(BaseModel):
    """The result of one job; exactly one per job at the end.

    `fields` has a value per custom selector: text, a list of texts, or None where nothing matched.
    `links` are dicts with url, text, rel; `images` dicts with url, alt, width, height, srcset.
    `metadata` keeps canonical, opengraph, jsonld and the like; `sources` says for each value where
    it came from ("selector", "json-ld", "og:title", "h1", ...). `changes` is the cleaning report:
    dicts with field, change, reason. `elapsed_s` is the last try's, `body_bytes` the decoded size.
    """

    model_config = ConfigDict(frozen=True)

    job_id: str
    batch_id: str
    row: int
    url: str
    ok: bool
    final_url: str | None = None
    http_status: int | None = None
    title: str | None = None
    text: str | None = None
    markdown: str | None = None
    language: str | None = None
    author: str | None = None
    published_at: datetime | None = None
    fields: dict[str, Any] = Field(default_factory=dict)
    links: list[dict[str, Any]] = Field(default_factory=list)
    images: list[dict[str, Any]] = Field(default_factory=list)
    metadata: dict[str, Any] = Field(default_factory=dict)
    sources: dict[str, str] = Field(default_factory=dict)
    changes: list[dict[str, Any]] = Field(default_factory=list)
    error_kind: ErrorKind | None = None
    error_message: str | None = None
    attempts: int = 0
    fetched_at: datetime | None = None
    elapsed_s: float | None = None
    body_bytes: int | None = None
    from_store: bool = False
    html_sha256: str | None = None

    def __repr__(self) -> str:
        outcome = f"{self.title!r}" if self.ok else f"{self.error_kind}"
        return f"<Page {self.http_status or '-'} {self.url[:80]!r} {outcome[:80]}>"
