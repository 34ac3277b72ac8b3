"""The tables of the record, and the way from each version of them to the next.

Times are integer milliseconds since 1970 in UTC (`_ms`): the same in every database, and a
million of them become a column without a million objects. Bulky JSON is compressed.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from isal import isal_zlib
from pydantic_core import to_json

from scrapeq.clock import MINUTE_MS
from scrapeq.database.sealing import keys_of
from scrapeq.models import (
    BatchState,
    BrowserUse,
    JobStatus,
    Lane,
    RequestIdentity,
    ScrapingConfig,
)
from scrapeq.models.page_fields import PAGE_FIELDS, Kept, PageField, Source
from scrapeq.models.secret_values import (
    SEALED,
    SECRET_OPTIONS,
    erased,
    options_with,
    with_secrets,
)
from scrapeq.settings import DEFAULT_NAMESPACE

VERSION = 15
#: The first version in which no secret stands in clear.
SEALED_SINCE = 13
#: The Redis of a record whose open jobs are there in the form of an older version.
OLDER_FORM = "older form"
#: What is shorter shrinks by less than half, and costs as much to pack as to write.
WORTH_PACKING_BYTES = 300


def json_bytes(value: Any) -> bytes:
    """A JSON value as text, whatever its strings hold; a third of the time of Python's own `json`."""
    try:
        return to_json(value)
    except ValueError:  # half of a surrogate pair, which Python's way of escaping can express
        return json.dumps(value).encode()


def pack_json(value: Any) -> bytes | None:
    """JSON, compressed where that is worth it, None for what is empty: see `PackedJSON`."""
    if not value:
        return None
    text = json_bytes(value)
    return isal_zlib.compress(text, 1) if len(text) > WORTH_PACKING_BYTES else text


def sound_text(value: str | None) -> str | None:
    """Text that every database keeps: see `AnyText`."""
    if value is None or value.isascii():
        return value.replace("\0", "") if value else value
    return value.replace("\0", "").encode("utf-16", "surrogatepass").decode("utf-16", "replace")


class PackedJSON(sa.TypeDecorator[Any]):
    """JSON, compressed where that is worth it: a page's links shrink to a fifth. ISA-L writes zlib's
    format, faster. The first byte tells: a zlib stream begins with `x`, which no JSON does."""

    impl = sa.LargeBinary
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> bytes | None:
        return pack_json(value)

    def process_result_value(self, value: bytes | None, dialect: sa.Dialect) -> Any:
        if value is None:
            return None
        return json.loads(isal_zlib.decompress(value) if value[:1] == b"x" else value)


class AnyText(sa.TypeDecorator[str]):
    """Text from outside, whatever it holds: PostgreSQL keeps no NUL, and neither database half of a
    surrogate pair. The first is dropped, the second becomes U+FFFD."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> str | None:
        return sound_text(value)


_SQL_TYPES: dict[Kept, type[sa.types.TypeEngine[Any]]] = {
    Kept.TEXT: AnyText,
    Kept.KEY: sa.Text,
    Kept.FLAG: sa.Boolean,
    Kept.SMALL: sa.SmallInteger,
    Kept.NUMBER: sa.BigInteger,
    Kept.FLOAT: sa.Float,
    Kept.TIME: sa.BigInteger,
    Kept.JSON: sa.Text,
    Kept.PACKED: PackedJSON,
    Kept.LINKS: PackedJSON,
}


def _page_column(one: PageField) -> sa.Column[Any]:
    return sa.Column(one.stored, _SQL_TYPES[one.column.kept])


metadata = sa.MetaData()

meta = sa.Table(
    "meta",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)

batches = sa.Table(
    "batches",
    metadata,
    sa.Column("id", AnyText, primary_key=True),  # people look for names where ids are, too
    sa.Column("name", AnyText),
    sa.Column("run", sa.Integer, nullable=False, default=1),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("config", sa.Text, nullable=False),  # JSON, secrets encrypted: see `sealing`
    sa.Column("fingerprint", sa.Text, nullable=False),  # of the column of URLs and the options
    sa.Column("owner", AnyText, nullable=False, default=""),  # whose it is: see Settings.owner
    sa.Column("url_column", AnyText),  # what the input's column of URLs was called
    sa.Column("total", sa.Integer, nullable=False),
    sa.Column("completed", sa.Integer, nullable=False, default=0),
    sa.Column("failed", sa.Integer, nullable=False, default=0),
    sa.Column("cancelled", sa.Integer, nullable=False, default=0),
    sa.Column("from_store", sa.Integer, nullable=False, default=0),
    sa.Column("rendered", sa.Integer, nullable=False, default=0),
    sa.Column("finish_order", sa.BigInteger, nullable=False, default=0),  # the last one given out
    sa.Column("enqueued", sa.Boolean, nullable=False, default=False),  # all of it is in Redis
    sa.Column("growing", sa.Boolean, nullable=False, default=False),  # it may still get jobs
    sa.Column("keyed", sa.Boolean, nullable=False, default=False),  # its jobs have a `url_key`
    sa.Column("selected", sa.Text),  # how many pages each selector matched: see `selected`
    sa.Column("input_id", sa.Text),  # of the input that it shares with other runs of a schedule
    sa.Column("request", sa.Text),  # RequestIdentity.digest; None before version 13
    sa.Column("sealed", sa.SmallInteger, nullable=False, default=0),  # 1: its config has secrets
    sa.Column("created_ms", sa.BigInteger, nullable=False),
    sa.Column("finished_ms", sa.BigInteger),
    sa.UniqueConstraint("name", "run"),
    sa.Index("batches_by_state", "state", "enqueued"),
)

#: Of batches whose options hold encrypted secrets.
SEALED_BATCHES = sa.text("sealed = 1")
_by_sealed = sa.Index(
    "batches_sealed",  # those, among all
    batches.c.state,
    sqlite_where=SEALED_BATCHES,
    postgresql_where=SEALED_BATCHES,
)

inputs = sa.Table(
    "inputs",  # the input's own columns, as Arrow streams
    metadata,
    sa.Column("batch_id", sa.Text, primary_key=True),  # or the input_id of a schedule
    sa.Column("part", sa.Integer, primary_key=True),
    sa.Column("data", sa.LargeBinary, nullable=False),
)

jobs = sa.Table(
    "jobs",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("batch_id", sa.Text, nullable=False),
    sa.Column("row", sa.Integer, nullable=False),
    sa.Column("url", AnyText, nullable=False),  # as it was given
    sa.Column("href", sa.Text),  # canonical, where that differs
    sa.Column("host", sa.Text, nullable=False),
    sa.Column("priority", sa.SmallInteger, nullable=False),
    sa.Column("lane", sa.Text, nullable=False, server_default=Lane.HTTP.value),  # what it needs
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("attempts", sa.SmallInteger, nullable=False, default=0),
    sa.Column("error_kind", sa.Text),
    sa.Column("error_message", AnyText),
    sa.Column("page_of", sa.Text),  # the job whose page answers this one: a duplicate, or the store
    sa.Column("from_store", sa.Boolean, nullable=False, default=False),  # without a request
    sa.Column("finish_order", sa.BigInteger),  # position in the batch by time of finishing, from 1
    sa.Column("started_ms", sa.BigInteger),
    sa.Column("finished_ms", sa.BigInteger),
    # Of the last try, as in `pages`, where it stands behind a page's text: SQLite would read all of
    # that to get at it. None where nothing was asked, and before version 4.
    sa.Column("elapsed_s", sa.Float),
    sa.Column("parent_job_id", sa.Text),  # the job whose result appended this one
    sa.Column("page_kind", sa.Text),  # of the page that answers it
    sa.Column("page_kind_signal", sa.Text),
    sa.Column("selected", sa.BigInteger),  # which selectors matched in it: see `selected`
    # Of the page that answers it, whose own columns a count of a million jobs would be slow to read.
    sa.Column("browser_use", sa.Text),
    sa.Column("url_key", sa.Text),  # in batches that jobs are appended to: no second one has it
    sa.Index("jobs_by_batch", "batch_id", "row", unique=True),
    sa.Index("jobs_by_finish", "batch_id", "finish_order"),
    sa.Index("jobs_by_time", "finished_ms"),
)
sa.Index(
    "jobs_by_page",
    jobs.c.page_of,
    sqlite_where=jobs.c.page_of.is_not(None),
    postgresql_where=jobs.c.page_of.is_not(None),
)

_by_error = sa.Index(
    "jobs_by_error",  # how often each kind failed in a batch, whatever the number of its jobs
    jobs.c.batch_id,
    jobs.c.error_kind,
    sqlite_where=jobs.c.error_kind.is_not(None),
    postgresql_where=jobs.c.error_kind.is_not(None),
)

_by_kind = sa.Index(
    "jobs_by_kind",  # the newest that failed with a kind
    jobs.c.error_kind,
    jobs.c.finished_ms,
    sqlite_where=jobs.c.error_kind.is_not(None),
    postgresql_where=jobs.c.error_kind.is_not(None),
)

# An index of some jobs answers a question that has its very words: text, as a value would be bound, and
# SQLite is asked for a Boolean `= 1`.
#: Of jobs whose page is of no use, and may be.
NOT_A_PAGE = sa.text("page_kind <> 'page'")
_by_page_kind = sa.Index(
    "jobs_by_page_kind",  # how many pages of each kind a batch has, but for those that are to be read
    jobs.c.batch_id,
    jobs.c.page_kind,
    jobs.c.status,
    sqlite_where=NOT_A_PAGE,
    postgresql_where=NOT_A_PAGE,
)

#: Of jobs whose page needed a browser and had none.
LACKED = sa.text(f"browser_use = '{BrowserUse.LACKED}'")
_without_browser = sa.Index(
    "jobs_without_browser",  # how many of those a batch has
    jobs.c.batch_id,
    jobs.c.browser_use,
    sqlite_where=LACKED,
    postgresql_where=LACKED,
)

#: Of jobs that were made running by hand: what a worker runs is "pending" in the record.
BY_HAND = sa.text(f"status = '{JobStatus.RUNNING}'")
_by_hand = sa.Index(
    "jobs_by_hand",  # those, among all
    jobs.c.batch_id,
    sqlite_where=BY_HAND,
    postgresql_where=BY_HAND,
)

_by_key = sa.Index(
    "jobs_by_key",
    jobs.c.batch_id,
    jobs.c.url_key,
    unique=True,
    sqlite_where=jobs.c.url_key.is_not(None),
    postgresql_where=jobs.c.url_key.is_not(None),
)

pages = sa.Table(
    "pages",  # the result rows: one for each job that was fetched
    metadata,
    sa.Column("job_id", sa.Text, primary_key=True),
    sa.Column("batch_id", sa.Text, nullable=False),
    sa.Column("token", sa.BigInteger, nullable=False),  # only a newer one overwrites
    sa.Column("url_key", sa.Text, nullable=False),
    sa.Column("recipe", sa.Text, nullable=False),
    sa.Column("request", sa.Text, nullable=False, default=""),  # RequestIdentity.digest
    sa.Column("private_to", AnyText),  # the owner whose batches alone it may answer
    sa.Column("ok", sa.Boolean, nullable=False),
    # What was fetched, and then what was read, which is long: SQLite reads all that stands before.
    *(_page_column(one) for one in PAGE_FIELDS if one.column.source is Source.FETCH),
    *(_page_column(one) for one in PAGE_FIELDS if one.column.source is Source.CONTENT),
    sa.Index("pages_by_url", "url_key", "recipe", "fetched_ms"),
    sa.Index("pages_by_recipe", "recipe", "fetched_ms"),
    sa.Index("pages_by_batch", "batch_id"),
)
sa.Index(
    "pages_by_content",
    pages.c.html_sha256,
    sqlite_where=pages.c.html_sha256.is_not(None),
    postgresql_where=pages.c.html_sha256.is_not(None),
)

contents = sa.Table(
    "contents",  # raw pages and files, compressed, once per content
    metadata,
    sa.Column("sha256", sa.Text, primary_key=True),
    sa.Column("content_type", AnyText, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Column("bytes", sa.BigInteger, nullable=False, server_default="0"),  # of `body`
    sa.Column("kept_ms", sa.BigInteger, nullable=False, server_default="0"),
    # Asked for: it stays when room is made for others.
    sa.Column("lasting", sa.Boolean, nullable=False, server_default=sa.true()),
)
_PASSING = contents.c.lasting == sa.false()
_by_age = sa.Index(
    "contents_by_age",  # those that go, the oldest first, and how much room they take
    contents.c.kept_ms,
    contents.c.bytes,
    sqlite_where=_PASSING,
    postgresql_where=_PASSING,
)

files = sa.Table(
    "files",  # what pages gave in a browser besides their HTML: see `PageFile`
    metadata,
    sa.Column("job_id", sa.Text, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("url", AnyText, nullable=False),
    sa.Column("http_status", sa.SmallInteger),
    sa.Column("content_type", AnyText, nullable=False),
    sa.Column("width", sa.Integer),
    sa.Column("height", sa.Integer),
    sa.Column("bytes", sa.BigInteger, nullable=False),
    sa.Column("sha256", sa.Text, nullable=False),
    sa.Column("preview", sa.LargeBinary),
    sa.Index("files_by_content", "sha256"),
)

history = sa.Table(
    "history",  # one row a minute, whatever the number of jobs
    metadata,
    sa.Column("minute_ms", sa.BigInteger, primary_key=True),
    sa.Column("succeeded", sa.Integer, nullable=False),
    sa.Column("failed", sa.Integer, nullable=False),
    sa.Column("rendered", sa.Integer, nullable=False),  # those that a browser showed
    sa.Column("time_s", sa.Float, nullable=False),  # the sum over the timed ones
    sa.Column("timed", sa.Integer, nullable=False),  # those that a request was sent for
)

latencies = sa.Table(
    "latencies",  # how long the timed ones took: at most 122 rows a minute, see `stats.bucket`
    metadata,
    sa.Column("minute_ms", sa.BigInteger, primary_key=True),
    sa.Column("bucket", sa.SmallInteger, primary_key=True),
    sa.Column("count", sa.Integer, nullable=False),
    sqlite_with_rowid=False,
)

error_minutes = sa.Table(
    "error_minutes",  # how many jobs ended with each kind of error, a row for each kind in a minute
    metadata,
    sa.Column("minute_ms", sa.BigInteger, primary_key=True),
    sa.Column("error_kind", sa.Text, primary_key=True),
    sa.Column("count", sa.Integer, nullable=False),
    sqlite_with_rowid=False,
)

events = sa.Table(
    "events",  # errors that somebody recorded by hand
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("at_ms", sa.BigInteger, nullable=False, index=True),
    sa.Column("job_id", AnyText),
    sa.Column("error_type", AnyText, nullable=False),
    sa.Column("message", AnyText, nullable=False),
)

host_events = sa.Table(
    "host_events",  # when the breakers of hosts opened and closed
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("at_ms", sa.BigInteger, nullable=False, index=True),
    sa.Column("host", AnyText, nullable=False),
    sa.Column("event", sa.Text, nullable=False),  # opened, given_up, closed
    sa.Column("error_kind", sa.Text, nullable=False, server_default=""),  # of the last failure
    sa.Column("error_message", AnyText, nullable=False, server_default=""),
)

ai_answers = sa.Table(
    "ai_answers",  # what language models answered, by the digest of the question
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("asker", sa.Text),  # who asks now; None where there is the answer
    sa.Column("beat", sa.Integer, nullable=False, default=0),  # rises while the asker lives
    sa.Column("text", PackedJSON),
    sa.Column("model", AnyText),
    sa.Column("input_tokens", sa.BigInteger),
    sa.Column("output_tokens", sa.BigInteger),
    sa.Column("finish_reason", AnyText),
    sa.Column("at_ms", sa.BigInteger, nullable=False, index=True),
)

ai_spent = sa.Table(
    "ai_spent",  # what calls of language models came to; cost_nano in billionths of a dollar
    metadata,
    sa.Column("batch_id", sa.Text, primary_key=True),  # "" of calls that belong to no batch
    sa.Column("model", AnyText, primary_key=True),
    sa.Column("calls", sa.BigInteger, nullable=False),
    sa.Column("cached", sa.BigInteger, nullable=False),
    sa.Column("input_tokens", sa.BigInteger, nullable=False),
    sa.Column("output_tokens", sa.BigInteger, nullable=False),
    sa.Column("cost_nano", sa.BigInteger, nullable=False),
    sa.Column("unpriced", sa.BigInteger, nullable=False),  # calls of models without a known price
    sa.Column("unknown", sa.BigInteger, nullable=False),  # calls without an answer: see ai_spending
)

ai_calls = sa.Table(
    "ai_calls",  # those that belong to a budget and are under way
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("batch_id", sa.Text, nullable=False, index=True),
    sa.Column("most_nano", sa.BigInteger, nullable=False),
    sa.Column("at_ms", sa.BigInteger, nullable=False),
)

schedules = sa.Table(
    "schedules",  # what is scraped again by the calendar: see `models.schedule`
    metadata,
    sa.Column("name", AnyText, primary_key=True),
    sa.Column("timetable", sa.Text, nullable=False),  # JSON
    sa.Column("config", sa.Text, nullable=False),  # as in `batches`
    sa.Column("priority", sa.SmallInteger, nullable=False),
    sa.Column("owner", AnyText, nullable=False),
    sa.Column("input_id", sa.Text, nullable=False),
    sa.Column("url_column", AnyText),
    sa.Column("rows", sa.Integer, nullable=False),
    sa.Column("paused", sa.Boolean, nullable=False, default=False),
    sa.Column("made_ms", sa.BigInteger, nullable=False),  # from when intervals count
    sa.Column("next_ms", sa.BigInteger),  # None: it never comes again
    sa.Column("last_ms", sa.BigInteger),  # when a run began last
    sa.Column("last_batch_id", sa.Text),
    sa.Column("missed", sa.Integer, nullable=False, default=0),
    sa.Column("error_message", AnyText, nullable=False, default=""),  # why a time had no run
    sa.Column("error_ms", sa.BigInteger),
    sa.Column("notify", sa.Text),  # JSON of a `Notify`
    sa.Index("schedules_by_next", "paused", "next_ms"),
)

input_urls = sa.Table(
    "input_urls",  # the cells of the input of a schedule, in their order
    metadata,
    sa.Column("input_id", sa.Text, primary_key=True),
    sa.Column("part", sa.Integer, primary_key=True),
    sa.Column("cells", PackedJSON, nullable=False),  # a list of texts, null for an empty cell
)

notifications = sa.Table(
    "notifications",  # who is told that a batch is done: see `models.notification`
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("batch_id", sa.Text, nullable=False, index=True),
    sa.Column("url", AnyText, nullable=False),  # encrypted until it is sent, then its host alone
    sa.Column("secret", AnyText),  # the name of a variable
    sa.Column("notify_when", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("body", AnyText),
    sa.Column("attempts", sa.Integer, nullable=False, default=0),
    sa.Column("next_ms", sa.BigInteger),
    sa.Column("http_status", sa.SmallInteger),
    sa.Column("error_message", AnyText, nullable=False, default=""),
    sa.Column("created_ms", sa.BigInteger, nullable=False),
    sa.Column("delivered_ms", sa.BigInteger),
    sa.Index("notifications_by_state", "state", "next_ms"),
)

tokens = sa.Table(
    "tokens",  # who may speak with the server: see `access`
    metadata,
    sa.Column("id", sa.Text, primary_key=True),  # a part of the token that may be shown
    sa.Column("hash", sa.Text, nullable=False, unique=True),  # SHA-256 of the token
    sa.Column("person", AnyText, nullable=False),
    sa.Column("rights", sa.Text, nullable=False),
    sa.Column("created_ms", sa.BigInteger, nullable=False),
    sa.Column("expires_ms", sa.BigInteger),
    sa.Column("revoked_ms", sa.BigInteger),
)

audit = sa.Table(
    "audit",  # every change that was asked for over the server, and how it ended
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("at_ms", sa.BigInteger, nullable=False, index=True),
    sa.Column("person", AnyText, nullable=False),
    sa.Column("token_id", sa.Text, nullable=False),
    sa.Column("address", sa.Text, nullable=False, server_default=""),  # "" where it is not known
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("target", AnyText, nullable=False),
    sa.Column("status", sa.SmallInteger),  # of HTTP; None while it is under way
    sa.Column("result", AnyText, nullable=False),
    # Of a request with an idempotency key, as long as its answer is kept.
    sa.Column("key", AnyText),
    sa.Column("digest", sa.Text),
    sa.Column("answer", PackedJSON),
    sa.UniqueConstraint("person", "key"),
)


def _add_percentiles(connection: sa.Connection) -> None:
    """Version 4. The errors of older jobs are counted; how long they took is not known by minute."""
    for change in (
        "ALTER TABLE jobs ADD COLUMN elapsed_s FLOAT",
        "ALTER TABLE history ADD COLUMN timed INTEGER NOT NULL DEFAULT 0",
        "UPDATE history SET timed = succeeded + failed",
    ):
        connection.execute(sa.text(change))
    _by_kind.create(connection)
    latencies.create(connection)
    error_minutes.create(connection)
    minute_ms = (jobs.c.finished_ms - jobs.c.finished_ms % MINUTE_MS).label("minute_ms")
    ended = (
        sa.select(minute_ms, jobs.c.error_kind, sa.func.count())
        .where(jobs.c.error_kind.is_not(None), jobs.c.finished_ms.is_not(None))
        .group_by(minute_ms, jobs.c.error_kind)
    )
    connection.execute(
        error_minutes.insert().from_select(["minute_ms", "error_kind", "count"], ended)
    )


def _add_request_identity(connection: sa.Connection) -> None:
    """Version 5. How older pages were asked for is not known: they answer no later job."""
    for change in (
        "ALTER TABLE batches ADD COLUMN owner TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE pages ADD COLUMN request TEXT NOT NULL DEFAULT 'unknown'",
        "ALTER TABLE pages ADD COLUMN private_to TEXT",
    ):
        connection.execute(sa.text(change))


def add_page_columns(connection: sa.Connection) -> None:
    """Give `pages` the columns of fields that came later. They are NULL in older rows, and a process
    that does not know them writes none."""
    there = set(connection.execute(sa.text("SELECT * FROM pages LIMIT 0")).keys())
    for column in pages.columns:
        if column.name not in there:
            kind = column.type.compile(connection.dialect)
            name = connection.dialect.identifier_preparer.format_column(column)
            connection.execute(sa.text(f"ALTER TABLE pages ADD COLUMN {name} {kind}"))


def _add_appending(connection: sa.Connection) -> None:
    """Version 5. Older batches are complete, and their jobs get keys when one is appended."""
    for change in (
        "ALTER TABLE batches ADD COLUMN growing BOOLEAN NOT NULL DEFAULT FALSE",
        "ALTER TABLE batches ADD COLUMN keyed BOOLEAN NOT NULL DEFAULT FALSE",
        "ALTER TABLE jobs ADD COLUMN parent_job_id TEXT",
        "ALTER TABLE jobs ADD COLUMN url_key TEXT",
    ):
        connection.execute(sa.text(change))
    _by_key.create(connection)


def _steps(*steps: Callable[[sa.Connection], None]) -> Callable[[sa.Connection], None]:
    def migrate(connection: sa.Connection) -> None:
        for step in steps:
            step(connection)

    return migrate


def _add_namespace_and_lanes(connection: sa.Connection) -> None:
    """Version 5. Older versions had one namespace in Redis, and forms of data that this one cannot
    read, so the open jobs are put there again. The last failure of a host was one text."""
    connection.execute(meta.insert().values(key="namespace", value=DEFAULT_NAMESPACE))
    connection.execute(meta.update().where(meta.c.key == "redis").values(value=OLDER_FORM))
    connection.execute(sa.text("ALTER TABLE jobs ADD COLUMN lane TEXT NOT NULL DEFAULT 'http'"))
    if all(one["name"] != "said" for one in sa.inspect(connection).get_columns("host_events")):
        return  # it was made by a step before
    for name in ("error_kind", "error_message"):
        change = f"ALTER TABLE host_events ADD COLUMN {name} TEXT NOT NULL DEFAULT ''"
        connection.execute(sa.text(change))
    older = connection.execute(sa.text("SELECT id, said FROM host_events WHERE said <> ''")).all()
    if older:
        split = [(row_id, *text.partition(": ")) for row_id, text in older]
        connection.execute(
            host_events.update().where(host_events.c.id == sa.bindparam("row_id")),
            [
                {"row_id": row_id, "error_kind": kind, "error_message": message}
                for row_id, kind, _, message in split
            ],
        )
    connection.execute(sa.text("ALTER TABLE host_events DROP COLUMN said"))


def _add_page_kinds(connection: sa.Connection) -> None:
    """Version 6. Of what kind older pages are is not known."""
    for change in (
        "ALTER TABLE jobs ADD COLUMN page_kind TEXT",
        "ALTER TABLE jobs ADD COLUMN page_kind_signal TEXT",
        "ALTER TABLE jobs ADD COLUMN selected BIGINT",
        "ALTER TABLE batches ADD COLUMN selected TEXT",
    ):
        connection.execute(sa.text(change))
    _by_page_kind.create(connection)


def _add_browser_use(connection: sa.Connection) -> None:
    """Version 8. What stored pages say is counted: a page of a file that did not know `rendered` as
    none that a browser showed, and a minute without jobs that were tried again or deleted since."""
    add_page_columns(connection)
    for change in (
        "ALTER TABLE jobs ADD COLUMN browser_use TEXT",
        "ALTER TABLE batches ADD COLUMN rendered INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE history ADD COLUMN rendered INTEGER NOT NULL DEFAULT 0",
    ):
        connection.execute(sa.text(change))
    needed = sa.select(pages.c.job_id, pages.c.rendered, pages.c.render_reason).where(
        sa.or_(pages.c.rendered, pages.c.render_reason.is_not(None))
    )
    uses = [
        {"page": job_id, "use": BrowserUse.of(rendered, reason)}
        for job_id, rendered, reason in connection.execute(needed)
    ]
    j = jobs.c
    if uses:
        answered = sa.or_(
            sa.and_(j.id == sa.bindparam("page"), j.page_of.is_(None)),
            j.page_of == sa.bindparam("page"),
        )
        ended = sa.or_(*(j.status == one.value for one in (JobStatus.COMPLETED, JobStatus.FAILED)))
        noting = jobs.update().where(answered, ended).values(browser_use=sa.bindparam("use"))
        connection.execute(noting, uses)
        _count_rendered(connection)
    _without_browser.create(connection)
    _by_hand.create(connection)


def _count_rendered(connection: sa.Connection) -> None:
    """Count in each batch and each minute the jobs whose page a browser showed."""
    j, count = jobs.c, sa.func.count()
    showed = j.browser_use == BrowserUse.SHOWED
    of_batch = sa.select(count).where(j.batch_id == batches.c.id, showed).scalar_subquery()
    connection.execute(batches.update().values(rendered=of_batch))
    minute_ms = (j.finished_ms - j.finished_ms % MINUTE_MS).label("minute_ms")
    then = sa.and_(showed, sa.not_(j.from_store), j.page_of.is_(None))
    minutes = [
        {"minute": minute, "number": number}
        for minute, number in connection.execute(
            sa.select(minute_ms, count).where(then).group_by(minute_ms)
        )
    ]
    if minutes:
        change = history.update().where(history.c.minute_ms == sa.bindparam("minute"))
        connection.execute(change.values(rendered=sa.bindparam("number")), minutes)


def _add_ages_of_contents(connection: sa.Connection) -> None:
    """Version 10. What was kept before was asked for, and lasts."""
    for change in (
        "ALTER TABLE contents ADD COLUMN bytes BIGINT NOT NULL DEFAULT 0",
        "ALTER TABLE contents ADD COLUMN kept_ms BIGINT NOT NULL DEFAULT 0",
        "ALTER TABLE contents ADD COLUMN lasting BOOLEAN NOT NULL DEFAULT TRUE",
    ):
        connection.execute(sa.text(change))
    _by_age.create(connection)


def _add_schedules(connection: sa.Connection) -> None:
    """Version 11."""
    connection.execute(sa.text("ALTER TABLE batches ADD COLUMN input_id TEXT"))
    schedules.create(connection)
    input_urls.create(connection)


def _add_notifications(connection: sa.Connection) -> None:
    """Version 12."""
    columns = {one["name"] for one in sa.inspect(connection).get_columns("schedules")}
    if "notify" not in columns:  # else the table was made by the step before
        connection.execute(sa.text("ALTER TABLE schedules ADD COLUMN notify TEXT"))
    notifications.create(connection)


def _seal_secrets(connection: sa.Connection) -> None:
    """Version 13. Secrets that stand in clear are encrypted, and erased where their batch has ended."""
    for change in (
        "ALTER TABLE batches ADD COLUMN request TEXT",
        "ALTER TABLE batches ADD COLUMN sealed SMALLINT NOT NULL DEFAULT 0",
    ):
        connection.execute(sa.text(change))
    _by_sealed.create(connection)
    keys = keys_of(connection)
    for table, key in ((batches, batches.c.id), (schedules, schedules.c.name)):
        holds = sa.or_(*(table.c.config.like(f'%"{name}"%') for name in SECRET_OPTIONS))
        state = table.c.state if table is batches else sa.null()
        for one, text, now in connection.execute(
            sa.select(key, table.c.config, state).where(holds)
        ).all():
            is_over = now in {BatchState.FINISHED.value, BatchState.CANCELLED.value}
            options = with_secrets(json.loads(text), erased if is_over else keys.seal)
            values: dict[str, Any] = {"config": json.dumps(options)}
            if table is batches:
                config = ScrapingConfig(**json.loads(text))
                has_secrets = options_with(options, lambda value: value.startswith(SEALED))
                values |= {
                    "request": RequestIdentity.of(config).digest,
                    "sealed": int(bool(has_secrets)),
                }
            connection.execute(table.update().where(key == one).values(values))
    for one, url in connection.execute(sa.select(notifications.c.id, notifications.c.url)).all():
        values = {"url": keys.seal(url)}
        connection.execute(notifications.update().where(notifications.c.id == one).values(values))
    scheduled = sa.select(schedules.c.name, schedules.c.notify).where(
        schedules.c.notify.is_not(None)
    )
    for one, text in connection.execute(scheduled).all():
        notify = json.loads(text)
        values = {"notify": json.dumps({**notify, "url": keys.seal(notify["url"])})}
        connection.execute(schedules.update().where(schedules.c.name == one).values(values))


def _add_addresses(connection: sa.Connection) -> None:
    """Version 15. Where older requests came from is not known."""
    columns = {one["name"] for one in sa.inspect(connection).get_columns("audit")}
    if "address" not in columns:  # else the table was made by the step before
        change = "ALTER TABLE audit ADD COLUMN address TEXT NOT NULL DEFAULT ''"
        connection.execute(sa.text(change))


#: What leads from version N to N + 1, by N. A new database is made whole at `VERSION`.
MIGRATIONS: dict[int, Callable[[sa.Connection], None]] = {
    1: host_events.create,
    2: _by_error.create,
    3: _add_percentiles,
    4: _steps(_add_request_identity, _add_appending, _add_namespace_and_lanes),
    5: _steps(_add_page_kinds),
    6: files.create,
    7: _add_browser_use,
    8: _steps(ai_answers.create, ai_spent.create, ai_calls.create),
    9: _add_ages_of_contents,
    10: _add_schedules,
    11: _add_notifications,
    12: _seal_secrets,
    13: _steps(tokens.create, audit.create),
    14: _add_addresses,
}
