"""What a card shows of Redis: hosts that hold a batch up, and workers. It never raises for Redis."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence

from scrapeq import display
from scrapeq.errors import RedisUnavailable
from scrapeq.frontier import Frontier, Paused
from scrapeq.models.error_words import error_words
from scrapeq.project.paused_hosts import paused_host

#: Paused hosts that a card names; `paused_hosts()` has all.
MOST_PAUSED = 3
#: Slow hosts that a card names, seconds that a host's pace must take to be named, and between two
#: looks for them.
MOST_SLOW, SLOW_S, LOOK_FOR_SLOW_S = 3, 60, 5


class SlowHosts:
    """The hosts whose pace keeps a batch going for longest, looked for now and then."""

    def __init__(self) -> None:
        self._looked_s = -math.inf
        self._found = ""

    def in_words(self, frontier: Frontier, batch_id: str) -> str:
        """A few of them on one line; "" if none takes a minute."""
        if time.monotonic() - self._looked_s > LOOK_FOR_SLOW_S:
            try:
                found = frontier.views.slow_hosts(batch_id, MOST_SLOW, SLOW_S)
            except RedisUnavailable:
                return ""
            self._looked_s = time.monotonic()
            self._found = ", ".join(
                f"{host} ({waiting:,} wait, {display.seconds(left_s)})"
                for host, waiting, left_s in found
            )
        return self._found


def paused_now(frontier: Frontier) -> list[Paused]:
    """The hosts that are paused (see `JobQueue.paused_hosts`); none while Redis does not answer."""
    try:
        return frontier.views.paused()
    except RedisUnavailable:
        return []


def named(paused: Sequence[Paused]) -> str:
    """Some paused hosts with the reason of each; "" for none."""
    hosts = [paused_host(one) for one in paused[:MOST_PAUSED]]
    names = [f"{one.host} ({error_words(one.error_kind)})" for one in hosts]
    more = len(paused) - len(names)
    return ", ".join(names) + (f" and {more:,} more" if more else "")


def missing(frontier: Frontier) -> str:
    """What the work waits for that should be there, in a few words; "" if nothing."""
    try:
        return "" if frontier.coordination.workers() else "no workers"
    except RedisUnavailable:
        return "Redis does not answer"
