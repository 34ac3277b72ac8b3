"""What a page gave in a browser besides its HTML, and documents that are files themselves."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class FileKind(StrEnum):
    """What a file of a page is."""

    SCREENSHOT = "screenshot"
    FAILED_ACTION = "failed_action"  # a picture of the page when an action had failed
    PDF = "pdf"  # of a page, as a browser prints it
    RESPONSE = "response"  # a JSON answer to a request of the page
    DOCUMENT = "document"  # what the address led to, where that is no web page
    CONSOLE = "console"  # errors and failed requests, as JSON: a list of kind, message, url


@dataclass(frozen=True, slots=True)
class PageFile:
    """A file, and where it is from.

    url: of the page, or of the answer. http_status: of an answer. width, height: of a picture, in
    pixels. preview: a picture in small, as JPEG.
    """

    kind: FileKind
    body: bytes
    content_type: str
    url: str
    http_status: int | None = None
    width: int | None = None
    height: int | None = None
    preview: bytes | None = None
