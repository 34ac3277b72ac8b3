"""The handle of a batch: what people hold in a notebook while the work goes on elsewhere."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Generator, Iterator, Sequence
from typing import Any

from scrapeq import database, display
from scrapeq.client.batch_tables import BatchTables
from scrapeq.client.card import batch_card, one_line, text_line
from scrapeq.client.failures import FailedRows
from scrapeq.client.progress import ProgressMeter
from scrapeq.client.sight import SlowHosts, missing, named, paused_now
from scrapeq.client.waiting import pauses
from scrapeq.errors import ScrapeqError
from scrapeq.models import BatchState, ErrorKind, Page, Progress
from scrapeq.pipeline.job_queue import JobQueue


class BatchHandle(BatchTables):
    """A batch that was submitted: look at it, wait for it, steer it, take its tables.

    It holds no results and does no work: everything is read from the record when it is asked for,
    so a handle from `attach()` in another kernel shows the same.
    """

    def __init__(self, queue: JobQueue, batch_id: str, note: str = "") -> None:
        super().__init__(queue, batch_id)
        self._meter = ProgressMeter()
        self._slow_hosts = SlowHosts()
        self._failed_rows = FailedRows()
        #: What the submission did, in a sentence; empty where there is nothing to say.
        self.note = self._submitted = note

    # -- looking -----------------------------------------------------------------------------

    @property
    def progress(self) -> Progress:
        """How far it is; also while Redis does not answer (what runs is then counted as pending)."""
        return self._meter.read(self.batch, self._queue.services.frontier)

    @property
    def is_done(self) -> bool:
        """Whether every row has its result, and no more can come."""
        return self.batch.is_complete

    def __len__(self) -> int:
        return self.batch.total

    def __repr__(self) -> str:
        try:
            return f"<BatchHandle {one_line(self.batch, self.progress)}>"
        except ScrapeqError as error:  # to look at an object must not fail
            return f"<BatchHandle {display.plain(self.id, 80)!r}: {display.plain(error, 200)}>"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """In IPython without a notebook: a bar of text."""
        try:
            printer.text(f"{display.plain(self.name or self.id, 80)} {text_line(self.progress)}")
        except ScrapeqError:
            printer.text(repr(self))

    def _repr_html_(self) -> str:
        try:
            return self.card()
        except ScrapeqError as error:
            return display.card(self.id, {}, note=error, away="cannot be shown")

    def card(self, *, actions: bool = False) -> str:
        """Its picture as HTML: the same in a notebook, live or saved, and on a page.

        `actions`: with the buttons that make sense now, for whoever listens to them. Costs a few
        milliseconds, whatever the size of the batch. While Redis does not answer or nobody works,
        the card is grey and says so. Raises DatabaseUnavailable.
        """
        batch, progress = self.batch, self.progress
        frontier = self._queue.services.frontier
        has_errors = bool(progress.failed or progress.cancelled)
        errors = database.jobs.error_kinds(self._engine, self.id) if has_errors else {}
        rows = self._failed_rows.of(self._engine, self.id, errors)
        pace = self._meter.pace_per_s
        if progress.is_done:
            return batch_card(
                batch,
                progress,
                note=self._submitted,  # what was done since then has its end by now
                errors=errors,
                rows=rows,
                pace_per_s=pace,
                with_actions=actions,
            )
        not_there = missing(frontier)
        paused = paused_now(frontier)
        # all that is left waits for paused hosts: the speed of other hosts is no forecast
        waiting = sum(one.waiting for one in paused)
        waits = bool(paused) and not progress.running and progress.pending <= waiting
        return batch_card(
            batch,
            progress,
            note=self.note,
            errors=errors,
            rows=rows,
            pace_per_s=pace,
            paused=named(paused),
            slow=self._slow_hosts.in_words(frontier, self.id),
            is_still=bool(not_there) or waits or batch.state is BatchState.PAUSED,
            missing=not_there,
            with_actions=actions,
        )

    # -- waiting -----------------------------------------------------------------------------

    def wait(self, timeout: float | None = None) -> BatchHandle:
        """Return when every row has its result; `timeout` in seconds.

        An interrupt stops the waiting and not the work. A paused batch waits until it is resumed.
        Raises WaitTimeout; the work goes on.
        """
        for pause_s in self._pauses(timeout):
            if self.is_done:
                return self
            time.sleep(pause_s)
        return self

    def __await__(self) -> Generator[Any, None, list[Page]]:
        return self._pages_when_done().__await__()

    async def _pages_when_done(self) -> list[Page]:
        between = self._pauses(None)
        while not await asyncio.to_thread(lambda: self.is_done):  # noqa: ASYNC110 - of a database
            await asyncio.sleep(await asyncio.to_thread(next, between))
        return await asyncio.to_thread(self.pages)

    def watch(self) -> BatchHandle:
        """Show it: in a notebook as a card that moves by itself; elsewhere as a line of text that
        moves until every row has its result, or until it is interrupted (the work goes on)."""
        if display.kernel_shell() is not None:
            from IPython.display import display as show

            show(self)  # type: ignore[no-untyped-call] # IPython has no types here
            return self
        for pause_s in self._pauses(None):
            progress = self.progress
            print(f"\r{text_line(progress)}", end="\x1b[K", flush=True)
            if progress.is_done:
                print()
                return self
            time.sleep(pause_s)
        return self

    def as_completed(self, timeout: float | None = None) -> Iterator[Page]:
        """Each page as it is finished, failed ones too; ends with the last one.

        `timeout` in seconds is for the whole; raises WaitTimeout when it is over.
        """
        place = 0
        for pause_s in self._pauses(timeout):
            done = self.is_done
            while found := database.results.pages_finished_after(self._engine, self.id, place):
                for place, page in found:  # noqa: B007 - the last one is where to go on
                    yield page
            if done:
                return
            time.sleep(pause_s)

    def _pauses(self, timeout: float | None) -> Iterator[float]:
        return pauses(self._queue.services, self.id, timeout, self._why_late)

    def _why_late(self) -> str:
        hosts = named(paused_now(self._queue.services.frontier))
        return f"hosts are paused: {hosts}" if hosts else ""

    # -- steering ----------------------------------------------------------------------------

    def pause(self) -> BatchHandle:
        """Start nothing more; what runs ends."""
        self._queue.pause_batch(self.id)
        return self

    def resume(self) -> BatchHandle:
        """Go on after `pause()`."""
        self._queue.resume_batch(self.id)
        return self

    def cancel(self) -> BatchHandle:
        """Stop it: nothing starts once this has returned; open rows become `cancelled`."""
        self._queue.cancel_batch(self.id)
        return self

    def retry_failed(self, kinds: Sequence[ErrorKind | str] | None = None) -> BatchHandle:
        """Try failed and cancelled rows again, on request only those of some error kinds."""
        count = self._queue.retry_failed(self.id, kinds)
        self.note = f"{count:,} rows are tried again" if count else "there is nothing to try again"
        return self
