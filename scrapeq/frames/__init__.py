"""Tables in (a column of URLs) and out (pages, errors, links, images, tables, jobs, hosts, history; files).

pandas is loaded when a table is asked for, not by `import scrapeq.frames`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapeq.lazy import names_of

if TYPE_CHECKING:
    from scrapeq.frames.columns import rows_frame
    from scrapeq.frames.comparing import comparison_frame
    from scrapeq.frames.exporting import check_export_path, export
    from scrapeq.frames.files import (
        FILE_TYPES,
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
    from scrapeq.frames.hosts import host_rows_frame, hosts_frame
    from scrapeq.frames.jobs import JOB_COLUMNS, batches_frame, jobs_frame
    from scrapeq.frames.near_duplicates import near_duplicates_column, near_duplicates_frame
    from scrapeq.frames.packing import (
        arrow_part,
        arrow_rows,
        pack_table,
        unpack_part,
        unpack_table,
    )
    from scrapeq.frames.pages import (
        ERROR_TYPES,
        LINK_TYPES,
        PAGE_COLUMNS,
        PAGE_PART_NAMES,
        PAGE_PART_TYPES,
        PAGE_TYPES,
        VALUE_TYPES,
        comments_frame,
        entries_frame,
        errors_frame,
        images_frame,
        links_frame,
        pages_frame,
        paused_frame,
        problems_frame,
        products_frame,
        structured_frame,
        values_frame,
    )
    from scrapeq.frames.records import (
        evidence_frame,
        items_frame,
        selector_health_frame,
        sources_frame,
        violations_frame,
    )
    from scrapeq.frames.schedules import notifications_frame, schedules_frame
    from scrapeq.frames.sending import table_to_send
    from scrapeq.frames.streaming import (
        Format,
        page_schema,
        plain_rows,
        rows_table,
        schema_of,
        streamed,
        typed,
    )
    from scrapeq.frames.tables import Tables, found_tables, table_frame
    from scrapeq.frames.url_column import UrlColumn, read_urls

__all__ = [
    "ERROR_TYPES",
    "FILE_TYPES",
    "JOB_COLUMNS",
    "LINK_TYPES",
    "PAGE_COLUMNS",
    "PAGE_PART_NAMES",
    "PAGE_PART_TYPES",
    "PAGE_TYPES",
    "VALUE_TYPES",
    "FileReading",
    "FilesFrame",
    "Format",
    "Step",
    "Steps",
    "Tables",
    "UrlColumn",
    "arrow_batches",
    "arrow_part",
    "arrow_rows",
    "batches_frame",
    "check_export_path",
    "comments_frame",
    "comparison_frame",
    "console_frame",
    "entries_frame",
    "error_history_frame",
    "errors_frame",
    "evidence_frame",
    "export",
    "files_folder",
    "files_frame",
    "found_tables",
    "history_frame",
    "host_history_frame",
    "host_rows_frame",
    "hosts_frame",
    "images_frame",
    "items_frame",
    "jobs_frame",
    "links_frame",
    "near_duplicates_column",
    "near_duplicates_frame",
    "notifications_frame",
    "pack_table",
    "page_schema",
    "pages_frame",
    "paused_frame",
    "plain_rows",
    "problems_frame",
    "products_frame",
    "read_urls",
    "responses_frame",
    "rows_frame",
    "rows_table",
    "schedules_frame",
    "schema_of",
    "selector_health_frame",
    "sources_frame",
    "streamed",
    "structured_frame",
    "table_frame",
    "table_to_send",
    "typed",
    "unpack_part",
    "unpack_table",
    "values_frame",
    "violations_frame",
    "with_files",
]

_HOMES = {
    "arrow_part": "packing",
    "arrow_batches": "packing",
    "arrow_rows": "packing",
    "host_rows_frame": "hosts",
    "table_to_send": "sending",
    "unpack_part": "packing",
    "rows_frame": "columns",
    **dict.fromkeys(
        ("Format", "page_schema", "plain_rows", "rows_table", "schema_of", "streamed", "typed"),
        "streaming",
    ),
    "UrlColumn": "url_column",
    "read_urls": "url_column",
    "FILE_TYPES": "files",
    "FileReading": "files",
    "FilesFrame": "files",
    "console_frame": "files",
    "files_folder": "files",
    "files_frame": "files",
    "responses_frame": "files",
    "with_files": "files",
    "items_frame": "records",
    "selector_health_frame": "records",
    "sources_frame": "records",
    "evidence_frame": "records",
    "violations_frame": "records",
    "JOB_COLUMNS": "jobs",
    "Step": "history",
    "Steps": "history",
    "Tables": "tables",
    "batches_frame": "jobs",
    "check_export_path": "exporting",
    "comparison_frame": "comparing",
    "error_history_frame": "history",
    "export": "exporting",
    "found_tables": "tables",
    "history_frame": "history",
    "host_history_frame": "history",
    "hosts_frame": "hosts",
    "jobs_frame": "jobs",
    "pack_table": "packing",
    "near_duplicates_column": "near_duplicates",
    "near_duplicates_frame": "near_duplicates",
    "notifications_frame": "schedules",
    "schedules_frame": "schedules",
    "table_frame": "tables",
    "unpack_table": "packing",
}


__getattr__ = names_of(__name__, {name: _HOMES.get(name, "pages") for name in __all__})
