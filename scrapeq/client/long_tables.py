"""The tables of a batch with several rows for a page: its links, items, tables, what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from scrapeq import frames
from scrapeq.models import Batch, Links

if TYPE_CHECKING:
    import pandas as pd


_T = TypeVar("_T")


class LongTables:
    """Each is read when it is asked for; `row` is the place in the input, from 0, and pages that have
    nothing of the kind have no row. Where they are read from, the record or a server, says the class that
    fills in what is not implemented here."""

    id: str

    @property
    def batch(self) -> Batch:
        """The record of it, as it is now."""
        raise NotImplementedError

    def _read(self, read: Callable[[], _T], *, changes: bool = False) -> _T:
        """What `read` gives, however long the handle waits for it."""
        raise NotImplementedError

    def _links(self) -> Iterator[list[tuple[int, str, Links]]]:
        """The links of each good page that has some: (row, page's URL, links), in chunks."""
        raise NotImplementedError

    def _kept(self, field: str) -> Iterator[list[tuple[int, str, Any]]]:
        """What each good page keeps of a field: (row, page's URL, JSON text or what it says), in chunks."""
        raise NotImplementedError

    def _minhashes(self) -> Iterator[list[tuple[int, str, bytes]]]:
        """The numbers of each page's MinHash: (row, page's URL, numbers), in chunks."""
        raise NotImplementedError

    @property
    def links(self) -> pd.DataFrame:
        """One row per link of every good page: row, page_url, url, text, rel."""
        return self._read(lambda: frames.links_frame(self._links()))

    @property
    def images(self) -> pd.DataFrame:
        """One row per image of every good page: row, page_url, url, alt, width, height, srcset."""
        return self._read(lambda: frames.images_frame(self._kept("images")))

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
    def evidence(self) -> pd.DataFrame:
        """One row per value of a language model that it has quoted a passage for (`ai_evidence=True`): row,
        page_url, field, quote, found (whether the passage stands on the page)."""
        return self._read(lambda: frames.evidence_frame(self._kept("evidence")))
