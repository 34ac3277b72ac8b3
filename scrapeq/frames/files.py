"""Tables of files: what pages gave in a browser besides their HTML (pictures, PDFs, answers, consoles),
and documents."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped] # it has no types

from scrapeq import display
from scrapeq.errors import ConfigError
from scrapeq.frames.columns import CATEGORY, STRING, TEXT, array, make_frame
from scrapeq.frames.file_formats import EXPORTED
from scrapeq.models import FileKind

_HERE = Path(__file__).parent
#: Pictures that a notebook shows at once: three rows of four, 15 KB each.
MOST_SHOWN = 12
FILE_TYPES = {
    "row": pa.int64(),
    "page_url": TEXT,
    "kind": CATEGORY,
    "url": TEXT,
    "http_status": pa.int16(),
    "content_type": TEXT,
    "width": pa.int32(),
    "height": pa.int32(),
    "bytes": pa.int64(),
    "sha256": TEXT,
}
#: How a file's name ends, by its type; what a server calls an answer decides nothing.
_OOXML, _ODF = (
    "application/vnd.openxmlformats-officedocument.",
    "application/vnd.oasis.opendocument.",
)
_ENDINGS = {
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/gif": "gif",
    "image/webp": "webp",
    "image/avif": "avif",
    "image/heif": "heif",
    "image/bmp": "bmp",
    "image/tiff": "tiff",
    "image/x-icon": "ico",
    "image/svg+xml": "svg",
    "application/pdf": "pdf",
    "application/xml": "xml",
    "text/xml": "xml",
    "application/rss+xml": "rss",
    "application/atom+xml": "atom",
    "text/csv": "csv",
    "text/tab-separated-values": "tsv",
    f"{_OOXML}spreadsheetml.sheet": "xlsx",
    f"{_OOXML}wordprocessingml.document": "docx",
    f"{_OOXML}presentationml.presentation": "pptx",
    f"{_ODF}spreadsheet": "ods",
    f"{_ODF}text": "odt",
    "application/vnd.ms-excel.sheet.binary.macroenabled.12": "xlsb",
    "application/vnd.ms-excel": "xls",
    "application/msword": "doc",
    "application/vnd.ms-powerpoint": "ppt",
    "application/epub+zip": "epub",
    "application/zip": "zip",
    "application/gzip": "gz",
    "audio/mpeg": "mp3",
    "video/mp4": "mp4",
    "video/webm": "webm",
}
#: How that of a document ends whose type says nothing; of an answer it is JSON.
_UNKNOWN_ENDING = "bin"
#: The kind that a page has several of.
_SEVERAL = "response"


@dataclass(frozen=True, slots=True)
class FileReading:
    """Where the bytes are: body gives those of a content by its SHA-256, previews the small pictures
    of some, where they have one."""

    body: Callable[[str], bytes]
    previews: Callable[[Sequence[str]], Mapping[str, bytes]]


class FilesFrame(pd.DataFrame):
    """A table of files, one a row, which shows its pictures in a notebook.

    Columns: row int64 · page_url string · kind category · url string (of an answer; else the page's)
    · http_status Int16 · content_type string · width, height Int32 (pixels) · bytes Int64 · sha256
    string. The bytes stay in the record until they are asked for.
    """

    _metadata = ["_reading"]  # noqa: RUF012 - pandas' way to hand an attribute on
    _reading: FileReading | None = None

    @property
    def _constructor(self) -> Callable[..., FilesFrame]:
        return FilesFrame

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled it is a plain table: the record is not where it goes."""
        return pd.DataFrame, (pd.DataFrame(self),)

    def without(self, *columns: str) -> FilesFrame:
        """The same without some columns."""
        fewer = FilesFrame(self.drop(columns=list(columns)))
        fewer._reading = self._reading
        return fewer

    def body(self, place: int = 0) -> bytes:
        """The bytes of the file in a row of this table, counted from 0."""
        return self._read().body(str(self["sha256"].iloc[place]))

    def save(self, folder: str | os.PathLike[str]) -> list[Path]:
        """Write each content once into a folder, which is made; the path of each row's file.

        The names are made of the contents: what is there already is not written again. Raises
        ConfigError where it cannot be written.
        """
        target = Path(folder).expanduser()
        written: dict[str, Path] = {}
        paths = []
        try:
            target.mkdir(parents=True, exist_ok=True)
            columns = (self["sha256"], self["content_type"], self["kind"])
            for sha256, content_type, kind in zip(*columns, strict=True):
                if sha256 not in written:
                    path = target / f"{sha256[:32]}.{_ending(content_type, kind)}"
                    if not path.exists():
                        _write(path, self._read().body(sha256))
                    written[sha256] = path
                paths.append(written[sha256])
        except OSError as error:
            raise ConfigError(
                f"{target} cannot be written: {error.strerror or error}",
                hint="the files are kept in the record: save them to another folder",
            ) from error
        return paths

    def _read(self) -> FileReading:
        if self._reading is None:
            raise ConfigError(
                "this table knows no record to read files from",
                hint="take it from a batch: batch.screenshots",
            )
        return self._reading

    def _repr_html_(self) -> str:
        table = str(pd.DataFrame(self)._repr_html_())  # type: ignore[operator] # it is not typed
        needed = {"row", "url", "width", "height", "sha256"}
        if self._reading is None or not needed <= {*self.columns}:
            return table
        pictures = self[self["width"].notna()].head(MOST_SHOWN)
        small = self._reading.previews(list(pictures["sha256"]))
        columns = [pictures[name] for name in ("row", "url", "width", "height", "sha256")]
        shown = [
            {
                "source": base64.b64encode(small[str(sha256)]).decode("ascii"),
                "row": row,
                "url": display.plain(url, 80),
                "size": f"{width:,} × {height:,}",
            }
            for row, url, width, height, sha256 in zip(*columns, strict=True)
            if sha256 in small
        ]
        more = int(self["width"].notna().sum()) - len(pictures)
        return display.render(_HERE, "files", shown=shown, more=more) + table


def files_frame(chunks: Iterable[Sequence[Sequence[Any]]], reading: FileReading) -> FilesFrame:
    """The table of files; chunks: lists of rows that have its columns in their order."""
    frame = FilesFrame(_frame(chunks, FILE_TYPES))
    frame._reading = reading
    return frame


def responses_frame(chunks: Iterable[Sequence[Sequence[Any]]]) -> pd.DataFrame:
    """One row per JSON answer that a page got; chunks: lists of a file's columns and its bytes.

    Columns: row int64 · page_url, url string · http_status Int16 · content_type string · bytes Int64
    · sha256 string · value object: what the JSON says; NA where it is none.
    """
    every = [row for chunk in chunks for row in chunk]
    frame = _frame([every], FILE_TYPES)
    values = np.empty(len(every), dtype=object)
    values[:] = [_value(row[-1]) for row in every]
    frame = frame.drop(columns=["kind", "width", "height"])
    frame["value"] = pd.Series(values, dtype=object)
    return frame


def console_frame(chunks: Iterable[Sequence[Sequence[Any]]]) -> pd.DataFrame:
    """One row per console line; chunks: lists of a file's columns and its bytes.

    Columns: row int64 · page_url string · kind category (`error`: written to the console;
    `exception`: of a script; `request`: that failed) · message, url string.
    """
    types = {"row": pa.int64(), **dict.fromkeys(("page_url", "kind", "message", "url"), TEXT)}
    rows = [
        (row[0], row[1], line["kind"], line["message"], line["url"])
        for chunk in chunks
        for row in chunk
        for line in json.loads(row[-1])
    ]
    return _frame([rows], types | {"kind": CATEGORY})


def files_folder(path: Path) -> Path:
    """The folder of a table's files, beside it: `pages.csv.gz` has `pages-files`."""
    ending = max((one for one in EXPORTED if path.name.lower().endswith(one)), key=len, default="")
    return path.with_name(f"{path.name[: len(path.name) - len(ending)]}-files")


def with_files(table: pd.DataFrame, files: FilesFrame, paths: Sequence[Path]) -> pd.DataFrame:
    """The table of pages with a column for each kind of file, of paths beside the table.

    paths: of each row of `files`, in a folder beside the table's own file. `screenshot_file` and
    its like are texts, `response_files` lists of them.
    """
    relative = np.array([f"{path.parent.name}/{path.name}" for path in paths], dtype=object)
    table = table.copy(deep=False)
    for kind in files["kind"].cat.categories:
        chosen = (files["kind"] == kind).to_numpy(dtype=bool)
        column = np.full(len(table), None, dtype=object)
        found = zip(files["row"].to_numpy()[chosen], relative[chosen], strict=True)
        if kind == _SEVERAL:
            for row, path in found:
                column[row] = [*(column[row] or ()), path]
            name, dtype = f"{kind}_files", None
        else:
            for row, path in found:
                column[row] = path
            name, dtype = f"{kind}_file", STRING
        while name in table.columns:
            name += "_2"
        table[name] = pd.Series(column, index=table.index, dtype=dtype or object)
    return table


def _frame(chunks: Iterable[Sequence[Sequence[Any]]], types: Mapping[str, Any]) -> pd.DataFrame:
    arrays: dict[str, list[pa.Array]] = {name: [] for name in types}
    for chunk in chunks:
        for place, (name, kind) in enumerate(types.items()):
            arrays[name].append(array([row[place] for row in chunk], kind))
    frame = make_frame(types, arrays)
    frame["row"] = frame["row"].astype(np.int64)
    return frame


def _ending(content_type: str, kind: str) -> str:
    if kind != FileKind.DOCUMENT or content_type.endswith("json"):
        return _ENDINGS.get(content_type, "json")
    return _ENDINGS.get(content_type, _UNKNOWN_ENDING)


def _value(body: bytes) -> Any:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):  # cut off, no JSON, a number of 5,000 digits, too deep
        return pd.NA
    return pd.NA if value is None else value


def _write(path: Path, body: bytes) -> None:
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        draft.write_bytes(body)
        os.replace(draft, path)
    finally:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)
