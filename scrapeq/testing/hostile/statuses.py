"""Statuses: what each means for the row, and whether it is asked for again."""

from __future__ import annotations

from scrapeq.testing.hostile.case import AGAIN, Case
from scrapeq.testing.hostile.script import Keep, Send, answer, html, in_turn, says

_FINE = says(html("fine in the end"))
_SORRY = html("sorry")


def _status(status: int, ends: str, *fields: str, name: str = "", what: str = "") -> Case:
    return Case(
        f"status-{name or status}",
        what or f"A page with the status {status}.",
        ends,
        says(_SORRY, *fields, status=status),
    )


def _retry_after(name: str, value: str, ends: str = "rate_limited", status: int = 503) -> Case:
    shown = value if len(value) < 40 else f"{value[:37]}..."
    return _status(
        status,
        ends,
        f"Retry-After: {value}",
        name=f"retryafter{name}",
        what=f"{status} with the Retry-After {shown!r}.",
    )


CASES = (
    *(_status(status, "http_4xx") for status in (400, 401, 403, 404, 405, 408, 410, 418, 451, 499)),
    *(_status(status, "http_5xx") for status in (500, 501, 502, 503, 504, 520, 599)),
    _status(429, "rate_limited"),
    _status(600, "http_5xx", what="A status that is none, 600."),
    _status(999, "http_5xx", what="A status that is none, 999."),
    Case("status-203", "203, a page like any other.", "ok", says(html("like any other"), status=203), title="like any other"),
    Case("status-206", "206, a part that nobody asked for.", "ok", says(html("a part"), status=206), title="a part"),
    Case("status-phrase", "404 with markup for a phrase.", "http_4xx", says(_SORRY, status=404, phrase="<script>alert(1)</script>")),
    _retry_after("seconds", "120"),
    _retry_after("zero", "0"),
    _retry_after("huge", "999999999999"),
    _retry_after("date", "Fri, 31 Dec 2100 23:59:59 GMT"),
    _retry_after("past", "Fri, 31 Dec 1999 23:59:59 GMT"),
    _retry_after("rfc850", "Friday, 31-Dec-99 23:59:59 GMT"),
    _retry_after("asctime", "Fri Dec 31 23:59:59 1999"),
    _retry_after("429", "7", status=429),
    _retry_after("negative", "-5", "http_5xx"),
    _retry_after("fraction", "1.5", "http_5xx"),
    _retry_after("word", "soon", "http_5xx"),
    _retry_after("empty", "", "http_5xx"),
    _retry_after("digits", "9" * 400, "http_5xx"),
    _retry_after("404", "120", "http_4xx", status=404),
    Case(
        "status-flaky",
        "503 twice, then fine.",
        "ok",
        in_turn(says(_SORRY, status=503), says(_SORRY, status=503), _FINE),
        options=AGAIN,
        title="fine in the end",
    ),
    Case(
        "status-flakyconnection",
        "The connection ends without an answer, then a reset, then fine.",
        "ok",
        in_turn((), (Send(b"HTTP/1.1 200 OK\r\n"),), _FINE),
        options=AGAIN,
        title="fine in the end",
    ),
    Case(
        "status-flakybody",
        "A page that is cut short, then the whole of it.",
        "ok",
        in_turn((Send(answer(_SORRY.encode())[:-9]),), _FINE),
        options=AGAIN,
        title="fine in the end",
    ),
    Case(
        "status-limited",
        "429 with Retry-After: 0, then fine.",
        "ok",
        in_turn(says(_SORRY, "Retry-After: 0", status=429), _FINE),
        options=AGAIN,
        title="fine in the end",
    ),
    Case(
        "status-neverfine",
        "500 each time.",
        "http_5xx",
        says(_SORRY, status=500),
        options=AGAIN,
    ),
    Case(
        "status-capped",
        "Retry-After: a year, of which a tenth of a second is waited for.",
        "ok",
        in_turn(says(_SORRY, "Retry-After: 31536000", status=503), _FINE),
        options={**AGAIN, "retry_after_cap_s": 0.1},
        title="fine in the end",
    ),
    Case(
        "status-pipelined",
        "Two answers to one request; the second is nobody's.",
        "ok",
        (Send(answer(html("the first").encode()) + answer(html("the second").encode())), Keep()),
        title="the first",
    ),
)  # fmt: skip
