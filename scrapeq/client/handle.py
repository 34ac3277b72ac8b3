"""The handle of a batch: what people hold in a notebook while the work goes on elsewhere."""

from __future__ import annotations

import asyncio
import math
import sys
import time
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scrapeq import clock, database, display, frames, stats
from scrapeq.errors import NotFound, RedisUnavailable, ScrapeqError, WaitTimeout
from scrapeq.frontier import Paused
from scrapeq.models import Batch, BatchState, ErrorKind, Page, Progress
from scrapeq.pipeline.job_queue import JobQueue

if TYPE_CHECKING:
    import pandas as pd

#: Seconds between two looks while waiting: short at first, so that a few pages feel immediate; a
#: look takes half a millisecond.
FIRST_LOOK_S, LONGEST_LOOK_S = 0.02, 0.2
#: Seconds between two looks at whether anybody works, and without workers before it is said: a
#: worker needs three to start.
LOOK_AFTER_S, NO_WORKERS_S = 5, 20
#: Seconds of the past that the rate is taken from.
RATE_WINDOW_S = 30
#: Spared hosts that a card names; `paused_hosts()` has all.
MOST_SPARED = 3
#: Slow hosts that a card names, seconds that a host's pace must take to be named, and between two
#: looks for them.
MOST_SLOW, SLOW_S, LOOK_FOR_SLOW_S = 3, 60, 5


class BatchHandle:
    """A batch that was submitted: look at it, wait for it, steer it, take its tables.

    It holds no results and does no work: everything is read from the record when it is asked for,
    so a handle from `attach()` in another kernel says the same.
    """

    def __init__(self, queue: JobQueue, batch_id: str, note: str = "") -> None:
        self._queue = queue
        self._samples: deque[tuple[float, int]] = deque(maxlen=240)
        self._slow = (-math.inf, "")  # when the slow hosts were looked for, and what was found
        self.id = batch_id
        #: What the submission did, in a sentence; empty where there is nothing to say.
        self.note = note

    @property
    def queue(self) -> JobQueue:
        """The queue that it was submitted to or found in."""
        return self._queue

    # -- looking -----------------------------------------------------------------------------

    @property
    def batch(self) -> Batch:
        """The record of it, as it is now."""
        return self._queue.find_batch(self.id)

    @property
    def name(self) -> str | None:
        """The name it was given."""
        return self.batch.name

    @property
    def progress(self) -> Progress:
        """How far it is; also while Redis is away (what runs is then counted as pending)."""
        batch = self.batch
        try:
            running, retrying = self._queue.services.frontier.views.batch_counts(self.id)
        except RedisUnavailable:
            running = retrying = 0
        left = batch.total - batch.done
        running = min(running, left)
        retrying = min(retrying, left - running)
        now = time.monotonic()
        self._samples.append((now, batch.done))
        lately = [sample for sample in list(self._samples) if now - sample[0] <= RATE_WINDOW_S]
        rate = stats.rate_per_s(lately) if left else None
        ended = batch.finished_at or clock.now()
        return Progress(
            total=batch.total,
            pending=left - running - retrying,
            running=running,
            retrying=retrying,
            completed=batch.completed,
            failed=batch.failed,
            cancelled=batch.cancelled,
            from_store=batch.from_store,
            rate_per_s=rate,
            eta_s=stats.eta_s(left, rate),
            elapsed_s=max(0.0, (ended - batch.created_at).total_seconds()),
        )

    @property
    def is_done(self) -> bool:
        """Whether every row has its result."""
        batch = self.batch
        return batch.done >= batch.total

    def __len__(self) -> int:
        return self.batch.total

    def __repr__(self) -> str:
        try:
            batch, progress = self.batch, self.progress
        except ScrapeqError as error:  # to look at an object must not fail
            return f"<BatchHandle {display.plain(self.id, 80)!r}: {display.plain(error, 200)}>"
        title = batch.name or batch.id
        said = f"{progress.done:,} of {progress.total:,} done, {progress.failed:,} failed"
        said += f", {progress.cancelled:,} cancelled" if progress.cancelled else ""
        state = "" if batch.state is BatchState.FINISHED else f", {batch.state.value}"
        return f"<BatchHandle {display.plain(title, 80)!r}: {said}{state}>"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """In IPython without a notebook: a bar of text."""
        try:
            printer.text(f"{display.plain(self.name or self.id, 80)} {_line(self.progress)}")
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
        milliseconds, whatever the size of the batch. While Redis is away or nobody works, the card
        is grey and says so. Raises DatabaseUnavailable.
        """
        batch, progress = self.batch, self.progress
        away = "" if progress.is_done else self._missing()
        return display.card(
            batch.name or batch.id,
            self._facts(progress, is_still=bool(away) or batch.state is BatchState.PAUSED),
            progress.counts,
            self.note or _state_in_words(batch, progress),
            corner=progress.in_words,
            actions=_actions(batch, progress) if actions else None,
            away=away or None,
        )

    def _facts(self, progress: Progress, *, is_still: bool) -> dict[str, object]:
        """What stands below the bar; a fact keeps its place as long as the batch runs."""
        facts: dict[str, object] = {}
        paused = [] if progress.is_done else self._paused()
        spared = _named(paused)
        # all that is left waits for hosts that are left alone: how fast others were says nothing
        waiting = sum(one.waiting for one in paused)
        is_still = is_still or bool(paused and not progress.running and progress.pending <= waiting)
        if not progress.is_done:
            rate, left_s = (None, None) if is_still else (progress.rate_per_s, progress.eta_s)
            facts["speed"] = "–" if rate is None else f"{rate:,.1f} pages/s"
            facts["left"] = display.seconds(left_s)
        facts["elapsed"] = display.seconds(progress.elapsed_s)
        if spared:
            facts["spared hosts"] = spared
        if not progress.is_done and (slow := self._slow_hosts()):
            facts["slow hosts"] = slow
        if progress.from_store:
            facts["from the store"] = display.count(progress.from_store)
        if progress.failed or progress.cancelled:
            kinds = database.jobs.error_kinds(self._engine, self.id)
            facts["errors"] = display.joined(kinds)
        return facts

    def _paused(self) -> list[Paused]:
        """Hosts that are left alone for a while (see `JobQueue.paused_hosts`)."""
        try:
            return self._queue.services.frontier.views.paused()
        except RedisUnavailable:
            return []

    def _slow_hosts(self) -> str:
        """Which hosts' pace keeps the batch going for longest; "" if none does for a minute."""
        if time.monotonic() - self._slow[0] > LOOK_FOR_SLOW_S:
            try:
                found = self._queue.services.frontier.views.slow_hosts(self.id, MOST_SLOW, SLOW_S)
            except RedisUnavailable:
                return ""
            said = [
                f"{host} ({waiting:,} wait, {display.seconds(left_s)})"
                for host, waiting, left_s in found
            ]
            self._slow = time.monotonic(), ", ".join(said)
        return self._slow[1]

    def _missing(self) -> str:
        """What the work waits for that should be there, in a few words; "" if nothing."""
        try:
            return "" if self._queue.services.frontier.coordination.workers() else "no workers"
        except RedisUnavailable:
            return "Redis is away"

    # -- waiting -----------------------------------------------------------------------------

    def wait(self, timeout: float | None = None) -> BatchHandle:
        """Return when every row has its result; `timeout` in seconds.

        An interrupt stops the waiting and not the work. A paused batch waits until it is resumed.
        Raises WaitTimeout; the work goes on.
        """
        for pause_s in self._looks(timeout):
            if self.is_done:
                return self
            time.sleep(pause_s)
        return self

    def __await__(self) -> Generator[Any, None, list[Page]]:
        return self._pages_when_done().__await__()

    async def _pages_when_done(self) -> list[Page]:
        looks = self._looks(None)
        while not await asyncio.to_thread(lambda: self.is_done):  # noqa: ASYNC110 - of a database
            await asyncio.sleep(await asyncio.to_thread(next, looks))
        return await asyncio.to_thread(self.pages)

    def watch(self) -> BatchHandle:
        """Show it: in a notebook as a card that moves by itself; elsewhere as a line of text that
        moves until every row has its result, or until it is interrupted (the work goes on)."""
        if _in_notebook():
            from IPython.display import display as show

            show(self)  # type: ignore[no-untyped-call] # IPython has no types here
            return self
        for pause_s in self._looks(None):
            progress = self.progress
            print(f"\r{_line(progress)}", end="\x1b[K", flush=True)
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
        for pause_s in self._looks(timeout):
            done = self.is_done
            while found := database.results.pages_finished_after(self._engine, self.id, place):
                for place, page in found:  # noqa: B007 - the last one is where to go on
                    yield page
            if done:
                return
            time.sleep(pause_s)

    # -- results -----------------------------------------------------------------------------

    def pages(self) -> list[Page]:
        """The pages that are finished, in input order, whole; `df` is lighter for many."""
        found: list[tuple[int, Page]] = []
        while more := database.results.pages_finished_after(
            self._engine, self.id, found[-1][0] if found else 0, limit=5_000
        ):
            found += more
        return sorted((page for _, page in found), key=lambda page: page.row)

    @property
    def df(self) -> pd.DataFrame:
        """One row per input row, in input order; NA where the work is not done yet.

        The input's columns, then `frames.PAGE_COLUMNS`, then a column per custom selector.
        """
        batch = self.batch
        parts = database.batches.input_parts(self._engine, self.id)
        return frames.pages_frame(
            database.results.page_rows(self._engine, self.id),
            database.results.PAGE_ROW_COLUMNS,
            total=batch.total,
            table=frames.unpack_table(parts) if parts else None,
            selectors=batch.config.custom_selectors,
            url_column=batch.url_column,
        )

    @property
    def errors(self) -> pd.DataFrame:
        """The rows that failed, with error_kind and error_message."""
        return frames.errors_frame(self.df)

    @property
    def links(self) -> pd.DataFrame:
        """One row per link of every good page: row, page_url, url, text, rel."""
        return frames.links_frame(database.results.link_rows(self._engine, self.id))

    @property
    def images(self) -> pd.DataFrame:
        """One row per image of every good page: row, page_url, url, alt, width, height, srcset."""
        return frames.images_frame(database.results.image_rows(self._engine, self.id))

    def html(self, row: int) -> bytes:
        """The page's bytes of an input row (from 0), if `store_html` kept them.

        Raises NotFound if there are none.
        """
        job_id = database.jobs.id_at(self._engine, self.id, row)
        page = database.results.read_pages(self._engine, [job_id]).get(job_id) if job_id else None
        if page is not None and page.html_sha256:
            body = database.results.read_html(self._engine, page.html_sha256)
            if body is not None:
                return body
        raise NotFound(
            f"row {row} has no stored page", hint="scrape with store_html=True to keep them"
        )

    def export(self, path: str | Path) -> Path:
        """Write `df` as csv, jsonl, parquet or xlsx, by the ending; the path written."""
        return frames.export(self.df, path)

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

    # -- inside ------------------------------------------------------------------------------

    @property
    def _engine(self) -> Any:
        return self._queue.services.engine

    def _looks(self, timeout: float | None) -> Iterator[float]:
        """How long to pause between looks, longer and longer; raises WaitTimeout at the end.

        Meanwhile it sees to it that somebody works: a private cluster that has ended is started
        again, and a queue without workers is warned of, once.
        """
        began = looked_after = time.monotonic()
        pause_s = FIRST_LOOK_S
        idle_since = began
        warned = False
        while True:
            yield pause_s
            pause_s = min(pause_s * 1.5, LONGEST_LOOK_S)
            now = time.monotonic()
            if timeout is not None and now - began > timeout:
                spared = _named(self._paused())
                why = f", hosts are being spared: {spared}" if spared else ""
                raise WaitTimeout(
                    f"batch {self.id} is not done after {timeout:g} s{why}",
                    hint="it goes on: wait again, or look at .progress",
                )
            if now - looked_after > LOOK_AFTER_S:
                looked_after = now
                if self._queue.look_after_workers():
                    idle_since = now
                elif not warned and now - idle_since > NO_WORKERS_S:
                    warned = True
                    self._queue.warn_without_workers(stacklevel=4)


def _named(paused: Sequence[Paused]) -> str:
    """Some hosts with why they are left alone; "" for none."""
    said = [f"{one.host} ({one.error_kind})" for one in paused[:MOST_SPARED]]
    more = len(paused) - len(said)
    return ", ".join(said) + (f" and {more:,} more" if more else "")


def _line(progress: Progress) -> str:
    counts = {
        "completed": progress.completed,
        "failed": progress.failed,
        "cancelled": progress.cancelled,
    }
    line = display.text_bar(counts, progress.total)
    return line if progress.is_done else f"{line} · {display.seconds(progress.eta_s)} left"


def _state_in_words(batch: Batch, progress: Progress) -> str | None:
    if batch.state is BatchState.FINISHED and progress.failed:
        return "finished; retry_failed() tries the failed rows again"
    return None if batch.state is BatchState.OPEN else batch.state.value


def _in_notebook() -> bool:
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return hasattr(shell, "kernel")


def _actions(batch: Batch, progress: Progress) -> dict[str, str]:
    """The buttons that make sense now: the name of a method of the handle, and what it says."""
    actions: dict[str, str] = {}
    if not progress.is_done:
        paused = batch.state is BatchState.PAUSED
        actions |= {"resume": "Resume"} if paused else {"pause": "Pause"}
        actions["cancel"] = "Cancel"
    if progress.failed or progress.cancelled:
        actions["retry_failed"] = "Retry failed"
    return actions
