"""The open jobs: which are due, and who works on them.

Whatever two processes could do at once is one Lua script (see `lua/`); this class only speaks
with them. Every method raises RedisUnavailable or RedisFull.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import redis

from scrapeq.clock import DAY_MS
from scrapeq.frontier.breaker import LONGEST_MESSAGE, BreakerPolicy, HostEvent, host_event
from scrapeq.frontier.client import translated
from scrapeq.frontier.processes import ProcessId
from scrapeq.frontier.scripts import CHUNK, Scripts
from scrapeq.models import HostVerdict, Lane, SlotOwner

#: Calls of the script in one claim, where much has to be put right first: half a second at most.
MOST_ROUNDS = 50


class Due(NamedTuple):
    """A job as the frontier needs it; `gap_ms` is the pause it asks for at its host."""

    id: str
    host: str
    gap_ms: int
    lane: str = Lane.HTTP


@dataclass(frozen=True, slots=True)
class GivenUp:
    """Why a host's due jobs end unasked: for how long it failed (ms), how many probes failed after
    that, and why the last one did. own_kind, own_message: why the last try of the job itself failed;
    "" if it was not tried. A kind may be one that a newer worker knows."""

    failing_ms: int
    probes: int
    error_kind: str
    error_message: str
    own_kind: str = ""
    own_message: str = ""


@dataclass(frozen=True, slots=True)
class Addition:
    """Jobs of one batch and one priority, in their order, with what their hosts may be asked.

    crawl_delay_cap_ms: with a longer Crawl-delay they are claimed at once, to end as `robots`.
    """

    batch_id: str
    jobs: Sequence[Due]
    priority: int
    max_per_host: int
    respect_robots: bool
    crawl_delay_cap_ms: int = DAY_MS

    def arguments(self, jobs: Sequence[Due]) -> list[Any]:
        """What add.lua takes, for some of the jobs."""
        values: list[Any] = [
            self.priority,
            self.max_per_host,
            self.crawl_delay_cap_ms if self.respect_robots else -1,
            self.batch_id,
        ]
        for job in jobs:
            values += (job.id, job.host, job.gap_ms, job.lane)
        return values


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to work on a job. `tries` counts this one; `lost`, leases that ended in silence.

    With `is_guilty` or `given_up` the right is only to end it: it ends its workers, or its host is
    not to be asked. trail: where its fetch was left, as the ending said; "" for its beginning.
    """

    job_id: str
    token: int
    tries: int
    lost: int
    is_guilty: bool = False
    given_up: GivenUp | None = None
    trail: str = ""

    @property
    def owner(self) -> SlotOwner:
        """The lease where a slot or a probe has an owner."""
        return SlotOwner(self.token, self.job_id)


@dataclass(frozen=True, slots=True)
class Claim:
    """What a claim gave: leases; ms until more is due (0: now, None: never by itself); how many
    jobs wait to be tried apart from others, because they lost their worker twice."""

    leases: tuple[Lease, ...]
    next_ms: int | None
    suspects: int


@dataclass(frozen=True, slots=True)
class Ending:
    """How a lease ends: `done`, `retry` after wait_ms, `release` untried, `move` to another lane, or
    `leave` to wait for a host, which are no tries either; and what its try reports about the host.

    error_kind, error_message: why the try failed. verdict: "" where it says nothing about a host;
    about: the host, if it is not the job's; pause_ms: how long a host that answers `limited` is left
    alone; pause_is_named: whether the server said for how long, or else the pauses double.

    host: under which the job goes on after `leave` or `retry`, if it is another; gap_ms: the pause that
    it asks for there; trail: what its next lease is to know of where the fetch was left.
    """

    job_id: str
    token: int
    verb: Literal["done", "retry", "release", "move", "leave"]
    wait_ms: int = 0
    lane: Lane = Lane.HTTP
    error_kind: str = ""
    error_message: str = ""
    verdict: HostVerdict = ""
    about: str = ""
    pause_ms: int = 0
    pause_is_named: bool = False
    host: str = ""
    gap_ms: int = 0
    trail: str = ""

    def arguments(self) -> tuple[Any, ...]:
        """What finish.lua takes."""
        return (
            self.job_id,
            self.token,
            self.verb,
            self.wait_ms,
            self.lane,
            self.error_kind,
            self.error_message[:LONGEST_MESSAGE],
            self.verdict,
            self.about,
            self.pause_ms,
            int(self.pause_is_named),
            self.host,
            self.gap_ms,
            self.trail,
        )


class Jobs:
    """Jobs and their leases. Safe to use from several threads."""

    def __init__(self, client: redis.Redis, scripts: Scripts, policy: BreakerPolicy) -> None:
        self._redis = client
        self._scripts = scripts
        self._keys = scripts.keys
        self._breaker_policy = policy

    def add(
        self,
        batch_id: str,
        jobs: Sequence[Due],
        *,
        priority: int,
        max_per_host: int,
        respect_robots: bool,
        crawl_delay_cap_ms: int = DAY_MS,
    ) -> int:
        """Make jobs due in this order; again changes nothing. How many were new."""
        addition = Addition(
            batch_id, jobs, priority, max_per_host, respect_robots, crawl_delay_cap_ms
        )
        return self.add_many([addition])

    def add_many(self, additions: Iterable[Addition]) -> int:
        """The same for many batches, about a chunk of jobs in one round trip."""
        additions = list(additions)
        if (
            len(additions) == 1 and len(additions[0].jobs) <= CHUNK
        ):  # a pipeline takes twice as long
            (only,) = additions
            return int(self._scripts.run("add", only.arguments(only.jobs)))
        added = queued = 0
        pipe = self._redis.pipeline(transaction=False)
        for one in additions:
            for start in range(0, len(one.jobs), CHUNK):
                some = one.jobs[start : start + CHUNK]
                self._scripts.queue(pipe, "add", one.arguments(some))
                queued += len(some)
                if queued >= CHUNK:
                    added, queued = added + self._sum_of(pipe), 0
        return added + self._sum_of(pipe)

    def claim(
        self,
        worker: str,
        count: int,
        lease_ms: int,
        *,
        alone: bool = False,
        lanes: Sequence[Lane] = (Lane.HTTP,),
    ) -> Claim:
        """Leases on up to `count` due jobs of some lanes, best priority first; see claim.lua.

        `alone`: the caller holds no other lease, so that it may try suspects.
        Raises UnknownRedis if the record has to be put back first.
        """
        for _ in range(MOST_ROUNDS):
            arguments = [worker, count, lease_ms, int(alone), *lanes]
            taken, next_ms, suspects, more = self._scripts.run("claim", arguments)
            if taken or not more:
                break
        leases = tuple(_lease(*one) for one in taken)
        wait = int(next_ms)
        return Claim(leases, None if wait < 0 else wait, int(suspects))

    def finish(self, endings: Sequence[Ending]) -> tuple[int, list[HostEvent]]:
        """End leases; how many were still the caller's, and the events of breakers that followed."""
        ended, events = 0, list[HostEvent]()
        for start in range(0, len(endings), CHUNK):
            arguments: list[Any] = list(self._breaker_policy.in_ms)
            for ending in endings[start : start + CHUNK]:
                arguments += ending.arguments()
            count, news = self._scripts.run("finish", arguments)
            ended += int(count)
            events += [host_event(*one) for one in news]
        return ended, events

    def renew(
        self,
        worker: str,
        lease_ms: int,
        held: Sequence[tuple[str, int]],
        process: ProcessId | None = None,
    ) -> set[str]:
        """Keep leases and say that the worker lives, and as which process; the ids of jobs to stop."""
        which = process.to_json() if process else ""
        gone: set[str] = set()
        for start in range(0, max(1, len(held)), CHUNK):
            arguments: list[Any] = [worker, lease_ms, which]
            for job_id, token in held[start : start + CHUNK]:
                arguments += (job_id, token)
            gone.update(self._scripts.run("renew", arguments))
        return gone

    def shorten_leases(self, renewed_within_ms: int) -> None:
        """Let every lease, and the slot that it holds, end soon unless its worker renews it.

        For a Redis that came back from its files: they may hold leases of work that has ended.
        """
        self._scripts.run("shorten", [renewed_within_ms])

    def forget(self, ids: Iterable[str]) -> int:
        """Remove jobs, running ones too; how many were known."""
        listed = list(ids)
        return sum(
            int(self._scripts.run("forget", listed[start : start + CHUNK]))
            for start in range(0, len(listed), CHUNK)
        )

    def stop_batch(self, batch_id: str, state: Literal["paused", "cancelled"]) -> None:
        """Start none of its jobs from now on; cancelled ones that run are stopped."""
        self._scripts.run("stop", [batch_id, state])

    def release_batch(self, batch_id: str) -> None:
        """Let its jobs be started again."""
        with translated(self._redis):
            self._redis.hdel(self._keys.stopped, batch_id)
        while int(self._scripts.run("unpark", [batch_id, CHUNK])):
            pass

    def _sum_of(self, pipe: redis.client.Pipeline) -> int:
        return sum(self._scripts.execute(pipe))


def _lease(  # noqa: PLR0917 - what a claim gives
    job_id: str, token: str, tries: int, lost: int, guilty: int, given_up: list[str], trail: str
) -> Lease:
    """A lease as a claim writes it; that a job was taken to be given up is no try."""
    why = None
    if given_up:
        failing_ms, probes, error_kind, error_message, own = given_up
        own_kind, own_message = json.loads(own) if own else ("", "")
        why = GivenUp(
            int(failing_ms), int(probes), error_kind, error_message, own_kind, own_message
        )
    begun = int(tries) - (why is not None)
    return Lease(job_id, int(token), begun, int(lost), bool(guilty), why, trail)
