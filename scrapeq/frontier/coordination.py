"""What processes agree on: which Redis this is, locks, who lives, when to send a wake-up."""

from __future__ import annotations

import json
import uuid
from contextlib import suppress
from dataclasses import dataclass

import redis

from scrapeq.errors import RedisFull
from scrapeq.frontier.client import translated
from scrapeq.frontier.scripts import Scripts

#: Seconds after which a worker that was not seen counts as gone; it is seen every second.
WORKER_SILENCE_S = 10
#: What the name of a worker process begins with that takes jobs of the browser's lane alone.
RENDERS_ONLY = "rendering@"

#: The lock that is held for a while after a wake-up.
WAKE_UP = "wake-up"
#: Seconds after which a note about due jobs is forgotten: far longer than anybody leaves it unseen.
WATCHED_S = 7 * 86_400


@dataclass(frozen=True, slots=True)
class Listener:
    """A worker, with the number of its processes and the Celery queues that it listens to."""

    name: str
    processes: int
    queues: tuple[str, ...]

    def to_json(self) -> str:
        """Equal for equal values."""
        return json.dumps([self.name, self.processes, *self.queues])

    @classmethod
    def from_json(cls, text: str) -> Listener:
        """What `to_json` was called on."""
        name, processes, *queues = json.loads(text)
        return cls(name, processes, tuple(queues))


class Coordination:
    """The epoch of the record, locks, the presence of workers, wake-ups."""

    def __init__(self, client: redis.Redis, scripts: Scripts) -> None:
        self._redis = client
        self._scripts = scripts
        self._keys = scripts.keys

    def identity(self) -> tuple[str, int | None]:
        """This Redis process, and the epoch of the record in it (None: it was emptied)."""
        pipe = self._redis.pipeline(transaction=False)
        pipe.info("server")
        pipe.get(self._keys.epoch)
        with translated(self._redis):
            server, epoch = pipe.execute()
        return str(server["run_id"]), None if epoch is None else int(epoch)

    def set_epoch(self, epoch: int, *, was_emptied: bool = False) -> None:
        """Let claims begin: tokens of this epoch are above all earlier ones.

        was_emptied: when hosts were asked last is not known, so the gap of each runs from now.
        """
        now_ms = self._now_ms()
        with translated(self._redis):
            pipe = self._redis.pipeline()
            if was_emptied:
                pipe.hset(self._keys.clock, "emptied_ms", now_ms)
            pipe.set(self._keys.epoch, epoch)
            pipe.execute()

    def clear(self) -> None:
        """Remove all keys of the namespace but locks and clock: those of an older version may have a form
        that this version cannot read. The record puts back what is open."""
        with translated(self._redis):
            kept = (self._keys.lock(""), self._keys.clock)
            for key in self._redis.scan_iter(f"{self._keys.prefix}*", count=1_000):
                if not str(key).startswith(kept):
                    self._redis.unlink(key)

    def lock(self, name: str, ttl_s: float) -> str | None:
        """Hold a name for a time if it is free; the proof for `unlock`, or None."""
        proof = uuid.uuid4().hex
        return proof if self.keep_lock(name, proof, ttl_s) else None

    def keep_lock(self, name: str, proof: str, ttl_s: float) -> bool:
        """Hold a name for a time from now; False if another process has it."""
        return bool(self._scripts.run("lock", [name, proof, int(ttl_s * 1000)]))

    def unlock(self, name: str, proof: str) -> None:
        """Release a name; nothing if the lock ended and another process has it."""
        self._scripts.run("unlock", [name, proof])

    def workers(self) -> list[str]:
        """Worker processes that were seen lately and take any job."""
        with translated(self._redis):
            silent = self._now_ms() - WORKER_SILENCE_S * 1000
            self._redis.zremrangebyscore(self._keys.workers, "-inf", silent)
            alive = map(str, self._redis.zrange(self._keys.workers, 0, -1))
            return [worker for worker in alive if not worker.startswith(RENDERS_ONLY)]

    def forget_worker(self, worker: str) -> None:
        """A worker ended as it should."""
        with translated(self._redis):
            self._redis.zrem(self._keys.workers, worker)

    def listen(self, listener: Listener, version: str = "") -> None:
        """This worker listens to its queues now, with this version of scrapeq; told each second."""
        now_ms = self._now_ms()
        pipe = self._redis.pipeline(transaction=False)
        pipe.zadd(self._keys.listeners, {listener.to_json(): now_ms})
        if version:
            pipe.zadd(self._keys.versions, {json.dumps([listener.name, version]): now_ms})
            pipe.zremrangebyscore(self._keys.versions, "-inf", now_ms - WORKER_SILENCE_S * 1000)
        with translated(self._redis):
            pipe.execute()

    def forget_listener(self, listener: Listener) -> None:
        """A worker listens to nothing any more."""
        with translated(self._redis):
            self._redis.zrem(self._keys.listeners, listener.to_json())

    def listeners(self) -> list[Listener]:
        """The workers that told of themselves lately, each with its Celery queues."""
        with translated(self._redis):
            silent = self._now_ms() - WORKER_SILENCE_S * 1000
            self._redis.zremrangebyscore(self._keys.listeners, "-inf", silent)
            found = self._redis.zrange(self._keys.listeners, 0, -1)
        return [Listener.from_json(str(one)) for one in found]

    def watch(self, is_due: bool) -> None:
        """Note since when jobs are due and none was claimed; called every few seconds."""
        with translated(self._redis):
            if not is_due:
                self._redis.delete(self._keys.stalled)
                return
            token = str(self._redis.get(self._keys.token) or "0")
            known = self._redis.get(self._keys.stalled)
            if known is None or json.loads(known)[0] != token:
                note = json.dumps([token, self._now_ms()])
                self._redis.set(self._keys.stalled, note, ex=WATCHED_S)

    def stalled_s(self) -> float:
        """For how many seconds jobs have been due and none was claimed; 0.0 where work goes on."""
        with translated(self._redis):
            known, token = self._redis.mget(self._keys.stalled, self._keys.token)
            if known is None or json.loads(known)[0] != str(token or "0"):
                return 0.0
            return max(0.0, (self._now_ms() - int(json.loads(known)[1])) / 1000)

    def _now_ms(self) -> int:
        """By Redis's clock, which never goes back: see lua/common.lua."""
        return int(self._scripts.run("now", []))

    def time_ms(self) -> int:
        """What Redis's machine takes the time to be: one clock for all, which may be set back."""
        with translated(self._redis):
            seconds, micros = self._redis.time()
        return int(seconds) * 1000 + int(micros) // 1000

    def notify(self, workers: int) -> None:
        """Have that many resting workers look for due jobs at once; see `await_notice`. Nothing in a full
        Redis."""
        with suppress(RedisFull):
            self._scripts.run("notify", [workers])

    def await_notice(self, most_s: float) -> bool:
        """Wait until this worker is to look for due jobs, for seconds at most; whether it is."""
        with translated(self._redis):
            return self._redis.blpop([self._keys.notices], most_s) is not None

    def may_notify(self, every_s: float) -> bool:
        """Whether to send a wake-up: not if one was sent within so many seconds, nor into a full Redis,
        which would take none."""
        try:
            return self.lock(WAKE_UP, every_s) is not None
        except RedisFull:
            return False

    def list_items(self, queue: str, limit: int) -> list[str]:
        """The first messages in a Celery queue, as they are."""
        with translated(self._redis):
            return [str(one) for one in self._redis.lrange(queue, 0, limit - 1)]

    def list_length(self, queue: str) -> int:
        """Messages in a Celery queue: kombu keeps each as a list of its name."""
        with translated(self._redis):
            return int(self._redis.llen(queue))

    def ping(self) -> None:
        """Nothing, if Redis answers."""
        with translated(self._redis):
            self._redis.ping()
