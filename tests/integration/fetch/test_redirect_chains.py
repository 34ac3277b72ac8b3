"""Redirects: where they may lead, what goes along, and where they end."""

from __future__ import annotations

import base64

import pytest

from scrapeq.fetch import Response


def to(kit, place: str, *lines: str, status: str = "302 Found") -> bytes:
    return kit.page(b"", f"Location: {place}", *lines, status=status)


def test_a_chain_is_followed_and_remembered(kit, stealth):
    site = kit.Site(
        {
            "/a": to(kit, "/b", status="301 Moved Permanently"),
            "/b": to(kit, "c?d=1", status="303 See Other"),
            "/e": kit.page(b"there"),
        }
    )

    async def away(_request, _reader, writer):
        writer.write(to(kit, f"//127.0.0.1:{site.port}/e#part", status="308 Permanent Redirect"))

    site.pages["/c"] = away

    [result] = kit.visit(site, "/a", use_stealth=stealth)

    assert isinstance(result, Response), result
    assert result.body == b"there"
    assert result.url == f"{site.url}/a"
    assert result.final_url == f"{site.url}/e"
    assert result.redirects == (f"{site.url}/a", f"{site.url}/b", f"{site.url}/c?d=1")


@pytest.mark.parametrize(
    ("place", "kind"),
    [
        ("/a", "redirects"),  # to itself
        ("", "redirects"),
        ("http://", "redirects"),
        ("http://[::1", "redirects"),
        ("http://x:99999/", "redirects"),
        ("/" + "a" * 9000, "redirects"),
        ("file:///etc/passwd", "scheme"),
        ("ftp://127.0.0.1/", "scheme"),
        ("data:text/html,hello", "scheme"),
        ("javascript:alert(1)", "scheme"),
        ("mailto:a@b.example", "scheme"),
        ("http://nothing.invalid/", "dns"),
    ],
)
def test_a_redirect_to_nowhere_has_its_kind(kit, stealth, place, kind):
    site = kit.Site({"/a": to(kit, place)})

    [result] = kit.visit(site, "/a", use_stealth=stealth)

    assert result.kind == kind, result


def test_a_redirect_without_a_place_or_with_two(kit, stealth):
    site = kit.Site(
        {
            "/none": kit.page(b"", status="302 Found"),
            "/two": to(kit, "/b", "Location: /c"),
        }
    )

    none, two = kit.visit(site, "/none", "/two", use_stealth=stealth)

    assert (none.kind, two.kind) == ("redirects", "protocol")


def test_a_loop_ends_at_once(kit, stealth):
    site = kit.Site({"/a": to(kit, "/b"), "/b": to(kit, "/a")})

    [result] = kit.visit(site, "/a", use_stealth=stealth)

    assert result.kind == "redirects"
    assert "circle" in result.message
    assert site.paths() == ["/a", "/b"]


def test_an_endless_chain_ends_at_the_limit(kit, stealth):
    async def on(request, _reader, writer):
        writer.write(to(kit, f"/{int(request.path[1:]) + 1}"))

    site = kit.Site({"*": on})

    [result] = kit.visit(site, "/0", use_stealth=stealth, max_redirects=5)

    assert result.kind == "redirects"
    assert len(site.requests) == 6


def test_a_cookie_ends_a_loop(kit, stealth):
    async def door(request, _reader, writer):
        if request.headers.get("cookie") == "seen=yes":
            writer.write(kit.page(b"inside"))
        else:
            writer.write(to(kit, "/", "Set-Cookie: seen=yes; Path=/"))

    [result] = kit.visit(kit.Site({"/": door}), "/", use_stealth=stealth)

    assert isinstance(result, Response), result
    assert result.body == b"inside"


def test_cookies_do_not_outlive_their_visit(kit, stealth):
    site = kit.Site({"/a": to(kit, "/b", "Set-Cookie: seen=yes; Path=/"), "/b": kit.page()})

    kit.visit(site, "/a", "/b", use_stealth=stealth)

    cookies = [request.headers.get("cookie") for request in site.requests]
    assert cookies == [None, "seen=yes", None]


def test_a_cookie_bomb_is_not_sent_back(kit, stealth):
    bomb = [f"Set-Cookie: c{number}={'x' * 3000}" for number in range(60)]
    bomb += ["Set-Cookie: fat=" + "x" * 5000, "Set-Cookie: binary=\xff\x01\x02"]
    site = kit.Site({"/a": to(kit, "/b", *bomb), "/b": kit.page()})

    [result] = kit.visit(site, "/a", use_stealth=stealth)

    assert isinstance(result, Response), result
    assert len(site.requests[1].headers["cookie"]) < 160_000
    assert "fat=" not in site.requests[1].headers["cookie"]


SECRETS = {
    "headers": {"Authorization": "Bearer s3cret", "X-Api-Key": "s3cret", "Accept-Language": "de"},
    "cookies": {"session": "s3cret"},
}


def test_credentials_stay_with_their_origin(kit, stealth):
    site = kit.Site({"/same": kit.page(), "/a": to(kit, "/same"), "/back": kit.page()})

    async def out(_request, _reader, writer):
        writer.write(to(kit, f"http://localhost:{site.port}/back"))

    site.pages["/out"] = out

    kit.visit(site, "/a", "/out", use_stealth=stealth, **SECRETS)

    assert site.paths() == ["/a", "/same", "/out", "/back"]
    for request in site.requests[:3]:
        assert request.headers["authorization"] == "Bearer s3cret"
        assert request.headers["x-api-key"] == "s3cret"
        assert request.headers["cookie"] == "session=s3cret"
    assert "s3cret" not in str(site.requests[3].headers)
    assert site.requests[3].headers["accept-language"] == "de"


def test_a_user_name_in_the_url_is_sent_and_not_shown(kit, stealth):
    site = kit.Site({"*": kit.page(status="401 Unauthorized")})

    [result] = kit.visit(
        site,
        "http://us%40er:s3cret@shop.example/x",
        use_stealth=stealth,
        connect_to={"*": "127.0.0.1:{port}"},
    )

    basic = "Basic " + base64.b64encode(b"us@er:s3cret").decode()
    assert site.requests[-1].headers["authorization"] == basic
    assert "s3cret" not in repr(result)


def test_raw_utf_8_in_a_location_is_understood(kit, stealth):
    answer = "HTTP/1.1 302 x\r\nContent-Length: 0\r\nLocation: /größe?ü\r\n\r\n"
    site = kit.Site({"/a": answer.encode()})

    kit.visit(site, "/a", use_stealth=stealth)

    assert site.paths()[1] == "/gr%C3%B6%C3%9Fe?%C3%BC"


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0177.0.0.1",
        "127.1",
        "１２７.０.０.１",
        "127。0。0。1",
        "%31%32%37.0.0.1",
        "localhost",
        "LOCALHOST.",
        "a.localhost",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[64:ff9b:1::7f00:1]",
        "[2002:7f00:1::]",
        "10.0.0.1",
        "[fd00::1]",
        "0.0.0.0",
        "169.254.169.254",
        "[::ffff:a9fe:a9fe]",
        "[fd00:ec2::254]",
    ],
)
def test_no_spelling_of_a_private_address_is_reached(kit, stealth, host):
    site = kit.Site({"*": kit.page(b"private")})

    async def out(_request, _reader, writer):
        place = f"http://{host}:{site.port}/secret".encode()
        writer.write(b"HTTP/1.1 302 x\r\nContent-Length: 0\r\nLocation: " + place + b"\r\n\r\n")

    site.pages["/a"] = out
    mapped = {"shop.example:80": "127.0.0.1:{port}"}
    direct = f"http://{host}:{{port}}/secret"

    redirected, asked = kit.visit(
        site,
        "http://shop.example/a",
        direct.format(port=9),
        use_stealth=stealth,
        allow_private_addresses=False,
        connect_to=mapped,
    )

    assert redirected.kind == "address", redirected
    assert asked.kind == "address", asked
    assert site.paths() == ["/a"]


@pytest.mark.parametrize("host", ["169.254.169.254", "0.0.0.0", "[::ffff:a9fe:a9fe]"])
def test_metadata_is_not_reached_even_if_private_addresses_are(kit, stealth, host):
    [result] = kit.visit(kit.Site(), f"http://{host}/latest/meta-data/", use_stealth=stealth)

    assert result.kind == "address"
    assert "never" in result.message


def test_a_job_may_be_stricter_than_its_worker_on_the_same_connections(kit, stealth):
    site = kit.Site({"/": kit.page()})

    [allowed] = kit.visit(site, "/", use_stealth=stealth)
    [refused] = kit.visit(site, "/", use_stealth=stealth, allow_private_addresses=False)

    assert isinstance(allowed, Response)
    assert refused.kind == "address"
