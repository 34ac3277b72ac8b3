"""The cookies of one fetch: they live from redirect to redirect and no longer."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from http.cookies import CookieError, Morsel

import aiohttp
from yarl import URL

#: RFC 6265, section 6.1: what a browser should at least keep. More than that is a cookie bomb.
MAX_COOKIE_BYTES = 4096
MAX_COOKIES = 50


class Cookies:
    """A jar that is made when the first cookie comes."""

    def __init__(self) -> None:
        self._jar: aiohttp.CookieJar | None = None
        self._taken = 0

    def take(self, url: str, set_cookies: Iterable[str]) -> None:
        """Keep what the answer of `url` sets; what is too large or too much is left out."""
        fit = [line for line in set_cookies if len(line) <= MAX_COOKIE_BYTES and _is_cookie(line)]
        fit = fit[: MAX_COOKIES - self._taken]
        self._taken += len(fit)
        if not fit:
            return
        if self._jar is None:
            self._jar = aiohttp.CookieJar(unsafe=True, quote_cookie=False)  # also for IP addresses
        for line in fit:
            with suppress(CookieError, ValueError, OverflowError):  # strangers write the dates
                self._jar.update_cookies_from_headers([line], URL(url, encoded=True))

    def header(self, url: str) -> str:
        """The Cookie header for `url`; "" if there is nothing to say."""
        if self._jar is None:
            return ""
        sent = self._jar.filter_cookies(URL(url, encoded=True))
        return "; ".join(f"{cookie.key}={cookie.value}" for cookie in sent.values())


def _is_cookie(line: str) -> bool:
    """Whether a Set-Cookie has a name that can be one; aiohttp would log the stranger's text."""
    name = line.partition(";")[0].partition("=")[0].strip()
    try:
        Morsel[str]().set(name, "", "")
    except CookieError:
        return False
    return bool(name)
