"""How a request travels: to the host itself, to a configured target, or through a proxy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path

from yarl import URL

from scrapeq import urls
from scrapeq.fetch import guard
from scrapeq.fetch.guard import AddressRefused, Reach
from scrapeq.models import ScrapingConfig, reveal


@dataclass(frozen=True, slots=True)
class Target:
    """Where to connect: a host without brackets, and a port."""

    host: str
    port: int

    @property
    def netloc(self) -> str:
        """host:port as a URL has it."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Route:
    """The reach of the guard, where to connect if not to the URL's host, and through which proxy."""

    reach: Reach
    target: Target | None = None
    proxy: str | None = None


@dataclass(frozen=True, slots=True)
class Routes:
    """What the operator decided for this process. logins: the folder of those that were kept.

    connect_to: like curl's --connect-to. Keys, the most exact first: "host:port", "host",
    "*:port", "*". Values: "host:port", or "host" for the same port; an IPv6 address stands in
    brackets. Such a target was named on purpose, so it may be private; only requests to the name
    that is mapped to it reach it.
    """

    allow_private_addresses: bool
    connect_to: Mapping[str, str] = field(default_factory=dict)
    logins: Path | None = None

    def route(self, url: str, config: ScrapingConfig) -> Route:
        """The way to `url` under the options of its job.

        With a proxy it is the proxy that looks the host up and connects: its own address was
        configured and may be private, while what it connects to cannot be checked, except for an
        IP address or a localhost that stands in the URL.

        Raises Failed (`address`) for those, and ConfigError if the proxy's variable is not set.
        """
        allowed = config.allow_private_addresses
        if allowed is None:
            allowed = self.allow_private_addresses
        reach = Reach.PRIVATE if allowed else Reach.PUBLIC
        if config.proxy is None and not self.connect_to:
            return _STRAIGHT[reach]
        parts = URL(url, encoded=True)
        host, port = parts.raw_host or "", parts.port or 0
        if config.proxy is not None:
            _check_written(host, reach)
            return Route(Reach.CONFIGURED, proxy=reveal(config.proxy))
        if target := target_for(host, port, self.connect_to):
            return Route(Reach.CONFIGURED, target)
        return Route(reach)


_STRAIGHT = {reach: Route(reach) for reach in (Reach.PRIVATE, Reach.PUBLIC)}


def target_for(host: str, port: int, connect_to: Mapping[str, str]) -> Target | None:
    """Where a connection to `host` and `port` goes instead; None if it goes there itself."""
    name = f"[{host}]" if ":" in host else host
    for key in (f"{name}:{port}", name, f"*:{port}", "*"):
        if key in connect_to:
            return _target(connect_to[key], port)
    return None


def _target(value: str, port: int) -> Target:
    if value.startswith("["):
        name, _, rest = value[1:].partition("]")
        return Target(name, int(rest[1:]) if rest[1:] else port)
    name, _, given = value.partition(":")
    return Target(name, int(given) if given else port)


def _check_written(host: str, reach: Reach) -> None:
    address = "127.0.0.1" if urls.is_local_host(host) else host
    try:
        ip_address(address)
    except ValueError:
        return
    try:
        guard.check(address, reach)
    except AddressRefused as refused:
        raise guard.failed(refused, host) from refused
