"""The table of a batch: a row for each row of the input, wherever the batch is read from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scrapeq import frames
from scrapeq.client.long_tables import LongTables
from scrapeq.models import Batch

if TYPE_CHECKING:
    import pandas as pd

#: Rows as `frames.pages_frame` takes them, and the names of what is behind each row's number.
PageRows = tuple[Iterable[Any], Sequence[str]]


class PageTables(LongTables):
    """The results of a batch as tables. It holds none of them: each is read when it is asked for."""

    def _page_rows(self) -> PageRows:
        """Every row of the batch, in order."""
        raise NotImplementedError

    def _input_parts(self) -> Sequence[bytes]:
        """The table that was submitted, as `frames.pack_table` packed it; empty without one."""
        raise NotImplementedError

    @property
    def name(self) -> str | None:
        """The name it was given."""
        return self._read(lambda: self.batch).name

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
        rows, columns = self._page_rows()
        return frames.pages_frame(
            rows,
            columns,
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
        parts = self._input_parts()
        return frames.unpack_table(parts) if parts else None

    @property
    def errors(self) -> pd.DataFrame:
        """The rows that failed, with error_kind and error_message."""
        given = self._read(self._input)
        return frames.errors_frame(self.table(), 0 if given is None else given.shape[1])

    def _problem_rows(self) -> Sequence[tuple[str, str, int, int, str, str]]:
        """See `Findings.rows`."""
        raise NotImplementedError

    @property
    def problems(self) -> pd.DataFrame:
        """What needs a look, most rows first: kinds of errors, kinds of pages that are of no use, pages
        that needed a browser and had none, and selectors that matched on less than a tenth of the pages.

        Columns: problem category (error, page_kind, browser, selector) · name string (the kind, "missing",
        or what the selector is called) · rows, of Int64 · share Float64 · message, advice string.
        """
        return frames.problems_frame(self._problem_rows())

    def export(self, path: str | Path) -> Path:
        """Write `table()` as csv, jsonl, parquet or xlsx, by the ending; the path written."""
        target = frames.check_export_path(path)
        return frames.export(self.table(), target)
