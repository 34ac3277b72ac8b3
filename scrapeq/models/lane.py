"""What a job needs of its worker."""

from __future__ import annotations

from enum import StrEnum


class Lane(StrEnum):
    """A job is in one lane; a worker serves some, and claims jobs of those alone."""

    HTTP = "http"  # a request
    BROWSER = "browser"  # a browser that runs the page's scripts
