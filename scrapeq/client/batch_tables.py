"""What was scraped: the tables and pages of one batch, read from the record."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scrapeq import database, frames
from scrapeq.client.estimate import estimate_of
from scrapeq.client.findings import Findings
from scrapeq.client.long_tables import LongTables
from scrapeq.models import AICost, Batch, FileKind, Page
from scrapeq.models.ai_estimate import AIEstimate
from scrapeq.pipeline.job_queue import JobQueue

if TYPE_CHECKING:
    import pandas as pd


class BatchTables(LongTables):
    """The results of a batch, as tables, as pages, and as a file. It holds none of them: each is
    read when it is asked for. A PostgreSQL that is away is waited for, for a minute."""

    @property
    def queue(self) -> JobQueue:
        """The queue that it was submitted to or found in."""
        return self._queue

    @property
    def name(self) -> str | None:
        """The name it was given."""
        return self._read(lambda: self.batch).name

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

    @property
    def df(self) -> pd.DataFrame:
        """One row per input row, in input order; NA where the work is not done yet.

        The input's columns, a column per custom selector, ok, error_kind, error_message, title,
        text, and the rest; with "minhash" in `page_fields` near_duplicate_of at the end, the place of the
        first row that has nearly the same text. url is left out where a column of the input has it, and final_url while
        no page was led elsewhere: `table()` has every column, always.
        """
        return self._table("short")

    def table(self, columns: str | Sequence[str] = "all") -> pd.DataFrame:
        """The rows of `df` with all columns, or with those that are named, in their order.

        Raises ConfigError for a name that is no column.
        """
        return self._table([columns] if isinstance(columns, str) and columns != "all" else columns)

    def _table(self, show: str | Sequence[str]) -> pd.DataFrame:
        return self._read(lambda: self._table_now(show))

    def _table_now(self, show: str | Sequence[str]) -> pd.DataFrame:
        batch = self.batch
        return frames.pages_frame(
            database.page_rows.page_rows(self._engine, self.id),
            database.page_rows.PAGE_ROW_COLUMNS,
            total=batch.total,
            table=self._input(),
            asked=batch.config.recipe.asked,
            url_column=batch.url_column,
            show=show,
            near_duplicates=self._near_duplicate_of(batch),
        )

    def _near_duplicate_of(self, batch: Batch) -> Any | None:
        """For each row the one that it nearly repeats, where the option asks for that."""
        if "minhash" not in batch.config.recipe.page_fields:
            return None
        return frames.near_duplicates_column(self._minhashes(), batch.total)

    def _input(self) -> pd.DataFrame | None:
        parts = database.batches.input_parts(self._engine, self.id)
        return frames.unpack_table(parts) if parts else None

    @property
    def errors(self) -> pd.DataFrame:
        """The rows that failed, with error_kind and error_message."""
        given = self._read(self._input)
        return frames.errors_frame(self.table(), 0 if given is None else given.shape[1])

    @property
    def problems(self) -> pd.DataFrame:
        """What needs a look, most rows first: kinds of errors, kinds of pages that are of no use, pages
        that needed a browser and had none, and selectors that matched on less than a tenth of the pages.

        Columns: problem category (error, page_kind, browser, selector) · name string (the kind, "missing",
        or what the selector is called) · rows, of Int64 · share Float64 · message, advice string.
        """
        errors = self._read(lambda: database.jobs.error_kinds(self._engine, self.id))
        return frames.problems_frame(self.findings().rows(errors))

    def findings(self) -> Findings:
        """What needs a look though its rows count as good: see `problems`."""
        return self._read(lambda: Findings.of(self._engine, self.batch))

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
