"""Tables in (a column of URLs) and out (pages, errors, links, images, jobs, hosts; files).

pandas is loaded when a table is asked for, not by `import scrapeq.frames`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from scrapeq.frames.reading import UrlColumn, read_urls

if TYPE_CHECKING:
    from scrapeq.frames.exporting import check_export_path, export
    from scrapeq.frames.packing import pack_table, unpack_table
    from scrapeq.frames.pages import (
        PAGE_COLUMNS,
        errors_frame,
        images_frame,
        jobs_frame,
        links_frame,
        pages_frame,
        paused_frame,
    )

__all__ = [
    "PAGE_COLUMNS",
    "UrlColumn",
    "check_export_path",
    "errors_frame",
    "export",
    "images_frame",
    "jobs_frame",
    "links_frame",
    "pack_table",
    "pages_frame",
    "paused_frame",
    "read_urls",
    "unpack_table",
]

_HOMES = {
    "check_export_path": "exporting",
    "export": "exporting",
    "pack_table": "packing",
    "unpack_table": "packing",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES.get(name, 'pages')}"), name)
