"""The tables of results: pages, errors, links, images, entries, and of paused hosts."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped] # it has no types

from scrapeq import display, urls
from scrapeq.errors import ConfigError
from scrapeq.frames.asked import asked_column, words
from scrapeq.frames.columns import CATEGORY, STRING, TEXT, TIME, array, make_frame, rows_frame
from scrapeq.models import Links
from scrapeq.models.config import Asked
from scrapeq.models.page_fields import TABLE_FIELDS, Source

#: What the columns of `models.page_fields` call types.
ARROW_TYPES: dict[str, pa.DataType] = {
    "text": TEXT,
    "category": CATEGORY,
    "time": TIME,
    "flag": pa.bool_(),
    "int16": pa.int16(),
    "int64": pa.int64(),
    "float64": pa.float64(),
}
PAGE_TYPES = {one.name: ARROW_TYPES[one.column.arrow or "text"] for one in TABLE_FIELDS}

#: The columns that every table of pages has, in this order.
PAGE_COLUMNS: tuple[str, ...] = tuple(PAGE_TYPES)

#: The columns of links, and of failed rows that are read by themselves.
LINK_TYPES = {"row": pa.int64(), **dict.fromkeys(("page_url", "url", "text", "rel"), TEXT)}
ERROR_TYPES = {
    "row": pa.int64(),
    "url": TEXT,
    "error_kind": TEXT,
    "error_message": TEXT,
    "http_status": pa.int16(),
    "attempts": pa.int16(),
    "final_url": TEXT,
    "finished_at": TIME,
}

#: A page as it is sent to be put into a table elsewhere, and one field of a page, as JSON.
PAGE_PART_TYPES: dict[str, pa.DataType] = {"row": pa.int64(), **PAGE_TYPES, "fields": TEXT}
PAGE_PART_NAMES = tuple(PAGE_PART_TYPES)
VALUE_TYPES: dict[str, pa.DataType | None] = {"row": pa.int64(), "page_url": TEXT, "value": None}

#: Rows as tuples, or a RecordBatch, which has no types for a checker.
Chunk = Any
#: What was given with each job.
_GIVEN = tuple(one.name for one in TABLE_FIELDS if one.column.source is Source.INPUT)

#: These give their name to a selector that is called the same.
_YIELDING = frozenset(one.name for one in TABLE_FIELDS if one.yields)

#: Left out of a short table where no model was asked.
_OF_A_MODEL = ("ai_tokens", "ai_cost")

#: Pages whose addresses are compared in their canonical form before `final_url` is shown.
MOST_COMPARED = 10_000


def pages_frame(
    chunks: Iterable[Chunk],
    columns: Sequence[str],
    *,
    total: int,
    table: pd.DataFrame | None,
    asked: Asked,
    url_column: str | None = None,
    show: str | Sequence[Any] = "all",
    near_duplicates: Any | None = None,
) -> pd.DataFrame:
    """One row per job, in input order: what was given, what was asked for, and then what was found.

    The columns: the input's, url, one per custom selector and field of a record, and the others of PAGE_COLUMNS. Rows
    that were appended follow the input's and continue its index: numbers go on behind the largest,
    other labels with the row's number; the input's columns are NA there.

    chunks: of Arrow, as a server sends them in the types of `PAGE_PART_TYPES`; or lists of tuples; each
    tuple begins with the row's number (from 0) and goes on with `columns`: at least PAGE_COLUMNS, in any order, and "fields" (JSON text, or the dict itself) if
    anything was asked for by name. Times are datetimes, ISO 8601 texts, or seconds since 1970; a time without
    a zone is UTC. A row that no tuple names is not done yet: NA throughout, `ok` too.
    total: rows of the table. table: the input, None if it had neither columns nor an index.
    url_column: the name of the input's column of URLs. show: "all"; "short", without url if the
    input has it and without final_url if every page was where it was looked for; or the labels of
    the columns that are wanted, in their order. near_duplicates: the values of the last column,
    near_duplicate_of (Int64).

    dtypes, by what `models.page_fields` says of a column: text string · flag boolean · int16 Int16 ·
    int64 Int64 · float64 Float64 · category category · time datetime64[us, UTC]. Those of selectors and
    of a record's fields: see `asked_column`.

    No name comes twice. A selector or field called like something that is read from every page (title, text,
    language, author, published_at) has the name, and what scrapeq found is called `title_page`; one
    called like any other column of PAGE_COLUMNS becomes `url_selected`. An input column that would
    clash becomes `title_input`; only the input's column of URLs, if its name is `url`, is not
    repeated: its values, as they were given, are the column `url`. Raises ConfigError for a label
    in `show` that there is not.
    """
    wanted = [*PAGE_COLUMNS, "fields"] if asked else list(PAGE_COLUMNS)
    places = {name: columns.index(name) + 1 for name in wanted}
    numbers: list[Any] = []
    found: dict[str, list[pa.Array]] = {name: [] for name in PAGE_COLUMNS}
    fields: list[Mapping[str, Any]] = []
    for chunk in chunks:
        if not len(chunk):
            continue
        rows, by_name = _by_name(chunk, places)
        numbers.append(rows)
        fields.extend(_loaded(value) or {} for value in by_name.pop("fields", ()))
        for name, values in by_name.items():
            found[name].append(values)
    order = _order(numbers, total)
    pages = make_frame(PAGE_TYPES, found, order)
    labels = _page_labels(asked)
    columns_: dict[Any, Any] = {}
    for name, one in asked.items():
        label = f"{name}_selected" if name in labels.values() else name
        column = asked_column(one, [values.get(name) for values in fields], order)
        columns_[_free(label, "_selected", {*columns_, *labels.values()})] = column
    given = _given(table, url_column, pages["url"], {*columns_, *labels.values()})
    first = {labels[name]: pages[name].array for name in _GIVEN}
    rest = {label: pages[name].array for name, label in labels.items() if name not in _GIVEN}
    index = pd.RangeIndex(total) if table is None else _continued(table.index, total)
    every = {**given, **{label: first[label] for label in first if label not in given}}
    every |= {**columns_, **rest}
    if near_duplicates is not None:
        every[_free("near_duplicate_of", "_page", every)] = near_duplicates
    frame = pd.DataFrame(every, index=index)
    if not isinstance(show, str):
        return frame[_known(show, frame)]
    if show == "all":
        return frame
    repeated = _repeated(pages, is_given=_is_given(table, url_column, total))
    return frame.drop(columns=[labels[name] for name in repeated if labels[name] not in given])


def _by_name(chunk: Chunk, places: Mapping[str, int]) -> tuple[Any, dict[str, Any]]:
    """The numbers of the rows of a chunk, and its columns: Arrow's, but for what is JSON."""
    if isinstance(chunk, pa.RecordBatch):
        arrow = {name: chunk.column(place) for name, place in places.items()}
        if "fields" in arrow:
            arrow["fields"] = arrow["fields"].to_pylist()
        return chunk.column(0).to_numpy(), arrow
    columns = list(zip(*chunk, strict=True))
    found = {
        name: columns[place] if name == "fields" else array(columns[place], PAGE_TYPES[name])
        for name, place in places.items()
    }
    return np.array(columns[0], dtype=np.int64), found


def errors_frame(pages: pd.DataFrame, given: int = 0) -> pd.DataFrame:
    """The rows of `pages` (with all its columns) that failed, in their order, and what is known of why.

    given: how many of the first columns are the input's. Columns: row int64 (place in the input,
    from 0) · url · error_kind · error_message · http_status · attempts · final_url · fetched_at,
    then the input's columns; the input's index.
    """
    failed = (~pages["ok"]).to_numpy(dtype=bool, na_value=False)
    known = ["url", "error_kind", "error_message", "http_status", "attempts", "final_url"]
    known.append("fetched_at")
    inputs = [label for label in pages.columns[:given] if label not in known]
    errors = pages.loc[failed, [*known, *inputs]]
    if "row" in inputs:
        errors = errors.rename(columns={"row": _free("row_input", "_input", errors.columns)})
    errors.insert(0, "row", np.flatnonzero(failed))
    errors["error_kind"] = errors["error_kind"].cat.remove_unused_categories()
    return errors


def links_frame(chunks: Iterable[Sequence[tuple[int, str, Links]]]) -> pd.DataFrame:
    """One row per link, in the order of pages and, within a page, of the document.

    chunks: lists of (row, page's URL, links). Columns: row int64 · page_url, url, text, rel string;
    several rel words are joined with spaces.
    """
    types = LINK_TYPES
    arrays: dict[str, list[pa.Array]] = {name: [] for name in types}
    for chunk in chunks:
        for name, column in _of_page(chunk, [len(links) for _, _, links in chunk]).items():
            arrays[name].append(column)
        for name in ("url", "text", "rel"):
            every = chain.from_iterable(getattr(links, name) for _, _, links in chunk)
            arrays[name].append(array(list(every), TEXT))
    return _rows_first(types, arrays)


def values_frame(found: Sequence[tuple[int, str, Any]]) -> pd.DataFrame:
    """The columns of `VALUE_TYPES`: row, page's URL, and what JSON text says, or a value."""
    values = np.empty(len(found), dtype=object)
    for place, (_, _, value) in enumerate(found):  # numpy would open up lists
        values[place] = _loaded(value)
    rows, page_urls = ([one[place] for one in found] for place in (0, 1))
    return pd.DataFrame({"row": rows, "page_url": page_urls, "value": values})


def images_frame(chunks: Iterable[Sequence[tuple[int, str, Any]]]) -> pd.DataFrame:
    """One row per image, in the order of pages and, within a page, of the document.

    chunks: lists of (row, page's URL, images as JSON text or list of dicts). Columns: row int64 ·
    page_url, url, alt string · width, height Int32 (pixels; NA where the page says none or no
    whole number) · srcset string (JSON text if it came as a list).
    """
    sizes = {"width": pa.int32(), "height": pa.int32()}
    return _long_frame(chunks, {"url": TEXT, "alt": TEXT, **sizes, "srcset": TEXT})


def entries_frame(chunks: Iterable[Sequence[tuple[int, str, Any]]]) -> pd.DataFrame:
    """One row per entry of a feed or a sitemap, in the order of rows and, within one, of the document.

    chunks: lists of (row, document's URL, entries as JSON text or list of dicts). Columns: row int64 ·
    page_url string · kind category (entry, url, sitemap) · url, title string · published_at, updated_at
    datetime64[us, UTC] · author, summary, content, tags (with commas between them), media_url,
    media_type string · priority Float64 · change_frequency category · id string.
    """
    return _long_frame(chunks, _ENTRY_TYPES)


def comments_frame(chunks: Iterable[Sequence[tuple[int, str, Any]]]) -> pd.DataFrame:
    """One row per post of a thread or comment, in the order of pages and, within a page, of the document.

    chunks: lists of (row, page's URL, comments as `Page.comments` has them). Columns: row int64 · page_url
    string · position Int64 (place on the page, from 0) · author string · published_at datetime64[us, UTC] ·
    text string · reply_to Int64 (the position of the one that it answers).
    """
    return _long_frame(chunks, _COMMENT_TYPES)


def structured_frame(chunks: Iterable[Sequence[tuple[int, str, Any]]]) -> pd.DataFrame:
    """One row per item of structured data, in the order of pages and, within a page, as
    `extract.structured` gives them.

    chunks: lists of (row, page's URL, items as a list of dicts with format, type, data). Columns: row
    int64 · page_url string · format category · type string · data object (a dict).
    """
    kept = list(chunks)
    frame = _long_frame(kept, {"format": CATEGORY, "type": TEXT})
    values = [item["data"] for chunk in kept for _, _, items in chunk for item in _loaded(items)]
    data = np.empty(len(values), dtype=object)
    data[:] = values
    frame["data"] = pd.Series(data, index=frame.index, dtype=object)
    return frame


def products_frame(chunks: Iterable[Sequence[tuple[int, str, Any]]]) -> pd.DataFrame:
    """One row per page that is about a product, in the order of pages.

    chunks: lists of (row, page's URL, the product as `Page.product` has it). Columns: row int64 ·
    page_url, name string · price Float64 · currency, availability category · brand, sku, gtin, mpn
    string.
    """
    rows = [(row, url, _loaded(product)) for chunk in chunks for row, url, product in chunk]
    values = [
        (
            row,
            url,
            *(product.get(name) for name in _PRODUCT_TYPES if name not in {"row", "page_url"}),
        )
        for row, url, product in rows
    ]
    frame = rows_frame(_PRODUCT_TYPES, values)
    frame["row"] = frame["row"].astype(np.int64)
    return frame


_PRODUCT_TYPES: dict[str, pa.DataType] = {
    "row": pa.int64(),
    "page_url": TEXT,
    "name": TEXT,
    "price": pa.float64(),
    "currency": CATEGORY,
    "availability": CATEGORY,
    "brand": TEXT,
    "sku": TEXT,
    "gtin": TEXT,
    "mpn": TEXT,
}


def paused_frame(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """One row per paused host, in the order given; see `JobQueue.paused_hosts`.

    Each row has every column by its name, with times in seconds since 1970. Columns: host,
    error_message string · state, error_kind category · failures, probes Int32 · since, until
    datetime64[us, UTC] · waiting Int64. No rows give an empty frame with these columns.
    """
    arrays = {
        name: [array([row[name] for row in rows], kind)] for name, kind in _PAUSED_TYPES.items()
    }
    return make_frame(_PAUSED_TYPES, arrays)


def problems_frame(rows: Sequence[tuple[str, str, int, int, str, str]]) -> pd.DataFrame:
    """One row per problem of a batch, in the order given: (problem, name, rows, of, message, advice).

    Columns: problem category · name string · rows, of Int64 · share Float64 (of the rows that could
    have it) · message, advice string.
    """
    shares = [(*row[:4], row[2] / row[3] if row[3] else None, *row[4:]) for row in rows]
    return rows_frame(_PROBLEM_TYPES, shares)


_PROBLEM_TYPES: dict[str, pa.DataType] = {
    "problem": CATEGORY,
    "name": TEXT,
    "rows": pa.int64(),
    "of": pa.int64(),
    "share": pa.float64(),
    "message": TEXT,
    "advice": TEXT,
}


_COMMENT_TYPES: dict[str, pa.DataType] = {
    "position": pa.int64(),
    "author": TEXT,
    "published_at": TIME,
    "text": TEXT,
    "reply_to": pa.int64(),
}

_ENTRY_TYPES: dict[str, pa.DataType] = {
    "kind": CATEGORY,
    "url": TEXT,
    "title": TEXT,
    "published_at": TIME,
    "updated_at": TIME,
    "author": TEXT,
    "summary": TEXT,
    "content": TEXT,
    "tags": TEXT,
    "media_url": TEXT,
    "media_type": TEXT,
    "priority": pa.float64(),
    "change_frequency": CATEGORY,
    "id": TEXT,
}

_PAUSED_TYPES: dict[str, pa.DataType] = {
    "host": TEXT,
    "state": CATEGORY,
    "error_kind": CATEGORY,
    "error_message": TEXT,
    "failures": pa.int32(),
    "probes": pa.int32(),
    "since": TIME,
    "until": TIME,
    "waiting": pa.int64(),
}


def _long_frame(
    chunks: Iterable[Sequence[tuple[int, str, Any]]], types: Mapping[str, pa.DataType]
) -> pd.DataFrame:
    """A frame with a row for each dict in the lists that pages have."""
    every = {"row": pa.int64(), "page_url": TEXT, **types}
    arrays: dict[str, list[pa.Array]] = {name: [] for name in every}
    for chunk in chunks:
        lists = [_loaded(items) or [] for _, _, items in chunk]
        for name, column in _of_page(chunk, list(map(len, lists))).items():
            arrays[name].append(column)
        for name, kind in types.items():
            values = [item.get(name) for items in lists for item in items]
            if name == "tags":
                values = [value and ", ".join(value) for value in values]
            elif kind in (TEXT, CATEGORY):
                values = [words(value) for value in values]
            elif kind == pa.int32():
                values = [_whole(value) for value in values]
            arrays[name].append(array(values, kind))
    return _rows_first(every, arrays)


def _of_page(chunk: Sequence[tuple[int, str, Any]], counts: Sequence[int]) -> dict[str, pa.Array]:
    """row and page_url of each page, as often as it has items."""
    places = pa.array(np.repeat(np.arange(len(chunk)), counts))
    rows = pa.array([row for row, _, _ in chunk], pa.int64())
    page_urls = array([page_url for _, page_url, _ in chunk], TEXT)
    return {"row": rows.take(places), "page_url": page_urls.take(places)}


def _rows_first(
    types: Mapping[str, pa.DataType], arrays: Mapping[str, list[pa.Array]]
) -> pd.DataFrame:
    frame = make_frame(types, arrays)
    frame["row"] = frame["row"].astype(np.int64)
    return frame


# -- the input's columns and ours ---------------------------------------------------------------


def _page_labels(selectors: Mapping[str, Any]) -> dict[str, str]:
    """What our columns are called beside the selectors."""
    labels: dict[str, str] = {}
    for name in PAGE_COLUMNS:
        gives_way = name in selectors and name in _YIELDING
        taken = {*selectors, *PAGE_COLUMNS, *labels.values()}
        labels[name] = _free(f"{name}_page", "_page", taken) if gives_way else name
    return labels


def _given(
    table: pd.DataFrame | None, url_column: str | None, urls_: pd.Series[Any], ours: set[Any]
) -> dict[Any, Any]:
    """The input's columns by their labels, none of which is one of ours, or another's."""
    given: dict[Any, Any] = {}
    if table is None:
        return given
    total = len(urls_)
    for place, label in enumerate(table.columns):
        column = _longer(table.iloc[:, place], total)
        if label == "url" == url_column and "url" not in given:
            column = column.astype(STRING)
            column.iloc[len(table) :] = urls_.iloc[len(table) :]
            given["url"] = column.array
            continue
        taken = {*ours, *given}
        free = _free(f"{label}_input", "_input", {*taken, *table.columns})
        given[free if label in taken else label] = column.array
    return given


def _longer(column: pd.Series[Any], total: int) -> pd.Series[Any]:
    """A column of the input with NA for the rows that were appended."""
    column = column.reset_index(drop=True)
    if len(column) == total:
        return column
    if column.dtype.kind in "biu" and isinstance(column.dtype, np.dtype):
        column = column.convert_dtypes()  # to one that knows NA
    longer = column.reindex(range(total))
    if longer.dtype == object:
        longer.iloc[len(column) :] = pd.NA
    return longer


def _continued(index: pd.Index[Any], total: int) -> pd.Index[Any]:
    """The input's index, and labels for the rows that were appended."""
    rows = range(len(index), total)
    if not rows:
        return index
    if isinstance(index, pd.RangeIndex):
        stop = index.start + index.step * total
        return pd.RangeIndex(index.start, stop, index.step, name=index.name)
    if isinstance(index, pd.MultiIndex):
        levels = [(row, *[pd.NA] * (index.nlevels - 1)) for row in rows]
        return pd.MultiIndex.from_tuples([*index, *levels], names=index.names)
    if pd.api.types.is_integer_dtype(index.dtype) and len(index):
        behind = int(index.max()) + 1
        more = pd.Index(range(behind, behind + len(rows)), dtype=index.dtype)
    else:
        index, more = index.astype(object), pd.Index(rows, dtype=object)
    continued: pd.Index[Any] = index.append(more.rename(index.name))
    return continued


def _is_given(table: pd.DataFrame | None, url_column: str | None, total: int) -> bool:
    """Whether a column of the input has the URL of every row."""
    if table is None or url_column is None or len(table) != total:
        return False
    return any(str(label) == url_column for label in table.columns)


def _repeated(pages: pd.DataFrame, *, is_given: bool) -> list[str]:
    """Our columns that say what another one says, or that no model was asked."""
    repeated = [*_GIVEN] if is_given else []
    repeated += [name for name in _OF_A_MODEL if pages[name].isna().all()]
    moved = (pages["final_url"] != pages["url"]).to_numpy(dtype=bool, na_value=False)
    some = pages.loc[moved, ["url", "final_url"]].head(MOST_COMPARED + 1)
    if len(some) <= MOST_COMPARED and all(
        isinstance(asked := urls.parse(url), urls.Url) and asked.href == final
        for url, final in zip(some["url"], some["final_url"], strict=True)
    ):
        repeated.append("final_url")
    return repeated


def _known(wanted: Sequence[Any], frame: pd.DataFrame) -> list[Any]:
    """The labels, each of which the table has."""
    for label in wanted:
        if label not in frame.columns:
            near = difflib.get_close_matches(str(label), map(str, frame.columns), 1, 0.5)
            raise ConfigError(
                f"the table has no column {display.quoted(label)}",
                hint=f"did you mean {display.quoted(near[0])}?"
                if near
                else f"its columns are {display.listed(frame.columns)}",
            )
    return list(wanted)


def _loaded(value: Any) -> Any:
    return json.loads(value) if isinstance(value, (str, bytes)) else value


def _whole(value: Any) -> int | None:
    """Pixels: "640", "640px" and 640 are whole numbers, "50%" is none."""
    text = str(value).strip().removesuffix("px")
    # 2^31 is where Int32 ends
    return int(text) if text.isdecimal() and len(text) < 10 else None


def _order(numbers: list[Any], total: int) -> Any | None:
    """For each input row the place of its tuple, -1 if it has none; None: they are in order."""
    rows = np.concatenate(numbers) if numbers else np.array([], dtype=np.int64)
    if len(rows) == total and np.array_equal(rows, np.arange(total)):
        return None
    order = np.full(total, -1, dtype=np.int64)
    order[rows] = np.arange(len(rows))
    return order


def _free(name: str, suffix: str, taken: Any) -> str:
    """`name`, with the suffix as often as it needs to be free."""
    while name in taken:
        name += suffix
    return name
