"""Redirects: where they may lead, what goes along, and where they end."""

from __future__ import annotations

import base64

from scrapeq.fetch import Response, logins


def to(kit, place: str, *lines: str, status: str = "302 Found") -> bytes:
    answer: bytes = kit.page(b"", f"Location: {place}", *lines, status=status)
    return answer


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


def test_a_url_may_lead_to_itself_once(kit, stealth):
    async def first_a_redirect(request, _reader, writer):
        first = [asked.path for asked in site.requests].count(request.path) == 1
        writer.write(to(kit, request.path) if first else kit.page(b"there"))

    site = kit.Site({"*": first_a_redirect})

    [result] = kit.visit(site, "/a", use_stealth=stealth)

    assert isinstance(result, Response), result
    assert result.body == b"there"
    assert site.paths() == ["/a", "/a"]


def test_cookies_of_a_redirect_come_back_as_they_were_set(kit, stealth):
    lines = ["Set-Cookie: user[lang]=de", 'Set-Cookie: q="a b"', "Set-Cookie: gone=1"]
    over = "Set-Cookie: gone=; Expires=Thu, 01 Jan 1970 00:00:00 GMT"
    site = kit.Site({"/a": to(kit, "/b", *lines, over), "/b": kit.page()})

    kit.visit(site, "/a", use_stealth=stealth)

    assert site.requests[1].headers["cookie"] == 'user[lang]=de; q="a b"'


def test_a_loop_ends_soon(kit, stealth):
    site = kit.Site({"/a": to(kit, "/b"), "/b": to(kit, "/a")})

    [result] = kit.visit(site, "/a", use_stealth=stealth)

    assert result.kind == "redirects"
    assert "circle" in result.message
    assert site.paths() == ["/a", "/b"] * 3


def test_an_endless_chain_ends_at_the_limit(kit, stealth):
    async def on(request, _reader, writer):
        writer.write(to(kit, f"/{int(request.path[1:]) + 1}"))

    site = kit.Site({"*": on})

    [result] = kit.visit(site, "/0", use_stealth=stealth, max_redirects=5)

    assert result.kind == "redirects"
    assert len(site.requests) == 6


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


LOGIN = {"cookies": [{"name": "login", "value": "s3cret", "domain": "127.0.0.1"}]}


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


def test_no_robots_txt_is_asked_for_with_credentials(kit, stealth, tmp_path):
    logins.keep(tmp_path, "shop", LOGIN)
    site = kit.Site({"/here": kit.page(), "/robots.txt": kit.page(b"")})

    async def out(_request, _reader, writer):
        writer.write(to(kit, f"http://localhost:{site.port}/here"))

    site.pages["/out"] = out

    [result] = kit.visit(
        site,
        "/out",
        use_stealth=stealth,
        respect_robots=True,
        logins=tmp_path,
        storage_state="shop",
        **SECRETS,
    )

    assert isinstance(result, Response), result
    assert site.paths() == ["/robots.txt", "/out", "/robots.txt", "/here"]
    for request in site.requests:
        assert ("s3cret" in str(request.headers)) is (request.path == "/out")
    assert "login=s3cret" in site.requests[1].headers["cookie"]


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


def test_a_job_may_be_stricter_than_its_worker_on_the_same_connections(kit, stealth):
    site = kit.Site({"/": kit.page()})

    [allowed] = kit.visit(site, "/", use_stealth=stealth)
    [refused] = kit.visit(site, "/", use_stealth=stealth, allow_private_addresses=False)

    assert isinstance(allowed, Response)
    assert refused.kind == "address"
