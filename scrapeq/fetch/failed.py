"""A failure on its way up, inside fetch only: at the rim it becomes a `Failure`."""

from __future__ import annotations

from scrapeq.models import ErrorKind


class Failed(Exception):
    """Why this exchange has no answer: the kind, and one sentence for the analyst."""

    def __init__(self, kind: ErrorKind, message: str, *, retryable: bool | None = None) -> None:
        self.kind = kind
        self.message = message
        self.retryable = retryable
        super().__init__(f"{kind}: {message}")
