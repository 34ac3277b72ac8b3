"""The stored pages of a batch: their bytes, and selectors and records tried out on them."""

from __future__ import annotations

import operator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scrapeq import database
from scrapeq.client.batch_files import BatchFiles
from scrapeq.client.page_files import no_row
from scrapeq.errors import ConfigError, NotFound

if TYPE_CHECKING:
    from scrapeq.trying import Reading, SelectorTrial

#: Pages that a selector is tried on unless told otherwise: read in about a second.
TRIED_PAGES = 40


class StoredPages(BatchFiles):
    """What a batch fetched, as it was received."""

    def html(self, row: int) -> bytes:
        """The page's bytes of an input row (from 0), as they were received and decoded.

        Raises NotFound if they are not kept.
        """
        return self._kept_page(row).body

    def read_page(self, row: int, record: Any = None, **options: Any) -> Reading:
        """The stored page of an input row (from 0), read at once in this process, without a request.

        By the batch's options, with those that are given in their place: `record=Product` tries a
        record, and `batch.read_page(0).select(".price")` a selector. Nothing of it is kept.

        Raises NotFound if the page is not kept, ConfigError for a record that cannot be met.
        """
        from scrapeq.trying import read_html  # with the parsers

        kept = self._kept_page(row)
        config = self._queue.find_batch(self.id).config
        if record is not None:
            options["record"] = record
        config = config.replace(**options) if options else config
        return read_html(kept.body, url=kept.url, content_type=kept.content_type, config=config)

    def try_selector(self, selector: str, pages: int = TRIED_PAGES) -> SelectorTrial:
        """A selector on some stored pages, spread over the batch: on how many it matches, and what the
        others have instead. Raises ConfigError for what is no selector, and for less than one page."""
        from scrapeq.models import ScrapingConfig
        from scrapeq.trying import Reading, try_selector

        if pages < 1:
            raise ConfigError(
                f"a selector cannot be tried on {pages} pages",
                hint="write 1 or more",
            )
        plain = ScrapingConfig(main_text="off", page_fields=())
        kept = self._read(
            lambda: database.stored_pages.some_kept_pages(self._engine, self.id, pages)
        )
        return try_selector(
            selector,
            ((one.row, Reading(one.body, one.url, one.content_type, plain)) for one in kept),
        )

    def to_warc(self, path: str | Path) -> int:
        """Write the stored pages into a new WARC file, which web archives read and replay (warcio, pywb);
        how many. Name it `.warc.gz`: it is compressed.

        Rows without a stored page are left out; rows that one page answers have one entry. The whole is
        never in memory. Raises InputError if the file cannot be made, MissingExtra without warcio.
        """
        from scrapeq.client.warc import write_warc

        return write_warc(Path(path), self.id, database.files.kept_answers(self._engine, self.id))

    def _kept_page(self, row: int) -> database.stored_pages.KeptPage:
        row = operator.index(row)
        total = self._read(lambda: self._queue.find_batch(self.id)).total
        if not 0 <= row < total:
            raise no_row(row, total)
        kept = self._read(lambda: database.stored_pages.kept_page(self._engine, self.id, row))
        if kept is None:
            raise no_page(row)
        return kept


def no_page(row: int) -> NotFound:
    """The error for a row whose page is not kept."""
    return NotFound(
        f"row {row} has no stored page",
        hint="it failed, or made room for others (SCRAPEQ_STORED_PAGES_MB); store_html=True keeps "
        "pages until they are deleted",
    )
