"""What was scraped: the tables and pages of one batch, read from the record."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scrapeq import database, frames, minhash
from scrapeq.client.estimate import estimate_of
from scrapeq.client.findings import Findings
from scrapeq.client.page_tables import PageRows, PageTables
from scrapeq.client.stored_pages import StoredPages
from scrapeq.errors import NotFound
from scrapeq.models import AICost, Batch, FileKind, Links, Page
from scrapeq.models.ai_estimate import AIEstimate
from scrapeq.pipeline.job_queue import JobQueue, no_batch

if TYPE_CHECKING:
    import pandas as pd


class BatchTables(StoredPages, PageTables):
    """The results of a batch, as tables, as pages, and as a file. It holds none of them: each is
    read when it is asked for. A PostgreSQL that is away is waited for, for a minute."""

    #: What it is called, as far as this handle has seen: a batch that was deleted is named by it.
    _known_name: str | None = None

    @property
    def queue(self) -> JobQueue:
        """The queue that it was submitted to or found in."""
        return self._queue

    @property
    def batch(self) -> Batch:
        """The record of it, as it is now. Raises NotFound where it was deleted."""
        try:
            found = self._queue.find_batch(self.id)
        except NotFound:
            raise no_batch(self._queue, self.id, self._known_name) from None
        self._known_name = found.name
        return found

    def pages(self) -> list[Page]:
        """The pages that are finished, in input order, whole; `df` is lighter for many."""
        found: list[tuple[int, Page]] = []

        def after() -> list[tuple[int, Page]]:
            place = found[-1][0] if found else 0
            return database.page_rows.pages_finished_after(
                self._engine, self.id, place, limit=5_000
            )

        while more := self._read(after):
            found += more
        return sorted((page for _, page in found), key=lambda page: page.row)

    def _page_rows(self) -> PageRows:
        columns = database.page_rows.PAGE_ROW_COLUMNS
        return database.page_rows.page_rows(self._engine, self.id), columns

    def _input_parts(self) -> Sequence[bytes]:
        return database.batches.input_parts(self._engine, self.id)

    def _links(self) -> Iterator[list[tuple[int, str, Links]]]:
        return database.page_rows.link_rows(self._engine, self.id)

    def _kept(self, field: str) -> Iterator[list[tuple[int, str, Any]]]:
        return database.page_rows.kept_rows(self._engine, self.id, field)

    def _minhashes(self) -> Iterator[list[tuple[int, str, bytes]]]:
        """Each made of the page's text where none is kept that today's can be compared with."""
        for chunk in database.page_rows.minhash_rows(self._engine, self.id, minhash.algorithm()):
            found = (
                (row, url, minhash.numbers_of(kept or minhash.minhash_of(text or "")))
                for row, url, kept, text in chunk
            )
            yield [(row, url, numbers) for row, url, numbers in found if numbers]

    def _problem_rows(self) -> Sequence[tuple[str, str, int, int, str, str]]:
        errors = self._read(lambda: database.jobs.error_kinds(self._engine, self.id))
        return self.findings().rows(errors)

    def findings(self) -> Findings:
        """What needs a look though its rows count as good: see `problems`."""
        return self._read(lambda: Findings.of(self._engine, self.batch))

    @property
    def selector_health(self) -> pd.DataFrame:
        """On how many pages each selector and each field of the record gives something, in this run and in
        those of the same name before it: a share that falls shows that a site was changed, or that values cannot
        be read any more. Of more than 62 names the first in their order are counted.

        Columns: run Int64 · started datetime64[us, UTC] · field string · pages, matched Int64 · share,
        change Float64 (of the share, against the run before; NA in the first).
        """
        return self._read(
            lambda: frames.selector_health_frame(
                [
                    (run.run, run.created_at.timestamp(), pages, matches)
                    for run, pages, matches in database.batches.runs_with_selectors(
                        self._engine, self.batch
                    )
                ]
            )
        )

    @property
    def cost(self) -> AICost:
        """What the language model cost until now: calls, tokens and USD, and how often an answer was in
        the record already. It shows itself."""
        budget_usd = self._read(lambda: self.batch).config.ai_budget
        return self._read(lambda: database.ai_spending.cost(self._engine, self.id, budget_usd))

    def estimate(self) -> AIEstimate:
        """What the language model of all its rows may cost, of a batch that waits or runs; see
        `sq.estimate`, which tells before anything is submitted."""
        batch = self._read(lambda: self.batch)
        rows = self._read(lambda: database.jobs.ids_and_urls(self._engine, self.id))
        return estimate_of(self._queue, [url for _, url in rows], batch.config)

    def export(self, path: str | Path, *, files: bool = True) -> Path:
        """Write `table()` as csv, jsonl, parquet or xlsx, by the ending; the path written.

        Pictures, PDFs, answers and consoles go into a folder beside it (`pages-files` beside
        `pages.csv`), and the table gets a column for each kind that says where: `screenshot_file`.
        files=False leaves both out.
        """
        target = frames.check_export_path(path)
        table = self.table()
        if files and not (found := self._files(tuple(FileKind))).empty:
            table = frames.with_files(table, found, found.save(frames.files_folder(target)))
        return frames.export(table, target)
