"""A failure on its way to becoming a row: what fetch and extract return instead of raising."""

from __future__ import annotations

from dataclasses import dataclass

from scrapeq.models.error_kind import ErrorKind
from scrapeq.models.page_file import PageFile
from scrapeq.models.page_kind import PageKind


@dataclass(frozen=True, slots=True)
class Failure:
    """Why there is no page.

    kind: the slug of the row. message: one plain sentence for the analyst, safe to show as text.
    retryable: None means what the kind says. retry_after_s: seconds that the server asked us to
    stay away, uncapped; None if it did not ask. elapsed_s: from the first byte sent to the end. page_kind:
    of an answer that is no page and whose kind is known all the same. files: what a browser has of the
    page all the same.
    """

    kind: ErrorKind
    message: str
    http_status: int | None = None
    final_url: str | None = None
    retry_after_s: float | None = None
    retryable: bool | None = None
    elapsed_s: float = 0.0
    page_kind: PageKind | None = None
    page_kind_signal: str | None = None
    files: tuple[PageFile, ...] = ()

    @property
    def may_retry(self) -> bool:
        """Whether another try is reasonable: `retryable` of this failure, else that of its kind."""
        return self.kind.retryable if self.retryable is None else self.retryable
