"""One result row: what was found at a URL, or why nothing was."""

from __future__ import annotations

from typing import Any

from scrapeq import display
from scrapeq.models.document_kind import PAGES
from scrapeq.models.page_fields import PageFields

#: Custom selectors that a card shows; the page has all.
MOST_FIELDS = 20


class Page(PageFields):
    """The result of one job; exactly one per job at the end.

    `fields` has a value per custom selector: text, a list of texts, or None where nothing matched.
    What the option `page_fields` leaves out, as it does with `markdown` unless asked, is empty.
    `links` are dicts with url, text, rel; `images` dicts with url, alt, width, height, srcset;
    `tables` what `FoundTable.to_json` gives: caption, columns, rows. `structured` are dicts with format, type,
    data; `product` is a dict with name, price, currency, availability, brand, sku, gtin, mpn, as far
    as they were found; `comments` are dicts with position, author, published_at, text, reply_to; `minhash` is what the text is compared with others by, see `scrapeq.minhash`;
    `entries`, of feeds and sitemaps, dicts with kind, url, title, published_at and the like.
    `metadata` keeps canonical, opengraph, jsonld and the like; `sources` says for each value where
    it came from ("selector", "json-ld", "og:title", "h1", ...). `changes` is the cleaning report:
    dicts with field, change, reason. `elapsed_s` is the last try's, `body_bytes` the decoded size.
    """

    def __repr__(self) -> str:
        outcome = repr(display.plain(self.title or "", 80)) if self.ok else f"{self.error_kind}"
        return f"<Page {self.http_status or '-'} {display.address(self.url, 80)!r} {outcome}>"

    def __str__(self) -> str:
        return repr(self)

    def _repr_html_(self) -> str:
        url, final = display.address(self.url), display.address(self.final_url or "")
        has_title = self.ok and self.title
        facts: dict[str, object] = {"url": url} if has_title else {}
        if final and final != url:
            facts["led to"] = final
        if self.fetched_at:
            facts["fetched"] = display.moment(self.fetched_at) + self._cost()
        is_other = self.document is not None and self.document not in PAGES
        about = (
            self.document if is_other else None,
            self.language,
            self.author,
            self.published_at and f"{self.published_at:%Y-%m-%d}",
        )
        if known := " · ".join(one for one in about if one):
            facts["about"] = known
        items = {
            "links": len(self.links),
            "images": len(self.images),
            "tables": len(self.tables),
            "entries": len(self.entries),
            "comments": len(self.comments),
        }
        if kept := [f"{number:,} {name}" for name, number in items.items() if number]:
            facts["kept"] = " · ".join(kept)
        if self.error_kind:
            facts["error"] = f"{self.error_kind.value}: {self.error_message or ''}"
        for name, value in list(self.fields.items())[:MOST_FIELDS]:
            label = f"{name} (selector)" if name in facts else name
            facts[label] = "–" if value is None else _in_words(value)
        return display.card(
            self.title if has_title else url,
            facts,
            note=display.plain(self.text, 300) if self.text else None,
            corner=self._outcome(),
        )

    def _outcome(self) -> str:
        if self.error_kind:
            return self.error_kind.value
        return "from the store" if self.from_store else f"{self.http_status or 'good'}"

    def _cost(self) -> str:
        took = f" in {display.seconds(self.elapsed_s)}" if self.elapsed_s is not None else ""
        return took + (f", {self.body_bytes / 1000:,.1f} kB" if self.body_bytes else "")


def _in_words(value: Any) -> str:
    """A field's value in a few words: a text, or how many and the first ones."""
    if not isinstance(value, list):
        return display.plain(value)
    first = ", ".join(display.plain(one, 60) for one in value[:5])
    return f"{len(value):,}: {first}" if value else "none"
