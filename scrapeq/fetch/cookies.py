"""The cookies of one fetch: they live from redirect to redirect and no longer.

Written after RFC 6265, section 5, because `http.cookies` refuses names that browsers take
(`user[lang]`) and changes values.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Any, NamedTuple, Self

from yarl import URL

from scrapeq import clock

#: RFC 6265, section 6.1: what a browser should at least keep. More than that is a cookie bomb.
MAX_COOKIE_BYTES = 4096
MAX_COOKIES = 50


class Cookie(NamedTuple):
    """host_only: for the host `domain` itself alone, not for those below it. http_only: not for scripts.
    same_site: "Strict", "Lax", "None", or "" where the server does not say."""

    name: str
    value: str
    domain: str
    host_only: bool
    path: str
    secure: bool
    http_only: bool = False
    same_site: str = ""

    @classmethod
    def of_browser(cls, found: Mapping[str, Any]) -> Self:
        """A cookie as a browser tells of it (CDP's, and Playwright's)."""
        domain = found["domain"]
        return cls(
            found["name"],
            found["value"],
            domain.removeprefix(".").lower(),
            not domain.startswith("."),
            found.get("path") or "/",
            bool(found.get("secure")),
            bool(found.get("httpOnly")),
            found.get("sameSite", ""),
        )

    @property
    def is_allowed(self) -> bool:
        """Whether browsers keep it: its name may promise how it was set, and "None" wants TLS.

        RFC 6265bis, sections 5.7 (20 to 22) and 5.6.7. Chromium refuses a whole list of cookies for one that is not.
        """
        name = self.name.lower()
        if name.startswith("__host-") and not (self.host_only and self.path == "/"):
            return False
        return self.secure or not (name.startswith(_PROMISES_TLS) or self.same_site == "None")


_PROMISES_TLS = ("__host-", "__secure-")
_SAME_SITE = {"strict": "Strict", "lax": "Lax", "none": "None"}


class Cookies:
    """A jar for one visit. kept: what it held when the visit was left."""

    def __init__(self, kept: Iterable[Cookie] = ()) -> None:
        self._kept = {(cookie.name, cookie.domain, cookie.path): cookie for cookie in kept}
        self._taken = len(self._kept)

    @property
    def kept(self) -> tuple[Cookie, ...]:
        """All that are in the jar."""
        return tuple(self._kept.values())

    def take(self, url: str, set_cookies: Iterable[str]) -> None:
        """Keep what the answer of `url` sets; what is too large or too much is left out."""
        here = URL(url, encoded=True)
        for line in set_cookies:
            if len(line) > MAX_COOKIE_BYTES or self._taken >= MAX_COOKIES:
                continue
            found = _parse(line, here)
            if found is None:
                continue
            self._taken += 1
            cookie, is_over = found
            key = (cookie.name, cookie.domain, cookie.path)
            if is_over:
                self._kept.pop(key, None)
            else:
                self._kept[key] = cookie

    def header(self, url: str) -> str:
        """The Cookie header for `url` (section 5.4): longer paths first; "" if there is none."""
        if not self._kept:
            return ""
        here = URL(url, encoded=True)
        sent = [cookie for cookie in self._kept.values() if _goes_to(cookie, here)]
        sent.sort(key=lambda cookie: -len(cookie.path))
        return "; ".join(
            f"{cookie.name}={cookie.value}" if cookie.name else cookie.value for cookie in sent
        )


def _parse(line: str, here: URL) -> tuple[Cookie, bool] | None:
    """Section 5.2 and 5.3: the cookie and whether it is over; None if it is to be ignored."""
    pair, _, rest = line.partition(";")
    name, equals, value = pair.partition("=")
    if not equals:
        return None
    name, value = name.strip(" \t"), value.strip(" \t")
    if not name or not (name + value).isprintable():
        return None
    host = (here.raw_host or "").lower()
    domain, path, same_site = "", "", ""
    secure = http_only = False
    max_age: int | None = None
    expires: datetime | None = None
    for attribute in rest.split(";"):
        key, _, written = attribute.partition("=")
        key, written = key.strip(" \t").lower(), written.strip(" \t")
        if key == "domain":
            domain = written.removeprefix(".").lower()
        elif key == "path":
            path = written if written.startswith("/") else ""
        elif key == "secure":
            secure = True
        elif key == "httponly":
            http_only = True
        elif key == "samesite":
            same_site = _SAME_SITE.get(written.lower(), "")
        elif key == "max-age" and _WHOLE.fullmatch(written):
            max_age = int(written)
        elif key == "expires":
            expires = _cookie_date(written) or expires
    if domain and not _domain_matches(host, domain):
        return None
    if domain != host and domain and "." not in domain:  # all of a top-level domain
        return None
    is_over = (
        max_age <= 0 if max_age is not None else expires is not None and expires <= clock.now()
    )
    path = path or _default_path(here)
    cookie = Cookie(name, value, domain or host, not domain, path, secure, http_only, same_site)
    return cookie, is_over


_WHOLE = re.compile(r"-?[0-9]{1,18}")


def _goes_to(cookie: Cookie, here: URL) -> bool:
    host = (here.raw_host or "").lower()
    if not (host == cookie.domain if cookie.host_only else _domain_matches(host, cookie.domain)):
        return False
    if cookie.secure and here.scheme != "https":
        return False
    path = here.raw_path or "/"
    return path == cookie.path or (
        path.startswith(cookie.path)
        and (cookie.path.endswith("/") or path[len(cookie.path)] == "/")
    )


def _domain_matches(host: str, domain: str) -> bool:
    """Section 5.1.3."""
    return host == domain or (host.endswith(f".{domain}") and not _is_address(host))


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _default_path(here: URL) -> str:
    """Section 5.1.4."""
    return (here.raw_path or "/").rpartition("/")[0] or "/"


_DELIMITERS = re.compile(r"[\x09\x20-\x2f\x3b-\x40\x5b-\x60\x7b-\x7e]+")
_TIME = re.compile(r"(\d{1,2}):(\d{1,2}):(\d{1,2})(?!\d)")
_DAY = re.compile(r"(\d{1,2})(?!\d)")
_YEAR = re.compile(r"(\d{2,4})(?!\d)")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def _cookie_date(written: str) -> datetime | None:
    """Section 5.1.1: the parts of a date in whatever order, None if one is missing."""
    time = day = month = year = None
    for token in _DELIMITERS.split(written):
        if time is None and (match := _TIME.match(token)):
            time = [int(part) for part in match.groups()]
        elif day is None and (match := _DAY.match(token)):
            day = int(match[1])
        elif month is None and token[:3].lower() in _MONTHS:
            month = _MONTHS.index(token[:3].lower()) + 1
        elif year is None and (match := _YEAR.match(token)):
            year = int(match[1])
    if time is None or day is None or month is None or year is None:
        return None
    year += 1900 if 70 <= year <= 99 else 2000 if year <= 69 else 0
    if year < 1601:
        return None
    try:
        return datetime(year, month, day, time[0], time[1], time[2], tzinfo=UTC)
    except ValueError:
        return None
