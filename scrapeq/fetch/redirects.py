"""One fetch over HTTP: the request, the redirects after it, and what the last response means.

Redirects are followed here and not by a client, because each hop needs what the first one needed:
robots.txt of its origin, a slot of its host, and the guard.
"""

from __future__ import annotations

import base64
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime
from http import HTTPStatus
from urllib.parse import unquote_to_bytes

from yarl import URL

from scrapeq import clock, urls
from scrapeq.errors import ConfigError
from scrapeq.extract.challenge import challenge_by_headers, challenge_in
from scrapeq.fetch import logins
from scrapeq.fetch.cookies import Cookie, Cookies
from scrapeq.fetch.exchange import (
    CHALLENGE_BYTES,
    CHALLENGED,
    REDIRECTS,
    Headers,
    RawResponse,
    Request,
    StaleConnection,
    Transport,
)
from scrapeq.fetch.failed import Failed
from scrapeq.fetch.observe import UNWANTED_BYTES, Observation, Observers
from scrapeq.fetch.protocols import MustWait, Slot
from scrapeq.fetch.refresh import AT_ONCE_S, refresh_of
from scrapeq.fetch.response import Challenged, Response
from scrapeq.fetch.retry import parse_retry_after
from scrapeq.fetch.route import Routes
from scrapeq.fetch.trail import Trail
from scrapeq.fetch.unreached import proxy_name
from scrapeq.fetch.watch import Watch
from scrapeq.models import ErrorKind, Failure, PageKind, ScrapingConfig, reveal

#: The user's headers that another origin may see too: they say what is wanted, not who wants it.
_HARMLESS = frozenset({"accept", "accept-language"})

#: Headers that belong to the connection and not to the user.
_OURS = frozenset(
    {"host", "connection", "content-length", "transfer-encoding", "te", "trailer", "upgrade",
     "expect", "keep-alive", "proxy-connection", "proxy-authorization"}
)  # fmt: skip

#: How often one URL is asked with the same cookies. Some sites lead to the same URL once, while
#: they note something of their own, and then show it; a third answer like the others is a circle.
_SAME_ASKED = 3

#: Client errors that the server itself calls passing: Request Timeout and Too Early.
_PASSING = frozenset({408, 425})
#: Those of a check against robots that a browser may pass.
_SHOWN = frozenset({403, 503})


class HttpFetcher:
    """A `Fetcher` that sends its requests through a transport."""

    def __init__(
        self, transport: Transport, routes: Routes, observers: Observers | None = None
    ) -> None:
        self._transport = transport
        self._routes = routes
        self._observers = observers or Observers()

    async def fetch(
        self,
        url: str,
        config: ScrapingConfig,
        slot: Slot,
        *,
        cut: bool = False,
        trail: Trail | None = None,
        held: Sequence[Cookie] = (),
    ) -> Response | Failure | Trail:
        """The page behind `url`, or why there is none; raises nothing that a server can cause.

        With `cut`, a body that is too large ends at its limit instead of being refused. A Trail
        where the slot says that the next request must wait; with `trail`, it goes on there.
        """
        fetching = _Fetch(
            self._transport,
            self._routes,
            self._observers,
            url=url,
            config=config,
            slot=slot,
            cut=cut,
            trail=trail or Trail(url.partition("#")[0]),
            held=held,
        )
        try:
            async with fetching.watch:
                return await fetching.run()
        except Failed as failed:
            message = failed.message
            if failed.kind is ErrorKind.CONNECT_TIMEOUT and fetching.proxy:
                message += f"; all goes through the proxy {proxy_name(fetching.proxy)}"
            return fetching.fail(failed.kind, message, retryable=failed.retryable)
        except ConfigError as error:  # a secret that is given by name and is not there
            return fetching.fail(ErrorKind.CONFIG, str(error))
        finally:
            fetching.end_observation()

    async def close(self) -> None:
        """Close the transport's connections."""
        await self._transport.close()


class _Fetch:
    """Where one fetch is: the current URL, and what was found on the way."""

    def __init__(
        self,
        transport: Transport,
        routes: Routes,
        observers: Observers,
        *,
        url: str,
        config: ScrapingConfig,
        slot: Slot,
        cut: bool,
        trail: Trail,
        held: Sequence[Cookie],
    ) -> None:
        self.watch = Watch(config, trail.elapsed_s)
        self._transport = transport
        self._routes = routes
        self._config = config
        self._slot = slot
        self._cut = cut
        self.proxy: str | None = None
        self._asked = url
        self._first = url.partition("#")[0]
        self._current = trail.url
        self._led_on = list(trail.redirects)
        self._cookies = Cookies(trail.cookies)
        self._own: dict[str, str] | None = None
        self._held = held
        self._before: Cookies | None = None  # cookies that are there before the visit
        self._observers = observers
        self._observation: Observation | None = None

    async def run(self) -> Response | Failure | Trail:
        """Follow to the end."""
        seen: Counter[tuple[str, str]] = Counter()
        while True:
            cookies = self._cookies.header(self._current)
            if seen[self._current, cookies] >= _SAME_ASKED:
                raise Failed(ErrorKind.REDIRECTS, "the redirects go round in a circle")
            seen[self._current, cookies] += 1
            if refused := await self._take_slot():
                return refused
            fetched_at = clock.now()
            try:
                response = await self._exchange(cookies)
            except StaleConnection:
                self._observe_stale()
                # RFC 9112, section 9.3.1: a GET may be sent again. It is a request like any other.
                if refused := await self._take_slot():
                    return refused
                fetched_at = clock.now()
                response = await self._exchange(cookies, fresh=True)
            if response.status in REDIRECTS:
                self._go(self._location(response))
                continue
            if there := self._refreshed(response, seen):
                self._go(there)
                continue
            return self._judge(response, fetched_at)

    def fail(self, kind: ErrorKind, message: str, *, retryable: bool | None = None) -> Failure:
        """The fetch ends here, in the middle of an exchange or after it."""
        failure = self.failure(kind, message, retryable=retryable)
        if self._observation is not None:
            self._observation.failed(failure)
        return failure

    def end_observation(self) -> None:
        """An exchange that is still open now was given up: the job was stopped, or we failed."""
        if self._observation is not None:
            given_up = "the request was given up in the middle"
            self._observation.failed(self.failure(ErrorKind.CANCELLED, given_up))

    def failure(
        self,
        kind: ErrorKind,
        message: str,
        *,
        http_status: int | None = None,
        retry_after_s: float | None = None,
        retryable: bool | None = None,
        challenge: str | None = None,
    ) -> Failure:
        """A failure at the current place. challenge: the service whose check it is."""
        return Failure(
            kind,
            message,
            http_status=http_status,
            final_url=self._shown,
            retry_after_s=retry_after_s,
            retryable=retryable,
            elapsed_s=self.watch.elapsed_s,
            page_kind=PageKind.CHALLENGE if challenge else None,
            page_kind_signal=f"a check of {challenge}" if challenge else None,
        )

    @property
    def _shown(self) -> str:
        return urls.shown(self._current)

    async def _take_slot(self) -> Failure | Trail | None:
        with self.watch.paused():
            refused = await self._slot(self._current)
        if refused is None:
            return None
        if isinstance(refused, MustWait):
            return Trail(
                self._current,
                tuple(self._led_on),
                self._cookies.kept,
                self.watch.elapsed_s,
                robots=refused.robots,
            )
        elapsed_s = refused.elapsed_s + self.watch.elapsed_s
        return replace(refused, final_url=self._shown, elapsed_s=elapsed_s)

    async def _exchange(self, cookies: str, *, fresh: bool = False) -> RawResponse:
        request = self._request(cookies, fresh=fresh)
        if self._observers:
            self._observation = Observation(self._observers, request, self._secret_headers())
        try:
            response = await self._transport.exchange(request)
        finally:
            self._slot.answered()
        if self._observation is not None:
            self._observation.responded(response)
        return response

    def _on_head(self, status: int, headers: Headers) -> None:
        self._slot.answered()
        if self._observation is not None:
            self._observation.on_head(status, headers)

    def _observe_stale(self) -> None:
        if self._observation is not None:
            closed = "the server had closed the connection; the request is sent again"
            self._observation.failed(self.failure(ErrorKind.RESET, closed))

    def _secret_headers(self) -> frozenset[str]:
        """Names, in lower case, of headers whose values only the server may see."""
        own = {name.lower() for name in self._config.headers} - _HARMLESS
        return frozenset({"cookie", "authorization", *own})

    def _request(self, cookies: str, *, fresh: bool = False) -> Request:
        route = self._routes.route(self._current, self._config)
        self.proxy = route.proxy
        return Request(
            url=self._shown,
            headers=self._headers(cookies),
            max_body_bytes=int(self._config.max_body_mb * 1e6),
            reach=route.reach,
            target=route.target,
            proxy=route.proxy,
            watch=self.watch,
            on_head=self._on_head,
            cut=self._cut,
            fresh=fresh,
            unwanted_bytes=UNWANTED_BYTES if self._observers else 0,
        )

    def _headers(self, cookies: str) -> Mapping[str, str]:
        """Ours, the user's over them, and credentials where they belong."""
        if self._config.storage_state or self._held:
            cookies = self._with_held(cookies)
        if not (self._config.headers or self._config.cookies or cookies or "@" in self._current):
            return self._defaults()  # as most requests are, and at a tenth of the cost
        headers = {name.lower(): (name, value) for name, value in self._defaults().items()}
        if self._own is None:
            self._own = {name: reveal(value) for name, value in self._config.headers.items()}
        at_home = _may_see_credentials(self._first, self._current)
        for name, value in self._own.items():
            if name.lower() not in _OURS and (at_home or name.lower() in _HARMLESS):
                headers[name.lower()] = (name, value)
        if at_home and self._config.cookies:
            own = [f"{name}={reveal(value)}" for name, value in self._config.cookies.items()]
            if "cookie" in headers:
                own.insert(0, headers["cookie"][1])
            headers["cookie"] = ("Cookie", "; ".join(own))
        if cookies:
            before = f"{headers['cookie'][1]}; " if "cookie" in headers else ""
            headers["cookie"] = ("Cookie", before + cookies)
        if "authorization" not in headers and (basic := _basic(self._current)):
            headers["authorization"] = ("Authorization", basic)
        for name, value in headers.values():
            # A value from the environment is seen here first; one transport would send the lines.
            if any(character in value for character in "\r\n\0"):
                raise Failed(
                    ErrorKind.CONFIG,
                    f"the value of the header {name} has a line break; write it on one line",
                )
        return dict(headers.values())

    def _with_held(self, cookies: str) -> str:
        """Cookies of the visit, and before them those of a login and a session that it has not set anew.

        They are not in the visit's jar, because that is kept in Redis while a host is waited for.
        """
        if self._before is None:
            name = self._config.storage_state
            login = logins.load(self._routes.logins, name).cookies if name else ()
            self._before = Cookies([*login, *self._held])
        set_anew = {one.partition("=")[0] for one in cookies.split("; ")}
        kept = [
            one
            for one in self._before.header(self._current).split("; ")
            if one and one.partition("=")[0] not in set_anew
        ]
        return "; ".join([*kept, cookies] if cookies else kept)

    def _defaults(self) -> dict[str, str]:
        defaults = dict(self._transport.default_headers())
        if locale := self._config.locale:  # as Chromium writes it
            language = locale.partition("-")[0]
            rest = f",{language};q=0.9" if language != locale else ""
            defaults["Accept-Language"] = locale + rest
        if self._config.user_agent is not None:
            defaults["User-Agent"] = self._config.user_agent
        return defaults

    def _location(self, response: RawResponse) -> str:
        """Where a redirect leads, or raise Failed."""
        locations = set(response.values("location"))
        if len(locations) > 1:
            raise Failed(ErrorKind.PROTOCOL, "the redirect names more than one place to go")
        if not locations or not (location := locations.pop()):
            raise Failed(ErrorKind.REDIRECTS, "the redirect does not say where to go")
        there = urls.join(self._current, _percent_encoded(location))
        if there is None:
            raise Failed(ErrorKind.REDIRECTS, "the redirect leads to something that is no URL")
        there = there.partition("#")[0]
        if not there.startswith(("http://", "https://")):
            scheme = there.partition(":")[0][:20]
            raise Failed(ErrorKind.SCHEME, f"the redirect leads to a {scheme}: URL")
        self._cookies.take(self._shown, response.values("set-cookie"))
        return there

    def _refreshed(self, response: RawResponse, seen: Counter[tuple[str, str]]) -> str | None:
        """Where a page leads by a refresh that is a redirect; None: it is the page.

        One that leads to no http or https URL does nothing, as in a browser. One that leads back to
        where this try was is followed once, and only if there are other cookies now: some sites set
        a cookie so. Otherwise the page renews itself, and is good.
        """
        if self._cut or response.status >= 400:
            return None
        refresh = refresh_of(response)
        if refresh is None or refresh.delay_s >= AT_ONCE_S:
            return None
        self._cookies.take(self._shown, response.values("set-cookie"))
        base = urls.join(self._current, refresh.base) or self._current
        there = urls.join(base, _percent_encoded(refresh.reference) or self._current)
        there = there.partition("#")[0] if there else ""
        if not there.startswith(("http://", "https://")):
            return None
        before = [cookies for url, cookies in seen if url == there]
        if len(before) > 1 or self._cookies.header(there) in before:
            return None
        return there

    def _go(self, there: str) -> None:
        """Go on at another URL, or raise Failed."""
        if len(self._led_on) >= self._config.max_redirects:
            raise Failed(
                ErrorKind.REDIRECTS,
                f"more than {self._config.max_redirects} redirects (max_redirects)",
            )
        if len(there) > urls.MAX_URL_LENGTH:
            raise Failed(
                ErrorKind.REDIRECTS,
                f"the redirect leads to a URL of {len(there):,} characters; "
                f"more than {urls.MAX_URL_LENGTH:,} are refused",
            )
        self._led_on.append(self._shown)
        self._current = there

    def _judge(self, response: RawResponse, fetched_at: datetime) -> Response | Failure:
        self._cookies.take(self._shown, response.values("set-cookie"))
        if response.status < 400:
            return self._page(response, fetched_at)
        asked_s = next(
            (
                parse_retry_after(value, fetched_at, server_date=_only(response.values("date")))
                for value in response.values("retry-after")
            ),
            None,
        )
        message = f"the server answered {response.status} {_phrase(response.status)}".rstrip()
        challenge = _challenge(response)
        if challenge:
            message += f" with a check against robots ({challenge}), which only a browser can pass"
        if response.status == 429 or (response.status == 503 and asked_s is not None):
            if asked_s is not None:
                message += f" and asks to be left alone for {asked_s:.0f} s"
            return self.failure(
                ErrorKind.RATE_LIMITED,
                message,
                http_status=response.status,
                retry_after_s=asked_s,
                challenge=challenge,
            )
        # RFC 9110, section 15: an invalid status, 600 and up, is treated as a 5xx.
        failure = self.failure(
            ErrorKind.HTTP_4XX if response.status < 500 else ErrorKind.HTTP_5XX,
            message,
            http_status=response.status,
            retryable=True if response.status in _PASSING else None,
            challenge=challenge,
        )
        if not challenge or response.status not in _SHOWN or not response.is_whole:
            return failure
        known = {one.name: getattr(failure, one.name) for one in fields(failure)}
        return Challenged(**known, page=self._page(response, fetched_at))

    def _page(self, response: RawResponse, fetched_at: datetime) -> Response:
        return Response(
            url=self._asked,
            final_url=self._shown,
            http_status=response.status,
            headers=response.headers,
            content_type=next(iter(response.values("content-type")), ""),
            body=response.body,
            redirects=tuple(self._led_on),
            fetched_at=fetched_at,
            elapsed_s=self.watch.elapsed_s,
            cookies=self._cookies.kept,
        )


def _may_see_credentials(first: str, current: str) -> bool:
    """The origin that the credentials were given for, and the same host when it moves to TLS."""
    home, here = urls.origin(first), urls.origin(current)
    return here in {home, home.replace("http://", "https://", 1)}


def _challenge(response: RawResponse) -> str | None:
    """The service whose check an error is; None: it is an error."""
    if response.status not in CHALLENGED:
        return None
    markup = response.body[:CHALLENGE_BYTES].decode("latin-1")
    return challenge_by_headers(response.headers) or challenge_in(markup)


def _only(values: list[str]) -> str:
    return values[0] if len(values) == 1 else ""


def _basic(url: str) -> str | None:
    """The Authorization that a user name and password within a URL stand for (RFC 7617)."""
    parts = URL(url, encoded=True)
    if not parts.raw_user and not parts.raw_password:
        return None
    user = unquote_to_bytes(parts.raw_user or "")
    password = unquote_to_bytes(parts.raw_password or "")
    return "Basic " + base64.b64encode(user + b":" + password).decode()


def _percent_encoded(location: str) -> str:
    """A Location in which raw UTF-8 is written as a URL has it; same meaning, also in a host."""
    return re.sub(
        r"[^\x00-\x7f]+",
        lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode()),
        location,
    )


def _phrase(status: int) -> str:
    """The standard's phrase, never the server's."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
