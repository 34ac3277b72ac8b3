"""A bound of CPU on what is read in the user's own process, where no child can be ended."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

from scrapeq.errors import InputError

#: CPU seconds for one page: as many as a worker's reading child has, which this cannot import.
CPU_S = 10.0


class _Over(BaseException):
    """No Exception: what reads a page catches those."""


@contextmanager
def bounded_cpu(seconds: float | None = None) -> Iterator[None]:
    """End what runs inside the block after so many seconds of CPU of this process, by default `CPU_S`:
    an expression that goes back and forth for ever, or a page that was made for it. Raises InputError.

    It needs the main thread, where cells run, and signals: elsewhere nothing is bounded. Parsers in C
    are ended when they return.
    """

    def end(_number: int, _frame: object) -> None:
        raise _Over

    seconds = CPU_S if seconds is None else seconds
    try:
        before = signal.signal(signal.SIGVTALRM, end)
    except (AttributeError, ValueError):  # no such signal here; not the main thread
        yield
        return
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    except _Over:
        raise InputError(
            f"reading the page took more than {seconds:g} s of CPU",
            hint="a worker gives up such a page, too: look for a regular expression that may match in "
            "many ways, such as (a+)+",
        ) from None
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
