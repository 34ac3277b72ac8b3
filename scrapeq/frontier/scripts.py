"""Loading and running the Lua scripts: whatever two processes could do at once is one of them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import Any

import redis
from redis.commands.core import Script

from scrapeq.errors import RedisUnavailable
from scrapeq.frontier.client import translated
from scrapeq.frontier.keys import Keys

#: Jobs in one call of a script: about 10 ms of Redis's time.
CHUNK = 1_000

_SCRIPTS = (
    "add",
    "claim",
    "shorten",
    "ended",
    "finish",
    "renew",
    "slow",
    "apart",
    "forget",
    "stop",
    "unpark",
    "slot",
    "answered",
    "endpoint",
    "browsers",
    "budget",
    "lock",
    "unlock",
    "now",
    "notify",
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
                return self._run(self._scripts[name], arguments)
        except redis.exceptions.ResponseError as error:
            if "NOEPOCH" in str(error):
                raise UnknownRedis(
                    "this Redis is new or was emptied",
                    hint="workers put the open jobs back by themselves within seconds",
                ) from error
            raise

    def _run(self, script: Script, arguments: Sequence[Any]) -> Any:
        """As redis-py's own call of a script does, which takes half as long again."""
        call = ("EVALSHA", script.sha, 1, self.keys.prefix, *arguments)
        try:
            return self._redis.execute_command(*call)  # type: ignore[no-untyped-call] # redis-py's own
        except redis.exceptions.NoScriptError:
            self._redis.script_load(script.script)
            return self._redis.execute_command(*call)  # type: ignore[no-untyped-call] # the same

    def queue(self, pipe: redis.client.Pipeline, name: str, arguments: Sequence[Any]) -> None:
        """Let a pipeline run the script; `execute` runs the pipeline."""
        pipe.evalsha(self._scripts[name].sha, 1, self.keys.prefix, *arguments)

    def execute(self, pipe: redis.client.Pipeline) -> list[Any]:
        """The answers of a pipeline that has scripts. It may be run twice: where Redis does not know
        them yet, which redis-py would ask before each run. Raises RedisUnavailable, RedisFull."""
        commands = list(pipe.command_stack)
        with translated(self._redis):
            try:
                return pipe.execute()
            except redis.exceptions.NoScriptError:
                asked = {command[0][1] for command in commands if command[0][0] == "EVALSHA"}
                for script in self._scripts.values():
                    if script.sha in asked:
                        self._redis.script_load(script.script)
                pipe.command_stack.extend(commands)
                return pipe.execute()


@cache
def _source(name: str) -> str:
    folder = resources.files("scrapeq.frontier") / "lua"
    return "\n".join(
        (folder / f"{part}.lua").read_text(encoding="utf-8") for part in ("common", "breaker", name)
    )
