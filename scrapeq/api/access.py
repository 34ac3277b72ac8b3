"""Who may speak with the server: people with a token, as often as is good for all."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from functools import partial

from anyio import BrokenResourceError
from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection, Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from scrapeq.api.people import Tokens
from scrapeq.api.problems import Refusal, answer
from scrapeq.api.sign_in import page, token_of
from scrapeq.api.writes import address_of
from scrapeq.errors import ScrapeqError
from scrapeq.models.person import Person

#: What a page of ours may load and who may frame it: nothing from elsewhere, nobody. Styles stand
#: in attributes of the cards, which are made by our escaping templates.
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; "
    "style-src 'self' 'unsafe-inline'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "Referrer-Policy": "same-origin",  # with no-referrer a form of ours would say that it is nobody's
    "X-Content-Type-Options": "nosniff",
    "Vary": "Authorization, Cookie",
}
#: Seconds of the window in which requests are counted, in each process for itself.
WINDOW_S = 60
#: Tokens that nobody has that one address may send in a window.
MOST_UNKNOWN = 300


class Access:
    """Lets only requests through that carry a token: as `Authorization: Bearer`, in the address of the
    dashboard's page, or, from then on, as a cookie that only this server's own pages send. A browser that
    comes to the dashboard without one is asked for it.

    Everything else is 401; a request that a page of another origin made is 403; more requests in a minute
    than one token may send are 429. The person stands in `request.state.person`.
    """

    def __init__(self, app: ASGIApp, tokens: Tokens, requests_per_minute: int) -> None:
        self._app = app
        self._tokens = tokens
        self._known = Window(requests_per_minute)
        self._unknown = Window(MOST_UNKNOWN)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = HTTPConnection(scope)
        cookie: list[str] = []

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers[name] = value
                headers.setdefault("Cache-Control", "no-store")
                for one in cookie:
                    headers.append("Set-Cookie", one)
            await send(message)

        try:
            if _is_sign_in(request):
                _refuse_other_origins(request)
                token = await token_of(Request(scope, receive))
                await self._known_person([token], request)
                cookie.append(_cookie(request, token))
                await RedirectResponse("/", 303)(scope, receive, send_with_headers)
                return
            person, token = await self._person(request)
            self._known.count(person.token_id)
        except (Refusal, ScrapeqError) as error:
            response = _refused(error, request)
            await response(scope, receive, send_with_headers)
            return
        if _is_first_page(request) and request.query_params.get("token") == token:
            # No redirect: a browser that followed a link to here would not send the cookie there.
            cookie.append(_cookie(request, token))
        scope.setdefault("state", {})["person"] = person
        scope["state"]["still_known"] = partial(self._tokens.find, token)
        try:
            await self._app(scope, receive, send_with_headers)
        except* BrokenResourceError:
            pass  # who followed events has gone

    async def _person(self, request: HTTPConnection) -> tuple[Person, str]:
        """Who sent it, and with which token. Raises Refusal, DatabaseUnavailable."""
        _refuse_other_origins(request)
        scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
        found = [bearer.strip()] if scheme.lower() == "bearer" else []
        found.append(request.cookies.get(_cookie_name(request), ""))
        if _is_first_page(request):
            found.insert(0, request.query_params.get("token", ""))
        return await self._known_person(found, request)

    async def _known_person(
        self, tokens: Sequence[str], request: HTTPConnection
    ) -> tuple[Person, str]:
        for token in tokens:
            if token and (person := await self._tokens.find(token)):
                return person, token
        asks = {"WWW-Authenticate": 'Bearer realm="scrapeq"'}
        if not any(tokens):
            raise Refusal(
                401,
                "this needs a token",
                "send Authorization: Bearer TOKEN, as scrapeq token create or scrapeq dashboard gave it",
                asks,
            )
        self._unknown.count(address_of(request))
        raise Refusal(
            401,
            "nobody has this token; it may have been revoked, or have run out",
            "whoever runs the server makes another: scrapeq token create NAME",
            asks,
        )


def _refuse_other_origins(request: HTTPConnection) -> None:
    here = request.url.netloc
    # A proxy before us may speak TLS with the browser
    ours = {f"{request.url.scheme}://{here}", f"https://{here}"}
    site = request.headers.get("sec-fetch-site", "none")  # same-site: another port of ours
    is_led = site not in {"none", "same-origin"}
    if request.headers.get("origin", f"https://{here}") not in ours or (
        is_led and not _is_first_page(request)  # a link may lead to it
    ):
        raise Refusal(
            403,
            "a page of another origin may not ask this",
            "open this server's own page; a proxy before it has to pass on the Host that it was asked for",
        )


def _refused(error: Refusal | ScrapeqError, request: HTTPConnection) -> Response:
    """What is told to whom nothing is told: a person in a browser is asked for a token."""
    unknown = isinstance(error, Refusal) and error.status_code == 401
    first_page = _is_first_page(request) and "text/html" in request.headers.get("accept", "")
    if unknown and (first_page or _is_sign_in(request)):
        given = _is_sign_in(request) or "token" in request.query_params
        return page(was_wrong=given)
    return answer(error, request.scope["path"])


def _is_sign_in(request: HTTPConnection) -> bool:
    return request.scope["method"] == "POST" and request.url.path == "/"


def _is_first_page(request: HTTPConnection) -> bool:
    return request.scope["method"] == "GET" and request.url.path == "/"


def _cookie(request: HTTPConnection, token: str) -> str:
    by_tls = request.headers.get("origin", request.scope["scheme"]).startswith("https")
    secure = "; Secure" if by_tls else ""
    return f"{_cookie_name(request)}={token}; HttpOnly; Path=/; SameSite=strict{secure}"


def _cookie_name(request: HTTPConnection) -> str:
    return f"scrapeq-{request.url.port}"  # browsers share cookies between ports


class Window:
    """Counts requests by whom they come from, in one window of time after another."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._counts: Counter[str] = Counter()
        self._began_s = 0.0

    def count(self, whose: str) -> None:
        """One more. Raises Refusal (429) where there were too many in this window."""
        now_s = time.monotonic()
        if now_s - self._began_s >= WINDOW_S or not self._began_s:
            self._counts.clear()
            self._began_s = now_s
        self._counts[whose] += 1
        if self._counts[whose] > self._most:
            left_s = max(1, round(self._began_s + WINDOW_S - now_s))
            raise Refusal(
                429,
                f"more than {self._most:,} requests in a minute",
                f"ask again in {left_s} s; a program asks less often where /events tells of a batch by itself",
                {"Retry-After": str(left_s)},
            )
