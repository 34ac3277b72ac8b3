"""Files that people send: of a kind that is read, and not larger than they look."""

from __future__ import annotations

import zipfile
from pathlib import Path

from scrapeq.errors import InputError
from scrapeq.frames.file_formats import PACKED, READ, in_words

#: What is taken. Files that are packed as a whole (.gz) are not: how long they are is not known.
FORMATS = in_words(READ)
#: Bytes that a file may have when it is unpacked.
MOST_UNPACKED = 1_000_000_000


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
