"""Redirects: chains, loops, what goes along, and where they may not lead."""

from __future__ import annotations

from collections.abc import Callable

from scrapeq.testing.hostile.case import Case
from scrapeq.testing.hostile.script import Asked, Script, html, leads, says

_SECRETS = {
    "headers": {"Authorization": "Bearer s3cret", "X-Api-Key": "s3cret"},
    "cookies": {"session": "s3cret"},
}


def _chain(links: int, status: int = 302) -> Callable[[Asked], Script]:
    """So many redirects, then a page; the path says how many there were."""

    def script(asked: Asked) -> Script:
        done = int(asked.path[1:] or 0)
        arrived = done == links
        return says(html("arrived")) if arrived else leads(f"/{done + 1}", status=status)

    return script


def _once(place: str, *fields: str) -> Callable[[Asked], Script]:
    """One redirect from the front page; whatever else is asked for is a page called after it."""

    def script(asked: Asked) -> Script:
        if asked.path != "/":
            return says(html(asked.path))
        return leads(place.replace("{plain}", str(asked.ports["plain"])), *fields)

    return script


def _cookie_wall(asked: Asked) -> Script:
    if "seen=yes" in asked.headers.get("cookie", ""):
        return says(html("inside"))
    return leads("/", "Set-Cookie: seen=yes; Path=/")


def _counting_cookies(asked: Asked) -> Script:
    return leads("/", f"Set-Cookie: n={asked.visit}; Path=/")


def _bomb_of_cookies(asked: Asked) -> Script:
    if asked.path == "/":
        bombs = [f"Set-Cookie: c{number}={'x' * 3000}" for number in range(60)]
        return leads("/after", *bombs, "Set-Cookie: fat=" + "x" * 5000)
    sent = asked.headers.get("cookie", "")
    return says(
        html("none of it came back" if "fat=" not in sent and len(sent) < 160_000 else sent)
    )


def _to_another_origin(asked: Asked) -> Script:
    """Credentials are for the origin that they were given for."""
    has_secret = "s3cret" in str(asked.headers) or "authorization" in asked.headers
    if asked.host.startswith("elsewhere."):
        return says(html("told everything" if has_secret else "told nothing"))
    if not has_secret:
        return says(html("was not told at home"))
    return leads(f"http://elsewhere.{asked.host}/")


def _within_its_origin(asked: Asked) -> Script:
    if asked.path == "/":
        return leads("/there")
    return says(html("told again" if "s3cret" in str(asked.headers) else "not told"))


_FOLLOWED = (
    *(
        Case(f"redirect-{status}", f"One redirect, {status}.", "ok", _chain(1, status), title="arrived")
        for status in (301, 302, 303, 307, 308)
    ),
    Case("redirect-chain", "Twenty redirects, as many as browsers follow.", "ok", _chain(20), title="arrived"),
    Case(
        "redirect-relative",
        "To a place relative to the page.",
        "ok",
        _once("a/../b/./c?d=1#part"),
        title="/b/c?d=1",
    ),
    Case("redirect-query", "To nothing but a query.", "ok", _once("?page=2"), title="/?page=2"),
    Case(
        "redirect-schemeless",
        "To a host without a scheme.",
        "ok",
        _once("//redirect-schemeless.localhost:{plain}/there"),
        title="/there",
    ),
    Case("redirect-backslash", "To a path with backslashes.", "ok", _once("\\a\\b"), title="/a/b"),
    Case("redirect-utf8", "To raw UTF-8.", "ok", _once("/größe?ü"), title="/gr%C3%B6%C3%9Fe?%C3%BC"),
    Case("redirect-spaces", "To a place with spaces around and within.", "ok", _once("  /a b  "), title="/a%20b"),
    Case("redirect-cookiewall", "Round in a circle until its cookie comes back.", "ok", _cookie_wall, title="inside"),
    Case(
        "redirect-cookiebomb",
        "Sixty cookies of 3 KB and a fat one, to be sent back.",
        "ok",
        _bomb_of_cookies,
        title="none of it came back",
    ),
    Case(
        "redirect-credentials",
        "To another origin, which is told no password, cookie or key.",
        "ok",
        _to_another_origin,
        options=_SECRETS,
        title="told nothing",
    ),
    Case(
        "redirect-userinfo",
        "To another origin, from a URL with a user name and password.",
        "ok",
        _to_another_origin,
        url="http://somebody:password@{name}.localhost:{plain}/",
        title="told nothing",
    ),
    Case(
        "redirect-samehost",
        "To the same origin, which is told everything again.",
        "ok",
        _within_its_origin,
        options=_SECRETS,
        title="told again",
    ),
    Case(
        "redirect-300",
        "300 with a page: a list to choose from, not a redirect.",
        "ok",
        says(html("choose"), "Location: /elsewhere", status=300),
        title="choose",
    ),
)  # fmt: skip

_NOWHERE = (
    Case("redirect-toolong", "Twenty-one redirects.", "redirects", _chain(21)),
    Case("redirect-endless", "A chain that never ends.", "redirects", _chain(1_000_000)),
    Case("redirect-itself", "To itself.", "redirects", leads("/")),
    Case(
        "redirect-pair",
        "Two pages, each to the other.",
        "redirects",
        lambda asked: leads("/b" if asked.path == "/a" else "/a"),
    ),
    Case(
        "redirect-cookieloop",
        "To itself, with another cookie each time.",
        "redirects",
        _counting_cookies,
    ),
    Case("redirect-noplace", "Without a place.", "redirects", says(status=302)),
    Case("redirect-empty", "To an empty place.", "redirects", leads("")),
    Case(
        "redirect-twoplaces",
        "To two places.",
        "protocol",
        says(b"", "Location: /a", "Location: /b", status=302),
    ),
    Case("redirect-nohost", "To a URL without a host.", "redirects", leads("http://")),
    Case("redirect-badhost", "To a broken IPv6 address.", "redirects", leads("http://[::1")),
    Case("redirect-badport", "To a port that cannot be.", "redirects", leads("http://a.test:99999/")),
    Case("redirect-longplace", "To a URL of 9 KB.", "redirects", leads("/" + "a" * 9000)),
    Case("redirect-unknown", "To a name without an address.", "dns", leads("http://nothing.invalid/")),
    Case("redirect-file", "To a file.", "scheme", leads("file:///etc/passwd")),
    Case("redirect-ftp", "To ftp.", "scheme", leads("ftp://127.0.0.1/")),
    Case("redirect-data", "To a data: URL.", "scheme", leads("data:text/html,<h1>hello</h1>")),
    Case("redirect-javascript", "To a script.", "scheme", leads("javascript:alert(1)")),
    Case("redirect-gopher", "To gopher, which speaks to any port.", "scheme", leads("gopher://127.0.0.1:6379/_FLUSHALL")),
    Case("redirect-mailto", "To an e-mail address.", "scheme", leads("mailto:a@b.test")),
    Case("redirect-dict", "To a dictionary server.", "scheme", leads("dict://127.0.0.1:11211/stats")),
    Case("redirect-blob", "To a browser's own memory.", "scheme", leads("blob:http://a.test/1")),
    Case("redirect-toerror", "To a page that is gone.", "http_4xx", lambda asked: leads("/gone") if asked.path == "/" else says(status=410)),
)  # fmt: skip

CASES = (*_FOLLOWED, *_NOWHERE)
