"""What was read from one page: what extract makes, clean mends, and a result row keeps."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, Self

from scrapeq.models.links import Links


@dataclass(frozen=True, slots=True)
class Content:
    """The fields of `Page` that come from the page's bytes, by the same names and shapes, but for the
    links, which are columns.

    `published_at` is aware and in UTC. `sources` has an entry for each value that is there.
    `changes` is empty until the content was cleaned. `charset` is the encoding that was used.
    """

    title: str | None = None
    text: str | None = None
    markdown: str | None = None
    language: str | None = None
    author: str | None = None
    published_at: datetime | None = None
    fields: dict[str, Any] = field(default_factory=dict)
    links: Links = field(default_factory=Links)
    images: list[dict[str, Any]] = field(default_factory=list)
    metadata: dict[str, Any] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    changes: list[dict[str, Any]] = field(default_factory=list)
    charset: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values, not copies: to cross a process boundary at once.

        Not `dataclasses.asdict`: copying every link of a page took longer than reading the page.
        """
        data = {one.name: getattr(self, one.name) for one in fields(self)}
        data["published_at"] = self.published_at.isoformat() if self.published_at else None
        data["links"] = self.links.to_json()
        return data

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """The content that `to_json` was called on."""
        when = data["published_at"]
        published_at = datetime.fromisoformat(when) if when else None
        links = Links.from_json(data["links"])
        return cls(**{**data, "published_at": published_at, "links": links})
