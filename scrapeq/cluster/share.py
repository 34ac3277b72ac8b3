"""This process's share of a private cluster: it lives as long as somebody has one.

A share is an open connection to the supervisor. However a process ends, the system closes it,
and the supervisor sees that; when the last share is gone, everything ends.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import socket
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from scrapeq.cluster import control, redis_server
from scrapeq.cluster.connection import ClusterStatus, Connection
from scrapeq.cluster.files import read_access, resolve_home
from scrapeq.cluster.lifeline import is_supervised
from scrapeq.cluster.start import find_control, open_control
from scrapeq.errors import ClusterFailed, RedisUnavailable

if TYPE_CHECKING:
    from scrapeq.settings import Settings

WORKER_APP = "scrapeq.pipeline.worker"

_READY_S = 120.0  # a Redis with gigabytes to load; a small one answers in 12 ms
_END_S = 15.0


class _Shares:
    """The open connections of this process by home, and the lock that guards them."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.connections: dict[Path, socket.socket] = {}
        self.known: dict[Path, Connection] = {}

    def forget(self) -> None:
        """Close them: at the end, and in a fork, where they are the parent's.

        The fork's lock is a new one, since a thread that did not come along may hold the old.
        """
        self.lock = threading.Lock()
        for connection in self.connections.values():
            connection.close()
        self.connections.clear()
        self.known.clear()


_shares = _Shares()
atexit.register(_shares.forget)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_shares.forget)


def ensure_cluster(
    settings: Settings, *, workers: int | None = None, worker_app: str = WORKER_APP
) -> Connection:
    """The private cluster of `settings.home`, found or started; ours too until this process ends.

    Returns when Redis answers; the workers come up meanwhile. There will be at least `workers`
    worker processes (default: `settings.workers`), never fewer than there are. A second call
    costs nothing. Safe from many threads and processes at once. A cluster that runs already
    keeps the settings of whoever started it.

    Raises ClusterFailed or RedisUnavailable, with the end of the log and what to try.
    """
    home = resolve_home(settings.home)
    count = settings.workers if workers is None else workers
    if is_supervised():  # a share of its own would keep its cluster alive for ever
        found = find_cluster(home)
        if found is None:
            raise ClusterFailed(
                "the cluster that this worker belongs to is gone",
                hint="no row is lost: get_job_queue() or scrapeq up starts another",
                home=home,
            )
        return found
    with _shares.lock:
        known, share = _shares.known.get(home), _shares.connections.get(home)
        if share and not control.is_open(share):
            _drop(home, share)
            share = None
        if share and known and known.worker_count >= count:
            return known
        return _own(settings, home, count, worker_app, share)


def _own(
    settings: Settings, home: Path, workers: int, worker_app: str, share: socket.socket | None
) -> Connection:
    """Ask the supervisor for a share and `workers`, over `share` if there is one already."""
    for _ in range(5):
        share = share or open_control(settings, worker_app)
        try:
            answer = control.request(share, "own", workers=workers, timeout_s=_READY_S)
            break
        except control.NoSupervisor:  # it was ending while we connected
            _drop(home, share)
            share = None
        except control.Silent as error:
            _drop(home, share)
            raise _silent(home) from error
    else:
        raise ClusterFailed(
            f"the supervisor of the cluster in {home} ends as soon as it is asked",
            hint=f"look at {home / 'logs' / 'supervisor.log'}",
            home=home,
        )
    if "error" in answer:
        _drop(home, share)
        raise _failed(home, answer)
    _shares.connections[home] = share
    _shares.known[home] = _connection(home, answer)
    return _shares.known[home]


def _drop(home: Path, share: socket.socket) -> None:
    share.close()
    _shares.connections.pop(home, None)
    _shares.known.pop(home, None)


def _silent(home: Path) -> ClusterFailed:
    return ClusterFailed(
        f"the supervisor of the cluster in {home} does not answer",
        hint=f"wait a little, or end its process and try again; its log is "
        f"{home / 'logs' / 'supervisor.log'}",
        home=home,
    )


def _failed(home: Path, answer: dict[str, Any]) -> ClusterFailed:
    return ClusterFailed(
        f"{answer['error']}:\n{answer['log']}\n",
        hint=f"the whole log is {home / 'logs' / 'redis.log'}",
        home=home,
    )


def _connection(home: Path, answer: dict[str, Any]) -> Connection:
    access = read_access(home)
    if access is None:
        raise ClusterFailed(
            f"{home / 'cluster.json'} is gone", hint="run the cell or the command again", home=home
        )
    return Connection(
        home=home,
        socket_path=access.redis_socket,
        worker_count=answer["worker_count"],
        supervisor_pid=answer["supervisor_pid"],
        password=access.password,
    )


def _ask(
    home: Path, operation: str, timeout_s: float = 5.0, **values: Any
) -> dict[str, Any] | None:
    """The answer of a running supervisor, or None if there is none. Raises ClusterFailed."""
    connection = find_control(home)
    if connection is None:
        return None
    with connection:
        try:
            return control.request(connection, operation, timeout_s=timeout_s, **values)
        except control.NoSupervisor:
            return None
        except control.Silent as error:
            raise _silent(home) from error


def find_cluster(home: Path) -> Connection | None:
    """The running cluster of `home`, without starting it or taking a share; None if none runs."""
    home = resolve_home(home)
    answer = _ask(home, "hello")
    return None if answer is None or "error" in answer else _connection(home, answer)


def is_running(home: Path) -> bool:
    """Whether a supervisor listens in `home`; milliseconds, also where it hangs."""
    connection = find_control(resolve_home(home))
    if connection is None:
        return False
    connection.close()
    return True


def was_killed(home: Path) -> bool:
    """Whether the last supervisor of `home` was killed: one that ends by itself takes its sockets
    along."""
    access = read_access(resolve_home(home))
    return access is not None and access.control_socket.exists() and not is_running(home)


def redis_url(settings: Settings) -> str:
    """The Redis to use, as redis-py takes it: REDIS_URL, else that of the running cluster.

    Raises RedisUnavailable when neither is there. The URL may hold a password: never print it.
    """
    given = settings.redis_url or settings.celery_broker_url
    return given.get_secret_value() if given else _private(settings).redis_url


def broker_url(settings: Settings) -> str:
    """The same as Celery takes it: CELERY_BROKER_URL, else REDIS_URL, else the running cluster."""
    given = settings.celery_broker_url or settings.redis_url
    return as_broker_url(given.get_secret_value()) if given else _private(settings).broker_url


def as_broker_url(url: str) -> str:
    """A redis-py URL as Celery takes it: unix:// is redis+socket:// there, db is virtual_host."""
    if not url.startswith("unix:"):
        return url
    parts = urlsplit(url)
    database = parse_qs(parts.query).get("db", ["0"])[0]
    return f"redis+socket://{parts.netloc}{parts.path}?virtual_host={database}"


def _private(settings: Settings) -> Connection:
    found = find_cluster(settings.home)
    if found is None:
        raise RedisUnavailable(
            f"no private cluster runs in {settings.home}",
            hint="scrape() and get_job_queue() start one, and so does scrapeq up"
            if settings.autostart
            else "SCRAPEQ_AUTOSTART is false, so start one: scrapeq up; or name a Redis in REDIS_URL",
        )
    return found


def up(
    settings: Settings, workers: int | None = None, *, worker_app: str = WORKER_APP
) -> ClusterStatus:
    """Start a cluster that needs no owner, or make the running one such; `down` ends it.

    Returns its status when Redis answers. Raises as `ensure_cluster` does.
    """
    home = resolve_home(settings.home)
    count = settings.workers if workers is None else workers
    with open_control(settings, worker_app) as connection:
        try:
            answer = control.request(connection, "detach", workers=count, timeout_s=_READY_S)
        except (control.NoSupervisor, control.Silent) as error:
            raise _silent(home) from error
    if "error" in answer:
        raise _failed(home, answer)
    return status(home)


def down(home: Path) -> bool:
    """End the cluster of `home`, whoever owns it; whether there was one. Back when all is gone.

    Raises ClusterFailed if it does not end within 15 s.
    """
    home = resolve_home(home)
    connection = find_control(home)
    if connection is None:
        return False
    with connection:
        _send_and_wait(home, connection, "stop")
    return True


def leave(home: Path) -> None:
    """Give this process's share back now; if it was the last, all has ended at return."""
    home = resolve_home(home)
    with _shares.lock:
        share = _shares.connections.get(home)
        if share is None:
            return
        try:
            _send_and_wait(home, share, "release")
        finally:
            _drop(home, share)


def _send_and_wait(home: Path, connection: socket.socket, operation: str) -> None:
    """Wait for an answer, or for the end that is one."""
    with contextlib.suppress(control.NoSupervisor):
        try:
            control.request(connection, operation, timeout_s=_END_S)
        except control.Silent as error:
            raise _silent(home) from error


def restart_workers(home: Path) -> None:
    """End the workers softly and start them again, with the code that is there now."""
    if _ask(resolve_home(home), "restart_workers") is None:
        raise ClusterFailed(f"no cluster runs in {home}", hint="start one: scrapeq up", home=home)


def status(home: Path, timeout_s: float = 5.0) -> ClusterStatus:
    """How the cluster of `home` is doing; starts nothing and raises nothing if there is none.

    timeout_s: for the supervisor, and again for Redis. Raises ClusterFailed for a supervisor that
    does not answer.
    """
    home = resolve_home(home)
    answer = _ask(home, "status", timeout_s)
    if answer is None:
        return ClusterStatus(home)
    answer["worker_pids"] = tuple(answer["worker_pids"])
    return ClusterStatus(home, running=True, **answer, **_redis_facts(home, timeout_s))


def _redis_facts(home: Path, timeout_s: float) -> dict[str, Any]:
    access = read_access(home)
    try:
        info = redis_server.ask(access, "INFO", timeout_s=min(timeout_s, 2.0)) if access else ""
    except redis_server.NotReady:
        return {}
    facts = dict(line.split(":", 1) for line in info.splitlines() if ":" in line)
    name = "Valkey" if "valkey_version" in facts else "Redis"
    version = facts.get("valkey_version") or facts.get("redis_version", "")
    return {
        "redis_version": f"{name} {version}",
        "redis_memory_bytes": int(facts.get("used_memory", 0)),
    }
