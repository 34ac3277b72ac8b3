"""A primary and a replica of Redis, watched over by three Sentinels: real ones, on ports of their own."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import redis
import trustme

from scrapeq.cluster.redis_server import find_binary
from tests.tls_relay import tls_relay

MASTER = "the:primary"  # a name that a URL must quote
PASSWORD, SENTINEL_PASSWORD = "s3cret/of@redis", "s3cret?of,sentinels"
#: Milliseconds of silence after which a Redis counts as dead.
DOWN_AFTER_MS = 1_000


class Watched:
    """`url`: for REDIS_URL. Ended by `end`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._servers: dict[int, subprocess.Popen[bytes]] = {}
        self.watchers: list[int] = []

    def begin(self) -> None:
        """A primary, its replica and three Sentinels, once they all know each other."""
        first, second, *watchers = (_free_port() for _ in range(5))
        self.watchers = watchers
        self.run(first)
        self.run(second, f"replicaof 127.0.0.1 {first}\n")
        _eventually(lambda: self._ask(second).info("replication")["master_link_status"] == "up")
        for port in watchers:
            self.watch(port, first, quorum=2)
        _eventually(lambda: all(self._sees_all(port) for port in watchers))

    @property
    def url(self) -> str:
        """With the password of Redis, and that of the Sentinels."""
        hosts = ",".join(f"localhost:{port}" for port in self.watchers)
        return (
            f"sentinel://:s3cret%2Fof%40redis@{hosts}/0?master_name=the%3Aprimary"
            "&sentinel_password=s3cret%3Fof%2Csentinels"
        )

    def primary(self) -> int:
        """The port of the one that Sentinels name."""
        for port in self.watchers:
            with contextlib.suppress(redis.exceptions.ConnectionError):
                found = self._ask(port).sentinel_get_master_addr_by_name(MASTER)
                return int(found[1])
        raise AssertionError("no Sentinel answers")

    def kill_primary(self) -> None:
        """Killed, with all that only it knows; it does not come back."""
        port = self.primary()
        self.kill(port)
        _eventually(lambda: self.primary() != port)

    def kill(self, port: int) -> None:
        """Kill the server on this port."""
        server = self._servers.pop(port)
        server.kill()
        server.wait()

    def end(self) -> None:
        """End all of it."""
        for port in list(self._servers):
            self.kill(port)

    def run(self, port: int, more: str = "") -> None:
        """A Redis on this port."""
        text = f'requirepass "{PASSWORD}"\nmasterauth "{PASSWORD}"\nsave ""\n{more}'
        self._start(port, text, [])

    def watch(self, port: int, primary: int, quorum: int = 1) -> None:
        """A Sentinel on this port."""
        if port not in self.watchers:
            self.watchers.append(port)
        self._start(
            port,
            f'requirepass "{SENTINEL_PASSWORD}"\nsentinel sentinel-pass "{SENTINEL_PASSWORD}"\n'
            f"sentinel monitor {MASTER} 127.0.0.1 {primary} {quorum}\n"
            f'sentinel auth-pass {MASTER} "{PASSWORD}"\n'
            f"sentinel down-after-milliseconds {MASTER} {DOWN_AFTER_MS}\n"
            f"sentinel failover-timeout {MASTER} 3000\n",
            ["--sentinel"],
        )

    def _start(self, port: int, text: str, words: list[str]) -> None:
        folder = self._folder / str(port)
        folder.mkdir()
        conf = folder / "redis.conf"
        conf.write_text(f"port {port}\nbind 127.0.0.1\ndir {folder}\n{text}")
        # A server outlives a pytest that was killed, unless the kernel is told to end it.
        ends_with_us = ["setpriv", "--pdeathsig", "TERM"] if shutil.which("setpriv") else []
        self._servers[port] = subprocess.Popen(
            [*ends_with_us, str(find_binary()), str(conf), *words], stdout=subprocess.DEVNULL
        )
        _eventually(lambda: self._ask(port).ping())

    def _ask(self, port: int) -> Any:
        password = SENTINEL_PASSWORD if port in self.watchers else PASSWORD
        return redis.Redis(
            port=port, password=password, decode_responses=True, single_connection_client=False
        )

    def _sees_all(self, port: int) -> bool:
        state = self._ask(port).sentinel_master(MASTER)
        return int(state["num-slaves"]) == 1 and int(state["num-other-sentinels"]) == 2


@contextlib.contextmanager
def watched_redis(folder: Path) -> Iterator[Watched]:
    """One in this folder, for a while."""
    watched = Watched(folder)
    try:
        watched.begin()
        yield watched
    finally:
        watched.end()


@contextlib.contextmanager
def watched_over_tls(folder: Path) -> Iterator[tuple[str, Path]]:
    """The URL of a Sentinel that names a Redis, both over TLS (of a relay: not every build has it), and the file of the authority that signed for them."""
    authority = trustme.CA()
    signed, trusted = folder / "server.pem", folder / "authority.pem"
    authority.issue_cert("localhost", "127.0.0.1").private_key_and_cert_chain_pem.write_to_path(
        str(signed)
    )
    authority.cert_pem.write_to_path(str(trusted))
    redis_port, sentinel_port = _free_port(), _free_port()
    with contextlib.ExitStack() as ending:
        watched = Watched(folder)
        ending.callback(watched.end)
        watched.run(redis_port)
        over_tls = ending.enter_context(tls_relay(redis_port, signed))
        watched.watch(sentinel_port, over_tls)
        port = ending.enter_context(tls_relay(sentinel_port, signed))
        yield (
            f"sentinel://:s3cret%2Fof%40redis@localhost:{port}/0?master_name=the%3Aprimary"
            f"&sentinel_password=s3cret%3Fof%2Csentinels&tls=true&ssl_ca_certs={trusted}",
            trusted,
        )


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def _eventually(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 120
    while True:
        with contextlib.suppress(redis.exceptions.RedisError):
            if condition():
                return
        assert time.monotonic() < deadline
        time.sleep(0.02)
