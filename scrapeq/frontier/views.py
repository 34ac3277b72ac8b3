"""Looking at the frontier: counts, where jobs stand, which hosts are slow or paused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import redis

from scrapeq.frontier.breaker import BreakerState, Paused
from scrapeq.frontier.client import translated
from scrapeq.frontier.coordination import Coordination
from scrapeq.frontier.scripts import Scripts
from scrapeq.models import JobStatus


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an open job stands in Redis."""

    known: bool
    running: bool
    retrying: bool
    tries: int
    why: str

    @property
    def status(self) -> JobStatus:
        """What that is called."""
        if self.running:
            return JobStatus.RUNNING
        return JobStatus.RETRYING if self.retrying else JobStatus.PENDING


class Views:
    """What is in Redis now. Nothing here changes it."""

    def __init__(self, client: redis.Redis, scripts: Scripts, coordination: Coordination) -> None:
        self._redis = client
        self._scripts = scripts
        self._keys = scripts.keys
        self._coordination = coordination

    def paused(self) -> list[Paused]:
        """The hosts that are spared, or in doubt with jobs that wait; the one for longest comes first."""
        with translated():
            hosts = [str(host) for host in self._redis.zrange(self._keys.spared, 0, -1)]
            pipe = self._redis.pipeline(transaction=False)
            for host in hosts:
                pipe.hmget(self._keys.host(host), _PAUSED_FIELDS)
                pipe.zcard(self._keys.ready(host))
                pipe.scard(self._keys.busy(host))
            pipe.time()
            *answers, (seconds, micros) = pipe.execute()
        now_ms = seconds * 1000 + micros // 1000
        found = []
        of_each = zip(answers[::3], answers[1::3], answers[2::3], strict=True)
        for host, (fields, waiting, busy) in zip(hosts, of_each, strict=True):
            if fields[0] is None:
                continue
            paused = _paused(host, fields, int(waiting), now_ms)
            if paused.state != "half_open" or waiting or busy:
                found.append(paused)
        return sorted(found, key=lambda one: (one.since_ms, one.host))

    def slow_hosts(
        self, batch_id: str, limit: int, at_least_s: float
    ) -> list[tuple[str, int, float]]:
        """The hosts whose pace keeps the batch going for `at_least_s` or longer, the slowest first.

        `(host, due jobs, seconds that they take)`; some milliseconds, whatever the number of jobs.
        """
        found = self._scripts.run("slow", [batch_id, limit, round(at_least_s * 1000)])
        return [
            (str(host), int(waiting), int(left_ms) / 1000)
            for host, waiting, left_ms in zip(found[::3], found[1::3], found[2::3], strict=True)
        ]

    def standings(self, ids: Sequence[str]) -> dict[str, Standing]:
        """Where jobs stand; one round trip for all."""
        pipe = self._redis.pipeline(transaction=False)
        for job_id in ids:
            pipe.hexists(self._keys.job, job_id)
            pipe.hexists(self._keys.held, job_id)
            pipe.zscore(self._keys.later, job_id)
            pipe.hmget(self._keys.tries, [job_id])
            pipe.hmget(self._keys.why, [job_id])
        with translated():
            answers = pipe.execute()
        return {
            job_id: Standing(
                known=bool(answers[i]),
                running=bool(answers[i + 1]),
                retrying=answers[i + 2] is not None,
                tries=int(answers[i + 3][0] or 0),
                why=answers[i + 4][0] or "",
            )
            for job_id, i in zip(ids, range(0, 5 * len(ids), 5), strict=True)
        }

    def stopped(self) -> dict[str, str]:
        """The batches that are stopped, each with its state: paused or cancelled."""
        with translated():
            found = self._redis.hgetall(self._keys.stopped)
        return {str(batch_id): str(state) for batch_id, state in found.items()}

    def batch_counts(self, batch_id: str) -> tuple[int, int]:
        """Its jobs that run now, and those that wait to be tried again."""
        pipe = self._redis.pipeline(transaction=False)
        pipe.scard(self._keys.running(batch_id))
        pipe.scard(self._keys.waiting(batch_id))
        with translated():
            running, waiting = pipe.execute()
        return int(running), int(waiting)

    def counts(self) -> dict[str, int]:
        """All open jobs (`open`), those `running`, those `retrying`; live `workers`."""
        pipe = self._redis.pipeline(transaction=False)
        pipe.hlen(self._keys.job)
        pipe.zcard(self._keys.leases)
        pipe.zcard(self._keys.later)
        with translated():
            known, running, retrying = pipe.execute()
        return {
            "open": int(known),
            "running": int(running),
            "retrying": int(retrying),
            "workers": len(self._coordination.workers()),
        }

    def is_due(self) -> bool:
        """Whether a claim would find something to do, or to put right."""
        pipe = self._redis.pipeline(transaction=False)
        pipe.zcard(self._keys.open)
        pipe.zcard(self._keys.suspects)
        for key in (self._keys.gated, self._keys.later, self._keys.leases):
            pipe.zrange(key, 0, 0, withscores=True)
        pipe.time()
        with translated():
            hosts, suspects, *firsts, (seconds, micros) = pipe.execute()
        now_ms = seconds * 1000 + micros // 1000
        return bool(hosts or suspects) or any(first and first[0][1] <= now_ms for first in firsts)

    def running_ids(self, limit: int = 1_000) -> list[str]:
        """Jobs with a lease, the soonest to end first."""
        with translated():
            return [str(job) for job in self._redis.zrange(self._keys.leases, 0, limit - 1)]

    def next_ids(self, limit: int = 1_000) -> list[str]:
        """Open jobs without a lease: due ones by priority, then those whose host must wait, those
        that are to be tried again, and those of paused batches; at most `limit`.

        Two round trips, whatever the number of jobs. Where many hosts have due jobs, a few of each
        are enough, so the order is only nearly that of the claims.
        """
        last = limit - 1
        pipe = self._redis.pipeline(transaction=False)
        for key in (self._keys.suspects, self._keys.open, self._keys.gated, self._keys.later):
            pipe.zrange(key, 0, last)
        pipe.hkeys(self._keys.stopped)
        with translated():
            suspects, free, gated, later, stopped = pipe.execute()
            of_each = min(last, 4 * limit // max(1, len(free) + len(gated)))
            for host in [*free, *gated]:
                pipe.zrange(self._keys.ready(host), 0, of_each, withscores=True)
            for batch_id in stopped:
                pipe.zrange(self._keys.parked(batch_id), 0, last)
            found = pipe.execute()
        due = [one for some in found[: len(free)] for one in some]
        waiting = [job for some in found[len(free) : len(free) + len(gated)] for job, _ in some]
        parked = [job for some in found[len(free) + len(gated) :] for job in some]
        by_score = [job for job, _ in sorted(due, key=lambda one: one[1])]
        return [str(job) for job in [*suspects, *by_score, *waiting, *later, *parked][:limit]]

    def retrying_ids(self) -> list[str]:
        """Jobs that wait to be tried again, the soonest first."""
        with translated():
            return [str(job) for job in self._redis.zrange(self._keys.later, 0, -1)]


_PAUSED_FIELDS = ["spared_ms", "opened_ms", "failures", "probes", "given_up", "said"]


def _paused(host: str, fields: list[str], waiting: int, now_ms: int) -> Paused:
    spared_ms, opened_ms, failures, probes, given_up, said = fields
    state: BreakerState = "half_open"
    if int(spared_ms) > now_ms:
        state = "given_up" if given_up == "1" else "open"
    return Paused(
        host=host,
        state=state,
        said=said,
        failures=int(failures),
        probes=int(probes),
        since_ms=int(opened_ms),
        until_ms=int(spared_ms),
        waiting=waiting,
    )
