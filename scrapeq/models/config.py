"""The options of a scrape, each with its unit, its bounds and its reason."""

from __future__ import annotations

import difflib
import hashlib
import json
import os
import re
from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any, Literal, Self, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)

from scrapeq import display
from scrapeq.errors import ConfigError
from scrapeq.models.document_kind import DocumentKind
from scrapeq.models.meant import meant_option
from scrapeq.models.page_action import MOST_ACTIONS, PageAction, listed
from scrapeq.models.page_kind import PageKind
from scrapeq.models.record import FieldSpec, RecordSpec
from scrapeq.models.record_class import record_spec
from scrapeq.models.secret_values import ERASED, SEALED

#: A login's name, which is part of a file's.
LOGIN_NAME = r"[A-Za-z0-9_-]{1,64}"
#: Pixels of a side of the window: twice those of an 8K screen's width leave room for tall pages.
MOST_WINDOW_PIXELS = 15_360
_SIZE = re.compile(r"^\s*(\d{1,5})\s*[x×]\s*(\d{1,5})\s*$")
_AGE = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*([smhdw]?)\s*$", re.IGNORECASE)
_AGE_UNITS = {
    "": "seconds",
    "s": "seconds",
    "m": "minutes",
    "h": "hours",
    "d": "days",
    "w": "weeks",
}
_MONEY = re.compile(
    r"^\s*(?:USD|US\$|\$)?\s*(?P<amount>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)\s*(?:USD|\$|dollars?)?\s*$",
    re.IGNORECASE,
)
_TOKEN = re.compile(r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")  # RFC 9110, section 5.6.2


def _age(value: Any) -> Any:
    """Let people write "30m", "12h", "7d" where a timedelta is meant; a number is seconds."""
    if isinstance(value, str) and (match := _AGE.match(value)):
        return timedelta(**{_AGE_UNITS[match[2].lower()]: float(match[1])})
    return value


Age = Annotated[timedelta, BeforeValidator(_age)]


#: Options that ask for files: see `PageFile`.
BROUGHT = ("screenshot", "pdf", "capture", "console")
#: Characters of a pattern of URLs, or of a selector; browsers take URLs of 2,000 and more.
LONGEST_PATTERN = 2_000

#: What is read of a page beside its text, links, images and selectors, by the names of `Page`.
PageFieldName = Literal[
    "title",
    "language",
    "author",
    "published_at",
    "metadata",
    "markdown",
    "tables",
    "structured",
    "product",
    "comments",
    "minhash",
]
#: Of these, what every page gives unless something else is asked for. Markdown takes a fifth of the
#: time of the main text, and few look at it; nor does everybody need the tables.
USUAL_FIELDS: tuple[PageFieldName, ...] = (
    "title",
    "language",
    "author",
    "published_at",
    "metadata",
)


def _page_fields(value: Any) -> Any:
    """One name, several in a text with commas, "all", or a list; in one order, each once."""
    wanted = value.split(",") if isinstance(value, str) else value
    if not isinstance(wanted, (list, tuple, set, frozenset)):
        raise ValueError(  # noqa: TRY004 - a TypeError would leave pydantic as it is
            'write a list of fields, like ["title", "markdown"], or "all"'
        )
    known = get_args(PageFieldName)
    names = {str(one).strip() for one in wanted} - {""}
    if names == {"all"}:
        return known
    for name in sorted(names.difference(known)):
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
        meant = f"did you mean {near[0]!r}?" if near else f"write of: {', '.join(known)}, or all"
        raise ValueError(f"there is no field {name[:40]!r} to read: {meant}")
    return tuple(name for name in known if name in names)


PageFieldNames = Annotated[tuple[PageFieldName, ...], BeforeValidator(_page_fields)]

#: All kinds of documents, in their order: what `accept` is unless less is asked for.
EVERY_DOCUMENT = tuple(DocumentKind)


def _documents(value: Any) -> Any:
    """One kind, several in a text with commas, "all", or a list; in one order, each once."""
    wanted = value.split(",") if isinstance(value, str) else value
    if not isinstance(wanted, (list, tuple, set, frozenset)):
        raise ValueError(  # noqa: TRY004 - a TypeError would leave pydantic as it is
            'write a list of kinds of documents, like ["html", "pdf"], or "all"'
        )
    names = {str(one).strip().lower() for one in wanted} - {""}
    if names == {"all"}:
        return EVERY_DOCUMENT
    known = [kind.value for kind in EVERY_DOCUMENT]
    for name in sorted(names.difference(known)):
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
        meant = f"did you mean {near[0]!r}?" if near else f"write of: {', '.join(known)}, or all"
        raise ValueError(f"there is no kind of document {name[:40]!r} to accept: {meant}")
    if not names:
        raise ValueError('name a kind of document at least, like "html", or leave accept out')
    if DocumentKind.HTML in names:  # the words of a page are of use without its markup
        names.add(DocumentKind.TEXT.value)
    return tuple(kind for kind in EVERY_DOCUMENT if kind.value in names)


DocumentKinds = Annotated[tuple[DocumentKind, ...], BeforeValidator(_documents)]


def _record(value: Any) -> Any:
    """A class, a dict, or the JSON of a record."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            raise ValueError("the record is not written as JSON") from None
    return None if value is None else record_spec(value)


def _usd(value: Any) -> Any:
    """Let people write "2 USD", "$2", "USD 0.50"; prices are in dollars, so no other money is meant."""
    if not isinstance(value, str):
        return value
    if match := _MONEY.match(value):
        return float(match["amount"].replace(",", ""))
    raise ValueError('write an amount in dollars, like "2 USD" or 0.5')


Asked = Mapping[str, str | list[str] | FieldSpec]


class Recipe(BaseModel):
    """What is to be read from a page: the part of the options that decides what a row holds.

    Two pages read with equal recipes are interchangeable, so a stored page may answer a new job
    only if its recipe has the same `digest`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    custom_selectors: dict[str, str | list[str]] = Field(default_factory=dict)
    extract_links: bool = False
    extract_images: bool = False
    main_text: Literal["best", "fast", "off"] = "best"
    page_fields: tuple[PageFieldName, ...] = USUAL_FIELDS
    fail_on: tuple[PageKind, ...] = ()
    accept: tuple[DocumentKind, ...] = EVERY_DOCUMENT
    record: RecordSpec | None = None
    ai_evidence: bool = False

    @property
    def asked(self) -> Asked:
        """What was asked for by name, in the order of its columns: selectors, then a record's fields."""
        fields = {one.name: one for one in self.record.fields} if self.record is not None else {}
        return {**self.custom_selectors, **fields}

    @property
    def digest(self) -> str:
        """A short fingerprint, equal for equal recipes."""
        known = self.model_dump(mode="json")
        # Pages that were stored before there were such options go on to answer
        if not self.fail_on:
            del known["fail_on"]
        if self.page_fields == USUAL_FIELDS:
            del known["page_fields"]
        if self.accept == EVERY_DOCUMENT:
            del known["accept"]
        if self.record is None:
            del known["record"]
        if not self.ai_evidence:
            del known["ai_evidence"]
        text = json.dumps(known, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


class ScrapingConfig(BaseModel):
    """How to fetch and what to read. Frozen: make another with `config.replace(...)`.

    Unknown options are refused with the nearest name; a value out of bounds with the bounds.
    Secrets (`headers`, `cookies`, `proxy`) are masked wherever a config is shown, and may be given
    by name: the value "env:SHOP_COOKIE" is read from the worker's environment when it is needed.

    Raises:
        ConfigError: from `ScrapingConfig.build(**options)`; the constructor itself raises
            pydantic's ValidationError, with the same messages.
    """

    # What was given may be a cookie: pydantic's own message would show it in a traceback.
    model_config = ConfigDict(
        frozen=True, extra="forbid", validate_default=True, hide_input_in_errors=True
    )

    # what to read
    custom_selectors: dict[str, str | list[str]] = Field(
        default_factory=dict,
        description='A column per entry: {"price": ".price", "next": "a.next::attr(href)", '
        '"tags": [".tag"], "n": "//h2"}: CSS, or XPath when it begins with / or (. The first match '
        "counts; a selector in a list of one gives the list of all matches.",
    )
    record: Annotated[RecordSpec | None, BeforeValidator(_record)] = Field(
        None,
        description="What a row is to hold: a class, `class Product(sq.Record)`, or a dict. A typed "
        "column for each field; what is missing or wrong is in `batch.violations`.",
    )
    extract_links: bool = Field(False, description="Keep every link: url, text, rel.")
    extract_images: bool = Field(False, description="Keep every image: url, alt, size, srcset.")
    main_text: Literal["best", "fast", "off"] = Field(
        "best",
        description='The text a person would read: "best" takes about 14 ms of CPU for an article '
        'of 57 KB, "fast" 2.5 ms; all the rest takes 1 ms.',
    )
    page_fields: PageFieldNames = Field(
        USUAL_FIELDS,
        description='What else is read: of "title", "language", "author", "published_at", "metadata", '
        '"markdown" (of the main text), "tables", "structured", "product", "comments" and "minhash" (of the main text, for near '
        'duplicates), or "all". What is left out is empty and costs nothing.',
    )
    fail_on: tuple[PageKind, ...] = Field(
        (),
        description="Kinds of pages that count as failures, such as "
        '["soft_404", "login"]; see `page_kind`.',
    )
    accept: DocumentKinds = Field(
        EVERY_DOCUMENT,
        description='Kinds of documents that count as good: "html" (plain text too), "pdf", "json", '
        '"xml", "feed", "sitemap", "csv", "excel", "image", "other", or "all". Others are failures: '
        "`not_html`, or `not_accepted` where html is left out.",
    )
    store_html: bool = Field(
        False,
        description="Keep the pages' bytes until they are deleted. Else they are kept as long as there is "
        "room (SCRAPEQ_STORED_PAGES_MB).",
    )
    store_files: bool = Field(
        False,
        description="Keep the file of each document that is no web page, once per content: "
        "`batch.documents`.",
    )

    # how to ask
    use_stealth: bool = Field(
        False,
        description="Send a real browser's headers and TLS, and let a rendered page see nothing of "
        "being driven. Never changes robots.txt or pace.",
    )
    user_agent: str | None = Field(None, description="None: scrapeq's own, with its version.")
    headers: dict[str, SecretStr] = Field(default_factory=dict)
    cookies: dict[str, SecretStr] = Field(default_factory=dict)
    storage_state: str | None = Field(
        None,
        description="The name of a login: `scrapeq login NAME URL`. It is read where the worker runs.",
    )
    proxy: SecretStr | None = Field(
        None, description="http://user:password@host:port, or env:NAME."
    )

    # the browser
    render: Literal["auto", "always", "never"] = Field(
        "auto",
        description='"auto": a browser shows the pages that need one, and only those.',
    )
    viewport: str | None = Field(
        None,
        description='Pixels of the browser\'s window: "1280x800", or (1280, 800). None: 1280x720.',
    )
    locale: str | None = Field(
        None,
        pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$",
        description='The language and region of who asks: "de-DE"; in a browser, and as Accept-Language.',
    )
    timezone: str | None = Field(
        None, description='The time zone of the browser: "Europe/Berlin". None: this machine\'s.'
    )
    session: bool = Field(
        False,
        description="Show the pages of one host in a batch to one browser of their own: they share cookies "
        "and storage, in each worker process, one after another. False: no page knows of others.",
    )
    wait_for: str | None = Field(
        None,
        min_length=1,
        max_length=1000,
        description='What a rendered page is waited for: a selector (".price") or a text '
        '("text=Add to cart"). None: until it has come to rest.',
    )
    wait_time: float = Field(
        0,
        ge=0,
        le=300,
        description="Seconds that a browser waits after a page has loaded, before it is read. "
        "Over plain HTTP a page is complete with its last byte, so nothing is waited for.",
    )
    actions: tuple[PageAction, ...] = Field(
        (),
        max_length=MOST_ACTIONS,
        description="What a browser does on each page before it is read: "
        '[{"click": "#more"}, {"scroll": "end"}]. Every page is rendered then.',
    )
    screenshot: bool | str = Field(
        False,
        description='A picture of each page: "window" (or True) for what a window shows, "full" for '
        "the whole page, or a selector for one element.",
    )
    pdf: bool = Field(False, description="Each page as a PDF.")
    capture: tuple[str, ...] = Field(
        (),
        max_length=50,
        description='The JSON answers that a page gets from URLs like these: ["*/api/offers*"]; '
        "* is any text.",
    )
    console: bool = Field(
        False, description="Keep the errors of a page's scripts, and its requests that failed."
    )

    # politeness
    respect_robots: bool = Field(True, description="Obey robots.txt (RFC 9309) and Crawl-delay.")
    delay_between_requests: float | None = Field(
        None,
        ge=0,
        le=3600,
        description="Least seconds between the starts of two requests to one host, over all "
        "workers. None: 1 s, or 0 for a host on this machine (127.0.0.0/8, ::1, localhost).",
    )
    crawl_delay_cap_s: float = Field(
        300,
        ge=0,
        le=86_400,
        description="The longest Crawl-delay that is waited for; a page of a host that asks for more "
        "ends as `robots`. 300 is Heritrix's respectCrawlDelayUpToSeconds; Nutch ends such pages too.",
    )
    max_per_host: int = Field(
        8, ge=1, le=1000, description="Requests to one host that may be open at the same time."
    )

    # limits
    connect_timeout_s: float = Field(10, gt=0, le=300, description="Name, connection and TLS.")
    first_byte_timeout_s: float = Field(20, gt=0, le=600, description="Until the head is complete.")
    idle_timeout_s: float = Field(15, gt=0, le=600, description="Between two pieces of the body.")
    total_timeout_s: float = Field(60, gt=0, le=3600, description="All of one try, redirects too.")
    max_body_mb: float = Field(
        20, gt=0, le=1024, description="MB (10^6 bytes) of a body, decoded; more is `too_large`."
    )
    max_redirects: int = Field(
        20, ge=0, le=100, description="As many as browsers follow (Fetch standard, 4.4)."
    )

    # trying again
    max_retries: int = Field(3, ge=0, le=20, description="Tries after the first.")
    retry_backoff_s: float = Field(
        2, ge=0, le=3600, description="First wait before trying again; doubles, with jitter."
    )
    retry_after_cap_s: float = Field(
        600, ge=0, le=86400, description="The longest Retry-After that is waited for."
    )

    # stored pages
    max_age: Age | None = Field(
        None,
        description='A stored page younger than this answers without a request: 3600, "12h", "7d"; 0: none. '
        "None: `scrape()` takes a day, `submit_scraping_job` always fetches.",
    )

    only_stored: bool = Field(
        False,
        description="Read stored pages and send no request: a row whose page is not stored ends as "
        "`not_stored`. `batch.reread()` asks for it.",
    )
    merge_duplicates: bool = Field(
        True,
        description="Fetch rows whose URLs differ in order, trackers and sessions only once. "
        "False: every row is a request of its own.",
    )

    # the language model
    ai_budget: Annotated[float | None, BeforeValidator(_usd)] = Field(
        None,
        gt=0,
        le=1_000_000,
        description='USD that the fields of sq.ai may cost, over all workers: "2 USD", or 2. Then rows have '
        "the rest, and violations say why. None: no bound.",
    )
    ai_evidence: bool = Field(
        False,
        description="Let the model quote a passage for each of its values, and look whether it stands on "
        "the page: see `batch.evidence`.",
    )

    # safety
    allow_private_addresses: bool | None = Field(
        None,
        description="Let loopback and private addresses be fetched (cloud metadata never). "
        "None: what SCRAPEQ_ALLOW_PRIVATE_ADDRESSES says.",
    )

    @classmethod
    def build(cls, **options: Any) -> Self:
        """A config from options; raises ConfigError with one plain sentence for each mistake."""
        try:
            return cls(**options)
        except ValidationError as error:
            for one in error.errors():
                if isinstance(ours := one.get("ctx", {}).get("error"), ConfigError):
                    raise ours from None
            problem = "; ".join(_explain(one) for one in error.errors())
            is_known = all(one["loc"] for one in error.errors())  # else it says what to write
            hint = "see ScrapingConfig's fields for units and bounds" if is_known else ""
            raise ConfigError(problem, hint=hint) from None

    def replace(self, **changes: Any) -> Self:
        """A copy with some options changed, validated like a new one."""
        return self.build(**{name: getattr(self, name) for name in self.model_fields_set} | changes)

    @model_validator(mode="before")
    @classmethod
    def _unknown_options(cls, data: Any) -> Any:
        if isinstance(data, dict):
            for name in data:
                if name not in cls.model_fields:
                    meant = meant_option(str(name), cls.model_fields)
                    listed = f"the options are {', '.join(cls.model_fields)}"
                    advice = f"did you mean {meant!r}?" if meant else listed
                    raise ValueError(f"there is no option {display.quoted(name)}; {advice}")
        return data

    @field_validator("viewport", mode="before")
    @classmethod
    def _viewport_is_a_size(cls, value: Any) -> Any:
        if value is None:
            return None
        size = "x".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
        match = _SIZE.match(size)
        if not match or not all(50 <= int(side) <= MOST_WINDOW_PIXELS for side in match.groups()):
            raise ValueError(
                f'write the width and height like "1280x800", 50 to {MOST_WINDOW_PIXELS} each'
            )
        return f"{int(match[1])}x{int(match[2])}"

    @field_validator("timezone")
    @classmethod
    def _timezone_is_known(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                ZoneInfo(value)
            except (ValueError, OSError, ZoneInfoNotFoundError):
                raise ValueError(
                    f'there is no time zone {value[:40]!r}; write a name like "Europe/Berlin"'
                ) from None
        return value

    @field_validator("actions", mode="before")
    @classmethod
    def _actions_may_be_json(cls, value: Any) -> Any:
        return listed(value)

    @model_validator(mode="after")
    def _options_agree(self) -> Self:
        for name in self.record.names if self.record is not None else ():
            if name in self.custom_selectors:
                raise ValueError(
                    f"{name!r} is a field of the record and in custom_selectors: leave one out"
                )
        if self.actions and self.render == "never":
            raise ValueError('actions need a browser: leave out render="never", or the actions')
        return self

    @model_validator(mode="after")
    def _sessions_are_the_browsers(self) -> Self:
        if self.session and self.render == "never":
            raise ValueError('a session is kept by a browser: leave out render="never", or session')
        return self

    @field_validator("custom_selectors", mode="before")
    @classmethod
    def _selectors_are_written(cls, value: Any) -> Any:
        if not isinstance(value, Mapping):
            raise ValueError(  # noqa: TRY004 - a TypeError would leave pydantic as it is
                f"custom_selectors is {display.plain(repr(value), 80)} ({type(value).__name__}); "
                'write {"title": "h1"}, a selector for each column'
            )
        for name, selector in value.items():
            written = selector if isinstance(selector, (list, tuple)) else [selector]
            texts = [name, *written]
            is_written = all(isinstance(text, str) and text.strip() for text in texts)
            if not is_written or len(written) != 1:
                raise ValueError(
                    f"custom_selectors needs a name and a selector, not {display.quoted(name)}: "
                    f"{display.plain(repr(selector), 80)}; "
                    'write {"title": "h1"}, or {"tags": [".tag"]} for all matches'
                )
        return value

    @field_validator("fail_on", mode="before")
    @classmethod
    def _kinds_are_known(cls, value: Any) -> Any:
        """One kind, several in a text with commas, or a list of them; in one order, each once."""
        wanted = value.split(",") if isinstance(value, str) else value
        if not isinstance(wanted, (list, tuple, set, frozenset)):
            raise ValueError(  # noqa: TRY004 - a TypeError would leave pydantic as it is
                'write a list of kinds of pages, like ["soft_404", "login"]'
            )
        names = {str(one).strip() for one in wanted} - {""}
        known = [kind.value for kind in PageKind if kind is not PageKind.PAGE]
        for name in sorted(names):
            if name not in known:
                near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
                meant = f"did you mean {near[0]!r}?" if near else f"write of: {', '.join(known)}"
                raise ValueError(f"there is no kind of page {name[:40]!r} to fail on: {meant}")
        return tuple(PageKind(name) for name in sorted(names))

    @field_validator("screenshot", mode="before")
    @classmethod
    def _screenshot_is_written(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        words = {"window": True, "true": True, "false": False, "": False}
        if len(value) > LONGEST_PATTERN:
            raise ValueError(f"a selector has at most {LONGEST_PATTERN:,} characters")
        return words.get(value.strip().lower(), value.strip())

    @field_validator("capture", mode="before")
    @classmethod
    def _patterns_are_written(cls, value: Any) -> Any:
        """A list, or a text of one or more: a URL has no white space."""
        patterns = value.split() if isinstance(value, str) else value
        for pattern in patterns if isinstance(patterns, (list, tuple)) else ():
            if not isinstance(pattern, str) or not 0 < len(pattern) <= LONGEST_PATTERN:
                raise ValueError(f"a pattern has 1 to {LONGEST_PATTERN:,} characters")
        return patterns

    @model_validator(mode="after")
    def _a_browser_is_wanted(self) -> Self:
        if self.render == "never" and self.brings:
            raise ValueError(
                f"{self.brings[0]} needs a browser, and render='never' shows no page in one; "
                "leave render out"
            )
        return self

    @field_validator("headers", "cookies")
    @classmethod
    def _fields_are_sendable(cls, value: dict[str, SecretStr]) -> dict[str, SecretStr]:
        for name, secret in value.items():
            if not _TOKEN.match(name):
                raise ValueError(
                    f"{display.quoted(name)} cannot be the name of a header or cookie; "
                    "write letters, digits and hyphens"
                )
            if any(character in secret.get_secret_value() for character in "\r\n\0"):
                raise ValueError(f"the value of {name!r} has a line break; write it on one line")
        return value

    @field_validator("storage_state")
    @classmethod
    def _storage_state_is_a_name(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(LOGIN_NAME, value):
            raise ValueError("write the name of a login, like shop; `scrapeq login` makes one")
        return value

    @field_validator("user_agent")
    @classmethod
    def _user_agent_is_sendable(cls, value: str | None) -> str | None:
        if value is not None and not value.isprintable():
            raise ValueError("user_agent has a line break or another control character")
        return value

    @field_validator("proxy")
    @classmethod
    def _proxy_is_a_url(cls, value: SecretStr | None) -> SecretStr | None:
        if value and not value.get_secret_value().startswith(
            ("http://", "https://", "env:", SEALED, ERASED)
        ):
            raise ValueError("proxy must begin with http:// or https://, or be env:NAME")
        return value

    @property
    def brings(self) -> tuple[str, ...]:
        """The options that ask for files of a page, which only a browser has."""
        return tuple(name for name in BROUGHT if getattr(self, name))

    @property
    def always_renders(self) -> bool:
        """Whether every HTML page is shown in a browser."""
        asked = self.render == "always" or bool(self.actions or self.brings)
        return asked and not self.only_stored

    @property
    def recipe(self) -> Recipe:
        """The part that decides what a row holds."""
        return Recipe(
            custom_selectors=self.custom_selectors,
            extract_links=self.extract_links,
            extract_images=self.extract_images,
            main_text=self.main_text,
            page_fields=self.page_fields,
            fail_on=self.fail_on,
            accept=self.accept,
            record=self.record,
            ai_evidence=self.ai_evidence,
        )

    def to_storage(self) -> dict[str, Any]:
        """What was set, secrets in clear: for the database only, never for Redis, a log or a page."""
        return {name: _bare(value) for name, value in self.model_dump(exclude_unset=True).items()}

    def differing(self) -> dict[str, str]:
        """The options that are not at their defaults, as they may be shown: short, no secret."""
        return {
            name: _in_words(value)
            for name, field in type(self).model_fields.items()
            if (value := getattr(self, name)) != field.get_default(call_default_factory=True)
        }

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value}" for name, value in self.differing().items())
        return f"ScrapingConfig({display.plain(shown, 400)})"

    def __str__(self) -> str:
        return repr(self)

    def _repr_html_(self) -> str:
        differing = self.differing()
        left = len(type(self).model_fields) - len(differing)
        return display.card(
            "ScrapingConfig",
            differing,
            note=f"{left} options are at their defaults" if differing else None,
            corner=None if differing else "all defaults",
        )


def reveal(secret: SecretStr) -> str:
    """The value of a secret; one given as env:NAME is read from this process's environment.

    Raises ConfigError if that variable is not set here, if the secret is encrypted and its key is not
    here, or if it was erased.
    """
    text = secret.get_secret_value()
    if text.startswith(SEALED):
        raise ConfigError(
            "a secret of this batch is encrypted with a key that this worker does not have",
            hint="set SCRAPEQ_SECRET_KEY to the same key wherever batches are submitted and workers run, or "
            "give secrets by name, as env:NAME",
        )
    if text == ERASED:
        raise ConfigError(
            "a secret of this batch was erased when the batch had ended",
            hint="give it again when you try failed rows again, or submit a new batch",
        )
    if not text.startswith("env:"):
        return text
    name = text.removeprefix("env:")
    if name not in os.environ:
        raise ConfigError(
            f"the environment variable {name} is not set where the worker runs",
            hint=f"export {name} before the workers start",
        )
    return os.environ[name]


def _in_words(value: Any) -> str:
    """An option's value on one short line, secrets masked."""
    if isinstance(value, SecretStr):
        return "'••••'"
    if isinstance(value, timedelta):
        return f"'{_written_age(value)}'"
    if isinstance(value, dict):
        items = [f"{display.plain(key, 40)!r}: {_in_words(one)}" for key, one in value.items()]
        return display.plain("{" + ", ".join(items) + "}")
    if isinstance(value, RecordSpec):
        return display.plain(f"{value.name} ({', '.join(value.names)})")
    if isinstance(value, PageAction):
        return value.words
    if isinstance(value, StrEnum):
        return repr(str(value))
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_in_words, value))}]"
    return repr(display.plain(value, 80)) if isinstance(value, str) else repr(value)


def _written_age(age: timedelta) -> str:
    """An age as it is given: "7d", "90s"."""
    for unit, name in reversed(_AGE_UNITS.items()):
        if age and not age % (length := timedelta(**{name: 1})):
            return f"{age // length}{unit}"
    return f"{age.total_seconds():g}s"


def _bare(value: Any) -> Any:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, dict):
        return {key: _bare(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_bare(one) for one in value]
    return str(value) if isinstance(value, StrEnum) else value


def _explain(error: Any) -> str:
    """One pydantic error as a sentence that names the option and what to write instead."""
    message = str(error["msg"]).removeprefix("Value error, ")
    where = ".".join(str(part) for part in error["loc"])
    return f"{where}: {message[:1].lower()}{message[1:]}" if where else message
