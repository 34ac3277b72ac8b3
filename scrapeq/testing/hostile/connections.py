"""Before a request is answered: names, connections, TLS."""

from __future__ import annotations

from scrapeq.testing.hostile.case import AGAIN, SHORT_CONNECT, SHORT_HEAD, Case
from scrapeq.testing.hostile.script import Asked, Keep, Script, Send, answer, html, says


def _stale(asked: Asked) -> Script:
    """Leave when the same connection is used a second time, as if its keep-alive were over."""
    if asked.path == "/":
        return (Send(answer(b"", "Location: /next", status=302)), Keep())
    return says(html("still there")) if asked.connection == 1 else ()


CASES = (
    Case(
        "connect-refused",
        "Nobody listens on the port.",
        "refused",
        url="http://{name}.localhost:{refused}/",
    ),
    Case(
        "connect-hole",
        "The connection is neither accepted nor refused.",
        "connect_timeout",
        url="http://{name}.localhost:{hole}/",
        options=SHORT_CONNECT,
    ),
    Case(
        "connect-reset",
        "The connection is accepted and reset.",
        "reset",
        url="http://{name}.localhost:{reset}/",
    ),
    Case(
        "connect-shut",
        "The connection is accepted and closed.",
        "reset",
        url="http://{name}.localhost:{shut}/",
    ),
    Case(
        "connect-shut-again",
        "The connection is accepted and closed, each time it is tried.",
        "reset",
        url="http://{name}.localhost:{shut}/",
        options=AGAIN,
    ),
    Case(
        "connect-silent",
        "The connection is accepted, and then there is silence.",
        "header_timeout",
        url="http://{name}.localhost:{silent}/",
        options=SHORT_HEAD,
    ),
    Case(
        "connect-stale",
        "A kept connection is closed when it is used again; a new one is answered.",
        "ok",
        _stale,
        title="still there",
    ),
    Case("connect-unknown", "The name has no address.", "dns", url="http://nothing.invalid/"),
    Case("connect-underscore", "The name is no host's.", "dns", url="http://a_b.invalid/"),
    Case("connect-dots", "The name has an empty label.", "dns", url="http://a..invalid/"),
    Case("connect-onlydots", "The name is nothing but dots.", "dns", url="http://.../"),
    Case("connect-label", "A label has 64 letters.", "dns", url=f"http://{'a' * 64}.invalid/"),
    Case("connect-longname", "The name is 300 long.", "dns", url=f"http://{'a.' * 150}invalid/"),
    Case("connect-punycode", "The name is broken punycode.", "dns", url="http://xn--a-.invalid/"),
    Case("connect-space", "The name has a space.", "dns", url="http://a b.invalid/"),
    Case("connect-percent", "The name has an escaped NUL.", "dns", url="http://a%00b.invalid/"),
    Case(
        "tls-good",
        "A certificate that is in order, for comparison.",
        "ok",
        says(html("in order")),
        url="https://{name}.localhost:{tls}/",
        title="in order",
    ),
    Case(
        "tls-selfsigned",
        "A certificate of an authority that nobody knows.",
        "tls",
        says(html("not to be read")),
        url="https://{name}.localhost:{tls}/",
    ),
    Case(
        "tls-expired",
        "A certificate whose time is over.",
        "tls",
        says(html("not to be read")),
        url="https://{name}.localhost:{tls}/",
    ),
    Case(
        "tls-wronghost",
        "The certificate of somebody else.",
        "tls",
        says(html("not to be read")),
        url="https://{name}.localhost:{tls}/",
    ),
    Case(
        "tls-hanging",
        "A TLS handshake that is never answered.",
        "connect_timeout",
        url="https://{name}.localhost:{silent}/",
        options=SHORT_CONNECT,
    ),
    Case(
        "tls-shut",
        "A TLS handshake that is answered by hanging up.",
        "tls or reset",
        url="https://{name}.localhost:{shut}/",
    ),
    Case(
        "tls-plainport",
        "TLS to a port that speaks plain HTTP.",
        "tls",
        url="https://{name}.localhost:{plain}/",
    ),
    Case(
        "tls-plainrequest",
        "Plain HTTP to a port that speaks TLS.",
        "reset or protocol",
        url="http://{name}.localhost:{tls}/",
    ),
)
