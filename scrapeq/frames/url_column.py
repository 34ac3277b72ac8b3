"""A column of URLs from whatever people have: tables, series, lists, files."""

from __future__ import annotations

import codecs
import difflib
import gzip
import json
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scrapeq import display
from scrapeq.errors import InputError, warn
from scrapeq.frames.file_formats import PACKED, READ, in_words

if TYPE_CHECKING:
    import pandas as pd

#: What people call a column of URLs, most telling first; compared without case, spaces, _ and -.
URL_NAMES = (
    "url",
    "urls",
    "pageurl",
    "link",
    "links",
    "href",
    "uri",
    "website",
    "websiteurl",
    "webpage",
    "homepage",
    "web",
    "site",
    "address",
)
_LOOKS_LIKE_URL = re.compile(
    r"""\s*[<"']?(?:https?://\S+|www\.\S+|[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}(?:[/:?#]\S*)?)[>"']?\s*""",
    re.IGNORECASE,
)
_IS_URL = re.compile(r"\s*https?://", re.IGNORECASE)
_NO_TEXT = re.compile(rb"[\x00-\x08\x0e-\x1f\x7f\x81\x8d\x8f\x90\x9d]")  # not in cp1252
_PIECE_BYTES = 1_000_000
_SAMPLE = 200  # values that decide whether a column looks like URLs


@dataclass(frozen=True)
class UrlColumn:
    """The URLs to fetch, and the rows that they came from.

    values: one per input row, in order, as they were given; None where there was nothing (NaN, NA
    and NaT too). name: the column's name, None if it had none. table: the input's rows with their
    own columns and index, in order; a plain list has an index and no columns.
    """

    values: list[object]
    name: str | None = None
    _table: pd.DataFrame | None = field(default=None, repr=False, compare=False)

    @property
    def has_table(self) -> bool:
        """Whether the input had columns or an index of its own."""
        return self._table is not None

    @cached_property
    def table(self) -> pd.DataFrame:
        """The input's rows; built (and pandas loaded) when first asked for."""
        if self._table is not None:
            return self._table
        import pandas as pd

        return pd.DataFrame(index=pd.RangeIndex(len(self.values)))


def read_urls(source: Any, url: str | None = None) -> UrlColumn:
    """The URLs of a table, a series, a list, any iterable, or a file.

    source: a pandas DataFrame, Series or Index; a polars or Arrow table or column (whatever offers
    `__arrow_c_stream__`); a dict of columns or a list of dicts; an iterable of texts, read once; one
    URL as text; or the path of a file, read by its ending: .csv, .tsv, .jsonl (.ndjson), .parquet,
    .xlsx, .txt (one URL a line, empty lines and lines that begin with # left out); all but .parquet
    and .xlsx may end in .gz as well.
    url: the name of the column. None takes the only column, else the one that has a name like url,
    link or website (`URL_NAMES`), else the only one whose values look like URLs.

    Raises InputError, saying what to do, if there is no such column, no row, a name twice, or no
    way to read the source. A million rows of a list take no copy but the list's own.
    """
    if isinstance(source, UrlColumn):
        return source
    if source is None or isinstance(source, (bytes, bytearray, int, float)):
        raise InputError(
            f"URLs cannot be read from {type(source).__name__}",
            hint="give a DataFrame, a list of URLs or the path of a file",
        )
    if isinstance(source, str) and _IS_URL.match(source):
        return UrlColumn([source])
    if isinstance(source, (str, Path)):
        return _from_file(Path(source).expanduser(), url)
    if (frame := _as_frame(source)) is not None:
        return _from_frame(frame, url)
    if (series := _as_series(source)) is not None:
        table = series.to_frame() if series.name is not None else None
        return _column(series, _label(series.name), _own_index(series) if table is None else table)
    if isinstance(source, Mapping):
        return _from_frame(_frame(source), url)
    return _from_iterable(source, url)


def _from_iterable(source: Any, url: str | None) -> UrlColumn:
    if getattr(source, "ndim", 1) != 1:
        raise InputError(
            f"the array has {source.ndim} dimensions",
            hint="give one column of it, such as array[:, 0]",
        )
    try:
        values = source.tolist() if hasattr(source, "tolist") else list(source)
    except TypeError:
        raise InputError(
            f"URLs cannot be read from {type(source).__name__}",
            hint="give a DataFrame, a list of URLs or the path of a file",
        ) from None
    if any(isinstance(value, Mapping) for value in values):
        return _from_frame(_frame_of_records(values), url)
    if not values:
        raise _empty("the list")
    return UrlColumn([None if _is_missing(value) else value for value in values])


def _is_missing(value: object) -> bool:
    # NaN and NaT differ from themselves; pd.NA answers a comparison with itself
    if value is None or type(value).__name__ in {"NAType", "NaTType"}:
        return True
    return isinstance(value, float) and value != value  # noqa: PLR0124 - only NaN does


def _frame(data: Any) -> pd.DataFrame:
    import pandas as pd

    try:
        return pd.DataFrame(data)
    except ValueError as error:
        raise InputError(
            f"the columns do not make a table: {error}", hint="give columns of one length"
        ) from error


def _frame_of_records(values: list[Any]) -> pd.DataFrame:
    """A table with a row for each dict; a missing one is a row of nothing."""
    for row, value in enumerate(values):
        if not isinstance(value, Mapping) and not _is_missing(value):
            raise InputError(
                f"some rows of the list are dicts, and row {row} is {display.plain(repr(value), 60)}",
                hint="give a list of dicts, or a list of URLs",
            )
    return _frame([value if isinstance(value, Mapping) else {} for value in values])


def _as_frame(source: Any) -> pd.DataFrame | None:
    """`source` as a DataFrame, if it is a table of any library."""
    pandas = sys.modules.get("pandas")  # not loaded: then the source is not one of its own
    if pandas is not None:
        if isinstance(source, pandas.DataFrame):
            frame: pd.DataFrame = source
            return frame
        if isinstance(source, (pandas.Series, pandas.Index)):
            return None
    if not hasattr(source, "__arrow_c_stream__"):
        return None
    import pyarrow as pa  # type: ignore[import-untyped] # it has no types

    try:
        converted: pd.DataFrame = pa.table(source).to_pandas()
    except (TypeError, ValueError, pa.ArrowException):
        return None  # a column, not a table
    return converted


def _as_series(source: Any) -> pd.Series[Any] | None:
    """`source` as a Series, if it is a column of any library."""
    pandas = sys.modules.get("pandas")
    if pandas is not None and isinstance(source, pandas.Series):
        series: pd.Series[Any] = source
        return series
    if pandas is not None and isinstance(source, pandas.Index):
        from_index: pd.Series[Any] = pandas.Series(list(source), name=source.name, dtype=object)
        return from_index
    if not hasattr(source, "__arrow_c_stream__"):
        return None
    import pandas as pd
    import pyarrow as pa

    column = pa.chunked_array(source)
    return pd.Series(column.to_pylist(), name=getattr(source, "name", None) or None, dtype=object)


def _from_frame(frame: pd.DataFrame, url: str | None) -> UrlColumn:
    if frame.columns.nlevels > 1:
        raise InputError(
            "the table's columns have several levels",
            hint='join them first: df.columns = ["_".join(map(str, c)) for c in df.columns]',
        )
    twice = frame.columns[frame.columns.duplicated()].unique().tolist()
    if twice:
        raise InputError(
            f"the table has two columns called {display.listed(twice)}",
            hint="rename or drop one of them",
            columns=twice,
        )
    name = _find_column(frame, url)
    return _column(frame[name], _label(name), frame)


def _label(name: object) -> str | None:
    return None if name is None else str(name)


def _own_index(series: pd.Series[Any]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(index=series.index)


def _column(series: pd.Series[Any], name: str | None, table: pd.DataFrame) -> UrlColumn:
    if series.empty:
        raise _empty("the table")
    values = series.astype(object)
    return UrlColumn(values.where(series.notna(), None).tolist(), name, table)


def _empty(what: str) -> InputError:
    return InputError(f"{what} has no rows", hint="check what was read or filtered before")


def _find_column(frame: pd.DataFrame, url: str | None) -> Any:
    names = list(frame.columns)
    if not names:
        raise InputError("the table has no columns", hint="give one with a column of URLs")
    if url is not None:
        for name in names:
            if name == url or str(name) == str(url):
                return name
        near = difflib.get_close_matches(str(url), [str(name) for name in names], 1, 0.5)
        raise InputError(
            f"there is no column {display.quoted(url)}",
            hint=f"did you mean {display.quoted(near[0])}?"
            if near
            else f"the columns are {display.listed(names)}",
            columns=names,
        )
    if len(names) == 1:
        return names[0]
    if (named := _named_like_urls(names)) is not None:
        return named
    looking = [name for name in names if _looks_like_urls(frame[name])]
    if len(looking) == 1:
        return looking[0]
    problem = (
        f"several columns look like URLs: {display.listed(looking)}"
        if looking
        else "no column is called or looks like URLs"
    )
    example = looking[0] if looking else names[0]
    raise InputError(
        problem,
        hint=f"name one of them, such as url={display.quoted(example)}; the columns are {display.listed(names)}",
        columns=names,
    )


def _named_like_urls(names: list[Any]) -> Any | None:
    """The column with the most telling name; None if none has one."""
    plain = {re.sub(r"[\s_-]", "", str(name)).casefold(): name for name in reversed(names)}
    return next((plain[name] for name in URL_NAMES if name in plain), None)


def _looks_like_urls(series: pd.Series[Any]) -> bool:
    """Whether most of the first values, and all of them texts, are written like URLs."""
    sample = series.dropna().head(_SAMPLE).tolist()
    hits = sum(
        isinstance(value, str) and bool(_LOOKS_LIKE_URL.fullmatch(value)) for value in sample
    )
    return bool(sample) and hits / len(sample) > 0.5


def _from_file(path: Path, url: str | None) -> UrlColumn:
    endings = [suffix.lower() for suffix in path.suffixes]
    compressed = endings[-1:] == [".gz"]
    ending = "".join(endings[-2:-1] if compressed else endings[-1:])
    if ending not in READ or (compressed and ending in PACKED):
        raise InputError(
            f"{path.name!r} is no URL, and its ending says nothing of how to read it",
            hint="write https:// before a URL, or give a file that ends in " + in_words(READ),
        )
    if not path.is_file():
        raise InputError(f"there is no file {str(path)!r}", hint="check the path")
    try:
        frame = _READERS[ending](path)
    except ImportError as error:
        raise InputError(
            f"{path.name!r} needs a package that is not installed: {error}",
            hint="pip install openpyxl, or save the table as csv or parquet",
        ) from error
    except (OSError, ValueError) as error:  # what pandas and pyarrow raise are kinds of these
        raise InputError(
            f"{path.name!r} cannot be read: {error}",
            hint=f"open it to see whether it really is {ending[1:]}; text must be UTF-8",
        ) from error
    if ending == ".txt":
        if frame.empty:
            raise _empty("the file")
        return UrlColumn(frame["url"].tolist())
    if ending in {".csv", ".tsv"}:
        _refuse_urls_as_names(path, frame)
    return _from_frame(frame, url)


def _lines(path: Path) -> list[str]:
    """The lines that hold something; a byte order mark before the first is dropped."""
    opener: Any = gzip.open if path.suffix.lower() == ".gz" else open
    with opener(path, "rt", encoding=_encoding(path)) as lines:
        return [stripped for line in lines if (stripped := line.strip())]


def _encoding(path: Path) -> str:
    """What a text file is written in: UTF-8, with a warning UTF-16 or what German Excel saves."""
    opener: Any = gzip.open if path.suffix.lower() == ".gz" else open
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with opener(path, "rb") as file:
            first = piece = file.read(_PIECE_BYTES)
            found = "utf-16" if _is_utf_16(first) else ""
            while piece and not found:
                decoder.decode(piece)
                piece = file.read(_PIECE_BYTES)
            if not found:
                decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        found = "" if _NO_TEXT.search(first) else "cp1252"
    except (OSError, EOFError):  # whoever reads it says so
        found = ""
    if not found:
        return "utf-8-sig"  # Excel writes a byte order mark before the first name
    name = {"utf-16": "UTF-16", "cp1252": "Windows-1252"}[found]
    warn(f"{path.name} is not UTF-8 and was read as {name}; look at its letters with accents")
    return found


def _is_utf_16(first: bytes) -> bool:
    """Whether it has the mark of UTF-16, and a dot behind it, as every table of URLs has."""
    marked = first[:2] in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE}
    return marked and "." in first.decode("utf-16", "ignore")


def _refuse_urls_as_names(path: Path, frame: pd.DataFrame) -> None:
    for name in frame.columns:
        if _IS_URL.match(str(name)):
            raise InputError(
                f"{path.name!r} has no line of names: it begins with {str(name)[:100]!r}",
                hint="write a first line such as url, or save the column as .txt, one URL a line",
            )


def _read_text(path: Path) -> pd.DataFrame:
    import pandas as pd

    urls = [line for line in _lines(path) if not line.startswith("#")]
    return pd.DataFrame({"url": urls}, dtype=object)


def _read_csv(path: Path, **options: Any) -> pd.DataFrame:
    import pandas as pd

    # Only an empty cell is missing: pandas' own list would also lose words such as "NA", "null".
    frame: pd.DataFrame = pd.read_csv(
        path, keep_default_na=False, na_values=[""], dtype="string", **options
    )
    if frame.columns.is_unique:
        for name in frame.columns:
            frame[name] = _as_numbers(frame[name])
    return frame


def _as_numbers(texts: pd.Series[Any]) -> pd.Series[Any]:
    """A column of numbers, if every cell would be written again as it is; else the texts.

    A postcode 01067 or a firm number 007 is no number: what it stands for is how it is written.
    """
    import pandas as pd

    cells = texts.dropna()
    if cells.empty:
        return texts
    if cells.str.fullmatch(r"0|-?[1-9][0-9]{0,17}").all():
        return pd.to_numeric(texts).astype("Int64" if texts.isna().any() else "int64")
    if cells.str.fullmatch(r"-?(?:0|[1-9][0-9]{0,8})(?:\.[0-9]{0,5}[1-9])?").all():
        return pd.to_numeric(texts).astype("float64")
    return texts


def _read_comma(path: Path) -> pd.DataFrame:
    import csv

    import pandas as pd

    encoding = _encoding(path)
    frame = _read_csv(path, encoding=encoding)
    if len(frame.columns) == 1 and "\t" in str(frame.columns[0]):  # Excel's "Unicode text"
        return _read_csv(path, sep="\t", encoding=encoding)
    # where the comma is the decimal sign, spreadsheets write semicolons
    if len(frame.columns) == 1 and ";" in str(frame.columns[0]):
        try:
            return _read_csv(path, sep=";", encoding=encoding)
        except (pd.errors.ParserError, csv.Error):
            return frame
    return frame


def _read_tab(path: Path) -> pd.DataFrame:
    return _read_csv(path, sep="\t", encoding=_encoding(path))


def _read_jsonl(path: Path) -> pd.DataFrame:
    import pandas as pd

    rows = [json.loads(line) for line in _lines(path)]
    if any(isinstance(row, dict) for row in rows):
        return _frame_of_records(rows)
    return pd.DataFrame(rows)


def _read_parquet(path: Path) -> pd.DataFrame:
    import pandas as pd

    from scrapeq.frames.sent_files import read_sent

    if (sent := read_sent(path)) is not None:
        return sent
    return pd.read_parquet(path, engine="pyarrow")


def _read_xlsx(path: Path) -> pd.DataFrame:
    import pandas as pd

    # Named, since pandas warns of a change where calamine is there too, as it is with us
    with pd.option_context("io.excel.xlsx.reader", "openpyxl"):
        return pd.read_excel(path, keep_default_na=False, na_values=[""])


#: One for each ending of `READ`, in its order.
_READERS = dict(
    zip(
        READ,
        (
            _read_comma,
            _read_tab,
            _read_jsonl,
            _read_jsonl,
            _read_parquet,
            _read_xlsx,
            _read_text,
        ),
        strict=True,
    )
)
