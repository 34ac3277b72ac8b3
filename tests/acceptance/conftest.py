"""What the guide presupposes: a Redis on a port, its environment, a web behind its host names."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from scrapeq.cluster.redis_server import find_binary
from scrapeq.testing import LittleWeb

GUIDE = Path(__file__).with_name("guide_code.md").read_text("utf-8")


def guide_code(language: str, name: str) -> str:
    """One block of the guide."""
    found = re.search(rf"^```{language} {name}\n(.*?)^```", GUIDE, re.M | re.S)
    assert found, f"the guide has no block {name!r}"
    return found[1]


def guide_command(name: str, number: int) -> str:
    """A command of a bash block, counted from 0."""
    lines = guide_code("bash", name).splitlines()
    return [line for line in lines if line.startswith("celery")][number]


class RedisServer:
    """A Redis on a port of its own, as a reader of the guide has one; may be away for a while."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://localhost:{self.port}/0"

    def start(self) -> None:
        options = f"--port {self.port} --bind 127.0.0.1 --save '' --appendonly no --daemonize no"
        self.process = subprocess.Popen(
            [str(find_binary()), *shlex.split(options), "--dir", str(self._folder)],
            stdout=subprocess.DEVNULL,
        )
        eventually(self._answers)

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


class Command:
    """A program that runs in the background, with all that it prints."""

    def __init__(self, line: str, environment: dict[str, str]) -> None:
        self._output = tempfile.TemporaryFile()  # noqa: SIM115 - closed by end()
        self._process = subprocess.Popen(
            as_run(line),
            stdout=self._output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env=environment,
            start_new_session=True,
        )
        self.pid = self._process.pid

    @property
    def said(self) -> str:
        return os.pread(self._output.fileno(), 10_000_000, 0).decode("utf-8", "replace")

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def says(self, text: str, within_s: float = 120) -> str:
        """All that it has said, as soon as `text` is among it."""

        def heard() -> bool:
            if text in self.said:
                return True
            assert self.running, f"it ended with {self._process.returncode}: {self.said}"
            return False

        try:
            eventually(heard, within_s)
        except AssertionError as error:
            raise AssertionError(f"{error}: {text!r} is not in: {self.said}") from None
        return self.said

    def end(self, within_s: float = 120) -> int:
        """Ask it to stop as an administrator does; its exit status. What it said is shown."""
        if self._output.closed:
            return self._process.returncode
        if self.running:
            self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(within_s)
        finally:
            if self.running:
                os.killpg(self.pid, signal.SIGKILL)
                self._process.wait()
            print(self.said)  # pytest shows it beside a failure
            self._output.close()


def as_run(line: str) -> list[str]:
    """A command line of the guide, with the program of this environment."""
    program, *arguments = shlex.split(line)
    return [str(Path(sys.executable).with_name(program)), *arguments]


def eventually(condition: Callable[[], Any], within_s: float = 120) -> Any:
    """What `condition` gives as soon as it is true."""
    deadline = time.monotonic() + within_s
    while not (value := condition()):
        assert time.monotonic() < deadline, f"not within {within_s} s"
        time.sleep(0.02)
    return value


@pytest.fixture(name="eventually")
def eventually_() -> Callable[..., Any]:
    """`eventually(condition, within_s=120)`: what it gives as soon as that is true."""
    return eventually


@pytest.fixture(name="guide_code")
def guide_code_() -> Callable[[str, str], str]:
    """`guide_code("python", "submit")`: one block of the guide."""
    return guide_code


@pytest.fixture(name="guide_command")
def guide_command_() -> Callable[[str, int], str]:
    """`guide_command("start", 0)`: the first command of a bash block."""
    return guide_command


@pytest.fixture(scope="module")
def guide_web() -> Iterator[LittleWeb]:
    """The hosts of the guide, over https; a certificate for whatever name is asked for."""
    with LittleWeb(hosts=1, tls=True) as web:
        yield web


@pytest.fixture(scope="module")
def untrusted_web() -> Iterator[LittleWeb]:
    """A host whose certificate nobody vouches for: it fails at once and for good."""
    with LittleWeb(hosts=1, tls=True) as web:
        yield web


@pytest.fixture(scope="module")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server
    server.stop()


def guide_environment(
    redis_url: str, home: Path, web: LittleWeb, untrusted: LittleWeb
) -> dict[str, str]:
    """What the guide's block of environment variables sets, on `redis_url`, and where we are."""
    said = guide_code("bash", "environment").replace("redis://localhost:6379/0", redis_url)
    variables = (line.split("=", 1) for line in said.splitlines() if "=" in line)
    trust = home / "ca.pem"
    home.mkdir(exist_ok=True)
    trust.write_text(web.ca_pem)
    return {
        **dict(variables),
        "SCRAPEQ_HOME": str(home),
        "SSL_CERT_FILE": str(trust),
        "SCRAPEQ_CONNECT_TO": json.dumps(
            {
                "invalid-url.com": f"127.0.0.1:{untrusted.tls_port}",
                "*:443": f"127.0.0.1:{web.tls_port}",
                "*:80": f"127.0.0.1:{web.port}",
            }
        ),
    }


@pytest.fixture(scope="module")
def variables(
    redis_server: RedisServer,
    guide_web: LittleWeb,
    untrusted_web: LittleWeb,
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, str]:
    """The environment variables of the guide, for this file of tests."""
    home = tmp_path_factory.mktemp("home")
    return guide_environment(redis_server.url, home, guide_web, untrusted_web)


@pytest.fixture
def environment(variables: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The whole environment, set in this process too."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return dict(os.environ)


@pytest.fixture(scope="module")
def worker(variables: dict[str, str]) -> Iterator[Command]:
    """A worker, started as the guide says first."""
    command = Command(guide_command("start", 0), {**os.environ, **variables})
    try:
        command.says(" ready.")
        yield command
    finally:
        command.end()


@pytest.fixture(scope="module")
def launch(variables: dict[str, str]) -> Iterator[Callable[..., Command]]:
    """Starts a command in the background, and ends it after this file of tests."""
    commands: list[Command] = []

    def begin(line: str, **more: str) -> Command:
        commands.append(Command(line, {**os.environ, **variables, **more}))
        return commands[-1]

    yield begin
    for command in commands:
        command.end()


@pytest.fixture
def start(environment: dict[str, str]) -> Iterator[Callable[..., Command]]:
    """Starts a command of the guide in the background, and ends it after the test."""
    commands: list[Command] = []

    def begin(line: str, **more: str) -> Command:
        commands.append(Command(line, {**environment, **more}))
        return commands[-1]

    yield begin
    for command in commands:
        command.end()


@pytest.fixture
def run(environment: dict[str, str]) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs a command of the guide to its end."""

    def finish(line: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            as_run(line),
            check=False,
            capture_output=True,
            text=True,
            timeout=180,
            env={**environment, **more},
        )

    return finish
