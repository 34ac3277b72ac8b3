"""How the fields of a page stand in the record, and how they are read back."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any

import sqlalchemy as sa

from scrapeq.clock import from_ms, to_ms
from scrapeq.database.jobs import OPEN
from scrapeq.database.schema import jobs, json_bytes, pack_json, pages, sound_text
from scrapeq.models import Content, Fetched, JobStatus, Links, Page
from scrapeq.models.page_fields import PAGE_FIELDS, Kept, PageField, Source

#: Columns of `pages` with what a driver takes for them.
Packed = dict[str, str | bytes | int | float | None]


def packed(content: Content) -> Packed:
    """What was read from a page as its row keeps it, by the names of the columns.

    Results wait for company before they are written. So they take little memory, and the hundreds
    of texts of a page are looked at while they are still in the CPU's caches.
    """
    return _written(content, _CONTENT_WRITERS)


def fetched_values(page: Fetched) -> Packed:
    """How a page was fetched, by the names of the columns."""
    return _written(page, _FETCH_WRITERS)


def page_of(values: Sequence[Any]) -> Page:
    """The page of a row that has `in_page` of each of PAGE_FIELDS."""
    return Page(
        **{
            name: value if read is None else read(value)
            for (name, read), value in zip(_READERS, values, strict=True)
        }
    )


def in_page(one: PageField) -> sa.ColumnElement[Any]:
    """A field as `page_of` takes it."""
    if one.name == "ok":
        return sa.type_coerce(jobs.c.status == JobStatus.COMPLETED.value, sa.Boolean)
    table = pages if one.is_of_page else jobs
    return table.c[one.stored]


def in_row(one: PageField) -> sa.ColumnElement[Any]:
    """A field as a table takes it: an open job is neither good nor bad, and times are seconds."""
    if one.name == "ok":
        good = sa.case((jobs.c.status == JobStatus.COMPLETED.value, sa.true()), else_=sa.false())
        return sa.case((jobs.c.status.in_(OPEN), sa.null()), else_=good)
    column = in_page(one)
    return column / 1000.0 if one.column.kept is Kept.TIME else column


def _pack_links(links: Links) -> bytes | None:
    return pack_json(links.to_json()) if links else None


def _json_text(value: Any) -> str | None:
    return json_bytes(value).decode() if value else None


#: What a driver takes for a value of a page; None: the value itself.
_WRITE: dict[Kept, Callable[[Any], Any] | None] = {
    Kept.TEXT: sound_text,
    Kept.KEY: None,
    Kept.FLAG: None,
    Kept.SMALL: None,
    Kept.NUMBER: None,
    Kept.FLOAT: None,
    Kept.TIME: to_ms,
    Kept.JSON: _json_text,
    Kept.PACKED: pack_json,
    Kept.LINKS: _pack_links,
}
#: What a page has for a value of the record; None: the value itself.
_READ: dict[Kept, Callable[[Any], Any] | None] = {
    **dict.fromkeys(Kept, None),
    Kept.TIME: from_ms,
    Kept.JSON: json.loads,
    Kept.LINKS: lambda links: list(Links.from_json(links)),
}
_Writers = tuple[tuple[str, Callable[[Any], Any], Callable[[Any], Any] | None], ...]


def _writers(made_by: type[Content | Fetched], source: Source) -> _Writers:
    return tuple(
        (one.stored, attrgetter(one.name), _WRITE[one.column.kept])
        for one in PAGE_FIELDS
        if one.column.source is source and one.name in made_by.__slots__
    )


def _written(value: Content | Fetched, writers: _Writers) -> Packed:
    """The columns of some fields of a page."""
    return {
        column: get(value) if write is None else write(get(value)) for column, get, write in writers
    }


def _reader(one: PageField) -> Callable[[Any], Any] | None:
    """How a value of the record becomes the field; NULL is what the field is without a value."""
    default, read = Page.model_fields[one.name].default, _READ[one.column.kept]
    if default in ({}, []):
        return lambda value: default if value is None else read(value) if read else value
    return read


_CONTENT_WRITERS = _writers(Content, Source.CONTENT)
_FETCH_WRITERS = _writers(Fetched, Source.FETCH)
_READERS = tuple((one.name, _reader(one)) for one in PAGE_FIELDS)
#: The columns of what is read from a page, where nothing was.
NO_CONTENT: Packed = dict.fromkeys(column for column, _, _ in _CONTENT_WRITERS)
