"""What is kept of an answer beside its kind; the kinds are in the catalogue of the hostile web."""

from __future__ import annotations

import pytest

from scrapeq.fetch import Response

OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"


@pytest.mark.parametrize(
    "field",
    [
        b"X-A: one\r\n two",
        "X-A: größe".encode(),
        b"X-A: gr\xfc\xdfe",
        b"X-A: \x1b[31mred",
        b"Set-Cookie: a=\xff\xfe\x01",
    ],
)
def test_headers_are_kept_as_text_that_can_be_shown(kit, stealth, field):
    site = kit.Site({"/": OK + field + b"\r\nContent-Length: 5\r\n\r\nhello"})

    [result] = kit.visit(site, "/", use_stealth=stealth)

    assert isinstance(result, Response), result
    assert (result.body, result.content_type) == (b"hello", "text/html")
    assert all(value.isprintable() for _, value in result.headers)


def test_a_failure_within_a_head_has_no_status(kit, stealth):
    site = kit.Site({"/": OK + b"Content-Length: -5\r\n\r\nhello"})

    [result] = kit.visit(site, "/", use_stealth=stealth)

    assert (result.kind, result.http_status) == ("protocol", None)
    assert result.final_url == f"{site.url}/"


def test_the_total_says_that_it_was_the_total(kit, stealth):
    async def drip(_request, reader, writer):
        writer.write(OK + b"Content-Length: 9000\r\n\r\nhello")
        await reader.read()

    [result] = kit.visit(
        kit.Site({"/": drip}), "/", use_stealth=stealth, idle_timeout_s=9, total_timeout_s=0.5
    )

    assert result.kind == "body_timeout"
    assert "total_timeout_s" in result.message


STATUSES = [
    ("404 Not Found", (), "http_4xx", None, False),
    ("410 Gone", (), "http_4xx", None, False),
    ("408 Request Timeout", (), "http_4xx", None, True),
    ("429 Too Many Requests", (), "rate_limited", None, True),
    ("429 Too Many Requests", ("Retry-After: 7",), "rate_limited", 7, True),
    ("500 Internal Server Error", (), "http_5xx", None, True),
    ("503 Service Unavailable", (), "http_5xx", None, True),
    ("503 Service Unavailable", ("Retry-After: 120",), "rate_limited", 120, True),
    ("503 Service Unavailable", ("Retry-After: soon",), "http_5xx", None, True),
    ("503 x", ("Retry-After: Fri, 31 Dec 1999 23:59:59 GMT",), "rate_limited", 0, True),
    ("799 What", (), "http_5xx", None, True),
]


@pytest.mark.parametrize(("status", "lines", "kind", "retry_after_s", "may_retry"), STATUSES)
def test_a_status_has_its_kind(kit, stealth, status, lines, kind, retry_after_s, may_retry):
    site = kit.Site({"/": kit.page(b"<html>sorry</html>", *lines, status=status)})

    [result] = kit.visit(site, "/", use_stealth=stealth)

    assert (result.kind, result.http_status) == (kind, int(status[:3]))
    assert result.retry_after_s == retry_after_s
    assert result.may_retry is may_retry


def test_nothing_that_a_server_says_stands_in_a_message(kit, stealth):
    site = kit.Site({"/": kit.page(status="404 <script>alert(1)</script>")})

    [result] = kit.visit(site, "/", use_stealth=stealth)

    assert result.message == "the server answered 404 Not Found"
