"""A refresh within seconds is a redirect: it is followed by the same rules."""

from __future__ import annotations

import pytest

from scrapeq.fetch import Response


def meta(kit, content: str, *lines: str, status: str = "200 OK") -> bytes:
    body = f'<title>moved</title><meta http-equiv="refresh" content="{content}">'
    answer: bytes = kit.page(body.encode(), "Content-Type: text/html", *lines, status=status)
    return answer


def test_the_page_behind_it_is_the_page(kit, stealth):
    header = kit.page(b"<p>wait", "Content-Type: text/html", "Refresh: 3; url=/c")
    site = kit.Site({"/a": meta(kit, "0; url=/b"), "/b": header, "/c": kit.page(b"there")})

    [result] = kit.visit(site, "/a", use_stealth=stealth)

    assert isinstance(result, Response), result
    assert result.body == b"there"
    assert result.final_url == f"{site.url}/c"
    assert result.redirects == (f"{site.url}/a", f"{site.url}/b")


@pytest.mark.parametrize(
    "content", ["10; url=/b", "900", "0", "5; url=#top", "0; url=javascript:go()", "0; url=tel:1"]
)
def test_a_page_that_is_there_to_be_read_is_the_page(kit, content):
    site = kit.Site({"/a": meta(kit, content), "/b": kit.page(b"there")})

    [result] = kit.visit(site, "/a")

    assert isinstance(result, Response), result
    assert b"moved" in result.body
    assert site.paths() == ["/a"]


def test_an_error_stays_an_error(kit):
    site = kit.Site({"/a": meta(kit, "0; url=/", status="404 Not Found"), "/": kit.page()})

    [result] = kit.visit(site, "/a")

    assert result.http_status == 404
    assert site.paths() == ["/a"]


def test_pages_that_lead_to_each_other_end_with_the_last(kit):
    """As a show of slides does: each of them is a page."""
    site = kit.Site({"/a": meta(kit, "5; url=/b"), "/b": meta(kit, "5; url=/a")})

    [result] = kit.visit(site, "/a")

    assert isinstance(result, Response), result
    assert result.final_url == f"{site.url}/b"
    assert site.paths() == ["/a", "/b"]


def test_a_page_that_sets_a_cookie_and_renews_itself_is_asked_once_more(kit):
    """Also if it sets another one each time."""

    async def guarded(request, _reader, writer):
        writer.write(meta(kit, "0; url=/a", f"Set-Cookie: pass={len(site.requests)}"))

    site = kit.Site({"/a": guarded})

    [result] = kit.visit(site, "/a")

    assert isinstance(result, Response), result
    assert [one.headers.get("cookie") for one in site.requests] == [None, "pass=1"]


def test_the_rules_of_redirects_hold(kit):
    async def on(request, _reader, writer):
        writer.write(meta(kit, f"0; url=/{int(request.path[1:]) + 1}"))

    site = kit.Site({"*": on})

    [too_many] = kit.visit(site, "/0", max_redirects=3)
    assert too_many.kind == "redirects"
    assert site.paths() == ["/0", "/1", "/2", "/3"]

    site = kit.Site({"/a": meta(kit, "0; url=http://169.254.169.254/latest/meta-data/")})
    [guarded] = kit.visit(site, "/a")
    assert guarded.kind == "address"


def test_credentials_stay_with_their_origin(kit):
    site = kit.Site({"/b": kit.page(b"there")})

    async def away(_request, _reader, writer):
        writer.write(meta(kit, f"0; url=http://localhost:{site.port}/b"))

    site.pages["/a"] = away

    [result] = kit.visit(site, "/a", cookies={"session": "s3cret"})

    assert isinstance(result, Response), result
    assert [one.headers.get("cookie") for one in site.requests] == ["session=s3cret", None]
