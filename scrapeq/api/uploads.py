"""Files that people send: of a kind that is read, and not larger than they look."""

from __future__ import annotations

import json
import shutil
import tempfile
import zipfile
from pathlib import Path, PurePosixPath

from fastapi import UploadFile

from scrapeq.api.requests import MOST_ROWS
from scrapeq.errors import ConfigError, InputError
from scrapeq.frames import UrlColumn, read_urls
from scrapeq.frames.file_formats import PACKED, READ, in_words
from scrapeq.models import ScrapingConfig

#: What is taken. Files that are packed as a whole (.gz) are not: how long they are is not known.
FORMATS = in_words(READ)
#: Bytes that a file may have when it is unpacked.
MOST_UNPACKED = 1_000_000_000


def read_column(file: UploadFile, url_column: str | None) -> UrlColumn:
    """The column of URLs of an uploaded file. Raises InputError."""
    ending = PurePosixPath(file.filename or "").suffix.lower()
    with tempfile.TemporaryDirectory(prefix="scrapeq-upload-") as folder:
        path = Path(folder) / f"urls{ending}"
        with path.open("wb") as target:
            shutil.copyfileobj(file.file, target, 1_000_000)
        check_unpacked(path)
        column = read_urls(path, url_column)
    if len(column.values) > MOST_ROWS:
        raise InputError(
            f"the file has {len(column.values):,} rows", hint=f"send {MOST_ROWS:,} at most"
        )
    return column


def read_config(text: str | None) -> ScrapingConfig | None:
    """The options of a form, where they are JSON. Raises ConfigError."""
    if not text:
        return None
    try:
        options = json.loads(text)
    except ValueError:
        raise ConfigError("config is no JSON", hint='write it like {"max_retries": 1}') from None
    if not isinstance(options, dict):
        raise ConfigError("config is no object", hint='write it like {"max_retries": 1}')
    return ScrapingConfig.build(**options)


def check_unpacked(path: Path) -> None:
    """Nothing, if this is a file that can be read within bounds. Raises InputError."""
    if path.suffix not in READ:
        raise InputError(
            f"URLs cannot be read from a {path.suffix or 'nameless'} file",
            hint=f"send one whose name ends in {FORMATS}",
        )
    if path.suffix not in PACKED:
        return
    try:
        unpacked = _parquet_bytes(path) if path.suffix == ".parquet" else _zip_bytes(path)
    except (OSError, ValueError, zipfile.BadZipFile):
        raise InputError(
            f"this is no {path.suffix} file", hint="see that its name ends in what it is"
        ) from None
    if unpacked > MOST_UNPACKED:
        raise InputError(
            f"the file has {unpacked / 1e9:,.1f} GB when it is unpacked",
            hint=f"send it in parts of at most {MOST_UNPACKED / 1e9:g} GB",
        )


def _parquet_bytes(path: Path) -> int:
    from pyarrow import parquet  # type: ignore[import-untyped] # it has no types

    known = parquet.read_metadata(path)
    return sum(known.row_group(place).total_byte_size for place in range(known.num_row_groups))


def _zip_bytes(path: Path) -> int:
    with zipfile.ZipFile(path) as archive:
        return sum(one.file_size for one in archive.infolist())
