"""How a batch looks: its progress, its card, its line of text."""

from __future__ import annotations

from typing import Any

from scrapeq import database, display
from scrapeq.client.batch_tables import BatchTables
from scrapeq.client.card import batch_card, one_line, text_line
from scrapeq.client.failures import FailedRows
from scrapeq.client.findings import Findings
from scrapeq.client.progress import ProgressMeter
from scrapeq.client.shown_batch import ShownBatch
from scrapeq.client.sight import Sight, SlowHosts, counts_now, is_offline, named, sight
from scrapeq.errors import DatabaseUnavailable, ScrapeqError
from scrapeq.models import AICost, Batch, BatchState, Progress
from scrapeq.models.card_facts import CardFacts, FailedRow
from scrapeq.models.record import Way
from scrapeq.pipeline.job_queue import JobQueue
from scrapeq.project.away import record_away
from scrapeq.project.bounded import ANSWER_S, budget

#: What a card shows of the record: the batch, its failed rows by kind and the first of them, findings,
#: and what the language model cost.
_Look = tuple[Batch, dict[str, int], dict[str, list[FailedRow]], str, AICost | None]


class BatchLooks(BatchTables, ShownBatch):
    """A batch as it is looked at. A service that is away holds nobody up for long."""

    def __init__(self, queue: JobQueue, batch_id: str, note: str = "") -> None:
        super().__init__(queue, batch_id)
        self._meter = ProgressMeter()
        self._slow_hosts = SlowHosts()
        #: What the record said last, for a card while it is away.
        self._seen: _Look | None = None
        self._failed_rows = FailedRows()
        #: What the submission did, in a sentence; empty where there is nothing to say.
        self.note = self._submitted = note

    @property
    def progress(self) -> Progress:
        """How far it is; also while Redis does not answer, within a second: what runs is then counted
        as pending, and `away` says so. Raises DatabaseUnavailable for a record that is silent for ten
        seconds."""
        batch = self._look()
        with budget():
            return self._meter.read(batch, counts_now(self._queue.services, self.id))

    @property
    def is_done(self) -> bool:
        """Whether every row has its result, and no more can come."""
        return self._look().is_complete

    def _look(self) -> Batch:
        """The batch as it is now. Raises DatabaseUnavailable."""
        with budget(ANSWER_S):
            return self._queue.services.record.ask(lambda: self.batch)

    def __len__(self) -> int:
        return self._look().total

    def __repr__(self) -> str:
        try:
            with budget():
                return f"<BatchHandle {one_line(self._look(), self.progress)}>"
        except ScrapeqError as error:  # to look at an object must not fail
            return f"<BatchHandle {display.plain(self.id, 80)!r}: {display.plain(error, 200)}>"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """In IPython without a notebook: a bar of text."""
        try:
            with budget():
                name = self._look().name or self.id
                printer.text(f"{display.plain(name, 80)} {text_line(self.progress)}")
        except ScrapeqError:
            printer.text(repr(self))

    def card(self, *, actions: bool = False) -> str:
        """Its picture as HTML: the same in a notebook, live or saved, and on a page.

        `actions`: with the buttons that make sense now, for whoever listens to them. Costs a few
        milliseconds, whatever the size of the batch, and a second at most: while Redis or the record
        does not answer or nobody works, the card is grey, with what to do, and with the numbers seen
        last.
        """
        batch, facts = self.card_facts()
        return batch_card(
            batch,
            # what was done since the submission has its end when the batch has
            note=self._submitted if facts.progress.is_done else self.note,
            pace_per_s=self._meter.pace_per_s,
            with_actions=actions,
            **dict(facts),
        )

    def card_facts(self) -> tuple[Batch, CardFacts]:
        """What its card shows, as values; see `card`. Raises DatabaseUnavailable for a record that did not
        answer yet."""
        services = self._queue.services
        with budget():
            try:
                batch, errors, rows, findings, cost = self._seen = services.record.ask(
                    self._look_whole
                )
            except DatabaseUnavailable as error:
                if self._seen is None:
                    raise
                batch, errors, rows, findings, cost = self._seen
                seen = Sight(away=record_away(services, error))
            else:
                is_over = batch.is_complete
                seen = Sight() if is_over else sight(services, self.id, self._slow_hosts)
            offline = is_offline(services, batch, rows, seen)
        progress = self._meter.read(batch, seen)
        # all that is left waits for paused hosts: the speed of other hosts is no forecast
        waiting = sum(one.waiting for one in seen.paused)
        waits = bool(seen.paused) and not progress.running and progress.pending <= waiting
        return batch, CardFacts(
            progress=progress,
            errors=errors,
            rows=rows,
            paused=named(seen.paused),
            slow=seen.slow,
            browsers=seen.browsers,
            cost=cost,
            is_still=seen.away is not None or waits or batch.state is BatchState.PAUSED,
            away=seen.away,
            findings=findings,
            is_offline=offline,
        )

    def _look_whole(self) -> _Look:
        batch = self.batch
        has_errors = bool(batch.failed or batch.cancelled)
        errors = database.jobs.error_kinds(self._engine, self.id) if has_errors else {}
        rows = self._failed_rows.of(self._engine, self.id, errors)
        findings = Findings.of(self._engine, batch).in_words()
        record = batch.config.record
        cost = None
        if record is not None and Way.AI in record.ways():
            cost = database.ai_spending.cost(self._engine, self.id, batch.config.ai_budget)
        return batch, errors, rows, findings, cost
