"""Looking at the frontier: counts, where jobs stand, which hosts are slow or paused."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import redis

from scrapeq import clock
from scrapeq.frontier.breaker import BreakerState, Paused
from scrapeq.frontier.client import translated
from scrapeq.frontier.coordination import Coordination
from scrapeq.frontier.scripts import Scripts
from scrapeq.models import JobStatus, Lane


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an open job stands in Redis.

    error_kind, error_message: why its last try failed, "" before one did; a kind may be one that a
    newer worker knows. token, running_ms: of the lease of one that runs, and for how long it has run;
    None where a worker of an older version claimed it.
    """

    known: bool
    running: bool
    retrying: bool
    tries: int
    error_kind: str
    error_message: str
    token: int | None = None
    running_ms: int | None = None

    @property
    def status(self) -> JobStatus:
        """What that is called."""
        if self.running:
            return JobStatus.RUNNING
        return JobStatus.RETRYING if self.retrying else JobStatus.PENDING


class BatchCounts(NamedTuple):
    """Open jobs of a batch: those that run, those that wait to be tried again, and those that lost
    their worker twice and are tried apart (which may run)."""

    running: int
    retrying: int
    tried_apart: int


class Views:
    """What is in Redis now. Nothing here changes it."""

    def __init__(self, client: redis.Redis, scripts: Scripts, coordination: Coordination) -> None:
        self._redis = client
        self._scripts = scripts
        self._keys = scripts.keys
        self._coordination = coordination

    def paused(self) -> list[Paused]:
        """The hosts whose breaker is open, or half open with jobs that wait; the longest first."""
        with translated(self._redis):
            pipe = self._redis.pipeline(transaction=False)
            pipe.zrange(self._keys.breakers, 0, -1)
            pipe.hkeys(self._keys.lanes)
            hosts, other_lanes = pipe.execute()
            for host in hosts:
                pipe.hmget(self._keys.host(host), _PAUSED_FIELDS)
                pipe.scard(self._keys.busy(host))
                for lane in (Lane.HTTP, *other_lanes):
                    pipe.zcard(self._keys.ready(lane, host))
            self._scripts.queue(pipe, "now", [])
            *answers, now_ms = self._scripts.execute(pipe)
        found = []
        each = 3 + len(other_lanes)
        for number, host in enumerate(hosts):
            fields, busy, *ready = answers[number * each : (number + 1) * each]
            if fields[0] is None:
                continue
            paused = _paused(str(host), fields, sum(map(int, ready)), int(now_ms))
            if paused.state != "half_open" or paused.waiting or busy:
                found.append(paused)
        return sorted(found, key=lambda one: (one.since_ms, one.host))

    def slow_hosts(
        self, batch_id: str, limit: int, at_least_s: float
    ) -> list[tuple[str, int, float]]:
        """The hosts whose pace keeps the batch going for `at_least_s` or longer, the slowest first.

        `(host, due jobs, seconds that they take)`; some milliseconds, whatever the number of jobs.
        """
        found = self._scripts.run("slow", [batch_id, limit, round(at_least_s * 1000)])
        return [(str(host), int(waiting), int(left_ms) / 1000) for host, waiting, left_ms in found]

    def standings(self, ids: Sequence[str]) -> dict[str, Standing]:
        """Where jobs stand; one round trip for all."""
        pipe = self._redis.pipeline(transaction=False)
        for job_id in ids:
            pipe.hexists(self._keys.job, job_id)
            pipe.hmget(self._keys.held, [job_id])
            pipe.zscore(self._keys.later, job_id)
            pipe.hmget(self._keys.tries, [job_id])
            pipe.hmget(self._keys.errors, [job_id])
        self._scripts.queue(pipe, "now", [])
        *answers, now_ms = self._scripts.execute(pipe)
        found = {}
        for job_id, i in zip(ids, range(0, 5 * len(ids), 5), strict=True):
            error_kind, error_message = json.loads(answers[i + 4][0] or '["", ""]')
            held = json.loads(answers[i + 1][0] or "[]")
            found[job_id] = Standing(
                known=bool(answers[i]),
                running=bool(held),
                retrying=answers[i + 2] is not None,
                tries=int(answers[i + 3][0] or 0),
                error_kind=error_kind,
                error_message=error_message,
                token=int(held[0]) if held else None,
                running_ms=max(0, int(now_ms) - int(held[2])) if len(held) > 2 else None,
            )
        return found

    def stopped(self) -> dict[str, str]:
        """The batches that are stopped, each with its state: paused or cancelled."""
        with translated(self._redis):
            found = self._redis.hgetall(self._keys.stopped)
        return {str(batch_id): str(state) for batch_id, state in found.items()}

    def batch_counts(self, batch_id: str) -> BatchCounts:
        """Where the open jobs of a batch are that are not simply due; one round trip."""
        pipe = self._redis.pipeline(transaction=False)
        pipe.scard(self._keys.running(batch_id))
        pipe.scard(self._keys.waiting(batch_id))
        self._scripts.queue(pipe, "apart", [batch_id])
        return BatchCounts(*map(int, self._scripts.execute(pipe)))

    def retry_kinds(self, batch_id: str, limit: int) -> dict[str, str]:
        """Why the last try of some jobs of a batch failed that wait to be tried again: at most
        `limit` of them, by job."""
        with translated(self._redis):
            found = self._redis.srandmember(self._keys.waiting(batch_id), limit)
            ids = [str(one) for one in found or ()]
            kept = self._redis.hmget(self._keys.errors, ids) if ids else []
        return {
            job_id: str(json.loads(one)[0])
            for job_id, one in zip(ids, kept, strict=True)
            if one is not None
        }

    def counts(self) -> dict[str, int]:
        """All open jobs (`open`), those `running`, those `retrying`; live `workers`."""
        pipe = self._redis.pipeline(transaction=False)
        pipe.hlen(self._keys.job)
        pipe.zcard(self._keys.leases)
        pipe.zcard(self._keys.later)
        with translated(self._redis):
            known, running, retrying = pipe.execute()
        return {
            "open": int(known),
            "running": int(running),
            "retrying": int(retrying),
            "workers": len(self._coordination.workers()),
        }

    def is_due(self, lanes: Sequence[Lane] = tuple(Lane)) -> bool:
        """Whether a claim of these lanes would find something to do, or to put right."""
        pipe = self._redis.pipeline(transaction=False)
        for lane in lanes:
            pipe.zcard(self._keys.open(lane))
            pipe.zcard(self._keys.suspects(lane))
        for key in (self._keys.later, self._keys.leases, *map(self._keys.throttled, lanes)):
            pipe.zrange(key, 0, 0, withscores=True)
        self._scripts.queue(pipe, "now", [])
        *answers, now_ms = self._scripts.execute(pipe)
        counts, firsts = answers[: 2 * len(lanes)], answers[2 * len(lanes) :]
        return any(counts) or any(first and first[0][1] <= int(now_ms) for first in firsts)

    def running_ids(self, limit: int = 1_000) -> list[str]:
        """Jobs with a lease, the soonest to end first."""
        with translated(self._redis):
            return [str(job) for job in self._redis.zrange(self._keys.leases, 0, limit - 1)]

    def next_ids(self, limit: int = 1_000) -> list[str]:
        """Open jobs without a lease: due ones by priority, then those whose host must wait, those
        that are to be tried again, and those of paused batches; at most `limit`.

        Three round trips, whatever the number of jobs. Where many hosts have due jobs, a few of each
        are enough, so the order is only nearly that of the claims.
        """
        last = limit - 1
        pipe = self._redis.pipeline(transaction=False)
        pipe.hkeys(self._keys.lanes)
        pipe.zrange(self._keys.later, 0, last)
        pipe.hkeys(self._keys.stopped)
        with translated(self._redis):
            other_lanes, later, stopped = pipe.execute()
            lanes = [Lane.HTTP, *other_lanes]
            for key in (self._keys.suspects, self._keys.open, self._keys.throttled):
                for lane in lanes:
                    pipe.zrange(key(lane), 0, last)
            suspects, free, throttled = (
                [(lane, str(one)) for lane, some in zip(lanes, part, strict=True) for one in some]
                for part in _thirds(pipe.execute())
            )
            of_each = min(last, 4 * limit // max(1, len(free) + len(throttled)))
            for lane, host in [*free, *throttled]:
                pipe.zrange(self._keys.ready(lane, host), 0, of_each, withscores=True)
            for batch_id in stopped:
                pipe.zrange(self._keys.parked(batch_id), 0, last)
            found = pipe.execute()
        due = [one for some in found[: len(free)] for one in some]
        waiting = [job for some in found[len(free) : len(free) + len(throttled)] for job, _ in some]
        parked = [job for some in found[len(free) + len(throttled) :] for job in some]
        by_score = [job for job, _ in sorted(due, key=lambda one: one[1])]
        alone = [job for _, job in suspects]
        return [str(job) for job in [*alone, *by_score, *waiting, *later, *parked][:limit]]

    def retrying_ids(self) -> list[str]:
        """Jobs that wait to be tried again, the soonest first."""
        with translated(self._redis):
            return [str(job) for job in self._redis.zrange(self._keys.later, 0, -1)]


_PAUSED_FIELDS = [
    "open_until_ms",
    "opened_ms",
    "failures",
    "probes",
    "given_up",
    "error_kind",
    "error_message",
]


def _thirds(answers: list[Any]) -> Iterator[list[Any]]:
    each = len(answers) // 3
    return (answers[start : start + each] for start in range(0, len(answers), each))


def _paused(host: str, fields: list[str], waiting: int, now_ms: int) -> Paused:
    open_until_ms, opened_ms, failures, probes, given_up, error_kind, error_message = fields
    shift_ms = clock.now_ms() - now_ms  # this machine's clock is not that of Redis
    state: BreakerState = "half_open"
    if int(open_until_ms) > now_ms:
        state = "given_up" if given_up == "1" else "open"
    return Paused(
        host=host,
        state=state,
        error_kind=error_kind,
        error_message=error_message,
        failures=int(failures),
        probes=int(probes),
        since_ms=int(opened_ms) + shift_ms,
        until_ms=int(open_until_ms) + shift_ms,
        waiting=waiting,
    )
