"""What every test shares: a clean environment, a home of its own, and the outside services.

A service that is missing skips its tests on a laptop and fails them with CI=true.
"""

from __future__ import annotations

import contextlib
import getpass
import os
import shutil
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings as hypothesis_settings

if TYPE_CHECKING:
    from scrapeq.testing import LittleWeb

IN_CI = os.environ.get("CI") == "true"

# A machine that is busy is no reason to fail, so no deadlines; CI draws the same examples each
# time, so that a red build is about the change that it shows.
hypothesis_settings.register_profile("laptop", deadline=None)
hypothesis_settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
hypothesis_settings.load_profile("ci" if IN_CI else "laptop")

#: What a developer may have set for work of their own and no test may see. Proxies are among
#: them: everything in the tests is on loopback.
_LEAKING_PREFIXES = ("SCRAPEQ_", "CELERY_", "OPENAI_", "REDIS_")
_LEAKING_NAMES = {"http_proxy", "https_proxy", "all_proxy", "ftp_proxy"}

# At import, before any module reads the environment; child processes inherit the result.
for _name in list(os.environ):
    if _name.startswith(_LEAKING_PREFIXES) or _name.lower() in _LEAKING_NAMES:
        del os.environ[_name]

NeedsService = Callable[[str, object, str], None]


@pytest.fixture(scope="session")
def needs_service() -> NeedsService:
    """`needs_service(name, found, advice)`: go on if `found`; else skip, or fail in CI."""

    def check(name: str, found: object, advice: str) -> None:
        if found:
            return
        message = f"{name} is not on this machine: {advice}"
        if IN_CI:
            pytest.fail(message, pytrace=False)
        pytest.skip(message)

    return check


@pytest.fixture
def tmp_home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A scrapeq home of this test's own, in SCRAPEQ_HOME.

    Not below pytest's tmp_path: sockets live in it, and their paths may have 107 bytes at most
    (sun_path in unix(7)).
    """
    with tempfile.TemporaryDirectory(prefix="scrapeq-", ignore_cleanup_errors=True) as folder:
        home = Path(folder) / "home"
        monkeypatch.setenv("SCRAPEQ_HOME", str(home))
        yield home


@pytest.fixture
def little_web() -> Iterator[LittleWeb]:
    """A little web on loopback with eight hosts; no hit in its log yet."""
    from scrapeq.testing import LittleWeb

    with LittleWeb(hosts=8) as web:
        yield web


@pytest.fixture(scope="session")
def postgres_server(needs_service: NeedsService) -> Iterator[str]:
    """The URL of a PostgreSQL server of our own, without a database name; it ends with us."""
    binaries = _postgres_binaries()
    needs_service("PostgreSQL", binaries, "apt install postgresql (or brew install postgresql)")
    assert binaries is not None
    with tempfile.TemporaryDirectory(prefix="scrapeq-pg-", ignore_cleanup_errors=True) as folder:
        # PostgreSQL refuses to run as root.
        user = "postgres" if os.getuid() == 0 else getpass.getuser()
        if os.getuid() == 0:
            shutil.chown(folder, user, user)
        with _postgres(binaries, Path(folder), user if os.getuid() == 0 else None):
            yield f"postgresql://postgres@/{{name}}?host={folder}"


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """The URL of an empty PostgreSQL database, made for this test and dropped after it."""
    import psycopg

    name = f"test_{uuid.uuid4().hex[:12]}"
    admin = postgres_server.format(name="postgres")
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")  # type: ignore[call-overload]
    yield postgres_server.format(name=name)
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")  # type: ignore[call-overload]


def _postgres_binaries() -> Path | None:
    """The folder with initdb and postgres: from PATH, else Debian's newest."""
    on_path = shutil.which("postgres")
    found = [Path(on_path).resolve()] if on_path else []
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), reverse=True)
    return next((path.parent for path in found if (path.parent / "initdb").exists()), None)


@contextlib.contextmanager
def _postgres(binaries: Path, folder: Path, user: str | None) -> Iterator[None]:
    """A running server on a unix socket in `folder`; nothing of it needs to survive a crash."""
    data = folder / "data"
    make = f"{binaries}/initdb -D {data} -U postgres -A trust -E UTF8 --locale=C --no-sync"
    subprocess.run(
        make.split(),
        user=user,
        cwd=folder,
        check=True,
        capture_output=True,
    )
    # A server outlives a pytest that was killed, unless the kernel is told to end it.
    ends_with_us = "setpriv --pdeathsig INT" if shutil.which("setpriv") else ""
    run = (
        f"{ends_with_us} {binaries}/postgres -D {data} -k {folder}"
        " -c listen_addresses= -c fsync=off -c max_connections=200"
    )
    log = folder / "log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            run.split(),
            user=user,
            cwd=folder,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait_until_ready(server, folder, log)
        yield
    finally:
        server.send_signal(2)  # SIGINT: PostgreSQL's fast shutdown
        server.wait(timeout=30)


def _wait_until_ready(server: subprocess.Popen[bytes], folder: Path, log: Path) -> None:
    import psycopg

    deadline = time.monotonic() + 30
    while True:
        try:
            psycopg.connect(f"postgresql://postgres@/postgres?host={folder}").close()
            return
        except psycopg.OperationalError as error:
            if server.poll() is not None or time.monotonic() > deadline:
                said = log.read_text(errors="replace")[-2000:]
                raise RuntimeError(f"PostgreSQL did not start ({error}); its log: {said}") from None
        time.sleep(0.05)
