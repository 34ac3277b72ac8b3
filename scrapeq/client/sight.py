"""What a card shows of Redis: how many jobs run, hosts that hold a batch up, workers. It is asked
within a budget and never raises for Redis."""

from __future__ import annotations

import heapq
import math
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from scrapeq import database, display
from scrapeq.client.card import OFFLINE
from scrapeq.client.failures import FailedRows
from scrapeq.errors import DatabaseUnavailable, RedisUnavailable
from scrapeq.frontier import Frontier, Paused
from scrapeq.models import Batch, ErrorKind
from scrapeq.models.away import Away
from scrapeq.models.card_facts import FailedRow
from scrapeq.models.error_words import error_words
from scrapeq.project.away import no_workers, redis_away
from scrapeq.project.paused_hosts import paused_host
from scrapeq.project.services import Services
from scrapeq.urls import host_key

#: Paused hosts that a card names; `paused_hosts()` has all.
MOST_PAUSED = 3
#: Slow hosts that a card names, seconds that a host's pace must take to be named, and between two
#: looks for them.
MOST_SLOW, SLOW_S, LOOK_FOR_SLOW_S = 3, 60, 5

#: Kinds that every host gives where this machine has no network, and jobs that are looked at for them.
UNREACHED, MOST_LOOKED_AT = frozenset({ErrorKind.DNS, ErrorKind.CONNECT_TIMEOUT}), 20


@dataclass(frozen=True, slots=True)
class Sight:
    """What Redis says of a batch. away: what does not answer, or that nobody works. unreached: some
    jobs that wait to be tried again, if none of those that were looked at had reached its host. browsers:
    of all workers, in words."""

    running: int = 0
    retrying: int = 0
    tried_apart: int = 0
    paused: Sequence[Paused] = ()
    slow: str = ""
    away: Away | None = None
    unreached: Sequence[str] = ()
    browsers: str = ""


def counts_now(services: Services, batch_id: str) -> Sight:
    """How many of its jobs run, and how many wait to be tried again."""
    try:
        return Sight(*services.redis.ask(lambda: services.frontier.views.batch_counts(batch_id)))
    except RedisUnavailable as error:
        return Sight(away=redis_away(services, error))


def sight(services: Services, batch_id: str, slow_hosts: SlowHosts) -> Sight:
    """All that a card of an open batch shows."""

    def look() -> tuple[bool, Sight]:
        frontier = services.frontier
        counts = frontier.views.batch_counts(batch_id)
        kinds = frontier.views.retry_kinds(batch_id, MOST_LOOKED_AT)
        found = Sight(
            *counts,
            frontier.views.paused(),
            slow_hosts.in_words(frontier, batch_id),
            unreached=list(kinds) if set(kinds.values()) <= UNREACHED else (),
            browsers=frontier.browsers.now().in_words,
        )
        return bool(frontier.coordination.workers()), found

    try:
        works, found = services.redis.ask(look)
    except RedisUnavailable as error:
        return Sight(away=redis_away(services, error))
    return found if works else replace(found, away=no_workers(services))


def is_offline(
    services: Services, batch: Batch, rows: Mapping[str, Sequence[FailedRow]], seen: Sight
) -> bool:
    """Whether this machine seems to have no network: several hosts, and none could be reached.

    rows: some of the failed rows, of each kind that occurred.
    """
    if batch.completed > batch.from_store or seen.away or not set(rows) <= UNREACHED:
        return False
    hosts = {host_key(row.url) for some in rows.values() for row in some}
    if seen.unreached:
        with suppress(DatabaseUnavailable):
            known = services.record.ask(
                lambda: database.jobs.get_jobs(services.engine, seen.unreached)
            )
            hosts |= {job.host for job in known.values()}
    return len(hosts) > 1


def offline_in_words(
    services: Services, batch_id: str, failed_rows: FailedRows, slow_hosts: SlowHosts
) -> str:
    """That this machine seems to have no network, and what to do; "" where it has."""

    def look() -> tuple[Batch | None, dict[str, list[FailedRow]]]:
        batch = database.batches.find_batch(services.engine, batch_id)
        has_failed = batch is not None and batch.failed
        errors = database.jobs.error_kinds(services.engine, batch_id) if has_failed else {}
        return batch, failed_rows.of(services.engine, batch_id, errors)

    try:
        batch, rows = services.record.ask(look)
    except DatabaseUnavailable:
        return ""
    seen = sight(services, batch_id, slow_hosts)
    if batch is None or batch.is_complete or not is_offline(services, batch, rows, seen):
        return ""
    return f"{OFFLINE} Its rows are tried again as often as max_retries says; cancel() ends them"


class SlowHosts:
    """The hosts whose pace keeps a batch going for longest, looked for now and then."""

    def __init__(self) -> None:
        self._looked_s = -math.inf
        self._found = ""

    def in_words(self, frontier: Frontier, batch_id: str) -> str:
        """A few of them on one line; "" if none takes a minute. Raises RedisUnavailable."""
        if time.monotonic() - self._looked_s > LOOK_FOR_SLOW_S:
            found = frontier.views.slow_hosts(batch_id, MOST_SLOW, SLOW_S)
            self._looked_s = time.monotonic()
            self._found = ", ".join(
                f"{host} ({waiting:,} wait, {display.seconds(left_s)})"
                for host, waiting, left_s in found
            )
        return self._found


def paused_now(services: Services) -> Sequence[Paused]:
    """The hosts that are paused (see `JobQueue.paused_hosts`); none while Redis does not answer."""
    try:
        return services.redis.ask(services.frontier.views.paused)
    except RedisUnavailable:
        return ()


def named(paused: Sequence[Paused]) -> str:
    """Some paused hosts with the reason of each, those first that most jobs wait for; "" for none."""
    most = heapq.nlargest(MOST_PAUSED, paused, key=lambda one: one.waiting)
    hosts = [paused_host(one) for one in most]
    names = [f"{one.host}: {error_words(one.error_kind)}" for one in hosts]
    more = len(paused) - len(names)
    return "; ".join(names) + (f" and {more:,} more" if more else "")
