"""The fetchers that need nothing but a network, ready to be given to a `PoliteFetcher`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from scrapeq.fetch.http import AioTransport
from scrapeq.fetch.mode import HTTP, STEALTH
from scrapeq.fetch.observe import Observer, Observers
from scrapeq.fetch.protocols import Fetcher
from scrapeq.fetch.redirects import HttpFetcher
from scrapeq.fetch.route import Routes
from scrapeq.fetch.stealth import CurlTransport


def http_fetchers(
    *,
    allow_private_addresses: bool,
    connect_to: Mapping[str, str] | None = None,
    observers: Iterable[Observer] = (),
    logins: Path | None = None,
) -> dict[str, Fetcher]:
    """Plain HTTP and a browser's, by mode; no connection is open yet.

    allow_private_addresses: for jobs that do not say. connect_to: see `Routes`; {"*": "host:port"}
    sends everything to one server. observers: see every exchange. logins: see `Routes`.
    """
    routes = Routes(allow_private_addresses, dict(connect_to or {}), logins)
    observed = Observers(observers)
    return {
        HTTP: HttpFetcher(AioTransport(), routes, observed),
        STEALTH: HttpFetcher(CurlTransport(), routes, observed),
    }
