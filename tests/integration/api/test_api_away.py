"""A server whose record takes no write, or is away: every endpoint says so, and nothing is half written."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from scrapeq.testing import LittleWeb
from tests.postgres import PostgresServer, find_postgres

PROGRAM = str(Path(sys.executable).with_name("scrapeq"))
NEW = {"name": "prices", "urls": ["http://127.0.0.1:9/"], "every": "52w"}
#: What changes something, and what only looks: with a schedule and a batch of the name.
CHANGES: list[tuple[str, str, Any]] = [
    ("POST", "/v1/schedules", {**NEW, "name": "other"}),
    ("POST", "/v1/schedules", {**NEW, "every": "30m"}),
    ("POST", "/v1/schedules", {"name": "prices", "notify": "https://hooks.example/"}),
    ("POST", "/v1/schedules/prices/pause", None),
    ("POST", "/v1/schedules/prices/resume", None),
    ("POST", "/v1/schedules/prices/run", None),
    ("DELETE", "/v1/schedules/prices", None),
    ("POST", "/v1/batches", {"urls": ["http://127.0.0.1:9/"], "name": "new"}),
    ("POST", "/v1/batches/known/reread", {}),
    ("POST", "/v1/batches/known/retry", {}),
]
LOOKS = [
    *("/v1/schedules", "/v1/schedules/prices", "/v1/notifications", "/v1/audit"),
    *(f"/v1/batches/known/{what}" for what in ("cost", "files", "selectors", "html?row=0", "rows")),
]

Say = Callable[..., httpx2.Response]


class Server:
    """`scrapeq serve` in a process of its own, on a record of its own, with a token."""

    def __init__(self, home: Path, **environment: str) -> None:
        self._environment = {**os.environ, "SCRAPEQ_HOME": str(home), "SCRAPEQ_WORKERS": "1"}
        self._environment |= {"SCRAPEQ_ALLOW_PRIVATE_ADDRESSES": "true", **environment}
        token = self.run("token", "create", "chief", "--right", "administer").strip()
        self.process = subprocess.Popen(
            [PROGRAM, "serve", "--port", "0"],
            env=self._environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        found = re.search(r"http://[0-9.:]+", self.process.stdout.readline())
        assert found
        headers = {"Authorization": f"Bearer {token}"}
        self.person = httpx2.Client(
            base_url=found[0], headers=headers, timeout=120, trust_env=False
        )

    def run(self, *words: str) -> str:
        return subprocess.run(
            [PROGRAM, *words],
            env=self._environment,
            check=True,
            capture_output=True,
            text=True,
            timeout=180,
        ).stdout

    def ask(self, method: str, path: str, body: Any = None, key: str = "") -> httpx2.Response:
        headers = {"Idempotency-Key": key} if key else {}
        return self.person.request(method, path, json=body, headers=headers)

    def end(self) -> None:
        self.person.close()
        self.process.terminate()
        self.process.communicate(timeout=120)

    def what_there_is(self) -> tuple[Any, Any]:
        """The schedules and batches, but for what a clock alone changes."""
        schedules = self.ask("GET", "/v1/schedules").json()["schedules"]
        batches = self.ask("GET", "/v1/batches").json()["batches"]
        return schedules, [(one["name"], one["id"], one["total"]) for one in batches]

    def settle(self, web: LittleWeb) -> None:
        """With a schedule, and a batch that is done."""
        eventually(lambda: self.ask("GET", "/v1/me").status_code == 200)
        made = {"urls": [web.url("/article/1")], "name": "known"}
        assert self.ask("POST", "/v1/batches", made).status_code == 201
        eventually(lambda: self.ask("GET", "/v1/batches/known").json()["state"] == "finished")
        assert self.ask("POST", "/v1/schedules", NEW).status_code == 201


def eventually(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 120
    while True:
        try:
            if condition():
                return
        except httpx2.TransportError:
            pass
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture
def home() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="scrapeq-", ignore_cleanup_errors=True) as folder:
        yield Path(folder) / "home"


def assert_is_away(answer: httpx2.Response, home: Path, *, is_full: bool = False) -> None:
    asked = f"{answer.request.method} {answer.request.url.path}"
    assert answer.status_code == (507 if is_full else 503), f"{asked}: {answer.text}"
    assert answer.headers["content-type"] == "application/problem+json", asked
    assert ("retry-after" in answer.headers) is not is_full
    problem = answer.json()
    assert problem["error"] == ("DiskFull" if is_full else "DatabaseUnavailable")
    assert problem["detail"]
    assert problem["hint"]
    assert str(home) not in answer.text
    assert ".s.PGSQL" not in answer.text


@pytest.mark.skipif(sys.platform != "linux", reason="limits of another process are Linux's")
def test_a_disk_that_takes_no_more_leaves_nothing_half_written(
    home: Path, module_web: LittleWeb
) -> None:
    import resource

    server = Server(home)
    try:
        server.settle(module_web)
        before = server.what_there_is()
        _, most = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (0, most))
        keys = [uuid.uuid4().hex for _ in CHANGES]
        for key, (method, path, body) in zip(keys, CHANGES, strict=True):
            assert_is_away(server.ask(method, path, body, key), home, is_full=True)
        for path in LOOKS:
            assert server.ask("GET", path).status_code == 200, path
        assert server.what_there_is() == before

        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (most, most))

        assert server.what_there_is() == before
        method, path, body = CHANGES[0]
        made = server.ask(method, path, body, keys[0])
        assert made.status_code == 201  # what failed by no fault of the request is done anew
        assert server.ask(method, path, body, keys[0]).headers["idempotency-replayed"] == "true"
        assert server.ask("DELETE", "/v1/schedules/other").status_code == 200
        assert server.what_there_is() == before
    finally:
        server.end()


def test_a_postgresql_that_is_killed_is_named_until_it_is_back(
    home: Path, module_web: LittleWeb, needs_service: Callable[[str, object, str], None]
) -> None:
    binaries = find_postgres()
    needs_service("PostgreSQL", binaries, "apt install postgresql")
    assert binaries is not None
    with tempfile.TemporaryDirectory(prefix="scrapeq-pg-", ignore_cleanup_errors=True) as folder:
        postgres = PostgresServer(binaries, Path(folder))
        postgres.start()
        server = None
        try:
            server = Server(home, SCRAPEQ_DATABASE_URL=postgres.new_database())
            server.settle(module_web)
            before = server.what_there_is()

            postgres.crash()
            for method, path, body in CHANGES:
                assert_is_away(server.ask(method, path, body), home)
            for path in LOOKS:
                assert_is_away(server.ask("GET", path), home)
            postgres.start()

            eventually(lambda: server.ask("GET", "/v1/me").status_code == 200)
            assert server.what_there_is() == before
            assert server.ask("POST", "/v1/schedules/prices/pause").json()["paused"]
            audit = server.ask("GET", "/v1/audit").json()["entries"]
            # how the last one before the crash ended may be lost with it
            assert [one["action"] for one in audit] == [
                *("pause_schedule", "put_schedule_of_urls", "submit_batch")
            ]
        finally:
            if server is not None:
                server.end()
            postgres.end()
