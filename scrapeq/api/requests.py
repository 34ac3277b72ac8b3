"""What people send: a job, a batch, a change; each with its bounds."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from scrapeq.models import ErrorKind, JobStatus, ScrapingConfig
from scrapeq.models.notification import LONGEST_URL, NotifyWhen
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
Urls = Annotated[list[str | None], Field(min_length=1, max_length=MOST_ROWS)] | None
Rows = Annotated[list[dict[str, JsonValue]], Field(min_length=1, max_length=MOST_ROWS)] | None
UrlColumn = Annotated[Name | None, Field(description="Of `rows`; found by itself if it can be.")]
Words = Annotated[str, Field(min_length=1, max_length=2_000)]


NotifyUrl = Annotated[
    str | None,
    Field(max_length=LONGEST_URL, description="A URL that workers POST JSON to, or env:NAME."),
]
NotifySecret = Annotated[Name | None, Field(description="env:NAME of what it is signed with.")]


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


class Notified(Sent):
    """Whom to notify when a batch is done."""

    notify: NotifyUrl = None
    notify_secret: NotifySecret = None
    notify_when: NotifyWhen = NotifyWhen.DONE


class NewBatch(Notified):
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

    urls: Urls = None
    rows: Rows = None
    url_column: UrlColumn = None
    name: Annotated[Name | None, Field(description="To find it again, and to go on with.")] = None
    config: Config = None
    priority: Priority = USUAL_PRIORITY
    refresh: Annotated[bool, Field(description="Fetch what stored pages could answer.")] = False

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.urls is None) == (self.rows is None):
            raise ValueError("give urls, or rows, and not both")
        _check_column(self.url_column, self.rows)
        return self

    @property
    def source(self) -> Any:
        """What `scrape` takes."""
        return self.urls if self.rows is None else self.rows


class NewSchedule(Sent):
    """What is to be scraped again, and when: `every` and perhaps `at`, or `cron`. Of a schedule that is there,
    what is left out stays as it is; an empty `notify` ends it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "prices",
                    "urls": ["https://example.com/", "https://example.org/"],
                    "every": "1d",
                    "at": "06:00",
                    "timezone": "Europe/Berlin",
                    "config": {"custom_selectors": {"price": ".price"}},
                }
            ]
        }
    )

    name: Name
    urls: Urls = None
    rows: Rows = None
    url_column: UrlColumn = None
    every: Annotated[Name | None, Field(description="30m, 6h, 1d or 2w.")] = None
    at: Annotated[
        str | None,
        Field(max_length=200, description="The time of day, for days and weeks; empty drops it."),
    ] = None
    cron: Annotated[Name | None, Field(description="A cron line of five fields.")] = None
    timezone: Annotated[Name | None, Field(description="Of at and cron; UTC, if not given.")] = None
    config: Config = None
    priority: Priority | None = None
    notify: NotifyUrl = None
    notify_secret: NotifySecret = None
    notify_when: NotifyWhen | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if self.urls is not None and self.rows is not None:
            raise ValueError("give urls, or rows, and not both")
        _check_column(self.url_column, self.rows)
        return self

    @property
    def source(self) -> Any:
        """What `schedule` takes."""
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
    """Which failed and cancelled rows are to be tried again: all, or those of some kinds; and the secrets of
    the batch, which were erased when it had ended: cookies, headers, proxy, actions."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"kinds": ["http_5xx"]}]})

    kinds: Annotated[list[ErrorKind], Field(min_length=1, max_length=100)] | None = None
    cookies: dict[str, str] | None = None
    headers: dict[str, str] | None = None
    proxy: Annotated[str, Field(max_length=2_000)] | None = None
    actions: Annotated[list[dict[str, JsonValue]], Field(max_length=100)] | None = None

    @property
    def secrets(self) -> dict[str, Any]:
        """Those that are given."""
        return self.model_dump(exclude={"kinds"}, exclude_none=True)


class NewReading(Sent):
    """Options in place of those of the batch; see `BatchHandle.reread`."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"config": {"custom_selectors": {"price": ".price"}}}]}
    )

    config: ScrapingConfig = Field(
        default_factory=ScrapingConfig,
        description="Options that say how a page is read, as in `ScrapingConfig`.",
    )


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


def _check_column(url_column: str | None, rows: Rows) -> None:
    if url_column is not None and rows is None:
        raise ValueError("url_column names a column of rows: give rows, or leave it out")
