"""A server in a process of its own: it takes commands as lines of JSON, and ends with its owner."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from weakref import finalize


class ServerProcess:
    """Runs `python -m module`; see `scrapeq.testing.commands` for the other end of the pipe.

    The process ends when its stdin does: by `close()`, when this object is forgotten, or because
    the owner is gone, on kill -9 too.
    """

    def __init__(self, module: str, options: Mapping[str, Any]) -> None:
        """Start it, and send it what to serve."""
        self._one_at_a_time = threading.Lock()
        # A session of its own: an interrupt in a notebook would reach it otherwise.
        self._process = subprocess.Popen(  # noqa: S603  the module is one of ours
            [sys.executable, "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, _python_path()))},
        )
        self._finalizer = finalize(self, _end, self._process)
        try:
            self.ready = self.ask(options)
        except BaseException:
            self.close()
            raise
        if "error" in self.ready:
            self.close()
            raise OSError(self.ready["error"])

    @property
    def pid(self) -> int:
        """The process id, for whoever watches or kills it."""
        return self._process.pid

    def ask(self, command: Mapping[str, Any]) -> Any:
        """Its answer to a command; RuntimeError if it is gone."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None  # noqa: S101  both are pipes
        assert stdout is not None  # noqa: S101
        with self._one_at_a_time:
            try:
                stdin.write(json.dumps(command).encode() + b"\n")
                stdin.flush()
                line = stdout.readline()
            except OSError:
                line = b""
        if not line:
            status = self._process.poll()
            raise RuntimeError(f"the server's process is gone (exit status {status})")
        return json.loads(line)

    def close(self) -> None:
        """End the process; a second call does nothing."""
        self._finalizer()


def _python_path() -> tuple[str, str]:
    """Where this package lies comes first, whatever the working folder is."""
    return str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")


def _end(process: subprocess.Popen[bytes]) -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe:
            with suppress(OSError):  # what was to be flushed has nobody to read it
                pipe.close()
    try:
        process.wait(timeout=2)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
