"""Hosts whose breaker is not closed, as values for people and for the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapeq.models.answer import iso
from scrapeq.models.paused_host import PausedHost

if TYPE_CHECKING:
    from scrapeq.frontier import Paused


def paused_host(found: Paused) -> PausedHost:
    """What the frontier knows of a paused host, with its times in ISO 8601."""
    return PausedHost(
        host=found.host,
        state=found.state,
        error_kind=found.error_kind,
        error_message=found.error_message,
        failures=found.failures,
        probes=found.probes,
        since=iso(found.since_ms),
        until=iso(found.until_ms),
        waiting=found.waiting,
    )
