"""Tables in (a column of URLs) and out (pages, errors, links, images, jobs, hosts, history; files).

pandas is loaded when a table is asked for, not by `import scrapeq.frames`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from scrapeq.frames.url_column import UrlColumn, read_urls

if TYPE_CHECKING:
    from scrapeq.frames.comparing import Seen, comparison_frame, selected
    from scrapeq.frames.exporting import check_export_path, export
    from scrapeq.frames.files import (
        FileReading,
        FilesFrame,
        console_frame,
        files_folder,
        files_frame,
        responses_frame,
        with_files,
    )
    from scrapeq.frames.history import (
        Step,
        Steps,
        error_history_frame,
        history_frame,
        host_history_frame,
    )
    from scrapeq.frames.hosts import hosts_frame
    from scrapeq.frames.jobs import JOB_COLUMNS, batches_frame, jobs_frame
    from scrapeq.frames.packing import pack_table, unpack_table
    from scrapeq.frames.pages import (
        PAGE_COLUMNS,
        errors_frame,
        images_frame,
        links_frame,
        pages_frame,
        paused_frame,
        problems_frame,
    )

__all__ = [
    "JOB_COLUMNS",
    "PAGE_COLUMNS",
    "FileReading",
    "FilesFrame",
    "Seen",
    "Step",
    "Steps",
    "UrlColumn",
    "batches_frame",
    "check_export_path",
    "comparison_frame",
    "console_frame",
    "error_history_frame",
    "errors_frame",
    "export",
    "files_folder",
    "files_frame",
    "history_frame",
    "host_history_frame",
    "hosts_frame",
    "images_frame",
    "jobs_frame",
    "links_frame",
    "pack_table",
    "pages_frame",
    "paused_frame",
    "problems_frame",
    "read_urls",
    "responses_frame",
    "selected",
    "unpack_table",
    "with_files",
]

_HOMES = {
    "FileReading": "files",
    "FilesFrame": "files",
    "console_frame": "files",
    "files_folder": "files",
    "files_frame": "files",
    "responses_frame": "files",
    "with_files": "files",
    "JOB_COLUMNS": "jobs",
    "Seen": "comparing",
    "Step": "history",
    "Steps": "history",
    "batches_frame": "jobs",
    "check_export_path": "exporting",
    "comparison_frame": "comparing",
    "error_history_frame": "history",
    "export": "exporting",
    "history_frame": "history",
    "host_history_frame": "history",
    "hosts_frame": "hosts",
    "jobs_frame": "jobs",
    "pack_table": "packing",
    "selected": "comparing",
    "unpack_table": "packing",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES.get(name, 'pages')}"), name)
    globals()[name] = value  # asked for a million times, it is looked for once
    return value
