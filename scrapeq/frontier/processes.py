"""Which process each worker is, so that another on its machine can see that it has ended."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import astuple, dataclass
from typing import Any

import redis

from scrapeq.frontier.client import translated
from scrapeq.frontier.scripts import CHUNK, Scripts


@dataclass(frozen=True, slots=True)
class ProcessId:
    """A process that no later one is taken for. machine: the system that runs it and in which process
    ids mean the same; started: when, in a unit of that system."""

    machine: str
    pid: int
    started: int

    def to_json(self) -> str:
        """As it is kept."""
        return json.dumps(astuple(self))

    @classmethod
    def from_json(cls, text: str) -> ProcessId:
        """What `to_json` was called on."""
        return cls(*json.loads(text))


@dataclass(frozen=True, slots=True)
class KnownWorker:
    """A worker that said which process it is. silent_ms: since it was seen last; None: for so long that
    it is not known any more, ten seconds and more."""

    name: str
    process: ProcessId
    silent_ms: int | None


class Processes:
    """The processes of workers. Safe to use from several threads."""

    def __init__(self, client: redis.Redis, scripts: Scripts) -> None:
        self._redis = client
        self._scripts = scripts
        self._keys = scripts.keys

    def known(self) -> list[KnownWorker]:
        """The workers that told which process they are; each tells it every second (`Jobs.renew`)."""
        now_ms = int(self._scripts.run("now", []))
        with translated(self._redis):
            texts = self._redis.hgetall(self._keys.processes)
            pairs: Any = self._redis.zrange(self._keys.workers, 0, -1, withscores=True)
        seen = dict(pairs)
        return [
            KnownWorker(
                str(name),
                ProcessId.from_json(str(text)),
                now_ms - int(seen[name]) if name in seen else None,
            )
            for name, text in texts.items()
        ]

    def end_leases(self, worker: str) -> int:
        """End the leases of a worker whose process has ended, and forget it; how many there were. Its
        jobs are claimed by others, as if they had run out."""
        held, ended = list(self._held_by(worker)), 0
        for start in range(0, max(1, len(held)), CHUNK):
            some = held[start : start + CHUNK]
            arguments = [worker, *(word for pair in some for word in pair)]
            ended += int(self._scripts.run("ended", arguments))
        self.forget(worker)
        return ended

    def forget(self, worker: str) -> None:
        """A worker ended, or said nothing for so long that its leases have run out."""
        with translated(self._redis):
            self._redis.hdel(self._keys.processes, worker)

    def _held_by(self, worker: str) -> Iterator[tuple[str, str]]:
        """The jobs on which it has leases, with their tokens."""
        with translated(self._redis):
            for job_id, text in self._redis.hscan_iter(self._keys.held, count=CHUNK):
                token, holder, _ = json.loads(str(text))
                if holder == worker:
                    yield str(job_id), token
