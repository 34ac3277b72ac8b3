"""The words of a failure that met no server."""

from __future__ import annotations

import asyncio
import errno
import socket

import pytest

from scrapeq.fetch import unreached
from scrapeq.fetch.exchange import Request
from scrapeq.fetch.guard import Reach
from scrapeq.fetch.watch import Watch
from scrapeq.models import ScrapingConfig

PROXY = "http://me:s3cret@proxy.example:3128"


def request(proxy: str | None = None) -> Request:
    async def made() -> Request:
        return Request(
            url="https://shop.example/",
            headers={},
            max_body_bytes=1,
            reach=Reach.PUBLIC,
            target=None,
            proxy=proxy,
            watch=Watch(ScrapingConfig()),
            on_head=lambda _status, _headers: None,
        )

    return asyncio.run(made())


@pytest.mark.parametrize(
    ("number", "is_ours"),
    [(socket.EAI_AGAIN, True), (socket.EAI_NONAME, False)],
)
def test_no_name_server_is_told_from_no_name(number, is_ours):
    failed = unreached.no_address(request(), socket.gaierror(number, "no"))

    assert failed.kind == "dns"
    assert "shop.example" in failed.message
    assert ("network may be away" in failed.message) is is_ours


@pytest.mark.parametrize(
    ("number", "is_ours"), [(errno.ENETUNREACH, True), (errno.EHOSTUNREACH, False)]
)
def test_no_way_anywhere_is_told_from_no_way_there(number, is_ours):
    failed = unreached.unreachable(request(), OSError(number, "no way"), "no way")

    assert failed.kind == "refused"
    assert "shop.example cannot be reached: no way" in failed.message
    assert ("network may be away" in failed.message) is is_ours


def test_a_proxy_is_named_without_its_password():
    failed = unreached.refused(request(PROXY))

    assert failed.message == "the proxy proxy.example:3128 refused the connection"
    assert unreached.refused(request()).message == "shop.example refused the connection on port 443"
