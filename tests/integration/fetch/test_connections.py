"""Names, connections, TLS, reuse, mapped targets and proxies."""

from __future__ import annotations

import asyncio
import itertools
import socket
import ssl

import pytest
import trustme

from scrapeq.fetch import MemoryRobots, MemoryThrottle, PoliteFetcher, Response, http_fetchers
from scrapeq.models import ScrapingConfig


@pytest.fixture
def authority(tmp_path, monkeypatch):
    """A certificate authority that this process trusts."""
    made = trustme.CA()
    path = tmp_path / "authority.pem"
    made.cert_pem.write_to_path(str(path))
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    return made


def tls(authority: trustme.CA, *names: str) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(*names).configure_cert(context)
    return context


def test_a_trusted_certificate_is_accepted(kit, stealth, authority):
    site = kit.Site({"/": kit.page(b"safe")}, host="localhost")

    [result] = kit.visit(site, "/", trust=tls(authority, "localhost"), use_stealth=stealth)

    assert isinstance(result, Response), result
    assert result.body == b"safe"


def test_a_bad_certificate_is_refused_before_anything_is_asked(kit, stealth, authority):
    site = kit.Site({"/": kit.page()}, host="localhost")

    [result] = kit.visit(site, "/", trust=tls(authority, "other.example"), use_stealth=stealth)

    assert result.kind == "tls", result
    assert site.requests == []


def test_a_connection_is_used_again(kit, stealth):
    site = kit.Site(
        {
            "/": kit.page(),
            "/gone": kit.page(b"x" * 1000, status="404 Not Found"),
            "/on": kit.page(b"moved", "Location: /", status="302 Found"),
        }
    )

    kit.visit(site, "/", "/gone", "/on", "/", use_stealth=stealth)

    assert len(site.requests) == 5
    assert site.connections == 1


def test_a_stale_connection_is_not_a_failure(kit, stealth):
    async def then_leave(request, _reader, writer):
        if request.path == "/late" and request.connection == 1:
            writer.close()  # as a server does whose keep-alive is over: not a byte of an answer
            raise ConnectionResetError
        writer.write(kit.page(request.path.encode()))

    site = kit.Site({"*": then_leave})

    first, second = kit.visit(site, "/", "/late", use_stealth=stealth)

    assert isinstance(first, Response)
    assert isinstance(second, Response), second
    assert second.body == b"/late"
    assert [request.connection for request in site.requests] == [1, 1, 2]


def test_the_second_request_after_a_stale_connection_keeps_the_pace(kit):
    async def then_leave(request, _reader, writer):
        if request.path == "/late" and request.connection == 1:
            writer.close()
            raise ConnectionResetError
        writer.write(kit.page())

    site = kit.Site({"*": then_leave})

    kit.visit(site, "/", "/late", delay_between_requests=0.2)

    starts = [request.at_s for request in site.requests]
    assert len(starts) == 3
    assert min(later - sooner for sooner, later in itertools.pairwise(starts)) >= 0.2


def test_a_server_that_always_leaves_is_reset(kit, stealth):
    async def leave(request, _reader, writer):
        if request.path == "/":
            writer.write(kit.page())
            return
        writer.close()
        raise ConnectionResetError

    site = kit.Site({"*": leave})

    _, result = kit.visit(site, "/", "/never", use_stealth=stealth)

    assert result.kind == "reset"
    assert len(site.requests) == 3


def test_connect_to_keeps_the_name(kit, stealth, authority):
    site = kit.Site({"/": kit.page(b"mapped")})

    [result] = kit.visit(
        site,
        "https://shop.example/",
        trust=tls(authority, "shop.example"),
        use_stealth=stealth,
        allow_private_addresses=False,
        connect_to={"shop.example:443": "127.0.0.1:{port}"},
    )

    assert isinstance(result, Response), result
    assert result.final_url == "https://shop.example/"
    if "host" in site.requests[0].headers:
        assert site.requests[0].headers["host"] == "shop.example"


@pytest.mark.parametrize("key", ["a.example:80", "a.example", "*:80", "*"])
def test_connect_to_by_every_kind_of_key(kit, key):
    [result] = kit.visit(
        kit.Site({"/": kit.page()}),
        "http://a.example/",
        allow_private_addresses=False,
        connect_to={key: "127.0.0.1:{port}"},
    )

    assert isinstance(result, Response), result


def test_a_target_of_connect_to_is_reached_under_its_name_only(kit, stealth):
    site = kit.Site({"/": kit.page()})

    mapped, direct = kit.visit(
        site,
        "http://shop.example/",
        "/",
        use_stealth=stealth,
        allow_private_addresses=False,
        connect_to={"shop.example:80": "127.0.0.1:{port}"},
    )

    assert isinstance(mapped, Response), mapped
    assert direct.kind == "address"


def test_a_proxy_may_be_private_and_gets_its_password(kit, stealth, monkeypatch):
    proxy = kit.Site({"*": kit.page(b"through")})
    monkeypatch.setattr("scrapeq.fetch.route.reveal", lambda _: f"http://me:s3cret@{proxy.url[7:]}")

    page, literal, local = kit.visit(
        proxy,
        "http://shop.example/a",
        "http://127.0.0.1/b",
        "http://localhost/c",
        use_stealth=stealth,
        allow_private_addresses=False,
        proxy="env:MY_PROXY",
    )

    assert isinstance(page, Response), page
    assert page.body == b"through"
    assert proxy.paths() == ["http://shop.example/a"]
    assert proxy.requests[0].headers["proxy-authorization"].startswith("Basic ")
    assert (literal.kind, local.kind) == ("address", "address")


def test_tls_through_a_proxy_is_end_to_end(kit, stealth, authority):
    site = kit.Site({"/": kit.page(b"through")})
    asked = []

    async def tunnel(reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        asked.append(head.split(b"\r\n")[0].decode())
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", site.port)

        async def pump(source, sink):
            while data := await source.read(65536):
                sink.write(data)
            sink.close()

        try:
            await asyncio.gather(pump(reader, there_writer), pump(there_reader, writer))
        finally:
            there_writer.transport.abort()

    async def run():
        async with site.serve(tls(authority, "shop.example")), kit.Site(raw=tunnel).serve() as on:
            fetcher = PoliteFetcher(
                fetchers=http_fetchers(allow_private_addresses=False),
                throttle=MemoryThrottle(),
                robots=MemoryRobots(),
            )
            config = ScrapingConfig(
                respect_robots=False, use_stealth=stealth, proxy=f"http://127.0.0.1:{on.port}"
            )
            try:
                return await fetcher.fetch("https://shop.example/", config)
            finally:
                await fetcher.close()

    result = asyncio.run(run())

    assert isinstance(result, Response), result
    assert result.body == b"through"
    assert asked == ["CONNECT shop.example:443 HTTP/1.1"]
    assert "proxy-authorization" not in site.requests[0].headers


def test_a_proxy_that_refuses_is_refused(kit, stealth):
    proxy = kit.Site({"*": kit.page(status="407 Proxy Authentication Required")})

    async def run():
        async with proxy.serve():
            fetcher = PoliteFetcher(
                fetchers=http_fetchers(allow_private_addresses=False),
                throttle=MemoryThrottle(),
                robots=MemoryRobots(),
            )
            config = ScrapingConfig(
                respect_robots=False, use_stealth=stealth, proxy=proxy.url, max_retries=0
            )
            try:
                return await fetcher.fetch("https://shop.example/", config)
            finally:
                await fetcher.close()

    assert asyncio.run(run()).kind == "refused"


def test_a_dead_proxy_is_named_and_not_its_password(kit, stealth):
    with socket.socket() as nobody:  # bound, and never listens
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
        proxy = f"http://me:s3cret@127.0.0.1:{port}"

        [result] = kit.visit(
            kit.Site(), "http://shop.example:8080/", use_stealth=stealth, proxy=proxy
        )

    assert result.kind == "refused"
    assert result.message == f"the proxy 127.0.0.1:{port} refused the connection"


def test_a_line_break_in_a_secret_is_not_sent(kit, stealth, monkeypatch):
    monkeypatch.setenv("MY_KEY", "s3cret\r\nX-Evil: yes")
    site = kit.Site({"/": kit.page()})

    [result] = kit.visit(site, "/", use_stealth=stealth, headers={"X-Key": "env:MY_KEY"})

    assert result.kind == "config"
    assert "X-Key has a line break" in result.message
    assert "s3cret" not in result.message
    assert site.requests == []


def test_a_secret_that_is_not_there_is_said(kit, stealth):
    site = kit.Site({"/": kit.page()})

    [result] = kit.visit(site, "/", use_stealth=stealth, headers={"X-Key": "env:NO_SUCH_VARIABLE"})

    assert result.kind == "config"
    assert "NO_SUCH_VARIABLE" in result.message
    assert not result.may_retry
    assert site.requests == []


def test_what_is_sent_is_what_was_asked_for(kit):
    site = kit.Site({"/": kit.page()})

    kit.visit(site, "/", headers={"X-A": "b", "Host": "evil.example"}, cookies={"c": "d"})
    kit.visit(site, "/", user_agent="me/1")

    first, second = site.requests
    assert first.headers["user-agent"].startswith("scrapeq/")
    assert first.headers["host"] == f"127.0.0.1:{first.headers['host'].rpartition(':')[2]}"
    assert (first.headers["x-a"], first.headers["cookie"]) == ("b", "c=d")
    assert second.headers["user-agent"] == "me/1"


def test_stealth_looks_like_a_browser(kit):
    site = kit.Site({"/": kit.page()})

    kit.visit(site, "/", use_stealth=True, headers={"Accept-Language": "de"})

    headers = site.requests[0].headers
    assert "Chrome/" in headers["user-agent"]
    assert "sec-ch-ua" in headers
    assert headers["accept-language"] == "de"
    assert "upgrade" not in headers
