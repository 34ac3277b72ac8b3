"""Every environment variable, once: its unit, its default, its reason."""

from __future__ import annotations

import getpass
import os
import re
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import available_timezones

from pydantic import (
    AliasChoices,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict, SettingsError

from scrapeq.errors import ConfigError

#: With it Celery's queues have the guide's names in Redis too.
DEFAULT_NAMESPACE = "scrapeq"
_NAMESPACE = re.compile(r"[A-Za-z0-9_-]{1,40}")


def _login_name() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may run as a number that has no name
        return f"user {os.getuid()}" if hasattr(os, "getuid") else ""


class Settings(BaseSettings):
    """What the environment says. Read once at the edge (`load_settings`), passed down as a value.

    URLs are secret because they may hold passwords; `shared` says which of the two modes this is.
    """

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)

    # Redis and Celery, by the guide's names
    redis_url: SecretStr | None = Field(None, validation_alias="REDIS_URL")
    celery_broker_url: SecretStr | None = Field(None, validation_alias="CELERY_BROKER_URL")
    celery_result_backend: SecretStr | None = Field(None, validation_alias="CELERY_RESULT_BACKEND")
    celery_task_serializer: str = Field("json", validation_alias="CELERY_TASK_SERIALIZER")
    celery_result_serializer: str = Field("json", validation_alias="CELERY_RESULT_SERIALIZER")
    celery_accept_content: Annotated[list[str], NoDecode] = Field(
        ["json"], validation_alias="CELERY_ACCEPT_CONTENT"
    )
    celery_timezone: str = Field("UTC", validation_alias="CELERY_TIMEZONE")
    celery_enable_utc: bool = Field(True, validation_alias="CELERY_ENABLE_UTC")

    # where things are kept
    home: Path = Field(
        default_factory=lambda: Path.cwd() / ".scrapeq",
        validation_alias="SCRAPEQ_HOME",
        description="The project's own folder: database, logs, the private Redis's files.",
    )
    stored_pages_mb: int = Field(
        1_000,
        ge=0,
        le=10_000_000,
        validation_alias="SCRAPEQ_STORED_PAGES_MB",
        description="MB (10^6 bytes) of compressed pages that are kept, so that batches can be read again "
        "with other selectors; the oldest go first. 1,000 pages of the WCXB corpus take 41 MB. 0: none but "
        "those of store_html.",
    )
    keep_days: float | None = Field(
        None,
        gt=0,
        le=36_500,
        validation_alias="SCRAPEQ_KEEP_DAYS",
        description="Days after which workers delete a batch that is done, with its rows and pages. None: "
        "it is kept until somebody deletes it.",
    )
    keep_rows: int | None = Field(
        None,
        ge=1,
        validation_alias="SCRAPEQ_KEEP_ROWS",
        description="Rows that the record keeps at most: workers delete the oldest batches that are done, "
        "whole ones. None: any number.",
    )
    database_url: SecretStr | None = Field(
        None,
        validation_alias="SCRAPEQ_DATABASE_URL",
        description="None: SQLite in `home`. postgresql://user@host/name for many machines.",
    )

    owner: str = Field(
        default_factory=_login_name,
        max_length=200,
        validation_alias="SCRAPEQ_OWNER",
        description="Whose batches these are. A page that was fetched with a secret, or that its "
        "server calls private, answers only batches of the same owner. None: the login name.",
    )
    namespace: str = Field(
        DEFAULT_NAMESPACE,
        validation_alias="SCRAPEQ_NAMESPACE",
        description="What every key in Redis begins with, so that projects can share one Redis; "
        "letters, digits, - and _, at most 40.",
    )

    # the private cluster
    workers: int = Field(
        default_factory=lambda: (
            len(os.sched_getaffinity(0))
            if hasattr(os, "sched_getaffinity")
            else (os.cpu_count() or 1)
        ),
        ge=1,
        le=256,
        validation_alias="SCRAPEQ_WORKERS",
        description="Worker processes of the private cluster; one for each CPU.",
    )
    autostart: bool = Field(
        True,
        validation_alias="SCRAPEQ_AUTOSTART",
        description="Whether get_job_queue() may start a private Redis and workers.",
    )

    # the worker
    window: int = Field(
        256,
        ge=1,
        le=10_000,
        validation_alias="SCRAPEQ_WINDOW",
        description="Fetches that one worker process may have open at the same time.",
    )
    lease_s: float = Field(
        12,
        ge=2,
        le=300,
        validation_alias="SCRAPEQ_LEASE_S",
        description="How long a job belongs to a worker that has gone silent; killed work runs "
        "again within 15 s.",
    )

    log_format: Literal["text", "json"] = Field(
        "text",
        validation_alias="SCRAPEQ_LOG_FORMAT",
        description="How workers write their logs: json is a line of JSON for each entry, with batch, job "
        "and host where they are known, and an entry for each try that ended (some 300 bytes).",
    )

    # the browser
    browser: Path | None = Field(
        None,
        validation_alias="SCRAPEQ_BROWSER",
        description="The program that renders pages: a Chromium or Chrome, best its headless shell. "
        "None: Playwright's own, or one that is on PATH.",
    )
    browser_pages: int = Field(
        8,
        ge=1,
        le=64,
        validation_alias="SCRAPEQ_BROWSER_PAGES",
        description="Pages that the browser of one worker process shows at the same time, at most: "
        "four for each of its CPUs, and fewer where memory is short (150 MB each).",
    )

    # hosts that fail: see docs/decisions/0007
    breaker_failures: int = Field(
        20,
        ge=1,
        le=10_000,
        validation_alias="SCRAPEQ_BREAKER_FAILURES",
        description="Tries in a row that fail, without a good answer between, until a host's breaker "
        "opens; of those that reached it only the first of each page. Hystrix's requestVolumeThreshold; more than twice max_per_host, so that one "
        "hiccup under all open requests is not enough, and where every second page is broken a "
        "million pages open it once.",
    )
    breaker_first_failures: int = Field(
        5,
        ge=1,
        le=10_000,
        validation_alias="SCRAPEQ_BREAKER_FIRST_FAILURES",
        description="The same for a host that has not answered well yet: so many pages whose first try "
        "failed open its breaker. Envoy's consecutive_5xx.",
    )
    breaker_open_s: float = Field(
        30,
        ge=0.1,
        le=3600,
        validation_alias="SCRAPEQ_BREAKER_OPEN_S",
        description="Seconds of the first pause of a failing host; doubles with each failed probe. "
        "Envoy's base_ejection_time.",
    )
    breaker_longest_s: float = Field(
        600,
        ge=0.1,
        le=86_400,
        validation_alias="SCRAPEQ_BREAKER_LONGEST_S",
        description="Seconds that doubling a pause ends at: twice Envoy's max_ejection_time, and the "
        "longest Retry-After that is waited for.",
    )
    breaker_give_up_s: float = Field(
        900,
        ge=0.1,
        le=604_800,
        validation_alias="SCRAPEQ_BREAKER_GIVE_UP_S",
        description="Seconds of pauses in a row, all without a good answer, after which the due "
        "jobs of a host end as breaker_open. With the pauses above that is after five probes "
        "(30 + 60 + 120 + 240 + 480); restarts and deployments are over by then. A tenth of it for a "
        "host that never answered well, after two probes (30 + 60): a few dead addresses are no reason "
        "to wait a quarter of an hour.",
    )
    ai_breaker_failures: int = Field(
        5,
        ge=1,
        le=10_000,
        validation_alias="SCRAPEQ_AI_BREAKER_FAILURES",
        description="Failed calls in a row, each after its own retries, that open the breaker of the "
        "language model's endpoint. Envoy's consecutive_5xx.",
    )

    # safety
    allow_private_addresses: bool = Field(False, validation_alias="SCRAPEQ_ALLOW_PRIVATE_ADDRESSES")
    secret_key: SecretStr | None = Field(
        None,
        validation_alias="SCRAPEQ_SECRET_KEY",
        description="What cookies, headers and proxies in the record are encrypted with: a Fernet key, or "
        "several with commas, of which the first encrypts and all decrypt. The same wherever batches are "
        "submitted and workers run. None: the file secret.key in `home`, made when it is needed.",
    )
    connect_to: dict[str, str] = Field(
        default_factory=dict,
        validation_alias="SCRAPEQ_CONNECT_TO",
        description="Connect somewhere else than the name says, like curl's --connect-to: JSON, "
        '{"example.com:80": "127.0.0.1:8080"}; the key "*" stands for every host and port.',
    )

    # the language model
    ai_api_key: SecretStr | None = Field(
        None, validation_alias=AliasChoices("SCRAPEQ_AI_API_KEY", "OPENAI_API_KEY")
    )
    ai_base_url: str | None = Field(
        None, validation_alias=AliasChoices("SCRAPEQ_AI_BASE_URL", "OPENAI_BASE_URL")
    )
    ai_model: str | None = Field(
        None, validation_alias=AliasChoices("SCRAPEQ_AI_MODEL", "OPENAI_MODEL")
    )
    ai_timeout_s: float = Field(60, gt=0, le=600, validation_alias="SCRAPEQ_AI_TIMEOUT_S")
    ai_max_retries: int = Field(2, ge=0, le=10, validation_alias="SCRAPEQ_AI_MAX_RETRIES")
    ai_input_price: float | None = Field(
        None,
        ge=0,
        le=1e6,
        validation_alias="SCRAPEQ_AI_INPUT_PRICE",
        description="USD for a million tokens that are sent, of whatever model. None: what the package "
        "genai-prices says; where it knows no price, costs are not known.",
    )
    ai_output_price: float | None = Field(
        None,
        ge=0,
        le=1e6,
        validation_alias="SCRAPEQ_AI_OUTPUT_PRICE",
        description="The same for tokens that the model answers with.",
    )
    ai_max_output_tokens: int = Field(
        4096,
        ge=16,
        le=1_000_000,
        validation_alias="SCRAPEQ_AI_MAX_OUTPUT_TOKENS",
        description="Tokens that an answer may have where a budget is to hold, thinking included: each "
        "call takes room for so many. Twenty times the answer of a usual record.",
    )
    ai_concurrency: int = Field(
        8,
        ge=1,
        le=256,
        validation_alias="SCRAPEQ_AI_CONCURRENCY",
        description="Pages that one worker process asks a language model about at the same time. An answer "
        "takes seconds, and endpoints that bear less say so (429).",
    )
    ai_answers_days: float = Field(
        90,
        ge=0,
        le=36_500,
        validation_alias="SCRAPEQ_AI_ANSWERS_DAYS",
        description="Days that the record keeps an answer, so that the same question costs nothing.",
    )

    @field_validator("celery_task_serializer", "celery_result_serializer")
    @classmethod
    def _json_only(cls, value: str) -> str:
        if value != "json":
            raise ValueError(f"only json is safe to take from a queue, not {value!r}; write json")
        return value

    @field_validator("celery_accept_content", mode="before")
    @classmethod
    def _list_as_people_write_it(cls, value: Any) -> Any:
        """["json"], and what a shell makes of it ([json]); json, "json", application/json."""
        if not isinstance(value, str):
            return value
        words = [word.strip(" \t'\"") for word in value.strip().strip("[]").split(",")]
        return ["json" if word == "application/json" else word for word in words if word]

    @field_validator("celery_accept_content")
    @classmethod
    def _accept_json_only(cls, value: list[str]) -> list[str]:
        if set(value) != {"json"}:
            raise ValueError(f'only ["json"] is accepted from a queue, not {value}; write ["json"]')
        return value

    @field_validator("namespace")
    @classmethod
    def _part_of_a_key(cls, value: str) -> str:
        if not _NAMESPACE.fullmatch(value):
            raise ValueError(f"letters, digits, - and _ only, at most 40 of them, not {value!r}")
        return value

    @model_validator(mode="after")
    def _both_prices_or_none(self) -> Self:
        if (self.ai_input_price is None) != (self.ai_output_price is None):
            raise ValueError(
                "SCRAPEQ_AI_INPUT_PRICE and SCRAPEQ_AI_OUTPUT_PRICE belong together: set both, or none"
            )
        return self

    @field_validator("home")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().absolute()  # the same folder after a chdir, and in workers

    @field_validator("celery_timezone")
    @classmethod
    def _a_time_zone(cls, value: str) -> str:
        if value != "UTC" and value not in available_timezones():
            raise ValueError(f"there is no time zone {value!r}; write UTC, or one like Europe/Oslo")
        return value

    @field_validator("database_url")
    @classmethod
    def _same_file_everywhere(cls, value: SecretStr | None) -> SecretStr | None:
        """A relative SQLite path would be another file in workers, whose folder is another."""
        text = value.get_secret_value() if value else ""
        scheme, three_slashes, path = text.partition(":///")
        if scheme == "sqlite" and three_slashes and path and not path.startswith("/"):
            return SecretStr(f"sqlite:///{Path(path).expanduser().absolute()}")
        return value

    @property
    def shared(self) -> bool:
        """Whether a Redis of the user's own is named, for one or many machines."""
        return self.redis_url is not None or self.celery_broker_url is not None

    @property
    def redis_named_by(self) -> str:
        """The environment variable that names the Redis; "" in embedded mode."""
        if self.redis_url is not None:
            return "REDIS_URL"
        return "" if self.celery_broker_url is None else "CELERY_BROKER_URL"

    @property
    def broker_named_by(self) -> str:
        """The environment variable that names the Redis of Celery's messages; "" in embedded mode."""
        return "CELERY_BROKER_URL" if self.celery_broker_url else self.redis_named_by

    @property
    def database_path(self) -> Path:
        """The SQLite file of embedded mode."""
        return self.home / "scrapeq.sqlite3"


def load_settings(**overrides: Any) -> Settings:
    """The settings of this process, read from the environment now.

    Raises ConfigError naming the variable, what is wrong with it and what to write.
    """
    try:
        return Settings(**overrides)
    except SettingsError as error:  # a list or a dict that is not written as JSON
        named = re.search(r'field "(\w+)"', str(error))
        field = Settings.model_fields.get(named[1]) if named else None
        variable = field.validation_alias if field else "an environment variable"
        raise ConfigError(
            f"{variable} is not JSON", hint='write it like ["json"] or {"example.com:80": "..."}'
        ) from None
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(map(str, one['loc']))}: {str(one['msg']).removeprefix('Value error, ')}"
            for one in error.errors()
        )
        raise ConfigError(
            f"an environment variable cannot be met: {problems}",
            hint="correct it, or unset it for the default",
        ) from None


def make_home(home: Path) -> Path:
    """`home`, created so that only its owner reads it and git ignores it."""
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        ignore = home / ".gitignore"
        if not ignore.exists():
            ignore.write_text("# scrapeq's own files\n*\n", encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            f"scrapeq's folder {home} cannot be made: {error.strerror}",
            hint="set SCRAPEQ_HOME to a folder that you may write to",
        ) from error
    return home
