"""The frontier: which open jobs are due, who works on them, and when each host may be asked.

Whatever two processes could do at once is one Lua script (see `lua/`); this class only speaks
with them. Every method raises RedisUnavailable or RedisFull.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Literal

import redis

from scrapeq.errors import RedisFull, RedisUnavailable
from scrapeq.frontier import keys
from scrapeq.frontier.breaker import BreakerPolicy, BreakerState, HostEvent, Paused
from scrapeq.frontier.client import translated
from scrapeq.models import HostVerdict, JobStatus

#: Jobs in one call of a script: about 10 ms of Redis's time.
CHUNK = 1_000
#: Calls of the script in one claim, where much has to be put right first: half a second at most.
MOST_ROUNDS = 50
#: Seconds after which a worker that was not heard of counts as gone; it is heard of every second.
WORKER_SILENCE_S = 10


class UnknownRedis(RedisUnavailable):
    """This Redis was emptied or is new; the record has to be put back into it first."""


@dataclass(frozen=True, slots=True)
class Due:
    """A job as the frontier needs it; `gap_ms` is the pause it asks for at its host."""

    id: str
    host: str
    gap_ms: int


@dataclass(frozen=True, slots=True)
class GivenUp:
    """Why a host's due jobs end unasked: since when it failed (ms), how many probes failed after
    that, and what the last one said ("kind: message")."""

    since_ms: int
    probes: int
    said: str


@dataclass(frozen=True, slots=True)
class Addition:
    """Jobs of one batch and one priority, in their order, with what their hosts may be asked."""

    batch_id: str
    jobs: Sequence[Due]
    priority: int
    max_per_host: int
    respect_robots: bool

    def arguments(self, jobs: Sequence[Due]) -> list[Any]:
        """What add.lua takes, for some of the jobs."""
        values: list[Any] = [
            self.priority,
            self.max_per_host,
            int(self.respect_robots),
            self.batch_id,
        ]
        for job in jobs:
            values += (job.id, job.host, job.gap_ms)
        return values


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to work on a job. `tries` counts this one; `lost`, leases that ended in silence.

    With `given_up` the right is only to end it: its host is not to be asked.
    """

    job_id: str
    token: int
    tries: int
    lost: int
    given_up: GivenUp | None = None

    @property
    def name(self) -> str:
        """What the lease is called where a slot or a probe has an owner."""
        return f"{self.token}|{self.job_id}"


@dataclass(frozen=True, slots=True)
class Claim:
    """What a claim gave: leases; ms until more is due (0: now, None: never by itself); how many
    jobs may start now and wait to run alone, because they lost their worker twice."""

    leases: tuple[Lease, ...]
    next_ms: int | None
    suspects: int


@dataclass(frozen=True, slots=True)
class Ending:
    """How a lease ends: `done`, `retry` after wait_ms, or `release` untried; and what its try said
    about the host.

    why: what the try said, "kind: message". verdict: "" where it says nothing about a host; about:
    the host, if it is not the job's; spare_ms: how long a host that says `limited` is left alone.
    """

    job_id: str
    token: int
    verb: Literal["done", "retry", "release"]
    wait_ms: int = 0
    why: str = ""
    verdict: HostVerdict = ""
    about: str = ""
    spare_ms: int = 0


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


class Frontier:
    """The open jobs of one Redis. Cheap to make; safe to use from several threads."""

    def __init__(self, client: redis.Redis, policy: BreakerPolicy | None = None) -> None:
        self._redis = client
        self._breaker_policy = policy or BreakerPolicy()
        self._scripts = {name: client.register_script(_source(name)) for name in _SCRIPTS}

    def add(
        self,
        batch_id: str,
        jobs: Sequence[Due],
        *,
        priority: int,
        max_per_host: int,
        respect_robots: bool,
    ) -> int:
        """Make jobs due in this order; again changes nothing. How many were new."""
        return self.add_many([Addition(batch_id, jobs, priority, max_per_host, respect_robots)])

    def add_many(self, additions: Iterable[Addition]) -> int:
        """The same for many batches, about a chunk of jobs in one round trip."""
        added = queued = 0
        pipe = self._redis.pipeline(transaction=False)
        for one in additions:
            for start in range(0, len(one.jobs), CHUNK):
                some = one.jobs[start : start + CHUNK]
                self._scripts["add"](keys=[], args=one.arguments(some), client=pipe)
                queued += len(some)
                if queued >= CHUNK:
                    added, queued = added + self._sum_of(pipe), 0
        return added + self._sum_of(pipe)

    def claim(self, worker: str, count: int, lease_ms: int, *, alone: bool = False) -> Claim:
        """Leases on up to `count` due jobs, best priority first; see claim.lua.

        `alone`: the caller runs nothing, so it may be given a job that must run alone.
        Raises UnknownRedis if the record has to be put back first.
        """
        for _ in range(MOST_ROUNDS):
            arguments = [worker, count, lease_ms, int(alone)]
            taken, next_ms, suspects, more = self._run("claim", arguments)
            if taken or not more:
                break
        leases = tuple(_lease(*taken[i : i + 5]) for i in range(0, len(taken), 5))
        wait = int(next_ms)
        return Claim(leases, None if wait < 0 else wait, int(suspects))

    def finish(self, endings: Sequence[Ending]) -> tuple[int, list[HostEvent]]:
        """End leases; how many were still the caller's, and what became of breakers by it."""
        ended, events = 0, list[HostEvent]()
        for start in range(0, len(endings), CHUNK):
            arguments: list[Any] = list(self._breaker_policy.in_ms)
            for ending in endings[start : start + CHUNK]:
                arguments += (
                    ending.job_id,
                    ending.token,
                    ending.verb,
                    ending.wait_ms,
                    ending.why[:500],
                    ending.verdict,
                    ending.about,
                    ending.spare_ms,
                )
            count, news = self._run("finish", arguments)
            ended += int(count)
            events += [_host_event(*news[i : i + 3]) for i in range(0, len(news), 3)]
        return ended, events

    def renew(self, worker: str, lease_ms: int, held: Sequence[tuple[str, int]]) -> set[str]:
        """Keep leases and say that the worker lives; the ids of jobs to stop."""
        gone: set[str] = set()
        for start in range(0, max(1, len(held)), CHUNK):
            arguments: list[Any] = [worker, lease_ms]
            for job_id, token in held[start : start + CHUNK]:
                arguments += (job_id, token)
            gone.update(self._run("renew", arguments))
        return gone

    def shorten_leases(self, renewed_within_ms: int) -> None:
        """Let every lease, and the slot that it holds, end soon unless its worker renews it.

        For a Redis that came back from its files: they may hold leases of work that has ended.
        """
        self._run("shorten", [renewed_within_ms])

    def forget(self, ids: Iterable[str]) -> int:
        """Remove jobs, running ones too; how many were known."""
        listed = list(ids)
        return sum(
            int(self._run("forget", listed[start : start + CHUNK]))
            for start in range(0, len(listed), CHUNK)
        )

    def stop_batch(self, batch_id: str, state: Literal["paused", "cancelled"]) -> None:
        """Start none of its jobs from now on; cancelled ones that run are stopped."""
        self._run("stop", [batch_id, state])

    def release_batch(self, batch_id: str) -> None:
        """Let its jobs be started again."""
        with translated():
            self._redis.hdel(keys.STOPPED, batch_id)
        while int(self._run("unpark", [batch_id, CHUNK])):
            pass

    def may_notify(self) -> bool:
        """Whether to send a wake-up: not if one was sent within half a second, nor into a full Redis,
        which would take none."""
        try:
            with translated():
                return bool(self._redis.set(keys.NOTIFIED, 1, nx=True, px=500))
        except RedisFull:
            return False

    # -- slots at a host ---------------------------------------------------------------------

    def take_slot(self, host: str, gap_ms: int, hold_ms: int, lease: str = "") -> int:
        """0 if the next request to the host may start now, else the ms to wait and ask again.

        Below 0: for so many ms nobody may ask the host, because its breaker is open. `lease` is the
        asker's `Lease.name`: it may be the one that probes, and its slot is its own.
        """
        return int(self._run("slot", ["take", host, gap_ms, hold_ms, lease]))

    def end_slot(self, host: str, lease: str = "", *, used: bool = True) -> None:
        """The answer began: the gap to the next request runs from here.

        Not `used`: no request was made, and the slot is free at once. If the slot is by now another
        lease's, because this one was silent for too long, nothing changes; "" ends anybody's.
        """
        self._run("slot", ["end", host, int(used), lease])

    def set_robots_known(self, host: str, crawl_delay_ms: int, ttl_ms: int) -> None:
        """The host's robots.txt is known, with this Crawl-delay (0: none)."""
        self._run("slot", ["robots", host, crawl_delay_ms, ttl_ms])

    def robots(self, origin: str) -> str | None:
        """What was kept for an origin by `keep_robots`, until it expires."""
        with translated():
            kept = self._redis.get(keys.robots(origin))
        return None if kept is None else str(kept)

    def keep_robots(self, origin: str, text: str, ttl_s: float) -> None:
        """Keep an origin's robots.txt for every worker; a full Redis keeps none."""
        with suppress(RedisFull), translated():
            self._redis.set(keys.robots(origin), text, px=max(1, int(ttl_s * 1000)))

    # -- the breaker of what is no host of jobs ----------------------------------------------

    def may_call(self, name: str, call: str, hold_ms: int) -> tuple[int, str]:
        """0 if `call` may be made now, else for how many ms not, with what the last failure said.

        Once it may again, one call at a time is let through, until it says what came of it, at the
        most for `hold_ms`.
        """
        wait_ms, said = self._run("endpoint", ["ask", name, call, hold_ms])
        return int(wait_ms), str(said)

    def tell_call(
        self, name: str, call: str, verdict: HostVerdict, said: str, failures: int
    ) -> HostEvent | None:
        """What came of a call; so many `failures` in a row open the breaker. The event, if it is one."""
        _, open_ms, longest_ms, _ = self._breaker_policy.in_ms
        arguments = ["tell", name, call, verdict, said[:500], failures, open_ms, longest_ms]
        event = self._run("endpoint", arguments)
        return _host_event(name, event, said[:500]) if event else None

    # -- looking -----------------------------------------------------------------------------

    def paused(self) -> list[Paused]:
        """The hosts that are spared, or in doubt with jobs that wait; the one for longest comes first."""
        with translated():
            hosts = [str(host) for host in self._redis.zrange(keys.SPARED, 0, -1)]
            pipe = self._redis.pipeline(transaction=False)
            for host in hosts:
                pipe.hmget(keys.host(host), _PAUSED_FIELDS)
                pipe.zcard(keys.ready(host))
                pipe.scard(keys.busy(host))
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
        with translated():
            found = self._scripts["slow"](keys=[], args=[batch_id, limit, round(at_least_s * 1000)])
        return [
            (str(host), int(waiting), int(left_ms) / 1000)
            for host, waiting, left_ms in zip(found[::3], found[1::3], found[2::3], strict=True)
        ]

    def standings(self, ids: Sequence[str]) -> dict[str, Standing]:
        """Where jobs stand; one round trip for all."""
        pipe = self._redis.pipeline(transaction=False)
        for job_id in ids:
            pipe.hexists(keys.JOB, job_id)
            pipe.hexists(keys.HELD, job_id)
            pipe.zscore(keys.LATER, job_id)
            pipe.hmget(keys.TRIES, [job_id])
            pipe.hmget(keys.WHY, [job_id])
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

    def batch_counts(self, batch_id: str) -> tuple[int, int]:
        """Its jobs that run now, and those that wait to be tried again."""
        pipe = self._redis.pipeline(transaction=False)
        pipe.scard(keys.running(batch_id))
        pipe.scard(keys.waiting(batch_id))
        with translated():
            running, waiting = pipe.execute()
        return int(running), int(waiting)

    def counts(self) -> dict[str, int]:
        """All open jobs (`open`), those `running`, those `retrying`; live `workers`."""
        pipe = self._redis.pipeline(transaction=False)
        pipe.hlen(keys.JOB)
        pipe.zcard(keys.LEASES)
        pipe.zcard(keys.LATER)
        with translated():
            known, running, retrying = pipe.execute()
        return {
            "open": int(known),
            "running": int(running),
            "retrying": int(retrying),
            "workers": len(self.workers()),
        }

    def is_due(self) -> bool:
        """Whether a claim would find something to do, or to put right."""
        pipe = self._redis.pipeline(transaction=False)
        pipe.zcard(keys.OPEN)
        pipe.zcard(keys.SUSPECTS)
        for key in (keys.GATED, keys.LATER, keys.LEASES):
            pipe.zrange(key, 0, 0, withscores=True)
        pipe.time()
        with translated():
            hosts, suspects, *firsts, (seconds, micros) = pipe.execute()
        now_ms = seconds * 1000 + micros // 1000
        return bool(hosts or suspects) or any(first and first[0][1] <= now_ms for first in firsts)

    def running_ids(self, limit: int = 1_000) -> list[str]:
        """Jobs with a lease, the soonest to end first."""
        with translated():
            return [str(job) for job in self._redis.zrange(keys.LEASES, 0, limit - 1)]

    def next_ids(self, limit: int = 1_000) -> list[str]:
        """Open jobs without a lease: due ones by priority, then those whose host must wait, those
        that are to be tried again, and those of paused batches; at most `limit`.

        Two round trips, whatever the number of jobs. Where many hosts have due jobs, a few of each
        are enough, so the order is only nearly that of the claims.
        """
        last = limit - 1
        pipe = self._redis.pipeline(transaction=False)
        for key in (keys.SUSPECTS, keys.OPEN, keys.GATED, keys.LATER):
            pipe.zrange(key, 0, last)
        pipe.hkeys(keys.STOPPED)
        with translated():
            suspects, free, gated, later, stopped = pipe.execute()
            of_each = min(last, 4 * limit // max(1, len(free) + len(gated)))
            for host in [*free, *gated]:
                pipe.zrange(keys.ready(host), 0, of_each, withscores=True)
            for batch_id in stopped:
                pipe.zrange(keys.parked(batch_id), 0, last)
            found = pipe.execute()
        due = [one for some in found[: len(free)] for one in some]
        waiting = [job for some in found[len(free) : len(free) + len(gated)] for job, _ in some]
        parked = [job for some in found[len(free) + len(gated) :] for job in some]
        by_score = [job for job, _ in sorted(due, key=lambda one: one[1])]
        return [str(job) for job in [*suspects, *by_score, *waiting, *later, *parked][:limit]]

    def retrying_ids(self) -> list[str]:
        """Jobs that wait to be tried again, the soonest first."""
        with translated():
            return [str(job) for job in self._redis.zrange(keys.LATER, 0, -1)]

    def workers(self) -> list[str]:
        """Worker processes that were heard of lately."""
        with translated():
            seconds, micros = self._redis.time()
            silent = seconds * 1000 + micros // 1000 - WORKER_SILENCE_S * 1000
            self._redis.zremrangebyscore(keys.WORKERS, "-inf", silent)
            return [str(worker) for worker in self._redis.zrange(keys.WORKERS, 0, -1)]

    def say_worker(self, worker: str) -> None:
        """Say that a worker lives, with no lease to renew."""
        self.renew(worker, 1, [])

    def forget_worker(self, worker: str) -> None:
        """A worker said good-bye."""
        with translated():
            self._redis.zrem(keys.WORKERS, worker)

    # -- knowing which Redis this is ---------------------------------------------------------

    def identity(self) -> tuple[str, int | None]:
        """This Redis process, and the epoch of the record in it (None: it was emptied)."""
        pipe = self._redis.pipeline(transaction=False)
        pipe.info("server")
        pipe.get(keys.EPOCH)
        with translated():
            server, epoch = pipe.execute()
        return str(server["run_id"]), None if epoch is None else int(epoch)

    def set_epoch(self, epoch: int) -> None:
        """Let claims begin: tokens of this epoch are above all earlier ones."""
        with translated():
            self._redis.set(keys.EPOCH, epoch)

    def lock(self, name: str, ttl_s: float) -> str | None:
        """Hold a name for a time if nobody does; the proof for `unlock`, or None."""
        proof = uuid.uuid4().hex
        with translated():
            taken = self._redis.set(keys.lock(name), proof, nx=True, px=int(ttl_s * 1000))
        return proof if taken else None

    def unlock(self, name: str, proof: str) -> None:
        """Let go of a name; nothing if the lock ended and somebody else has it."""
        self._run("unlock", [name, proof])

    def list_length(self, queue: str) -> int:
        """Messages in a Celery queue: kombu keeps each as a list of its name."""
        with translated():
            return int(self._redis.llen(queue))

    def ping(self) -> None:
        """Nothing, if Redis answers."""
        with translated():
            self._redis.ping()

    def _sum_of(self, pipe: redis.client.Pipeline) -> int:
        with translated():
            return sum(pipe.execute())

    def _run(self, name: str, arguments: Sequence[Any]) -> Any:
        try:
            with translated():
                return self._scripts[name](keys=[], args=arguments)
        except redis.exceptions.ResponseError as error:
            if "NOEPOCH" in str(error):
                raise UnknownRedis(
                    "this Redis is new or was emptied",
                    hint="workers put the open jobs back by themselves within seconds",
                ) from error
            raise


_SCRIPTS = (
    "add",
    "claim",
    "shorten",
    "finish",
    "renew",
    "slow",
    "forget",
    "stop",
    "unpark",
    "slot",
    "endpoint",
    "unlock",
)
_PAUSED_FIELDS = ["spared_ms", "opened_ms", "failures", "probes", "given_up", "said"]


def _lease(job_id: str, token: str, tries: int, lost: int, given_up: str) -> Lease:
    """A lease as a claim writes it; that a job was taken to be given up is no try."""
    if not given_up:
        return Lease(job_id, int(token), int(tries), int(lost))
    since_ms, probes, said = given_up.split("|", 2)
    why = GivenUp(int(since_ms), int(probes), said)
    return Lease(job_id, int(token), int(tries) - 1, int(lost), why)


def _host_event(host: str, event: str, said: str) -> HostEvent:
    return HostEvent(host, event, "" if event == "closed" else said)


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


@cache
def _source(name: str) -> str:
    folder = resources.files("scrapeq.frontier") / "lua"
    return "\n".join(
        (folder / f"{part}.lua").read_text(encoding="utf-8") for part in ("common", "breaker", name)
    )
