"""Speaking with `scrapeq serve`: scrape, find a batch again, look at the project."""

from __future__ import annotations

import json
import os
import sys
import time
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from scrapeq import display, frames
from scrapeq.errors import ConfigError, MissingExtra
from scrapeq.models import Job, JobStatus, QueueStats, ScrapingConfig
from scrapeq.models.health import SystemHealth
from scrapeq.models.monitoring import PerformanceHistory
from scrapeq.models.notification import NotificationState, NotifyWhen
from scrapeq.models.priority import USUAL_PRIORITY
from scrapeq.models.shown_schedule import ShownSchedule

try:
    import httpx2
except ImportError as error:  # pragma: no cover - the tests have it
    raise MissingExtra("the client needs httpx2", hint="pip install 'scrapeq[client]'") from error

from scrapeq.client.remote.batch import RemoteBatch
from scrapeq.client.remote.schedules import RemoteSchedule, schedule_path
from scrapeq.client.remote.tables import batch_of
from scrapeq.client.remote.transport import Transport

if TYPE_CHECKING:
    import pandas as pd

    from scrapeq.frames import UrlColumn

#: The environment variable that has a token where none is given.
TOKEN_VARIABLE = "SCRAPEQ_TOKEN"  # noqa: S105 - a name
#: Rows of a plain list that are sent as JSON; more are sent as a file.
MOST_AS_JSON = 50_000


class Client:
    """A project behind a server, spoken with by a token: `scrapeq token create NAME` makes one.

    client = Client("http://127.0.0.1:8000", token)
    client.scrape(df, url="link").df

    url: as `scrapeq serve` prints it. token: without one, the environment's SCRAPEQ_TOKEN. transport: of
    httpx2, in place of its own. What the server refuses is raised as here: ConfigError, NotFound and so on;
    ServerUnavailable where it cannot be reached for a minute, NotAllowed where the token is of no use.
    Raises ConfigError without a token, and in a browser (Pyodide).
    """

    def __init__(
        self, url: str, token: str | None = None, *, transport: httpx2.BaseTransport | None = None
    ) -> None:
        if sys.platform == "emscripten":
            raise ConfigError(
                "the client does not work in a browser (Pyodide, JupyterLite): the server answers no page of "
                "another origin",
                hint="use a notebook whose kernel runs on a machine, or the dashboard of scrapeq serve",
            )
        self._transport = Transport(_checked_url(url), _checked_token(token), transport)

    # -- batches -----------------------------------------------------------------------------

    def scrape(
        self,
        source: Any,
        url: str | None = None,
        *,
        name: str | None = None,
        config: ScrapingConfig | None = None,
        priority: int = USUAL_PRIORITY,
        refresh: bool = False,
        notify: str | None = None,
        notify_secret: str | None = None,
        notify_when: str = NotifyWhen.DONE,
        **options: Any,
    ) -> RemoteBatch:
        """Submit a column of URLs; returns at once with the handle of the batch.

        The arguments are those of `sq.scrape`. A table is sent with all its columns, as a Parquet file. The
        request is sent again while the server is away, and submits once.

        Raises InputError for a table without URLs, ConfigError for an option that cannot be met.
        """
        if options:
            config = (config or ScrapingConfig()).replace(**options)
        fields = {"name": name, "priority": priority, "refresh": refresh, "notify": notify}
        fields |= {"notify_secret": notify_secret, "notify_when": notify_when}
        batch = self._submit("/batches", frames.read_urls(source, url), fields, config)
        return RemoteBatch(self._transport, batch["id"], batch["note"], config)

    def _submit(
        self,
        path: str,
        column: UrlColumn | None,
        fields: dict[str, Any],
        config: ScrapingConfig | None,
    ) -> Any:
        """Send a column of URLs: as JSON, or with its table as a file."""
        fields = {name: value for name, value in fields.items() if value is not None}
        options = None if config is None else config.to_storage()
        if column is not None and (column.has_table or len(column.values) > MOST_AS_JSON):
            table, fields["url_column"] = frames.table_to_send(column)
            if options is not None:
                fields["config"] = json.dumps(options)
            file = {"file": ("urls.parquet", table)}
            return self._transport.change("POST", f"{path}/file", data=fields, files=file).json()
        body = {**fields, "config": options}
        if column is not None:
            body["urls"] = [None if one is None else str(one) for one in column.values]
        return self._transport.change("POST", path, json=body).json()

    def attach(self, name_or_id: str) -> RemoteBatch:
        """The handle of a batch by its id or name (the newest run). Raises NotFound naming what there is."""
        found = self._get(f"/batches/{quote(name_or_id, safe='')}")
        return RemoteBatch(self._transport, found["id"])

    def batches(self, limit: int = 100) -> pd.DataFrame:
        """One row per batch, the newest first, as `sq.batches`."""
        found = [batch_of(one) for one in self._get("/batches", limit=limit)["batches"]]
        rows = [
            (
                *(one.name, one.id, one.run, one.state.value, one.total, one.completed, one.failed),
                *(one.cancelled, one.from_store, one.rendered, _seconds(one.created_at)),
                _seconds(one.finished_at),
            )
            for one in found
        ]
        return frames.batches_frame(rows, time.time())

    # -- schedules ---------------------------------------------------------------------------

    def schedule(
        self,
        name: str,
        source: Any = None,
        url: str | None = None,
        *,
        every: str | None = None,
        at: str | None = None,
        cron: str | None = None,
        timezone: str | None = None,
        config: ScrapingConfig | None = None,
        priority: int | None = None,
        notify: str | None = None,
        notify_secret: str | None = None,
        notify_when: str | None = None,
        **options: Any,
    ) -> RemoteSchedule:
        """Scrape a column of URLs again and again; the handle of the schedule. The arguments are those of
        `sq.schedule`, and a name alone finds it.

        Raises ConfigError, InputError, and NotFound for a name alone that is not there.
        """
        if options:
            config = (config or ScrapingConfig()).replace(**options)
        fields: dict[str, Any] = {"every": every, "at": at, "cron": cron, "timezone": timezone}
        fields |= {"priority": priority, "notify": notify, "notify_secret": notify_secret}
        fields |= {"notify_when": notify_when}
        if source is None and config is None and all(one is None for one in fields.values()):
            self._get(schedule_path(name))
            return RemoteSchedule(self._transport, name)
        fields["name"] = name
        column = None if source is None else frames.read_urls(source, url)
        made = self._submit("/schedules", column, fields, config)
        return RemoteSchedule(self._transport, name, made["note"])

    def schedules(self) -> pd.DataFrame:
        """One row per schedule, the next one first, as `sq.schedules`."""
        found = self._get("/schedules")["schedules"]
        shown = [ShownSchedule.model_validate(one) for one in found]
        return frames.schedules_frame(
            [
                (
                    *(one.name, one.when, one.state, _seconds(one.next_at)),
                    *(_seconds(one.last_at), one.last_batch_id, one.rows, one.failed),
                    *(one.missed, one.error),
                )
                for one in shown
            ]
        )

    def notifications(self, batch: str | None = None, limit: int = 100) -> pd.DataFrame:
        """Who was notified that batches are done, the newest first, as `sq.notifications`."""
        found = self._get("/notifications", batch=batch, limit=limit)["notifications"]
        rows = [
            [_moment_s(value) if name.endswith("_at") else value for name, value in one.items()]
            for one in found
        ]
        return frames.notifications_frame(rows, list(NotificationState))

    # -- jobs, as JobQueue has them ------------------------------------------------------------

    def submit_scraping_job(
        self, url: str, config: ScrapingConfig | None = None, priority: int = USUAL_PRIORITY
    ) -> Job:
        """Submit one URL; see `JobQueue.submit_scraping_job`."""
        body = {
            "url": url,
            "config": None if config is None else config.to_storage(),
            "priority": priority,
        }
        return Job.model_validate(self._transport.change("POST", "/jobs", json=body).json())

    def get_job_status(self, job_id: str) -> Job:
        """A job, with its page once it is finished. Raises NotFound."""
        return Job.model_validate(self._get(f"/jobs/{quote(job_id, safe='')}"))

    def cancel_job(self, job_id: str) -> bool:
        """Stop a job; False if it was finished already."""
        path = f"/jobs/{quote(job_id, safe='')}/cancel"
        return bool(self._transport.change("POST", path).json()["cancelled"])

    def get_active_jobs(self, limit: int = 100) -> list[Job]:
        """Open jobs: those that run, then those that are next."""
        return _jobs(self._get("/jobs/active", limit=limit))

    def get_job_history(self, limit: int = 100, status: JobStatus | str | None = None) -> list[Job]:
        """Jobs, the newest first."""
        wanted = None if status is None else str(status)
        return _jobs(self._get("/jobs", limit=limit, status=wanted))

    # -- the project -------------------------------------------------------------------------

    def get_queue_stats(self) -> QueueStats:
        """Jobs by status, messages by queue, live workers."""
        return QueueStats.model_validate(self._get("/queue"))

    def health(self) -> SystemHealth:
        """HEALTHY, DEGRADED or UNHEALTHY, why, and what to do; it shows itself."""
        return SystemHealth.model_validate(self._get("/health"))

    def history(self, hours: float = 24) -> PerformanceHistory:
        """What finished, how well and how fast, hour by hour."""
        return PerformanceHistory.model_validate(self._get("/history", hours=hours))

    def hosts(self, hours: float = 24, limit: int = 100) -> pd.DataFrame:
        """How each host did, the one with most jobs first, as `sq.hosts`."""
        return frames.host_rows_frame(self._get("/hosts", hours=hours, limit=limit)["hosts"])

    def me(self) -> dict[str, str]:
        """Whose token this is, and what it may do: name, right, token_id."""
        return dict(self._get("/me"))

    def close(self) -> None:
        """End its connections, and those of the handles that it gave."""
        self._transport.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Client {display.plain(self._transport.url, 120)}>"

    def _get(self, path: str, **params: Any) -> Any:
        return self._transport.get(path, **params).json()


def _checked_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        is_whole = parts.scheme in {"http", "https"} and bool(parts.hostname) and not parts.query
    except (ValueError, AttributeError):
        is_whole = False
    if not is_whole:
        raise ConfigError(
            f"{display.without_credentials(str(url))!r} is not the address of a server",
            hint="write it as scrapeq serve prints it, like http://127.0.0.1:8000",
        )
    return url.rstrip("/").removesuffix("/v1")


def _checked_token(token: str | None) -> str:
    found = (token or os.environ.get(TOKEN_VARIABLE, "")).strip()
    if not found or not found.isascii() or not found.isprintable():
        what = "this is no token" if found else "there is no token to speak with the server"
        raise ConfigError(
            what,
            hint=f"give one, or set {TOKEN_VARIABLE}; scrapeq token create NAME makes it",
        )
    return found


def _jobs(answer: Any) -> list[Job]:
    return [Job.model_validate(one) for one in answer["jobs"]]


def _moment_s(text: str | None) -> float | None:
    return None if text is None else datetime.fromisoformat(text).timestamp()


def _seconds(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()
