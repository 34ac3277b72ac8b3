"""Who may speak with the server: pages of this machine that know the token."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable

from fastapi import FastAPI, Request
from fastapi.responses import PlainTextResponse, Response
from starlette.middleware.trustedhost import TrustedHostMiddleware

#: What a page of ours may load and who may frame it: nothing from elsewhere, nobody. Styles stand
#: in attributes of the cards, which are made by our escaping templates.
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; "
    "style-src 'self' 'unsafe-inline'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
#: A page that another name leads to (DNS rebinding) is refused.
_HOSTS = ["127.0.0.1", "localhost"]


def guard(app: FastAPI, token: str) -> None:
    """Let only requests through that carry the token: in the address of the first page, then as a
    cookie that only this server's own pages send, or as `Authorization: Bearer`.

    Everything else is 401; a request that a page of another origin made is 403.
    """

    @app.middleware("http")
    async def check(request: Request, go_on: Callable[[Request], Awaitable[Response]]) -> Response:
        answer = await _answer(request, go_on)
        for name, value in _HEADERS.items():
            answer.headers[name] = value
        return answer

    async def _answer(
        request: Request, go_on: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        cookie = f"scrapeq-{request.url.port}"  # browsers share cookies between ports
        first_page = request.method == "GET" and request.url.path == "/"  # a link may lead to it
        origin = request.headers.get("origin")
        site = request.headers.get("sec-fetch-site", "none")  # same-site: another port of ours
        if (origin is not None and origin != f"{request.url.scheme}://{request.url.netloc}") or (
            site not in {"none", "same-origin"} and not first_page
        ):
            return PlainTextResponse("a page of another origin may not ask this\n", 403)
        if first_page and _same(request.query_params.get("token", ""), token):
            # No redirect: a browser that followed a link to here would not send the cookie there.
            page = await go_on(request)
            page.set_cookie(cookie, token, httponly=True, samesite="strict")
            return page
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not (_same(request.cookies.get(cookie, ""), token) or _same(bearer, token)):
            return PlainTextResponse(
                "this needs the address with the token that scrapeq dashboard printed\n", 401
            )
        return await go_on(request)

    app.add_middleware(TrustedHostMiddleware, allowed_hosts=_HOSTS)


def _same(given: str, token: str) -> bool:
    return secrets.compare_digest(given.encode(), token.encode())
