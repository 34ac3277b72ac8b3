"""Content-Encodings: every honest one, damaged ones, and bombs.

A bomb is 30 MB or more of nothing where 2 MB are allowed; some hundred bytes of it are on the way.
"""

from __future__ import annotations

import gzip
import sys
import zlib
from collections.abc import Callable
from functools import cache

from scrapeq.testing.hostile.case import SMALL, Case
from scrapeq.testing.hostile.script import OK, Asked, Script, Send, answer, html, says

_TITLE = "what was compressed"
_PAGE = html(_TITLE, "Words that were compressed come back as they were. " * 40).encode()
_BOMB_BYTES = 30_000_000
_GZIP = gzip.compress(_PAGE, mtime=0)


def _brotli(data: bytes) -> bytes:
    import brotli  # type: ignore[import-untyped] # it ships no types

    compressed: bytes = brotli.compress(data, quality=5)
    return compressed


def _zstd(data: bytes, window_log: int = 0) -> bytes:
    """zstd with a window of 2 to the power of `window_log` bytes; 0: as the library likes."""
    if sys.version_info >= (3, 14):  # pragma: no cover - the other branch is the backport of this
        from compression import zstd
    else:
        from backports import zstd

    return zstd.compress(data, options={zstd.CompressionParameter.window_log: window_log})


def _raw_deflate(data: bytes) -> bytes:
    return zlib.compress(data)[2:-4]


def _encoded(coding: str, body: bytes) -> Script:
    return says(body, f"Content-Encoding: {coding}")


def _honest(name: str, what: str, coding: str, body: Callable[[], bytes]) -> Case:
    return Case(f"encoding-{name}", what, "ok", lambda _: _encoded(coding, body()), title=_TITLE)


def _broken(name: str, what: str, ends: str, coding: str, body: Callable[[], bytes]) -> Case:
    return Case(f"encoding-{name}", what, ends, lambda _: _encoded(coding, body()))


def _bomb(name: str, what: str, coding: str, body: Callable[[], bytes]) -> Case:
    made = cache(body)

    def script(_: Asked) -> Script:
        return (Send(answer(made(), f"Content-Encoding: {coding}")),)

    return Case(f"encoding-{name}bomb", what, "too_large", script, options=SMALL)


_HONEST = (
    _honest("gzip", "gzip.", "gzip", lambda: _GZIP),
    _honest("xgzip", "gzip by its old name.", "x-gzip", lambda: _GZIP),
    _honest("uppercase", "gzip in capitals.", "GZip", lambda: _GZIP),
    _honest(
        "members",
        "gzip in two members.",
        "gzip",
        lambda: gzip.compress(_PAGE[:99]) + gzip.compress(_PAGE[99:]),
    ),
    _honest("tail", "Bytes after the end of gzip.", "gzip", lambda: _GZIP + b"\0" * 50 + b"else"),
    _honest("twice", "gzip within gzip.", "gzip, gzip", lambda: gzip.compress(_GZIP)),
    _honest("zlib", "deflate, with zlib's header.", "deflate", lambda: zlib.compress(_PAGE)),
    _honest("rawdeflate", "deflate without it.", "deflate", lambda: _raw_deflate(_PAGE)),
    _honest("br", "brotli.", "br", lambda: _brotli(_PAGE)),
    _honest("zstd", "zstd.", "zstd", lambda: _zstd(_PAGE)),
    _honest(
        "frames",
        "zstd in two frames.",
        "zstd",
        lambda: _zstd(_PAGE[:99]) + _zstd(_PAGE[99:]),
    ),
    _honest("identity", "The coding that is none.", "identity", lambda: _PAGE),
    _honest("mixed", "brotli within gzip.", "br, gzip", lambda: gzip.compress(_brotli(_PAGE))),
    _honest("none", "The word for no coding.", "none", lambda: _PAGE),
    _honest("charset", "A charset where the coding should be.", "utf-8", lambda: _PAGE),
    _honest("nocoding", "An empty Content-Encoding.", " , ", lambda: _PAGE),
    Case(
        "encoding-twofields",
        "Two fields, a coding in each.",
        "ok",
        lambda _: says(
            gzip.compress(_brotli(_PAGE)), "Content-Encoding: br", "Content-Encoding: gzip"
        ),
        title=_TITLE,
    ),
)

_BROKEN = (
    _broken("gzipcut", "gzip that ends too early.", "truncated", "gzip", lambda: _GZIP[:-20]),
    _broken(
        "deflatecut",
        "deflate that ends too early.",
        "truncated",
        "deflate",
        lambda: zlib.compress(_PAGE)[:-5],
    ),
    _broken("brcut", "brotli that ends too early.", "truncated", "br", lambda: _brotli(_PAGE)[:-5]),
    _broken("zstdcut", "zstd that ends too early.", "truncated", "zstd", lambda: _zstd(_PAGE)[:-5]),
    Case(
        "encoding-gzipcutchunked",
        "gzip that ends too early, in chunks that are complete.",
        "truncated",
        (
            Send(
                OK
                + b"Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"
                + b"%x\r\n%s\r\n0\r\n\r\n" % (len(_GZIP) - 20, _GZIP[:-20])
            ),
        ),
    ),
    Case(
        "encoding-gzipcutuntilend",
        "gzip that ends too early, with the connection.",
        "truncated",
        (Send(OK + b"Content-Encoding: gzip\r\n\r\n" + _GZIP[:-20]),),
    ),
    _broken(
        "corrupt",
        "gzip with damage in the middle.",
        "decode",
        "gzip",
        lambda: _GZIP[:20] + b"\xff" * 20 + _GZIP[40:],
    ),
    _broken(
        "checksum",
        "gzip whose checksum is wrong.",
        "decode",
        "gzip",
        lambda: _GZIP[:-8] + b"12345678",
    ),
    _broken("gzipplain", "HTML that is called gzip.", "decode", "gzip", lambda: _PAGE),
    _broken("brplain", "HTML that is called brotli.", "decode or truncated", "br", lambda: _PAGE),
    _broken("zstdplain", "HTML that is called zstd.", "decode", "zstd", lambda: _PAGE),
    _broken("mislabelled", "gzip that is called brotli.", "decode", "br", lambda: _GZIP),
    _broken("unknown", "A coding that nobody knows.", "decode", "rot13", lambda: _PAGE),
    _broken(
        "compress", "A coding that nobody undoes any more.", "decode", "compress", lambda: _PAGE
    ),
    _broken("layers", "Twenty layers of gzip.", "decode", ", ".join(["gzip"] * 20), lambda: _GZIP),
    _broken(
        "window",
        "zstd with a window of 128 MB, where RFC 9659 allows 8.",
        "decode",
        "zstd",
        cache(lambda: _zstd(bytes(range(256)) * 60_000, window_log=27)),
    ),
)

_BOMBS = (
    _bomb("gzip", "30 KB of gzip.", "gzip", lambda: gzip.compress(bytes(_BOMB_BYTES))),
    _bomb("deflate", "30 KB of deflate.", "deflate", lambda: zlib.compress(bytes(_BOMB_BYTES))),
    _bomb(
        "rawdeflate",
        "The same without a header.",
        "deflate",
        lambda: _raw_deflate(bytes(_BOMB_BYTES)),
    ),
    _bomb("br", "A few bytes of brotli.", "br", lambda: _brotli(bytes(_BOMB_BYTES))),
    _bomb("zstd", "A few KB of zstd.", "zstd", lambda: _zstd(bytes(_BOMB_BYTES))),
    _bomb(
        "double",
        "A bomb within a bomb.",
        "gzip, gzip",
        lambda: gzip.compress(gzip.compress(bytes(_BOMB_BYTES))),
    ),
    _bomb(
        "mixed",
        "brotli within zstd within gzip.",
        "br, zstd, gzip",
        lambda: gzip.compress(_zstd(_brotli(bytes(_BOMB_BYTES)))),
    ),
    _bomb(
        "members",
        "Thirty members of a MB each.",
        "gzip",
        lambda: gzip.compress(bytes(1_000_000)) * 30,
    ),
    Case(
        "encoding-emptymembers",
        "Empty members of gzip without end, which decode to nothing.",
        "too_large or decode",
        lambda _: (
            Send(OK + b"Content-Encoding: gzip\r\n\r\n"),
            Send(gzip.compress(b"") * 100, times=None),
        ),
        options=SMALL,
    ),
    Case(
        "encoding-tailwithoutend",
        "A page in gzip, and behind it bytes without end.",
        "too_large",
        (Send(OK + b"Content-Encoding: gzip\r\n\r\n" + _GZIP), Send(bytes(9999), times=None)),
        options=SMALL,
    ),
)

CASES = (*_HONEST, *_BROKEN, *_BOMBS)
