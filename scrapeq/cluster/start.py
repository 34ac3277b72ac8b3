"""Bringing up the supervisor of a home: at most one, whoever else tries at the same time."""

from __future__ import annotations

import contextlib
import json
import os
import site
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from scrapeq.cluster import control, redis_server, temporary
from scrapeq.cluster.files import LOCK, make_access, open_log, read_access, resolve_home, tail
from scrapeq.errors import ClusterFailed

if TYPE_CHECKING:
    from scrapeq.settings import Settings

_BUSY_S = 25.0  # an ending cluster needs 9 s at most; loading Redis's files is not in this
_ORPHAN_AFTER_S = 12.0

# Descriptors that a fork of this process must not keep open: its copy of the lock, or of the
# share of a cluster, would outlive us.
_open: set[int] = set()


def open_control(settings: Settings, worker_app: str) -> socket.socket:
    """A connection to the supervisor of `settings.home`, which is started if there is none.

    Raises ClusterFailed when the home cannot be used or the supervisor does not start, and
    RedisUnavailable when there is no Redis program to run.
    """
    home = resolve_home(settings.home)
    began, asked_orphan = time.monotonic(), False
    while True:
        connection = find_control(home)
        if connection:
            return connection
        lock = _take_lock(home)
        if lock is not None:
            try:
                # Between our look and our lock somebody else may have come and gone: no harm,
                # since whoever holds the lock is alone.
                _start_supervisor(settings, home, worker_app, lock)
            finally:
                _close(lock)
            continue
        waited_s = time.monotonic() - began
        if waited_s > _BUSY_S:
            raise ClusterFailed(
                f"another cluster of {home} neither answers nor ends",
                hint="it may be on another machine that has this folder too: give each a "
                "SCRAPEQ_HOME of its own, or one REDIS_URL to all",
                home=home,
            )
        if waited_s > _ORPHAN_AFTER_S and not asked_orphan:
            asked_orphan = True
            _end_orphaned_redis(home)
        time.sleep(0.02)


def find_control(home: Path) -> socket.socket | None:
    """A connection to the supervisor of `home`, or None if there is none that listens."""
    access = read_access(home)
    if access is None:
        return None
    try:
        return control.connect(access.control_socket)
    except control.NoSupervisor:
        return None


def _take_lock(home: Path) -> int | None:
    """The descriptor of the home's lock, or None while somebody else holds it.

    It goes with the open file, not with the process: the supervisor and Redis inherit it.
    """
    if sys.platform == "win32":
        raise ClusterFailed(
            "a private cluster needs Linux or macOS", hint="use WSL, or set REDIS_URL"
        )
    import fcntl

    from scrapeq.settings import make_home

    try:
        make_home(home)
        fd = os.open(home / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise _unusable(home, error) from error
    _open.add(fd)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        _close(fd)
        return None
    except OSError as error:  # a network disk without locks
        _close(fd)
        raise _unusable(home, error) from error
    return fd


def _close(fd: int) -> None:
    _open.discard(fd)
    os.close(fd)


def _unusable(home: Path, error: OSError) -> ClusterFailed:
    return ClusterFailed(
        f"the folder {home} cannot be used: {error.strerror or error}",
        hint="set SCRAPEQ_HOME to a folder on a local disk that you may write to",
        home=home,
    )


def _start_supervisor(settings: Settings, home: Path, worker_app: str, lock_fd: int) -> None:
    redis = redis_server.find_binary()
    log_path = home / "logs" / "supervisor.log"
    try:
        held_fd = temporary.hold(make_access(home).folder)
    except OSError as error:
        raise _unusable(home, error) from error
    try:
        log = open_log(log_path)
    except OSError as error:
        os.close(held_fd)
        raise _unusable(home, error) from error
    arguments = {
        "home": str(home),
        "redis": str(redis),
        "worker_app": worker_app,
        "lock_fd": lock_fd,
        "held_fd": held_fd,
    }
    try:
        code = subprocess.run(  # noqa: S603 - our own module
            [sys.executable, "-m", "scrapeq.cluster.supervisor", json.dumps(arguments)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=home,
            env=_environment(settings),
            pass_fds=[lock_fd, held_fd],
            start_new_session=True,
            check=False,
        ).returncode
    except OSError as error:
        raise ClusterFailed(
            f"no process can be started: {error}",
            hint="make room for it (memory, processes, open files), and try again",
            home=home,
        ) from error
    finally:
        os.close(log)
        os.close(held_fd)
    if code:
        raise ClusterFailed(
            f"the supervisor does not start:\n{tail(log_path)}\n", hint=f"see {log_path}", home=home
        )


def _environment(settings: Settings) -> dict[str, str]:
    """The environment of the supervisor and, through it, of the workers.

    The workers read their settings from it, so what `settings` says otherwise than ours is
    written into it; and no other Redis is named, which Celery would prefer to the private one.
    """
    from scrapeq.settings import load_settings

    environment = dict(os.environ)
    environment |= settings_as_environment(settings, load_settings())
    for name in ("REDIS_URL", "CELERY_BROKER_URL", "CELERY_RESULT_BACKEND"):
        environment.pop(name, None)
    environment["PYTHONPATH"] = os.pathsep.join(_import_path())
    return environment


def settings_as_environment(settings: Settings, already: Settings) -> dict[str, str]:
    """The variables that make a process with the settings `already` have `settings`."""
    from pydantic import AliasChoices, SecretStr

    environment = {}
    for name, field in type(settings).model_fields.items():
        value = getattr(settings, name)
        if value is None or value == getattr(already, name):
            continue
        alias = field.validation_alias
        variable = str(alias.choices[0]) if isinstance(alias, AliasChoices) else str(alias)
        if isinstance(value, SecretStr):
            environment[variable] = value.get_secret_value()
        else:
            plain = isinstance(value, (str, Path))
            environment[variable] = str(value) if plain else json.dumps(value)
    return environment


def _import_path() -> list[str]:
    """PYTHONPATH as it is, made absolute, and where scrapeq is if that is no installed place.

    Installed places are left out: in PYTHONPATH they would come before the standard library.
    """
    given = os.environ.get("PYTHONPATH", "")
    path = [os.path.abspath(entry) for entry in given.split(os.pathsep) if entry]
    ours = str(Path(__file__).resolve().parents[2])
    if ours not in {*path, *site.getsitepackages(), site.getusersitepackages()}:
        path.append(ours)
    return path


def _end_orphaned_redis(home: Path) -> None:
    """End a Redis that outlived a killed supervisor, where no kernel does that (macOS).

    It is ours beyond doubt: it holds our lock, listens on our socket and takes our password.
    """
    access = read_access(home)
    if access:
        with contextlib.suppress(redis_server.NotReady):  # it ends without an answer
            redis_server.ask(access, "SHUTDOWN", "NOSAVE")


def _forget_descriptors() -> None:
    for fd in _open:
        os.close(fd)
    _open.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_descriptors)
