"""The slot at a host: whose it is, and the answers to a request for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class SlotOwner(NamedTuple):
    """The lease that a slot, or the one probe of a half-open breaker, belongs to.

    number: which of the lease's slots it is; 0 is the one that its claim took. A call that a bad link
    delivers late, or twice, so changes no later slot of the same lease.
    """

    token: int
    job_id: str
    number: int = 0


@dataclass(frozen=True, slots=True)
class SlotTaken:
    """The request may start now; the slot is held until it is ended."""


@dataclass(frozen=True, slots=True)
class SlotWait:
    """The slot is not free: wait for so many milliseconds and ask again."""

    wait_ms: int


@dataclass(frozen=True, slots=True)
class BreakerOpen:
    """There is no slot: for so many milliseconds no request may be sent, as the breaker is open.

    error_kind, error_message: the last failure, where that is known; a kind may be one that a newer
    worker knows.
    """

    open_ms: int
    error_kind: str = ""
    error_message: str = ""
