"""Loading and running the Lua scripts: whatever two processes could do at once is one of them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import Any

import redis

from scrapeq.errors import RedisUnavailable
from scrapeq.frontier.client import translated
from scrapeq.frontier.keys import Keys

#: Jobs in one call of a script: about 10 ms of Redis's time.
CHUNK = 1_000

_SCRIPTS = (
    "add",
    "claim",
    "shorten",
    "finish",
    "renew",
    "slow",
    "apart",
    "forget",
    "stop",
    "unpark",
    "slot",
    "endpoint",
    "browsers",
    "lock",
    "unlock",
    "now",
)


class UnknownRedis(RedisUnavailable):
    """This Redis was emptied or is new; the record has to be put back into it first."""


class Scripts:
    """The scripts of one Redis, for one namespace. Safe to use from several threads."""

    def __init__(self, client: redis.Redis, keys: Keys) -> None:
        self.keys = keys
        self._redis = client
        self._scripts = {name: client.register_script(_source(name)) for name in _SCRIPTS}

    def run(self, name: str, arguments: Sequence[Any]) -> Any:
        """The script's answer. Raises RedisUnavailable, RedisFull, UnknownRedis."""
        try:
            with translated(self._redis):
                return self._scripts[name](keys=[self.keys.prefix], args=arguments)
        except redis.exceptions.ResponseError as error:
            if "NOEPOCH" in str(error):
                raise UnknownRedis(
                    "this Redis is new or was emptied",
                    hint="workers put the open jobs back by themselves within seconds",
                ) from error
            raise

    def queue(self, pipe: redis.client.Pipeline, name: str, arguments: Sequence[Any]) -> None:
        """Let a pipeline run the script."""
        self._scripts[name](keys=[self.keys.prefix], args=arguments, client=pipe)


@cache
def _source(name: str) -> str:
    folder = resources.files("scrapeq.frontier") / "lua"
    return "\n".join(
        (folder / f"{part}.lua").read_text(encoding="utf-8") for part in ("common", "breaker", name)
    )
