"""What pages gave in a browser besides their HTML, and documents: the files of one batch, read from
the record."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from scrapeq import database, frames
from scrapeq.client.page_files import PageFiles
from scrapeq.errors import NotFound
from scrapeq.models import FileKind
from scrapeq.pipeline.job_queue import JobQueue
from scrapeq.project.waiting import patiently

if TYPE_CHECKING:
    import pandas as pd

_T = TypeVar("_T")


class BatchFiles(PageFiles):
    """The files of a batch. A PostgreSQL that is away is waited for, for a minute."""

    def __init__(self, queue: JobQueue, batch_id: str) -> None:
        self._queue = queue
        self._engine = queue.services.engine
        self.id = batch_id

    @property
    def responses(self) -> pd.DataFrame:
        """One row per JSON answer that matched `capture`: row, page_url, url, http_status,
        content_type, bytes, sha256, and `value`, what the JSON says."""
        return self._read(lambda: frames.responses_frame(self._bodies(FileKind.RESPONSE)))

    @property
    def console(self) -> pd.DataFrame:
        """One row per console error, exception of a script or failed request, where `console` asked
        for them: row, page_url, kind, message, url."""
        return self._read(lambda: frames.console_frame(self._bodies(FileKind.CONSOLE)))

    def _read(self, read: Callable[[], _T], *, changes: bool = False) -> _T:
        return patiently(self._queue.services, read, changes=changes)

    def _bodies(self, kind: FileKind) -> Iterator[list[tuple[Any, ...]]]:
        return database.files.file_rows_with_bodies(self._engine, self.id, [kind])

    def _of_page(self, kinds: Collection[FileKind]) -> frames.FilesFrame:
        """Without what only answers have: an address and a status of their own."""
        return self._files(kinds).without("page_url", "http_status")

    def _files(self, kinds: Collection[FileKind]) -> frames.FilesFrame:
        reading = frames.FileReading(self._body, self._previews)
        return self._read(
            lambda: frames.files_frame(
                database.files.file_rows(self._engine, self.id, kinds), reading
            )
        )

    def _body(self, sha256: str) -> bytes:
        body = self._read(lambda: database.stored_pages.read_html(self._engine, sha256))
        if body is None:
            raise NotFound(
                "the file is not in the record any more",
                hint="fetch its page again: scrape(..., refresh=True)",
            )
        return body

    def _previews(self, hashes: Sequence[str]) -> dict[str, bytes]:
        return self._read(lambda: database.files.read_previews(self._engine, hashes))
