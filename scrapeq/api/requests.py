"""What people send: a job, a batch, a change; each with its bounds."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from scrapeq.models import ErrorKind, JobStatus, ScrapingConfig
from scrapeq.models.priority import HIGHEST_PRIORITY, LOWEST_PRIORITY, USUAL_PRIORITY

#: Rows of a batch.
MOST_ROWS = 1_000_000

Priority = Annotated[
    int,
    Field(
        ge=HIGHEST_PRIORITY,
        le=LOWEST_PRIORITY,
        description=f"{HIGHEST_PRIORITY} is first, {LOWEST_PRIORITY} last.",
    ),
]
Name = Annotated[str, Field(min_length=1, max_length=200)]
Config = Annotated[
    ScrapingConfig | None,
    Field(
        description="Options, as in `ScrapingConfig`. Secrets are masked wherever they are shown."
    ),
]
Words = Annotated[str, Field(min_length=1, max_length=2_000)]


class Sent(BaseModel):
    """The base of what is sent: nothing that is not known is taken."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class NewJob(Sent):
    """One URL that is to be fetched."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"url": "https://example.com/", "config": {"extract_links": True}}]
        }
    )

    url: Annotated[str, Field(min_length=1, max_length=8_000)]
    config: Config = None
    priority: Priority = USUAL_PRIORITY


class NewBatch(Sent):
    """A column of URLs, or a table with one: give `urls`, or `rows` and perhaps `url_column`."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "urls": ["https://example.com/", "https://example.org/"],
                    "name": "firms",
                    "config": {"custom_selectors": {"headline": "h1"}},
                },
                {
                    "rows": [{"firm": "A", "link": "https://example.com/"}],
                    "url_column": "link",
                    "name": "firms",
                },
            ]
        }
    )

    urls: Annotated[list[str | None], Field(min_length=1, max_length=MOST_ROWS)] | None = None
    rows: (
        Annotated[list[dict[str, JsonValue]], Field(min_length=1, max_length=MOST_ROWS)] | None
    ) = None
    url_column: Annotated[
        Name | None, Field(description="Of `rows`; found by itself if it can be.")
    ] = None
    name: Annotated[Name | None, Field(description="To find it again, and to go on with.")] = None
    config: Config = None
    priority: Priority = USUAL_PRIORITY
    refresh: Annotated[bool, Field(description="Fetch what stored pages could answer.")] = False

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.urls is None) == (self.rows is None):
            raise ValueError("give urls, or rows, and not both")
        if self.url_column is not None and self.rows is None:
            raise ValueError("url_column names a column of rows: give rows, or leave it out")
        return self

    @property
    def source(self) -> Any:
        """What `scrape` takes."""
        return self.urls if self.rows is None else self.rows


class NewStatus(Sent):
    """The status that a job is to have; see `JobQueue.update_job_status`."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"status": "failed", "error_message": "the shop is closed for good"}]
        }
    )

    status: JobStatus
    error_kind: ErrorKind | None = None
    error_message: Words | None = None


class Retry(Sent):
    """Which failed and cancelled rows are to be tried again: all, or those of some kinds."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"kinds": ["http_5xx"]}]})

    kinds: Annotated[list[ErrorKind], Field(min_length=1, max_length=100)] | None = None


class Completion(Sent):
    """That a job was done outside of the workers; see `JobMonitor.record_job_completion`."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"success": True, "processing_time_s": 45.5}]}
    )

    success: bool
    processing_time_s: Annotated[
        float | None, Field(ge=0, le=1e9, allow_inf_nan=False, description="Seconds.")
    ] = None


class NewError(Sent):
    """An error that happened outside of the workers; see `JobMonitor.record_error`."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"error_type": "parse", "message": "no price in it"}]}
    )

    job_id: Name | None = None
    error_type: Annotated[str, Field(min_length=1, max_length=100)]
    message: Words


class Cleanup(Sent):
    """How old what is deleted must be; see `JobQueue.cleanup_old_jobs`."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"max_age_days": 90}]})

    max_age_days: Annotated[float, Field(ge=0, le=36_500, allow_inf_nan=False)] = 30
