"""How processes speak with a supervisor: one line of JSON each way on its control socket.

    own {workers}              owner from now until this connection ends; answered when Redis is up
    detach {workers}           live on without owners; answered when Redis is up
    hello                      only where things are; answered when Redis is up
    status                     answered at once
    restart_workers            answered at once; they end softly and come back
    release                    no owner any more; if it was the last, all ends now, as for stop
    stop                       everything ends; the connection ends when all is gone

An answer with "error" says why there is no Redis, and brings the end of its log.
"""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

MAX_LINE_BYTES = 4096


class NoSupervisor(Exception):
    """Nobody listens, or the supervisor ended before it answered."""


class Silent(Exception):
    """The supervisor lives but did not answer in time."""


def connect(path: Path) -> socket.socket:
    """A connection to the supervisor; it is not inherited by programs started from here."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.settimeout(5)
        connection.connect(str(path))
    except OSError as error:
        connection.close()
        raise NoSupervisor(str(error)) from error
    return connection


def request(
    connection: socket.socket, operation: str, *, timeout_s: float = 5, **values: Any
) -> dict[str, Any]:
    """The supervisor's answer. Raises NoSupervisor if it ends first, Silent after `timeout_s`."""
    try:
        connection.settimeout(timeout_s)
        connection.sendall(encode({"operation": operation, **values}))
        with connection.makefile("rb") as lines:
            line = lines.readline()
    except TimeoutError as error:
        raise Silent(f"no answer within {timeout_s} s") from error
    except OSError as error:
        raise NoSupervisor(str(error)) from error
    if not line.endswith(b"\n"):
        raise NoSupervisor("it ended")
    answer: dict[str, Any] = json.loads(line)
    return answer


def encode(message: dict[str, Any]) -> bytes:
    """A message as it goes over the socket."""
    return json.dumps(message).encode() + b"\n"


def is_open(connection: socket.socket) -> bool:
    """Whether the supervisor is still at the other end; does not wait."""
    try:
        connection.setblocking(False)
        return connection.recv(1, socket.MSG_PEEK) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False
