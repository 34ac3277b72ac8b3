"""The names in addresses that a server answers to: another one may lead here by a trick (DNS rebinding)."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence

from starlette.types import ASGIApp, Receive, Scope, Send

from scrapeq.api.problems import Refusal, answer

#: Names of this machine, for itself.
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


#: A plain host, or an IPv6 address in brackets, and maybe a port (RFC 9110, 7.2): no user, path, space or letter of
#: another script, which a Host cannot have.
_HOST = re.compile(
    r"(?P<name>[a-z0-9._-]+|\[[0-9a-f:.]+\])(:(?P<port>[0-9]{0,5}))?", re.I | re.ASCII
)


class Names:
    """Refuses (400) a request whose `Host` is none of the names; "*" is any, "*.example" each one under it. What is
    no host, and several, are refused always."""

    def __init__(self, app: ASGIApp, names: Sequence[str]) -> None:
        self._app = app
        self._any = "*" in names
        self._names = {_plain(name) for name in names}
        self._under = tuple(name[1:].lower() for name in names if name.startswith("*."))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
        name = _name(given)
        if name and (self._any or name in self._names or name.endswith(self._under)):
            await self._app(scope, receive, send)
            return
        error = Refusal(
            400,
            f"this server does not answer to the name {(name or ', '.join(given))[:200]!r}",
            "use the address that it printed; for another name start it with --allow-host NAME, and have a proxy "
            "pass on the Host that it was asked for",
        )
        await answer(error, scope["path"])(scope, receive, send)


def _name(given: Sequence[str]) -> str:
    """The name in the one `Host` of a request; "" where it is none."""
    found = _HOST.fullmatch(given[0]) if len(given) == 1 else None
    return _plain(found["name"]) if found and int(found["port"] or 0) <= 65_535 else ""


def _plain(name: str) -> str:
    """A name as it is compared: an IPv6 address in its one short form; "" for what is in brackets and is none."""
    name = name.lower()
    if ":" not in name:
        return "" if "[" in name else name
    try:
        return str(ipaddress.IPv6Address(name.strip("[]")))
    except ValueError:
        return ""
