"""Whose fault a failed page is: ours, its server's, or that of the address or page that was asked for."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from scrapeq.models.error_kind import ErrorKind


class Fault(StrEnum):
    """Only `OURS` is an illness of the system; a column of dead links is none."""

    OURS = "ours"  # scrapeq, its workers, or their settings
    SERVER = "server"  # it answers badly, late, or with "too many requests"; or what lies between
    PAGE = "page"  # there is no such host or page, or nothing that may or can be read


FAULTS: dict[ErrorKind, Fault] = {
    ErrorKind.INTERNAL: Fault.OURS,
    ErrorKind.CONFIG: Fault.OURS,
    ErrorKind.WORKER_LOST: Fault.OURS,
    ErrorKind.RESET: Fault.SERVER,
    ErrorKind.HEADER_TIMEOUT: Fault.SERVER,
    ErrorKind.PROTOCOL: Fault.SERVER,
    ErrorKind.BODY_TIMEOUT: Fault.SERVER,
    ErrorKind.TRUNCATED: Fault.SERVER,
    ErrorKind.DECODE: Fault.SERVER,
    ErrorKind.HTTP_5XX: Fault.SERVER,
    ErrorKind.RATE_LIMITED: Fault.SERVER,
    ErrorKind.PAGE_TIMEOUT: Fault.SERVER,
    ErrorKind.PAGE_CRASH: Fault.SERVER,
    ErrorKind.BREAKER_OPEN: Fault.SERVER,
    ErrorKind.AI: Fault.SERVER,
}
#: Without these, a page's failure says nothing about the network: there was no connection.
UNREACHED = frozenset({ErrorKind.DNS, ErrorKind.REFUSED, ErrorKind.CONNECT_TIMEOUT})


def fault_of(kind: str) -> Fault:
    """Whose fault a kind is; what was recorded under another name counts as a page's."""
    return FAULTS.get(ErrorKind(kind), Fault.PAGE) if kind in _KNOWN else Fault.PAGE


def by_fault(counts: Mapping[str, int]) -> dict[Fault, int]:
    """Failures by whose fault they are, all three; cancelled pages did not fail."""
    found = dict.fromkeys(Fault, 0)
    for kind, count in counts.items():
        if kind != ErrorKind.CANCELLED:
            found[fault_of(kind)] += count
    return found


_KNOWN = frozenset(kind.value for kind in ErrorKind)
