"""The tables of a batch with several rows for a page: its links, items, tables, what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from scrapeq import database, frames, minhash
from scrapeq.client.stored_pages import StoredPages
from scrapeq.models import Batch

if TYPE_CHECKING:
    import pandas as pd


class LongTables(StoredPages):
    """Each is read when it is asked for; `row` is the place in the input, from 0, and pages that have
    nothing of the kind have no row."""

    @property
    def batch(self) -> Batch:
        """The record of it, as it is now."""
        return self._queue.find_batch(self.id)

    @property
    def links(self) -> pd.DataFrame:
        """One row per link of every good page: row, page_url, url, text, rel."""
        return self._read(
            lambda: frames.links_frame(database.page_rows.link_rows(self._engine, self.id))
        )

    @property
    def images(self) -> pd.DataFrame:
        """One row per image of every good page: row, page_url, url, alt, width, height, srcset."""
        return self._read(
            lambda: frames.images_frame(database.page_rows.image_rows(self._engine, self.id))
        )

    @property
    def entries(self) -> pd.DataFrame:
        """One row per entry of every feed and sitemap: row, page_url, kind, url, title, published_at,
        updated_at, author, summary and more; see `scrapeq.frames.entries_frame`."""
        return self._read(lambda: frames.entries_frame(self._kept("entries")))

    @property
    def items(self) -> pd.DataFrame:
        """One row per item that pages list, of the record's fields that `sq.each` made: row, page_url,
        number, and the items' own columns."""
        record = self._read(lambda: self.batch).config.record
        return self._read(lambda: frames.items_frame(self._kept("fields"), record))

    @property
    def violations(self) -> pd.DataFrame:
        """One row per value that the record does not allow: row, page_url, field, kind, message, value."""
        return self._read(lambda: frames.violations_frame(self._kept("violations")))

    @property
    def sources(self) -> pd.DataFrame:
        """One row per value and where it is from: row, page_url, column, source."""
        asked = self._read(lambda: self.batch).config.recipe.asked
        return self._read(lambda: frames.sources_frame(self._kept("sources"), asked))

    @property
    def tables(self) -> frames.Tables:
        """The tables of every CSV file and workbook, and with `page_fields="all"` or "tables" among them
        those of every good page.

        It shows itself as a list: row, page_url, number, caption, rows, columns (`tables.df`).
        `tables[3]` is the fourth as a DataFrame, `tables.frame(row, number)` one by its page, and
        `tables.save("folder")` writes each as a file. What was no table of data is left out, see
        `scrapeq.extract.tables`.
        """
        return self._read(lambda: frames.found_tables(self._kept("tables")))

    @property
    def structured(self) -> pd.DataFrame:
        """One row per item of structured data of every good page, with `page_fields="all"` or
        "structured" among them: row, page_url, format (json-ld, microdata, rdfa, opengraph, twitter,
        script), type ("Product"), data (a dict).
        """
        return self._read(lambda: frames.structured_frame(self._kept("structured")))

    @property
    def comments(self) -> pd.DataFrame:
        """One row per post of a thread, answer or comment, with `page_fields="all"` or "comments" among
        them: row, page_url, position, author, published_at, text, reply_to (the position of the one that
        it answers). `page.sources["comments"]` says what they are from.
        """
        return self._read(lambda: frames.comments_frame(self._kept("comments")))

    @property
    def products(self) -> pd.DataFrame:
        """One row per good page that is about a product, with `page_fields="all"` or "product" among them:
        row, page_url, name, price, currency, availability, brand, sku, gtin, mpn. Without a model;
        `page.sources` says where each is from ("product.price": "json-ld").
        """
        return self._read(lambda: frames.products_frame(self._kept("product")))

    @property
    def near_duplicates(self) -> pd.DataFrame:
        """One row per page whose text nearly repeats that of an earlier row: row, page_url,
        near_duplicate_of (the first such row), similarity (the share of phrases in common, estimated).

        Of any batch. With `page_fields="all"` or "minhash" among them a million rows take seconds, and
        `df` has the column; without, 0.5 ms for each page that has a text.
        """
        return self._read(lambda: frames.near_duplicates_frame(self._minhashes()))

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
    def evidence(self) -> pd.DataFrame:
        """One row per value of a language model that it has quoted a passage for (`ai_evidence=True`): row,
        page_url, field, quote, found (whether the passage stands on the page)."""
        return self._read(lambda: frames.evidence_frame(self._kept("evidence")))

    def _minhashes(self) -> Iterator[list[tuple[int, str, bytes]]]:
        """The numbers of each page's MinHash, made of its text where none is kept that today's can be
        compared with."""
        for chunk in database.page_rows.minhash_rows(self._engine, self.id, minhash.algorithm()):
            found = (
                (row, url, minhash.numbers_of(kept or minhash.minhash_of(text or "")))
                for row, url, kept, text in chunk
            )
            yield [(row, url, numbers) for row, url, numbers in found if numbers]

    def _kept(self, field: str) -> Iterator[list[tuple[int, str, Any]]]:
        return database.page_rows.kept_rows(self._engine, self.id, field)
