"""The handle of a batch: what people hold in a notebook while the work goes on elsewhere."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from scrapeq import database, display
from scrapeq.client.callbacks import CallsBack
from scrapeq.client.checking import check_options
from scrapeq.client.looking import BatchLooks
from scrapeq.client.sight import (
    named,
    offline_in_words,
    paused_now,
)
from scrapeq.errors import ConfigError, NotFound
from scrapeq.models import (
    Batch,
    ErrorKind,
    Page,
    Progress,
    ScrapingConfig,
)
from scrapeq.models.actions import Action
from scrapeq.models.request_identity import differences
from scrapeq.models.secret_values import SECRET_OPTIONS
from scrapeq.pipeline import arguments
from scrapeq.pipeline.job_queue import JobQueue, check, get_job_queue, submitted
from scrapeq.project.bounded import budget
from scrapeq.project.submission import Submission
from scrapeq.project.waiting import Waiting
from scrapeq.settings import load_settings

#: In place of a record: that of the batch.
SAME: Any = object()
#: Older than any stored page.
ANY_AGE = timedelta(days=36_500)


class BatchHandle(BatchLooks, CallsBack):
    """A batch that was submitted: look at it, wait for it, steer it, take its tables.

    It holds no results and does no work: everything is read from the record when it is asked for,
    so a handle from `attach()` in another kernel shows the same. So does one that was pickled: it is
    the batch's id and where its project is, and unpickling is `attach()` there. Raises NotFound or
    ConfigError in a process that has no such project.
    """

    def __init__(
        self,
        queue: JobQueue,
        batch_id: str,
        note: str = "",
        config: ScrapingConfig | None = None,
        *,
        name: str | None = None,
    ) -> None:
        """config: the options as they were given here, whose secrets the record may have erased since.
        name: that of the batch, where it is known."""
        super().__init__(queue, batch_id, note)
        self._config = config
        self._known_name = name

    def __reduce__(self) -> tuple[Any, ...]:
        settings = self._queue.services.settings
        return _unpickled, (self.id, self.note, settings.home, settings.redis_named_by)

    def __copy__(self) -> BatchHandle:
        return BatchHandle(self._queue, self.id, self.note, self._config, name=self._known_name)

    def __deepcopy__(self, _memo: dict[int, Any]) -> BatchHandle:
        return self.__copy__()

    # -- waiting -----------------------------------------------------------------------------

    def wait(self, timeout: float | None = None) -> BatchHandle:
        """Return when every row has its result; `timeout` in seconds.

        An interrupt stops the waiting and not the work. A paused batch waits until it is resumed. A
        Redis or a record that is away is waited for, with a ServiceAwayWarning after some seconds, as
        when no host can be reached. Raises WaitTimeout; the work goes on.
        """
        waiting = self._waiting(timeout)
        for pause_s in waiting:
            if waiting.look(lambda: self.batch.is_complete):
                self.note = self.findings().behind(self._submitted)
                return self
            time.sleep(pause_s)
        return self

    def __await__(self) -> Generator[Any, None, list[Page]]:
        return self._pages_when_done().__await__()

    async def _pages_when_done(self) -> list[Page]:
        waiting = self._waiting(None)
        between = iter(waiting)
        while not await asyncio.to_thread(waiting.look, lambda: self.batch.is_complete):  # noqa: ASYNC110
            await asyncio.sleep(await asyncio.to_thread(next, between))
        self.note = (await asyncio.to_thread(self.findings)).behind(self._submitted)
        return await asyncio.to_thread(self.pages)

    def follow(self, timeout: float | None = None) -> Iterator[Progress]:
        """How far it is, a few times a second, until every row has its result: this too is said.

        `timeout` in seconds; raises WaitTimeout when it is over.
        """
        waiting = self._waiting(timeout)
        for pause_s in waiting:
            if progress := waiting.read(lambda: self.progress):
                yield progress
                if progress.is_done:
                    return
            time.sleep(pause_s)

    def as_completed(self, timeout: float | None = None) -> Iterator[Page]:
        """Each page as it is finished, failed ones too; ends with the last one.

        `timeout` in seconds is for the whole; raises WaitTimeout when it is over.
        """
        place = 0
        waiting = self._waiting(timeout)

        def more() -> list[tuple[int, Page]]:
            return database.page_rows.pages_finished_after(self._engine, self.id, place)

        for pause_s in waiting:
            done = waiting.look(lambda: self.batch.is_complete)
            while done is not None and (found := waiting.read(more)):
                for place, page in found:  # noqa: B007 - the last one is where to go on
                    yield page
            if done and found is not None:
                return
            time.sleep(pause_s)

    def _waiting(self, timeout: float | None) -> Waiting:
        what = f"batch {self.id} is not done"
        services = self._queue.services

        def offline() -> str:
            return offline_in_words(services, self.id, self._failed_rows, self._slow_hosts)

        timeout_s = arguments.a_timeout(timeout)
        return Waiting(services, what, timeout_s, self._why_late, offline)

    def _why_late(self) -> str:
        hosts = named(paused_now(self._queue.services))
        return f"hosts are paused: {hosts}" if hosts else ""

    # -- steering ----------------------------------------------------------------------------

    def press(self, action: Action) -> None:
        """Do what a button of its card says. Raises soon where a service is silent: a picture waits."""
        with budget():
            check(self._queue)
        getattr(self, action)()

    def pause(self) -> BatchHandle:
        """Start nothing more; what runs ends."""
        self._steer(lambda: self._queue.pause_batch(self.id))
        return self

    def resume(self) -> BatchHandle:
        """Go on after `pause()`."""
        self._steer(lambda: self._queue.resume_batch(self.id))
        return self

    def cancel(self) -> BatchHandle:
        """Stop it: nothing starts once this has returned; open rows become `cancelled`."""
        self._steer(lambda: self._queue.cancel_batch(self.id))
        return self

    def reread(self, record: Any = SAME, **options: Any) -> BatchHandle:
        """A new batch of the same rows, read from the stored pages: no request is sent.

        By the options of this batch, with those that are given in their place: another `record`, other
        `custom_selectors`, `main_text="best"`; `record=None` leaves the record out. The newest stored page
        of each URL is read, however old. A row whose page is not stored, because it failed, made room for
        others, or was not fetched yet, ends as `not_stored`.

        Raises ConfigError for options that cannot be met, or that would change what is requested.
        """
        return reread(self._queue, self._read(lambda: self.batch), record, options)

    def retry_failed(
        self, kinds: Sequence[ErrorKind | str] | None = None, **secrets: Any
    ) -> BatchHandle:
        """Try failed and cancelled rows again, on request only those of some error kinds.

        secrets: cookies, headers, proxy or actions. The record has erased those of a batch that has ended,
        unless they were given by name; the handle that `scrape()` gave still has them. Raises ConfigError
        where one is missing.
        """
        if self._config is not None:
            known = {name: getattr(self._config, name) for name in SECRET_OPTIONS}
            secrets = {name: value for name, value in known.items() if value} | secrets
        count = self._steer(lambda: self._queue.retry_failed(self.id, kinds, **secrets))
        again = display.counted(count, "row is tried again", "rows are tried again")
        self.note = again if count else "there is nothing to try again"
        return self

    def _steer(self, change: Callable[[], int]) -> int:
        """What a verb changed. Raises NotFound where it changed nothing because the batch was deleted."""
        changed = self._read(change, changes=True)
        if not changed:
            self._read(lambda: self.batch)
        return changed


def reread(queue: JobQueue, batch: Batch, record: Any, options: dict[str, Any]) -> BatchHandle:
    """See `BatchHandle.reread`."""
    if record is not SAME:
        options = {**options, "record": record}
    config = batch.config.replace(**{**options, "only_stored": True, "max_age": ANY_AGE})
    check_options(config)
    if others := differences(batch.config.replace(store_files=config.store_files), config):
        raise ConfigError(
            f"stored pages are read again as they are: {' and '.join(others)} would be another request",
            hint="leave it out, or scrape these rows anew",
        )
    engine = queue.services.engine
    submission = Submission(
        database.jobs.urls_of(engine, batch.id),
        config,
        url_column=batch.url_column,
        table=database.batches.input_parts(engine, batch.id),
        request=batch.request,
    )
    found, _ = submitted(queue, submission)
    note = f"the stored pages of {batch.name or batch.id}, read again"
    if not batch.is_complete:
        left = display.counted(batch.total - batch.done, "of its rows is", "of its rows are")
        note += f"; {left} not done, and may have no stored page yet"
    return BatchHandle(queue, found.id, note=note, name=found.name)


def _unpickled(batch_id: str, note: str, home: Path, redis_named_by: str) -> BatchHandle:
    """The handle of a batch of the project in `home`, or of the environment's Redis."""
    if redis_named_by:
        settings = load_settings()
        if not settings.shared:
            raise ConfigError(
                f"the pickled batch {batch_id} is worked on in a Redis of your own, and this process "
                "knows none",
                hint=f"set {redis_named_by} (and SCRAPEQ_DATABASE_URL) as where it was pickled",
            )
    elif home.is_dir():
        settings = load_settings(SCRAPEQ_HOME=home, REDIS_URL=None, CELERY_BROKER_URL=None)
    else:
        raise NotFound(
            f"the pickled batch {batch_id} is in the folder {home}, which is not here",
            hint="unpickle it on the machine where it was made, or share its table: batch.export(...)",
        )
    queue = get_job_queue(settings)
    found = queue.find_batch(batch_id)
    return BatchHandle(queue, found.id, note, name=found.name)
