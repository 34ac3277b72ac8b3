"""What a Redis is and who uses it, read without changing a key: for whoever looks for a fault."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import redis

from scrapeq.clock import now_ms
from scrapeq.frontier.client import translated
from scrapeq.frontier.coordination import RENDERS_ONLY, WORKER_SILENCE_S, Listener
from scrapeq.frontier.keys import Keys
from scrapeq.models import Lane

#: Hosts whose due jobs are counted one by one: 20 ms.
MOST_HOSTS = 2_000


@dataclass(frozen=True, slots=True)
class RedisFacts:
    """version: its name and number. policy: its maxmemory-policy. used_bytes, most_bytes (its maxmemory;
    0: none), machine_bytes (0: not told). keeps: what of it survives a restart; None: its user may not
    ask. write_error: why it could not write its files last. ahead_s: by how much its clock is ahead of
    this machine's. is_replica: it may not be written to."""

    version: str
    policy: str
    used_bytes: int
    most_bytes: int
    machine_bytes: int
    keeps: str | None
    write_error: str
    ahead_s: float
    is_replica: bool


@dataclass(frozen=True, slots=True)
class WorkersSeen:
    """listeners: the workers that were heard of in the last seconds; versions: of scrapeq, by their
    names, of those that tell. scrapers, renderers: processes that take any job, and those for pages
    that need a browser alone. open_jobs: in Redis. stalled_s: for how long jobs have been due and none
    was claimed. paused_hosts: hosts whose breaker is not closed. run_id: of the Redis process; epoch:
    which rebuilding of it this is, None: nobody used it yet."""

    listeners: tuple[Listener, ...]
    versions: Mapping[str, str]
    scrapers: int
    renderers: int
    open_jobs: int
    stalled_s: float
    paused_hosts: int
    run_id: str
    epoch: int | None


@dataclass(frozen=True, slots=True)
class Depth:
    """Open jobs by where they stand: due ones of hosts that may be asked now (of the first `MOST_HOSTS`
    hosts at least), running ones, and those that wait to be tried again; hosts with due jobs that may be
    asked now, and that must wait for their pace or their breaker."""

    open: int
    due: int
    running: int
    retrying: int
    ready_hosts: int
    throttled_hosts: int


class Inspection:
    """The same of the Redis of a frontier."""

    def __init__(self, client: redis.Redis, keys: Keys) -> None:
        self._redis = client
        self._keys = keys

    def redis(self) -> RedisFacts:
        """See `inspect_redis`."""
        return inspect_redis(self._redis)

    def workers(self) -> WorkersSeen:
        """See `inspect_workers`."""
        return inspect_workers(self._redis, self._keys)

    def depth(self) -> Depth:
        """Three round trips, whatever the number of jobs. Raises RedisUnavailable."""
        pipe = self._redis.pipeline(transaction=False)
        pipe.hlen(self._keys.job)
        pipe.zcard(self._keys.leases)
        pipe.zcard(self._keys.later)
        pipe.hkeys(self._keys.lanes)
        with translated(self._redis):
            known, running, retrying, other_lanes = pipe.execute()
            lanes = [Lane.HTTP, *map(str, other_lanes)]
            for lane in lanes:
                pipe.zcard(self._keys.open(lane))
                pipe.zcard(self._keys.throttled(lane))
                pipe.zcard(self._keys.suspects(lane))
                pipe.zrange(self._keys.open(lane), 0, MOST_HOSTS - 1)
            answers = pipe.execute()
            by_lane = [answers[start : start + 4] for start in range(0, len(answers), 4)]
            ready = [
                (lane, str(host))
                for lane, (*_, hosts) in zip(lanes, by_lane, strict=True)
                for host in hosts
            ]
            for lane, host in ready[:MOST_HOSTS]:
                pipe.zcard(self._keys.ready(lane, host))
            due = sum(map(int, pipe.execute()))
        return Depth(
            open=int(known),
            due=due + sum(int(suspects) for _, _, suspects, _ in by_lane),
            running=int(running),
            retrying=int(retrying),
            ready_hosts=sum(int(hosts) for hosts, *_ in by_lane),
            throttled_hosts=sum(int(hosts) for _, hosts, *_ in by_lane),
        )


def inspect_redis(client: redis.Redis) -> RedisFacts:
    """Three round trips. Raises RedisUnavailable."""
    with translated(client):
        facts: dict[str, Any] = client.info()
        began_ms = now_ms()
        seconds, micros = client.time()
        ended_ms = now_ms()
        snapshots: str | None = None
        with suppress(redis.exceptions.ResponseError):  # a user without rights of administration
            snapshots = str(client.config_get("save").get("save", ""))
    ahead_s = int(seconds) + int(micros) / 1e6 - (began_ms + ended_ms) / 2000
    name = "Valkey" if "valkey_version" in facts else "Redis"
    return RedisFacts(
        version=f"{name} {facts.get('valkey_version') or facts.get('redis_version', '')}",
        policy=str(facts.get("maxmemory_policy", "noeviction")),
        used_bytes=int(facts.get("used_memory", 0)),
        most_bytes=int(facts.get("maxmemory", 0)),
        machine_bytes=int(facts.get("total_system_memory", 0)),
        keeps=_keeps(facts, snapshots),
        write_error=_write_error(facts),
        ahead_s=ahead_s,
        is_replica=facts.get("role") == "slave",
    )


def _keeps(facts: Mapping[str, Any], snapshots: str | None) -> str | None:
    if int(facts.get("aof_enabled", 0)):
        return "an append-only file"
    if snapshots is None:
        return None
    return "snapshots" if snapshots else ""


def _write_error(facts: Mapping[str, Any]) -> str:
    if int(facts.get("aof_enabled", 0)) and facts.get("aof_last_write_status", "ok") != "ok":
        return "it cannot write its append-only file"
    if facts.get("rdb_last_bgsave_status", "ok") != "ok":
        return "its last snapshot failed"
    return ""


def inspect_workers(client: redis.Redis, keys: Keys) -> WorkersSeen:
    """Two round trips, whatever the number of jobs. Raises RedisUnavailable."""
    pipe = client.pipeline(transaction=False)
    pipe.time()
    pipe.hmget(keys.clock, ["seen_ms", "ahead_ms"])
    with translated(client):
        (seconds, micros), (seen_ms, ahead_ms) = pipe.execute()
        # As lua/common.lua has it: the clock of Redis, which never goes back
        here_ms = int(seconds) * 1000 + int(micros) // 1000 + int(ahead_ms or 0)
        here_ms = max(here_ms, int(seen_ms or 0))
        silent_ms = here_ms - WORKER_SILENCE_S * 1000
        for key in (keys.workers, keys.listeners, keys.versions):
            pipe.zrangebyscore(key, silent_ms, "+inf")
        pipe.hlen(keys.job)
        pipe.mget(keys.stalled, keys.token)
        pipe.zcard(keys.breakers)
        pipe.info("server")
        pipe.get(keys.epoch)
        workers, listeners, versions, open_jobs, (stalled, token), *rest = pipe.execute()
    paused, server, epoch = rest
    renderers = sum(str(one).startswith(RENDERS_ONLY) for one in workers)
    return WorkersSeen(
        listeners=tuple(Listener.from_json(str(one)) for one in listeners),
        versions=dict(json.loads(str(one)) for one in versions),
        scrapers=len(workers) - renderers,
        renderers=renderers,
        open_jobs=int(open_jobs),
        stalled_s=_stalled_s(stalled, token, here_ms),
        paused_hosts=int(paused),
        run_id=str(server["run_id"]),
        epoch=None if epoch is None else int(epoch),
    )


def _stalled_s(note: str | None, token: str | None, here_ms: int) -> float:
    """As `Coordination.stalled_s`."""
    if note is None:
        return 0.0
    claimed, since_ms = json.loads(note)
    return max(0.0, (here_ms - int(since_ms)) / 1000) if claimed == str(token or "0") else 0.0


def inspect_messages(client: redis.Redis, queue: str, without: str, limit: int = 100) -> int:
    """Messages of a Celery queue that do not name the task `without`, up to `limit`."""
    with translated(client):
        found = client.lrange(queue, 0, limit - 1)
    return sum(without not in str(one) for one in found)
