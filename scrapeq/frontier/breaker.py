"""The breakers of hosts as Python sees them: when they open, their states, their events.

What they do is one Lua function for all workers, `lua/breaker.lua`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

#: Characters of a failure's message that are kept in Redis.
LONGEST_MESSAGE = 500
#: `half_open`: one request may be sent, as a probe; `given_up`: due jobs end without a request.
BreakerState = Literal["open", "half_open", "given_up"]


@dataclass(frozen=True, slots=True)
class BreakerPolicy:
    """When the breaker of a host opens, and for how long. The defaults and their reasons are in
    `scrapeq.settings`.

    failures: tries in a row that open its breaker; first_failures: of the first tries of pages, at a
    host that has not answered well yet. open_s, longest_s: its first pause, and
    what doubling it ends at. give_up_s: the pauses in a row, in sum, after which it is given up; a
    tenth of them where it never answered well.
    """

    failures: int = 20
    first_failures: int = 5
    open_s: float = 30
    longest_s: float = 600
    give_up_s: float = 900

    @property
    def in_ms(self) -> tuple[int, int, int, int, int]:
        """The five, as the scripts take them."""
        seconds = (self.open_s, self.longest_s, self.give_up_s)
        open_ms, longest_ms, give_up_ms = (round(1000 * one) for one in seconds)
        return self.failures, self.first_failures, open_ms, longest_ms, give_up_ms


@dataclass(frozen=True, slots=True)
class HostEvent:
    """A breaker changed. event: opened, given_up, closed. error_kind, error_message: the last
    failure, "" when it closed; a kind may be one that a newer worker knows."""

    host: str
    event: str
    error_kind: str
    error_message: str


def host_event(host: str, event: str, error_kind: str, error_message: str) -> HostEvent:
    """An event as the scripts give it; what closed a breaker is no failure."""
    failed = event != "closed"
    return HostEvent(host, event, error_kind if failed else "", error_message if failed else "")


@dataclass(frozen=True, slots=True)
class Paused:
    """A host whose breaker is not closed.

    error_kind, error_message: the last failure; a kind may be one that a newer worker knows.
    failures: tries in a row that opened it; probes: those that failed since. since_ms, until_ms:
    when it opened, and when its pause ends (or ended), in ms since 1970. waiting: due jobs.
    """

    host: str
    state: BreakerState
    error_kind: str
    error_message: str
    failures: int
    probes: int
    since_ms: int
    until_ms: int
    waiting: int
