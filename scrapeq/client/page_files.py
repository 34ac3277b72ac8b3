"""The files of a batch's pages by their kind, wherever they are kept."""

from __future__ import annotations

from collections.abc import Collection

from scrapeq import frames
from scrapeq.errors import NotFound
from scrapeq.models import FileKind


class PageFiles:
    """Tables of what pages brought beside themselves."""

    def _of_page(self, kinds: Collection[FileKind]) -> frames.FilesFrame:
        """One row per file of these kinds, without what only answers have."""
        raise NotImplementedError

    @property
    def screenshots(self) -> frames.FilesFrame:
        """One row per picture; it shows them in a notebook. See `FilesFrame`: `.body(0)` gives the
        bytes of its first row, `.save("folder")` writes all."""
        return self._of_page([FileKind.SCREENSHOT, FileKind.FAILED_ACTION])

    @property
    def pdfs(self) -> frames.FilesFrame:
        """One row per PDF; see `screenshots`."""
        return self._of_page([FileKind.PDF])

    @property
    def documents(self) -> frames.FilesFrame:
        """One row per document that is no web page, where `store_files` kept them; see `screenshots`."""
        return self._of_page([FileKind.DOCUMENT])


def no_row(row: int, total: int) -> NotFound:
    """The error for a place where no row is."""
    return NotFound(
        f"the batch has no row {row}", hint=f"its rows are 0 to {total - 1}, by their place"
    )
