"""Waiting for a batch: how long to pause between looks, and what to do while waiting."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from scrapeq.errors import WaitTimeout
from scrapeq.project.services import Services
from scrapeq.project.staffing import look_after_workers, warn_without_workers

#: Seconds between two looks: short at first, so that a few pages feel immediate. One look takes
#: half a millisecond.
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.02, 0.2
#: Seconds between two looks at whether anybody works, and without workers until a warning: a worker
#: needs three to start.
LOOK_AFTER_S, NO_WORKERS_S = 5, 20


def pauses(
    services: Services, batch_id: str, timeout_s: float | None, why_late: Callable[[], str]
) -> Iterator[float]:
    """How many seconds to pause before the next look, longer and longer.

    Meanwhile a private cluster that has ended is started again, and a queue without workers is
    warned of, once. Raises WaitTimeout when the time is over, with what `why_late` gives.
    """
    began = looked_after = idle_since = time.monotonic()
    pause_s = FIRST_PAUSE_S
    warned = False
    while True:
        yield pause_s
        pause_s = min(pause_s * 1.5, LONGEST_PAUSE_S)
        now = time.monotonic()
        if timeout_s is not None and now - began > timeout_s:
            why = why_late()
            raise WaitTimeout(
                f"batch {batch_id} is not done after {timeout_s:g} s{f': {why}' if why else ''}",
                hint="the work goes on: wait again, or look at .progress",
            )
        if now - looked_after > LOOK_AFTER_S:
            looked_after = now
            if look_after_workers(services):
                idle_since = now
            elif not warned and now - idle_since > NO_WORKERS_S:
                warned = True
                warn_without_workers(services)
