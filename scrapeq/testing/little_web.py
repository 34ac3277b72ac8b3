"""The little web as its owner sees it: start it, ask where its pages are, read its log."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address
from random import Random
from typing import Any, Self

from scrapeq.testing.pages import PAGE_TYPES, GeneratedPage, page, title_at
from scrapeq.testing.process import ServerProcess

#: What `urls(failures=…)` draws from: the kind of error and a path that earns it.
FAILURES = (
    ("http_4xx", "/status/404"),
    ("http_4xx", "/status/410"),
    ("http_5xx", "/status/500"),
    ("robots", "/robots-denied/page"),
    ("truncated", "/truncated"),
    ("reset", "/reset"),
    ("redirects", "/loop"),
    ("parse", "/broken-pdf"),
    ("empty", "/empty"),
)


@dataclass(frozen=True, slots=True)
class Hit:
    """One request, as the web saw it.

    `at_ms` is when its first byte was read, in milliseconds of `time.monotonic()`, which processes
    of one machine share. `status` is the one that was decided on, 0 for a reset. `connection`
    numbers the TCP connections from 1. `head` is the header block as it came.
    """

    host: str
    path: str
    query: str
    method: str
    at_ms: float
    status: int
    connection: int
    head: str

    @property
    def headers(self) -> dict[str, str]:
        """Header names in lower case, with their values."""
        fields = (line.partition(":") for line in self.head.split("\r\n") if line)
        return {name.lower(): value.strip() for name, _, value in fields}

    @property
    def user_agent(self) -> str:
        """What the client calls itself, "" if it does not."""
        return self.headers.get("user-agent", "")


class LittleWeb:
    """A web of `hosts` sites on loopback, in a process of its own that ends with this one.

    Use it in a `with` block, or call `start()` and `close()`. Host 0 is 127.0.0.1, host 1 is
    127.0.0.2 and so on, all on one port; names such as shop-3.localhost are answered too.

    seed: other numbers make other pages. latency_s: how long every answer takes. crawl_delay_s
    and robots: by number or name of the host; robots is the text of its robots.txt or the status
    that it fails with. down: numbers of hosts that refuse connections (`up()` and `down()` change
    that later). tls: listen on a second port with certificates of an authority of its own,
    `ca_pem` (needs trustme). What answers at which path: `scrapeq.testing.BEHAVIOURS`.
    """

    def __init__(
        self,
        hosts: int = 5,
        *,
        seed: int = 0,
        port: int = 0,
        tls: bool = False,
        latency_s: float = 0.0,
        crawl_delay_s: Mapping[int | str, float] | None = None,
        robots: Mapping[int | str, str | int] | None = None,
        down: Collection[int] = (),
    ) -> None:
        if not 1 <= hosts <= 2000:
            raise ValueError(f"a little web has 1 to 2,000 hosts, not {hosts}")
        self.hosts = hosts
        self.seed = seed
        self.down_hosts = frozenset(down)
        self.ca_pem = ""
        self._options = {
            "hosts": [address(number) for number in range(hosts)],
            "down": [address(number) for number in down],
            "seed": seed,
            "port": port,
            "tls": tls,
            "latency_s": latency_s,
            "crawl_delay_s": _by_address(crawl_delay_s),
            "robots": _by_address(robots),
        }
        self._ports: dict[str, int] = {}
        self._process: ServerProcess | None = None

    def start(self) -> Self:
        """Return when every host listens. Raises OSError saying which address or port is not free."""
        if self._process is None:
            self._process = ServerProcess("scrapeq.testing.server", self._options)
            self._ports = {**self._process.ready}
            self.ca_pem = str(self._ports.pop("ca_pem"))
        return self

    def close(self) -> None:
        """End the process; a second call does nothing."""
        if self._process is not None:
            self._process.close()
            self._process = None
            self._ports = {}

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        where = f"at {self.url()}" if self._ports else "not started"
        return f"<LittleWeb of {self.hosts} hosts, seed {self.seed}, {where}>"

    @property
    def port(self) -> int:
        """The port of plain HTTP on every host."""
        return self._port("port")

    @property
    def tls_port(self) -> int:
        """The port of HTTPS on every host; RuntimeError without `tls=True`."""
        return self._port("tls_port")

    def _port(self, name: str) -> int:
        if not self._ports:
            raise RuntimeError("the little web is not started: use it in a with block, or start()")
        if not self._ports[name]:
            raise RuntimeError("this little web has no TLS: make it with tls=True")
        return self._ports[name]

    def url(self, path: str = "/", host: int = 0, *, tls: bool = False) -> str:
        """The URL of `path` on a host by its number."""
        return self.host_url(address(host), path, tls=tls)

    def host_url(self, name: str, path: str = "/", *, tls: bool = False) -> str:
        """The URL of `path` on a host by name; the name must lead to 127.0.0.1 for the client."""
        port = self.tls_port if tls else self.port
        return f"{'https' if tls else 'http'}://{name}:{port}{path}"

    @property
    def connect_to(self) -> dict[str, str]:
        """For SCRAPEQ_CONNECT_TO: every name of the world leads here, to host 0."""
        return {"*": f"{address(0)}:{self.port}"}

    def page(self, path: str, host: int | str = 0) -> GeneratedPage:
        """The page at `path` with its title and facts, to compare with what was extracted."""
        return page(self.seed, address(host) if isinstance(host, int) else host, path)

    def urls(
        self,
        count: int,
        *,
        failures: float = 0.0,
        kinds: Collection[str] | None = None,
        types: Collection[str] = PAGE_TYPES,
    ) -> list[dict[str, str]]:
        """`count` different URLs over all hosts that are up, mixed but the same every time.

        Dicts with url; kind, the error kind to expect or ""; title, the text of the page's h1 or
        "". A share of `failures` fails, in equal parts by the `kinds` asked for (of `FAILURES`,
        and "refused" if there are hosts that are down).
        """
        random = Random(f"{self.seed} {count} {failures}")
        failing = [one for one in FAILURES if kinds is None or one[0] in kinds]
        if self.down_hosts and (kinds is None or "refused" in kinds):
            failing.append(("refused", "/article/1"))
        up = [number for number in range(self.hosts) if number not in self.down_hosts]
        failed = frozenset(random.sample(range(count), round(count * failures)))
        page_types = list(types)
        rows = []
        failures_so_far = 0
        for row in range(count):
            host = up[row % len(up)]
            if row in failed:
                kind, path = failing[failures_so_far % len(failing)]
                failures_so_far += 1
                if kind == "refused":
                    host = random.choice(sorted(self.down_hosts))
                url, title = self.url(f"{path}?row={row}", host), ""
            else:
                kind, path = "", f"/{random.choice(page_types)}/{row + 1}"
                url, title = self.url(path, host), title_at(self.seed, address(host), path)
            rows.append({"url": url, "kind": kind, "title": title})
        return rows

    def log(self) -> list[Hit]:
        """Every request since the start or `clear()`, in the order in which they came."""
        return [Hit(*entry) for entry in self._ask({"do": "log"})]

    def hits(self, path: str | None = None, host: int | str | None = None) -> int:
        """How many requests there were, to a path (without query), to a host, or at all."""
        name = address(host) if isinstance(host, int) else host
        return sum(
            (path is None or hit.path == path) and (name is None or hit.host == name)
            for hit in self.log()
        )

    def clear(self) -> None:
        """Forget the log; flaky paths fail again."""
        self._ask({"do": "clear"})

    def down(self, host: int) -> None:
        """From now on the host refuses connections; those it has are reset."""
        self._ask({"do": "down", "host": address(host)})
        self.down_hosts |= {host}

    def up(self, host: int) -> None:
        """From now on the host answers again."""
        self._ask({"do": "up", "host": address(host)})
        self.down_hosts -= {host}

    def _ask(self, command: dict[str, Any]) -> Any:
        if self._process is None:
            raise RuntimeError("the little web is not started: use it in a with block")
        return self._process.ask(command)


def address(number: int) -> str:
    """The address of a host by its number: 0 is 127.0.0.1."""
    return str(IPv4Address("127.0.0.1") + number)


def _by_address(settings: Mapping[int | str, Any] | None) -> dict[str, Any]:
    return {
        address(host) if isinstance(host, int) else host: value
        for host, value in (settings or {}).items()
    }
