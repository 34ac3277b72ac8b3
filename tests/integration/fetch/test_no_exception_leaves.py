"""Whatever bytes a server sends, a fetch ends as a Response or a Failure, and in time."""

from __future__ import annotations

import gzip
import logging
import random

import brotli  # type: ignore[import-untyped] # it ships no types
import pytest

from scrapeq.fetch import Response
from scrapeq.models import Failure

OK = b"HTTP/1.1 200 OK\r\n"
SEEDS = [
    OK + b"Content-Type: text/html\r\nContent-Length: 12\r\n\r\n<html>hello<",
    OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;a=b\r\n world\r\n0\r\nX: y\r\n\r\n",
    OK + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"<p>words</p>" * 50),
    OK + b"Content-Encoding: br, gzip\r\n\r\n" + gzip.compress(brotli.compress(b"words " * 90)),
    b"HTTP/1.1 302 Found\r\nLocation: /next?a=b\r\nSet-Cookie: a=b; Max-Age=9; Path=/\r\n"
    b"Content-Length: 0\r\n\r\n",
    b"HTTP/1.1 503 Busy\r\nRetry-After: Fri, 06 Nov 2026 08:50:37 GMT\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + OK + b"Content-Length: 2\r\n\r\nok",
]
SPICE = [
    *(b"\x00", b"\r", b"\n", b"\r\n\r\n", b":", b" ", b";", b"\xff\xfe", b"\xe2\x80\xae", b"-1"),
    *(b"99999999999999999999", b"chunked", b"gzip, ", b"%00", b"http://[", b"\x1f\x8b\x08", b"="),
    *(b"Content-Length: 7\r\n", b"Location: //\r\n", b"Set-Cookie: \xc3\x28;expires=never\r\n"),
]
ROUNDS = 150


def broken(chance: random.Random) -> bytes:
    """An answer with a few things wrong with it."""
    data = bytearray(chance.choice(SEEDS))
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(data) + 1)
        match chance.randrange(4):
            case 0:
                data[at:at] = chance.choice(SPICE)
            case 1:
                del data[at : at + chance.randint(1, 12)]
            case 2:
                data[at : at + 1] = bytes([chance.randrange(256)])
            case _:
                data[at:at] = data[max(0, at - chance.randint(1, 40)) : at]
    return bytes(data)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_broken_answer_is_an_answer_or_a_failure(kit, stealth, seed, caplog):
    chance = random.Random(seed)

    async def say(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        data = broken(chance)
        cut = chance.randrange(len(data) + 1)
        writer.write(data[:cut])
        await writer.drain()
        writer.write(data[cut:])
        await writer.drain()

    with caplog.at_level(logging.ERROR):
        results = kit.visit(
            kit.Site(raw=say),
            *[f"/{number}" for number in range(ROUNDS)],
            use_stealth=stealth,
            max_redirects=3,
            first_byte_timeout_s=1,
            idle_timeout_s=1,
        )

    assert len(results) == ROUNDS
    assert all(isinstance(result, Response | Failure) for result in results)
    assert len({result.kind for result in results if isinstance(result, Failure)}) >= 4
    for result in results:
        assert not (isinstance(result, Failure) and result.kind in {"internal", "config"}), result
    assert caplog.records == []


def test_noise_is_a_protocol_failure(kit, stealth):
    chance = random.Random(3)

    async def say(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(chance.randbytes(chance.randint(1, 5000)))
        await writer.drain()

    results = kit.visit(
        kit.Site(raw=say),
        *[f"/{number}" for number in range(50)],
        use_stealth=stealth,
        first_byte_timeout_s=1,
    )

    assert {result.kind for result in results} <= {"protocol", "reset"}
