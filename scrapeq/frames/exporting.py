"""A table as a file that others may open: csv, jsonl, parquet, xlsx."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import math
import os
import re
import secrets
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import IO, Any

import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped] # it has no types
import pyarrow.compute as pc  # type: ignore[import-untyped]

from scrapeq import display
from scrapeq.errors import ConfigError, warn
from scrapeq.frames.file_formats import EXPORTED, in_words

#: Excel's own limits ("Excel specifications and limits"): rows and columns of a sheet, the header
#: among them, and characters of a cell, counted in UTF-16.
EXCEL_ROWS = 1_048_576
EXCEL_COLUMNS = 16_384
EXCEL_CELL = 32_767

# What a spreadsheet may take for the beginning of a formula (OWASP, "CSV Injection": = + - @ tab
# CR LF and their full-width forms), also behind white space and invisible characters.
_FORMULA = r"^[\s\p{Z}\p{Cf}]*[=+\-@＝＋－＠]|^[\t\r\n]"
# The same, generously, for a cell of Excel that is text anyway.
_LIKE_A_FORMULA = re.compile(r"[\s\W]*[=+\-@＝＋－＠]|[\t\r\n]")
# A plain number is what it is: -12.5 stays a number for whoever reads the file.
_NUMBER = r"^[+-]?\d+([.,]\d+)*([eE][+-]?\d+)?$"
# What XML 1.0 (section 2.2) has no way to write, but for the lone surrogates that Arrow has none of.
_NOT_XML = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x{fffe}\x{ffff}]"


def check_export_path(path: str | os.PathLike[str]) -> Path:
    """The path of an export, as `export` will write it: to ask before the work is done.

    Raises ConfigError if its ending is none of `file_formats.EXPORTED`, or if its folder is not
    there.
    """
    if not isinstance(path, (str, os.PathLike)):
        raise ConfigError(
            f"the path of an export is {display.plain(repr(path), 60)} ({type(path).__name__})",
            hint='write it as text, like "pages.csv"',
        )
    target = Path(path).expanduser()
    if not target.name.lower().endswith(EXPORTED):
        raise ConfigError(
            f"a table cannot be written as {target.name!r}",
            hint=f"end the name in {in_words(EXPORTED)}",
        )
    if not target.parent.is_dir():
        raise ConfigError(f"there is no folder {str(target.parent)!r}", hint="create it first")
    return target


def export(frame: pd.DataFrame, path: str | os.PathLike[str]) -> Path:
    """The table in a file, by the ending of its name: .csv, .jsonl (also .gz), .parquet, .xlsx.

    An index that is more than the row's number is written as columns of its own. The file appears
    when it is complete, in place of an older one; a failed export leaves what was there.

    Text never does harm: NULs are dropped and lone surrogates become U+FFFD. In csv a text that
    a spreadsheet could take for a formula gets an apostrophe before it (OWASP, CSV injection), names
    of columns too; in xlsx its cell is marked as text, and shows none; numbers stay as they are. parquet and jsonl are not for spreadsheets and
    keep such text unchanged.

    csv: UTF-8, every text in quotes, an empty field without quotes is a missing value; times as
    ISO 8601 with Z; lists and dicts as JSON. jsonl: one object a line; missing is null, lists are
    lists. parquet: all types are kept, of records and lists too; columns of mixed objects become JSON text. xlsx: one sheet,
    nothing is a link or a formula, times are UTC without a zone, lists are JSON text, a cell longer
    than Excel's 32,767 characters is cut, ends in "…" and is counted in a UserWarning.

    Raises ConfigError as `check_export_path` does, and for more rows or columns than Excel has.
    """
    target = check_export_path(path)
    name = target.name.lower()
    ending = next(one for one in EXPORTED if name.endswith(one))
    if ending == ".xlsx":
        _check_excel_holds(frame)
    draft = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        table, json_columns = _sound(frame, keep_index=ending == ".parquet")
        if ending == ".parquet":
            _write_parquet(table, draft)
        elif ending == ".xlsx":
            _write_xlsx(flat(table, defuse=False), draft)
        else:
            opener: Any = gzip.open if ending.endswith(".gz") else open
            with opener(draft, "wb") as file:
                if ending.startswith(".csv"):
                    write_csv(flat(table), file)
                else:
                    write_jsonl(table, json_columns, file)
        os.replace(draft, target)
    except OSError as error:
        raise ConfigError(
            f"{target} cannot be written: {error.strerror or error}",
            hint="the results are kept: export them to another folder",
        ) from error
    finally:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)
    return target


# --- a table that every format can hold ---------------------------------------------------------


def _sound(frame: pd.DataFrame, *, keep_index: bool) -> tuple[pa.Table, set[str]]:
    """The frame in Arrow's types without unsafe text, and the columns that became JSON text."""
    if not keep_index and _says_something(frame.index):
        taken = set(map(str, frame.columns))
        levels = [_free(str(name or "index"), taken) for name in frame.index.names]
        frame = frame.reset_index(names=levels)
    columns: dict[str, pd.Series[Any]] = {}
    json_columns: set[str] = set()
    for place in range(frame.shape[1]):
        name = _free(_sound_text(str(frame.columns[place])), columns)
        columns[name], is_json = _sound_column(frame.iloc[:, place])
        if is_json:
            json_columns.add(name)
    fixed = pd.DataFrame(columns, index=frame.index)
    return pa.Table.from_pandas(fixed, preserve_index=None if keep_index else False), json_columns


def _says_something(index: pd.Index[Any]) -> bool:
    """Whether an index is more than numbers that rows happen to have."""
    named = any(name is not None for name in index.names)
    return named or not pd.api.types.is_integer_dtype(index.dtype)


def _free(name: str, taken: Any) -> str:
    while name in taken:
        name += "_2"
    return name


def _sound_column(series: pd.Series[Any]) -> tuple[pd.Series[Any], bool]:
    """The column as Arrow takes it, and whether it had to become JSON text."""
    if series.dtype != object:
        if _has_text(series):
            series = _sound_texts(series)
        if _converts(series):
            return series, False
        return series.astype(object).map(str, na_action="ignore"), False
    kind = pd.api.types.infer_dtype(series, skipna=True)
    if kind == "string":
        return _sound_texts(series), False
    if kind not in {"mixed", "bytes"} and _converts(series):
        return series, False
    if (typed := _typed(series)) is not None:
        return typed, False
    values = [sound_value(value) for value in series]
    if all(value is None or _is_list_of_text(value) for value in values):
        return pd.Series(values, index=series.index, dtype=object), False
    texts = [None if value is None else json.dumps(value, ensure_ascii=False) for value in values]
    return pd.Series(texts, index=series.index, dtype=object), True


def _typed(series: pd.Series[Any]) -> pd.Series[Any] | None:
    """Records, lists of records, and lists of numbers, days or times, as Arrow has them; None for a
    column of anything else. Records are dicts that all have the same names."""
    cells = [None if value is pd.NA else value for value in series]
    there = [one for one in cells if one is not None]
    are_lists = bool(there) and all(isinstance(one, list) for one in there)
    items = [one for cell in there for one in cell] if are_lists else there
    kinds = {type(one) for one in items}
    if kinds == {dict}:
        if len({tuple(one) for one in items}) > 1:
            return None
    elif not are_lists or len(kinds) != 1 or not kinds <= _SCALARS:
        return None
    typed = pd.Series([_typed_value(one) for one in cells], index=series.index, dtype=object)
    return typed if _converts(typed) else None


_SCALARS = frozenset({int, float, bool, Decimal, date, datetime})


def _typed_value(value: Any) -> Any:
    """What Arrow has a type for, as it is; all else as JSON has it."""
    if type(value) in _SCALARS:
        return value
    if isinstance(value, dict):
        return {_sound_text(str(key)): _typed_value(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_typed_value(one) for one in value]
    return sound_value(value)


def _converts(series: pd.Series[Any]) -> bool:
    try:
        pa.Table.from_pandas(pd.DataFrame({"0": series}), preserve_index=False)
    except (pa.ArrowException, UnicodeEncodeError, TypeError, OverflowError):
        return False
    return True


def _has_text(series: pd.Series[Any]) -> bool:
    if isinstance(series.dtype, pd.CategoricalDtype):
        return bool(series.cat.categories.map(lambda one: isinstance(one, str)).any())
    return pd.api.types.is_string_dtype(series.dtype)


def _sound_texts(series: pd.Series[Any]) -> pd.Series[Any]:
    """A column of text; the very same if nothing in it is unsafe."""
    if getattr(series.dtype, "storage", "") == "pyarrow":
        # Arrow has no lone surrogates, and looks for NULs itself
        if not series.str.contains("\0", regex=False).any():
            return series
        return series.str.replace("\0", "", regex=False)
    unique = series.cat.categories if isinstance(series.dtype, pd.CategoricalDtype) else series
    if all(sound_value(text) == text for text in unique if isinstance(text, str)):
        return series
    return series.astype(object).map(sound_value, na_action="ignore")


def _is_list_of_text(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _sound_text(text: str) -> str:
    """Without NULs; halves of surrogate pairs are joined, lone ones become U+FFFD."""
    text = text.replace("\0", "")
    try:
        text.encode()
    except UnicodeEncodeError:
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def sound_value(value: Any) -> Any:
    """Any Python value as JSON has it; None for what is missing."""
    if isinstance(value, str):
        return _sound_text(value)
    if isinstance(value, dict):
        return {_sound_text(str(key)): sound_value(one) for key, one in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)) or hasattr(value, "tolist"):
        plain = value.tolist() if hasattr(value, "tolist") else list(value)
        return [sound_value(one) for one in plain] if isinstance(plain, list) else plain
    if isinstance(value, bytes):
        return _sound_text(value.decode("utf-8", "replace"))
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, pd.DataFrame):  # a table in a cell: an object for each of its rows
        return [sound_value(one) for one in value.to_dict("records")]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, (bool, int)):
        return value
    return value.isoformat() if isinstance(value, (date, time)) else _sound_text(str(value))


def flat(table: pa.Table, *, defuse: bool = True) -> pa.Table:
    """Numbers, booleans, dates, times and text only; with `defuse`, no text that may be a formula."""
    names = table.column_names
    if defuse:
        names = [_defused(pa.array([name], pa.large_string()))[0].as_py() for name in names]
    columns = [_flat_column(column, defuse=defuse) for column in table.columns]
    return pa.table(columns, names=names)


def _flat_column(column: pa.ChunkedArray, *, defuse: bool) -> pa.ChunkedArray:
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
        kind = column.type
    if (
        pa.types.is_boolean(kind)
        or pa.types.is_integer(kind)
        or pa.types.is_floating(kind)
        or pa.types.is_decimal(kind)
        or pa.types.is_timestamp(kind)
        or pa.types.is_date(kind)
    ):
        return column
    if not pa.types.is_string(kind) and not pa.types.is_large_string(kind):
        column = pa.chunked_array([pa.array(map(_cell, column.to_pylist()), pa.large_string())])
    texts = column.cast(pa.large_string())
    return _defused(texts) if defuse else texts


def _cell(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, (list, dict)):
        return json.dumps(value, ensure_ascii=False, default=sound_value)
    return str(sound_value(value))


def _defused(texts: Any) -> Any:
    """Texts that no spreadsheet takes for formulas: OWASP's apostrophe before those it could."""
    suspicious = pc.and_(
        pc.match_substring_regex(texts, _FORMULA),
        pc.invert(pc.match_substring_regex(texts, _NUMBER)),
    )
    if not pc.any(suspicious).as_py():
        return texts
    apostrophe, nothing = (pa.scalar(text, pa.large_string()) for text in ("'", ""))
    prefixed = pc.binary_join_element_wise(apostrophe, texts, nothing)
    return pc.if_else(suspicious, prefixed, texts)


# --- one writer for each format -----------------------------------------------------------------


def _write_parquet(table: pa.Table, draft: Path) -> None:
    from pyarrow import parquet

    parquet.write_table(table, draft, compression="zstd")


def write_csv(table: pa.Table, file: IO[bytes] | io.RawIOBase, *, names: bool = True) -> None:
    """Write a flat table; with the names of its columns first, or without."""
    from pyarrow import csv

    columns = [
        pc.replace_substring_regex(
            column.cast(pa.large_string()), r"^(\S+) (\S+?)(\.0+)?(Z?)$", r"\1T\2\4"
        )
        if pa.types.is_timestamp(column.type)
        else column
        for column in (_in_utc(column) for column in table.columns)
    ]
    options = csv.WriteOptions(include_header=names)
    csv.write_csv(pa.table(columns, names=table.column_names), file, options)


def _in_utc(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_timestamp(column.type) and column.type.tz is not None:
        return column.cast(pa.timestamp(column.type.unit, "UTC"))
    return column


def write_jsonl(table: pa.Table, json_columns: set[str], file: IO[bytes] | io.RawIOBase) -> None:
    """Write an object for each row; the texts of `json_columns` are JSON already."""
    for batch in table.to_batches(10_000):
        for row in batch.to_pylist():
            for name in json_columns:
                row[name] = json.loads(row[name]) if row[name] is not None else None
            try:
                line = json.dumps(row, ensure_ascii=False, allow_nan=False, default=sound_value)
            except ValueError:  # an infinity, which JSON has no word for
                line = json.dumps(sound_value(row), ensure_ascii=False)
            file.write(f"{line}\n".encode())


def _check_excel_holds(frame: pd.DataFrame) -> None:
    columns = frame.shape[1] + (frame.index.nlevels if _says_something(frame.index) else 0)
    if len(frame) >= EXCEL_ROWS or columns > EXCEL_COLUMNS:
        raise ConfigError(
            f"Excel holds {EXCEL_ROWS - 1:,} rows below the header and {EXCEL_COLUMNS:,} columns, "
            f"not {len(frame):,} by {columns:,}",
            hint="write .parquet or .csv instead",
        )


def _write_xlsx(table: pa.Table, draft: Path) -> None:
    import xlsxwriter  # type: ignore[import-untyped] # it has no types

    # constant_memory: a row goes to the disk when the next one is begun
    workbook = xlsxwriter.Workbook(draft, {"constant_memory": True, "in_memory": False})
    time_format = workbook.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
    date_format = workbook.add_format({"num_format": "yyyy-mm-dd"})
    # What a person types an apostrophe for: the cell is text, also when it is edited, and shows none.
    text_format = workbook.add_format({"quote_prefix": True})
    sheet = workbook.add_worksheet("scrapeq")
    cut = 0

    def write(row: int, column: int, value: Any) -> None:
        nonlocal cut
        if isinstance(value, bool):
            sheet.write_boolean(row, column, value)
        elif isinstance(value, (int, float, Decimal)) and abs(float(value)) < 10**15:
            sheet.write_number(row, column, value)  # Excel keeps 15 digits
        elif isinstance(value, date) and value.year >= 1900:
            is_time = isinstance(value, datetime)
            sheet.write_datetime(row, column, value, time_format if is_time else date_format)
        else:
            text = value if isinstance(value, str) else str(value)
            shown = _fitting(text)
            cut += shown is not text
            is_suspicious = _LIKE_A_FORMULA.match(shown) is not None
            sheet.write_string(row, column, shown, text_format if is_suspicious else None)

    try:
        sheet.freeze_panes(1, 0)
        for place, name in enumerate(table.column_names):
            write(0, place, name)
        columns = [_for_excel(column) for column in table.columns]
        plain = pa.table(columns, names=[str(place) for place in range(len(columns))])
        row = 0
        for batch in plain.to_batches(10_000):
            for values in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                row += 1
                for place, value in enumerate(values):
                    if value is not None:
                        write(row, place, value)
    finally:
        try:
            workbook.close()
        except xlsxwriter.exceptions.FileCreateError as error:  # its word for any OSError
            raise (
                error.args[0] if isinstance(error.args[0], OSError) else OSError(str(error))
            ) from None
    if cut:
        warn(
            f"{cut:,} cells were longer than Excel's {EXCEL_CELL:,} characters and were cut; "
            "write .parquet, .csv or .jsonl to keep all text"
        )


def _for_excel(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_timestamp(column.type):
        # Excel knows no zones and no nanoseconds
        return _in_utc(column).cast(pa.timestamp("us"), safe=False)
    if pa.types.is_large_string(column.type):
        return pc.replace_substring_regex(column, _NOT_XML, "")
    return column


def _fitting(text: str) -> str:
    """The very same text if it fits into a cell, else its beginning and "…"."""
    if len(text) * 2 <= EXCEL_CELL or len(units := text.encode("utf-16-le")) // 2 <= EXCEL_CELL:
        return text
    return units[: (EXCEL_CELL - 1) * 2].decode("utf-16-le", "ignore") + "…"
