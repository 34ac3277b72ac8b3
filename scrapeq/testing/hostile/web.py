"""The hostile web as its owner sees it: start it, ask where its cases are, read its log."""

from __future__ import annotations

from typing import Any, Self

from scrapeq.testing.hostile.case import Case
from scrapeq.testing.hostile.catalogue import CATALOGUE
from scrapeq.testing.process import ServerProcess


class HostileWeb:
    """Everything that a server can do to a client, on loopback, in a process that ends with this one.

    Use it in a `with` block, or call `start()` and `close()`. `cases` is what it does, each with
    its outcome; `url(case)` is where:

        with HostileWeb() as web:
            for case in web.cases:
                kind, title, text = my_client(web.url(case))
                assert case.wrong(kind, title, text) == ""

    Hosts are names below localhost, one for each case. A client that must not ask private
    addresses reaches those ending in .test through `connect_to`. tls: have certificates too, good
    ones of an authority that a client must trust, `ca_pem` (needs trustme); without,
    the cases that need one are left out.
    """

    def __init__(self, *, tls: bool = True) -> None:
        self.cases = tuple(case for case in CATALOGUE if tls or not case.needs_tls)
        self.ca_pem = ""
        self.ports: dict[str, int] = {}
        self._tls = tls
        self._process: ServerProcess | None = None

    def start(self) -> Self:
        """Return when all of it listens. Raises OSError if that cannot be."""
        if self._process is None:
            self._process = ServerProcess("scrapeq.testing.hostile.server", {"tls": self._tls})
            self.ports = self._process.ready["ports"]
            self.ca_pem = self._process.ready["ca_pem"]
        return self

    def close(self) -> None:
        """End the process; a second call does nothing."""
        if self._process is not None:
            self._process.close()
            self._process = None
            self.ports = {}

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        where = f"at port {self.ports['plain']}" if self.ports else "not started"
        return f"<HostileWeb of {len(self.cases)} cases, {where}>"

    def url(self, case: Case) -> str:
        """Where a case is, as a person would have pasted it."""
        if not self.ports:
            raise RuntimeError("the hostile web is not started: use it in a with block, or start()")
        written = case.url.replace("{name}", case.name)
        for port, number in self.ports.items():
            written = written.replace(f"{{{port}}}", str(number))
        return written

    @property
    def connect_to(self) -> dict[str, str]:
        """For SCRAPEQ_CONNECT_TO: the names that end in .test lead here."""
        here = f"127.0.0.1:{self.ports['plain']}"
        return {f"{case.name}.test:80": here for case in self.cases if ".test/" in case.url}

    def log(self) -> list[dict[str, Any]]:
        """Every request that came so far: host, path, headers (by names in lower case)."""
        asked: list[dict[str, Any]] = self._ask("log")
        return asked

    def clear(self) -> None:
        """Forget the log; every visit is the first again."""
        self._ask("clear")

    def _ask(self, command: str) -> Any:
        if self._process is None:
            raise RuntimeError("the hostile web is not started: use it in a with block, or start()")
        return self._process.ask({"do": command})
