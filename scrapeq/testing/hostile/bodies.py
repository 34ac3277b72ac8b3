"""Bodies: slow, cut, endless, too large, empty."""

from __future__ import annotations

import gzip

from scrapeq.testing.hostile.case import SHORT_BODY, SMALL, Case
from scrapeq.testing.hostile.script import (
    OK,
    Asked,
    Drip,
    Hold,
    Reset,
    Script,
    Send,
    answer,
    html,
    says,
)

_PAGE = html("the beginning of a page", "words " * 500).encode()
_CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
_PARAGRAPH = b"<p>" + b"words that go on and on, " * 40 + b"</p>\n"


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def _promise(length: int) -> bytes:
    return OK + b"Content-Length: %d\r\n\r\n" % length


def _fifty_mb(_: Asked) -> Script:
    piece = _PARAGRAPH * 1000
    return (Send(_promise(50 * len(piece))), Send(piece, times=50))


_SLOW = (
    Case(
        "body-dripping",
        "Two bytes a second: never silent, never done.",
        "body_timeout",
        (Send(_promise(9000)), Drip(b"x")),
        options=SHORT_BODY,
    ),
    Case(
        "body-drippingchunks",
        "A chunk of one byte, a byte every half second.",
        "body_timeout",
        (Send(_CHUNKED), Drip(_chunk(b"x"))),
        options=SHORT_BODY,
    ),
    Case(
        "body-stalls",
        "The first bytes, then silence.",
        "body_timeout",
        (Send(_promise(9000) + b"<p>hello"), Hold()),
        options=SHORT_BODY,
    ),
    Case(
        "body-stallsatonce",
        "A head, and then silence.",
        "body_timeout",
        (Send(_promise(9000)), Hold()),
        options=SHORT_BODY,
    ),
    Case(
        "body-stallschunked",
        "Chunks without the last one, then silence.",
        "body_timeout",
        (Send(_CHUNKED + _chunk(_PAGE)), Hold()),
        options=SHORT_BODY,
    ),
    Case(
        "body-stallsgzip",
        "Half of something compressed, then silence.",
        "body_timeout",
        (Send(OK + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(_PAGE)[:-20]), Hold()),
        options=SHORT_BODY,
    ),
)

_CUT = (
    Case(
        "body-short",
        "Half of what the length says.",
        "truncated",
        (Send(_promise(2 * len(_PAGE)) + _PAGE),),
    ),
    Case(
        "body-shortnothing",
        "Nothing of what the length says.",
        "truncated",
        (Send(_promise(900)),),
    ),
    Case(
        "body-shortchunk",
        "The connection ends within a chunk.",
        "truncated or reset",
        (Send(_CHUNKED + b"5000\r\n" + _PAGE),),
    ),
    Case(
        "body-nolastchunk",
        "The connection ends without the last chunk.",
        "truncated or reset",
        (Send(_CHUNKED + _chunk(_PAGE)),),
    ),
    Case(
        "body-badchunk",
        "A chunk whose size is no number.",
        "protocol or reset",
        (Send(_CHUNKED + _chunk(_PAGE) + b"xyz\r\nhello\r\n0\r\n\r\n"),),
    ),
    Case(
        "body-badchunklater",
        "The same, a while after the chunks before it.",
        "protocol or reset",
        (Send(_CHUNKED + _chunk(_PAGE)), Drip(b"xyz", 0.2)),
    ),
    Case(
        "body-negativechunk",
        "A chunk of -5 bytes.",
        "protocol or reset",
        (Send(_CHUNKED + b"-5\r\nhello\r\n0\r\n\r\n"),),
    ),
    Case(
        "body-hugechunk",
        "A chunk of more bytes than a number can count.",
        "protocol or reset or too_large or truncated",
        (Send(_CHUNKED + b"f" * 40 + b"\r\nhello"),),
    ),
    Case(
        "body-reset",
        "A reset in the middle of what the length says.",
        "reset or truncated",
        (Send(_promise(2 * len(_PAGE)) + _PAGE), Reset()),
    ),
    Case(
        "body-resetuntilend",
        "A reset where the end of the connection would be the end of the page.",
        "reset or truncated",
        (Send(OK + b"\r\n" + _PAGE), Reset()),
    ),
    Case(
        "body-resetchunked",
        "A reset between two chunks.",
        "reset or truncated",
        (Send(_CHUNKED + _chunk(_PAGE)), Reset()),
    ),
)

_LARGE = (
    Case(
        "body-endless",
        "A page without end.",
        "too_large",
        (Send(OK + b"\r\n"), Send(_PARAGRAPH * 60, times=None)),
        options=SMALL,
    ),
    Case(
        "body-endlesschunks",
        "Chunks without end.",
        "too_large",
        (Send(_CHUNKED), Send(_chunk(_PARAGRAPH) * 60, times=None)),
        options=SMALL,
    ),
    Case(
        "body-onebytechunks",
        "Chunks of one byte without end: all work and no page.",
        "protocol",
        (Send(_CHUNKED), Send(_chunk(b"a") * 9999, times=None)),
    ),
    Case(
        "body-endlessextension",
        "A chunk whose extension has no end.",
        "protocol or body_timeout",
        (Send(_CHUNKED + b"5;a="), Send(b"a" * 9999, times=None)),
        options=SHORT_BODY,
    ),
    Case(
        "body-endlesstrailers",
        "Trailers without end behind a complete page.",
        "protocol or reset or too_large",
        (Send(_CHUNKED + _chunk(_PAGE) + b"0\r\n"), Send(b"X-A: b\r\n" * 999, times=None)),
    ),
    Case(
        "body-promise",
        "A promise of 100 GB, and five bytes.",
        "too_large",
        (Send(_promise(100_000_000_000) + b"hello"), Hold()),
    ),
    Case("body-50mb", "50 MB of HTML, honestly said.", "too_large", _fifty_mb),
    Case(
        "body-50mbchunked",
        "50 MB of HTML in chunks, so that nobody knows before.",
        "too_large",
        (Send(_CHUNKED), Send(_chunk(_PARAGRAPH * 60), times=1000), Send(b"0\r\n\r\n")),
    ),
    Case(
        "body-errorpage",
        "An error whose page has no end: nobody reads it.",
        "http_4xx",
        (Send(answer(status=404, length=False)), Send(_PARAGRAPH * 60, times=None)),
    ),
    Case(
        "body-redirectpage",
        "A redirect whose page has no end: nobody reads it.",
        "ok",
        lambda asked: (
            (
                Send(answer(b"", "Location: /there", status=302, length=False)),
                Send(_PARAGRAPH * 60, times=None),
            )
            if asked.path == "/"
            else says(html("there"))
        ),
        title="there",
    ),
)

_EMPTY = (
    Case("body-empty", "200 and no byte.", "empty", says()),
    Case("body-blank", "Nothing but white space.", "empty", says(b" \r\n\t \n" * 50)),
    Case("body-onlymark", "Nothing but a byte order mark.", "empty", says(b"\xef\xbb\xbf")),
    Case("body-nuls", "Nothing but NULs.", "empty", says(bytes(2000))),
    Case(
        "body-emptygzip", "Nothing, said to be gzip.", "empty", says(b"", "Content-Encoding: gzip")
    ),
    Case(
        "body-gzippednothing",
        "Nothing, compressed with care.",
        "empty",
        says(gzip.compress(b""), "Content-Encoding: gzip"),
    ),
    Case("body-204", "204 No Content.", "empty", (Send(b"HTTP/1.1 204 No Content\r\n\r\n"),)),
    Case(
        "body-204page",
        "204 with a page behind it, which is none.",
        "empty",
        (Send(answer(_PAGE, status=204)),),
    ),
    Case("body-205", "205 Reset Content.", "empty", says(status=205)),
    Case(
        "body-304",
        "304 that nobody asked for, with the length of what it does not send.",
        "empty",
        (Send(b"HTTP/1.1 304 Not Modified\r\nContent-Length: 90\r\n\r\n"),),
    ),
    Case(
        "body-more",
        "More than the length says: the page ends where it said.",
        "ok",
        (Send(answer(html("as long as it said").encode()) + b"<h1>and more</h1>"),),
        title="as long as it said",
    ),
    Case(
        "body-trailers",
        "Chunks with extensions, and a trailer.",
        "ok",
        (
            Send(
                _CHUNKED
                + b'28;a="b;c"\r\n<!doctype html><html><title>in pieces</t\r\n'
                + b"4\r\nitle\r\n1\r\n>\r\n0\r\nX-Checksum: 1\r\n\r\n"
            ),
        ),
        title="in pieces",
    ),
)

CASES = (*_SLOW, *_CUT, *_LARGE, *_EMPTY)
