"""The names in addresses that a server answers to: another one may lead here by a trick (DNS rebinding)."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from scrapeq.api.problems import Refusal, answer

#: Names of this machine, for itself.
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


class Names:
    """Refuses (400) a request whose `Host` is none of the names; "*" is any, "*.example" each one under it."""

    def __init__(self, app: ASGIApp, names: Sequence[str]) -> None:
        self._app = app
        self._any = "*" in names
        self._names = {name.lower().strip("[]") for name in names}
        self._under = tuple(name[1:].lower() for name in names if name.startswith("*."))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http" or self._any:
            await self._app(scope, receive, send)
            return
        name = _name(HTTPConnection(scope).headers.get("host", ""))
        if name in self._names or (self._under and name.endswith(self._under)):
            await self._app(scope, receive, send)
            return
        error = Refusal(
            400,
            f"this server does not answer to the name {name[:200]!r}",
            "use the address that it printed; for another name start it with --allow-host NAME, and have a proxy "
            "pass on the Host that it was asked for",
        )
        await answer(error, scope["path"])(scope, receive, send)


def _name(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
