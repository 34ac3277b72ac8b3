"""The handle of a batch behind a server: what a notebook holds while the work goes on elsewhere."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Generator, Iterator, Sequence
from typing import Any

import httpx2

from scrapeq import display
from scrapeq.client.callbacks import CallsBack
from scrapeq.client.card import batch_card, one_line, text_line, with_findings
from scrapeq.client.pace import Pace
from scrapeq.client.remote.kept import RemoteKept
from scrapeq.client.remote.tables import batch_of
from scrapeq.client.remote.transport import AT_ONCE_S, MOST_AWAY_S, Transport
from scrapeq.client.shown_batch import ShownBatch
from scrapeq.errors import ScrapeqError, ServerUnavailable, WaitTimeout
from scrapeq.models import Batch, ErrorKind, Page, Progress, ScrapingConfig
from scrapeq.models.actions import Action
from scrapeq.models.away import Away
from scrapeq.models.card_facts import CardFacts
from scrapeq.models.secret_values import SECRET_OPTIONS
from scrapeq.pipeline import arguments

#: Seconds between two looks: short at first, a third more each time.
FIRST_PAUSE_S, PAUSE_GROWS, LONGEST_PAUSE_S = 0.05, 1.3, 1.0
#: Seconds that a stream of events may be silent until it is asked for anew; the server's own sign of life
#: comes every 15.
EVENTS_SILENT_S = 10.0
#: In place of a record: that of the batch.
SAME: Any = object()
_ENDPOINTS = {
    Action.PAUSE: "/pause",
    Action.RESUME: "/resume",
    Action.CANCEL: "/cancel",
    Action.RETRY_FAILED: "/retry",
}


class RemoteBatch(RemoteKept, ShownBatch, CallsBack):
    """A batch of a server: look at it, wait for it, steer it, take its tables, as with a `BatchHandle`.

    It holds no results and does no work: everything is asked for when it is needed.
    """

    def __init__(
        self,
        transport: Transport,
        batch_id: str,
        note: str = "",
        config: ScrapingConfig | None = None,
    ) -> None:
        """config: the options as they were given here, whose secrets the server may have erased since."""
        super().__init__(transport, batch_id)
        self._config = config
        self._pace = Pace()
        #: What the server said last, for a card while it is away.
        self._seen: tuple[Batch, CardFacts] | None = None
        #: What the submission did, in a sentence; empty where there is nothing to say.
        self.note = self._submitted = note

    # -- looking -----------------------------------------------------------------------------

    @property
    def progress(self) -> Progress:
        """How far it is, by the server; `away` says which of its services does not answer."""
        return Progress.model_validate(self._transport.get(self._path("/progress")).json())

    @property
    def is_done(self) -> bool:
        """Whether every row has its result, and no more can come."""
        return self.batch.is_complete

    def __len__(self) -> int:
        return self.batch.total

    def __repr__(self) -> str:
        try:
            batch, facts = self._look()
        except ScrapeqError as error:  # to look at an object must not fail
            return f"<RemoteBatch {display.plain(self.id, 80)!r}: {display.plain(error, 200)}>"
        return f"<RemoteBatch {one_line(batch, facts.progress)}>"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """In IPython without a notebook: a bar of text."""
        try:
            batch, facts = self._look()
            printer.text(f"{display.plain(batch.name or self.id, 80)} {text_line(facts.progress)}")
        except ScrapeqError:
            printer.text(repr(self))

    def card(self, *, actions: bool = False) -> str:
        """Its picture as HTML, as `BatchHandle.card`; while the server does not answer it is grey, with the
        numbers seen last."""
        try:
            batch, facts = self._seen = self._look()
        except ServerUnavailable as error:
            if self._seen is None:
                raise
            batch, known = self._seen
            advice = f"{error.hint}; no row is lost, and work goes on there"
            away = Away("the server does not answer", advice)
            facts = known.model_copy(update={"away": away, "is_still": True})
        self._pace.add(time.monotonic(), facts.progress.done)
        return batch_card(
            batch,
            note=self._submitted if facts.progress.is_done else self.note,
            pace_per_s=self._pace.per_s,
            with_actions=actions,
            **dict(facts),
        )

    def card_facts(self) -> tuple[Batch, CardFacts]:
        """The batch, and what its card shows."""
        return self._look()

    def _look(self, most_away_s: float = AT_ONCE_S) -> tuple[Batch, CardFacts]:
        answer = self._transport.get(self._path("/card"), most_away_s=most_away_s).json()
        return batch_of(answer["batch"]), CardFacts.model_validate(answer["facts"])

    # -- waiting -----------------------------------------------------------------------------

    def wait(self, timeout: float | None = None) -> RemoteBatch:
        """Return when every row has its result; `timeout` in seconds.

        An interrupt stops the waiting and not the work. A paused batch waits until it is resumed. Raises
        WaitTimeout; the work goes on.
        """
        for answer in self._changes("", timeout):
            if answer is not None and batch_of(answer).is_complete:
                _, facts = self._look(MOST_AWAY_S)
                self.note = with_findings(self._submitted, facts.findings)
                break
        return self

    def __await__(self) -> Generator[Any, None, list[Page]]:
        return self._pages_when_done().__await__()

    async def _pages_when_done(self) -> list[Page]:
        await asyncio.to_thread(self.wait)
        return await asyncio.to_thread(self.pages)

    def follow(self, timeout: float | None = None) -> Iterator[Progress]:
        """How far it is, each time that this has changed, until every row has its result: this too is said.

        `timeout` in seconds; raises WaitTimeout when it is over.
        """
        for answer in self._changes("/progress", timeout):
            if answer is not None:
                progress = Progress.model_validate(answer)
                yield progress
                if progress.is_done:
                    return

    def as_completed(self, timeout: float | None = None) -> Iterator[Page]:
        """Each page as it is finished, failed ones too; ends with the last one.

        The server tells of each (server-sent events); a connection that breaks goes on behind the last one.
        `timeout` in seconds is for the whole; raises WaitTimeout when it is over.
        """
        place = 0
        timeout_s = arguments.a_timeout(timeout)
        ends_s = None if timeout_s is None else time.monotonic() + timeout_s
        while True:
            is_done = self.is_done  # first: what is done then has all its pages
            while True:
                pages, place = self._pages_after(place)
                if not pages:
                    break
                yield from pages
            if is_done:
                return
            if timeout_s is not None and ends_s is not None and time.monotonic() > ends_s:
                raise self._late(timeout_s)
            self._wait_for_row(place, ends_s)

    def _wait_for_row(self, place: int, ends_s: float | None) -> None:
        """Return when a row was finished behind a place, or after some seconds."""
        left_s = EVENTS_SILENT_S if ends_s is None else max(0.1, ends_s - time.monotonic())
        silent_s = min(EVENTS_SILENT_S, left_s)
        try:
            with self._transport.events(self._path("/events"), str(place), silent_s) as answer:
                if answer.status_code == 200:
                    for event in httpx2.EventSource(answer):
                        if event.event in {"row", "end"}:
                            return
        except httpx2.TransportError:
            time.sleep(FIRST_PAUSE_S)  # the next look waits for the server, if it is away

    def _changes(self, what: str, timeout: float | None) -> Iterator[dict[str, Any] | None]:
        """What an endpoint answers, time and again; None where nothing has changed."""
        tag, pause_s = "", FIRST_PAUSE_S
        timeout_s, began_s = arguments.a_timeout(timeout), time.monotonic()
        while True:
            answer = self._transport.get(self._path(what), tag=tag)
            tag = answer.headers.get("etag", "")
            yield answer.json() if answer.status_code == 200 else None
            if timeout_s is not None and time.monotonic() - began_s > timeout_s:
                raise self._late(timeout_s)
            time.sleep(pause_s)
            pause_s = min(pause_s * PAUSE_GROWS, LONGEST_PAUSE_S)

    def _late(self, timeout_s: float) -> WaitTimeout:
        try:
            paused = self._look()[1].paused
        except ScrapeqError:
            paused = ""
        why = f": hosts are paused: {paused}" if paused else ""
        return WaitTimeout(
            f"batch {self.id} is not done after {timeout_s:g} s{why}",
            hint="the work goes on: wait again",
        )

    # -- steering ----------------------------------------------------------------------------

    def press(self, action: Action) -> None:
        """Do what a button of its card says. Raises at once where the server is silent: a picture waits."""
        self._steer(action, most_away_s=AT_ONCE_S)

    def pause(self) -> RemoteBatch:
        """Start nothing more; what runs ends."""
        self._steer(Action.PAUSE)
        return self

    def resume(self) -> RemoteBatch:
        """Go on after `pause()`."""
        self._steer(Action.RESUME)
        return self

    def cancel(self) -> RemoteBatch:
        """Stop it: nothing starts once this has returned; open rows become `cancelled`."""
        self._steer(Action.CANCEL)
        return self

    def reread(self, record: Any = SAME, **options: Any) -> RemoteBatch:
        """A new batch of the same rows, read from the stored pages: no request is sent. See
        `BatchHandle.reread`; the batch must be yours. Raises ConfigError, NotAllowed."""
        if record is not SAME:
            options["record"] = record
        config = ScrapingConfig.build(**options)
        path = self._path("/reread")
        made = self._transport.change("POST", path, json={"config": config.to_storage()}).json()
        return RemoteBatch(self._transport, made["id"], made["note"])

    def retry_failed(
        self, kinds: Sequence[ErrorKind | str] | None = None, **secrets: Any
    ) -> RemoteBatch:
        """Try failed and cancelled rows again, on request only those of some error kinds.

        secrets: cookies, headers, proxy or actions. The server has erased those of a batch that has ended,
        unless they were given by name; the handle that `scrape()` gave still has them. Raises ConfigError
        where one is missing.
        """
        chosen = {} if kinds is None else {"kinds": [str(kind) for kind in kinds]}
        self._steer(Action.RETRY_FAILED, {**chosen, **secrets})
        return self

    def _steer(
        self,
        action: Action,
        body: dict[str, Any] | None = None,
        most_away_s: float = MOST_AWAY_S,
    ) -> None:
        wanted: dict[str, Any] = {}
        if action is Action.RETRY_FAILED:
            known = {} if self._config is None else self._config.to_storage()
            secrets = {name: known[name] for name in SECRET_OPTIONS if known.get(name)}
            wanted["json"] = {**secrets, **(body or {})}
        path = self._path(_ENDPOINTS[action])
        answer = self._transport.change("POST", path, most_away_s=most_away_s, **wanted).json()
        if action is Action.RETRY_FAILED:
            count = answer["rows"]
            again = display.counted(count, "row is tried again", "rows are tried again")
            self.note = again if count else "there is nothing to try again"
