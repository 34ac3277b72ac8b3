"""The cleaning that every page gets."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from scrapeq import clock
from scrapeq.clean.languages import language_tag
from scrapeq.clean.products import clean_product
from scrapeq.clean.tables import with_numbers
from scrapeq.clean.texts import REASONS, Layout, clean_text, is_clean
from scrapeq.models import Content, DocumentKind, FoundTable, Links

_ONE_TEXT = {
    "title": Layout.LINE,
    "author": Layout.LINE,
    "text": Layout.TEXT,
    "markdown": Layout.EXACT,
}
#: Documents whose text is written in columns or indented.
_DATA = frozenset(
    {DocumentKind.JSON, DocumentKind.CSV, DocumentKind.EXCEL, DocumentKind.OTHER, DocumentKind.XML}
)
#: Python's own limit of 1,000 calls must not be met by whoever walks a value afterwards.
DEEPEST = 100
#: Years before the first newspaper (the Relation, Strasbourg, 1605) are misread numbers.
_FIRST_YEAR = 1605
#: A date may be ahead of UTC by 14 hours of time zone; pages announce nothing they have published.
_AHEAD = timedelta(days=1)


def clean_content(content: Content, *, now: datetime | None = None) -> Content:
    """The content of a page with clean values, and what was changed in `changes`.

    Title and author become one line, the text keeps its lines; Markdown, metadata and the text of data
    (JSON, CSV, workbooks) lose only what cannot be seen; what is empty becomes None, and its source goes with it. Links and images that
    are repeated word for word are kept once. Columns of tables that hold nothing but numbers become
    numbers (see `scrapeq.clean.tables`). A language is a BCP 47 tag (en, pt-BR, zh-Hant) or
    None. `published_at` is in UTC, and None for a year before 1605, more than a day after `now`,
    or the second at which Unix counts from, which is what a zero looks like.

    Each change is a dict with field, change (a slug) and reason (a sentence). A page with nothing
    to change is given back as it came. 0.1 to 0.3 ms for a page of 10,000 characters.
    """
    draft = _Draft(content)
    is_data = content.document in _DATA
    for field, layout in _ONE_TEXT.items():
        _clean_text_of(draft, field, Layout.EXACT if is_data and field == "text" else layout)
    for name in content.fields:
        _clean_selected(draft, name)
    _clean_json(draft, "metadata")
    _clean_json(draft, "structured")
    _clean_json(draft, "product")
    _clean_json(draft, "comments")
    _clean_links(draft)
    _clean_images(draft)
    _clean_language(draft)
    _clean_tables(draft)
    _clean_product(draft)
    _clean_entries(draft)
    _clean_date(draft, now or clock.now())
    return draft.finished()


class _Draft:
    """A content on its way to the next: new values, and a note on each change."""

    def __init__(self, content: Content) -> None:
        self.old = content
        self.new: dict[str, Any] = {}
        self.notes: list[dict[str, Any]] = []

    def note(self, field: str, change: str, reason: str = "") -> None:
        self.notes.append({"field": field, "change": change, "reason": reason or REASONS[change]})

    def drop_source(self, name: str) -> None:
        sources = self.new.get("sources", self.old.sources)
        self.new["sources"] = {key: source for key, source in sources.items() if key != name}

    def finished(self) -> Content:
        if not self.notes and "published_at" not in self.new:
            return self.old
        return replace(self.old, **self.new, changes=[*self.old.changes, *self.notes])


def _clean_text_of(draft: _Draft, field: str, layout: Layout) -> None:
    old = getattr(draft.old, field)
    if old is None:
        return
    text, changes = clean_text(old, layout)
    for change in changes:
        draft.note(field, change)
    if changes:
        draft.new[field] = text
    if not text.strip():
        draft.note(field, "emptied")
        draft.new[field] = None
        draft.drop_source(field)


def _clean_selected(draft: _Draft, name: str) -> None:
    old = draft.old.fields[name]
    changed: set[str] = set()
    new = clean_value(old, Layout.TEXT, changed)
    if new == "":
        changed.add("emptied")
        new = None
        draft.drop_source(f"fields.{name}")
    for change in sorted(changed):
        draft.note(f"fields.{name}", change)
    if changed:
        draft.new["fields"] = {**draft.new.get("fields", draft.old.fields), name: new}


def _clean_json(draft: _Draft, field: str) -> None:
    old = getattr(draft.old, field)
    if not old or _is_clean_json(old, Layout.EXACT):
        return
    changed: set[str] = set()
    new = clean_value(old, Layout.EXACT, changed)
    for change in sorted(changed):
        draft.note(field, change)
    if changed:
        draft.new[field] = new


def _is_clean_json(value: Any, layout: Layout) -> bool:
    """Whether there is surely nothing to change in a JSON value: asked of all its texts at once, in C.

    layout: LINE or EXACT.
    """
    if _is_nested(value, DEEPEST):
        return False
    written = json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace('\\"', "'")
    if layout is Layout.EXACT:
        written = written.replace("\\n", "").replace("\\t", "")
    elif '" ' in written or ' "' in written:  # white space at an edge
        return False
    # Other escapes may stand for what cannot be seen
    return "\\" not in written and is_clean(written, layout)


def _is_nested(value: Any, levels: int) -> bool:
    """Whether there are more levels of lists and dicts than these."""
    items = value.values() if isinstance(value, dict) else value
    return levels < 0 or any(
        _is_nested(one, levels - 1) for one in items if isinstance(one, (list, dict))
    )


def _clean_links(draft: _Draft) -> None:
    old = draft.old.links
    changed: set[str] = set()
    # A URL is in WHATWG's form, in which there is nothing to clean
    new = Links(old.url, _clean_lines(old.text, changed), _clean_lines(old.rel, changed))
    for change in sorted(changed):
        draft.note("links", change)
    if len(set(new.url)) < len(new):  # mostly not, and then cheaper
        single = dict.fromkeys(zip(new.url, new.text, new.rel, strict=True))
        if len(single) < len(new):
            _note_repeated(draft, "links", len(new) - len(single))
            new = Links(*map(list, zip(*single, strict=True)))
    if changed or len(new) < len(old):
        draft.new["links"] = new


def _clean_lines(texts: list[str], changed: set[str]) -> list[str]:
    """Each text as a clean line; the same list if nothing was changed."""
    # Asked of all at once, which is much cheaper; what stands at an edge becomes a double space
    if is_clean(" ".join(filter(None, texts)), Layout.LINE):
        return texts
    new: list[str] = clean_value(texts, Layout.LINE, changed)
    return new


def _clean_images(draft: _Draft) -> None:
    old = draft.old.images
    changed: set[str] = set()
    new = old
    if not _is_clean_json(old, Layout.LINE):
        new = clean_value(old, Layout.LINE, changed)
    for change in sorted(changed):
        draft.note("images", change)
    if len({image["url"] for image in new}) < len(new):
        single: dict[str, dict[str, Any]] = {}
        for image in new:
            single.setdefault(repr(image), image)
        if len(single) < len(new):
            _note_repeated(draft, "images", len(new) - len(single))
            new = list(single.values())
    if new is not old:
        draft.new["images"] = new


def _note_repeated(draft: _Draft, field: str, times: int) -> None:
    draft.note(field, "repeated", f"{times:,} were there already, word for word")


def _clean_language(draft: _Draft) -> None:
    old = draft.old.language
    if old is None:
        return
    tag = language_tag(old)
    if tag is None:
        draft.note("language", "dropped", f"{old[:40]!r} is no language tag (BCP 47)")
        draft.drop_source("language")
    elif tag != old:
        draft.note("language", "rewritten", "language tags have one way of writing (RFC 5646)")
    draft.new["language"] = tag


def _clean_entries(draft: _Draft) -> None:
    old = draft.old.entries
    if not old or _is_clean_json(old, Layout.LINE):
        return
    changed: set[str] = set()
    draft.new["entries"] = clean_value(old, Layout.LINE, changed)
    for change in sorted(changed):
        draft.note("entries", change)


def _clean_tables(draft: _Draft) -> None:
    old = draft.old.tables
    if not old:
        return
    changed: set[str] = set()
    clean = old
    if not _is_clean_json(old, Layout.LINE):  # a table of a file has many cells
        clean = clean_value(old, Layout.TEXT, changed)
    for change in sorted(changed):
        draft.note("tables", change)
    language = draft.new.get("language", draft.old.language)
    tables = [FoundTable.from_json(one) for one in clean]
    typed = [with_numbers(one, language) for one in tables]
    read = sum(new is not before for new, before in zip(typed, tables, strict=True))
    if read:
        draft.note("tables", "number", f"in {read:,} tables columns hold nothing but numbers")
    if changed or read:
        draft.new["tables"] = [one.to_json() for one in typed]


def _clean_product(draft: _Draft) -> None:
    old = draft.new.get("product", draft.old.product)
    if not old:
        return
    source = draft.old.sources.get("product.price", "visible")
    new, unread = clean_product(old, source, draft.new.get("language", draft.old.language))
    for one in unread:
        draft.note("product", one.change, one.reason)
    if new != old or unread:
        draft.new["product"] = new
        if isinstance(old.get("price"), str) and "price" in new:
            draft.note("product", "price", "a price is an amount, with its currency beside it")
    for name in old.keys() - new.keys():
        draft.drop_source(f"product.{name}")


def _clean_date(draft: _Draft, now: datetime) -> None:
    if draft.old.published_at is None:
        return
    when, reason = _sane_date(draft.old.published_at, now)
    if reason:
        draft.note("published_at", "rewritten" if when else "dropped", reason)
    if reason or (when and draft.old.published_at.utcoffset()):
        draft.new["published_at"] = when  # the same moment in UTC is no change
    if when is None:
        draft.drop_source("published_at")


def clean_value(value: Any, layout: Layout, changed: set[str], depth: int = 0) -> Any:
    """A JSON value with every text in it clean; the very same object if nothing was changed.

    Slugs of the changes are added to `changed`. Names in dicts are cleaned too, but for one that
    would then stand there twice. What is nested deeper than `DEEPEST` becomes None.
    """
    if isinstance(value, str):
        text, changes = clean_text(value, layout)
        changed.update(changes)
        return text
    if not isinstance(value, (list, dict)):
        return value
    if depth >= DEEPEST:
        changed.add("too_deep")
        return None
    if isinstance(value, list):
        items = [clean_value(item, layout, changed, depth + 1) for item in value]
        return items if _any_new(items, value) else value
    result = {}
    same = True
    for name, item in value.items():
        key, changes = clean_text(name, Layout.EXACT) if isinstance(name, str) else (name, ())
        if changes and (key in value or key in result):
            key, changes = name, ()
        changed.update(changes)
        result[key] = clean_value(item, layout, changed, depth + 1)
        same = same and not changes and result[key] is item
    return value if same else result


def _any_new(items: Iterable[Any], old: Iterable[Any]) -> bool:
    return any(new is not before for new, before in zip(items, old, strict=True))


def _sane_date(when: datetime, now: datetime) -> tuple[datetime | None, str]:
    reason = ""
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
        reason = "a time without a zone is taken as UTC"
    elif when.utcoffset():
        try:
            when = when.astimezone(UTC)
        except OverflowError:
            return None, "the year is not one that a page can be from"
    if when.year < _FIRST_YEAR:
        return None, f"the year {when.year} is before the first newspaper"
    if when == datetime(1970, 1, 1, tzinfo=UTC):
        return None, "it is the second that Unix counts from, as a zero is written"
    if when - now > _AHEAD:
        return None, "it lies in the future"
    return when, reason
