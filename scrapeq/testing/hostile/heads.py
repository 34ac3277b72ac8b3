"""Heads of answers: slow, endless, malformed, and strange but honest."""

from __future__ import annotations

from scrapeq.testing.hostile.case import SHORT_HEAD, Case
from scrapeq.testing.hostile.script import OK, Drip, Hold, Script, Send, html

_PAGE = html("read all the same").encode()
_LENGTH = f"Content-Length: {len(_PAGE)}\r\n".encode()


def _good(*fields: bytes, first: bytes = OK) -> Script:
    """A page behind a strange head."""
    return (Send(first + b"".join(fields) + _LENGTH + b"\r\n" + _PAGE),)


def _broken(name: str, what: str, head: bytes, ends: str = "protocol") -> Case:
    return Case(f"head-{name}", what, ends, (Send(head),))


def _strange(name: str, what: str, script: Script) -> Case:
    return Case(f"head-{name}", what, "ok", script, title="read all the same")


_SLOW = (
    Case(
        "head-slow",
        "The head comes at two bytes a second.",
        "header_timeout",
        (Drip(OK + b"X: y\r\n" * 100),),
        options=SHORT_HEAD,
    ),
    Case(
        "head-half",
        "Half a head, then silence.",
        "header_timeout",
        (Send(OK), Hold()),
        options=SHORT_HEAD,
    ),
    Case(
        "head-slow1xx",
        "Another 103 every half second, and never an answer.",
        "header_timeout",
        (
            Send(b"HTTP/1.1 103 Early Hints\r\n\r\n"),
            Drip(b"HTTP/1.1 103 Early Hints\r\n\r\n", 0.02),
        ),
        options=SHORT_HEAD,
    ),
    Case(
        "head-endlessfield",
        "A field whose value has no end.",
        "protocol",
        (Send(OK + b"X-A: "), Send(b"a" * 4096, times=None)),
    ),
    Case(
        "head-endlessname",
        "A field whose name has no end.",
        "protocol",
        (Send(OK), Send(b"a" * 4096, times=None)),
    ),
    Case(
        "head-endlessfields",
        "Fields without end.",
        "protocol",
        (Send(OK), Send(b"X-A: b\r\n" * 99, times=None)),
    ),
    Case(
        "head-endlessstatus",
        "A status line without end.",
        "protocol",
        (Send(b"HTTP/1.1 200 "), Send(b"O" * 4096, times=None)),
    ),
    Case(
        "head-endless1xx",
        "Answers of 100 without end, as fast as they are read.",
        "protocol",
        (Send(b"HTTP/1.1 100 Continue\r\n\r\n" * 99, times=None),),
    ),
    Case(
        "head-endlessfold",
        "A field that is continued on the next line, without end.",
        "protocol",
        (Send(OK + b"X-A: b\r\n"), Send(b" and on\r\n" * 99, times=None)),
    ),
    Case(
        "head-huge",
        "One field of 300 KB.",
        "protocol",
        (Send(OK + b"X-A: " + b"a" * 300_000 + b"\r\n\r\n"), Hold()),
    ),
    Case(
        "head-many",
        "Forty thousand fields.",
        "protocol",
        (Send(OK + b"X-A: b\r\n" * 40_000 + b"\r\n"), Hold()),
    ),
)

_BROKEN = (
    _broken("cut", "The connection ends within the head.", OK, "reset or protocol"),
    _broken("garbage", "Bytes that are no head.", b"\x00\x01\x02 what is this\r\n\r\n"),
    _broken("garbagestatus", "A status that is a word.", b"HTTP/1.1 abc OK\r\n\r\n"),
    _broken("nostatus", "No status at all.", b"HTTP/1.1\r\n\r\n"),
    _broken("negativestatus", "A status of -200.", b"HTTP/1.1 -200 OK\r\n\r\n"),
    _broken("status099", "A status of 099.", b"HTTP/1.1 099 Hm\r\n\r\n", "protocol or reset"),
    _broken("status0", "A status of 000.", b"HTTP/1.1 000 Hm\r\n\r\n", "protocol or reset"),
    _broken("status1000", "A status of four digits.", b"HTTP/1.1 1000 Hm\r\n\r\n"),
    _broken("version", "A version that is none.", b"HTTP/x.y 200 OK\r\n\r\n"),
    _broken("version9", "HTTP/9.9, which nobody speaks.", b"HTTP/9.9 200 OK\r\n\r\n"),
    _broken("http09", "A page without a head, as in HTTP/0.9.", _PAGE),
    _broken("otherprotocol", "A mail server's greeting.", b"220 mail.test ESMTP\r\n"),
    _broken(
        "upgrade",
        "An upgrade that nobody asked for.",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        "protocol or reset",
    ),
    _broken(
        "twolengths",
        "Two lengths that differ.",
        OK + b"Content-Length: 5\r\nContent-Length: 9\r\n\r\nhello",
    ),
    _broken("negativelength", "A negative length.", OK + b"Content-Length: -5\r\n\r\nhello"),
    _broken("wordlength", "A length that is no number.", OK + b"Content-Length: 5x\r\n\r\nhello"),
    _broken(
        "hugelength",
        "A length of forty digits.",
        OK + b"Content-Length: " + b"9" * 40 + b"\r\n\r\nhello",
        "protocol or too_large",
    ),
    _broken(
        "lengthandchunked",
        "A length beside chunks, with which requests are smuggled.",
        OK + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        "protocol or ok",
    ),
    _broken(
        "samelengths",
        "The same length twice, which RFC 9110 lets a client take or leave.",
        OK + _LENGTH + _LENGTH + b"\r\n" + _PAGE,
        "protocol or ok",
    ),
    _broken(
        "twicechunked",
        "Chunked twice over.",
        OK + b"Transfer-Encoding: chunked, chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        "protocol or ok",
    ),
    _broken("nulvalue", "A NUL within a value.", OK + b"X-A: a\x00b\r\nContent-Length: 0\r\n\r\n"),
    _broken("nulname", "A NUL within a name.", OK + b"X\x00A: b\r\nContent-Length: 0\r\n\r\n"),
    _broken(
        "spacename",
        "A name with a space.",
        OK + b"X A: b\r\nContent-Length: 0\r\n\r\n",
        "protocol or empty",
    ),
    _broken("nocolon", "A line without a colon.", OK + b"what\r\nContent-Length: 0\r\n\r\n"),
    _broken(
        "noname",
        "A field without a name.",
        OK + b": b\r\nContent-Length: 0\r\n\r\n",
        "protocol or empty",
    ),
)

_STRANGE = (
    _strange("folded", "A field folded over two lines.", _good(b"X-A: one\r\n two\r\n")),
    _strange("utf8", "Raw UTF-8 in a value.", _good("X-A: größe\r\n".encode())),
    _strange("latin1", "Raw Latin-1 in a value.", _good(b"X-A: gr\xfc\xdfe\r\n")),
    _strange("controls", "An escape sequence in a value.", _good(b"X-A: \x1b[31mred\x1b[0m\r\n")),
    _strange(
        "barelf",
        "Lines that end in LF alone.",
        (Send(OK.replace(b"\r", b"") + _LENGTH.replace(b"\r", b"") + b"\n" + _PAGE),),
    ),
    _strange("nophrase", "No phrase after the status.", _good(first=OK.replace(b" OK", b""))),
    _strange("longphrase", "A phrase of 8 KB.", _good(first=OK.replace(b"OK", b"O" * 8000))),
    _strange(
        "http10",
        "HTTP/1.0, until the connection ends.",
        (Send(OK.replace(b"1.1", b"1.0") + b"\r\n" + _PAGE),),
    ),
    _strange(
        "untilend", "No length: the page ends with the connection.", (Send(OK + b"\r\n" + _PAGE),)
    ),
    _strange(
        "earlyhints",
        "Three early hints before the answer.",
        _good(first=b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 3 + OK),
    ),
    _strange(
        "binarycookie",
        "A cookie of bytes that are no text.",
        _good(b"Set-Cookie: a=\xff\xfe\x01\r\n"),
    ),
    _strange(
        "badcookies",
        "Cookies that are none.",
        _good(b"Set-Cookie: \xc3\x28;expires=never\r\nSet-Cookie: =;;;\r\nSet-Cookie: a b=c\r\n"),
    ),
    _strange(
        "cookiebomb",
        "Fifty cookies of 4 KB.",
        _good(*(b"Set-Cookie: c%d=" % n + b"x" * 4000 + b"\r\n" for n in range(50))),
    ),
    _strange(
        "markup",
        "Markup in values.",
        _good(b"X-A: <script>alert(1)</script>\r\nServer: =cmd()\r\n"),
    ),
)

CASES = (*_SLOW, *_BROKEN, *_STRANGE)
