"""Cookies of one visit, as RFC 6265, section 5, has them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrapeq.fetch.cookies import MAX_COOKIES, Cookies

HERE = "https://shop.example/a/b"


def sent(*lines: str, to: str = HERE, by: str = HERE) -> str:
    jar = Cookies()
    jar.take(by, lines)
    return jar.header(to)


@pytest.mark.parametrize(
    ("line", "header"),
    [
        ("a=b", "a=b"),
        ("user[lang]=de; Path=/", "user[lang]=de"),
        ("a@b:c/d=1", "a@b:c/d=1"),
        ('q="with space"; Path=/', 'q="with space"'),
        ("a=b=c", "a=b=c"),
        (" a = b ; Secure", "a=b"),
        ("a=", "a="),
        ("ä=ö", "ä=ö"),
        ("=b", ""),
        ("nothing", ""),
        ("a=b\x07", ""),
        ("a=b; Max-Age=0", ""),
        ("a=b; Max-Age=-1", ""),
        ("a=b; Max-Age=soon", "a=b"),
        ("a=b; Expires=Thu, 01 Jan 1970 00:00:00 GMT", ""),
        ("a=b; Expires=Thu, 01-Jan-70 00:00:01 GMT", ""),
        ("a=b; Expires=Fri, 31 Dec 9999 23:59:59 GMT", "a=b"),
        ("a=b; Expires=never", "a=b"),
        ("a=b; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "a=b"),
        ("a=b; Domain=.shop.example", "a=b"),
        ("a=b; Domain=other.example", ""),
        ("a=b; Domain=example", ""),
        ("a=b; Path=/a", "a=b"),
        ("a=b; Path=/a/b", "a=b"),
        ("a=b; Path=/c", ""),
        ("a=b; Path=relative", "a=b"),
    ],
)
def test_what_comes_back(line, header):
    assert sent(line) == header


def test_an_expiry_at_the_epoch_deletes():
    assert sent("a=b", "c=d", "a=; expires=Thu, 01 Jan 1970 00:00:00 GMT") == "c=d"


def test_it_stays_where_it_belongs():
    assert sent("a=b; Secure", to="http://shop.example/a/b") == ""
    assert sent("a=b", to="https://www.shop.example/a/b") == ""
    assert sent("a=b; Domain=shop.example", to="https://www.shop.example/a/") == "a=b"
    assert sent("a=b", to="https://shop.example/ab") == ""
    assert sent("a=b; Domain=0.0.1", by="http://127.0.0.1/", to="http://127.0.0.1/") == ""


def test_longer_paths_come_first():
    assert sent("a=1; Path=/", "b=2; Path=/a") == "b=2; a=1"


def test_a_flood_is_cut():
    lines = [f"a{number}=b" for number in range(1000)]
    assert sent(*lines).count("=") == MAX_COOKIES
    assert sent("a=" + "b" * 5000) == ""


@given(st.text(max_size=80))
def test_no_line_is_too_strange(line):
    assert "\n" not in sent(line)


@pytest.mark.parametrize(
    ("line", "is_allowed"),
    [
        ("a=b", True),
        ("a=b; SameSite=Lax", True),
        ("a=b; SameSite=none", False),
        ("a=b; SameSite=None; Secure", True),
        ("__Secure-a=b", False),
        ("__Secure-a=b; Secure; Domain=shop.example", True),
        ("__Host-a=b; Secure", False),  # its path is that of the page
        ("__Host-a=b; Secure; Path=/; Domain=shop.example", False),
        ("__host-a=b; Secure; Path=/", True),
    ],
)
def test_a_name_may_promise_how_it_was_set(line: str, is_allowed: bool) -> None:
    jar = Cookies()
    jar.take(HERE, [line])

    assert [cookie.is_allowed for cookie in jar.kept] == [is_allowed]
