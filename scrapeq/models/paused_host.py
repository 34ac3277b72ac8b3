"""A paused host: one whose breaker is not closed."""

from __future__ import annotations

from datetime import datetime

from scrapeq.models.answer import Answer


class PausedHost(Answer):
    """A host whose breaker is not closed, with the reason: its last failure.

    state: open (no request is sent until `until`), half_open (one request at a time is tried),
    given_up (what is due ends as breaker_open until then). failures: tries in a row that opened it;
    probes: those that failed since; waiting: due jobs.
    """

    host: str
    state: str
    error_kind: str
    error_message: str
    failures: int
    probes: int
    since: str
    until: str
    waiting: int

    @property
    def since_s(self) -> float:
        """When it opened, in seconds since 1970."""
        return datetime.fromisoformat(self.since).timestamp()

    @property
    def until_s(self) -> float:
        """When its pause ends or ended, in seconds since 1970."""
        return datetime.fromisoformat(self.until).timestamp()
