"""The fields of a page: each with its type, its column in the record and its column in a table.

A new column of `batch.df` is a line of `PageFields`, and one of `Content` or `Fetched` for whoever
comes to know it. All else is made from `PAGE_FIELDS`: the columns of the record
and how they are written and read, the types and the order of a table, `Page` itself. A record that
lacks a column gets it when it is opened, without another version.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict

from scrapeq.models.browser_use import BrowserUse
from scrapeq.models.document_kind import DocumentKind
from scrapeq.models.error_kind import ErrorKind
from scrapeq.models.found_values import FoundFields, fields_from_json, fields_to_json
from scrapeq.models.links import Links
from scrapeq.models.page_kind import PageKind


class Source(StrEnum):
    """Who knows a field."""

    INPUT = "input"  # it was given with the job
    JOB = "job"  # what the job has come to: a column of `jobs`
    FETCH = "fetch"  # what was fetched: a column of `pages`
    CONTENT = "content"  # what was read from the page's bytes: a column of `pages`


class Kept(StrEnum):
    """How the record keeps a value."""

    TEXT = "text"  # without what no database keeps, see `schema.AnyText`
    KEY = "key"  # text of our own making
    FLAG = "flag"
    SMALL = "small"  # a number below 32,768
    NUMBER = "number"
    FLOAT = "float"
    TIME = "time"  # milliseconds since 1970
    JSON = "json"  # as text
    PACKED = "packed"  # JSON, compressed, see `schema.PackedJSON`
    LINKS = "links"  # `Links.to_json`, compressed


@dataclass(frozen=True, slots=True)
class Column:
    """Where a field comes from, and the columns that it has.

    stored: its column in the record, where that is not called as the field. arrow: the type of its
    column in a table, by a name of `frames.pages.ARROW_TYPES`; None: tables have no such column.
    """

    source: Source
    kept: Kept
    arrow: str | None = None
    stored: str | None = None


class PageFields(BaseModel):
    """What is known of a page, in the order of a table's columns; see `Page`."""

    model_config = ConfigDict(frozen=True)

    # Defaults that are {} and [] are copied by pydantic; their factories would take it 50 us each.
    job_id: Annotated[str, Column(Source.INPUT, Kept.KEY, stored="id")]
    batch_id: Annotated[str, Column(Source.INPUT, Kept.KEY)]
    row: Annotated[int, Column(Source.INPUT, Kept.NUMBER)]
    url: Annotated[str, Column(Source.INPUT, Kept.TEXT, "text")]
    ok: Annotated[bool, Column(Source.JOB, Kept.FLAG, "flag", stored="status")]
    error_kind: Annotated[ErrorKind | None, Column(Source.JOB, Kept.KEY, "category")] = None
    error_message: Annotated[str | None, Column(Source.JOB, Kept.TEXT, "text")] = None
    page_kind: Annotated[PageKind | None, Column(Source.JOB, Kept.KEY, "category")] = None
    page_kind_signal: Annotated[str | None, Column(Source.JOB, Kept.KEY, "category")] = None
    document: Annotated[DocumentKind | None, Column(Source.CONTENT, Kept.KEY, "category")] = None
    title: Annotated[str | None, Column(Source.CONTENT, Kept.TEXT, "text")] = None
    text: Annotated[str | None, Column(Source.CONTENT, Kept.TEXT, "text")] = None
    final_url: Annotated[str | None, Column(Source.FETCH, Kept.TEXT, "text")] = None
    http_status: Annotated[int | None, Column(Source.FETCH, Kept.SMALL, "int16")] = None
    language: Annotated[str | None, Column(Source.CONTENT, Kept.TEXT, "category")] = None
    author: Annotated[str | None, Column(Source.CONTENT, Kept.TEXT, "text")] = None
    published_at: Annotated[
        datetime | None, Column(Source.CONTENT, Kept.TIME, "time", stored="published_ms")
    ] = None
    attempts: Annotated[int, Column(Source.JOB, Kept.SMALL, "int16")] = 0
    fetched_at: Annotated[
        datetime | None, Column(Source.FETCH, Kept.TIME, "time", stored="fetched_ms")
    ] = None
    elapsed_s: Annotated[float | None, Column(Source.FETCH, Kept.FLOAT, "float64")] = None
    body_bytes: Annotated[int | None, Column(Source.FETCH, Kept.NUMBER, "int64")] = None
    from_store: Annotated[bool, Column(Source.JOB, Kept.FLAG, "flag")] = False
    rendered: Annotated[bool | None, Column(Source.FETCH, Kept.FLAG, "flag")] = None
    render_reason: Annotated[str | None, Column(Source.FETCH, Kept.KEY, "text")] = None
    html_sha256: Annotated[str | None, Column(Source.FETCH, Kept.KEY)] = None
    markdown: Annotated[str | None, Column(Source.CONTENT, Kept.PACKED)] = None
    fields: Annotated[dict[str, Any], Column(Source.CONTENT, Kept.JSON)] = {}
    links: Annotated[list[dict[str, Any]], Column(Source.CONTENT, Kept.LINKS)] = []
    images: Annotated[list[dict[str, Any]], Column(Source.CONTENT, Kept.PACKED)] = []
    tables: Annotated[list[dict[str, Any]], Column(Source.CONTENT, Kept.PACKED)] = []
    structured: Annotated[list[dict[str, Any]], Column(Source.CONTENT, Kept.PACKED)] = []
    product: Annotated[dict[str, Any], Column(Source.CONTENT, Kept.PACKED)] = {}
    comments: Annotated[list[dict[str, Any]], Column(Source.CONTENT, Kept.PACKED)] = []
    minhash: Annotated[str | None, Column(Source.CONTENT, Kept.KEY)] = None
    entries: Annotated[list[dict[str, Any]], Column(Source.CONTENT, Kept.PACKED)] = []
    metadata: Annotated[dict[str, Any], Column(Source.CONTENT, Kept.PACKED)] = {}
    sources: Annotated[dict[str, str], Column(Source.CONTENT, Kept.PACKED)] = {}
    changes: Annotated[list[dict[str, Any]], Column(Source.CONTENT, Kept.PACKED)] = []
    violations: Annotated[list[dict[str, Any]], Column(Source.CONTENT, Kept.PACKED)] = []
    evidence: Annotated[dict[str, Any], Column(Source.CONTENT, Kept.PACKED)] = {}
    ai_tokens: Annotated[int | None, Column(Source.CONTENT, Kept.NUMBER, "int64")] = None
    ai_cost: Annotated[float | None, Column(Source.CONTENT, Kept.FLOAT, "float64")] = None


@dataclass(frozen=True, slots=True)
class Fetched:
    """What is known of a page besides what was read from it: fields of `Page`, by the same names.

    Results wait for company before they are written: a `Page` takes ten times as long to make.
    """

    job_id: str
    batch_id: str
    row: int
    url: str
    ok: bool
    final_url: str | None = None
    http_status: int | None = None
    error_kind: ErrorKind | None = None
    error_message: str | None = None
    page_kind: PageKind | None = None
    page_kind_signal: str | None = None
    attempts: int = 0
    fetched_at: datetime | None = None
    elapsed_s: float | None = None
    body_bytes: int | None = None
    from_store: bool = False
    rendered: bool | None = None
    render_reason: str | None = None

    @property
    def browser_use(self) -> BrowserUse | None:
        """See `BrowserUse.of`."""
        return BrowserUse.of(self.rendered, self.render_reason)


@dataclass(frozen=True, slots=True)
class Content:
    """What was read from one page: what extract makes, clean mends, and a result row keeps.

    The fields of `Page` that come from the page's bytes, by the same names and shapes, but for the
    links, which are columns. `published_at` is aware and in UTC. `sources` has an entry for each
    value that is there. `changes` is empty until the content was cleaned. `charset` is the encoding
    that was used, `media_type` the type of a document's file, `browser_need` why a browser should show
    the page (see `scrapeq.extract.browser_need`), `found` what the sources of a record's fields gave, of
    which `scrapeq.records` makes `fields` and `violations`, `model_text` what a language model is given to
    read; no row keeps these. `ai_tokens` and `ai_cost` (USD) are what the page's question cost.
    `page_kind` and its signal are for the job's row.
    """

    document: DocumentKind | None = None
    title: str | None = None
    text: str | None = None
    markdown: str | None = None
    language: str | None = None
    author: str | None = None
    published_at: datetime | None = None
    fields: dict[str, Any] = field(default_factory=dict)
    links: Links = field(default_factory=Links)
    images: list[dict[str, Any]] = field(default_factory=list)
    tables: list[dict[str, Any]] = field(default_factory=list)
    structured: list[dict[str, Any]] = field(default_factory=list)
    product: dict[str, Any] = field(default_factory=dict)
    comments: list[dict[str, Any]] = field(default_factory=list)
    minhash: str | None = None
    entries: list[dict[str, Any]] = field(default_factory=list)
    metadata: dict[str, Any] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    changes: list[dict[str, Any]] = field(default_factory=list)
    violations: list[dict[str, Any]] = field(default_factory=list)
    evidence: dict[str, Any] = field(default_factory=dict)
    ai_tokens: int | None = None
    ai_cost: float | None = None
    model_text: str | None = None
    found: FoundFields = field(default_factory=dict)
    charset: str | None = None
    media_type: str | None = None
    page_kind: PageKind | None = None
    page_kind_signal: str | None = None
    browser_need: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values, not copies: to cross a process boundary at once.

        Not `dataclasses.asdict`: copying every link of a page took longer than reading the page.
        """
        data = {one.name: getattr(self, one.name) for one in fields(self)}
        data["published_at"] = self.published_at.isoformat() if self.published_at else None
        data["links"] = self.links.to_json()
        data["found"] = fields_to_json(self.found)
        return data

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """The content that `to_json` was called on."""
        when = data["published_at"]
        published_at = datetime.fromisoformat(when) if when else None
        kind = PageKind(data["page_kind"]) if data["page_kind"] else None
        read = {
            "published_at": published_at,
            "links": Links.from_json(data["links"]),
            "page_kind": kind,
            "document": DocumentKind(data["document"]) if data["document"] else None,
            "found": fields_from_json(data["found"]),
        }
        return cls(**{**data, **read})


@dataclass(frozen=True, slots=True)
class PageField:
    """One field of a page, with its column."""

    name: str
    column: Column

    @property
    def stored(self) -> str:
        """Its column in the record."""
        return self.column.stored or self.name

    @property
    def is_of_page(self) -> bool:
        """Whether the record keeps it in `pages`, rather than in `jobs`."""
        return self.column.source in {Source.FETCH, Source.CONTENT}

    @property
    def yields(self) -> bool:
        """Whether a custom selector of the same name takes its name in a table: one is meant to
        read the very same from the page, only better."""
        return self.column.source is Source.CONTENT


def _declared() -> tuple[PageField, ...]:
    return tuple(
        PageField(name, next(one for one in info.metadata if isinstance(one, Column)))
        for name, info in PageFields.model_fields.items()
    )


#: Every field of a page, in the order of a table's columns.
PAGE_FIELDS = _declared()
#: Those that are columns of `batch.df` and its kind.
TABLE_FIELDS = tuple(one for one in PAGE_FIELDS if one.column.arrow is not None)
