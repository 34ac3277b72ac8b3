"""What every test shares: a clean environment, a home of its own, and the outside services.

A service that is missing skips its tests on a laptop and fails them with CI=true.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings as hypothesis_settings

from scrapeq.project import bounded
from tests.postgres import PostgresServer, find_postgres

if TYPE_CHECKING:
    from scrapeq.testing import LittleWeb

IN_CI = os.environ.get("CI") == "true"

# A machine that is busy is no reason to fail, so no deadlines; CI draws the same examples each
# time, so that a red build is about the change that it shows. `--hypothesis-profile thorough` looks longer.
hypothesis_settings.register_profile("laptop", deadline=None, max_examples=40)
hypothesis_settings.register_profile(
    "ci", deadline=None, max_examples=40, derandomize=True, print_blob=True
)
hypothesis_settings.register_profile("thorough", deadline=None, max_examples=2_000)
hypothesis_settings.load_profile("ci" if IN_CI else "laptop")

#: What a developer may have set for work of their own and no test may see. Proxies are among
#: them: everything in the tests is on loopback.
_LEAKING_PREFIXES = ("SCRAPEQ_", "CELERY_", "OPENAI_", "REDIS_")
_LEAKING_NAMES = {"http_proxy", "https_proxy", "all_proxy", "ftp_proxy"}

# At import, before any module reads the environment; child processes inherit the result.
for _name in list(os.environ):
    if _name.startswith(_LEAKING_PREFIXES) or _name.lower() in _LEAKING_NAMES:
        del os.environ[_name]

# The one authority in this file has certified nobody. Who is on loopback has no certificate of the machine's
# authorities either, and to read all of those takes each process that may speak TLS 60 ms of CPU; there are
# some hundred. A test that needs an authority names its own.
os.environ["SSL_CERT_FILE"] = str(Path(__file__).with_name("nobody.pem"))

# A busy machine is silent for a second now and then: only tests of silence look away so soon.
bounded.BUDGET_S = 20.0

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


@pytest.fixture(scope="session")
def browser_is_here(needs_service: NeedsService) -> None:
    """For tests that render: skipped without a browser, failed in CI."""
    from scrapeq.fetch import find_browser

    found = find_browser()
    needs_service("a browser", found.path, found.missing)


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
def postgres_server(needs_service: NeedsService) -> Iterator[PostgresServer]:
    """A PostgreSQL server of our own; it ends with us."""
    binaries = find_postgres()
    needs_service("PostgreSQL", binaries, "apt install postgresql (or brew install postgresql)")
    assert binaries is not None
    with tempfile.TemporaryDirectory(prefix="scrapeq-pg-", ignore_cleanup_errors=True) as folder:
        server = PostgresServer(binaries, Path(folder))
        server.start()
        try:
            yield server
        finally:
            server.end()


@pytest.fixture(scope="session")
def postgres_database(postgres_server: PostgresServer) -> str:
    """The URL of a PostgreSQL database."""
    return postgres_server.new_database()


@pytest.fixture
def postgres_url(postgres_server: PostgresServer, postgres_database: str) -> str:
    """The URL of an empty PostgreSQL database: one for all tests, because to make one is slow."""
    postgres_server.empty_database(postgres_database)
    return postgres_database
