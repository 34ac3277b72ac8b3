"""The server's end of the pipe to its owner: lines of JSON in, one line out for each.

The first line says what to serve and is answered when that is done. The end of stdin ends the
process: the pipe closes with its owner, also on kill -9.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from typing import Any


def first_command() -> Any:
    """What the owner wants to be served."""
    return json.loads(sys.stdin.buffer.readline())


def say(answer: Any) -> None:
    """Answer a command."""
    sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n")
    sys.stdout.buffer.flush()


async def obey(do: Callable[[Any], None]) -> asyncio.Event:
    """Give each further line to `do`, which has to `say` its answer; the event is the owner's end."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: _Commands(do, ended), sys.stdin)
    return ended


class _Commands(asyncio.Protocol):
    def __init__(self, do: Callable[[Any], None], ended: asyncio.Event) -> None:
        self._do = do
        self._ended = ended
        self._received = b""

    def data_received(self, data: bytes) -> None:
        *lines, self._received = (self._received + data).split(b"\n")
        for line in lines:
            self._do(json.loads(line))

    def connection_lost(self, error: Exception | None) -> None:
        self._ended.set()
