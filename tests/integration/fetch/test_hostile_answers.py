"""Every way in which an answer can be wrong, and the kind of the row that it becomes."""

from __future__ import annotations

import asyncio
import gzip
import zlib

import brotli
import pytest
from backports import zstd

from scrapeq.fetch import Response

OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
HTML = b"<html><title>good</title>" + b"<p>words</p>" * 500
ONE_MB_BOMB = gzip.compress(bytes(30_000_000))


def encoded(coding: str, body: bytes) -> bytes:
    head = OK + f"Content-Encoding: {coding}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    return head + body


async def drip(writer, data: bytes, seconds: float) -> None:
    for byte in data:
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(seconds)


async def accept_and_close(_request, _reader, writer):
    writer.close()
    raise ConnectionResetError


async def silence(_request, reader, _writer):
    await reader.read()


def then_hold(data: bytes):
    async def talk(_request, reader, writer):
        writer.write(data)
        await writer.drain()
        await reader.read()

    return talk


def then_close(data: bytes):
    async def talk(_request, _reader, writer):
        writer.write(data)
        await writer.drain()
        writer.close()
        raise ConnectionResetError

    return talk


def then_reset(data: bytes, kit):
    async def talk(_request, _reader, writer):
        writer.write(data)
        await writer.drain()
        await asyncio.sleep(0.05)  # so that the data leaves before the reset that discards it
        kit.reset(writer)
        raise ConnectionResetError

    return talk


def endless(first: bytes, piece: bytes):
    async def talk(_request, _reader, writer):
        writer.write(first)
        while True:
            writer.write(piece)
            await writer.drain()

    return talk


def slow(data: bytes):
    async def talk(_request, _reader, writer):
        await drip(writer, data, 0.1)

    return talk


HEADS = {
    "closed without a byte": (accept_and_close, {"reset"}),
    "silence": (silence, {"header_timeout"}),
    "slow head": (slow(OK + b"Content-Length: 0\r\n\r\n"), {"header_timeout"}),
    "half a head": (then_close(OK), {"reset", "protocol"}),
    "half a head, then silence": (then_hold(OK), {"header_timeout"}),
    "endless field": (endless(OK + b"X-A: ", b"a" * 4096), {"protocol"}),
    "endless fields": (endless(OK, b"X-A: b\r\n" * 99), {"protocol"}),
    "huge field": (then_hold(OK + b"X-A: " + b"a" * 300_000 + b"\r\n\r\n"), {"protocol"}),
    "many fields": (then_hold(OK + b"X-A: b\r\n" * 40_000 + b"\r\n"), {"protocol"}),
    "endless 1xx": (endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 99), {"protocol"}),
    "garbage": (then_close(b"\x00\x01\x02 what is this\r\n\r\n"), {"protocol"}),
    "garbage status": (then_close(b"HTTP/1.1 abc OK\r\n\r\n"), {"protocol"}),
    "status 99": (then_close(b"HTTP/1.1 099 Hm\r\n\r\n"), {"protocol", "header_timeout", "reset"}),
    "HTTP/0.9": (then_close(b"<html>a page without a head</html>"), {"protocol"}),
    "another protocol": (then_close(b"220 mail.example ESMTP\r\n"), {"protocol"}),
    "unasked upgrade": (
        then_close(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"
        ),
        {"protocol", "reset"},
    ),
    "two lengths": (
        then_close(OK + b"Content-Length: 5\r\nContent-Length: 9\r\n\r\nhello"),
        {"protocol"},
    ),
    "negative length": (then_close(OK + b"Content-Length: -5\r\n\r\nhello"), {"protocol"}),
    "length that is no number": (then_close(OK + b"Content-Length: 5x\r\n\r\nhello"), {"protocol"}),
    "NUL in a value": (then_close(OK + b"X-A: a\x00b\r\nContent-Length: 0\r\n\r\n"), {"protocol"}),
}


@pytest.mark.parametrize("name", HEADS)
def test_a_broken_head_has_its_kind(kit, stealth, name):
    behaviour, kinds = HEADS[name]

    [result] = kit.visit(
        kit.Site({"/": behaviour}),
        "/",
        use_stealth=stealth,
        first_byte_timeout_s=1,
        total_timeout_s=3,
    )

    assert result.kind in kinds, result
    assert result.final_url.startswith("http://127.0.0.1")
    assert result.http_status is None


GOOD_HEADS = {
    "bare line feeds": b"HTTP/1.1 200 OK\nContent-Type: text/html\nContent-Length: 5\n\nhello",
    "folded": OK + b"X-A: one\r\n two\r\nContent-Length: 5\r\n\r\nhello",
    "raw UTF-8": OK + "X-A: größe\r\n".encode() + b"Content-Length: 5\r\n\r\nhello",
    "Latin-1": OK + b"X-A: gr\xfc\xdfe\r\nContent-Length: 5\r\n\r\nhello",
    "no phrase": b"HTTP/1.1 200\r\nContent-Type: text/html\r\nContent-Length: 5\r\n\r\nhello",
    "HTTP/1.0": b"HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\nhello",
    "early hints": b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + OK
    + b"Content-Length: 5\r\n\r\nhello",
    "binary cookie": OK + b"Set-Cookie: a=\xff\xfe\x01\r\nContent-Length: 5\r\n\r\nhello",
    "cookie bomb": OK + b"Set-Cookie: a=" + b"x" * 3000 + b"\r\nContent-Length: 5\r\n\r\nhello",
    "until the end": OK + b"\r\nhello",
    "chunked": OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\nT: 1\r\n\r\n",
}  # fmt: skip


@pytest.mark.parametrize("name", GOOD_HEADS)
def test_a_strange_but_honest_head_is_read(kit, stealth, name):
    [result] = kit.visit(kit.Site({"/": then_close(GOOD_HEADS[name])}), "/", use_stealth=stealth)

    assert isinstance(result, Response), result
    assert result.body == b"hello"
    assert result.content_type == "text/html"
    assert all(value.isprintable() for _, value in result.headers)


GZIP = gzip.compress(HTML)
BODIES = {
    "a byte a second": (slow(OK + b"Content-Length: 9000\r\n\r\n"), {"header_timeout"}),
    "stalls": (then_hold(OK + b"Content-Length: 90\r\n\r\nhello"), {"body_timeout"}),
    "shorter": (then_close(OK + b"Content-Length: 90\r\n\r\nhello"), {"truncated"}),
    "chunked, cut": (
        then_close(OK + b"Transfer-Encoding: chunked\r\n\r\n50\r\nhello"),
        {"truncated", "reset"},
    ),
    "chunked, no end": (
        then_close(OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"),
        {"truncated", "reset"},
    ),
    "chunked, garbage": (
        then_close(OK + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\nhello"),
        {"protocol", "reset"},
    ),
    "gzip, cut": (then_close(OK + b"Content-Encoding: gzip\r\n\r\n" + GZIP[:-20]), {"truncated"}),
    "gzip, cut within its length": (encoded("gzip", GZIP[:-20]), {"truncated"}),
    "brotli, cut": (encoded("br", brotli.compress(HTML)[:-5]), {"truncated"}),
    "zstd, cut": (encoded("zstd", zstd.compress(HTML)[:-5]), {"truncated"}),
    "deflate, cut": (encoded("deflate", zlib.compress(HTML)[:-5]), {"truncated"}),
    "gzip, corrupt": (encoded("gzip", GZIP[:20] + b"\xff" * 20 + GZIP[40:]), {"decode"}),
    "gzip, wrong checksum": (encoded("gzip", GZIP[:-8] + b"12345678"), {"decode"}),
    "gzip that is plain": (encoded("gzip", HTML), {"decode"}),
    "brotli that is gzip": (encoded("br", GZIP), {"decode"}),
    "zstd that is plain": (encoded("zstd", HTML), {"decode"}),
    "unknown coding": (encoded("rot13", HTML), {"decode"}),
    "twenty layers": (encoded(", ".join(["gzip"] * 20), HTML), {"decode"}),
    "gzip bomb": (encoded("gzip", ONE_MB_BOMB), {"too_large"}),
    "deflate bomb": (encoded("deflate", zlib.compress(bytes(30_000_000))), {"too_large"}),
    "brotli bomb": (encoded("br", brotli.compress(bytes(30_000_000))), {"too_large"}),
    "zstd bomb": (encoded("zstd", zstd.compress(bytes(30_000_000))), {"too_large"}),
    "bomb in a bomb": (encoded("gzip, gzip", gzip.compress(ONE_MB_BOMB)), {"too_large"}),
    "endless": (endless(OK + b"\r\n", b"a" * 65536), {"too_large"}),
    "endless and compressed to nothing": (
        endless(OK + b"Content-Encoding: gzip\r\n\r\n", gzip.compress(b"") * 100),
        {"too_large", "decode"},
    ),
    "chunks of one byte": (
        endless(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\na\r\n" * 9999),
        {"protocol"},
    ),
    "giant promise": (then_hold(OK + b"Content-Length: 99999999999\r\n\r\nhello"), {"too_large"}),
}  # fmt: skip


@pytest.mark.parametrize("name", BODIES)
def test_a_broken_body_has_its_kind(kit, stealth, name):
    behaviour, kinds = BODIES[name]

    [result] = kit.visit(
        kit.Site({"/": behaviour}),
        "/",
        use_stealth=stealth,
        max_body_mb=20 if "chunks" in name else 2,
        first_byte_timeout_s=1,
        idle_timeout_s=0.3,
        total_timeout_s=5,
    )

    assert result.kind in kinds, result


def test_a_slow_body_ends_at_the_total(kit, stealth):
    async def talk(_request, _reader, writer):
        writer.write(OK + b"Content-Length: 9000\r\n\r\n")
        await drip(writer, b"x" * 9000, 0.1)

    [result] = kit.visit(
        kit.Site({"/": talk}), "/", use_stealth=stealth, idle_timeout_s=1, total_timeout_s=1
    )

    assert result.kind == "body_timeout"
    assert "total_timeout_s" in result.message


@pytest.mark.parametrize("length", [b"", b"Content-Length: 900\r\n"])
def test_a_reset_within_the_body_is_no_page(kit, stealth, length):
    site = kit.Site({"/": then_reset(OK + length + b"\r\nhello", kit)})

    [result] = kit.visit(site, "/", use_stealth=stealth)

    assert result.kind in {"reset", "truncated"}, result


GOOD_BODIES = {
    "gzip": ("gzip", GZIP),
    "x-gzip": ("x-gzip", GZIP),
    "upper case": ("GZip", GZIP),
    "two members": ("gzip", gzip.compress(HTML[:100]) + gzip.compress(HTML[100:])),
    "trailing bytes": ("gzip", GZIP + b"\0" * 50 + b"anything"),
    "twice": ("gzip, gzip", gzip.compress(GZIP)),
    "deflate with zlib's header": ("deflate", zlib.compress(HTML)),
    "raw deflate": ("deflate", zlib.compress(HTML)[2:-4]),
    "brotli": ("br", brotli.compress(HTML)),
    "zstd": ("zstd", zstd.compress(HTML)),
    "two frames": ("zstd", zstd.compress(HTML[:100]) + zstd.compress(HTML[100:])),
    "identity": ("identity", HTML),
    "mixed": ("br, gzip", gzip.compress(brotli.compress(HTML))),
}


@pytest.mark.parametrize("name", GOOD_BODIES)
def test_every_coding_that_is_asked_for_is_undone(kit, stealth, name):
    coding, body = GOOD_BODIES[name]

    [result] = kit.visit(kit.Site({"/": encoded(coding, body)}), "/", use_stealth=stealth)

    assert isinstance(result, Response), result
    assert result.body == HTML


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 304 Not Modified\r\nContent-Length: 90\r\n\r\n",
        OK + b"Content-Length: 0\r\n\r\n",
        OK + b"Content-Encoding: gzip\r\nContent-Length: 0\r\n\r\n",
    ],
)
def test_an_answer_without_a_body_is_an_answer(kit, stealth, answer):
    [result] = kit.visit(kit.Site({"/": answer}), "/", use_stealth=stealth)

    assert isinstance(result, Response), result
    assert result.body == b""


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
