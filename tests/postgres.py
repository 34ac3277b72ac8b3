"""A PostgreSQL server of our own: on a unix socket, with its own data folder, ended with us."""

from __future__ import annotations

import getpass
import os
import shutil
import signal
import subprocess
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psycopg

_CUT_OTHERS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


def find_postgres() -> Path | None:
    """The folder with initdb and postgres: from PATH, else Debian's newest."""
    on_path = shutil.which("postgres")
    found = [Path(on_path).resolve()] if on_path else []
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), reverse=True)
    return next((path.parent for path in found if (path.parent / "initdb").exists()), None)


class PostgresServer:
    """A server whose files are in `folder`; nothing of it needs to survive a crash of the machine, unless
    it is `durable`.

    What a crash of the server itself would lose is lost here too: it hands its pages to the
    system, which outlives it.
    """

    def __init__(self, binaries: Path, folder: Path, *, durable: bool = False) -> None:
        self._fsync = "on" if durable else "off"
        self._binaries = binaries
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        # PostgreSQL refuses to run as root.
        self._user = "postgres" if os.getuid() == 0 else None
        if self._user:
            shutil.chown(folder, self._user, self._user)
        make = f"{binaries}/initdb -D {folder / 'data'} -U postgres -A trust -E UTF8 --locale=C"
        subprocess.run(
            [*make.split(), "--no-sync"],
            user=self._user,
            cwd=folder,
            check=True,
            capture_output=True,
        )

    def __repr__(self) -> str:
        return f"<PostgresServer in {self._folder} for {self._user or getpass.getuser()}>"

    def url(self, name: str) -> str:
        """The URL of one of its databases."""
        return f"postgresql://postgres@/{name}?host={self._folder}"

    def start(self) -> None:
        """Start it; back when it answers, also where it must first recover from a crash."""
        # A server outlives a pytest that was killed, unless the kernel is told to end it.
        ends_with_us = "setpriv --pdeathsig INT" if shutil.which("setpriv") else ""
        run = (
            f"{ends_with_us} {self._binaries}/postgres -D {self._folder / 'data'}"
            f" -k {self._folder} -c listen_addresses= -c fsync={self._fsync} -c max_connections=200"
            " -c min_wal_size=32MB -c max_wal_size=64MB"
        )
        with (self._folder / "log").open("ab") as output:
            self._process = subprocess.Popen(
                run.split(),
                user=self._user,
                cwd=self._folder,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        self._wait_until_ready()

    @property
    def running(self) -> bool:
        """Whether its main process lives."""
        return self._process is not None and self._process.poll() is None

    def processes(self) -> list[int]:
        """The main process, and those that serve connections now."""
        import psycopg

        assert self._process is not None
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            found = connection.execute(
                "SELECT pid FROM pg_stat_activity"
                " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
            ).fetchall()
        return [self._process.pid, *(pid for (pid,) in found)]

    def crash(self) -> None:
        """End it at once and dirtily: its next start must recover."""
        self._end(signal.SIGQUIT)

    def end(self) -> None:
        """End it cleanly; connections are cut."""
        self._end(signal.SIGINT)

    def _end(self, number: int) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(timeout=180)
            self._process = None

    def new_database(self) -> str:
        """The URL of an empty database."""
        name = f"test_{uuid.uuid4().hex[:12]}"
        self.execute(f"CREATE DATABASE {name}")
        return self.url(name)

    def empty_database(self, url: str) -> None:
        """Remove all that is in one that `new_database` made, whoever is connected."""
        self.execute(
            _CUT_OTHERS,
            "DROP SCHEMA public CASCADE",
            "CREATE SCHEMA public",
            name=url.removeprefix("postgresql://postgres@/").partition("?")[0],
        )

    def cut_others(self, connection: psycopg.Connection) -> None:
        """End all other connections to the same database."""
        connection.execute(_CUT_OTHERS)

    def execute(self, *statements: str, name: str = "postgres") -> None:
        """Run statements as the superuser, in one of its databases."""
        import psycopg

        with psycopg.connect(self.url(name), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)

    def _wait_until_ready(self) -> None:
        import psycopg

        deadline = time.monotonic() + 30
        while True:
            try:
                psycopg.connect(self.url("postgres")).close()
                return
            except psycopg.OperationalError as error:
                if not self.running or time.monotonic() > deadline:
                    said = (self._folder / "log").read_text(errors="replace")[-2000:]
                    raise RuntimeError(
                        f"PostgreSQL did not start ({error}); its log: {said}"
                    ) from None
            time.sleep(0.05)
