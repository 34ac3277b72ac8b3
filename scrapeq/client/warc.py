"""The stored pages of a batch as a WARC file (ISO 28500), which web archives read and replay."""

from __future__ import annotations

import os
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import NAMESPACE_URL, uuid5

from scrapeq.clock import from_ms
from scrapeq.display import without_credentials
from scrapeq.errors import InputError, MissingExtra
from scrapeq.project.version import own_version

if TYPE_CHECKING:
    from scrapeq.database.files import KeptAnswer

#: Of a page whose server named no type.
UNKNOWN_TYPE = "application/octet-stream"


def write_warc(path: Path, batch_id: str, answers: Iterator[KeptAnswer]) -> int:
    """Write a new, compressed WARC 1.1; how many pages it holds. Raises InputError if the file is there,
    or where it cannot be made; MissingExtra without warcio.

    Each page is a `resource`: its bytes as they were decoded (or drawn in a browser), without the headers
    of its server, which are not kept.
    """
    try:
        from warcio.warcwriter import WARCWriter
    except ImportError:
        raise MissingExtra(
            "WARC files need the package warcio", hint='run: pip install "scrapeq[warc]"'
        ) from None
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("xb") as file:
            writer = WARCWriter(file, gzip=True, warc_version="1.1")
            about = {"software": f"scrapeq {own_version()}", "format": "WARC File Format 1.1"}
            about["isPartOf"] = batch_id
            writer.write_record(writer.create_warcinfo_record(path.name, about))
            count = 0
            for one in answers:
                writer.write_record(_resource(writer, batch_id, one))
                count += 1
        os.link(part, path)
    except FileExistsError as error:
        raise InputError(
            f"{error.filename2 or error.filename} is there already", hint="choose another name"
        ) from error
    except OSError as error:
        raise InputError(
            f"{path} cannot be written: {error.strerror}",
            hint="name a file in a folder that is there",
        ) from error
    finally:
        part.unlink(missing_ok=True)
    return count


def _resource(writer: object, batch_id: str, one: KeptAnswer) -> object:
    when = from_ms(one.fetched_ms)
    url = without_credentials(one.url)
    headers = {
        "WARC-Date": f"{when:%Y-%m-%dT%H:%M:%S.%f}Z",
        # The same for each copy of this page, so that archives see it once
        "WARC-Record-ID": f"<urn:uuid:{uuid5(NAMESPACE_URL, f'{one.job_id} {one.fetched_ms} {url}')}>",
        "Content-Type": _one_line(one.content_type) or UNKNOWN_TYPE,
    }
    return writer.create_warc_record(  # type: ignore[attr-defined] # warcio has no types
        _one_line(url),
        "resource",
        payload=BytesIO(one.body),
        length=len(one.body),  # else it is copied into a temporary file that nobody closes
        warc_headers_dict=headers,
    )


def _one_line(text: str) -> str:
    """What a stranger wrote, so that it ends no header."""
    return "".join(one for one in text if one.isprintable()).strip()
